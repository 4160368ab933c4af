"""Wake words on recordings of people: how many are missed, how often other speech wakes.

    .venv/bin/cockpit-assistant train wake alexa --out heads          # for each word, from its text alone
    .venv/bin/python -m tests.benchmarks.wake_words WORDS --heads heads [--noise FILE… --snr 10] [--other FOLDER…]

WORDS holds a folder of recordings for each word, named after it with underscores. Each word's recordings count for
its misses, all other words' and those of `--other` for its false accepts. Sound goes through voice activity, head
and recogniser, as it does in a car.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from cockpit_assistant import models
from cockpit_assistant.asr.whisper import WhisperRecognizer
from cockpit_assistant.audio import files
from cockpit_assistant.audio.voice_activity import VoiceActivity
from cockpit_assistant.config import Settings, WakeSettings
from cockpit_assistant.events import SAMPLE_RATE, Samples
from cockpit_assistant.training.acoustics import mix
from cockpit_assistant.wake.detector import WakeDetector
from cockpit_assistant.wake.verifier import WakeVerifier

LEAD, TAIL = 0.5, 1.0
"""Seconds of faint noise before and after a recording."""


class Trial:
    """One phrase's detector, with and without the recogniser's word."""

    def __init__(self, heads: Path, phrase: str, recognizer: WhisperRecognizer, threshold: float | None) -> None:
        settings = WakeSettings(phrases=(phrase,), threshold=threshold)
        self._stages = [
            WakeDetector.load(heads, settings, verifier) for verifier in (None, WakeVerifier(recognizer))
        ]
        self._activity = VoiceActivity()
        self._speech = Settings().listen.speech_threshold

    def accepts(self, samples: Samples) -> np.ndarray:
        """Detections in a recording by the head alone, and by both stages."""
        counts = np.zeros(len(self._stages), int)
        self._activity.reset()
        for stage in self._stages:
            stage.reset()
        for frame in files.frames(samples):
            active = self._activity.probability(frame.samples) >= self._speech
            counts += [stage.feed(frame, active=active) is not None for stage in self._stages]
        return counts


def recordings(folder: Path) -> list[Samples]:
    """Every recording in a folder and below."""
    return [files.read(file) for file in sorted(folder.rglob("*")) if file.suffix in (".flac", ".wav")]


def placed(sounds: Sequence[Samples], noises: Sequence[Samples], snr: float, seed: int) -> Iterator[Samples]:
    """The recordings with room around them, in noise if there is any."""
    chance = np.random.default_rng(seed)
    for number, sound in enumerate(sounds):
        faint = chance.normal(0, 8, round((LEAD + TAIL) * SAMPLE_RATE) + len(sound))
        scene = faint.astype(np.int16)
        scene[round(LEAD * SAMPLE_RATE) :][: len(sound)] += sound
        if noises:
            noise = noises[number % len(noises)]
            moved = np.roll(noise, int(chance.integers(len(noise))))
            scene = files.to_int16(mix(files.to_float(scene), files.to_float(moved), snr))
        yield scene


def main() -> None:
    """Measure each word and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", type=Path)
    parser.add_argument("--heads", type=Path, required=True)
    parser.add_argument("--noise", type=Path, nargs="*", default=[])
    parser.add_argument("--snr", type=float, default=10.0)
    parser.add_argument("--other", type=Path, nargs="*", default=[])
    parser.add_argument("--threshold", type=float, help="of the head; otherwise the one on its card")
    options = parser.parse_args()
    recognizer = WhisperRecognizer(models.locate(Settings().asr.model))
    spoken = {folder.name: recordings(folder) for folder in sorted(options.words.iterdir()) if folder.is_dir()}
    other = [sound for folder in options.other for sound in recordings(folder)]
    noises = [files.read(file) for file in options.noise]
    for word, sounds in spoken.items():
        trial = Trial(options.heads, word.replace("_", " "), recognizer, options.threshold)
        conditions = {"clean": placed(sounds, [], 0, 1)}
        if noises:
            conditions[f"{options.snr:g} dB"] = placed(sounds, noises, options.snr, 2)
        missed = {
            name: [trial.accepts(scene) == 0 for scene in track(scenes, f"{word}, {name}", total=len(sounds))]
            for name, scenes in conditions.items()
        }
        foreign = [*other, *(sound for name, others in spoken.items() if name != word for sound in others)]
        accepts = sum(trial.accepts(scene) for scene in track(foreign, f"{word}, other speech"))
        hours = sum(map(len, foreign)) / SAMPLE_RATE / 3600
        told = [f"{name} {h:.1%} / {b:.1%}" for name, m in missed.items() for h, b in [np.mean(m, axis=0)]]
        head, both = np.asarray(accepts)
        print(
            f"{word}: {len(sounds)} recordings, missed by the head alone / with the recogniser: {', '.join(told)}; "
            f"accepts in {hours:.2f} h of other speech: {head} / {both}"
        )


if __name__ == "__main__":
    main()
