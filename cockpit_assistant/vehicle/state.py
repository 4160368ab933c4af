"""What the car last said about itself: the latest value of every signal, and how old it is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..events import Value


class VehicleState:
    """The latest value of each VSS path, with the stage time it was true at."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Value, float]] = {}

    def value(self, path: str) -> Value | None:
        """The latest value; None if nothing is known."""
        known = self._latest.get(path)
        return known[0] if known else None

    def age(self, path: str, now: float) -> float:
        """Seconds since the value was true; infinite if nothing is known."""
        known = self._latest.get(path)
        return max(0.0, now - known[1]) if known else math.inf

    def put(self, path: str, value: Value, now: float) -> None:
        """Note a value that is true at `now`."""
        self._latest[path] = (value, now)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Path and value of everything known, sorted by path."""
        return iter(sorted((path, value) for path, (value, _) in self._latest.items()))
