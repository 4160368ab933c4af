from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from cockpit_assistant.audio import files
from cockpit_assistant.errors import AudioError
from cockpit_assistant.events import FRAME_SAMPLES, SAMPLE_RATE


@pytest.fixture
def noise() -> NDArray[np.int16]:
    """A second of everything a 16-bit sample can be."""
    return np.random.default_rng(3).integers(-32768, 32768, SAMPLE_RATE, np.int16)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_comes_back_bit_for_bit(noise: NDArray[np.int16], tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"noise{suffix}"
    files.write(file, noise)
    assert np.array_equal(files.read(file), noise)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_rate_and_number_of_channels_becomes_16_khz_mono(rate: int, channels: int, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * rate) / rate)
    file = tmp_path / "tone.wav"
    soundfile.write(file, np.repeat(tone[:, None], channels, axis=1), rate)
    heard = files.read(file)
    assert len(heard) == pytest.approx(3 * SAMPLE_RATE, abs=2)
    assert np.abs(heard[1000:-1000]).max() == pytest.approx(0.5 * 32768, rel=0.01)
    spectrum = np.abs(np.fft.rfft(heard[SAMPLE_RATE : 2 * SAMPLE_RATE]))
    assert spectrum.argmax() == 440


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_any_sample_format_is_read(subtype: str, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    file = tmp_path / "tone.wav"
    soundfile.write(file, tone, SAMPLE_RATE, subtype)
    assert np.abs(files.read(file) / 32768 - tone).max() < 0.03


def test_what_is_too_loud_is_clipped_and_does_not_wrap_around(tmp_path: Path) -> None:
    file = tmp_path / "loud.wav"
    soundfile.write(file, np.array([2.0, -2.0, 1.0, -1.0]), SAMPLE_RATE, "FLOAT")
    assert files.read(file).tolist() == [32767, -32768, 32767, -32768]


def test_the_last_frame_is_filled_up_with_silence(noise: NDArray[np.int16]) -> None:
    frames = list(files.frames(noise[: FRAME_SAMPLES * 2 + 5], start=3.0, seat="passenger"))
    assert [frame.time for frame in frames] == pytest.approx([3.0, 3.02, 3.04])
    assert {len(frame.samples) for frame in frames} == {FRAME_SAMPLES}
    assert np.array_equal(np.concatenate([frame.samples for frame in frames])[:645], noise[:645])
    assert not frames[-1].samples[5:].any()
    assert {frame.seat for frame in frames} == {"passenger"}


def test_what_is_no_usable_sound_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is not a sound file, whatever its name says")
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.empty(0), SAMPLE_RATE)
    nothing = tmp_path / "nothing.flac"
    nothing.touch()
    broken = tmp_path / "nan.wav"
    soundfile.write(broken, np.array([0.0, np.nan, 0.1]), SAMPLE_RATE, "FLOAT")
    cut = tmp_path / "cut.flac"
    files.write(cut, np.random.default_rng(1).integers(-9000, 9000, SAMPLE_RATE, np.int16))
    cut.write_bytes(cut.read_bytes()[:3000])
    for file, reason in {
        tmp_path / "missing.wav": "no such file",
        tmp_path: "is a folder",
        text: "can't be read as sound",
        nothing: "can't be read as sound",
        empty: "length is zero",
        broken: "not numbers",
        cut: "can't be read as sound",
    }.items():
        with pytest.raises(AudioError, match=reason) as refusal:
            files.read(file)
        assert str(refusal.value).startswith(str(file))


def test_writing_where_it_is_impossible_is_refused(tmp_path: Path) -> None:
    for file in (tmp_path / "sound.xyz", tmp_path / "no" / "folder.wav"):
        with pytest.raises(AudioError, match="can't be written"):
            files.write(file, np.zeros(10, np.int16))
