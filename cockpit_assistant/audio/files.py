"""Sound files in and out, and sound as the frames a microphone would deliver.

Whatever libsndfile reads (WAV, FLAC, OGG, MP3 …) at any rate, depth and number of channels becomes 16 kHz mono
int16, block by block, so that an hour of driving needs no more memory than its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from ..errors import AudioError
from ..events import FRAME_SAMPLES, SAMPLE_RATE, AudioFrame, Samples, Seat

Channels: TypeAlias = NDArray[np.int16]
"""Samples × channels, 16-bit signed, at SAMPLE_RATE."""

_BLOCK = 1 << 16
_FULL_SCALE = 32768.0


def read(path: Path) -> Samples:
    """The sound of a file; several channels are mixed into one.

    A 16 kHz mono 16-bit file comes back bit for bit.

    Raises:
        AudioError: no such file, not a sound file, damaged, empty, or holds values that are not numbers.
    """
    return _read(path, mixed=True)[:, 0]


def read_channels(path: Path) -> Channels:
    """The sound of a file with all of its channels. Raises AudioError like `read`."""
    return _read(path, mixed=False)


def duration(path: Path) -> float:
    """Seconds of a file that `read` takes."""
    return float(soundfile.info(path).duration)


def _read(path: Path, *, mixed: bool) -> Channels:
    if not path.is_file():
        what = "is a folder, not a sound file" if path.is_dir() else "no such file"
        raise AudioError(f"{path}: {what}. Give the path of a WAV or FLAC file.")
    try:
        with soundfile.SoundFile(path) as file:
            parts = list(_converted(file, path, mixed=mixed))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: can't be read as sound ({error.error_string.rstrip('.')}). "
            "Convert it to WAV or FLAC; a file that should be one is damaged."
        ) from None
    except OSError as error:
        raise AudioError(f"{path}: can't be read ({error.strerror}).") from None
    samples = np.concatenate(parts) if parts else np.empty((0, 1), np.int16)
    if not len(samples):
        raise AudioError(f"{path}: holds no sound, its length is zero. Record it again.")
    return samples


def write(path: Path, samples: Samples | Channels, sample_rate: int = SAMPLE_RATE) -> None:
    """Write 16-bit sound, of one channel or samples × channels; the suffix (.flac, .wav) chooses the format.

    Raises:
        AudioError: unknown suffix, or the file can't be written.
    """
    try:
        soundfile.write(path, samples, sample_rate, subtype="PCM_16")
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise AudioError(
            f"{path}: can't be written ({error}). Use a .flac or .wav name in a writable folder."
        ) from None


def frames(samples: Samples, start: float = 0.0, seat: Seat = "driver") -> Iterator[AudioFrame]:
    """Cut sound into frames of 20 ms as a microphone would have captured it from `start` seconds on."""
    for first in range(0, len(samples), FRAME_SAMPLES):
        piece = samples[first : first + FRAME_SAMPLES]
        if len(piece) < FRAME_SAMPLES:
            piece = np.concatenate([piece, np.zeros(FRAME_SAMPLES - len(piece), np.int16)])
        yield AudioFrame(piece, start + first / SAMPLE_RATE, seat)


def to_int16(sound: NDArray[np.float32]) -> Samples:
    """Floats of -1 … 1 as 16-bit samples; what is louder is clipped."""
    samples: Samples = np.clip(np.rint(sound * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    return samples


def to_float(samples: Samples) -> NDArray[np.float32]:
    """16-bit samples as floats of -1 … 1."""
    sound: NDArray[np.float32] = samples.astype(np.float32) / np.float32(_FULL_SCALE)
    return sound


def _converted(file: soundfile.SoundFile, path: Path, *, mixed: bool) -> Iterator[Channels]:
    rate, channels = file.samplerate, 1 if mixed else file.channels
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, channels, dtype="float32") if rate != SAMPLE_RATE else None
    for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
        sound = block.mean(axis=1, dtype=np.float32, keepdims=True) if mixed else block
        if not np.isfinite(sound).all():
            raise AudioError(f"{path}: holds values that are not numbers (NaN or infinity). Export it again.")
        yield to_int16(resampler.resample_chunk(sound) if resampler else sound)
    if resampler:
        yield to_int16(resampler.resample_chunk(np.empty((0, channels), np.float32), last=True))
