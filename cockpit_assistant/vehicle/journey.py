"""How a car's sensors go on during a drive: waypoints in time, between which numbers glide and all else stands.

A journey is written beside a recording or in a conversation, and knows nothing of a bus: time goes in, changed
values come out. It moves sensors only, so that nothing is set past the safety gate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..events import Value
from .model import VehicleModel
from .signals import Literalised, Signal
from .state import VehicleState

REPORT_EVERY = 1.0
"""Seconds between two reports of a reading that glides; a waypoint is reported when it is reached."""

_HAIR = 1e-6
"""Seconds by which a waypoint may still lie ahead and count as reached: clocks add up frames."""


class Waypoint(BaseModel):
    """What some sensors show at a time: `at`, and a value for each path."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Literalised]

    at: Annotated[float, Field(ge=0, le=86_400, strict=True)]
    """Seconds after the journey's beginning."""

    @model_validator(mode="after")
    def _somewhere(self) -> Waypoint:
        if not self.values:
            raise ValueError("a waypoint without a signal. Give it one, or remove it.")
        return self

    @property
    def values(self) -> dict[str, Value]:
        """Values by VSS path."""
        return dict(self.__pydantic_extra__)


def missteps(journey: Sequence[Waypoint], model: VehicleModel) -> Iterator[tuple[int, str]]:
    """What a car can't follow: the waypoint's number, and what is wrong with it."""
    for number, waypoint in enumerate(journey):
        if number and waypoint.at <= journey[number - 1].at:
            before = journey[number - 1].at
            yield number, f"{waypoint.at:g} s doesn't come after the {before:g} s before it. Put them in order."
        for path, value in waypoint.values.items():
            owner = model.signal_at(path)
            if wrong := _misplaced(owner[1], value) if owner else "this car has no such signal.":
                yield number, f"{path}: {wrong}"


def _misplaced(signal: Signal, value: Value) -> str:
    """Why a signal can't have a value in a journey; empty if it can."""
    if signal.kind != "sensor":
        return "an actuator: a journey moves sensors only. Say it, or set it at the start."
    if signal.follows:
        return f"it follows {', '.join(signal.follows)} by itself. Remove it."
    return signal.misfit(value)


@dataclass(slots=True)
class _Course:
    """One sensor's waypoints."""

    signal: Signal
    times: list[float] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    reached: int = 0
    """Waypoints that have been dealt with."""

    @property
    def glides(self) -> bool:
        return self.signal.is_number and not self.signal.coded

    def behind(self, seconds: float) -> int:
        """How many waypoints have been reached."""
        return bisect_right(self.times, seconds + _HAIR)

    def at(self, seconds: float) -> Value | None:
        """Where it is; None before its first waypoint."""
        behind = self.behind(seconds)
        if behind == 0:
            return None
        start = self.values[behind - 1]
        if behind < len(self.times) and self.glides:
            goal, began = self.values[behind], self.times[behind - 1]
            assert not isinstance(start, str)
            assert not isinstance(goal, str)
            start = round(start + (goal - start) * max(0.0, seconds - began) / (self.times[behind] - began), 6)
        return self.signal.fitted(start)


class Journey:
    """A journey of one car, from the moment it is made."""

    def __init__(self, waypoints: Sequence[Waypoint], model: VehicleModel, state: VehicleState, now: float) -> None:
        """Set out from `state`, which is read only.

        Raises:
            ValueError: the car can't follow a waypoint.
        """
        for number, wrong in missteps(waypoints, model):
            raise ValueError(f"journey.{number}: {wrong}")
        self._state = state
        self._begins = self._reported = now
        self._courses: dict[str, _Course] = {}
        for waypoint in waypoints:
            for path, value in waypoint.values.items():
                owner = model.signal_at(path)
                assert owner is not None
                course = self._courses.setdefault(path, _Course(owner[1]))
                here = state.value(path)
                if not course.times and course.glides and waypoint.at > 0 and here is not None:
                    course.times, course.values, course.reached = [0.0], [here], 1
                course.times.append(waypoint.at)
                course.values.append(value)

    def leads(self, path: str) -> bool:
        """Whether a sensor has a waypoint ahead."""
        return path in self._courses

    def advance(self, now: float) -> Iterator[tuple[str, Value]]:
        """Paths and values of the sensors that have changed by `now`."""
        seconds = now - self._begins
        due = now - self._reported >= REPORT_EVERY - _HAIR
        if due:
            self._reported = now
        for path, course in list(self._courses.items()):
            reached = course.behind(seconds)
            if reached == course.reached and not (due and course.glides):
                continue
            course.reached = reached
            if reached == len(course.times):
                del self._courses[path]
            value = course.at(seconds)
            if value is not None and value != self._state.value(path):
                yield path, value
