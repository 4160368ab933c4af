"""`cockpit-assistant train wake`: a phrase in, a wake word model and its card out, without a single recording.

Clips are synthesised (`wake_clips`), placed in cabins and noise (`wake_examples`), and a small network learns to
tell the phrase from everything else (`wake_head`). Voices and lines that were held out then choose the threshold,
at a wanted number of false accepts per hour of speech, and measure what is missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from pypinyin import lazy_pinyin
from rich.console import Console
from rich.progress import Progress, track

from .. import models
from ..errors import ConfigError
from ..events import SAMPLE_RATE, Language
from ..resources import cache_dir
from ..speech.kokoro import ALL_VOICES, model_file
from ..wake.features import CHUNK, FeatureNetworks
from .acoustics import read_noises
from .wake_clips import Clip, Kind, plan_clips, synthesise
from .wake_examples import Examples, Surroundings, make_examples
from .wake_head import WakeNet, scores, train_head, write_onnx

STEPS = 2000
COOLDOWN = 1.0
LIKELIHOOD = {"zh": -3.0, "en": -4.0}
"""From which mean log probability of a token the recogniser confirms a phrase. With Whisper base, on recordings of
three English words, 2 % of the words lay below -3.7 at worst and no other speech above -4.5; a Mandarin phrase in
noise lies above -3, one with another syllable mostly below."""
_VOWELS = re.compile("[aeiouy]+")
_OTHER = {"zh": ("hey Nova", "en"), "en": ("你好小诺", "zh")}
"""A phrase of another language: some of its clips are counter-examples."""


def train(
    phrase: str,
    language: Language,
    out: Path,
    *,
    noise: Path | None = None,
    seed: int = 1,
    candidates: float = 60.0,
    share: float = 1.0,
    console: Console | None = None,
) -> Path:
    """Train a phrase and write NAME.onnx and NAME.json into a folder; returns the former.

    `noise` is a folder of noise recordings used besides the generated ones, `candidates` the number per hour of
    held-out speech, full of near phrases, that the head may let pass, from which its threshold follows; `share`
    takes a part of the Kokoro clips, for a quicker try. The recogniser has to confirm each candidate, for some
    tenths of a second of computing; a phrase that the head misses is lost.

    Raises:
        ConfigError: the phrase is too short to be told from other speech.
        ModelError: Kokoro, its voices or espeak-ng are missing.
        AudioError: the noise folder has no recordings.
    """
    console = console or Console(stderr=True)
    name = phrase_name(phrase)
    folder = cache_dir() / "wake"
    clips = _speak(phrase, language, seed, share, folder, console)
    other, other_language = _OTHER.get(language, _OTHER["zh"])
    foreign = _speak(other, other_language, seed, 0.0, folder, console)
    recordings = read_noises(noise) if noise else []
    networks = FeatureNetworks()
    sets: dict[bool, Examples] = {}
    for held_out in (False, True):
        with console.status("Measuring set" if held_out else "Training set"):
            sets[held_out] = make_examples(
                [clip for clip in clips if clip.held_out == held_out],
                folder,
                networks,
                Surroundings(seed + held_out, recordings),
                foreign=[clip for clip in foreign[::3] if clip.held_out == held_out],
            )
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Training", total=STEPS)
        net = train_head(sets[False], STEPS, seed, lambda step, loss: bar.update(task, completed=step))
    curve = measure_curve(net, sets[True])
    threshold = choose_threshold(curve, candidates)
    file = out / f"{name}.onnx"
    write_onnx(net, file)
    kinds = {kind.value: sum(clip.kind is kind and not clip.held_out for clip in clips) for kind in Kind}
    card: dict[str, JsonValue] = {
        "text": phrase,
        "language": language,
        "threshold": round(threshold, 3),
        "likelihood": LIKELIHOOD.get(language, -4.0),
        "seed": seed,
        "clips": {**kinds},
        "training_hours": round(sets[False].negative_hours, 2),
        "held_out_hours": round(sets[True].negative_hours, 2),
        "curve": [
            {"threshold": round(at, 3), "missed": round(missed, 4), "false_accepts_per_hour": round(per_hour, 2)}
            for at, missed, per_hour in curve
        ],
    }
    file.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def phrase_name(phrase: str) -> str:
    """The file name of a phrase: 你好小诺 → ni_hao_xiao_nuo, "hey Nova" → hey_nova.

    Raises:
        ConfigError: nothing in it can be pronounced, or it has only one syllable.
    """
    parts = re.findall(r"[a-z]+", " ".join(lazy_pinyin(phrase)).lower())
    if sum(len(_VOWELS.findall(part)) for part in parts) < 2:
        raise ConfigError(f"wake phrase {phrase!r} is too short: take one of three or four syllables.")
    return "_".join(parts)


def measure_curve(net: WakeNet, examples: Examples) -> list[tuple[float, float, float]]:
    """Threshold, share of phrases missed, false accepts per hour of other speech: from strict to lax."""
    best = scores(net, examples, examples.bags).max(axis=1)
    other = scores(net, examples, examples.negatives)
    return [
        (
            float(at),
            float(np.mean(best < at)),
            count_accepts(other, examples.negatives, at) / examples.negative_hours,
        )
        for at in (0.99, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)
    ]


def count_accepts(values: NDArray[np.float32], ends: NDArray[np.int64], threshold: float) -> int:
    """Detections in a run of scores, each followed by the detector's pause."""
    deaf = round(COOLDOWN * SAMPLE_RATE / CHUNK)
    count, until = 0, -1
    for at in ends[values >= threshold]:
        if at > until:
            count, until = count + 1, at + deaf
    return count


def choose_threshold(curve: Sequence[tuple[float, float, float]], false_accepts: float) -> float:
    """The laxest threshold that keeps to the wanted false accepts per hour, the strictest where none does."""
    kept = [at for at, _, per_hour in curve if per_hour <= false_accepts]
    return min(kept, default=curve[0][0])


def _speak(phrase: str, language: Language, seed: int, share: float, folder: Path, console: Console) -> list[Clip]:
    voices = models.path(ALL_VOICES)
    names = sorted(file.stem for file in voices.glob("*.bin"))
    slow, quick = plan_clips(phrase, language, seed, names)
    clips = [*quick, *islice(slow, round(share * len(slow)))]
    made = synthesise(clips, folder, model_file(), voices)
    return list(track(made, f"Speaking {phrase}", total=len(clips), console=console, transient=True))
