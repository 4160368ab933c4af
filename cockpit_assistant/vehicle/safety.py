"""What may be commanded when: safety.yml applied to a command and the car's present state.

Rules only ever take away: what no rule names is allowed for a signal that has an entry, and refused for a signal
that has none. A state that can't be known, because its signal was never seen or is too old, counts as holding: an
unknown speed is a moving car. The dialogue asks here before it sends, the vehicle's gateway asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..errors import ProjectError
from ..events import Command, Seat, Value
from .document import Document
from .model import VehicleModel
from .signals import Literalised, Signal
from .state import VehicleState

FILE = "safety.yml"

UNKNOWN = "utter_refuse_unknown"
"""The response for a signal without an entry, or no actuator of this car at all."""

Kind = Literal["allow", "confirm", "refuse"]
_STRICTNESS: dict[Kind, int] = {"allow": 0, "confirm": 1, "refuse": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a command may be sent."""

    kind: Kind
    reason: str = ""
    """The response that explains a refusal or asks for the yes; empty when allowed."""
    reasons: tuple[str, ...] = ()
    """Every response that asks for a yes: there may be several hazards."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_as_list)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Comparison(_Section):
    """A test of one value."""

    equals: Annotated[Literalised | None, Field(alias="is")] = None
    differs: Annotated[Literalised | None, Field(alias="not")] = None
    above: float | None = None
    below: float | None = None
    among: Annotated[list[Literalised] | None, Field(alias="in", min_length=1)] = None

    @model_validator(mode="after")
    def _one_test(self) -> Comparison:
        tests = (self.equals, self.differs, self.above, self.below, self.among)
        if sum(test is not None for test in tests) != 1:
            raise ValueError("give exactly one of `is`, `not`, `above`, `below`, `in`.")
        return self

    def holds(self, value: Value) -> bool:
        """Whether a value passes; a value that can't be compared does, to be on the safe side."""
        if self.equals is not None:
            return value == self.equals
        if self.differs is not None:
            return value != self.differs
        if self.among is not None:
            return value in self.among
        if isinstance(value, str):
            return True
        return value > self.above if self.above is not None else value < (self.below or 0.0)


class Condition(Comparison):
    """A test of the latest value of a signal; for one with seats, at the seat of the commanded actuator."""

    signal: str


class State(_Section):
    """A state of the car that is dangerous for something: it holds when any of its conditions does."""

    any: Annotated[list[Condition], Field(min_length=1)]


class SafetyRule(_Section):
    """A command that fits every line given is refused, or needs a spoken yes."""

    refuse: str | None = None
    """The response that says why not."""
    confirm: str | None = None
    """The response that asks."""
    when: Names = []
    """States that must hold, all of them."""
    asked_from: Annotated[Names, Field(alias="from")] = []
    """Seats or zone groups the voice came from."""
    zone: Names = []
    """Seats or zone groups whose actuator is meant."""
    value: Comparison | None = None
    """A test of the commanded value."""

    @model_validator(mode="after")
    def _one_outcome(self) -> SafetyRule:
        response = self.refuse or self.confirm or ""
        if bool(self.refuse) == bool(self.confirm):
            raise ValueError("give either `refuse` or `confirm`.")
        if not response.startswith("utter_"):
            raise ValueError(f"`{response}` is not a response: its name must begin with utter_.")
        return self

    @property
    def verdict(self) -> Verdict:
        """What follows when the rule fits."""
        return Verdict("refuse", self.refuse) if self.refuse else Verdict("confirm", self.confirm or "")


class _File(_Section):
    stale_after: Annotated[float, Field(gt=0, le=60)]
    states: dict[str, State] = {}
    signals: dict[str, list[SafetyRule]]


class Safety:
    """A checked safety.yml."""

    def __init__(self, content: _File, model: VehicleModel) -> None:
        self.stale_after = content.stale_after
        """Seconds after which a value no longer counts as known; the vehicle repeats `watched` more often."""
        self.states: Mapping[str, State] = content.states
        """The hazards by name."""
        self.rules: Mapping[str, list[SafetyRule]] = content.signals
        """Each commanded signal's rules, in the file's order."""
        self._model = model

    @classmethod
    def load(cls, project: Path, model: VehicleModel) -> Safety:
        """Read `safety.yml` of a project.

        Raises:
            ProjectError: something in it is wrong; each line names file, line, key and remedy.
        """
        document = Document(project / FILE)
        content = document.parse(_File)
        problems = [str(problem) for problem in _problems(document, content, model)]
        if problems:
            raise ProjectError("\n".join(problems))
        return cls(content, model)

    @classmethod
    def without_car(cls, model: VehicleModel) -> Safety:
        """Rules for a project that moves nothing: everything is refused."""
        return cls(_File(stale_after=1.0, signals={}), model)

    @property
    def watched(self) -> tuple[str, ...]:
        """The paths of every signal a rule looks at."""
        signals = {condition.signal for state in self.states.values() for condition in state.any}
        return tuple(path for name in sorted(signals) for path in self._model.signals[name].paths)

    @property
    def responses(self) -> frozenset[str]:
        """Every response a verdict can name; a project needs words for them."""
        rules = (rule for rules in self.rules.values() for rule in rules)
        return frozenset({UNKNOWN} | {rule.verdict.reason for rule in rules})

    def judge(self, command: Command, state: VehicleState, now: float) -> Verdict:
        """Whether a command may be carried out in a state of the car. The strictest rule that fits wins.

        Args:
            command: what is to be set, and who asked.
            state: what the car last said.
            now: stage time, to tell old values from fresh ones.
        """
        owner = self._model.signal_at(command.path)
        if owner is None or owner[1].kind != "actuator" or command.seat not in self._model.zones:
            return Verdict("refuse", UNKNOWN)
        name, _, seats = owner
        rules = self.rules.get(name)
        if rules is None:
            return Verdict("refuse", UNKNOWN)
        return strictest(
            rule
            for rule in rules
            if self.concerns(rule, command, seats)
            and all(self._holds(self.states[hazard], seats, state, now) for hazard in rule.when)
        )

    def concerns(self, rule: SafetyRule, command: Command, seats: tuple[Seat, ...]) -> bool:
        """Whether a rule is about a command, whatever the car does: who asks, where the actuator is, what for."""
        if rule.asked_from and command.seat not in self._seats(rule.asked_from):
            return False
        if rule.zone and self._seats(rule.zone).isdisjoint(seats):
            return False
        return rule.value is None or rule.value.holds(command.value)

    def _holds(self, hazard: State, seats: tuple[Seat, ...], state: VehicleState, now: float) -> bool:
        return any(
            self._is_met(condition, path, state, now)
            for condition in hazard.any
            for path in places(self._model.signals[condition.signal], seats)
        )

    def _is_met(self, condition: Condition, path: str, state: VehicleState, now: float) -> bool:
        value = state.value(path)
        if value is None or state.age(path, now) > self.stale_after:
            return True
        return condition.holds(value)

    def _seats(self, zones: Iterable[str]) -> frozenset[Seat]:
        return frozenset(seat for zone in zones for seat in self._model.seats_of(zone, speaker=""))


def strictest(fitting: Iterable[SafetyRule]) -> Verdict:
    """The verdict of the rules that fit: a refusal, else every question, else nothing stands in the way."""
    verdicts = [rule.verdict for rule in fitting]
    first = max(verdicts, key=lambda verdict: _STRICTNESS[verdict.kind], default=Verdict("allow"))
    if first.kind != "confirm":
        return first
    return Verdict("confirm", first.reason, tuple(dict.fromkeys(verdict.reason for verdict in verdicts)))


def places(signal: Signal, seats: tuple[Seat, ...]) -> Iterable[str]:
    """Where a state's signal is looked at: at the actuator's own seats, else everywhere."""
    own = [signal.path_at(seat) for seat in seats if seat in signal.zones]
    return own or signal.paths


def _problems(document: Document, content: _File, model: VehicleModel) -> Iterable[ProjectError]:
    for name, hazard in content.states.items():
        for index, condition in enumerate(hazard.any):
            at = ("states", name, "any", index)
            signal = model.signals.get(condition.signal)
            if signal is None:
                yield document.error(at, f"unknown signal `{condition.signal}`. Declare it in vehicle.yml.")
            elif wrong := _incomparable(condition, signal):
                yield document.error(at, wrong)
    for name, rules in content.signals.items():
        signal = model.signals.get(name)
        if signal is None:
            yield document.error(("signals", name), f"unknown signal `{name}`. Declare it in vehicle.yml.")
            continue
        if signal.kind != "actuator":
            yield document.error(("signals", name), f"`{name}` is a sensor: it is never commanded. Remove it.")
        for index, rule in enumerate(rules):
            for wrong in _rule_problems(rule, name, signal, content, model):
                yield document.error(("signals", name, index), wrong)


def _rule_problems(
    rule: SafetyRule, name: str, signal: Signal, content: _File, model: VehicleModel
) -> Iterable[str]:
    for state in rule.when:
        if state not in content.states:
            yield f"unknown state `{state}`. Declare it under `states`."
    for zone in (*rule.asked_from, *rule.zone):
        if not model.seats_of(zone, speaker=""):
            yield f"unknown zone `{zone}`. Declare it in vehicle.yml."
    if rule.zone and not signal.zones:
        yield f"`{name}` exists once: `zone` can never fit. Remove it."
    if rule.value is not None and (wrong := _incomparable(rule.value, signal)):
        yield wrong


def _incomparable(test: Comparison, signal: Signal) -> str:
    """Why a test can't be made on a signal's values; empty if it can."""
    if (test.above is not None or test.below is not None) and not signal.is_number:
        return f"a {signal.type} has no above and below. Use `is` or `not`."
    named = [value for value in (test.equals, test.differs, *(test.among or ())) if value is not None]
    return next((wrong for value in named if (wrong := signal.misfit(value))), "")
