"""One signal of the car as vehicle.yml describes it: its VSS path for each seat, type, range, and how it moves.

Everything that handles a value asks here whether the value fits: the mapping before a command is made, the gateway
before it is obeyed, the bus before a state is believed.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from ..events import Language, Seat, Value

Literalised = StrictBool | StrictInt | StrictFloat | StrictStr
"""A value in a file, taken as written: no text becomes a number, no number a boolean."""

Datatype = Literal[
    "boolean",
    "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float", "double",
    "string",
]  # fmt: skip
"""VSS's datatypes, without arrays."""

INTEGERS = {
    f"{prefix}int{bits}": (0, 2**bits - 1) if prefix else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for prefix in ("", "u")
    for bits in (8, 16, 32, 64)
}
"""The ranges of VSS's integer types."""

_LARGEST = 2**64

LONGEST_TEXT = 256
"""Characters in a string signal: names of places and songs are shorter, garbage is longer."""


SAME = "same"
"""A driven signal's goal: whatever this one is set to."""

OTHERWISE = "*"
"""In place of a value: every value not listed."""


class Spoken(BaseModel):
    """How a reading is said: metres on the bus, kilometres in the reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    scale: float = 1.0
    digits: Annotated[int, Field(ge=0, le=3)] = 0


class Scale(BaseModel):
    """Another scale people count on: what lies in from..to is meant on it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    low: Annotated[float, Field(alias="from")]
    high: Annotated[float, Field(alias="to")]
    factor: float
    offset: float = 0.0


class Drift(BaseModel):
    """How a reading changes with time: towards another one, or by another one."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    towards: str | None = None
    """The signal whose value it takes on, the mean of all seats."""
    only_while: Annotated[str | None, Field(alias="while")] = None
    """A boolean signal that must be true for that."""
    otherwise: str | None = None
    """The signal whose value it takes on while it isn't."""
    by: str | None = None
    """The signal that it adds up."""
    factor: float
    """Share of the difference that goes in a second; with `by`, what a unit adds in a second."""

    @model_validator(mode="after")
    def _one_way(self) -> Drift:
        if bool(self.towards) == bool(self.by):
            raise ValueError("give either `towards` or `by`.")
        if self.towards and self.factor <= 0:
            raise ValueError("`factor` must be above 0: it is the share that goes in a second.")
        return self

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals it looks at."""
        return tuple(name for name in (self.towards, self.only_while, self.otherwise, self.by) if name)


class Signal(BaseModel):
    """A signal, once for every seat it exists for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """VSS path; `{zone}` stands for what differs between seats."""
    names: dict[Language, str]
    """What people call it, by language, as it stands in replies."""
    zones: dict[Seat, str] = {}
    """What `{zone}` becomes for each seat; several seats may share an actuator."""
    kind: Literal["actuator", "sensor"] = "actuator"
    type: Datatype
    min: float | None = None
    max: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    """The grid its values lie on."""
    allowed: list[str] = []
    """The values a string may have; none allows any text."""
    coded: bool = False
    """Its numbers are names, as a gear's are: nothing lies between two of them."""
    levels: list[Literalised] = []
    """What level 1, 2, 3 … mean in its own values."""
    scales: list[Scale] = []
    """Other scales for what is said and lies outside its own range: 72 degrees are Fahrenheit."""
    unit: str = ""
    initial: Literalised | dict[Seat, Literalised] | None = None
    """What the simulated car starts with."""
    rate: Annotated[float, Field(gt=0)] | None = None
    """Units a second the actuator moves; none: at once. Bounds how long a confirmation may take."""
    lag: Annotated[float, Field(ge=0, le=30)] = 0.0
    """Seconds before it begins to move."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """How far from the target the car may stop and still have done what it was told."""
    lasting: bool = False
    """What was set can't be taken back: a message that has been sent."""
    undone_by: Literalised | None = None
    """The value that takes back any other: a call is undone by hanging up, not by calling somebody else."""
    rest: Literalised | None = None
    """What a push-button falls back to after its work is done."""
    drives: dict[str, Literalised | dict[Literalised, Literalised]] = {}
    """Other signals that follow: to one value, to a value for each of this one's values, or to the `same`."""
    confirmed_by: str | None = None
    """The driven signal that shows the outcome, where this one doesn't show it itself."""
    follows: dict[str, float] = {}
    """A boolean sensor that is true while another signal is above a number."""
    drifts: Drift | None = None
    """How a reading of the simulated car changes with time."""
    say: Spoken = Spoken()

    @model_validator(mode="after")
    def _consistent(self) -> Signal:
        if ("{zone}" in self.path) != bool(self.zones):
            raise ValueError("`{zone}` in the path and `zones` need each other. Give both or neither.")
        if self.kind == "sensor" and (self.rest is not None or self.drives or self.confirmed_by):
            raise ValueError("a sensor drives nothing. Remove rest, drives and confirmed_by, or `kind: sensor`.")
        if self.drifts and (self.kind != "sensor" or self.type in ("boolean", "string")):
            raise ValueError("only a sensor's number drifts. Remove `drifts`.")
        if self.coded and (not self.is_number or self.rate is not None or self.drifts):
            raise ValueError("only a number that neither moves nor drifts is `coded`. Remove `coded`.")
        if self.confirmed_by and self.confirmed_by not in self.drives:
            raise ValueError(f"confirmed_by: `{self.confirmed_by}` is not among `drives`. Add it there.")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}.")
        written = [*self.levels, *(self.initial.values() if isinstance(self.initial, dict) else [self.initial])]
        for value in (*written, self.rest, self.undone_by):
            if value is not None and (wrong := self.misfit(value)):
                raise ValueError(wrong)
        if isinstance(self.initial, dict) and set(self.initial) != set(self.zones):
            raise ValueError(f"initial: give one value, or one for each of {', '.join(self.zones)}.")
        return self

    @property
    def is_number(self) -> bool:
        """Whether its values can be compared and moved through."""
        return self.type not in ("boolean", "string")

    @property
    def lowest(self) -> float:
        """The smallest value: its `min`, else its type's."""
        return self.min if self.min is not None else INTEGERS.get(self.type, (-math.inf, math.inf))[0]

    @property
    def highest(self) -> float:
        """The largest value: its `max`, else its type's."""
        return self.max if self.max is not None else INTEGERS.get(self.type, (-math.inf, math.inf))[1]

    def path_at(self, seat: Seat | None) -> str:
        """The path for a seat; a signal that exists once ignores it.

        Raises:
            KeyError: it doesn't exist for that seat.
        """
        return self.path.replace("{zone}", self.zones[seat or ""]) if self.zones else self.path

    @property
    def paths(self) -> dict[str, tuple[Seat, ...]]:
        """Every path with the seats it belongs to (none where the signal exists once)."""
        found: dict[str, tuple[Seat, ...]] = {}
        for seat in self.zones:
            path = self.path_at(seat)
            found[path] = (*found.get(path, ()), seat)
        return found or {self.path: ()}

    def initial_at(self, seat: Seat | None) -> Value | None:
        """What the simulated car starts with at a seat."""
        return self.initial.get(seat or "") if isinstance(self.initial, dict) else self.initial

    def misfit(self, value: object) -> str:
        """What is wrong with a value, in words; empty if it fits type, range and allowed values."""
        if self.type == "boolean":
            return "" if isinstance(value, bool) else f"{value!r} is not true or false."
        if self.type == "string":
            if not isinstance(value, str) or len(value) > LONGEST_TEXT:
                return f"{value!r:.60} is not a text of at most {LONGEST_TEXT} characters."
            if self.allowed and value not in self.allowed:
                return f"{value!r:.60} is not one of {', '.join(self.allowed)}."
            return ""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{value!r:.60} is not a number."
        if isinstance(value, int) and abs(value) > _LARGEST:
            return "the number is beyond all reason."
        if self.type in INTEGERS and value != value // 1:
            return f"{value!r:.60} is not a whole number."
        if not self.lowest <= value <= self.highest or not math.isfinite(value):
            return f"{value!r:.60} is outside {self.lowest:g}..{self.highest:g}."
        return ""

    def meant(self, said: float) -> float:
        """A number somebody said, on the signal's own scale."""
        if self.lowest <= said <= self.highest:
            return said
        scale = next((scale for scale in self.scales if scale.low <= said <= scale.high), None)
        return said * scale.factor + scale.offset if scale else said

    def fitted(self, value: Value) -> Value:
        """A number put on the signal's grid and into its type; anything else as it is."""
        if not self.is_number or isinstance(value, (bool, str)):
            return value
        if self.step:
            value = round(round(value / self.step) * self.step, 6)
        return round(value) if self.type in INTEGERS else float(value)

    def shows(self, target: Value, value: Value | None) -> bool:
        """Whether a value counts as the target reached."""
        if value is None or isinstance(value, str) or isinstance(target, str) or not self.is_number:
            return value == target
        return math.isclose(value, target, rel_tol=1e-6, abs_tol=max(self.tolerance, 1e-6))

    def travel_time(self, start: Value | None, target: Value) -> float:
        """Seconds the actuator needs; from an unknown start, the whole range."""
        if self.rate is None or not self.is_number:
            return self.lag
        numbers = (int, float)
        if isinstance(start, numbers) and isinstance(target, numbers):
            return self.lag + abs(target - start) / self.rate
        span = self.highest - self.lowest
        return self.lag + (span / self.rate if math.isfinite(span) else 0.0)

    def driven(self, name: str, value: Value) -> Value | None:
        """Where a driven signal goes when this one is set to `value`; None: it stays."""
        goals = self.drives[name]
        goal: Value | None
        if isinstance(goals, dict):
            alike = (key for key in goals if key == value and isinstance(key, bool) == isinstance(value, bool))
            goal = goals.get(next(alike, OTHERWISE))
        else:
            goal = goals
        return value if goal == SAME else goal
