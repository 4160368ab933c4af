"""Asks for everything, from every seat, in every state of the car, and looks at what gets through.

Two gates are tried: `Dialogue.decide` with understood clauses (and the yes, the undo, 再高一点 that may follow),
and `Gateway.admit` with forged JSON. Each outcome is compared with two judges that share no code with
`vehicle.safety`: `Rules`, a plain second reading of safety.yml and vehicle.yml, and `PROHIBITIONS`, written by hand
in VSS paths, which checks the file itself. `GAPS` are prohibitions that the shipped file does not have (yet): they
are counted, not held.

What is covered. For each actuator path the *full* product of the readings of every signal that its own rules or
prohibitions look at: for each such signal its parked value, just below, at and just above every threshold, every
enumerated value, never seen, and too old (with a harmless value, fresh ones being as old as may be). A clause that
moves several actuators gets the product over all of their signals, up to LARGEST situations, beyond that a random
sample of so many; so does an undo. All other watched signals take random readings, others in each situation. What
nothing forbids is tried in BACKDROPS such random situations, and undone in LIGHT ones; requests that resolve to the
same commands as another of the same intent, or to none, are tried in LIGHT situations. Longer dialogues are random
walks. All is seeded.

    python -m tests.vehicle.exhaustive              every situation, some minutes
    python -m tests.vehicle.exhaustive --share 20   one in twenty
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import math
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import yaml
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.dialogue.playbook.flow import Playbook
from cockpit_assistant.dialogue.policy import ANSWER_WITHIN, Dialogue
from cockpit_assistant.dialogue.tracker import Tracker
from cockpit_assistant.dialogue.wording import Wording
from cockpit_assistant.events import (
    Clause,
    Command,
    CommandConfirmed,
    CommandSent,
    Decision,
    Entity,
    Route,
    Say,
    Seat,
    Understanding,
    Value,
)
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.gateway import Gateway
from cockpit_assistant.vehicle.mapping import Resolution, resolve
from cockpit_assistant.vehicle.messages import MalformedError
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.state import VehicleState

LARGEST = 3_000
"""Situations for a clause that moves several actuators."""

BACKDROPS = 30
"""Situations for what no rule looks at the car for."""

LIGHT = 2
"""Situations for requests that come to what another request comes to."""

FEWEST = 6
"""Situations that even the smallest share takes, for what rules look at the car for."""

SAMPLED = 10
"""If fewer than one in so many situations is tried, then a sample of the requests as well; of those that rules are
about, if fewer than one in ten times as many.
"""

WALKS = 20_000
"""Random dialogues."""

NOW = 1000.0
"""Stage time of every first decision."""

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

NOWHERE: tuple[Seat, ...] = ("boot", "front")
"""Zones that a request may claim to come from and that are no seat."""

SENT_FOR_GOOD = ("Vehicle.Private.Infotainment.Phone.Message",)
"""What can't be taken back: left out where everything is undone, and looked at on its own."""

LANGUAGES = ("zh", "en")

YES = (Clause("好", "affirm", 1.0),)
UNDO = (Clause("撤销", "undo", 1.0),)

FOLLOW_UPS = (*("also_there", "correct", "deny", "less", "more", "switch_back_off", "switch_back_on", "undo"),)
"""What may be said about what was said before."""

Kind = Literal["allow", "confirm", "refuse"]


# --- the car and its rules, read a second time ------------------------------------------------------------------


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
    """What may be done with a command, and the responses that may say why."""

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
        for kind in ("refuse", "confirm"):
            if reasons := frozenset(ruling.reason for ruling in fitting if ruling.kind == kind):
                return Judgement("refuse" if kind == "refuse" else "confirm", reasons)
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


# --- what no safety.yml may allow -------------------------------------------------------------------------------

SPEED = "Vehicle.Speed"
IS_MOVING = "Vehicle.IsMoving"
GEAR = "Vehicle.Powertrain.Transmission.SelectedGear"
OCCUPANCY = "Vehicle.Cabin.Seat.Row1.PassengerSide.OccupancyStatus"

_ROLLING = (Circumstance(SPEED, above(5)), Circumstance(IS_MOVING, is_(True)))
MOVING = Hazard(_ROLLING)
"""Faster than a walk, or the car says that it moves."""
IN_GEAR = Hazard((*_ROLLING, Circumstance(GEAR, Test("not", 126))))
REVERSING = Hazard((Circumstance(GEAR, is_(-1)),))
DARK = Hazard((Circumstance("Vehicle.Exterior.LightIntensity", Test("below", 10)),))
POURING = Hazard((Circumstance("Vehicle.Body.Raindetection.Intensity", above(50)),))
RAINING = Hazard((Circumstance("Vehicle.Body.Raindetection.Intensity", above(10)),))
RACING = Hazard((Circumstance(SPEED, above(120)),))
WINDOWS_LOCKED = Hazard((Circumstance("Vehicle.Cabin.IsWindowChildLockEngaged", is_(True)),))
TAKEN = Hazard((Circumstance(OCCUPANCY, Test("not", "EMPTY")),))

ALL = frozenset({"driver", "passenger", "rear_left", "rear_right"})
REAR = frozenset({"rear_left", "rear_right"})
GUESTS = ALL - {"driver"}
DRIVER = frozenset({"driver"})

_SEAT = r"Vehicle\.Cabin\.Seat\.Row1\.DriverSide\."
_ITS_MEMORY = r"Vehicle\.Private\.Cabin\.Seat\.Row1\.DriverSide\."
_GUEST_SEAT = r"Vehicle\.(Private\.)?Cabin\.Seat\.Row1\.PassengerSide\."
_MIRROR = r"Vehicle\.Body\.Mirrors\.\w+\."
_SCREEN = r"Vehicle\.Private\.Infotainment\.Screen\."
_LIGHTS = r"Vehicle\.Body\.Lights\."
_DOOR = r"Vehicle\.Cabin\.Door\."
_UNFIT = ("NAP", "CAMPING", "PET", "CAR_WASH", "CINEMA", "PARKED")


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Something that must not happen, whatever the rule file says."""

    name: str
    paths: str
    """A regular expression of VSS paths."""
    value: Test | None = None
    when: tuple[Hazard, ...] = ()
    """All of them hold."""
    asked_from: frozenset[Seat] = ALL
    asked_first: bool = False
    """It may happen after a spoken yes; the gateway lets it through."""

    def forbids(self, value: Value, seat: Seat, situation: Situation) -> bool:
        """Whether this is it."""
        return (
            seat in self.asked_from
            and (self.value is None or self.value.passes(value))
            and all(map(situation.holds, self.when))
        )


PROHIBITIONS = (
    Prohibition("a door opens while moving or in gear", _DOOR + r"\w+\.\w+\.Position", above(0), (IN_GEAR,)),
    Prohibition("a door is unlocked while moving", _DOOR + r".*\.IsLocked", is_(False), (MOVING,)),
    Prohibition("the tailgate opens while moving or in gear", r".*Trunk\.Rear\.Position", above(0), (IN_GEAR,)),
    Prohibition("the charge port opens while moving or in gear", r".*IsFlapOpen", is_(True), (IN_GEAR,)),
    Prohibition("charging begins while moving or in gear", r".*StartStopCharging", is_("START"), (IN_GEAR,)),
    Prohibition("low beam off in the dark while moving", _LIGHTS + r"Beam\.Low\.IsOn", is_(False), (DARK, MOVING)),
    Prohibition("light switch off in the dark while moving", _LIGHTS + "LightSwitch", is_("OFF"), (DARK, MOVING)),
    Prohibition("position lights off in the dark", _LIGHTS + r"Parking\.IsOn", is_(False), (DARK, MOVING)),
    Prohibition(
        "wipers off in pouring rain", r".*Windshield\.Front\.Wiping\.Mode", is_("OFF"), (POURING, MOVING)
    ),
    Prohibition("mirrors are folded while moving", _MIRROR + "IsFolded", is_(True), (MOVING,)),
    Prohibition("mirrors are turned while moving", _MIRROR + "(Tilt|Pan)", None, (MOVING,)),
    Prohibition("the driver's seat moves while moving", _SEAT + "(Position|Height)", None, (MOVING,)),
    Prohibition("the driver's backrest moves while moving", _SEAT + r"Backrest\.Recline", None, (MOVING,)),
    Prohibition("the driver's seat memory is recalled while moving", _ITS_MEMORY + "Memory.*", None, (MOVING,)),
    Prohibition("a passenger lies down while moving", _GUEST_SEAT + r"Backrest\.Recline", above(45), (MOVING,)),
    Prohibition("instruments go dark while moving or in gear", _SCREEN + r"Cluster\.IsOn", is_(False), (IN_GEAR,)),
    Prohibition("a video for the driver", r".*\.Video\.Title", Test("not", ""), (IN_GEAR,), DRIVER),
    Prohibition("a nap at the wheel", r".*\.Cabin\.Scene", Test("in", _UNFIT), (IN_GEAR,), DRIVER),
    Prohibition("guests at the lights", _LIGHTS + "(Beam|Fog|Parking|LightSwitch).*", asked_from=GUESTS),
    Prohibition("rear seats at the hazard lights", _LIGHTS + "Hazard.*", asked_from=REAR),
    Prohibition("guests at the front wipers", r".*Windshield\.Front\.W.*", asked_from=GUESTS),
    Prohibition("guests at the mirrors", _MIRROR + "(IsFolded|Tilt|Pan)", asked_from=GUESTS),
    Prohibition(
        "guests at the driver's seat",
        f"{_SEAT}(Position|Height|Backrest.*)|{_ITS_MEMORY}(Memory|LegRest).*",
        asked_from=GUESTS,
    ),
    Prohibition("rear seats at the front passenger's seat", _GUEST_SEAT + "(Pos|Hei|Mem).*", asked_from=REAR),
    Prohibition("guests at the drive mode", r".*\.PerformanceMode", asked_from=GUESTS),
    Prohibition("guests at the driver's displays", rf"{_SCREEN}Cluster\.IsOn|.*\.HUD\.IsOn", asked_from=GUESTS),
    Prohibition("guests at the steering wheel", r"Vehicle\.Chassis\.SteeringWheel\..*", asked_from=GUESTS),
    Prohibition("rear seats at the centre screen", _SCREEN + "Centre.*", asked_from=REAR),
    Prohibition("rear seats at the tailgate", r".*Trunk\.Rear\.Position", above(0), asked_from=REAR),
    Prohibition("rear seats at the front doors", _DOOR + r"Row1\.\w+\.Position", above(0), asked_from=REAR),
    Prohibition("a locked-in child at a rear window", _DOOR + r"Row2.*Window.*", None, (WINDOWS_LOCKED,), REAR),
    *(
        Prohibition(f"a locked-in child {deed} {side}", rf"{_DOOR}Row2\.{side}\.{what}", value, (locked,), REAR)
        for side in ("DriverSide", "PassengerSide")
        for locked in [Hazard((Circumstance(f"Vehicle.Cabin.Door.Row2.{side}.IsChildLockActive", is_(True)),))]
        for deed, what, value in [("opens", "Position", above(0)), ("unlocks", "IsLocked", is_(False))]
    ),
    Prohibition("the sunroof opens in the rain unasked", r".*Sunroof\.(Switch)", is_("ONE_SHOT_OPEN"), (RAINING,),
                asked_first=True),
    Prohibition("the sunroof opens at high speed unasked", r".*Sunroof\.Target.*", above(0), (RACING,),
                asked_first=True),
    Prohibition("the driver moves somebody unasked", _GUEST_SEAT + "Position", None, (TAKEN,), DRIVER, True),
    Prohibition("a message is sent unasked", r".*\.Phone\.Message", Test("not", ""), asked_first=True),
    Prohibition("help is called unasked", r".*\.Phone\.Callee", is_("emergency"), asked_first=True),
    Prohibition("another light position in the dark", _LIGHTS + "LightSwitch",
                Test("in", ("POSITION", "DAYTIME_RUNNING_LIGHTS")), (DARK, MOVING)),
    Prohibition("a video that the front passenger starts", r".*\.Video\.Title", Test("not", ""),
                (IN_GEAR,), frozenset({"passenger"})),
    Prohibition("a scene of the parked car, started by the front passenger", r".*\.Cabin\.Scene",
                Test("in", ("CAMPING", "PET", "CAR_WASH", "CINEMA", "PARKED", "NAP")), (IN_GEAR,), GUESTS),
    Prohibition("the camera is hidden while reversing", r".*\.Camera\.IsShown", is_(False), (REVERSING,)),
    Prohibition("the centre screen goes dark while reversing", _SCREEN + "Centre.*", is_(False), (REVERSING,)),
    Prohibition("the driver's leg rest rises while moving", _ITS_MEMORY + "LegRest.*", above(0), (MOVING,)),
    Prohibition("a locked-in child at a front window", _DOOR + r"Row1.*Window.*", None, (WINDOWS_LOCKED,), REAR),
    Prohibition("a locked-in child opens the sunroof", r".*Sunroof\.Switch",
                Test("in", ("OPEN", "ONE_SHOT_OPEN", "TILT_UP")), (WINDOWS_LOCKED,), REAR),
    Prohibition("rear seats unlock the front doors", _DOOR + r"Row1\.\w+\.IsLocked", is_(False), (), REAR),
    Prohibition("a guest switches the hazard lights off", _LIGHTS + "Hazard.*", is_(False), (), GUESTS),
    Prohibition("front defrost off, by the front passenger while moving", r".*\.IsFrontDefrosterActive",
                is_(False), (MOVING,), GUESTS),
    Prohibition("the driver moves somebody by height, backrest or memory unasked",
                _GUEST_SEAT + r"(Height|Backrest\.Recline|Memory\.Recalled)", None, (TAKEN,), DRIVER, True),
    Prohibition("an emergency number is dialled unasked", r".*\.Phone\.Callee",
                Test("in", ("110", "112", "119", "120", "911")), asked_first=True),
)  # fmt: skip

GAPS: tuple[Prohibition, ...] = ()
"""What is dangerous too and what the shipped rules let through; proposals, to be moved up once they are rules."""


# --- situations -------------------------------------------------------------------------------------------------


class World:
    """A project's car with every situation it can be in."""

    def __init__(self, project: Path, seed: int = 1, gaps: Sequence[Prohibition] = GAPS) -> None:
        self.car = Car(project)
        self.rules = Rules(project, self.car)
        self.random = random.Random(seed)
        self._known = (*PROHIBITIONS, *gaps)
        self._gaps = gaps
        everything = [c for path in self.car.parts for c in self.looks_at(path)]
        self.watched = self._readings(everything)

    def prohibitions(self, path: str) -> tuple[Prohibition, ...]:
        """What the hand-written table says of a path."""
        return self._matching(path, PROHIBITIONS)

    def gaps(self, path: str) -> tuple[Prohibition, ...]:
        """What the list of proposals says of a path."""
        return self._matching(path, tuple(self._gaps))

    @staticmethod
    @cache
    def _matching(path: str, table: tuple[Prohibition, ...]) -> tuple[Prohibition, ...]:
        return tuple(entry for entry in table if re.fullmatch(entry.paths, path))

    def looks_at(self, path: str) -> list[Circumstance]:
        """Everything about the car that matters for setting a path."""
        written = [c for entry in self._matching(path, self._known) for hazard in entry.when for c in hazard.any]
        return [*self.rules.looks_at(path), *written]

    def _readings(self, circumstances: Iterable[Circumstance]) -> dict[str, tuple[Reading, ...]]:
        """What is to be tried for each signal that is looked at."""
        tests: dict[str, list[Test]] = defaultdict(list)
        for circumstance in circumstances:
            tests[circumstance.path].append(circumstance.test)
        return {path: tuple(self._tried(self.car.parts[path], tests[path])) for path in sorted(tests)}

    def _tried(self, part: Part, tests: Iterable[Test]) -> Iterator[Reading]:
        yield NEVER
        yield Reading(part.initial, self.rules.stale_after + 0.01)
        values: dict[str, Value] = {repr(part.initial): part.initial}
        for test in tests:
            operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
            for operand in operands:
                for value in _around(part, operand):
                    if part.fits(value):
                        values.setdefault(repr(value), value)
        for value in values.values():
            yield Reading(value, self.rules.stale_after)

    def situations(self, paths: Iterable[str], share: float, most: int) -> Iterator[Situation]:
        """The states of the car that matter for setting some paths: all of them, or a sample.

        Args:
            paths: what is to be set.
            share: which part of the situations to take, though no fewer than FEWEST.
            most: how many at most.
        """
        dims = self._readings([c for path in paths for c in self.looks_at(path)])
        size = math.prod(map(len, dims.values())) if dims else BACKDROPS
        count = min(size, max(FEWEST if dims else 1, math.ceil(min(size, most) * share)))
        for index in range(size) if count == size else self.random.sample(range(size), count):
            readings = {path: self._old(self.random.choice(tried)) for path, tried in self.watched.items()}
            for path, tried in dims.items():
                index, which = divmod(index, len(tried))
                readings[path] = self._old(tried[which])
            yield Situation(readings, self.rules.stale_after, dims)

    @cached_property
    def parked(self) -> Situation:
        """The car as it is delivered, and everything about it known."""
        readings = {path: Reading(self.car.parts[path].initial) for path in self.watched}
        return Situation(readings, self.rules.stale_after)

    @cached_property
    def unknown(self) -> Situation:
        """A car that has never said a word."""
        return Situation(dict.fromkeys(self.watched, NEVER), self.rules.stale_after)

    def any_situation(self) -> Situation:
        """One at random."""
        readings = {path: self._old(self.random.choice(tried)) for path, tried in self.watched.items()}
        return Situation(readings, self.rules.stale_after)

    def _old(self, reading: Reading) -> Reading:
        """Too old is a hair too old, or much."""
        stale = self.rules.stale_after < reading.age < math.inf
        return Reading(reading.value, 10.0) if stale and self.random.random() < 0.5 else reading

    @cached_property
    def bases(self) -> tuple[dict[str, Value], ...]:
        """What the actuators may stand at: as the car is delivered, all at one end, all at the other."""
        initial = {path: part.initial for path, part in self.car.parts.items() if path not in self.watched}
        ends = [{path: self.car.parts[path].ends[end] for path in initial} for end in (0, 1)]
        return initial, *ends


def _around(part: Part, operand: Value) -> tuple[Value, ...]:
    if part.type == "boolean":
        return False, True
    if isinstance(operand, str):
        return part.words
    return (
        (int(operand) - 1, int(operand), int(operand) + 1)
        if part.whole
        else (*(operand - 0.01, float(operand), operand + 0.01),)
    )


# --- what people may say ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """An intent with entities."""

    intent: str
    entities: tuple[tuple[str, Value], ...] = ()

    @property
    def clause(self) -> Clause:
        """As the interpreter would hand it on."""
        entities = tuple(Entity(name, value, 0, 0, str(value)) for name, value in self.entities)
        return Clause(self.intent, self.intent, 1.0, entities)

    def __str__(self) -> str:
        return f"{self.intent}({', '.join(f'{name}={value!r}' for name, value in self.entities)})"


_SPELLED: dict[str, tuple[Value, ...]] = {
    "contact": ("妈妈", "emergency"),
    "phone_number": ("13800138000", "110", "112"),
    "time": ("07:30",),
    "message": ("我到了",),
}


def requests(world: World) -> list[Asked]:
    """Every intent with steps, with every relevant variation of what may be said with it."""
    return list(dict.fromkeys(asked for intent in world.car.intents for asked in _variations(world, intent)))


def _variations(world: World, intent: str) -> Iterator[Asked]:
    car, steps = world.car, world.car.intents[intent]
    said: dict[str, dict[str, Value]] = {}
    placed = any("zones" in car.signals[step["set"]] for step in steps)
    zone = next(name for name, kind in car.entities.items() if kind == "zone")
    for step in steps:
        target = step["to"] if isinstance(step["to"], dict) else {}
        for name in (*target.get("join", ()), *filter(None, [target.get("entity")])):
            for value in _values(car, name, step, target):
                said.setdefault(name, {})[repr(value)] = value
        for condition in (step.get("if", {}), step.get("unless", {})):
            listed = condition if isinstance(condition, dict) else {}
            names = [condition] if isinstance(condition, str) else condition
            placed = placed or zone in names
            for name in names:
                values = listed.get(name, [])
                for value in values if isinstance(values, list) else [values]:
                    said.setdefault(name, {})[repr(value)] = value
    said.pop(zone, None)
    choices = [[(), *(((name, value),) for value in values.values())] for name, values in said.items()]
    combined = list(itertools.product(*choices))
    if len(combined) > 64:
        alone = [c for c in combined if sum(map(bool, c)) < 2]
        combined = [*alone, *world.random.sample(combined, 24)]
    places = [(), *((z,) for z in (*car.seats, *car.groups, "speaker", "boot")), ("rear", "left")]
    places += [("driver", "passenger"), ("front", "rear")]
    for where in places if placed else [(), ("passenger",)]:
        for parts in combined:
            entities = tuple(pair for part in parts for pair in part)
            yield Asked(intent, (*entities, *((zone, z) for z in where)))
    for name, values in said.items():
        several = list(values.values())
        if placed and len(several) > 2:  # driver 22, passenger 24
            for one, other in itertools.permutations((several[0], several[len(several) // 2], several[-1]), 2):
                yield Asked(intent, ((zone, "driver"), (name, one), (zone, "passenger"), (name, other)))


def _values(car: Car, name: str, step: Mapping[str, str], target: Mapping[str, object]) -> Iterator[Value]:
    kind, part = car.entities[name], car.parts[next(iter(car.paths_of(step["set"])))]
    listed = target.get("values", {})
    assert isinstance(listed, dict)
    yield from listed
    levels = target.get("levels") or car.signals[step["set"]].get("levels")
    if kind in ("number", "percent", "duration"):
        yield from ("max", "min")
        if levels:
            assert isinstance(levels, list)
            yield from (1, 2, len(levels), len(levels) + 1)
        elif kind == "percent":
            yield from (0, 1, 50, 100, 101)
        else:
            numbers = [v for v in part.values if not isinstance(v, str)]
            yield from (numbers[0], numbers[len(numbers) // 2], numbers[-1], numbers[-1] + 1)
    elif not listed:
        yield from _SPELLED.get(name, ("something",))


# --- the trial --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """How many decisions were made, and what should not have happened."""

    decisions: Counter[str] = field(default_factory=Counter)
    """By what was tried."""
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    """How often, by what went wrong."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first of each."""
    gaps: Counter[str] = field(default_factory=Counter)
    """Commands that were let through and that the proposals would stop."""
    gap_examples: dict[str, str] = field(default_factory=dict)

    def complain(self, wrong: str, what: str) -> None:
        """Note a violation."""
        self.violations[wrong] += 1
        self.examples.setdefault(wrong, what)

    def __str__(self) -> str:
        return "\n".join(f"{count} x {wrong}: {self.examples[wrong]}" for wrong, count in self.violations.items())


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision to be judged."""

    asked: str
    seat: Seat
    situation: Situation

    def __str__(self) -> str:
        return f"{self.asked} from {self.seat} when {self.situation}"


@cache
def playbook() -> Playbook:
    """How conversations go in the shipped project. Other rules of safety don't change that."""
    return Playbook.load(shipped("nlu_data"))


Ticker = Callable[[str, int, int], None]
"""Told what is being tried, how much of it is done, and how much there is."""


def _silent(what: str, done: int, total: int) -> None:
    pass


class Trial:
    """Tries a project's two gates, and judges by the same or another project's rules."""

    def __init__(self, project: Path, judged_by: Path | None = None, *, share: float = 1.0, seed: int = 1) -> None:
        """Set up.

        Args:
            project: the project that decides.
            judged_by: the project whose safety.yml is right.
            share: which part of all situations is tried, 0..1.
            seed: of everything drawn at random.
        """
        self.world = World(judged_by or project, seed)
        self.report = Report()
        self._share = share
        self._random = random.Random(seed)
        self._model = VehicleModel.load(project)
        self._safety = Safety.load(project, self._model)
        domain = Domain.load(project)
        self._wording = Wording(domain)
        self._dialogue = Dialogue(self._model, self._safety, self._wording, playbook(), lambda: NOON)
        self._gateway = Gateway(self._model, self._safety, lambda: NOON, itertools.count(0, 60).__next__)
        self._texts = {name: [v.text for v in variations] for name, variations in domain.responses.items()}
        self._heard: set[tuple[str, frozenset[str]]] = set()
        self._serial = itertools.count()

    # --- judging ---

    def _let_through(self, command: Command, turn: Turn, *, agreed: bool) -> None:
        """A command is on its way to the car: may it be?"""
        judgement = self.world.rules.judge(command.path, command.value, command.seat, turn.situation)
        what = f"{command.path} := {command.value!r} ({turn})"
        if command.seat != turn.seat:
            self.report.complain("a command names another speaker", what)
        if judgement.kind == "refuse":
            self.report.complain("refused by safety.yml, and let through", what)
        if judgement.kind == "confirm" and not agreed:
            self.report.complain("to be confirmed by safety.yml, and let through unasked", what)
        for entry in self.world.prohibitions(command.path):
            if not (agreed and entry.asked_first) and entry.forbids(command.value, command.seat, turn.situation):
                self.report.complain(f"prohibited: {entry.name}", what)
        for entry in self.world.gaps(command.path):
            if not (agreed and entry.asked_first) and entry.forbids(command.value, command.seat, turn.situation):
                self.report.gaps[entry.name] += 1
                self.report.gap_examples.setdefault(entry.name, what)

    def _has_words(self, say: Say, turn: Turn, *, told: bool = True) -> None:
        """What is said must have words, in every language, and something in each of their gaps.

        The gaps stay empty where `told` is false, since not all was said that is needed, or nobody sits there.
        """
        told = told and turn.seat in self.world.car.seats
        filled = frozenset(name for name, value in say.slots if value != "")
        if (say.response, filled) in self._heard:
            return
        if told:
            self._heard.add((say.response, filled))
        for language in LANGUAGES:
            if not self._wording.of(say, language).strip():
                self.report.complain(f"no words in {language} for {say.response}", str(turn))
        for hole in {hole for text in self._texts.get(say.response, ()) for hole in re.findall(r"\{(\w+)\}", text)}:
            if told and hole not in filled:
                self.report.complain(f"nothing to put into {{{hole}}} of {say.response}", str(turn))

    # --- the gateway ---

    def gateway(self, parts: Sequence[Part] | None = None, tick: Ticker = _silent) -> None:
        """Forged requests for every actuator, value, zone and situation, and for what is no actuator."""
        chosen = self.world.car.actuators if parts is None else parts
        for done, part in enumerate(chosen):
            tick("gateway", done, len(chosen))
            seats = (*self.world.car.seats, *NOWHERE)
            requests_ = [(v, s, _forged(v, s)) for v in (*part.values, *part.misfits) for s in seats]
            for situation in self.world.situations([part.path], self._share, sys.maxsize):
                state = situation.state({}, NOW)
                for value, seat, payload in requests_:
                    self._admit(part.path, value, seat, payload, situation, state)
        if parts is None:
            self._no_actuators()

    def _admit(
        self, path: str, value: Value, seat: Seat, payload: bytes, situation: Situation, state: VehicleState
    ) -> None:
        self.report.decisions["gateway"] += 1
        admission = self._gateway.admit(path, payload % next(self._serial), state, NOW)
        part = self.world.car.parts.get(path)
        fits = part is not None and part.actuator and part.fits(value)
        judgement = self.world.rules.judge(path, value, seat, situation)
        accepted, reason = admission.ack.status == "accepted", admission.ack.reason
        turn = Turn(f"request {path} := {value!r}", seat, situation)
        self.report.outcomes[f"gateway: {admission.ack.status}"] += 1
        if accepted != (admission.command is not None):
            self.report.complain("an acknowledgement that says something else than is done", str(turn))
        if admission.command is not None:
            if not fits:
                self.report.complain("a value that doesn't fit was let through", str(turn))
            self._let_through(admission.command, turn, agreed=True)
        elif fits and judgement.kind != "refuse":
            self.report.complain("rejected without a rule", f"{turn}: {reason}")
        elif fits:
            if reason not in judgement.reasons:
                self.report.complain("rejected for another reason than the rules give", f"{turn}: {reason}")
            self._has_words(Say(reason, (("thing", "it"),)), turn)
        elif not reason:
            self.report.complain("rejected without a reason", str(turn))

    def _no_actuators(self) -> None:
        """Sensors, paths the car doesn't have, and requests that are none."""
        sensors = [part.path for part in self.world.car.parts.values() if not part.actuator]
        trunk = "Vehicle.Body.Trunk.Rear.Position"
        foreign = ["Vehicle.ADAS.CruiseControl.IsEnabled", "Vehicle", "", f"{trunk}.", trunk.lower(), f"{trunk}/#"]
        for path, seat in itertools.product((*sensors, *foreign), (*self.world.car.seats, *NOWHERE)):
            situation = self.world.any_situation()
            state = situation.state({}, NOW)
            for value in (0, 1, 126, 0.0, True, False, "", "EMPTY"):
                self._admit(path, value, seat, _forged(value, seat), situation, state)
        situation = self.world.any_situation()
        for broken in (None, [0], {"on": 1}, math.nan, math.inf):
            self._malformed(trunk, broken, "driver", situation)
        for zone in ("", "driver ", "dri/ver", "驾", "#", None, 1, ["driver"]):
            self._malformed(trunk, 0, zone, situation)

    def _malformed(self, path: str, value: object, zone: object, situation: Situation) -> None:
        self.report.decisions["gateway"] += 1
        try:
            payload = _forged(value, zone) % next(self._serial)
            admission = self._gateway.admit(path, payload, situation.state({}, NOW), NOW)
        except MalformedError:
            self.report.outcomes["gateway: malformed"] += 1
            return
        if admission.command is not None:
            self.report.complain("a malformed request was let through", f"{value!r} from {zone!r}")

    # --- the dialogue ---

    def requests(self, *signals: str) -> list[Asked]:
        """What may be said to set some signals, and little else: no scenes."""
        sets = {intent: {step["set"] for step in steps} for intent, steps in self.world.car.intents.items()}
        return [r for r in requests(self.world) if sets[r.intent] & set(signals) and len(sets[r.intent]) < 4]

    def dialogue(self, asked: Sequence[Asked] | None = None, tick: Ticker = _silent) -> None:
        """Every request from every seat in every situation; yes to what is asked back."""
        groups: dict[frozenset[str], list[tuple[Asked, Seat, int, bool]]] = defaultdict(list)
        seen: set[tuple[object, ...]] = set()
        for request, seat, base in self._openings(asked, (*self.world.car.seats, "boot"), relative_only=True):
            wanted = _wanted(self._resolved(request, seat, base).commands)
            light = not wanted or (request.intent, seat, base, wanted) in seen
            seen.add((request.intent, seat, base, wanted))
            groups[frozenset(path for path, _ in wanted)].append((request, seat, base, light))
        for done, (paths, members) in enumerate(groups.items()):
            tick("dialogue", done, len(groups))
            for number, situation in enumerate(self.world.situations(paths, self._share, LARGEST)):
                states = [situation.state(base, NOW) for base in self.world.bases]
                for request, seat, base, light in members:
                    if not light or number + self._random.random() < LIGHT * self._share:
                        self._ask(request, seat, base, situation, states[base])

    def _openings(
        self, asked: Sequence[Asked] | None, seats: Sequence[Seat], *, relative_only: bool
    ) -> Iterator[tuple[Asked, Seat, int]]:
        """Who asks what, with the actuators at which base; at others than the first only where that matters.

        A small share of all situations takes a sample of the requests, too, above all where nothing is forbidden.
        """
        free = {name for name, rules in self.world.rules.written.items() if not rules}
        for request in requests(self.world) if asked is None else asked:
            sets = {step["set"] for step in self.world.car.intents[request.intent]}
            sampled = SAMPLED if sets <= free else 10 * SAMPLED
            if asked is None and self._random.random() > sampled * self._share:
                continue
            relative = any("change" in str(step["to"]) for step in self.world.car.intents[request.intent])
            for seat, base in itertools.product(seats, range(1 if relative_only and not relative else 3)):
                yield request, seat, base

    def _resolved(self, asked: Asked, seat: Seat, base: int) -> Resolution:
        return self._resolutions(asked, seat, base)

    @cached_property
    def _resolutions(self) -> Callable[[Asked, Seat, int], Resolution]:
        """What a request comes to. It depends on the actuators, never on a signal that safety watches."""
        states = [self.world.parked.state(base, NOW) for base in self.world.bases]
        return cache(lambda asked, seat, base: resolve(asked.clause, seat, "zh", self._model, states[base]))

    def _decide(
        self,
        kind: str,
        clauses: tuple[Clause, ...],
        seat: Seat,
        state: VehicleState,
        now: float = NOW,
        text: str = "…",
    ) -> Decision:
        self.report.decisions[kind] += 1
        decision = self._dialogue.decide(Understanding(text, "zh", seat, clauses), state, now)
        self.report.outcomes[f"dialogue: {decision.route.value}"] += 1
        return decision

    def _begin(self, after: Tracker | None = None) -> None:
        """A new dialogue, or one that goes on after another, which stays as it is."""
        book = playbook()
        shared: dict[int, object] = {id(part): part for part in (book, book.domain, book.policies)}
        self._dialogue.tracker = copy.deepcopy(after, shared) if after else Tracker(book)

    def _ask(self, asked: Asked, seat: Seat, base: int, situation: Situation, state: VehicleState) -> None:
        self._begin()
        decision = self._decide("dialogue", (asked.clause,), seat, state)
        wanted = self._resolved(asked, seat, base).commands
        self._compare(decision, wanted, Turn(str(asked), seat, situation), base)

    def _compare(self, decision: Decision, wanted: tuple[Command, ...], turn: Turn, base: int) -> None:
        """One task: it leaves as a whole, is asked about as a whole, or not at all, just as the rules say."""
        for command in decision.commands:
            self._let_through(command, turn, agreed=False)
        judged = [self.world.rules.judge(c.path, c.value, c.seat, turn.situation) for c in wanted]
        kinds = {judgement.kind for judgement in judged}
        reasons = frozenset(reason for j in judged for reason in j.reasons if j.kind == max(kinds, key=_strictness))
        if decision.route in (Route.REFUSE, Route.CONFIRM):
            if not decision.say:
                self.report.complain("nothing is said", str(turn))
            for say in decision.say:
                self._has_words(say, turn, told=bool(wanted))
        if "refuse" in kinds or "confirm" in kinds:
            expected = Route.REFUSE if "refuse" in kinds else Route.CONFIRM
            if decision.commands:
                self.report.complain("a part of what may not be was let through", str(turn))
            if decision.route is not expected or not {say.response for say in decision.say} <= reasons:
                self.report.complain("another answer than the rules give", f"{turn}: {decision.say}")
        elif decision.commands != wanted:
            self.report.complain("not what was asked for", f"{turn}: {decision.commands}")
        if "refuse" in kinds:
            if self._random.random() < 0.05:  # and there is nothing to say yes to
                parked = self.world.parked.state(self.world.bases[base], NOW)
                if self._decide("yes, after a refusal", YES, turn.seat, parked).commands:
                    self.report.complain("a yes counted after a refusal", str(turn))
        elif "confirm" in kinds:
            self._yes(wanted, turn, base)

    def _yes(self, asked: tuple[Command, ...], turn: Turn, base: int) -> None:
        """The yes: in time, from elsewhere, twice, after a no, too late, and when the car is no longer the same."""
        pending = self._dialogue.tracker
        state = turn.situation.state(self.world.bases[base], NOW)
        for other in (*self.world.car.seats, "boot"):
            if other != turn.seat:
                self._begin(pending)
                if self._decide("yes, from another seat", YES, other, state).commands:
                    self.report.complain("somebody else's yes counted", f"{turn}: {other}")
        self._agree("yes", pending, asked, turn, NOW)
        if self._decide("yes, twice", YES, turn.seat, state).commands:
            self.report.complain("a second yes counted", str(turn))
        self._begin(pending)
        self._decide("no, then yes", (Clause("不", "deny", 1.0),), turn.seat, state)
        if self._decide("no, then yes", YES, turn.seat, state).commands:
            self.report.complain("a yes counted after a no", str(turn))
        late = NOW + ANSWER_WITHIN + 0.01
        self._begin(pending)
        later = turn.situation.state(self.world.bases[base], late)
        if self._decide("yes, too late", YES, turn.seat, later, late).commands:
            self.report.complain("a yes counted that came too late", str(turn))
        changed = next(self.world.situations([command.path for command in asked], 1.0, 1))
        for situation in (changed, self.world.unknown):
            then = Turn(turn.asked, turn.seat, situation)
            self._agree("yes, in another state", pending, asked, then, NOW + 5)

    def _agree(self, kind: str, pending: Tracker, asked: tuple[Command, ...], turn: Turn, now: float) -> None:
        """A yes while the car is as `turn` has it."""
        self._begin(pending)
        decision = self._decide(kind, YES, turn.seat, turn.situation.state(self.world.bases[0], now), now)
        for command in decision.commands:
            self._let_through(command, turn, agreed=True)
        judged = [self.world.rules.judge(c.path, c.value, c.seat, turn.situation) for c in asked]
        refused = any(judgement.kind == "refuse" for judgement in judged)
        asked_again = decision.route is Route.CONFIRM and any(judgement.kind == "confirm" for judgement in judged)
        if decision.commands != (() if refused or (asked_again and kind != "yes") else asked):
            self.report.complain("a yes did something else than was asked", f"{turn}: {decision.commands}")
        for say in decision.say if refused else ():
            self.report.outcomes["forbidden in the meantime"] += 1
            self._has_words(say, turn)

    # --- undo ---

    def undo(self, asked: Sequence[Asked] | None = None, tick: Ticker = _silent) -> None:
        """Taking back, in every situation, whatever was done while the car was parked."""
        groups: dict[frozenset[str], list[tuple[Tracker, tuple[Command, ...], Seat, int]]] = defaultdict(list)
        seen: set[tuple[object, ...]] = set()
        for request, seat, base in self._openings(asked, self.world.car.seats, relative_only=False):
            done_before = (seat, base, _wanted(self._resolved(request, seat, base).commands))
            if done_before in seen or self._random.random() > SAMPLED * self._share:
                continue
            seen.add(done_before)
            tracker = self._carried_out(request, seat, base)
            commands = self._would_do(tracker, UNDO, seat, base) if tracker else ()
            paths = frozenset(command.path for command in commands)
            if tracker and commands and (asked is not None or paths.isdisjoint(SENT_FOR_GOOD)):
                groups[paths].append((tracker, commands, seat, base))
        for done, (paths, members) in enumerate(groups.items()):
            tick("undo", done, len(groups))
            most = LARGEST if any(map(self.world.looks_at, paths)) else LIGHT
            for situation in self.world.situations(paths, self._share, most):
                states = [situation.state(base, NOW) for base in self.world.bases]
                for tracker, commands, seat, base in members:
                    self._take_back(tracker, commands, Turn("undo", seat, situation), base, states[base])

    def _take_back(
        self, tracker: Tracker, commands: tuple[Command, ...], turn: Turn, base: int, state: VehicleState
    ) -> None:
        self._begin(tracker)
        self._compare(self._decide("undo", UNDO, turn.seat, state), commands, turn, base)
        other = self._random.choice(self.world.car.seats)
        if other != turn.seat and self._random.random() < 0.2:
            self._begin(tracker)
            for command in self._decide("undo, from another seat", UNDO, other, state).commands:
                self._let_through(command, Turn("undo", other, turn.situation), agreed=False)

    def _carried_out(self, asked: Asked, seat: Seat, base: int) -> Tracker | None:
        """A dialogue in which a request was fulfilled by a parked car a moment ago; None if it can't be."""
        actuators = self.world.bases[base]
        then = NOW - 5
        state = self.world.parked.state(actuators, then)
        self._begin()
        decision = self._decide("dialogue", (asked.clause,), seat, state, then)
        if decision.route is Route.CONFIRM:
            decision = self._decide("yes", YES, seat, state, then)
        for command in decision.commands:
            self._dialogue.note(CommandSent("1", command))
        for command in decision.commands:
            self._dialogue.note(CommandConfirmed("1", command, actuators[command.path]))
        self._dialogue.report(state, NOW - 3)
        return self._dialogue.tracker if decision.commands else None

    def _would_do(
        self, tracker: Tracker, clauses: tuple[Clause, ...], seat: Seat, base: int
    ) -> tuple[Command, ...]:
        """What some words lead to in a parked car, with a yes where it asks; the tracker stays as it is."""
        state = self.world.parked.state(self.world.bases[base], NOW)
        self._begin(tracker)
        decision = self._dialogue.decide(Understanding("…", "zh", seat, clauses), state, NOW)
        if decision.route is Route.CONFIRM:
            decision = self._dialogue.decide(Understanding("好", "zh", seat, YES), state, NOW)
        return decision.commands

    # --- longer dialogues ---

    def walks(self, tick: Ticker = _silent) -> None:
        """Random dialogues: one or two clauses, answers, carrying on, yes and undo, as seats and situations change.

        Whatever leaves must be allowed then, or be what a yes was asked for.
        """
        known = requests(self.world)
        count = math.ceil(WALKS * self._share)
        for done in range(count):
            if done % 100 == 0:
                tick("walks", done, count)
            self._begin()
            now, seat = NOW, self._random.choice(self.world.car.seats)
            base = dict(self._random.choice(self.world.bases))
            asked: dict[Seat, tuple[float, tuple[Command, ...]]] = {}
            for _ in range(6):
                now += self._random.choice((0.5, 2.0, 20.0))
                if self._random.random() < 0.2:
                    seat = self._random.choice(self.world.car.seats)
                self._step(known, seat, base, now, asked)

    def _step(
        self,
        known: Sequence[Asked],
        seat: Seat,
        base: dict[str, Value],
        now: float,
        asked: dict[Seat, tuple[float, tuple[Command, ...]]],
    ) -> None:
        """One turn of a walk; `asked` has what each seat was asked about, and when."""
        said = self._random.choices(
            ("request", "two", "affirm", *FOLLOW_UPS), (30, 20, 25, *[4] * len(FOLLOW_UPS))
        )[0]
        first = self._random.choice(known)
        second = self._random.choice(known)
        place = ("zone", self._random.choice((*self.world.car.groups, *self.world.car.seats)))
        words = {
            "request": [first],
            "two": [first, second] if first.intent != second.intent else [first],
            "also_there": [Asked(said, (place,))],
            "correct": [Asked(said, (place,))],
        }.get(said, [Asked(said)])
        situation = self.world.any_situation()
        text = "…" if said == "affirm" else self._random.choice(("…", "50", "3"))
        clauses = tuple(one.clause for one in words)
        decision = self._decide("walks", clauses, seat, situation.state(base, now), now, text)
        turn = Turn(" and ".join(map(str, words)), seat, situation)
        for say in decision.say if decision.route in (Route.REFUSE, Route.CONFIRM) else ():
            self._has_words(say, turn, told=False)
        when, pending = asked.get(seat, (0.0, ()))
        if now > when + ANSWER_WITHIN:
            pending = ()
        if said in ("affirm", "deny"):
            asked.pop(seat, None)
        for command in decision.commands:
            repeated = any(command.path == one.path and command.value == one.value for one in pending)
            self._let_through(command, turn, agreed=repeated)  # to ask for it again is a yes, too: 打开吧
            if said == "affirm" and command not in pending:
                self.report.complain("a yes did something else than was asked", str(turn))
            self._dialogue.note(CommandSent("1", command))
            if self._random.random() < 0.8:
                was, base[command.path] = base[command.path], command.value
                self._dialogue.note(CommandConfirmed("1", command, was))
        self._dialogue.report(situation.state(base, now), now)
        if any("_confirm_" in say.response for say in decision.say):
            asked[seat] = now, self._waiting(seat, now)

    def _waiting(self, seat: Seat, now: float) -> tuple[Command, ...]:
        """What a yes would do at once if the car were parked."""
        before = self._dialogue.tracker
        self._begin(before)
        state = self.world.parked.state(self.world.bases[0], now)
        commands = self._dialogue.decide(Understanding("好", "zh", seat, YES), state, now).commands
        self._dialogue.tracker = before
        return commands

    def one_breath(self) -> None:
        """Sentences that hold two things to be confirmed, or a yes or the same again before anything was asked."""
        nothing_known = self.world.unknown
        state = nothing_known.state(self.world.bases[0], NOW)
        roof, call = Asked("open_sunroof"), Asked("call_emergency")
        self._begin()
        decision = self._decide("one breath", (roof.clause, *YES), "driver", state)
        if decision.commands:
            turn = Turn(f"{roof} and affirm()", "driver", nothing_known)
            self.report.complain("a yes counted before the question", f"{turn}: {decision.commands}")
        self._begin()
        decision = self._decide("one breath", (roof.clause, roof.clause), "driver", state)
        if decision.commands:
            turn = Turn(f"{roof} and {roof}", "driver", nothing_known)
            self.report.complain("a repetition counted before the question", f"{turn}: {decision.commands}")
        self._begin()
        decision = self._decide("one breath", (roof.clause, call.clause), "driver", state)
        questions = len(decision.say)
        decision = self._decide("one breath", YES, "driver", state)
        if len(decision.commands) != questions:
            turn = Turn(f"{roof} and {call}, then affirm()", "driver", nothing_known)
            self.report.complain("a yes to two questions answered one", f"{turn}: {decision.commands}")

    def everything(self, tick: Ticker = _silent) -> Report:
        """All of it."""
        for what, trying in (
            ("gateway", self.gateway),
            ("dialogue", self.dialogue),
            ("undo", self.undo),
            ("walks", self.walks),
        ):
            trying(tick=tick)
            tick(what, 1, 1)
        return self.report


def _strictness(kind: Kind) -> int:
    return ("allow", "confirm", "refuse").index(kind)


def _wanted(commands: Iterable[Command]) -> tuple[tuple[str, str], ...]:
    """Commands to compare by what they set, one and true being different."""
    return tuple((command.path, repr(command.value)) for command in commands)


def _forged(value: object, zone: object) -> bytes:
    """A request as anybody on the bus could write it, with a place for its number."""
    times = {"issuedAt": "2026-01-31T11:59:59Z", "expiresAt": "2026-01-31T12:00:02Z"}
    fields = {"requestId": "@", "value": value, **times, "zone": zone, "source": "forger"}
    return json.dumps(fields).replace("%", "%%").replace("@", "%d").encode()


def main() -> int:
    """Run the trial with a progress bar, and print what came of it."""
    parser = argparse.ArgumentParser(description="Try every command in every state of the car.")
    parser.add_argument("--share", type=int, default=1, help="try one in so many situations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--project", type=Path, default=shipped("nlu_data"))
    parser.add_argument("--judged-by", type=Path, help="the project whose safety.yml is right")
    given = parser.parse_args()
    started = time.monotonic()
    with Progress() as progress:
        tasks = {what: progress.add_task(what) for what in ("gateway", "dialogue", "undo", "walks")}
        trial = Trial(given.project, given.judged_by, share=1 / given.share, seed=given.seed)
        report = trial.everything(
            lambda what, done, total: progress.update(tasks[what], completed=done, total=total)
        )
        trial.one_breath()
    console = Console()
    table = Table("tried", "decisions")
    for what, count in report.decisions.items():
        table.add_row(what, f"{count:,}")
    table.add_row("all", f"{report.decisions.total():,}")
    console.print(table)
    console.print(f"{time.monotonic() - started:.0f} s; {dict(report.outcomes)}")
    for gap, count in report.gaps.items():
        console.print(
            f"no rule yet: {gap}: {count:,} let through, such as {report.gap_examples[gap]}", markup=False
        )
    console.print(f"violations: {report.violations.total():,}\n{report}", markup=False)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
