"""The COVESA Vehicle Signal Specification 6.0 as a catalogue, so that a wrong path is found on the desk.

The catalogue is generated from VSS 6.0 (https://github.com/COVESA/vehicle_signal_specification, MPL-2.0), without
descriptions. Signals VSS lacks live under `Vehicle.Private` and are not looked up.
"""

from __future__ import annotations

import csv
import difflib
from functools import cache
from typing import NamedTuple

from ..resources import shipped
from .signals import Signal

PRIVATE = "Vehicle.Private."
"""The branch for what VSS lacks."""


class Entry(NamedTuple):
    """One leaf of the specification."""

    kind: str
    type: str
    min: float | None
    max: float | None
    allowed: tuple[str, ...]


@cache
def catalogue() -> dict[str, Entry]:
    """Every leaf by its path."""
    file = shipped("nlu_data") / "vss.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            row["path"]: Entry(
                row["kind"],
                row["type"],
                float(row["min"]) if row["min"] else None,
                float(row["max"]) if row["max"] else None,
                tuple(row["allowed"].split("|")) if row["allowed"] else (),
            )
            for row in rows
        }


def disagreement(path: str, signal: Signal) -> str:
    """How a signal differs from the specification, in words; empty if it agrees."""
    if path.startswith(PRIVATE):
        return ""
    entry = catalogue().get(path)
    if entry is None:
        close = difflib.get_close_matches(path, catalogue(), n=1)
        hint = f"Did you mean {close[0]}?" if close else f"What VSS lacks goes under {PRIVATE}"
        return f"{path} is not in VSS 6.0. {hint}"
    if signal.kind == "actuator" and entry.kind != "actuator":
        return f"{path} is a {entry.kind} in VSS 6.0 and can't be set. Add `kind: sensor`, or use its actuator."
    if signal.type != entry.type:
        return f"{path} has type {entry.type} in VSS 6.0, not {signal.type}."
    below = entry.min is not None and signal.lowest < entry.min
    above = entry.max is not None and signal.highest > entry.max
    if below or above:
        return f"{path} lies in {_number(entry.min)}..{_number(entry.max)} in VSS 6.0. Keep min and max within."
    if extra := set(signal.allowed) - set(entry.allowed) if entry.allowed else set():
        return f"{path}: {', '.join(sorted(extra))} not among VSS 6.0's values ({', '.join(entry.allowed)})."
    return ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
