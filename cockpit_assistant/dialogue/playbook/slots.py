"""Slots: what a conversation remembers by name, how it shows to the policies, and how utterances fill it.

The types, their features and the mappings are Rasa's. A slot that influences the conversation becomes a feature, a
tuple of numbers, exactly as Rasa 3.6 computes it (`rasa/shared/core/slots.py`), because rules and stories are
compared by these numbers. Mappings say which part of an utterance fills a slot (`ActionExtractSlots`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from ...events import Entity, Value
from ...vehicle.document import Document

SlotValue: TypeAlias = Value | tuple[Value, ...]
"""What a slot can hold; a list slot holds a tuple."""

Feature: TypeAlias = tuple[float, ...] | str
"""How policies see a set slot; UNSET where a rule asks for an empty one."""

UNSET = "should_not_be_set"
"""Stands for `null` in rules, of slots and of active loops: there it is a condition, not just nothing."""

REQUESTED_SLOT = "requested_slot"
"""Names the slot an active form has asked for."""

OTHER = "__other__"
"""The value of a categorical slot that none of its own values fits."""

Kind: TypeAlias = Literal["text", "bool", "categorical", "float", "list", "any"]
Source: TypeAlias = Literal["from_entity", "from_text", "from_intent", "from_trigger_intent", "custom"]


@dataclass(frozen=True, slots=True)
class Condition:
    """When a mapping counts: while a form is active, or while none is."""

    active_loop: str | None
    requested_slot: str | None


@dataclass(frozen=True, slots=True)
class SlotMapping:
    """One way an utterance fills a slot."""

    source: Source
    entity: str | None
    role: str | None
    group: str | None
    intents: tuple[str, ...]
    not_intents: tuple[str, ...]
    value: Value | None
    conditions: tuple[Condition, ...]

    def takes(self, entity: Entity) -> bool:
        """Whether an entity is the one this mapping names."""
        return (self.entity, self.role, self.group) == (entity.entity, entity.role, entity.group)


@dataclass(frozen=True, slots=True)
class Form:
    """The slots a form asks for in turn, and the intents that never answer it."""

    name: str
    required: tuple[str, ...] = ()
    ignored_intents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as domain.yml declares it."""

    name: str
    kind: Kind
    influences: bool
    """Whether policies see it."""
    initial: SlotValue | None = None
    values: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = 1.0
    mappings: tuple[SlotMapping, ...] = ()

    def holds(self, value: SlotValue | None) -> SlotValue | None:
        """The value as the slot keeps it: a list slot makes a list of a single value."""
        if self.kind == "list" and value is not None and not isinstance(value, tuple) and value != "":
            return (value,)
        return value

    def feature(self, value: SlotValue | None) -> Feature | None:
        """What policies see of a value; None if they see nothing."""
        if not self.influences or value is None:
            return None
        if value == UNSET:
            return UNSET
        feature = self._numbers(value)
        return feature if any(feature) else None

    def _numbers(self, value: SlotValue) -> tuple[float, ...]:
        match self.kind:
            case "text":
                return (1.0,)
            case "bool":
                return _truth(value)
            case "float":
                try:
                    number = float(value)  # type: ignore[arg-type]
                except (TypeError, ValueError, OverflowError):
                    return (0.0, 0.0)
                capped = max(self.minimum, min(self.maximum, number))
                return (1.0, (capped - self.minimum) / abs(self.maximum - self.minimum))
            case "list":
                return (1.0,) if isinstance(value, tuple) and value else (0.0,)
            case "categorical":
                said = str(value).lower()
                chosen = said if said in self.values else OTHER
                return tuple(float(own == chosen) for own in self.values)
        return ()


def _truth(value: SlotValue) -> tuple[float, float]:
    if isinstance(value, (bool, int, float)):
        return (1.0, float(value == 1))
    if isinstance(value, str):
        if value.isnumeric():
            return (1.0, float(float(value) == 1.0)) if value.isdecimal() else (0.0, 0.0)
        if (word := value.strip().lower()) in ("true", "false"):
            return (1.0, float(word == "true"))
    return (0.0, 0.0)


# --- as written ------------------------------------------------------------------------------------------------


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid")
    active_loop: str | None = None
    requested_slot: str | None = None


class _Mapping(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Source
    entity: str | None = None
    role: str | None = None
    group: str | None = None
    intent: str | list[str] | None = None
    not_intent: str | list[str] | None = None
    value: Value | None = None
    action: str | None = None
    conditions: list[_Condition] = []

    @model_validator(mode="after")
    def _complete(self) -> _Mapping:
        if self.type == "from_entity" and self.entity is None:
            raise ValueError("from_entity needs the `entity` to take")
        if self.type in ("from_intent", "from_trigger_intent") and self.value is None:
            raise ValueError(f"{self.type} needs the `value` to set")
        return self


class _Slot(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Kind
    influence_conversation: bool | None = None
    initial_value: Value | list[Value] | None = None
    values: list[str | int | float] | None = None
    min_value: float = Field(default=0.0, allow_inf_nan=False)
    max_value: float = Field(default=1.0, allow_inf_nan=False)
    mappings: list[_Mapping] = []

    @field_validator("values", mode="before")
    @classmethod
    def _words(cls, values: object) -> object:
        if isinstance(values, list) and any(isinstance(value, bool) for value in values):
            raise ValueError("YAML reads bare ON, OFF, YES and NO as true and false: put quotes around the words")
        return values

    @model_validator(mode="after")
    def _sound(self) -> _Slot:
        if self.type == "any" and self.influence_conversation:
            raise ValueError("a slot of type any can't influence the conversation; choose another type")
        if self.type == "float" and self.min_value >= self.max_value:
            raise ValueError("min_value must be less than max_value")
        return self


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    required_slots: list[str] = []
    ignored_intents: str | list[str] = []


_Slots = TypeAdapter(dict[str, _Slot])
_Forms = TypeAdapter(dict[str, _Form | None])


def read_slots(document: Document) -> dict[str, Slot]:
    """The slots of a domain.yml. Raises ProjectError with file and line where one is malformed."""
    try:
        written = _Slots.validate_python(document.data.get("slots") or {})
    except ValidationError as error:
        first = error.errors()[0]
        raise document.error(("slots", *first["loc"]), f"{first['msg'].removeprefix('Value error, ')}.") from None
    return {name: _slot(name, slot) for name, slot in written.items()}


def read_forms(document: Document, slots: Mapping[str, Slot]) -> dict[str, Form]:
    """The forms of a domain.yml. Raises ProjectError with file and line where one is malformed."""
    try:
        written = _Forms.validate_python(document.data.get("forms") or {})
    except ValidationError as error:
        first = error.errors()[0]
        raise document.error(("forms", *first["loc"]), f"{first['msg']}.") from None
    forms: dict[str, Form] = {}
    for name, form in written.items():
        form = form or _Form()
        for number, slot in enumerate(form.required_slots):
            if slot not in slots:
                where = ("forms", name, "required_slots", number)
                raise document.error(where, f"there is no slot `{slot}`. Declare it under `slots`.")
        forms[name] = Form(name, tuple(form.required_slots), _listed(form.ignored_intents))
    return forms


def _slot(name: str, written: _Slot) -> Slot:
    values: tuple[str, ...] = ()
    if written.type == "categorical":
        values = tuple(str(value).lower() for value in written.values or [])
        values += () if OTHER in values else (OTHER,)
    influences = written.type != "any" and written.influence_conversation is not False
    initial = written.initial_value
    slot = Slot(
        name,
        written.type,
        influences,
        tuple(initial) if isinstance(initial, list) else initial,
        values,
        written.min_value,
        written.max_value,
        tuple(_mapping(mapping) for mapping in written.mappings),
    )
    return slot


def _mapping(written: _Mapping) -> SlotMapping:
    return SlotMapping(
        written.type,
        written.entity,
        written.role,
        written.group,
        _listed(written.intent),
        _listed(written.not_intent),
        written.value,
        tuple(Condition(c.active_loop, c.requested_slot) for c in written.conditions),
    )


def _listed(written: str | list[str] | None) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())
