"""Runs a form: fills its slots from what was said, and asks for the next one that is empty.

This is Rasa's `FormAction` as events: nothing here changes the conversation, the caller takes the events in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ...events import Value
from ..domain import Domain
from .filling import Moment, extract
from .slots import REQUESTED_SLOT, Form, SlotValue
from .states import LISTEN, Conversation, Event, Heard, LoopSet, SlotSet

Validate: TypeAlias = Callable[[str, str, Value], Value | None]
"""Gets form, slot and value and returns the value to keep, or None where the slot shall be asked for again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a form does when it is its turn."""

    events: tuple[Event, ...]
    asks: str | None
    """The slot to ask for; None when the form has all it needs."""


def asked_with(domain: Domain, form: str, slot: str) -> str | None:
    """The response (or custom action) that asks for a slot; None where the project has none."""
    choices = (
        f"action_ask_{form}_{slot}",
        f"utter_ask_{form}_{slot}",
        f"action_ask_{slot}",
        f"utter_ask_{slot}",
    )
    return next((name for name in choices if name in domain.responses or name in domain.actions), None)


def fill_from_words(conversation: Conversation) -> Iterator[SlotSet]:
    """The slots that what was just said fills, whether a form is active or not."""
    yield from _extracted(conversation, conversation.active_form, rejected=conversation.rejected)


def run(conversation: Conversation, form: Form, validate: Validate | None) -> Turn | None:
    """A form's turn; None if it rejects what was said, so that something else may come first."""
    events: list[Event] = []
    if conversation.active_form != form.name:
        events = [LoopSet(form.name), *_activated(conversation, form, validate)]
    if len(events) < 2:
        validated = _validated(conversation, form, validate)
        if validated is None:
            return None
        events += validated
    values = {**conversation.slots}
    for event in events:
        if isinstance(event, SlotSet):
            _put(values, event)
    missing = next((slot for slot in form.required if slot not in values), None)
    events.append(SlotSet(REQUESTED_SLOT, missing))
    if missing is None:
        events.append(LoopSet(None))
    return Turn(tuple(events), missing)


def cancelled(conversation: Conversation) -> Iterator[Event]:
    """What ends the active form and forgets what it has asked."""
    form = conversation.domain.forms.get(conversation.active_form or "")
    if form:
        yield LoopSet(None)
        yield SlotSet(REQUESTED_SLOT, None)
        yield from (SlotSet(slot, None) for slot in form.required)


def _activated(conversation: Conversation, form: Form, validate: Validate | None) -> Iterator[SlotSet]:
    """What the words that started the form fill already, and what was known before, looked at."""
    extracted = {event.slot: event for event in _extracted(conversation, form.name, rejected=False)}
    values = {**conversation.slots}
    for event in extracted.values():
        _put(values, event)
    if validate:
        for slot in form.required:
            if slot in values:
                extracted.pop(slot, None)
                yield SlotSet(slot, _accepted(form, slot, values[slot], validate))
    yield from extracted.values()


def _validated(conversation: Conversation, form: Form, validate: Validate | None) -> list[SlotSet] | None:
    """What the last words have filled, looked at; None if they have filled nothing that was asked for."""
    active = conversation.active_form == form.name
    listened = conversation.action == LISTEN and not conversation.interrupted
    if conversation.form is not None and not listened:
        return []
    asked = conversation.slots.get(REQUESTED_SLOT) if active else None
    wanted = {*form.required, asked} if asked else {*form.required}
    found = {event.slot: event.value for event in _since_heard(conversation) if event.slot in wanted}
    if asked and not found:
        return None
    if validate is None:
        return []
    return [
        SlotSet(slot, _accepted(form, slot, value, validate)) for slot, value in found.items() if value is not None
    ]


def _accepted(form: Form, slot: str, value: SlotValue, validate: Validate) -> SlotValue | None:
    if not isinstance(value, tuple):
        return validate(form.name, slot, value)
    kept = [validate(form.name, slot, item) for item in value]
    return tuple(item for item in kept if item is not None) or None


def _since_heard(conversation: Conversation) -> list[SlotSet]:
    found: list[SlotSet] = []
    for event in reversed(conversation.events):
        if isinstance(event, Heard):
            break
        if isinstance(event, SlotSet):
            found.insert(0, event)
    return found


def _extracted(conversation: Conversation, form: str | None, *, rejected: bool) -> Iterator[SlotSet]:
    heard, domain = conversation.heard, conversation.domain
    if heard is None:
        return
    requested = conversation.slots.get(REQUESTED_SLOT)
    moment = Moment(
        heard.intent,
        heard.entities,
        heard.text,
        domain.forms.get(form) if form else None,
        str(requested) if requested else None,
        rejected,
        frozenset(conversation.slots),
    )
    yield from (SlotSet(slot, value) for slot, value in extract(domain.slots, moment))


def _put(values: dict[str, SlotValue], event: SlotSet) -> None:
    if event.value is None:
        values.pop(event.slot, None)
    else:
        values[event.slot] = event.value
