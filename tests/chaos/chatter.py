"""What people say on a chaotic drive: understandings made at random from what the car's vehicle.yml offers."""

from __future__ import annotations

import random

from cockpit_assistant.events import Clause, Command, Entity, Language, Seat, Understanding, Value
from cockpit_assistant.vehicle.intents import Step
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.signals import Signal

_GROUPS = ("front", "rear", "left", "right", "all")
_FAVOURED = 0.5
"""How often something is about one of a few actuators, so that commands meet."""

_WORDS = ("稻香", "Main Street 5", "mum", "12345")


class Chatter:
    """An endless supply of things to say and of commands."""

    def __init__(self, model: VehicleModel, rng: random.Random) -> None:
        self._model = model
        self._rng = rng
        self._doing = [intent for intent, rule in model.intents.items() if rule.steps]
        self._places = [*model.zones, *(name for name in _GROUPS if model.seats_of(name, "driver"))]
        self._actuators = [signal for signal in model.signals.values() if signal.kind == "actuator"]
        self._favourites = rng.sample(self._actuators, 8)
        self._favoured = [
            intent
            for intent in self._doing
            if any(model.signals[step.set] in self._favourites for step in model.intents[intent].steps)
        ]

    def utterance(self, *, agrees: bool = False) -> Understanding:
        """One or two clauses; with `agrees`, a yes."""
        rng = self._rng
        seat = rng.choices(self._model.zones, weights=[6, 2, 1, 1])[0]
        if agrees:
            clauses = [self._bare("affirm")]
        elif rng.random() < 0.06:
            clauses = [self._bare("undo")]
        else:
            clauses = [self._clause() for _ in range(rng.choices((1, 2), weights=(5, 1))[0])]
        return self.from_seat(seat, clauses)

    def from_seat(self, seat: Seat, clauses: list[Clause]) -> Understanding:
        """Clauses, said in one of the languages."""
        language: Language = self._rng.choice(("zh", "en"))
        return Understanding(" ".join(clause.text for clause in clauses), language, seat, tuple(clauses))

    def command(self) -> Command:
        """Any actuator, some more often, to any value that fits it."""
        signal = self._rng.choice(self._favourites if self._rng.random() < _FAVOURED else self._actuators)
        return Command(self._rng.choice(list(signal.paths)), self.value(signal), seat="driver")

    def actuators(self) -> list[str]:
        """The path of every actuator."""
        return [path for signal in self._actuators for path in signal.paths]

    def somewhere(self) -> tuple[str, Value]:
        """A path and a value for it, also of sensors."""
        signals = list(self._model.signals.values())
        signal = self._rng.choice(self._favourites if self._rng.random() < _FAVOURED else signals)
        return self._rng.choice(list(signal.paths)), self.value(signal)

    def value(self, signal: Signal) -> Value:
        """A value that fits a signal."""
        rng = self._rng
        if signal.type == "boolean":
            return rng.random() < 0.5
        if signal.type == "string":
            return rng.choice(signal.allowed or list(_WORDS))
        low, high = max(signal.lowest, -200.0), min(signal.highest, 500.0)
        return signal.fitted(rng.choice((low, high, rng.uniform(low, high))))

    def _bare(self, intent: str) -> Clause:
        return Clause(intent, intent, 1.0)

    def _clause(self) -> Clause:
        intent = self._rng.choice(self._favoured if self._rng.random() < _FAVOURED else self._doing)
        said: dict[str, Value] = {}
        for step in self._model.intents[intent].steps:
            for name, value in self._entities(step):
                if self._rng.random() < 0.8:
                    said.setdefault(name, value)
        if self._rng.random() < 0.4:
            said.setdefault(self._model.zone_entity, self._rng.choice(self._places))
        entities = tuple(Entity(name, value, 0, 0, str(value)) for name, value in said.items())
        return Clause(intent, intent, 1.0, entities)

    def _entities(self, step: Step) -> list[tuple[str, Value]]:
        rng = self._rng
        said: list[tuple[str, Value]] = [(name, rng.choice(_WORDS)) for name in step.to.join]
        for name, values in step.when.items():
            said.append((name, rng.choice(values) if values else rng.choice(_WORDS)))
        if name := step.to.entity:
            signal, kind = self._model.signals[step.set], self._model.entity_types.get(name, "text")
            if step.to.values:
                said.append((name, rng.choice(list(step.to.values))))
            elif levels := step.to.levels or signal.levels:
                said.append((name, rng.randint(1, len(levels))))
            elif kind == "percent":
                said.append((name, rng.randint(0, 100)))
            elif signal.is_number:
                said.append((name, self.value(signal)))
            else:
                said.append((name, rng.choice(_WORDS)))
        return [(name, value) for name, value in said if self._model.entity_types.get(name) != "zone"]
