"""The trace of every turn: one JSON line an event, and the latencies they add up to."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TextIO

import numpy as np

from .errors import ConfigError
from .events import (
    CommandConfirmed,
    CommandSent,
    FinalTranscript,
    PartialTranscript,
    Record,
    Reply,
    ReplySpoken,
    SpeechEnded,
    Understanding,
)

_WORDS = frozenset({"text", "value", "before", "clauses", "say", "slots"})
"""Fields that tell what somebody said; left out of a trace unless it was switched on."""


def as_json(record: Record, *, transcripts: bool) -> dict[str, object]:
    """A record as plain values: `turn`, `time`, `monotonic`, `event` (its class) and the event's own fields.

    Audio becomes its length in seconds. Without `transcripts` the words spoken are left out.
    """
    fields: dict[str, object] = {}
    for field in dataclasses.fields(record.event):
        value = getattr(record.event, field.name)
        if isinstance(value, np.ndarray):
            rate = getattr(record.event, "sample_rate", 16_000)
            fields["seconds"] = round(len(value) / rate, 3)
        elif transcripts or field.name not in _WORDS:
            fields[field.name] = _plain(value, transcripts)
    return {
        "turn": record.turn,
        "time": round(record.time, 4),
        "monotonic": round(record.monotonic, 4),
        "event": type(record.event).__name__,
        **fields,
    }


def _plain(value: object, transcripts: bool) -> object:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name), transcripts)
            for field in dataclasses.fields(value)
            if transcripts or field.name not in _WORDS
        }
    if isinstance(value, tuple):
        return [_plain(item, transcripts) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    return value


class TraceFile:
    """An observer that appends each record to a JSON-lines file, flushed line by line."""

    def __init__(self, file: Path, *, transcripts: bool) -> None:
        """Raises ConfigError where the file can't be written."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._out: TextIO = file.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise ConfigError(
                f"{file}: the trace can't be written ({error.strerror}). Set another `file` in [trace]."
            ) from None
        self._transcripts = transcripts

    def __call__(self, record: Record) -> None:
        """Write one line."""
        self._out.write(json.dumps(as_json(record, transcripts=self._transcripts), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._out.close()


@dataclasses.dataclass(frozen=True, slots=True)
class TurnLatency:
    """How long a turn took, in seconds after the end of speech; None for what did not happen."""

    turn: int
    endpoint: float | None = None
    """Until the endpointer decided."""
    transcript: float | None = None
    understanding: float | None = None
    command: float | None = None
    """Until the first set request was on the bus."""
    confirmed: float | None = None
    """Until the car showed the last target: this includes the actuator's own time."""
    reply: float | None = None
    """Until the first reply's words were known."""
    speech: float | None = None
    """Until its sound was ready."""


def latencies(records: Iterable[Record]) -> list[TurnLatency]:
    """The latencies of every turn in which speech ended, in turn order."""
    turns: dict[int, dict[str, float]] = {}
    ended: dict[int, SpeechEnded] = {}
    for record in records:
        event, turn = record.event, record.turn
        if isinstance(event, SpeechEnded):
            ended[turn] = event
            turns[turn] = {"endpoint": event.decided - event.time}
        if turn not in ended or isinstance(event, (SpeechEnded, PartialTranscript)):
            continue
        since = record.time - ended[turn].time
        name = _STEPS.get(type(event))
        if name == "confirmed":
            turns[turn][name] = since
        elif name:
            turns[turn].setdefault(name, since)
    return [TurnLatency(turn, **steps) for turn, steps in sorted(turns.items())]


_STEPS: dict[type, str] = {
    FinalTranscript: "transcript",
    Understanding: "understanding",
    CommandSent: "command",
    CommandConfirmed: "confirmed",
    Reply: "reply",
    ReplySpoken: "speech",
}
