"""Which seat speaks: utterances from every seat, heard by a microphone at each, in road noise.

    .venv/bin/python -m tests.benchmarks.zones [--repeat N] [--gain DB]

Voices are the recordings in tests/data, put into the computed cabin; the microphones differ by up to `--gain`
decibels. What counts is the seat of SpeechStarted, as the rest of the assistant gets it, of those utterances in
which voice activity was found at all; those in which it wasn't are counted by themselves. Then two talkers one
after the other, half a second apart.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np

from cockpit_assistant.audio import files
from cockpit_assistant.audio.endpoint import Endpointer
from cockpit_assistant.audio.voice_activity import VoiceActivity
from cockpit_assistant.audio.zones import Zones
from cockpit_assistant.config import ListenSettings
from cockpit_assistant.events import FRAME_SAMPLES, SAMPLE_RATE, Seat, SpeechStarted
from cockpit_assistant.training.acoustics import SEATS, Noise, spoken_level
from cockpit_assistant.training.microphones import Array, heard_at, noise_at

DATA = Path(__file__).parents[1] / "data"
VOICES = ("open_window_zh", "temperature_en", "wake_only_zh", "wake_only_en")
RATIOS = (0, 5, 10, 20)
LEVEL = 0.05
"""Root mean square of a voice at its own microphone."""


@cache
def voice(name: str, seat: Seat) -> Array:
    """What is said in a recording, the quiet around it cut off, at every microphone, at LEVEL in the seat's own."""
    sound = files.to_float(files.read(DATA / f"{name}.flac"))
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    heard = heard_at(sound[loud[0] : loud[-1]], seat, tuple(SEATS))
    own = spoken_level(heard[:, list(SEATS).index(seat)])
    return np.asarray(heard * (LEVEL / own), dtype=np.float32)


@cache
def noise(seed: int) -> Array:
    """Ten seconds of road at every microphone."""
    return noise_at(Noise.ROAD, 10.0, seed, tuple(SEATS))


def scene(turns: Sequence[tuple[Seat, str]], snr: float, chance: np.random.Generator, gain: float = 3.0) -> Array:
    """Talkers one after the other, half a second apart, at every seat's microphone."""
    pieces = [np.zeros((round(chance.uniform(1.0, 1.5) * SAMPLE_RATE), len(SEATS)), np.float32)]
    for seat, name in turns:
        pieces += [voice(name, seat), np.zeros((SAMPLE_RATE // 2, len(SEATS)), np.float32)]
    sound = np.concatenate(pieces)
    road = np.roll(noise(int(chance.integers(4))), int(chance.integers(SAMPLE_RATE * 5)), axis=0)[: len(sound)]
    gains = 10 ** (chance.uniform(-gain / 2, gain / 2, len(SEATS)) / 20)
    return np.asarray((sound + road * (LEVEL / 0.1 * 10 ** (-snr / 20))) * gains, dtype=np.float32)


def seats_heard(sound: Array, activity: VoiceActivity) -> list[Seat]:
    """The seat of each utterance found."""
    zones = Zones(tuple(SEATS))
    activity.reset()
    endpointer = Endpointer(ListenSettings(silence=0.3))
    blocks = files.to_int16(sound)
    heard = []
    for first in range(0, len(blocks) - FRAME_SAMPLES, FRAME_SAMPLES):
        frame = zones.feed(blocks[first : first + FRAME_SAMPLES], first / SAMPLE_RATE)
        edge = endpointer.feed(frame, activity.probability(frame.samples))
        if isinstance(edge, SpeechStarted):
            heard.append(edge.seat)
    return heard


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=5, help="trials of each voice, seat and noise level")
    options.add_argument("--gain", type=float, default=3.0, help="decibels between the microphones at most")
    chosen = options.parse_args()
    activity = VoiceActivity()
    print(f"{'dB':>4}" + "".join(f"{seat:>12}" for seat in SEATS) + f"{'all':>9}{'unheard':>9}{'two talkers':>14}")
    for snr in RATIOS:
        chance = np.random.default_rng(snr + 1)
        right, found, unheard = Counter[Seat](), Counter[Seat](), 0
        for seat in SEATS:
            for name in VOICES * chosen.repeat:
                heard = seats_heard(scene([(seat, name)], snr, chance, chosen.gain), activity)
                unheard += not heard
                found[seat] += bool(heard)
                right[seat] += heard[:1] == [seat]
        pairs = [pair for pair in permutations(SEATS, 2) for _ in range(chosen.repeat)]
        turns = both = 0
        for first, second in pairs:
            sound = scene([(first, "open_window_zh"), (second, "temperature_en")], snr, chance, chosen.gain)
            heard = seats_heard(sound, activity)
            if len(heard) >= 2:
                turns += 1
                both += heard[0] == first and heard[-1] == second
        parts = "".join(f"{100 * right[seat] / max(1, found[seat]):>10.1f} %" for seat in SEATS)
        everyone = 100 * right.total() / max(1, found.total())
        print(
            f"{snr:>4}{parts}{everyone:>7.1f} %{unheard:>5}/{unheard + found.total()}{both:>8}/{turns}", flush=True
        )
    print(f"{_cost() * 100:.2f} % of one core")


def _cost() -> float:
    """CPU seconds a second of four channels."""
    blocks = files.to_int16(scene([("driver", "open_window_zh")], 10, np.random.default_rng(1)))
    zones = Zones(tuple(SEATS))
    began = time.process_time()
    for first in range(0, len(blocks) - FRAME_SAMPLES, FRAME_SAMPLES):
        zones.feed(blocks[first : first + FRAME_SAMPLES], first / SAMPLE_RATE)
    return (time.process_time() - began) / (len(blocks) / SAMPLE_RATE)


if __name__ == "__main__":
    main()
