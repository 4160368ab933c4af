"""One microphone for each seat: what each of them hears of a voice, and of the noise around it.

The counterpart of `acoustics` for cars with several microphones. A voice comes to each by its own way, later and
quieter to those further off. Noise comes from everywhere: plane waves from many directions, each with its delay at
each microphone, so that low frequencies are much alike in all and high ones are not (a diffuse field, as in Habets
and Gannot 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..events import SAMPLE_RATE, Seat
from .acoustics import SEATS, SPEED_OF_SOUND, Noise, Place, Sound, cabin_response, convolve, make_noise, rms

Array: TypeAlias = NDArray[np.float32]
"""Samples × microphones at SAMPLE_RATE, full scale ±1."""

MICROPHONES: Mapping[Seat, Place] = {seat: (x - 0.25, y, 1.15) for seat, (x, y, _) in SEATS.items()}
"""In the roof, 25 cm before and 20 cm above each mouth."""

_DIRECTIONS = 16


def heard_at(voice: Sound, seat: Seat, microphones: Sequence[Seat]) -> Array:
    """The voice from a seat as the microphones of these seats hear it, at its own level in the seat's own one.

    64 ms longer than the voice. Raises KeyError for a seat that isn't in the cabin.
    """
    own = _distance(seat, seat)
    channels = []
    for there in microphones:
        distance = _distance(seat, there)
        delay = max(0.0, (distance - own) / SPEED_OF_SOUND * SAMPLE_RATE)
        channels.append(
            convolve(voice, cabin_response(seat, MICROPHONES[there], delay)) * np.float32(own / distance)
        )
    return np.stack(channels, axis=1)


def noise_at(kind: Noise, seconds: float, seed: int, microphones: Sequence[Seat]) -> Array:
    """A stretch of cabin noise at the microphones of these seats, with a root mean square of 0.1 in each."""
    places = np.array([MICROPHONES[seat] for seat in microphones])
    total: Array | None = None
    for number, direction in enumerate(_directions()):
        wave = make_noise(kind, seconds, seed * 1000 + number)
        size = 1 << (len(wave) - 1).bit_length()
        spectrum, hertz = np.fft.rfft(wave, size), np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
        delays = places @ direction / SPEED_OF_SOUND
        heard = [
            np.fft.irfft(spectrum * np.exp(-2j * np.pi * hertz * delay), size)[: len(wave)] for delay in delays
        ]
        part = np.stack(heard, axis=1).astype(np.float32)
        total = part if total is None else total + part
    assert total is not None
    levels = np.array([max(rms(channel), 1e-9) for channel in total.T], dtype=np.float32)
    return np.asarray(total * (np.float32(0.1) / levels), dtype=np.float32)


def _distance(seat: Seat, microphone: Seat) -> float:
    return float(np.linalg.norm(np.subtract(SEATS[seat], MICROPHONES[microphone])))


def _directions() -> NDArray[np.float64]:
    """Points spread evenly over a sphere (a Fibonacci lattice)."""
    index = np.arange(_DIRECTIONS) + 0.5
    height, turn = 1 - 2 * index / _DIRECTIONS, np.pi * (1 + 5**0.5) * index
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), height], axis=1)
