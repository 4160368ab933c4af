"""The computed cabin with a microphone at each seat."""

from __future__ import annotations

import numpy as np
import pytest

from cockpit_assistant.events import SAMPLE_RATE
from cockpit_assistant.training.acoustics import SEATS, Noise, rms
from cockpit_assistant.training.microphones import heard_at, noise_at

ALL = tuple(SEATS)


@pytest.mark.parametrize("seat", ALL)
def test_a_voice_is_first_and_loudest_at_its_own_microphone(seat: str) -> None:
    click = np.zeros(200, np.float32)
    click[0] = 1.0
    heard = heard_at(click, seat, ALL)
    first = np.argmax(np.abs(heard) > 0.2, axis=0)
    own = ALL.index(seat)
    assert first[own] == 0
    assert all(delay > 8 for channel, delay in enumerate(first) if channel != own)
    assert np.argmax([rms(channel) for channel in heard.T]) == own


def test_noise_is_as_loud_in_each_and_alike_in_its_depths_only() -> None:
    heard = noise_at(Noise.ROAD, 4.0, 3, ALL)
    assert [rms(channel) for channel in heard.T] == pytest.approx([0.1] * 4, rel=1e-3)
    assert np.array_equal(heard, noise_at(Noise.ROAD, 4.0, 3, ALL))
    assert likeness(heard[:, 0], heard[:, 1], 30, 90) > 0.7
    assert likeness(heard[:, 0], heard[:, 1], 400, 4000) < 0.5


def likeness(one: np.ndarray, other: np.ndarray, low: float, high: float) -> float:
    """Coherence in a band."""
    pieces = [
        np.fft.rfft(sound[: len(sound) // 512 * 512].reshape(-1, 512) * np.hanning(512)) for sound in (one, other)
    ]
    hertz = np.fft.rfftfreq(512, 1 / SAMPLE_RATE)
    band = (hertz >= low) & (hertz <= high)
    cross = np.abs((pieces[0] * pieces[1].conj()).mean(axis=0))
    powers = [(np.abs(piece) ** 2).mean(axis=0) for piece in pieces]
    return float((cross / np.sqrt(powers[0] * powers[1]))[band].mean())
