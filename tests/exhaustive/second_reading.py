"""A plain second reading of vehicle.yml and safety.yml, which shares no code with the first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from cockpit_assistant.events import (
    Seat,
    Value,
)
from cockpit_assistant.vehicle.state import VehicleState

Kind = Literal["allow", "confirm", "refuse"]


@dataclass(frozen=True, slots=True)
class Part:
    """One VSS path of the car, as vehicle.yml has it."""

    path: str
    signal: str
    seats: frozenset[Seat]
    actuator: bool
    type: str
    low: float
    high: float
    words: tuple[str, ...]
    initial: Value

    @property
    def whole(self) -> bool:
        """Whether it counts in whole numbers."""
        return "int" in self.type

    def fits(self, value: object) -> bool:
        """Whether it can hold a value at all."""
        if self.type == "boolean" or isinstance(value, bool):
            return self.type == "boolean" and isinstance(value, bool)
        if self.type == "string" or not isinstance(value, (int, float)):
            right = self.type == "string" and isinstance(value, str) and len(value) <= 256
            return right and (not self.words or value in self.words)
        return self.low <= value <= self.high and not (self.whole and value != int(value))

    @property
    def ends(self) -> tuple[Value, Value]:
        """Its least and its greatest value."""
        if self.type == "boolean":
            return False, True
        if self.type == "string":
            return (self.words[0], self.words[-1]) if self.words else ("", "something")
        number = int if self.whole else float
        return number(max(self.low, -1000)), number(min(self.high, 1000))

    @property
    def values(self) -> tuple[Value, ...]:
        """Values worth asking for: the ends and what lies between and beside them, or every word."""
        low, high = self.ends
        if self.type == "boolean":
            return low, high
        if self.type == "string":
            return self.words or ("", "something", "emergency", "110")
        assert not isinstance(low, str)
        assert not isinstance(high, str)
        step = 1 if self.whole else 0.5
        middle = int((low + high) / 2) if self.whole else (low + high) / 2
        return tuple(dict.fromkeys((low, low + step, middle, high - step, high)))

    @property
    def misfits(self) -> tuple[Value, ...]:
        """Values it can't hold, some of which compare equal to ones that it can."""
        return tuple(v for v in (True, False, 0, 1, 1.5, "", "off", "100", -(10**6), 10**30) if not self.fits(v))


class Car:
    """vehicle.yml, read with nothing but yaml."""

    def __init__(self, project: Path) -> None:
        content = yaml.safe_load((project / "vehicle.yml").read_text(encoding="utf-8"))
        self.seats: tuple[Seat, ...] = tuple(content["zones"])
        self.groups: dict[str, frozenset[Seat]] = {
            name: frozenset(group["seats"]) for name, group in content["zone_groups"].items()
        }
        self.signals = content["signals"]
        self.intents = {name: rule for name, rule in content["intents"].items() if isinstance(rule, list)}
        self.entities: dict[str, str] = content["entities"]
        self.parts: dict[str, Part] = {}
        for name, signal in self.signals.items():
            for path, seats in self.paths_of(name).items():
                self.parts[path] = _part(name, signal, path, seats)

    def paths_of(self, signal: str) -> dict[str, frozenset[Seat]]:
        """Every path of a signal with its seats."""
        entry = self.signals[signal]
        found: dict[str, frozenset[Seat]] = {}
        for seat, where in entry.get("zones", {}).items():
            path = entry["path"].replace("{zone}", where)
            found[path] = found.get(path, frozenset()) | {seat}
        return found or {entry["path"]: frozenset()}

    def seats_of(self, zones: str | Sequence[str]) -> frozenset[Seat]:
        """The seats of zones and zone groups."""
        names = [zones] if isinstance(zones, str) else zones
        return frozenset(seat for name in names for seat in self.groups.get(name, {name}))

    @property
    def actuators(self) -> list[Part]:
        """What can be set."""
        return [part for part in self.parts.values() if part.actuator]


def _part(name: str, signal: Mapping[str, object], path: str, seats: frozenset[Seat]) -> Part:
    kind = str(signal["type"])
    bits = int(re.sub(r"\D", "", kind) or 0)
    low, high = -math.inf, math.inf
    if bits:
        low, high = (0.0, 2.0**bits - 1) if kind[0] == "u" else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    initial = signal["initial"]
    if isinstance(initial, dict):
        initial = initial[min(seats)]
    assert isinstance(initial, (bool, int, float, str))
    words = signal.get("allowed", ())
    assert isinstance(words, (list, tuple))
    return Part(
        *(path, name, seats, signal.get("kind") != "sensor", kind),
        low=float(str(signal.get("min", low))),
        high=float(str(signal.get("max", high))),
        words=tuple(words),
        initial=initial,
    )


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison: is, not, in, above, below."""

    __test__ = False

    how: str
    operand: Value | tuple[Value, ...]

    def passes(self, value: Value) -> bool:
        """Whether a value passes. No number is a truth value."""
        if self.how in ("above", "below"):
            assert isinstance(self.operand, (int, float))
            if isinstance(value, str):
                return True
            return value > self.operand if self.how == "above" else value < self.operand
        among = self.operand if isinstance(self.operand, tuple) else (self.operand,)
        found = any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in among)
        return found != (self.how == "not")


def is_(value: Value) -> Test:
    """The value itself."""
    return Test("is", value)


def above(value: float) -> Test:
    """More than that."""
    return Test("above", value)


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A test of what the car last said at a path."""

    path: str
    test: Test


@dataclass(frozen=True, eq=False, slots=True)
class Hazard:
    """Holds when any of its circumstances does. Compared by identity, so that situations can remember it."""

    any: tuple[Circumstance, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a signal."""

    value: Value | None
    """None: it was never seen."""
    age: float = 0.0

    def __str__(self) -> str:
        return "never seen" if self.value is None else f"{self.value!r} ({self.age:g} s old)"


NEVER = Reading(None, math.inf)


class Situation:
    """What is known of every watched signal, and what the actuators stand at."""

    def __init__(self, readings: Mapping[str, Reading], stale_after: float, matter: Iterable[str] = ()) -> None:
        self.readings = readings
        self._matter = frozenset(matter) or frozenset(readings)
        self._stale_after = stale_after
        self._known: dict[Hazard, bool] = {}

    def holds(self, hazard: Hazard) -> bool:
        """Whether a hazard is there, or can't be ruled out."""
        known = self._known.get(hazard)
        if known is None:
            known = self._known[hazard] = any(map(self._met, hazard.any))
        return known

    def _met(self, circumstance: Circumstance) -> bool:
        reading = self.readings.get(circumstance.path, NEVER)
        if reading.value is None or reading.age > self._stale_after:
            return True
        return circumstance.test.passes(reading.value)

    def state(self, base: Mapping[str, Value], now: float) -> VehicleState:
        """The same as the product keeps it."""
        state = VehicleState()
        for path, value in base.items():
            state.put(path, value, now)
        for path, reading in self.readings.items():
            if reading.value is not None:
                state.put(path, reading.value, now - reading.age)
        return state

    def __str__(self) -> str:
        return ", ".join(f"{path} is {self.readings[path]}" for path in sorted(self._matter))


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule of safety.yml at one path."""

    kind: Kind
    reason: str
    asked_from: frozenset[Seat] | None
    value: Test | None
    when: tuple[Hazard, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be done with a command, and the responses that say why: of a refusal the first rule's."""

    kind: Kind
    reasons: frozenset[str] = frozenset()


UNKNOWN = Judgement("refuse", frozenset({"utter_refuse_unknown"}))
ALLOWED = Judgement("allow")


class Rules:
    """safety.yml, read with nothing but yaml; unknown and too old count as holding."""

    def __init__(self, project: Path, car: Car) -> None:
        content = yaml.safe_load((project / "safety.yml").read_text(encoding="utf-8"))
        self._car = car
        self.stale_after: float = content["stale_after"]
        self._states = content["states"]
        self.written: dict[str, list[Mapping[str, object]]] = content["signals"]
        self._hazards: dict[tuple[str, frozenset[Seat]], Hazard] = {}
        self._at: dict[str, tuple[Ruling, ...]] = {
            path: tuple(self._rulings(rules, seats))
            for name, rules in self.written.items()
            for path, seats in car.paths_of(name).items()
        }
        self.watched = {
            path for state in self._states.values() for c in state["any"] for path in car.paths_of(c["signal"])
        }

    def _rulings(self, rules: Sequence[Mapping[str, object]], seats: frozenset[Seat]) -> Iterator[Ruling]:
        for rule in rules:
            zone, asked_from, when = rule.get("zone"), rule.get("from"), rule.get("when", [])
            if zone and not self._car.seats_of(zone) & seats:  # type: ignore[arg-type]
                continue
            names = [when] if isinstance(when, str) else when
            yield Ruling(
                kind="refuse" if "refuse" in rule else "confirm",
                reason=str(rule.get("refuse") or rule.get("confirm")),
                asked_from=self._car.seats_of(asked_from) if asked_from else None,  # type: ignore[arg-type]
                value=_test(rule["value"]) if "value" in rule else None,  # type: ignore[arg-type]
                when=tuple(self._hazard(name, seats) for name in names),  # type: ignore[attr-defined]
            )

    def _hazard(self, name: str, seats: frozenset[Seat]) -> Hazard:
        if (name, seats) not in self._hazards:
            circumstances = []
            for condition in self._states[name]["any"]:
                paths = self._car.paths_of(condition["signal"])
                own = [path for path, where in paths.items() if where & seats] or list(paths)
                test = _test({key: value for key, value in condition.items() if key != "signal"})
                circumstances += [Circumstance(path, test) for path in own]
            self._hazards[name, seats] = Hazard(tuple(circumstances))
        return self._hazards[name, seats]

    def judge(self, path: str, value: Value, seat: Seat, situation: Situation) -> Judgement:
        """What may be done."""
        part, rulings = self._car.parts.get(path), self._at.get(path)
        if part is None or not part.actuator or rulings is None or seat not in self._car.seats:
            return UNKNOWN
        fitting = [
            ruling
            for ruling in rulings
            if (ruling.asked_from is None or seat in ruling.asked_from)
            and (ruling.value is None or ruling.value.passes(value))
            and all(map(situation.holds, ruling.when))
        ]
        if refusal := next((ruling for ruling in fitting if ruling.kind == "refuse"), None):
            return Judgement("refuse", frozenset({refusal.reason}))
        if asked := frozenset(ruling.reason for ruling in fitting):
            return Judgement("confirm", asked)
        return ALLOWED

    def looks_at(self, path: str) -> Iterator[Circumstance]:
        """What the rules of a path ask about the car."""
        for ruling in self._at.get(path, ()):
            for hazard in ruling.when:
                yield from hazard.any


def _test(written: Mapping[str, object]) -> Test:
    ((how, operand),) = written.items()
    if isinstance(operand, list):
        return Test(how, tuple(operand))
    assert isinstance(operand, (bool, int, float, str))
    return Test(how, operand)
