"""How a car moves: actuators on their way to a target, and what else moves with them.

A model of motion without a bus: targets and times go in, changed values come out. What it knows of a car stands in
vehicle.yml: rate, lag, what an actuator drives, which push-button falls back, which sensor follows another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..events import Seat, Value
from .model import VehicleModel
from .signals import Signal
from .state import VehicleState

REPORT_EVERY = 0.1
"""Seconds between two reports of an actuator on its way."""

Show = Callable[[str], None]
"""Told the path of each value that has changed."""


class Hindrance(Enum):
    """What keeps an actuator from its target."""

    NONE = "none"
    STALL = "stall"
    """It stops half way."""
    PINCH = "pinch"
    """It meets something half way and goes back, as windows must."""
    FUSE = "fuse"
    """It has no power."""


@dataclass(slots=True)
class _Motion:
    """An actuator on its way."""

    start: Value | None
    target: Value
    begins: float
    reported: float
    hindrance: Hindrance
    led: bool
    """Driven by another actuator: it drives none in turn, or two would drive each other for ever."""


class Actuators:
    """All actuators of one car, with its state."""

    def __init__(self, model: VehicleModel, state: VehicleState, show: Show) -> None:
        """`state` is changed in place; `show` is called for every change."""
        self._model = model
        self._state = state
        self._show = show
        self._motions: dict[str, _Motion] = {}
        self._pressed: dict[str, list[str]] = {}

    def command(self, path: str, target: Value, now: float, hindrance: Hindrance = Hindrance.NONE) -> None:
        """Set out for a target."""
        self._start(path, target, now, hindrance, led=False)
        self._release_all(now)

    def put(self, path: str, value: Value, now: float) -> None:
        """Be at a value at once, wherever it was going."""
        self._motions.pop(path, None)
        self._set(path, value, now)

    def advance(self, now: float) -> None:
        """Move everything on to `now`."""
        for path in list(self._motions):
            if path in self._motions:
                self._move(path, now)
        self._release_all(now)

    def _start(self, path: str, target: Value, now: float, hindrance: Hindrance, *, led: bool) -> None:
        begins = now + self._signal(path)[0].lag
        if hindrance is Hindrance.FUSE and (led or not self._signal(path)[0].drives):
            return
        self._motions[path] = _Motion(self._state.value(path), target, begins, now, hindrance, led)
        self._move(path, now)

    def _move(self, path: str, now: float) -> None:
        motion = self._motions[path]
        if now < motion.begins:
            return
        signal = self._signal(path)[0]
        start, target = motion.start, motion.target
        if signal.rate is not None and isinstance(start, (int, float)) and isinstance(target, (int, float)):
            goal = target if motion.hindrance is Hindrance.NONE else (start + target) / 2
            way = min(signal.rate * (now - motion.begins), abs(goal - start))
            value = signal.fitted(start + way if goal >= start else start - way)
            if way >= abs(goal - start) and motion.hindrance is Hindrance.PINCH:
                self._set(path, value, now)
                self._motions[path] = _Motion(value, start, now, now, Hindrance.NONE, led=True)
            elif way >= abs(goal - start):
                self._arrive(path, motion, value, now)
            elif now - motion.reported >= REPORT_EVERY and value != self._state.value(path):
                motion.reported = now
                self._set(path, value, now)
        elif motion.hindrance is not Hindrance.NONE and (motion.led or not signal.drives):
            del self._motions[path]
        else:
            self._arrive(path, motion, signal.fitted(target), now)

    def _arrive(self, path: str, motion: _Motion, value: Value, now: float) -> None:
        del self._motions[path]
        self._set(path, value, now)
        if motion.led:
            return
        signal, seats = self._signal(path)
        driven: list[str] = []
        for name in signal.drives:
            goal = signal.driven(name, value)
            if goal is not None:
                other = self._model.signals[name]
                places = [other.path_at(seat) for seat in seats if seat in other.zones] or list(other.paths)
                driven += places
                for place in places:
                    self._start(place, goal, now, motion.hindrance, led=True)
        if signal.rest is not None:
            self._pressed[path] = driven

    def _release_all(self, now: float) -> None:
        """Let push-buttons fall back whose work is done."""
        for path, driven in list(self._pressed.items()):
            rest = self._signal(path)[0].rest
            if rest is not None and not any(other in self._motions for other in driven):
                del self._pressed[path]
                self._set(path, rest, now)

    def _set(self, path: str, value: Value, now: float) -> None:
        """Make a value true, with the sensors that follow from it."""
        self._state.put(path, value, now)
        self._show(path)
        owner = self._model.signal_at(path)
        assert owner is not None
        for follower in self._model.signals.values():
            limit = follower.follows.get(owner[0])
            if limit is not None and isinstance(value, (int, float)):
                for place in follower.paths:
                    self._set(place, value > limit, now)

    def _signal(self, path: str) -> tuple[Signal, tuple[Seat, ...]]:
        owner = self._model.signal_at(path)
        assert owner is not None, path
        return owner[1], owner[2]
