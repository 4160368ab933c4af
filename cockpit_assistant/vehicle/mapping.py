"""From one understood clause to set requests, a question, a problem, or readings: vehicle.yml applied.

A pure function of the clause, who spoke, and the car's present state. It decides nothing about safety and sends
nothing. A clause passes as a whole: if one of its steps can't be carried out, none is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..events import Clause, Command, Entity, Language, Say, Seat, Value
from .intents import AT_LIMIT, UNKNOWN_STATE, UNKNOWN_VALUE, ZONE_UNAVAILABLE, Rule, Step, Target
from .model import VehicleModel
from .signals import Signal
from .state import VehicleState
from .targets import UnfitError, absolute, changed, checked

Slots = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a clause comes to in this car: one of commands, missing, problem or readings, or nothing at all."""

    commands: tuple[Command, ...] = ()
    missing: str | None = None
    """The response that asks for what wasn't said."""
    missing_entity: str = ""
    """The entity it asks for; with a problem, the one whose value can't be."""
    possible: tuple[Command, ...] = ()
    """With `missing`: what answers could lead to, at the ends of what is possible."""
    problem: Say | None = None
    """Why it can't be done."""
    readings: tuple[tuple[str, str, Value], ...] = ()
    """Signal name, path, and value as it is on the bus."""
    slots: Slots = ()
    """What replies may name: entities by their names, `value`, `unit`, `zone`, `several`, `thing`, and readings."""
    thing: str = ""
    """What is moved or asked about, in the speaker's words: 副驾车窗, passenger window."""

    def answer(self, intent: str) -> Say:
        """The reply to a question: the response named after the intent, with the readings in its slots."""
        return Say(f"utter_{intent}", self.slots)


class _UnresolvedError(Exception):
    """Ends the resolution of a clause with what is to be said instead."""

    def __init__(
        self,
        problem: Say | None = None,
        missing: str | None = None,
        entity: str = "",
        possible: tuple[Command, ...] = (),
    ) -> None:
        self.problem = problem
        self.missing = missing
        self.entity = entity
        self.possible = possible


def resolve(clause: Clause, seat: Seat, language: Language, model: VehicleModel, state: VehicleState) -> Resolution:
    """Apply the clause's intent to this car.

    Args:
        clause: what was understood.
        seat: who spoke; stands in for a zone that wasn't said, where vehicle.yml says so.
        language: for the names of seats and things in the slots.
        model: the car.
        state: its present state, for relative changes and readings.

    Returns:
        An empty Resolution for an intent the car knows nothing of.
    """
    rule = model.intents.get(clause.intent)
    if rule is None or not rule.answers((entity.entity, entity.value) for entity in clause.entities):
        return Resolution()
    resolver = _Resolver(clause, seat, language, model, state)
    try:
        return resolver.read(rule) if not rule.steps else resolver.act(rule.steps)
    except _UnresolvedError as stop:
        said = resolver.entity_slots()
        if stop.problem:
            problem = Say(stop.problem.response, (*said, *stop.problem.slots))
            return Resolution(problem=problem, missing_entity=stop.entity, slots=said)
        return Resolution(missing=stop.missing, missing_entity=stop.entity, possible=stop.possible, slots=said)


class _Resolver:
    def __init__(
        self, clause: Clause, seat: Seat, language: Language, model: VehicleModel, state: VehicleState
    ) -> None:
        self.clause = clause
        self.seat = seat
        self.language = language
        self.model = model
        self.state = state

    # --- commands ----------------------------------------------------------------------------------------------

    def act(self, steps: Sequence[Step]) -> Resolution:
        """All commands of the steps that apply."""
        commands: dict[str, Command] = {}
        last: tuple[Signal, Value] | None = None
        for step in steps:
            if not step.applies((entity.entity, entity.value) for entity in self.clause.entities):
                continue
            signal = self.model.signals[step.set]
            for where, said in self._placed(step, signal):
                for path, value in self._targets(step, signal, where, said):
                    commands[path] = Command(path, value, self.clause.intent, self.seat)
                    last = last or (signal, value)
        if not commands or last is None:  # what was said fits none of the steps
            others = (entity for entity in self.clause.entities if entity.entity != self.model.zone_entity)
            said = next(others, None)
            about = self._about(self.model.signals[steps[0].set], said.value if said else "")
            raise _UnresolvedError(Say(UNKNOWN_VALUE, about), entity=said.entity if said else "")
        thing = self.model.thing(commands, self.language)
        facts: dict[str, Value] = {
            "value": last[1],
            "unit": last[0].unit,
            "thing": thing,
            "several": len(commands) > 1,
        }
        owners = [self.model.signal_at(path) for path in commands]
        if seats := {seat for owner in owners if owner for seat in owner[2]}:
            facts["zone"] = self.model.spoken_zone(seats, self.language)
        return Resolution(tuple(commands.values()), slots=(*self.entity_slots(), *facts.items()), thing=thing)

    def _placed(self, step: Step, signal: Signal) -> Iterator[tuple[list[Seat | None], Entity | None]]:
        """For which seats the step is meant, and the entity that says the value there.

        "driver 22, passenger 24" names as many places as values: they belong together pairwise.
        """
        values = [e for e in self.clause.entities if step.to.entity and e.entity == step.to.entity]
        zones = [e for e in self.clause.entities if e.entity == self.model.zone_entity]
        if len(values) == len(zones) > 1 and signal.zones:
            for value, zone in zip(values, zones, strict=True):
                yield self._seats([str(zone.value)], step.zone, signal), value
        else:
            yield self._seats([str(zone.value) for zone in zones], step.zone, signal), values[0] if values else None

    def _seats(self, said: Sequence[str], default: Sequence[str], signal: Signal) -> list[Seat | None]:
        """The seats at which a signal is meant, in the car's order; [None] for a signal that exists once."""
        if not signal.zones:
            return [None]
        wanted = self._together(said or default, union=not said)
        found: list[Seat | None] = [seat for seat in self.model.zones if seat in wanted and seat in signal.zones]
        if not found:
            zone = self.model.spoken_zone(wanted, self.language) or ", ".join(said)
            name = signal.names.get(self.language, "")
            raise _UnresolvedError(Say(ZONE_UNAVAILABLE, (("zone", zone), ("thing", name))))
        return found

    def _together(self, zones: Sequence[str], *, union: bool) -> frozenset[Seat]:
        """Places named one after the other: "rear, left" meet in one seat, "driver and passenger" add up."""
        wanted: frozenset[Seat] = frozenset()
        for zone in zones:
            seats = self.model.seats_of(zone, self.seat)
            wanted = wanted | seats if union or wanted.isdisjoint(seats) else wanted & seats
        return wanted

    def _targets(
        self, step: Step, signal: Signal, seats: Sequence[Seat | None], said: Entity | None
    ) -> Iterator[tuple[str, Value]]:
        """Path and value for each seat."""
        paths = list(dict.fromkeys(signal.path_at(seat) for seat in seats))
        try:
            if step.to.change is None:
                value = self._absolute(step, signal, paths, said)
                yield from ((path, value) for path in paths)
                return
            words, share = said.value if said else None, self._is_share(step.to, signal)
            moved = {path: changed(step.to, signal, self.state.value(path), words, share=share) for path in paths}
        except UnfitError as unfit:
            about = self._about(signal, unfit.value, paths)
            entity = step.to.entity or ""
            raise _UnresolvedError(Say(unfit.response, (*about, *unfit.limits)), entity=entity) from None
        if all(signal.shows(value, self.state.value(path)) for path, value in moved.items()):
            raise _UnresolvedError(Say(AT_LIMIT, self._about(signal, next(iter(moved.values())), paths)))
        yield from moved.items()

    def _absolute(self, step: Step, signal: Signal, paths: Sequence[str], said: Entity | None) -> Value:
        target = step.to
        if target.value is not None:
            return target.value
        if target.join:
            words = [str(e.value) for name in target.join for e in self.clause.entities if e.entity == name]
            return checked(signal, " ".join(words))
        if said is not None:
            return absolute(target, signal, said.value, share=self._is_share(target, signal))
        if target.default is None:
            possible = tuple(
                Command(path, value, self.clause.intent, self.seat)
                for path in paths
                for value in _ends(step, signal)
            )
            raise _UnresolvedError(missing=step.ask, entity=target.entity or "", possible=possible)
        return target.default

    def _is_share(self, target: Target, signal: Signal) -> bool:
        """Whether the entity counts per cent of a range that the signal counts in other units."""
        kind = self.model.entity_types.get(target.entity or "")
        return kind == "percent" and signal.unit != "percent" and math.isfinite(signal.highest - signal.lowest)

    # --- readings ----------------------------------------------------------------------------------------------

    def read(self, rule: Rule) -> Resolution:
        """The present values of the signals asked about."""
        readings: list[tuple[str, str, Value]] = []
        facts: dict[str, Value] = {}
        for name in rule.read:
            signal = self.model.signals[name]
            said = [str(e.value) for e in self.clause.entities if e.entity == self.model.zone_entity]
            seats = self._seats(said, rule.zone or self.model.zones, signal)
            known = {seat: self.state.value(signal.path_at(seat)) for seat in seats}
            values = {seat: value for seat, value in known.items() if value is not None}
            if not values:
                raise _UnresolvedError(Say(UNKNOWN_STATE, self._about(signal, "")))
            readings.extend((name, signal.path_at(seat), value) for seat, value in values.items())
            facts.update(self._facts(name, signal, values))
        thing = self.model.thing([path for _, path, _ in readings], self.language)
        return Resolution(readings=tuple(readings), slots=(*self.entity_slots(), *facts.items()), thing=thing)

    def _facts(self, name: str, signal: Signal, values: dict[Seat | None, Value]) -> Iterator[tuple[str, Value]]:
        """A reading as replies use it: alone as it is; of several seats the extremes, and where it isn't zero."""
        said = {seat: _as_said(signal, value) for seat, value in values.items()}
        yield name, next(iter(said.values()))
        if signal.zones:
            if signal.is_number:
                numbers = [value for value in said.values() if not isinstance(value, str)]
                yield f"{name}_min", min(numbers)
                yield f"{name}_max", max(numbers)
            active = [seat for seat, value in values.items() if seat and value and not signal.shows(0, value)]
            yield f"{name}_where", self.model.spoken_zone(active, self.language)
            yield f"{name}_any", bool(active)

    # --- words -------------------------------------------------------------------------------------------------

    def entity_slots(self) -> Slots:
        """Every entity by its name; the first one where it was said more than once."""
        slots: dict[str, Value] = {}
        for entity in self.clause.entities:
            slots.setdefault(entity.entity, entity.value)
        if zone := self.model.zone_entity:
            slots.pop(zone, None)  # a place is said by its name, which only commands and readings know
        return tuple(slots.items())

    def _about(self, signal: Signal, value: Value, paths: Sequence[str] = ()) -> Slots:
        name = self.model.thing(paths, self.language) or signal.names.get(self.language, "")
        return (("thing", name), ("value", value), ("unit", signal.unit))


def _ends(step: Step, signal: Signal) -> Sequence[Value]:
    """Values that stand for all that a step could set."""
    if step.to.values:
        return list(step.to.values.values())
    if signal.is_number:
        return [signal.fitted(end) for end in (signal.lowest, signal.highest) if math.isfinite(end)]
    return signal.allowed or ["?"]


def _as_said(signal: Signal, value: Value) -> Value:
    if not signal.is_number or isinstance(value, (bool, str)):
        return value
    rounded = round(value * signal.say.scale, signal.say.digits)
    return int(rounded) if signal.say.digits == 0 else rounded
