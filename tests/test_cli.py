"""The command line as scripts meet it: shapes, exit statuses, one clear sentence for each mistake."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cockpit_assistant.cli import main

COMMANDS = (
    "demo", "run", "say", "parse", "transcribe", "wake", "replay", "synth", "train", "models", "check", "bench",
)  # fmt: skip


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(list(arguments))
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert command in capsys.readouterr().out


def test_help_is_quick_because_engines_load_late() -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cockpit_assistant", "--help"], capture_output=True, text=True
    ).stderr
    for heavy in ("faster_whisper", "onnxruntime", "vosk", "misaki", "numpy"):
        assert f" {heavy}\n" not in loaded


def parse_lines(questions: Sequence[object], monkeypatch: pytest.MonkeyPatch) -> int:
    text = "".join((q if isinstance(q, str) else json.dumps(q, ensure_ascii=False)) + "\n" for q in questions)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    return main(["parse", "--jsonl"])


def test_parse_answers_line_by_line_in_the_promised_shape(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = [
        {"text": "打开副驾车窗", "lang": "zh"},
        {"text": "tell me a joke", "lang": "en"},
        {"text": "我这边冷", "speaker": "passenger"},
        {"text": ""},
        {"text": "😀 \u0000 ﷽"},
    ]
    assert parse_lines(questions, monkeypatch) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["text"] for answer in answers] == [question["text"] for question in questions]
    for answer in answers:
        assert answer.keys() == {"text", "lang", "route", "intents", "commands", "reply"}
        assert answer["route"] in {"command", "question", "confirm", "refuse", "chat"}
    assert answers[0]["commands"] == [
        {"path": "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position", "value": 100}
    ]
    assert answers[1]["commands"] == []
    assert answers[2]["commands"][0]["path"] == "Vehicle.Cabin.HVAC.Station.Row1.Passenger.Temperature"


@pytest.mark.parametrize("line", ["not json", "[]", '{"txt": 1}', '{"text": 1}'])
def test_parse_names_the_line_it_cannot_read(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_lines([{"text": "你好"}, line], monkeypatch) == 2
    assert "line 2" in capsys.readouterr().err


def test_parse_refuses_a_speaker_the_car_has_no_seat_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_lines([{"text": "开窗", "speaker": "roof"}], monkeypatch) == 2
    assert "roof" in capsys.readouterr().err


def test_say_moves_the_simulated_car(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run("say", "打开空调", capsys=capsys)
    assert status == 0
    assert "空调" in out
    assert "IsAirConditioningActive" in out


def test_say_in_a_moving_car(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run("say", "open the tailgate", "--set", "Vehicle.Speed=60", capsys=capsys)
    assert status == 0
    assert "Trunk" not in out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("say", "hi", "--set", "Vehicle.Speed"), 2, "PATH=VALUE"),
        (("say", "hi", "--set", "Vehicle.Wings=1"), 2, "Vehicle.Wings"),
        (("say", "hi", "--set", "Vehicle.Speed=fast"), 2, "Vehicle.Speed"),
        (("say", "hi", "--project", "/nowhere"), 2, "/nowhere"),
        (("--config", "/nowhere.toml", "check"), 2, "/nowhere.toml"),
        (("parse",), 2, "TEXT"),
        (("transcribe", "/nowhere.wav"), 4, "/nowhere.wav"),
        (("wake", "/nowhere.wav"), 4, "/nowhere.wav"),
        (("wake", "/nowhere.wav", "--phrase", "hello world"), 3, "hello world"),
        (("demo", "--drive", "/nowhere.flac"), 4, "/nowhere.flac"),
        (("models", "pull", "whisper-bass"), 3, "whisper-base"),
        (("synth", "/nowhere.yml", "--out", "/tmp/x.flac"), 2, "/nowhere.yml"),
    ],
)
def test_mistakes_end_with_one_clear_sentence_and_a_status(
    arguments: tuple[str, ...], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = run(*arguments, capsys=capsys)
    assert ended == status
    assert told in err
    assert "Traceback" not in out + err


def test_a_broker_that_is_down_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_BUS_PORT", "9")
    monkeypatch.setenv("COCKPIT_SPEECH_ENGINE", "none")
    status, _, err = run("run", capsys=capsys)
    assert status in (4, 5), "no broker, or on a machine without sound not even a microphone library"
    assert err.startswith("cockpit-assistant: ")


def test_a_missing_model_names_the_command_that_brings_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_CACHE", str(tmp_path))
    recording = Path(__file__).parents[1] / "nlu_data" / "demo" / "drive.flac"
    status, _, err = run("transcribe", str(recording), capsys=capsys)
    assert status == 3
    assert "models pull whisper-base" in err


def test_an_interrupted_drive_ends_in_order(tmp_path: Path) -> None:
    """Ctrl-C in mid-turn: status 130, no traceback, whole lines in the trace."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit_assistant", "demo", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:  # into the drive as far as the first command
        if "sent" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    for line in (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line)
