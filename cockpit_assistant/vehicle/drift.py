"""How a car's readings drift: the cabin takes on the temperature that is set, driving uses up the battery.

Like motion, drift is described in vehicle.yml (`drifts`) and knows nothing of a bus: time goes in, changed values
come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..events import Value
from .model import VehicleModel
from .signals import Signal
from .state import VehicleState

REPORT_EVERY = 1.0
"""Seconds between two reports of a reading that drifts."""


class Drifts:
    """All drifting readings of one car."""

    def __init__(self, model: VehicleModel, state: VehicleState, now: float) -> None:
        """`state` is read only."""
        self._model = model
        self._state = state
        self._last = now
        self._exact: dict[str, float] = {}
        """What has come together since the state last changed, finer than the signal's own grid."""
        self._drifting = [
            (path, signal) for signal in model.signals.values() if signal.drifts for path in signal.paths
        ]

    def advance(self, now: float) -> Iterator[tuple[str, Value]]:
        """Paths and values of the readings that have changed by `now`."""
        seconds = now - self._last
        if seconds < REPORT_EVERY:
            return
        self._last = now
        for path, signal in self._drifting:
            shown = self._state.value(path)
            if isinstance(shown, str) or shown is None:
                continue
            before = self._exact.get(path, float(shown))
            if signal.fitted(before) != shown:  # somebody has put it elsewhere
                before = float(shown)
            after = min(max(self._drifted(signal, before, seconds), signal.lowest), signal.highest)
            self._exact[path] = after
            if (value := signal.fitted(after)) != shown:
                yield path, value

    def _drifted(self, signal: Signal, value: float, seconds: float) -> float:
        drifts = signal.drifts
        assert drifts is not None
        if drifts.by:
            return value + (self._reading(drifts.by) or 0.0) * drifts.factor * seconds
        held = not drifts.only_while or self._reading(drifts.only_while)
        goal = self._reading((drifts.towards if held else drifts.otherwise) or "")
        return value if goal is None else goal + (value - goal) * math.exp(-drifts.factor * seconds)

    def _reading(self, name: str) -> float | None:
        """A signal's value, the mean of its seats; None if nothing is known."""
        signal = self._model.signals.get(name)
        known = [self._state.value(path) for path in signal.paths] if signal else []
        numbers = [float(value) for value in known if value is not None and not isinstance(value, str)]
        return sum(numbers) / len(numbers) if numbers else None
