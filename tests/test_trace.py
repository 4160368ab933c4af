"""The trace: every event has a line, words stay out unless wanted, latencies add up."""

from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant import events
from cockpit_assistant.errors import ConfigError
from cockpit_assistant.trace import TraceFile, as_json, latencies

COMMAND = events.Command("Vehicle.Cabin.Sunroof.Switch", "OPEN", "open_sunroof")
CLAUSE = events.Clause("打给妈妈", "call_contact", 0.9, (events.Entity("contact", "妈妈", 2, 4, "妈妈"),))
EXAMPLES: tuple[events.Event, ...] = (
    events.WakeDetected("你好小诺", 0.9, 1.0),
    events.SpeechStarted(1.0),
    events.SpeechEnded(2.0, 2.3),
    events.PartialTranscript("打给", "zh"),
    events.FinalTranscript("打给妈妈", "zh"),
    events.NothingHeard("zh"),
    events.Understanding("打给妈妈", "zh", "driver", (CLAUSE,)),
    events.Decision(events.Route.COMMAND, "zh", commands=(COMMAND,), say=(events.Say("utter_x", (("a", 1),)),)),
    events.CommandSent("1", COMMAND),
    events.CommandConfirmed("1", COMMAND, "CLOSE"),
    events.CommandFailed("1", COMMAND, events.Failure.REJECTED, "pinch"),
    events.Reply("在打给妈妈", "zh"),
    events.ReplySpoken("在打给妈妈", np.zeros(24000, np.int16), 24000),
    events.Fault("bus", "lost"),
)


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EXAMPLES} == set(typing.get_args(events.Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_becomes_a_json_line(event: events.Event) -> None:
    line = json.loads(json.dumps(as_json(events.Record(3, 1.5, 100.0, event), transcripts=True)))
    assert line["event"] == type(event).__name__
    assert line["turn"] == 3
    plain = {field.name for field in dataclasses.fields(event)} - {"samples"}
    assert plain <= line.keys()


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_words_stay_out_unless_wanted(event: events.Event) -> None:
    line = json.dumps(as_json(events.Record(1, 0.0, 0.0, event), transcripts=False), ensure_ascii=False)
    assert "妈妈" not in line


def test_sound_becomes_its_length() -> None:
    spoken = events.ReplySpoken("hi", np.zeros(12000, np.int16), 24000)
    assert as_json(events.Record(1, 0.0, 0.0, spoken), transcripts=False)["seconds"] == 0.5


def test_trace_is_appended_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "trace.jsonl"
    for number in (1, 2):
        trace = TraceFile(file, transcripts=False)
        trace(events.Record(number, 0.0, 0.0, EXAMPLES[0]))
        trace.close()
    assert [json.loads(line)["turn"] for line in file.read_text().splitlines()] == [1, 2]


def test_unwritable_trace_is_a_configuration_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"\[trace\]"):
        TraceFile(tmp_path / "file" / "trace.jsonl", transcripts=False)


def test_latencies_count_from_the_end_of_speech() -> None:
    records = [
        events.Record(1, 2.3, 0.0, events.SpeechEnded(2.0, 2.3)),
        events.Record(1, 2.4, 0.0, EXAMPLES[4]),
        events.Record(1, 2.5, 0.0, events.CommandSent("1", COMMAND)),
        events.Record(1, 2.6, 0.0, events.CommandSent("2", COMMAND)),
        events.Record(1, 2.9, 0.0, events.CommandConfirmed("1", COMMAND)),
        events.Record(1, 4.0, 0.0, events.CommandConfirmed("2", COMMAND)),
    ]
    (turn,) = latencies(records)
    assert turn.endpoint == pytest.approx(0.3)
    assert turn.transcript == pytest.approx(0.4)
    assert turn.command == pytest.approx(0.5), "the first request counts"
    assert turn.confirmed == pytest.approx(2.0), "the last confirmation counts"
    assert turn.reply is None
