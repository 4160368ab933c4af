"""Conversations as test stories: who says what in which car, what is answered, and what the car then does.

Each runs through the whole assistant, on a broker and a simulated car of its own. `answer` names the responses,
`words` what is heard of them, and `does` is everything the car was told and did, no more and no less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..assembly import Project
from ..config import Settings
from ..events import CommandConfirmed, Record, Reply, Seat, Value
from ..vehicle.document import Document
from ..vehicle.journey import Waypoint, missteps
from ..vehicle.model import VehicleModel
from ..vehicle.signals import Literalised
from ..vehicle.simulator import Mishap
from .runner import Rig, rig

FOLDER = Path("tests", "conversations")
"""Of a project."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_as_list)]
Values = dict[str, Literalised]
"""By the signal's name in vehicle.yml, with the seat behind a dot where it has seats: window.passenger."""


class Turn(BaseModel):
    """One thing that happens: somebody speaks (the seat's name is the key), time passes, or the car changes."""

    model_config = ConfigDict(extra="allow", frozen=True)
    answer: Texts = []
    """The responses said, in order; `…_started`, said while something slow still moves, counts as well."""
    words: Texts = []
    does: Values = {}
    wait: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds before."""
    car: Values = {}
    """What the car's sensors and actuators show from now on."""
    journey: tuple[Waypoint, ...] = ()
    """How its sensors go on from there, in seconds from now; a journey under way ends."""
    fails: dict[str, Mishap | Literal["works"]] = {}
    """Actuators that misbehave from now on."""

    @model_validator(mode="after")
    def _one_speaker(self) -> Turn:
        spoken = self.model_extra or {}
        if len(spoken) > 1:
            raise ValueError(f"one speaker a turn, not {', '.join(spoken)}.")
        if any(not isinstance(text, str) or not text.strip() for text in spoken.values()):
            raise ValueError("what is said must be a text.")
        if not spoken and not (self.wait or self.car or self.journey or self.fails):
            raise ValueError("nobody speaks, and nothing happens.")
        return self

    @property
    def said(self) -> tuple[Seat, str] | None:
        """Who speaks, and what."""
        return next(iter((self.model_extra or {}).items()), None)


class Conversation(BaseModel):
    """Several turns in one car."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    conversation: str
    """What it shows."""
    car: Values = {}
    journey: tuple[Waypoint, ...] = ()
    fails: dict[str, Mishap | Literal["works"]] = {}
    turns: Annotated[list[Turn], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    conversations: Annotated[list[Conversation], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation, and where it stands."""

    conversation: Conversation
    file: Path
    line: int
    turn_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A turn that went another way."""

    line: int
    said: str
    wrong: str


def find(project: Path) -> list[Path]:
    """The project's files with conversations."""
    return sorted((project / FOLDER).glob("*.yml"))


def read(file: Path, model: VehicleModel) -> list[Script]:
    """The conversations of a file, checked against the car.

    Raises:
        ProjectError: something in it is wrong; names file and line.
    """
    document = Document(file)
    content = document.parse(_File)
    scripts = []
    for number, conversation in enumerate(content.conversations):
        at: tuple[str | int, ...] = ("conversations", number)
        _check(document, at, model, (conversation.car,), conversation.fails)
        _check_journey(document, at, model, conversation.journey)
        lines = []
        for position, turn in enumerate(conversation.turns):
            here = (*at, "turns", position)
            lines.append(document.line(*here))
            _check(document, here, model, (turn.car, turn.does), turn.fails)
            _check_journey(document, here, model, turn.journey)
            if turn.said and turn.said[0] not in model.zones:
                known = ", ".join(model.zones)
                raise document.error(here, f"`{turn.said[0]}` is no key and no seat. Seats are {known}.")
        scripts.append(Script(conversation, file, document.line(*at), tuple(lines)))
    return scripts


def _check(
    document: Document,
    at: tuple[str | int, ...],
    model: VehicleModel,
    values: tuple[Values, ...],
    fails: Mapping[str, str],
) -> None:
    """Raise ProjectError for a signal that the car lacks, or a value that doesn't fit it."""
    for name, value in [*((name, value) for part in values for name, value in part.items()), *_none(fails)]:
        path = _path(name, model)
        owner = model.signal_at(path) if path else None
        if owner is None:
            raise document.error(
                at, f"`{name}`: no signal of vehicle.yml; with a seat it is written window.driver."
            )
        if value is not None and (wrong := owner[1].misfit(value)):
            raise document.error(at, f"`{name}`: {wrong}")


def _check_journey(
    document: Document, at: tuple[str | int, ...], model: VehicleModel, journey: Sequence[Waypoint]
) -> None:
    """Raise ProjectError for a waypoint that the car can't follow."""
    for number, waypoint in enumerate(journey):
        _check(document, (*at, "journey", number), model, (waypoint.values,), {})
    for number, wrong in missteps(_on_paths(journey, model), model):
        raise document.error((*at, "journey", number), wrong)


def _on_paths(journey: Sequence[Waypoint], model: VehicleModel) -> list[Waypoint]:
    """A journey by VSS paths instead of vehicle.yml's names."""
    return [
        Waypoint.model_validate(
            {"at": waypoint.at} | {_path(name, model) or name: value for name, value in waypoint.values.items()}
        )
        for waypoint in journey
    ]


def _none(names: Mapping[str, str]) -> Iterator[tuple[str, None]]:
    return ((name, None) for name in names)


def _path(name: str, model: VehicleModel) -> str | None:
    """The VSS path of window.driver; None if there is no such signal."""
    signal, _, seat = name.partition(".")
    known = model.signals.get(signal)
    if known is None or (seat and seat not in known.zones) or (known.zones and not seat):
        return None
    return known.path_at(seat or None)


def hold(script: Script, project: Project, settings: Settings) -> list[Mismatch]:
    """Hold a conversation; nothing comes back if it goes as written."""
    records: list[Record] = []
    mismatches: list[Mismatch] = []
    with rig(project, settings, observers=(records.append,)) as drive:
        _arrange(drive, project.model, script.conversation)
        for line, turn in zip(script.turn_lines, script.conversation.turns, strict=True):
            records.clear()
            drive.wait(turn.wait)
            _arrange(drive, project.model, turn)
            if turn.said:
                drive.read(turn.said[1], turn.said[0])
            said = turn.said[1] if turn.said else ""
            mismatches += [Mismatch(line, said, wrong) for wrong in _compare(turn, records, project.model)]
    return mismatches


def _arrange(drive: Rig, model: VehicleModel, part: Conversation | Turn) -> None:
    """Make the car as a conversation begins, or as a turn changes it."""
    for name, mishap in part.fails.items():
        path = _path(name, model) or ""
        drive.car.vehicle.fail(path, None if mishap == "works" else mishap)
    if part.car:
        drive.arrange({_path(name, model) or "": value for name, value in part.car.items()})
    if part.journey:
        drive.car.vehicle.set_out(_on_paths(part.journey, model))


def _compare(turn: Turn, records: list[Record], model: VehicleModel) -> Iterator[str]:
    """What is not as written."""
    replies = [record.event for record in records if isinstance(record.event, Reply)]
    responses = [response.removesuffix("_started") for reply in replies for response in reply.responses]
    heard = " ".join(reply.text for reply in replies)
    if turn.answer and responses != turn.answer:
        yield f"answered {', '.join(responses) or 'nothing'} ({heard}), not {', '.join(turn.answer)}"
    for words in turn.words:
        if words not in heard:
            yield f"`{words}` isn't in the answer: {heard or 'nothing'}"
    done = {
        record.event.command.path: record.event.command.value
        for record in records
        if isinstance(record.event, CommandConfirmed)
    }
    wanted = {_path(name, model): value for name, value in turn.does.items()}
    if done != wanted:
        yield f"the car did {_spelled(done)}, not {_spelled(wanted)}"


def _spelled(values: Mapping[str | None, Value] | Mapping[str, Value]) -> str:
    return ", ".join(f"{path} = {value}" for path, value in values.items()) or "nothing"
