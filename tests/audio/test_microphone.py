"""The microphone and the loudspeaker on a real sound server: PulseAudio with null sinks in place of hardware."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.audio import files
from cockpit_assistant.audio.microphone import Microphone, devices
from cockpit_assistant.audio.playback import Loudspeaker
from cockpit_assistant.audio.zones import SETTLED
from cockpit_assistant.clock import SystemClock
from cockpit_assistant.config import AudioSettings
from cockpit_assistant.errors import AudioError
from cockpit_assistant.events import FRAME_SAMPLES, SAMPLE_RATE, AudioFrame, Fault, ReplySpoken, Samples
from cockpit_assistant.training.acoustics import SEATS
from tests.benchmarks.zones import scene

pytest.importorskip("pyaudio", reason="needs PyAudio (extra `mic`) and a PulseAudio server program")
if not all(map(shutil.which, ("pulseaudio", "pactl", "paplay", "parec"))):
    pytest.skip("needs the packages pulseaudio and pulseaudio-utils", allow_module_level=True)
if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
    pytest.skip("needs the package libasound2-plugins", allow_module_level=True)

_ALSA = """
pcm.!default { type pulse }
ctl.!default { type pulse }
"""


@pytest.fixture(autouse=True)
def sound_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A private PulseAudio: what is played into the sink `cabin` is what the default microphone hears."""
    folder = tmp_path / "pulse"
    folder.mkdir()
    (folder / "asound.conf").write_text(_ALSA)
    socket = folder / "native"
    script = folder / "default.pa"
    script.write_text(
        f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\n"
        "load-module module-null-sink sink_name=cabin rate=48000\n"
        "set-default-sink cabin\nset-default-source cabin.monitor\n"
    )
    surroundings = {
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_STATE_PATH": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{folder}/asound.conf",
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-F", str(script)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], capture_output=True).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.skip("PulseAudio does not start here")
        yield server
    finally:
        server.kill()
        server.wait(timeout=10)


@pytest.fixture
def melody() -> Samples:
    """A second each of 400 and 900 Hz."""
    time_axis = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * hertz * time_axis) for hertz in (400, 900)]
    return files.to_int16(np.concatenate(tones).astype(np.float32) * 0.5)


def test_what_is_played_into_the_room_arrives_as_frames_in_order(melody: Samples, tmp_path: Path) -> None:
    wav = tmp_path / "melody.wav"
    files.write(wav, melody)
    frames = []
    with Microphone(AudioSettings(), SystemClock()) as microphone:
        source = iter(microphone)
        _frame(next(source))
        player = subprocess.Popen(["paplay", str(wav)])
        while len(frames) < 50 * 4:
            frames.append(_frame(next(source)))
        player.wait(timeout=10)
    assert {len(frame.samples) for frame in frames} == {FRAME_SAMPLES}
    steps = np.diff([frame.time for frame in frames])
    assert np.median(steps) == pytest.approx(0.02, abs=1e-6)
    assert (steps > 0).all()
    heard = np.concatenate([frame.samples for frame in frames])
    loud = np.flatnonzero(np.abs(heard) > 5000)
    assert (loud[-1] - loud[0]) / SAMPLE_RATE == pytest.approx(2.0, abs=0.05)
    assert _pitch(heard[loud[0] + 2000 : loud[0] + 14000]) == pytest.approx(400, abs=5)
    assert _pitch(heard[loud[-1] - 14000 : loud[-1] - 2000]) == pytest.approx(900, abs=5)


def test_with_a_microphone_for_each_seat_the_frames_tell_who_speaks(tmp_path: Path) -> None:
    seats = tuple(SEATS)
    array = [
        "sink_name=seats",
        "rate=16000",
        "channels=4",
        "channel_map=front-left,front-right,rear-left,rear-right",
    ]
    subprocess.run(["pactl", "load-module", "module-null-sink", *array], check=True, capture_output=True)
    subprocess.run(["pactl", "set-default-source", "seats.monitor"], check=True)
    drive = tmp_path / "drive.wav"
    heard = scene([("rear_right", "open_window_zh")], 20, np.random.default_rng(1))
    files.write(drive, files.to_int16(heard))
    with Microphone(AudioSettings(seats=seats), SystemClock()) as microphone:
        source = iter(microphone)
        player = subprocess.Popen(["paplay", "--device=seats", str(drive)])
        frames = [_frame(next(source)) for _ in range(50 * 5)]
        player.wait(timeout=10)
    loud = [frame.seat for frame in frames if np.abs(frame.samples).max() > 1500]
    assert len(loud) > 20
    assert set(loud[SETTLED:]) == {"rear_right"}


def test_a_device_with_fewer_channels_than_seats_is_refused() -> None:
    few = next(device for device in devices() if device.channels < 200)
    seats = tuple(f"seat{number}" for number in range(few.channels + 1))
    with pytest.raises(AudioError, match="`seats` in"):
        Microphone(AudioSettings(device=few.index, seats=seats), SystemClock())


def test_a_microphone_is_found_by_part_of_its_name_and_by_its_number() -> None:
    device = next(device for device in devices() if device.name == "pulse" or "default" in device.name)
    for wanted in (device.index, device.name, device.name.upper()[:5]):
        with Microphone(AudioSettings(device=wanted), SystemClock()) as microphone:
            assert microphone.device == device
            assert isinstance(next(iter(microphone)), AudioFrame)


def test_an_unknown_microphone_is_refused_with_a_list_of_those_that_exist() -> None:
    with pytest.raises(AudioError, match="'bathroom': there is none") as refusal:
        Microphone(AudioSettings(device="bathroom"), SystemClock())
    assert all(str(device) in str(refusal.value) for device in devices())


def test_a_microphone_that_is_gone_ends_with_a_fault(sound_server: subprocess.Popen[bytes]) -> None:
    items = []
    with Microphone(AudioSettings(), SystemClock()) as microphone:
        for item in microphone:
            items.append(item)
            if len(items) == 20:
                sound_server.kill()
    assert len(items) > 20
    last = items[-1]
    assert isinstance(last, Fault)
    assert "still plugged in" in last.message


def test_a_reply_is_heard_and_falls_silent_when_stopped(tmp_path: Path) -> None:
    rate = 24_000
    tone = files.to_int16(0.5 * np.sin(2 * np.pi * 500 * np.arange(3 * rate) / rate).astype(np.float32))
    with Microphone(AudioSettings(), SystemClock()) as microphone, Loudspeaker() as loudspeaker:
        source = iter(microphone)
        assert not loudspeaker.playing
        loudspeaker.play(ReplySpoken("", tone, rate))
        assert loudspeaker.playing
        while np.abs(_frame(next(source)).samples).max() < 5000:
            pass
        heard = np.concatenate([_frame(next(source)).samples for _ in range(25)])
        assert _pitch(heard) == pytest.approx(500, abs=5)
        loudspeaker.stop()
        after = np.concatenate([_frame(next(source)).samples for _ in range(50)])
    assert np.abs(after[-SAMPLE_RATE // 4 :]).max() < 50


def test_replies_are_played_one_after_the_other_and_then_it_is_quiet() -> None:
    rate = 22_050
    with Microphone(AudioSettings(), SystemClock()) as microphone, Loudspeaker() as loudspeaker:
        source = iter(microphone)
        for _ in range(10):
            next(source)
        for hertz in (500, 900):
            tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
            loudspeaker.play(ReplySpoken("", files.to_int16(tone.astype(np.float32)), rate))
        parts = []
        while loudspeaker.playing and len(parts) < 500:
            parts.append(_frame(next(source)).samples)
        assert not loudspeaker.playing
        parts += [_frame(next(source)).samples for _ in range(50)]
    # By pitch and not by length: a machine with no time to spare loses some of what it plays.
    pitches = [round(_pitch(part), -2) for part in parts if np.abs(part).max() > 12_000]
    assert 500 in pitches[:10]
    assert 900 in pitches[-10:]
    assert np.abs(np.concatenate(parts[-12:])).max() < 50


def _frame(item: AudioFrame | Fault) -> AudioFrame:
    assert isinstance(item, AudioFrame), item
    return item


def _pitch(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * SAMPLE_RATE / len(samples))
