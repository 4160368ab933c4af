"""Which slots an utterance fills: Rasa's `ActionExtractSlots`, over the mappings of domain.yml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...events import Entity, Value
from .slots import Form, Slot, SlotMapping, SlotValue


@dataclass(frozen=True, slots=True)
class Moment:
    """What decides whether a mapping counts for an utterance."""

    intent: str
    entities: tuple[Entity, ...]
    text: str
    form: Form | None
    """The active form."""
    requested: str | None
    rejected: bool
    """The form has already turned this utterance down."""
    filled: frozenset[str]


def extract(slots: Mapping[str, Slot], moment: Moment) -> Iterator[tuple[str, SlotValue | None]]:
    """The slots an utterance fills, with their values, in the order of domain.yml."""
    shared = _shared(slots, moment.form)
    for slot in slots.values():
        for mapping in slot.mappings:
            if not _counts(slot, mapping, moment, shared):
                continue
            if found := _found(mapping, moment):
                value: SlotValue | None = found[-1]
                if slot.kind == "list":
                    value = tuple(item for item in found if item is not None)
                if value is not None or slot.name in moment.filled:
                    yield slot.name, value
                    break


def told_by_entities(slots: Mapping[str, Slot], entities: Sequence[Entity]) -> Iterator[tuple[str, SlotValue]]:
    """What the entities of a story's user step set: only `from_entity` counts there, whatever the intent."""
    for slot in slots.values():
        found: list[Value] = []
        for mapping in slot.mappings:
            bound = bool(mapping.conditions) and mapping.conditions[0].active_loop is not None
            if mapping.source == "from_entity" and not bound:
                found += [entity.value for entity in entities if mapping.takes(entity)]
        if found:
            yield slot.name, tuple(found) if slot.kind == "list" else found[-1]


def _shared(slots: Mapping[str, Slot], form: Form | None) -> frozenset[SlotMapping]:
    """Mappings by which an entity could fill several slots of a form: they fill only the one asked for."""
    if form is None:
        return frozenset()
    counted = Counter(
        mapping
        for name in form.required
        if name in slots
        for mapping in slots[name].mappings
        if mapping.source == "from_entity"
    )
    return frozenset(mapping for mapping, times in counted.items() if times > 1)


def _counts(slot: Slot, mapping: SlotMapping, moment: Moment, shared: frozenset[SlotMapping]) -> bool:
    form = moment.form
    unwanted = set(mapping.not_intents)
    if form and (not mapping.conditions or any(c.active_loop == form.name for c in mapping.conditions)):
        unwanted.update(form.ignored_intents)
    if mapping.intents:
        if moment.intent not in mapping.intents:
            return False
    elif moment.intent in unwanted:
        return False
    if mapping.source == "from_trigger_intent":
        loops = [condition.active_loop for condition in mapping.conditions]
        return form is not None and (not loops or form.name in loops)
    if mapping.conditions and not _condition_holds(slot, mapping, moment):
        return False
    asked = moment.requested == slot.name
    return not (form and not asked and slot.name in form.required and mapping in shared)


def _condition_holds(slot: Slot, mapping: SlotMapping, moment: Moment) -> bool:
    if moment.rejected and moment.requested == slot.name:
        return False
    active = moment.form.name if moment.form else None
    return any(
        condition.active_loop == active and (active is None or condition.requested_slot in (None, moment.requested))
        for condition in mapping.conditions
    )


def _found(mapping: SlotMapping, moment: Moment) -> list[Value | None]:
    match mapping.source:
        case "from_entity":
            return [entity.value for entity in moment.entities if mapping.takes(entity)]
        case "from_intent" | "from_trigger_intent":
            return [mapping.value]
        case "from_text":
            return [moment.text]
    return []
