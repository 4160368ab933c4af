"""The computed cabin: reflections, noise, levels."""

from __future__ import annotations

import numpy as np
import pytest

from cockpit_assistant.events import SAMPLE_RATE
from cockpit_assistant.training.acoustics import (
    SEATS,
    Noise,
    cabin_response,
    change_voice,
    convolve,
    in_cabin,
    make_noise,
    mix,
    rms,
    spoken_level,
)


def tone(seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.2 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def share(sound: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return float(power[(hertz >= low) & (hertz < high)].sum() / power.sum())


@pytest.mark.parametrize("kind", list(Noise))
def test_noise_follows_from_its_seed(kind: Noise) -> None:
    assert np.array_equal(make_noise(kind, 1.0, 5), make_noise(kind, 1.0, 5))
    assert not np.array_equal(make_noise(kind, 1.0, 5), make_noise(kind, 1.0, 6))
    assert rms(make_noise(kind, 1.0, 5)) == pytest.approx(0.1, rel=1e-3)


def test_the_road_roars_and_rain_hisses() -> None:
    assert share(make_noise(Noise.ROAD, 3.0, 1), 0, 500) > 0.7
    assert share(make_noise(Noise.RAIN, 3.0, 1), 1000, 8000) > 0.7


@pytest.mark.parametrize("snr", [-5.0, 0.0, 10.0, 20.0])
def test_noise_is_mixed_at_the_wanted_distance(snr: float) -> None:
    voice, noise = tone(), make_noise(Noise.ROAD, 0.5, 3)
    added = mix(voice, noise, snr) - voice
    assert 20 * np.log10(spoken_level(voice) / rms(added)) == pytest.approx(snr, abs=0.1)


def test_pauses_do_not_count_for_the_level() -> None:
    voice = tone()
    with_pause = np.concatenate([voice, np.zeros(SAMPLE_RATE, np.float32)])
    assert spoken_level(with_pause) == pytest.approx(spoken_level(voice), rel=0.05)


def test_sound_dies_away_in_the_cabin_within_a_tenth_of_a_second() -> None:
    for seat in SEATS:
        response = cabin_response(seat)
        left = np.cumsum(response[::-1] ** 2)[::-1]
        assert response[0] == pytest.approx(1.0, abs=0.01)
        assert 0.01 < np.argmax(left < left[0] * 1e-3) / SAMPLE_RATE < 0.1


def test_the_back_seat_is_quieter() -> None:
    assert rms(in_cabin(tone(), "rear_left")) < rms(in_cabin(tone(), "driver"))


def test_fast_convolution_is_convolution() -> None:
    sound, response = tone(0.01), make_noise(Noise.FAN, 0.005, 1)
    assert np.allclose(convolve(sound, response), np.convolve(sound, response), atol=1e-5)


def test_another_speaker_is_higher_and_faster() -> None:
    changed = change_voice(tone(1.0, 400.0), 1.25)
    assert len(changed) == pytest.approx(SAMPLE_RATE / 1.25, abs=2)
    assert share(changed, 490, 510) > 0.9
