"""Everything that may be said: each intent with every kind of place and value."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cockpit_assistant.events import (
    Clause,
    Entity,
    Value,
)

from .second_reading import Car
from .world import World


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
