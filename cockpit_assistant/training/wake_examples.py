"""From spoken clips to training examples: each clip placed in a cabin, in noise, and turned into embeddings.

A positive example is a handful of windows of which at least one must be recognised: those that end shortly after
the phrase. A negative one is any window of speech or noise without the phrase, and of the phrase's first half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..audio.files import to_float, to_int16
from ..events import SAMPLE_RATE, Samples
from ..wake.features import CHUNK, WINDOW, Embeddings, FeatureNetworks, embed_audio
from .acoustics import SEATS, Noise, Sound, change_voice, in_cabin, make_noise, mix, spoken_level
from .wake_clips import Clip, Kind, read_clip

BAG = 6
"""Windows in a positive example: 0.5 s."""

COPIES = {Kind.PHRASE: 6, Kind.PHRASE_COMMAND: 6, Kind.NEAR: 5, Kind.COMMAND: 2, Kind.SPEECH: 2}
"""How often a Kokoro clip is used, each time in other surroundings; espeak-ng's are used once."""

_LEAD_IN = 2.0


@dataclass(slots=True)
class Examples:
    """Embeddings of many scenes end to end, and which windows of them are what.

    A window is named by the row of its last embedding.
    """

    embeddings: Embeddings
    bags: NDArray[np.int64]
    """n × BAG windows: in each row at least one is the phrase."""
    negatives: NDArray[np.int64]

    def windows(self, ends: NDArray[np.int64]) -> Embeddings:
        """The windows that end at the given rows: shape of `ends` + (WINDOW, WIDTH)."""
        chosen: Embeddings = self.embeddings[ends[..., np.newaxis] + np.arange(1 - WINDOW, 1)]
        return chosen

    @property
    def negative_hours(self) -> float:
        """How much sound the negatives cover."""
        return len(self.negatives) * CHUNK / SAMPLE_RATE / 3600


class Surroundings:
    """Draws a cabin, a seat, a noise and a level for each scene."""

    def __init__(self, seed: int, recordings: Sequence[Sound] = ()) -> None:
        self._chance = np.random.default_rng(seed)
        made = [make_noise(kind, 30.0, seed * 100 + number) for kind in Noise for number in range(6)]
        self._noises = [*made, *recordings]

    def place(self, voice: Sound, snr: tuple[float, float] | None = (-5.0, 20.0), vary: bool = True) -> Samples:
        """The voice from some seat, in noise at some SNR of the range (None: silence), at some level."""
        chance = self._chance
        if vary:
            voice = in_cabin(voice, str(chance.choice(list(SEATS)))) if chance.random() < 0.7 else voice
        if snr is not None and chance.random() < 0.85:
            noise = self._noises[chance.integers(len(self._noises))]
            voice = mix(voice, np.roll(noise, int(chance.integers(len(noise)))), chance.uniform(*snr))
        level = 10 ** (chance.uniform(-38, -14) / 20) if vary else 0.1
        voice = voice * np.float32(level / max(spoken_level(voice), 1e-6))
        # A trace of noise: a microphone is never digitally silent.
        voice = voice + (10 ** chance.uniform(-4.3, -3.3) * chance.standard_normal(len(voice))).astype(np.float32)
        return to_int16(voice)

    def noise(self, seconds: float) -> Sound:
        """Noise alone."""
        noise = self._noises[self._chance.integers(len(self._noises))]
        count = round(seconds * SAMPLE_RATE)
        return np.resize(np.roll(noise, int(self._chance.integers(len(noise)))), count)

    def change(self, voice: Sound) -> Sound:
        """Another speaker with the same words."""
        return change_voice(voice, float(self._chance.uniform(0.88, 1.14)))

    def pick(self, clips: Sequence[Clip], chance: float) -> Clip | None:
        """One of the clips with the given chance, else None."""
        return self.one_of(clips) if clips and self.chance(chance) else None

    def one_of(self, clips: Sequence[Clip]) -> Clip:
        """Any of the clips."""
        return clips[int(self._chance.integers(len(clips)))]

    def chance(self, share: float) -> bool:
        """True in a share of all cases."""
        return bool(self._chance.random() < share)

    def pause(self, shortest: float, longest: float) -> Sound:
        """Silence of some length."""
        return np.zeros(round(self._chance.uniform(shortest, longest) * SAMPLE_RATE), dtype=np.float32)


def make_examples(
    clips: Sequence[Clip],
    folder: Path,
    networks: FeatureNetworks,
    surroundings: Surroundings,
    *,
    noise_minutes: float = 10.0,
    foreign: Sequence[Clip] = (),
) -> Examples:
    """Scenes from clips: positives from phrase clips, negatives from the others, `foreign` clips and noise.

    `foreign` clips, of another phrase, are negatives whatever their kind.
    """
    pieces: list[Embeddings] = []
    bags: list[NDArray[np.int64]] = []
    negatives: list[NDArray[np.int64]] = []
    rows = 0
    talk = [clip for clip in clips if clip.kind in (Kind.SPEECH, Kind.COMMAND)]
    commands = [clip for clip in clips if clip.kind is Kind.COMMAND]

    def add(scene: Samples) -> tuple[int, int]:
        nonlocal rows
        embeddings = embed_audio(scene, networks)
        pieces.append(embeddings)
        first, rows = rows, rows + len(embeddings)
        return first, rows

    def sound(clip: Clip) -> Sound:
        return surroundings.change(to_float(read_clip(clip, folder)))

    for clip in [*clips, *foreign]:
        positive = clip.kind in (Kind.PHRASE, Kind.PHRASE_COMMAND) and clip not in foreign
        for _ in range(1 if clip.voice.startswith("espeak:") or clip in foreign else COPIES[clip.kind]):
            voice = sound(clip)
            if not positive:
                first, last = add(surroundings.place(voice))
                negatives.append(np.arange(max(first, WINDOW - 1), last))
                continue
            # Before the phrase somebody may have been talking, after it the order may follow at once.
            before = surroundings.pick(talk, 0.3)
            lead_in = np.zeros(round(_LEAD_IN * SAMPLE_RATE), dtype=np.float32)
            if before is not None:
                tail = sound(before)[-round(_LEAD_IN * SAMPLE_RATE * 0.9) :]
                lead_in[: len(tail)] = tail
            after = surroundings.pick(commands, 0.4) if clip.kind is Kind.PHRASE else None
            follow = np.concatenate([surroundings.pause(0.05, 0.5), sound(after)]) if after else np.zeros(0)
            scene = np.concatenate([lead_in, voice, follow, surroundings.pause(0.8, 0.8)]).astype(np.float32)
            start, end = len(lead_in), len(lead_in) + round(clip.lead * len(voice))
            scene = scene[: end + round(0.8 * SAMPLE_RATE)]
            if clip.kind is Kind.PHRASE and talk and surroundings.chance(0.5):
                first, last = add(surroundings.place(_half(voice, lead_in, sound(surroundings.one_of(talk)))))
                negatives.append(np.arange(max(first, WINDOW - 1), last))
            first, last = add(surroundings.place(scene))
            # A phrase spoken in one breath with a command has an estimated end: the windows begin earlier.
            ripe = first + (end - (0 if clip.lead == 1.0 else round(0.12 * SAMPLE_RATE))) // CHUNK
            if ripe + BAG <= last and ripe - WINDOW >= first:
                bags.append(np.arange(ripe, ripe + BAG))
                negatives.append(np.arange(max(first, WINDOW - 1), first + (start + (end - start) // 2) // CHUNK))
    for _ in range(round(noise_minutes * 6)):
        first, last = add(surroundings.place(surroundings.noise(10.0), snr=None))
        negatives.append(np.arange(max(first, WINDOW - 1), last))
    return Examples(np.concatenate(pieces), np.array(bags), np.concatenate(negatives))


def _half(phrase: Sound, before: Sound, talk: Sound) -> Sound:
    """One half of the phrase and something else instead of the other: neither half alone may wake the car."""
    middle = len(phrase) // 2
    rest = talk[: 2 * SAMPLE_RATE]
    if len(talk) % 2:
        return np.concatenate([before, phrase[:middle], rest])
    return np.concatenate([before, rest, phrase[middle:], np.zeros(SAMPLE_RATE // 2, dtype=np.float32)])
