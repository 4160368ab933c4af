"""`transcribe` and `wake`: single engines on audio files."""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from ..asr import open_recognizer
from ..asr.leanings import load_leanings
from ..assembly import load_wake
from ..audio import files, zones
from ..audio.voice_activity import VoiceActivity
from .common import busy, settings_of

_AFTER = 0.6
"""Seconds of quiet after a file: a phrase is noticed a moment after its last sound."""


def transcribe(options: argparse.Namespace) -> int:
    """Recognise each file and write its text."""
    settings = settings_of(options)
    with busy("Loading the recogniser"):
        recognizer = open_recognizer(settings.asr, load_leanings(settings.project).prompts)
    fixed = options.lang or (None if settings.language == "auto" else settings.language)
    for file in options.files:
        frames = list(zones.recorded(file, settings.audio.seats))
        samples = np.concatenate([frame.samples for frame in frames])
        began = time.perf_counter()
        stream = recognizer.open(fixed)
        stream.feed(samples)
        transcript = stream.finish()
        answer = {
            "audio": str(file),
            "text": transcript.text,
            "audio_seconds": round(files.duration(file), 3),
            "seconds": round(time.perf_counter() - began, 3),
        }
        print(json.dumps(answer, ensure_ascii=False) if options.jsonl else f"{file}: {transcript.text}", flush=True)
    return 0


def wake(options: argparse.Namespace) -> int:
    """Find the wake phrases in each file, as a running assistant would: noticed by a head, then confirmed."""
    settings = settings_of(options)
    if options.phrase:
        settings = settings.model_copy(
            update={"wake": settings.wake.model_copy(update={"phrases": (options.phrase,)})}
        )
    with busy("Loading the recogniser"):
        recognizer = open_recognizer(settings.asr, load_leanings(settings.project).prompts)
    detector = load_wake(settings, recognizer)
    activity = VoiceActivity()
    for file in options.files:
        detector.reset()
        activity.reset()
        hits = []
        for frame in zones.recorded(file, settings.audio.seats, quiet=_AFTER):
            active = activity.probability(frame.samples) >= settings.listen.speech_threshold
            if hit := detector.feed(frame, active=active):
                hits.append(hit)
        if options.jsonl:
            answer = {
                "audio": str(file),
                "audio_seconds": round(files.duration(file), 3),
                "detections": [
                    {
                        "phrase": hit.phrase,
                        "time": round(hit.time, 3),
                        "score": round(hit.score, 4),
                        "speaker": hit.seat,
                    }
                    for hit in hits
                ],
            }
            print(json.dumps(answer, ensure_ascii=False), flush=True)
        else:
            found = ", ".join(f"{hit.phrase} at {hit.time:.2f} s ({hit.score:.2f})" for hit in hits)
            print(f"{file}: {found or 'nothing'}", flush=True)
    return 0
