"""A conversation's events, and what they amount to.

A state is what policies see of a conversation: what the user last said (intent and entities), the slots that
influence the conversation, the action before, and the active form. How events lead to it is Rasa's
(`rasa/shared/core/events.py`, `trackers.py`), including which events count: a form's happy turns after its first
don't, so that while it is answered a long form and a short one look the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ...events import Entity
from ..domain import Domain
from .slots import UNSET, Feature, SlotValue

LISTEN = "action_listen"
SNIPPET = "..."
"""Stands in a rule for whatever was before it, or comes after it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The user has said something."""

    intent: str
    entities: tuple[Entity, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Acted:
    """The assistant has done something, if only listened."""

    action: str
    unpredictable: bool = False
    """A story begins with it, so that nothing tells why."""
    hidden: bool = False
    """Only rules led to it: stories know nothing of this turn."""


@dataclass(frozen=True, slots=True)
class SlotSet:
    """A slot has a new value, None for nothing."""

    slot: str
    value: SlotValue | None


@dataclass(frozen=True, slots=True)
class LoopSet:
    """A form has become active, or with None the active one is done."""

    form: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A form has found nothing for itself in what was said."""

    action: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The active form is come back to after something else: it does not look at what was said."""


@dataclass(frozen=True, slots=True)
class Reverted:
    """What was said last counts as unsaid."""


Event: TypeAlias = Heard | Acted | SlotSet | LoopSet | Rejected | Interrupted | Reverted


@dataclass(frozen=True, slots=True)
class State:
    """The conversation before an action."""

    intent: str | None = None
    entities: tuple[str, ...] = ()
    slots: tuple[tuple[str, Feature], ...] = ()
    action: str | None = None
    """The action before; None at the beginning of a conversation."""
    form: str | None = None
    """The active form; UNSET where a rule asks for none."""


def as_json(states: Iterable[State]) -> str:
    """States as Rasa writes them; the longer text is the more special rule."""
    return json.dumps([_as_dict(state) for state in states], sort_keys=True)


def _as_dict(state: State) -> dict[str, dict[str, object]]:
    written: dict[str, dict[str, object]] = {}
    if state.intent is not None:
        written["user"] = {"intent": state.intent}
        if state.entities:
            written["user"]["entities"] = state.entities
    if state.slots:
        written["slots"] = dict(state.slots)
    if state.action is not None:
        written["prev_action"] = {"action_name": state.action}
    if state.form is not None:
        written["active_loop"] = {"name": state.form}
    return written


@dataclass(slots=True)
class Conversation:
    """Events, and what they amount to."""

    domain: Domain
    events: list[Event] = field(default_factory=list)
    heard: Heard | None = None
    action: str | None = None
    slots: dict[str, SlotValue] = field(default_factory=dict)
    form: str | None = None
    """The active form or UNSET; see `active_form`."""
    rejected: bool = False
    interrupted: bool = False
    opening: bool = True
    """Nothing has happened yet, so that the assistant is going to listen."""
    _features: dict[str, Feature] = field(default_factory=dict)
    _ever_set: set[str] = field(default_factory=set)
    _shown: dict[bool, tuple[tuple[str, Feature], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reset()

    @property
    def active_form(self) -> str | None:
        """The form that is being filled."""
        return None if self.form == UNSET else self.form

    def update(self, event: Event) -> None:
        """Take in what happened."""
        self.events.append(event)
        if isinstance(event, Reverted):
            self._reset()
            for applied in applied_events(self.events):
                self._apply(applied)
        else:
            self._apply(event)

    def state(self, *, omit_unset: bool = False) -> State:
        """What the policies see now; `omit_unset` leaves out slots that only have their initial value."""
        if omit_unset not in self._shown:
            shown = self._features.items()
            kept = [item for item in shown if not omit_unset or item[0] in self._ever_set]
            self._shown[omit_unset] = tuple(sorted(kept))
        heard = self.heard
        return State(
            heard.intent if heard else None,
            self.domain.seen_entities(heard.intent, heard.entities) if heard else (),
            self._shown[omit_unset],
            self.action,
            self.form,
        )

    def _reset(self) -> None:
        self.heard = self.action = self.form = None
        self.rejected = self.interrupted = False
        self.opening = True
        self.slots, self._features, self._ever_set, self._shown = {}, {}, set(), {}
        for slot in self.domain.slots.values():
            if slot.initial is not None:
                self._set(slot.name, slot.initial)
        self._ever_set.clear()

    def _apply(self, event: Event) -> None:
        match event:
            case Heard():
                self.heard, self.opening = event, False
            case Acted(action):
                self.action, self.opening = action, False
                if active := self.active_form:
                    self.interrupted = False
                    self.rejected = self.rejected and action != active
            case SlotSet(slot, value):
                self._set(slot, value)
            case LoopSet(form):
                self.form = form
                self.rejected = self.interrupted = False
            case Rejected(action):
                self.rejected = self.rejected or (action == self.active_form)
            case Interrupted():
                self.interrupted = self.form is not None

    def _set(self, name: str, value: SlotValue | None) -> None:
        self._shown.clear()
        self._ever_set.add(name)
        slot = self.domain.slots.get(name)
        value = slot.holds(value) if slot else value
        feature = slot.feature(value) if slot else None
        if feature is None:
            self._features.pop(name, None)
        else:
            self._features[name] = feature
        if value is None or value == UNSET:
            self.slots.pop(name, None)
        else:
            self.slots[name] = value


def applied_events(events: Sequence[Event]) -> list[Event]:
    """The events that count: without what was taken back, and without a form's happy turns after the first."""
    forms = {event.form for event in events if isinstance(event, LoopSet) and event.form}
    applied: list[Event] = []
    for event in events:
        if isinstance(event, Reverted):
            _undo(Heard, applied)
            _undo(Acted, applied)
        elif isinstance(event, Acted) and event.action in forms and not _new_to_form(event.action, applied):
            _undo_turn_of(event.action, applied)
        else:
            applied.append(event)
    return applied


def _undo(kind: type[Heard] | type[Acted], applied: list[Event]) -> None:
    while applied and not isinstance(applied.pop(), kind):
        pass


def _new_to_form(form: str, applied: Sequence[Event]) -> bool:
    """Whether a form's action is its first, or one after something else was talked about."""
    following: str | None = None
    for event in reversed(applied):
        match event:
            case LoopSet(None):
                return True
            case Rejected(action) if action == form:
                return True
            case Heard() if following is not None and following != form:
                return True
            case Acted(action):
                if action == form:
                    return False
                following = action
    return True


def _undo_turn_of(form: str, applied: list[Event]) -> None:
    """Take away what was said and done since the form acted before, but not what that set."""
    for index in range(len(applied) - 1, -1, -1):
        event = applied[index]
        if isinstance(event, Acted) and event.action == form:
            return
        if isinstance(event, (Acted, Heard)):
            del applied[index]
