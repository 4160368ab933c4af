"""Drive scripts become labelled recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from cockpit_assistant.audio import files
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import SAMPLE_RATE
from cockpit_assistant.resources import shipped
from cockpit_assistant.training.synth import read_script, synthesise

QUIET = Console(quiet=True)
SCRIPT = """
voices: {zh: zf_xiaobei, en: af_heart}
seed: 3
lead_in: 0.5
gap: 0.5
noise:
  - {kind: road, snr: 15}
lines:
  - {lang: zh, wake: 你好小诺, text: 关窗, pause: 0.4, expect: {route: command}}
  - {lang: en, text: stop, seat: rear_left}
"""


def script(folder: Path, text: str = SCRIPT) -> Path:
    file = folder / "drive.yml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.audio
def test_a_script_becomes_the_same_labelled_recording_each_time(tmp_path: Path) -> None:
    sound, label_file = synthesise(script(tmp_path), tmp_path / "one.flac", QUIET)
    again, _ = synthesise(script(tmp_path), tmp_path / "two.flac", QUIET)
    first, second = files.read(sound), files.read(again)
    # The voice's network may differ in the last bit between runs, the noise must not.
    assert len(first) == len(second)
    assert np.abs(first.astype(int) - second.astype(int)).max() < 300
    labels = [json.loads(line) for line in label_file.read_text(encoding="utf-8").splitlines()]
    assert [(label["wake"], label["text"], label["seat"]) for label in labels] == [
        ("你好小诺", "关窗", "driver"),
        ("", "stop", "rear_left"),
    ]
    assert labels[0]["expect"] == {"route": "command"}
    for label in labels:
        speech = first[round(label["start"] * SAMPLE_RATE) : round(label["end"] * SAMPLE_RATE)].astype(float)
        before = first[round((label["start"] - 0.4) * SAMPLE_RATE) : round((label["start"] - 0.1) * SAMPLE_RATE)]
        assert np.std(speech) > 2 * np.std(before.astype(float))


def test_a_script_may_tell_how_the_car_goes_on(tmp_path: Path) -> None:
    plan = read_script(script(tmp_path, SCRIPT + "journey: [{at: 3, Vehicle.Speed: 50}]\n"))
    assert [(waypoint.at, waypoint.values) for waypoint in plan.journey] == [(3, {"Vehicle.Speed": 50})]


@pytest.mark.audio
def test_a_phone_recording_has_two_channels_at_another_rate(tmp_path: Path) -> None:
    stereo = "voices: {en: af_heart}\nformat: stereo44\nlines:\n  - {lang: en, text: stop}\n"
    out, _ = synthesise(script(tmp_path, stereo), tmp_path / "phone.wav", QUIET)
    info = soundfile.info(out)
    assert (info.samplerate, info.channels) == (44_100, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("voices: {en: af_heart}\nlines: [{lang: zh, text: 关窗}]", "lines.0: no voice for `zh`"),
        ("voices: {en: af_heart}\nlines: [{lang: en, text: hi, seat: roof}]", "no seat `roof`; there are driver"),
        ("voices: {en: af_heart}\nlines: [{lang: en}]", "neither `wake` nor `text`"),
        ("voices: {en: af_heart}\nlines: [{lang: en, txt: hi}]", "lines.0.txt"),
        ("voices: {en: af_heart}\njourney: [{at: 3}]\nlines: []", "journey.0: Value error, a waypoint without"),
        ("lines: [", "not a YAML file"),
    ],
)
def test_a_wrong_script_says_where(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProjectError, match=r"drive\.yml") as caught:
        read_script(script(tmp_path, text))
    assert says in str(caught.value)


def test_the_shipped_scripts_are_valid() -> None:
    scripts = [shipped("nlu_data") / "demo" / "drive.yml", *(Path(__file__).parents[1] / "data").glob("*.yml")]
    assert len(scripts) > 5
    for file in scripts:
        read_script(file)
