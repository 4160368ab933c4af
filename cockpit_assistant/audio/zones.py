"""Who is speaking, with a microphone for each seat: several channels in, one mono frame with its seat out.

Two things tell a seat: its own microphone hears the voice first, and hears it loudest. The first is measured with
GCC-PHAT (Knapp and Carter 1976) between every two channels, only over frequencies that stand out of the noise; the
second as power above each channel's own noise floor. Both are gathered from the first sound of an utterance on.
After 100 ms the seat is settled and stays until it has been quiet for a while, so that it can't change within an
utterance. The mono frame is the seat's own channel, faded over where the seat changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..events import FRAME_SAMPLES, SAMPLE_RATE, AudioFrame, Samples, Seat
from . import files
from .files import Channels, to_float

SETTLED = 5
"""Frames of voice after which the seat stands: 100 ms, as long as the endpointer takes to call it speech."""

QUIET = 0.3
"""Seconds without voice after which the next one may come from another seat."""

_SIZE = 1024
"""Points of the transform: two frames, and as many zeros again so that delays don't wrap around."""
_BAND = (300.0, 6000.0)
"""Hertz looked at: below there is more road than voice."""
_LEADS = (4, 60)
"""Samples by which a voice's own microphone may hear it before another: 9 cm to 1.3 m."""
_STANDS_OUT = 1.7
"""How far the power, on the average over the band, must lie above the noise to be a voice."""
_LISTEN_FIRST = 10
"""Frames at the beginning that are taken for noise."""
_FLOOR_FRAMES, _FLOOR_WINDOWS = 12, 8
"""The lowest level of two seconds, kept by quarter seconds, is noise."""
_QUIETEST = 1e-6
"""Noise is never taken for less than this, about the rounding of 16 bits."""
_LEARN = 0.05
"""Share of each quiet frame in the noise spectrum."""
_DELAY_WEIGHT = 12.0
"""What a lead in correlation counts against a lead in decibels."""
_MEMORY = 0.9
"""Share of the evidence that is kept from one frame to the next before the seat is settled."""


class Zones:
    """Finds the speaking seat in a stream of several channels."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        """`seats` names the seat of each channel, in the channels' order; at least two, all different."""
        if len(set(seats)) != len(seats) or len(seats) < 2:
            raise ValueError(f"zones need two or more different seats, not {list(seats)}")
        self.seats = tuple(seats)
        hertz = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE)
        self._band = np.flatnonzero((hertz >= _BAND[0]) & (hertz <= _BAND[1]))
        self._window = np.hanning(2 * FRAME_SAMPLES).astype(np.float32)[:, None]
        self._first, self._second = np.array(list(combinations(range(len(seats)), 2))).T
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far, as after a pause in the sound."""
        self._before = np.zeros((FRAME_SAMPLES, len(self.seats)), np.float32)
        self._heard = 0
        """Frames since the beginning."""
        self._noise = np.full((len(self._band), len(self.seats)), _QUIETEST)
        self._lowest: deque[NDArray[np.float64]] = deque([np.ones(len(self.seats))], maxlen=_FLOOR_WINDOWS)
        self._current = self._faded = 0
        self._start_over()

    def _start_over(self) -> None:
        self._evidence = np.zeros(len(self.seats))
        self._voiced = 0
        self._silent = 0.0

    @property
    def settled(self) -> bool:
        """Whether the speaking seat is decided; it stays until there is quiet."""
        return self._voiced >= SETTLED

    def feed(self, block: Channels, time: float) -> AudioFrame:
        """Take FRAME_SAMPLES × channels captured from `time` on; returns the speaking seat's sound."""
        sound = to_float(block)
        spectrum = np.fft.rfft(np.concatenate([self._before, sound]) * self._window, _SIZE, axis=0)[self._band]
        self._before = sound
        power = np.square(np.abs(spectrum))
        if self._is_voice(power):
            self._silent = 0.0
            if not self.settled:
                self._gather(spectrum, power)
                self._current = int(self._evidence.argmax())
            self._voiced += 1
        else:
            self._silent += FRAME_SAMPLES / SAMPLE_RATE
            if self._silent >= QUIET:
                self._start_over()
        return AudioFrame(self._faded_over(block), time, self.seats[self._current])

    def _is_voice(self, power: NDArray[np.float64]) -> bool:
        """Whether the sound stands out of the noise in any channel; where it doesn't, the noise is learnt."""
        self._heard += 1
        if self._heard <= _LISTEN_FIRST:
            self._noise += (power - self._noise) / self._heard
            self._noise = np.maximum(self._noise, _QUIETEST)
            return False
        level = (power / self._noise).mean(axis=0)
        if self._heard % _FLOOR_FRAMES == 0:
            self._lowest.append(level)
        self._lowest[-1] = np.minimum(self._lowest[-1], level)
        if len(self._lowest) == _FLOOR_WINDOWS and (risen := np.min(self._lowest, axis=0)).max() > 1.0:
            self._noise *= np.maximum(risen, 1.0)  # nobody speaks for two seconds without a gap: this is noise
            self._lowest.clear()
            self._lowest.append(level)
        if bool((level > _STANDS_OUT).any()):
            return True
        self._noise = np.maximum(self._noise + _LEARN * (power - self._noise), _QUIETEST)
        return False

    def _gather(self, spectrum: NDArray[np.complex128], power: NDArray[np.float64]) -> None:
        clear = np.maximum(power - self._noise, 0.0)
        level = 10 * np.log10(clear.sum(axis=0) + 1e-9)
        trust = clear / (power + 1e-12)
        leads = self._leads(spectrum, trust)
        self._evidence = _MEMORY * self._evidence + (level - level.mean()) + _DELAY_WEIGHT * leads

    def _leads(self, spectrum: NDArray[np.complex128], trust: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much each channel is ahead of the others, in correlation summed over them."""
        cross = spectrum[:, self._second] * spectrum[:, self._first].conj()
        weight = trust[:, self._second] * trust[:, self._first]
        whole = np.zeros((_SIZE // 2 + 1, len(self._first)), complex)
        whole[self._band] = weight * cross / (np.abs(cross) + 1e-12)
        correlation = np.fft.irfft(whole, _SIZE, axis=0) * (_SIZE / 2) / (weight.sum(axis=0) + 1e-3)
        nearest, farthest = _LEADS
        first_leads = correlation[nearest : farthest + 1].max(axis=0)
        second_leads = correlation[-farthest : -nearest + 1 or None].max(axis=0)
        ahead = np.zeros(len(self.seats))
        np.add.at(ahead, self._first, first_leads - second_leads)
        np.add.at(ahead, self._second, second_leads - first_leads)
        return ahead

    def _faded_over(self, block: Channels) -> Samples:
        if self._faded == self._current:
            return np.ascontiguousarray(block[:, self._current])
        rise = np.linspace(0, 1, len(block), dtype=np.float32)
        mixed: Samples = (block[:, self._faded] * (1 - rise) + block[:, self._current] * rise).astype(np.int16)
        self._faded = self._current
        return mixed


def recorded(file: Path, seats: Sequence[Seat] = (), *, quiet: float = 0.0) -> Iterator[AudioFrame]:
    """The frames of a recording: with the speaking seat where it has a channel for each of several `seats`.

    Any other recording is mixed into one channel, which belongs to the first of `seats` if there is one only.
    `quiet` seconds of silence follow.

    Raises:
        AudioError: the file can't be read.
    """
    after = round(quiet * SAMPLE_RATE)
    sound = files.read_channels(file) if len(seats) > 1 else None
    if sound is None or sound.shape[1] != len(seats):
        mono = np.pad(files.read(file), (0, after))
        yield from files.frames(mono, seat=seats[0] if len(seats) == 1 else "driver")
        return
    zones = Zones(seats)
    whole = np.pad(sound, ((0, after + -(len(sound) + after) % FRAME_SAMPLES), (0, 0)))
    for first in range(0, len(whole), FRAME_SAMPLES):
        yield zones.feed(whole[first : first + FRAME_SAMPLES], first / SAMPLE_RATE)
