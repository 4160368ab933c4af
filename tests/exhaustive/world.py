"""Every situation that a car can be in, as far as anything looks at it."""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path

from cockpit_assistant.events import (
    Value,
)

from .prohibitions import PROHIBITIONS, Prohibition
from .second_reading import NEVER, Car, Circumstance, Part, Reading, Rules, Situation, Test

BACKDROPS = 30
"""Situations for what no rule looks at the car for."""

FEWEST = 6
"""Situations that even the smallest share takes, for what rules look at the car for."""


class World:
    """A project's car with every situation it can be in."""

    def __init__(self, project: Path, seed: int = 1) -> None:
        self.car = Car(project)
        self.rules = Rules(project, self.car)
        self.random = random.Random(seed)
        everything = [c for path in self.car.parts for c in self.looks_at(path)]
        self.watched = self._readings(everything)

    def prohibitions(self, path: str) -> tuple[Prohibition, ...]:
        """What the hand-written table says of a path."""
        return self._matching(path, PROHIBITIONS)

    @staticmethod
    @cache
    def _matching(path: str, table: tuple[Prohibition, ...]) -> tuple[Prohibition, ...]:
        return tuple(entry for entry in table if re.fullmatch(entry.paths, path))

    def looks_at(self, path: str) -> list[Circumstance]:
        """Everything about the car that matters for setting a path."""
        written = [c for entry in self._matching(path, PROHIBITIONS) for hazard in entry.when for c in hazard.any]
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
