"""Which seat speaks, with a microphone at each: recorded voices in the computed cabin, in road noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from cockpit_assistant.assembly import Ears, Project
from cockpit_assistant.audio import files
from cockpit_assistant.audio.voice_activity import VoiceActivity
from cockpit_assistant.audio.zones import Zones, recorded
from cockpit_assistant.config import Settings
from cockpit_assistant.events import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    AudioFrame,
    CommandConfirmed,
    FinalTranscript,
    Record,
    SpeechEnded,
    SpeechStarted,
    WakeDetected,
)
from cockpit_assistant.replay.runner import rig
from cockpit_assistant.replay.scene import scene_of
from cockpit_assistant.training.acoustics import SEATS
from cockpit_assistant.training.synth import synthesise
from tests.benchmarks.zones import noise, scene, seats_heard

ALL = tuple(SEATS)


@pytest.fixture(scope="module")
def activity() -> VoiceActivity:
    return VoiceActivity()


@pytest.mark.parametrize("seat", ALL)
@pytest.mark.parametrize("name", ["open_window_zh", "temperature_en"])
def test_every_seat_is_told_by_its_voice_in_a_noisy_car(seat: str, name: str, activity: VoiceActivity) -> None:
    sound = scene([(seat, name)], 10.0, np.random.default_rng(5))
    assert seats_heard(sound, activity)[:1] == [seat]


@pytest.mark.parametrize(("first", "second"), [("driver", "passenger"), ("rear_right", "driver")])
def test_two_talkers_one_after_the_other_are_kept_apart(first: str, second: str, activity: VoiceActivity) -> None:
    sound = scene([(first, "open_window_zh"), (second, "temperature_en")], 10.0, np.random.default_rng(6))
    heard = seats_heard(sound, activity)
    assert (heard[0], heard[-1]) == (first, second)


def test_the_seat_stands_from_its_first_tenth_of_a_second_to_the_end() -> None:
    sound = scene([("rear_left", "open_window_zh")], 5.0, np.random.default_rng(7))
    frames, settled = run(sound)
    assert settled.index(True) * 0.02 < 2.0
    assert {frame.seat for frame in frames[settled.index(True) :]} == {"rear_left"}


def test_the_seats_own_microphone_is_handed_on_unchanged() -> None:
    sound = scene([("passenger", "open_window_zh")], 20.0, np.random.default_rng(8))
    frames, settled = run(sound)
    first = settled.index(True) + 1
    assert np.array_equal(
        np.concatenate([frame.samples for frame in frames[first:]]),
        files.to_int16(sound)[first * FRAME_SAMPLES : len(frames) * FRAME_SAMPLES, ALL.index("passenger")],
    )


def test_noise_alone_is_nobody() -> None:
    frames, settled = run(noise(2))
    assert not any(settled)
    assert {frame.seat for frame in frames} == {"driver"}


def test_noise_that_sets_in_is_soon_no_voice_any_more(activity: VoiceActivity) -> None:
    quiet, loud = noise(1)[: 2 * SAMPLE_RATE] * 0.01, noise(1)[: 6 * SAMPLE_RATE] * 0.2
    spoken = scene([("rear_right", "temperature_en")], 100.0, np.random.default_rng(3))
    loud[-len(spoken) :] += spoken[: len(loud)]
    assert seats_heard(np.concatenate([quiet, loud]), activity)[-1] == "rear_right"


def test_a_microphone_that_is_dead_is_no_seat(activity: VoiceActivity) -> None:
    sound = scene([("passenger", "open_window_zh")], 10.0, np.random.default_rng(9))
    sound[:, ALL.index("rear_left")] = 0
    assert seats_heard(sound, activity)[:1] == ["passenger"]


def test_seats_must_differ() -> None:
    for seats in (["driver"], ["driver", "driver"]):
        with pytest.raises(ValueError, match="different seats"):
            Zones(seats)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_recording_with_a_channel_for_each_seat_tells_who_spoke(rate: int, tmp_path: Path) -> None:
    import soxr

    file = tmp_path / "cabin.flac"
    sound = scene([("passenger", "open_window_zh")], 20.0, np.random.default_rng(4))
    soundfile.write(file, soxr.resample(sound, SAMPLE_RATE, rate), rate)
    frames = list(recorded(file, ALL))
    assert len(frames) * 0.02 == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.021)
    assert frames[-30].seat == "passenger"
    # A recording of another make is mixed, as without seats; one microphone may belong to any seat.
    assert {frame.seat for frame in recorded(file, ALL[:2])} == {"driver"}
    assert {frame.seat for frame in recorded(file, ["rear_left"])} == {"rear_left"}
    mixed = np.concatenate([frame.samples for frame in recorded(file)])
    assert np.array_equal(mixed[: len(sound)], files.read(file))


@pytest.mark.audio
@pytest.mark.broker
def test_who_speaks_moves_their_own_window(project: Project, settings: Settings, tmp_path: Path) -> None:
    script = tmp_path / "drive.yml"
    script.write_text(
        "voices: {zh: zf_xiaobei}\nseed: 3\ngap: 3.0\n"
        "microphones: [driver, passenger, rear_left, rear_right]\nnoise: [{kind: road, snr: 15}]\n"
        "lines:\n"
        + "".join(
            f"  - {{lang: zh, wake: 你好小诺, text: 打开车窗, seat: {seat}}}\n"
            for seat in ("passenger", "rear_left")
        ),
        encoding="utf-8",
    )
    recording, label_file = synthesise(script, tmp_path / "drive.flac", Console(quiet=True))
    spoken = [json.loads(line)["seat"] for line in label_file.read_text(encoding="utf-8").splitlines()]
    records: list[Record] = []
    with rig(project, settings, ears=Ears(settings, settings.project), observers=(records.append,)) as drive:
        drive.set_scene(scene_of(recording, project.model))
        drive.play(recording)
    for kind in (WakeDetected, FinalTranscript):
        assert [record.event.seat for record in records if isinstance(record.event, kind)] == spoken
    turns: dict[int, set[str]] = {}
    for record in records:
        if isinstance(record.event, (WakeDetected, SpeechStarted, SpeechEnded, FinalTranscript)):
            turns.setdefault(record.turn, set()).add(record.event.seat)
    assert all(len(seats) == 1 for seats in turns.values())
    moved = [record.event.command.path for record in records if isinstance(record.event, CommandConfirmed)]
    assert moved == [
        "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position",
        "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position",
    ]


def run(sound: np.ndarray) -> tuple[list[AudioFrame], list[bool]]:
    """The frames, and whether the seat was settled after each."""
    zones, blocks = Zones(ALL), files.to_int16(sound)
    frames, settled = [], []
    for first in range(0, len(blocks) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frames.append(zones.feed(blocks[first : first + FRAME_SAMPLES], first / SAMPLE_RATE))
        settled.append(zones.settled)
    return frames, settled
