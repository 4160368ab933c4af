"""vehicle.yml as it is written: its form, and what must agree within it and with VSS."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import ProjectError
from ..events import Language, Seat
from .document import Document
from .intents import SPEAKER, IntentRule, Step
from .signals import SAME, Signal
from .vss import disagreement

FILE = "vehicle.yml"

SeatName = Annotated[Seat, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Seats travel in set requests, so their names are plain."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Section):
    """Which car this is."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    name: str


class ZoneGroup(_Section):
    """Several seats under one name."""

    seats: Annotated[list[Seat], Field(min_length=1)]
    names: dict[Language, str]


class Joining(_Section):
    """How one language puts names together."""

    comma: str = ", "
    last: str = " and "
    gap: str = " "
    """Between a seat's name and a signal's."""


class GoOn(_Section):
    """What 再高一点 and 再低一点 mean after some intents."""

    after: list[str]
    more: str
    less: str


class Switch(_Section):
    """What "turn it back on" and 关了吧 mean after some intents."""

    back_on: str
    back_off: str
    after: list[str] = []
    """Other intents about the same thing."""


class Hurry(_Section):
    """When replies are to be as short as can be: while a signal is above a number."""

    signal: str
    above: float


class Description(_Section):
    """The whole file."""

    vehicle: Identity
    zones: Annotated[dict[SeatName, dict[Language, str]], Field(min_length=1)]
    zone_groups: dict[str, ZoneGroup] = {}
    joining: dict[Language, Joining] = {}
    entities: dict[str, Literal["number", "percent", "duration", "time", "zone", "text"]]
    signals: Annotated[dict[str, Signal], Field(min_length=1)]
    intents: dict[str, IntentRule]
    go_on: list[GoOn] = []
    switch: list[Switch] = []
    short_replies: Hurry | None = None
    courtesies: dict[Language, list[Annotated[str, Field(min_length=1)]]] = {}
    """Words by which a polite speaker is known."""
    ask_which: list[str] = []
    """Entities of which the speaker is asked which one he means where several fit."""

    @classmethod
    def load(cls, project: Path) -> Description:
        """Read `vehicle.yml` of a project.

        Raises:
            ProjectError: something in it is wrong; each line names file, line, key and remedy.
        """
        document = Document(project / FILE)
        description = document.parse(cls)
        problems = [str(problem) for problem in _problems(document, description)]
        if problems:
            raise ProjectError("\n".join(problems))
        return description


def _problems(document: Document, content: Description) -> Iterable[ProjectError]:
    """What is wrong between the parts of the file, or against VSS."""
    groups = content.zone_groups
    places = {*content.zones, *groups, SPEAKER}
    for name, group in groups.items():
        for seat in group.seats:
            if seat not in content.zones:
                yield document.error(("zone_groups", name, "seats"), _unknown("seat", seat, content.zones))
    seen: dict[str, str] = {}
    for name, signal in content.signals.items():
        at = ("signals", name)
        for zone in signal.zones:
            if zone not in content.zones:
                yield document.error((*at, "zones"), _unknown("seat", zone, content.zones))
        for path in signal.paths:
            if path in seen:
                yield document.error((*at, "path"), f"{path} already belongs to `{seen[path]}`. Use that signal.")
            seen[path] = name
            if wrong := disagreement(path, signal):
                yield document.error((*at, "path"), wrong)
                break
        yield from _drive_problems(document, content, name, signal)
    for index, pair in enumerate(content.go_on):
        for intent in (*pair.after, pair.more, pair.less):
            if intent not in content.intents:
                yield document.error(("go_on", index), _unknown("intent", intent, content.intents))
    if content.short_replies and content.short_replies.signal not in content.signals:
        yield document.error(("short_replies",), _unknown("signal", content.short_replies.signal, content.signals))
    for index, entity in enumerate(content.ask_which):
        if entity not in content.entities:
            yield document.error(("ask_which", index), _unknown("entity", entity, content.entities))
    for index, switch in enumerate(content.switch):
        for intent in (switch.back_on, switch.back_off, *switch.after):
            if intent not in content.intents:
                yield document.error(("switch", index), _unknown("intent", intent, content.intents))
    for intent, rule in content.intents.items():
        for read in rule.read:
            if read not in content.signals:
                yield document.error(("intents", intent, "read"), _unknown("signal", read, content.signals))
        for index, step in enumerate(rule.steps):
            yield from _step_problems(document, content, places, ("intents", intent, index), step)


def _drive_problems(document: Document, content: Description, name: str, signal: Signal) -> Iterable[ProjectError]:
    for other in signal.drifts.signals if signal.drifts else ():
        if other not in content.signals:
            yield document.error(("signals", name, "drifts"), _unknown("signal", other, content.signals))
    for driven in (*signal.drives, *signal.follows):
        key = "drives" if driven in signal.drives else "follows"
        if driven not in content.signals:
            yield document.error(("signals", name, key), _unknown("signal", driven, content.signals))
            continue
        if key == "follows" and not (signal.type == "boolean" and content.signals[driven].is_number):
            yield document.error(("signals", name, key), "a boolean follows a number, nothing else.")
        if key == "drives":
            goals = signal.drives[driven]
            for goal in goals.values() if isinstance(goals, dict) else [goals]:
                if goal != SAME and (wrong := content.signals[driven].misfit(goal)):
                    yield document.error(("signals", name, "drives", driven), f"`{driven}`: {wrong}")


def _step_problems(
    document: Document, content: Description, places: set[str], at: tuple[str | int, ...], step: Step
) -> Iterable[ProjectError]:
    signal = content.signals.get(step.set)
    if signal is None:
        yield document.error((*at, "set"), _unknown("signal", step.set, content.signals))
        return
    if signal.kind == "sensor":
        yield document.error((*at, "set"), f"`{step.set}` is a sensor and can't be set. Use its actuator.")
    for zone in step.zone:
        if zone not in places:
            yield document.error((*at, "zone"), _unknown("zone", zone, places))
    target = step.to
    said = [target.entity] if target.entity else []
    for entity in (*said, *target.join, *step.when, *step.unless):
        if entity not in content.entities:
            yield document.error(at, _unknown("entity", entity, content.entities))
    if target.change is not None and not (signal.is_number or signal.levels):
        yield document.error((*at, "to"), f"`{step.set}` has no numbers and no levels to change by.")
    if target.entity and target.default is None and target.change is None and step.ask is None and not step.when:
        yield document.error(
            (*at, "to"), f"nothing says what happens without `{target.entity}`. Add `default:`, `ask:` or `if:`."
        )
    for value in (
        target.value,
        *target.values.values(),
        *target.levels,
        *([] if target.change else [target.default]),
    ):
        if value is not None and (wrong := signal.misfit(value)):
            yield document.error((*at, "to"), f"`{step.set}`: {wrong}")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(names)}."
    return f"unknown {what} `{name}`. {hint}"
