"""Where a signal is to go: the value a step of vehicle.yml, a spoken number and the present state come to.

What was said absolutely is taken or turned down, never bent to fit; what was said relatively goes as far as there
is room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..events import Value
from .intents import OUT_OF_RANGE, UNKNOWN_STATE, UNKNOWN_VALUE, Target
from .signals import Signal

EXTREMES = ("max", "min")
"""Words that mean the ends of a signal's range, or its last and first level."""


class UnfitError(Exception):
    """A value the signal can't take.

    Attributes:
        response: what is to be said about it.
        value: what was asked for.
        limits: `minimum`, `maximum` and `unit` where they explain it.
    """

    def __init__(self, response: str, value: Value, limits: tuple[tuple[str, Value], ...] = ()) -> None:
        self.response = response
        self.value = value
        self.limits = limits


def absolute(target: Target, signal: Signal, said: Value, *, share: bool) -> Value:
    """The value that was said, as the signal takes it.

    Args:
        target: the step's.
        signal: what is to be set.
        said: the entity's value.
        share: whether it counts per cent of a range that the signal counts in other units.

    Raises:
        UnfitError: the signal has no such value.
    """
    if said in target.values:
        return target.values[said]
    if target.values and not signal.is_number:
        raise UnfitError(UNKNOWN_VALUE, said)
    if levels := target.levels or signal.levels:
        return _level(levels, said)
    if said in EXTREMES and signal.is_number:
        return signal.fitted(signal.highest if (said == "max") != target.reversed else signal.lowest)
    if signal.is_number and not isinstance(said, (bool, str)):
        said = signal.lowest + _part(signal, said) if share else signal.meant(said)
        if target.reversed:
            said = signal.highest + signal.lowest - said
    return checked(signal, said)


def checked(signal: Signal, said: Value) -> Value:
    """A value on the signal's grid.

    Raises:
        UnfitError: the signal has no such value.
    """
    if signal.is_number and (isinstance(said, (bool, str)) or not math.isfinite(said)):
        raise UnfitError(UNKNOWN_VALUE, said)
    if signal.is_number and not signal.lowest <= float(said) <= signal.highest:
        limits = (("minimum", _short(signal.lowest)), ("maximum", _short(signal.highest)), ("unit", signal.unit))
        raise UnfitError(OUT_OF_RANGE, said, limits)
    value = signal.fitted(said)
    if signal.misfit(value):
        raise UnfitError(UNKNOWN_VALUE, said)
    return value


def changed(target: Target, signal: Signal, present: Value | None, said: Value | None, *, share: bool) -> Value:
    """So much more or less than now: by what was said, else (also for vague words) by the step's own `change`.

    Raises:
        UnfitError: nobody knows how it is now.
    """
    assert target.change is not None
    if present is None:
        raise UnfitError(UNKNOWN_STATE, "")
    amount = abs(target.change)
    if said in EXTREMES:
        amount = math.inf
    elif said is not None and not isinstance(said, str) and math.isfinite(said):
        amount = abs(float(_part(signal, said) if share else said))
    change = math.copysign(amount, target.change)
    if levels := target.levels or signal.levels:
        return _stepped(levels, present, change)
    assert not isinstance(present, str)
    return signal.fitted(min(max(present + change, signal.lowest), signal.highest))


def _level(levels: Sequence[Value], said: Value) -> Value:
    if said in EXTREMES:
        return levels[-1 if said == "max" else 0]
    if isinstance(said, str) or not math.isfinite(said):
        raise UnfitError(UNKNOWN_VALUE, said)
    if said not in range(1, len(levels) + 1):
        raise UnfitError(OUT_OF_RANGE, said, (("minimum", 1), ("maximum", len(levels)), ("unit", "level")))
    return levels[int(said) - 1]


def _stepped(levels: Sequence[Value], present: Value, change: float) -> Value:
    """The level so many steps from the present value, which stays where there is no level in that direction.

    Between two levels, a step leads to the next one in its direction.
    """
    if isinstance(present, str) or isinstance(levels[0], str):
        at = float(levels.index(present)) if present in levels else -1.0
    else:
        below = sum(float(level) < present for level in levels)
        at = below if present in levels else below - 0.5
    if (change > 0 and at >= len(levels) - 1) or (change < 0 and at <= 0):
        return present
    beyond = min(max(at + change, 0), len(levels) - 1)
    return levels[math.floor(beyond) if change > 0 else math.ceil(beyond)]


def _part(signal: Signal, percent: float) -> float:
    return percent / 100 * (signal.highest - signal.lowest)


def _short(value: float) -> Value:
    return int(value) if value == value // 1 else value
