"""The car as data: vehicle.yml read, checked, and ready to be asked.

It says which seats the car has and how they are called, which signals it offers under which VSS paths, and what
each intent does to them. Another car is another vehicle.yml; no line of Python knows a window from a wiper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..events import Language, Seat, Value
from .description import Description, Identity, Joining
from .intents import PROBLEMS, SPEAKER, Rule
from .signals import SAME, Signal
from .state import VehicleState


class VehicleModel:
    """A checked vehicle.yml."""

    def __init__(self, content: Description) -> None:
        self.identity = content.vehicle
        self.zones: tuple[Seat, ...] = tuple(content.zones)
        """Every seat, in the file's order."""
        self.entity_types: Mapping[str, str] = content.entities
        """Each entity with its type: number, percent, zone or text."""
        self.signals: Mapping[str, Signal] = content.signals
        self.intents: Mapping[str, Rule] = content.intents
        self.zone_entity = next((name for name, kind in content.entities.items() if kind == "zone"), "")
        """The entity that names seats; empty if the project has none."""
        self.ask_which = frozenset(content.ask_which)
        """Entities of which the speaker is asked which one he means where several fit."""
        self._hurry = content.short_replies
        self._courtesies = {language: _any_of(words) for language, words in content.courtesies.items() if words}
        self._onward = {
            intent: {"more": pair.more, "less": pair.less}
            for pair in content.go_on
            for intent in (*pair.after, pair.more, pair.less)
        }
        self._switch = {
            intent: (pair.back_on, pair.back_off)
            for pair in content.switch
            for intent in (pair.back_on, pair.back_off, *pair.after)
        }
        self._placed = {
            intent: frozenset(
                self.signals[step.set].path.partition("{zone}")[0]
                for step in rule.steps
                if self.signals[step.set].zones and step.zone == [SPEAKER]
            )
            for intent, rule in content.intents.items()
            # An intent that means something else without a place, or all places, isn't given one.
            if not any(self.zone_entity in {*step.when, *step.unless} for step in rule.steps)
        }
        self._zone_names = content.zones
        self._groups = content.zone_groups
        self._joining = content.joining
        self._owner: dict[str, tuple[str, tuple[Seat, ...]]] = {
            path: (name, seats) for name, signal in self.signals.items() for path, seats in signal.paths.items()
        }

    @classmethod
    def load(cls, project: Path) -> VehicleModel:
        """Read `vehicle.yml` of a project.

        Raises:
            ProjectError: something in it is wrong; each line names file, line, key and remedy.
        """
        return cls(Description.load(project))

    @classmethod
    def without_car(cls) -> VehicleModel:
        """The model of a project that moves nothing: it understands and answers."""
        nobody = Identity(id="none", name="")
        return cls(Description.model_construct(vehicle=nobody, zones={}, entities={}, signals={}, intents={}))

    @property
    def responses(self) -> frozenset[str]:
        """Every response a resolution can name, besides those named after intents: a project needs their words."""
        steps = (step for rule in self.intents.values() for step in rule.steps)
        return frozenset(PROBLEMS) | {step.ask for step in steps if step.ask}

    def in_one_place(self, left: str, right: str) -> bool:
        """Whether two intents are about the same kind of place: two functions of a seat, or of an air vent."""
        return not self._placed.get(left, frozenset()).isdisjoint(self._placed.get(right, frozenset()))

    def onward(self, intent: str, direction: str) -> str | None:
        """The intent that goes on with another in a direction, `more` or `less`; None if there is none."""
        return self._onward.get(intent, {}).get(direction)

    def switch(self, intent: str, *, on: bool) -> str | None:
        """The intent that switches on, or off, what another intent is about; None if it can't be switched."""
        pair = self._switch.get(intent)
        return pair[0 if on else 1] if pair else None

    def is_hurried(self, state: VehicleState) -> bool:
        """Whether the driver has no ear for long replies: at high speed, as vehicle.yml says."""
        signal = self.signals.get(self._hurry.signal) if self._hurry else None
        values = [state.value(path) for path in signal.paths] if signal else []
        return any(
            self._hurry is not None
            and not isinstance(value, str)
            and value is not None
            and value > self._hurry.above
            for value in values
        )

    def is_polite(self, text: str, language: Language) -> bool:
        """Whether somebody who says this asks politely, by the words of vehicle.yml."""
        courtesy = self._courtesies.get(language)
        return courtesy is not None and courtesy.search(text) is not None

    def signals_of(self, intent: str) -> frozenset[str]:
        """The signals that an intent sets or reads."""
        rule = self.intents.get(intent)
        return frozenset({*(step.set for step in rule.steps), *rule.read}) if rule else frozenset()

    def values_of(self, intent: str) -> tuple[str, ...]:
        """The entities whose values an intent sets."""
        rule = self.intents.get(intent)
        return tuple(dict.fromkeys(step.to.entity for step in rule.steps if step.to.entity)) if rule else ()

    def has_places(self, intent: str) -> bool:
        """Whether an intent is about something that exists at several seats."""
        return any(self.signals[name].zones for name in self.signals_of(intent))

    def steering(self, intent: str) -> frozenset[str]:
        """The entities, besides places, that decide which of an intent's steps are meant."""
        rule = self.intents.get(intent)
        named = {name for step in rule.steps for name in (*step.when, *step.unless)} if rule else set()
        return (
            frozenset(named) - {self.zone_entity} - {step.to.entity for step in rule.steps} if rule else frozenset()
        )

    def joined(self, names: Sequence[str], language: Language) -> str:
        """Names as they are read out: a、b和c; a, b and c."""
        if len(names) < 2:
            return "".join(names)
        joining = self._joining.get(language, Joining())
        return joining.comma.join(names[:-1]) + joining.last + names[-1]

    @property
    def words_of(self) -> dict[str, frozenset[Value]]:
        """The values that an entity can have, for entities that vehicle.yml lists the values of."""
        words: dict[str, set[Value]] = {}
        for rule in self.intents.values():
            for step in rule.steps:
                if step.to.entity and step.to.values and not self.signals[step.set].is_number:
                    words.setdefault(step.to.entity, set()).update(step.to.values)
                for condition in (step.when, step.unless):
                    for entity, values in condition.items():
                        if values:
                            words.setdefault(entity, set()).update(values)
        return {entity: frozenset(values) for entity, values in words.items()}

    def signal_at(self, path: str) -> tuple[str, Signal, tuple[Seat, ...]] | None:
        """The name, the signal and the seats a path belongs to; None if this car has no such path."""
        owner = self._owner.get(path)
        return (owner[0], self.signals[owner[0]], owner[1]) if owner else None

    def paths(self) -> Iterable[str]:
        """Every path of the car."""
        return self._owner.keys()

    def outcome(self, path: str, value: Value) -> tuple[str, Value]:
        """Which path shows that a command was carried out, and with which value.

        Raises:
            KeyError: this car has no such path.
        """
        name, seats = self._owner[path]
        signal = self.signals[name]
        if signal.confirmed_by:
            goal = signal.driven(signal.confirmed_by, value)
            if goal is not None:
                return self.signals[signal.confirmed_by].path_at(next(iter(seats), None)), goal
        return path, value

    def reverse(self, path: str, state: VehicleState) -> Value | None:
        """The value to command so that the car goes back to how it is in `state`; None if there is no one value."""
        name, seats = self._owner[path]
        signal = self.signals[name]
        if signal.lasting:
            return None
        if signal.undone_by is not None:
            return signal.undone_by
        if not signal.confirmed_by:
            return state.value(path)
        shown = state.value(self.signals[signal.confirmed_by].path_at(next(iter(seats), None)))
        towards = signal.drives[signal.confirmed_by]
        if towards == SAME:
            return shown
        back = [value for value, goal in towards.items() if goal == shown] if isinstance(towards, dict) else []
        return back[0] if len(back) == 1 and shown is not None else None

    def initial_state(self, now: float = 0.0) -> VehicleState:
        """A state in which every signal has its initial value: the parked default car."""
        state = VehicleState()
        for signal in self.signals.values():
            for path, seats in signal.paths.items():
                value = signal.initial_at(next(iter(seats), None))
                if value is not None:
                    state.put(path, value, now)
        return state

    def seats_of(self, zone: str, speaker: Seat) -> frozenset[Seat]:
        """The seats a zone, a group or `speaker` stands for; none if the car has no such place."""
        if zone == SPEAKER:
            zone = speaker
        if zone in self._groups:
            return frozenset(self._groups[zone].seats)
        return frozenset({zone}) & frozenset(self.zones)

    def spoken_zone(self, seats: Iterable[Seat], language: Language) -> str:
        """How seats are called together: by their group's name if they are one, else one after the other."""
        wanted = frozenset(seats)
        for group in self._groups.values():
            if frozenset(group.seats) == wanted and len(wanted) > 1:
                return group.names.get(language, "")
        return self.joined(
            [self._zone_names[seat].get(language, seat) for seat in self.zones if seat in wanted], language
        )

    def thing(self, paths: Iterable[str], language: Language) -> str:
        """What is at some paths, as it is said: the seats' names where they matter, and the signal's.

        Several signals are named once each, in order.
        """
        seats: dict[str, set[Seat]] = {}
        for path in paths:
            if owner := self._owner.get(path):
                seats.setdefault(owner[0], set()).update(owner[1])
        spoken = [self._noun(name, where, language) for name, where in seats.items()]
        return self._joining.get(language, Joining()).comma.join(dict.fromkeys(spoken))

    def _noun(self, signal: str, seats: set[Seat], language: Language) -> str:
        name = self.signals[signal].names.get(language, signal)
        here = frozenset(self.signals[signal].zones)
        # Both mirrors are all there are: "the mirrors". All windows are "all windows".
        zone = "" if seats == here != frozenset(self.zones) else self.spoken_zone(seats, language)
        return f"{zone}{self._joining.get(language, Joining()).gap}{name}" if zone else name


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the words in a text, Latin ones only where they stand alone."""
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, words))})(?![a-z])", re.IGNORECASE)
