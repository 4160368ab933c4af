"""What a cabin does to a voice: reflections, distance, and the noise of a moving car, all computed, none recorded.

The cabin is a box of 2.6 × 1.5 × 1.2 m with soft walls, heard through its image sources (Allen and Berkley 1979)
by a microphone in the roof console, or by one in the roof before each seat (`microphones`). Noises are shaped from
white noise: tyre roar falls off steeply above a few hundred hertz, wind less steeply and in gusts, rain is bright
and made of drops, a fan hums. A folder of recordings can add to them. Everything follows from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError
from ..events import SAMPLE_RATE, Seat

Sound: TypeAlias = NDArray[np.float32]
"""Mono at SAMPLE_RATE, full scale ±1."""

CABIN = (2.6, 1.5, 1.2)
"""Length, width and height in metres; x runs from the windscreen back, y from left to right."""

MICROPHONE = (0.45, 0.75, 1.1)
SEATS: Mapping[Seat, tuple[float, float, float]] = {
    "driver": (0.95, 0.4, 0.95),
    "passenger": (0.95, 1.1, 0.95),
    "rear_left": (1.85, 0.4, 0.95),
    "rear_right": (1.85, 1.1, 0.95),
}
"""Where mouths are, in a left-hand-drive car."""

Place: TypeAlias = tuple[float, float, float]
"""A point in the cabin."""

SPEED_OF_SOUND = 343.0
"""Metres per second."""
_REFLECTION = 0.7
"""Share of sound pressure that trim, glass and seats give back: a reverberation time of about 0.08 s."""
_ORDER = 5


class Noise(str, Enum):
    """The noises that can be made."""

    ROAD = "road"
    WIND = "wind"
    RAIN = "rain"
    FAN = "fan"


@lru_cache(maxsize=64)
def cabin_response(seat: Seat, microphone: Place = MICROPHONE, delay: float = 0.0) -> Sound:
    """Impulse response from a mouth to a microphone, 64 ms, the direct sound of unit strength.

    `delay` is when the direct sound arrives, in samples; it may lie between two.

    Raises:
        KeyError: no such seat.
    """
    mouth, response = SEATS[seat], np.zeros(1024, dtype=np.float32)
    reach = range(-_ORDER, _ORDER + 1)
    axes = [[(_image(mouth[axis], CABIN[axis], n) - microphone[axis], abs(n)) for n in reach] for axis in range(3)]
    nearest = float(np.linalg.norm(np.subtract(mouth, microphone)))
    for x, bounces_x in axes[0]:
        for y, bounces_y in axes[1]:
            for z, bounces_z in axes[2]:
                distance = float(np.sqrt(x * x + y * y + z * z))
                place = delay + (distance - nearest) / SPEED_OF_SOUND * SAMPLE_RATE
                if place < len(response) - 1:
                    strength = nearest / distance * _REFLECTION ** (bounces_x + bounces_y + bounces_z)
                    whole = int(place)
                    response[whole] += strength * (1 - (place - whole))
                    response[whole + 1] += strength * (place - whole)
    return response


def _image(place: float, length: float, number: int) -> float:
    """A source's mirror image after `number` reflections along one axis."""
    return number * length + (place if number % 2 == 0 else length - place)


def in_cabin(voice: Sound, seat: Seat) -> Sound:
    """The voice as the cabin's microphone hears it from a seat, quieter from further away; 64 ms longer."""
    near = np.linalg.norm(np.subtract(SEATS["driver"], MICROPHONE))
    far = np.linalg.norm(np.subtract(SEATS[seat], MICROPHONE))
    return _float32(convolve(voice, cabin_response(seat)) * (near / far))


def convolve(sound: Sound, response: Sound) -> Sound:
    """Linear convolution, the full length."""
    length = len(sound) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    product = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return _float32(np.fft.irfft(product, size)[:length])


def make_noise(kind: Noise, seconds: float, seed: int) -> Sound:
    """A stretch of cabin noise with a root mean square of 0.1; its colour varies a little from seed to seed."""
    chance = np.random.default_rng([seed, list(Noise).index(kind)])
    count = max(1, round(seconds * SAMPLE_RATE))
    if kind is Noise.ROAD:
        # Tyres and axle: resonances at 40–300 Hz, 9 dB an octave down above; some wind on top.
        corner, slope = chance.uniform(90, 250), chance.uniform(1.3, 1.8)
        sound = _shaped(count, lambda f: (f / 30) / (1 + (f / corner) ** (1 + slope)), chance)
        sound += 0.12 * _shaped(count, lambda f: 1 / (1 + f / 900), chance)
        sound *= _drift(count, 0.15, 2.0, chance)
    elif kind is Noise.WIND:
        corner = chance.uniform(300, 900)
        sound = _shaped(count, lambda f: 1 / (1 + (f / corner) ** 1.2), chance) * _drift(count, 0.4, 1.5, chance)
    elif kind is Noise.RAIN:
        sound = _shaped(count, lambda f: (f / (f + 800)) / (1 + (f / 6000) ** 2), chance)
        drops = np.zeros(count, dtype=np.float32)
        places = chance.integers(0, count, size=max(1, round(seconds * chance.uniform(80, 250))))
        drops[places] = chance.exponential(1.0, size=len(places))
        ring = np.arange(240) / SAMPLE_RATE
        drop = (np.exp(-ring * 500) * np.sin(2 * np.pi * chance.uniform(900, 2200) * ring)).astype(np.float32)
        sound += 3.0 * convolve(drops, drop)[:count]
    else:
        hum, time = chance.uniform(90, 180), np.arange(count) / SAMPLE_RATE
        sound = _shaped(count, lambda f: 1 / (1 + (f / 700) ** 1.5), chance)
        for harmonic in (1, 2, 3):
            sound += (0.2 / harmonic * np.sin(2 * np.pi * hum * harmonic * time)).astype(np.float32)
    return _float32(sound * (0.1 / max(rms(sound), 1e-9)))


def mix(voice: Sound, noise: Sound, snr: float) -> Sound:
    """The voice with noise added, `snr` decibels below it; a short noise is repeated.

    Levels are root mean squares, the voice's over its spoken parts alone, so that pauses don't count.
    """
    if not len(voice) or not len(noise):
        return voice
    loop = np.tile(noise, -(-len(voice) // len(noise)))[: len(voice)]
    gain = spoken_level(voice) / max(rms(loop), 1e-9) * 10 ** (-snr / 20)
    return _float32(voice + gain * loop)


def rms(sound: Sound) -> float:
    """Root mean square; 0 for no sound."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0


def spoken_level(voice: Sound) -> float:
    """Root mean square over the 20 ms frames that are within 25 dB of the loudest."""
    hop = SAMPLE_RATE // 50
    frames = voice[: len(voice) // hop * hop].reshape(-1, hop)
    if not len(frames):
        return rms(voice)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return float(np.sqrt(power[power >= power.max() * 10**-2.5].mean())) if power.max() > 0 else 0.0


def change_voice(voice: Sound, factor: float) -> Sound:
    """Another speaker: pitch, formants and tempo raised together by a factor (0.85 a large man, 1.15 a child)."""
    import soxr

    return np.asarray(soxr.resample(voice, SAMPLE_RATE * factor, SAMPLE_RATE), dtype=np.float32)


def read_noises(folder: Path) -> list[Sound]:
    """The noise recordings of a folder (WAV or FLAC), each with a root mean square of 0.1.

    Raises:
        AudioError: there are none, or one can't be read.
    """
    from ..audio import files

    found = sorted(file for file in folder.glob("**/*") if file.suffix.lower() in {".wav", ".flac"})
    if not found:
        raise AudioError(f"{folder}: no WAV or FLAC files there to take noise from.")
    sounds = [files.to_float(files.read(file)) for file in found]
    return [_float32(sound * (0.1 / max(rms(sound), 1e-9))) for sound in sounds]


def _shaped(
    count: int, gain: Callable[[NDArray[np.floating]], NDArray[np.floating]], chance: np.random.Generator
) -> Sound:
    """Gaussian noise with a gain over frequency (Hz), brought to a root mean square of 1."""
    size = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(chance.standard_normal(size))
    spectrum *= gain(np.fft.rfftfreq(size, 1 / SAMPLE_RATE))
    sound = _float32(np.fft.irfft(spectrum, size)[:count])
    return _float32(sound / max(rms(sound), 1e-9))


def _drift(count: int, depth: float, period: float, chance: np.random.Generator) -> Sound:
    """A slowly wandering gain around 1: gusts, changing road."""
    knots = max(2, round(count / SAMPLE_RATE / period) + 2)
    gains = np.exp(depth * chance.standard_normal(knots))
    return _float32(np.interp(np.linspace(0, knots - 1, count), np.arange(knots), gains))


def _float32(sound: NDArray[np.floating]) -> Sound:
    return np.asarray(sound, dtype=np.float32)
