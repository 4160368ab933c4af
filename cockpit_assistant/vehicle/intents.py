"""What an intent does to the car, as vehicle.yml says it: signals to set, or signals to read out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..events import Value
from .signals import Literalised

SPEAKER = "speaker"
"""In place of a zone: the seat the voice came from."""


OUT_OF_RANGE = "utter_out_of_range"
ZONE_UNAVAILABLE = "utter_zone_unavailable"
AT_LIMIT = "utter_at_limit"
UNKNOWN_STATE = "utter_unknown_state"
UNKNOWN_VALUE = "utter_unknown_value"
PROBLEMS = (OUT_OF_RANGE, ZONE_UNAVAILABLE, AT_LIMIT, UNKNOWN_STATE, UNKNOWN_VALUE)
"""Responses a project needs for what can't be carried out."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_target(value: object) -> object:
    return value if isinstance(value, dict) else {"value": value}


def _as_rule(value: object) -> object:
    return {"steps": value} if isinstance(value, list) else value


def _as_condition(value: object) -> object:
    """One entity, several, or entities with the values that count: a name, a list of names, a mapping."""
    if isinstance(value, (str, list)):
        return {name: [] for name in ([value] if isinstance(value, str) else value)}
    if isinstance(value, dict):
        return {name: values if isinstance(values, list) else [values] for name, values in value.items()}
    return value


Names = Annotated[list[str], BeforeValidator(_as_list)]

Said = Annotated[dict[str, list[Literalised]], BeforeValidator(_as_condition)]
"""Entities, each with the values that count; none listed: any value does."""


class Target(BaseModel):
    """Where a step wants its signal: a fixed value, what an entity says, or so much more or less than now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Literalised | None = None
    """A fixed value."""
    entity: str | None = None
    """The entity that says it; with `change`, how much."""
    default: Literalised | None = None
    """Taken when the entity wasn't said."""
    change: float | None = None
    """So much more (or less, when negative) than the car's present state: in levels where the signal has levels."""
    values: dict[Literalised, Literalised] = {}
    """What an entity's values mean in the signal's; for a text signal, words not listed are a problem."""
    levels: list[Literalised] = []
    """Levels of this step's own, instead of the signal's."""
    reversed: bool = False
    """A percentage counts from the far end: a shade that is opened by 30 % stands at 70."""
    join: list[str] = []
    """Entities whose words together are the value, those that were said, with spaces."""

    @model_validator(mode="after")
    def _one_way(self) -> Target:
        given = [self.value is not None, self.entity is not None or self.change is not None, bool(self.join)]
        if sum(given) != 1:
            raise ValueError("give a value, or `entity` and/or `change`, or `join`: exactly one of these ways.")
        return self


class Step(BaseModel):
    """One signal to set."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    set: str
    """A signal's name."""
    to: Annotated[Target, BeforeValidator(_as_target)]
    zone: Names = [SPEAKER]
    """For which seats when none was said: `speaker`, seats, or zone groups."""
    ask: str | None = None
    """The response that asks for the entity when it wasn't said and has no default."""
    when: Annotated[Said, Field(alias="if")] = {}
    """Only if one of these was said."""
    unless: Said = {}
    """Only if none of these was said."""

    def applies(self, said: Iterable[tuple[str, Value]]) -> bool:
        """Whether the step is meant by a clause with these entities and values."""
        said = list(said)
        return (not self.when or _any_said(self.when, said)) and not _any_said(self.unless, said)


class Rule(BaseModel):
    """Everything one intent does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = ()
    read: tuple[str, ...] = ()
    """Signals whose readings answer the question."""
    zone: Names = []
    """Which seats are read out when none was said; none listed: every seat."""
    about: Said = {}
    """Entities that, where they are said, must have one of these values, or the readings don't answer the
    question.
    """

    def answers(self, said: Iterable[tuple[str, Value]]) -> bool:
        """Whether the readings tell what was asked: tomorrow's weather they don't."""
        return all(value in self.about[name] for name, value in said if name in self.about)

    @model_validator(mode="after")
    def _either(self) -> Rule:
        if self.steps and self.read:
            raise ValueError("an intent either sets signals or reads them.")
        return self


def _any_said(wanted: Mapping[str, Sequence[Value]], said: Iterable[tuple[str, Value]]) -> bool:
    return any(name in wanted and (not wanted[name] or value in wanted[name]) for name, value in said)


IntentRule = Annotated[Rule, BeforeValidator(_as_rule)]
