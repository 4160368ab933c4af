"""Reads single steps of rules and stories: who says what, what is done, which slots and forms are set.

Every name in them must be one of the domain's, so that a slip of the pen is found here and not by a driver.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from ...events import Entity
from ...vehicle.document import Document, Key
from ..domain import DEFAULT_INTENTS, Domain
from .marks import marked
from .slots import REQUESTED_SLOT, UNSET, Slot, SlotValue
from .states import LISTEN, Acted, Heard, LoopSet, SlotSet

Where = tuple[Key, ...]
"""A place in a file, by keys and numbers."""

OWN_ACTIONS = frozenset(
    {LISTEN, "action_restart", "action_back", "action_default_fallback", "action_deactivate_loop"}
)
"""Rasa's default actions that run on board."""

OTHER_ACTIONS = frozenset(
    {
        "action_two_stage_fallback",
        "action_revert_fallback_events",
        "action_default_ask_affirmation",
        "action_default_ask_rephrase",
        "action_unlikely_intent",
        "action_session_start",
        "action_extract_slots",
    }
)
"""Rasa's default actions that don't."""


class StepReader:
    """Reads the steps of one file's rules, or of its stories; raises ProjectError with file and line."""

    def __init__(self, document: Document, domain: Domain, *, rule: bool) -> None:
        self._document = document
        self._domain = domain
        self._rule = rule
        self._actions = {*domain.responses, *domain.actions, *domain.forms, *OWN_ACTIONS}

    def heard(self, where: Where, step: dict[str, object]) -> Heard:
        """What the user says: an intent with entities, or a text with its intent and marked entities."""
        intent, text = step.get("intent"), step.get("user")
        if intent is None:
            raise self._document.error(where, "what the user means is missing: add `intent: …`.")
        if not isinstance(intent, str) or not intent.strip():
            raise self._document.error(where, f"an intent is a name, not {intent!r}.")
        intent = intent.strip().removeprefix("/")
        if "/" in intent:
            raise self._document.error(
                where, f"retrieval intents such as `{intent}` can't run on board. Use plain intents."
            )
        self._names(where, "intent", intent, self._domain.intents | set(DEFAULT_INTENTS))
        if text is None:
            entities = self._entities((*where, "entities"), step.get("entities") or [])
            return Heard(intent, entities)
        if not isinstance(text, str):
            raise self._document.error(where, f"what the user says is a text, not {text!r}.")
        try:
            plain, entities = marked(text.strip())
        except ValueError as error:
            raise self._document.error(where, f"{error}.") from None
        for entity in entities:
            self._names(where, "entity", entity.entity, self._domain.entities)
        return Heard(intent, entities, plain)

    def _entities(self, where: Where, listed: object) -> tuple[Entity, ...]:
        if not isinstance(listed, list):
            raise self._document.error(where, "must be a list of `entity: value`.")
        found: list[Entity] = []
        for number, item in enumerate(listed):
            here = (*where, number)
            parts = dict(item) if isinstance(item, dict) else {item: ""} if isinstance(item, str) else {}
            role, group = parts.pop("role", None), parts.pop("group", None)
            if len(parts) != 1 or not all(part is None or isinstance(part, str) for part in (role, group)):
                raise self._document.error(here, "an entity is `name: value`, if need be with `role` and `group`.")
            ((entity, value),) = parts.items()
            if not isinstance(value, (bool, int, float, str)):
                raise self._document.error(here, f"the value of an entity is a word or number, not {value!r}.")
            self._names(here, "entity", entity, self._domain.entities)
            found.append(Entity(str(entity), value, 0, 0, "", role, group))
        return tuple(found)

    def acted(self, where: Where, name: object) -> Acted:
        """What the assistant does."""
        if isinstance(name, str) and name in OTHER_ACTIONS:
            raise self._document.error(
                where, f"{name} can't run on board. Use a response, a form or an action of your own."
            )
        self._names(where, "action", name, self._actions)
        if name == LISTEN and self._rule:
            raise self._document.error(where, f"rules listen by themselves. Remove {LISTEN}.")
        return Acted(str(name))

    def loop_set(self, where: Where, name: object) -> LoopSet:
        """Which form becomes active, or that none is."""
        if name is None:
            return LoopSet(UNSET if self._rule else None)
        self._names(where, "form", name, self._domain.forms)
        return LoopSet(str(name))

    def slots_set(self, where: Where, listed: object) -> list[SlotSet]:
        """The slots that are set or, with `null`, empty."""
        if not isinstance(listed, list):
            raise self._document.error(where, "must be a list: `- name: value`.")
        found: list[SlotSet] = []
        for number, item in enumerate(listed):
            here = (*where, number)
            if isinstance(item, str):
                found.append(SlotSet(item, self._filled(here, self._slot(here, item))))
            elif isinstance(item, dict) and item:
                found += [SlotSet(str(n), self._value(here, self._slot(here, n), v)) for n, v in item.items()]
            else:
                raise self._document.error(here, "a slot is `name: value`, or for texts and lists just `name`.")
        return found

    def _slot(self, where: Where, name: object) -> Slot:
        if name == REQUESTED_SLOT and self._domain.forms:
            return Slot(REQUESTED_SLOT, "text", influences=False)
        self._names(where, "slot", name, self._domain.slots)
        return self._domain.slots[str(name)]

    def _filled(self, where: Where, slot: Slot) -> SlotValue | None:
        if slot.influences and slot.kind not in ("text", "list"):
            raise self._document.error(
                where, f"slot {slot.name} is of type {slot.kind}: say which value, `{slot.name}: …`."
            )
        return ("filled",) if slot.kind == "list" else "filled"

    def _value(self, where: Where, slot: Slot, value: object) -> SlotValue | None:
        if value is None:
            if self._rule and slot.kind == "list" and slot.influences:
                raise self._document.error(
                    where, f"Rasa takes `{slot.name}: null` for a list that is set. Leave it out."
                )
            return UNSET if self._rule else None
        if slot.kind == "categorical" and isinstance(value, bool):
            raise self._document.error(
                where, f"YAML reads {slot.name}'s value as {value}. Put quotes around the word."
            )
        if isinstance(value, list) and all(isinstance(part, (bool, int, float, str)) for part in value):
            return tuple(value)
        if not isinstance(value, (bool, int, float, str)):
            raise self._document.error(
                where, f"the value of a slot is a word, a number or a list of them, not {value!r}."
            )
        return slot.holds(value)

    def known(self, item: dict[str, object], where: Where, keys: Collection[str | None]) -> None:
        """See to it that a mapping has no other keys."""
        for key in item:
            if key not in keys:
                raise self._document.error(
                    where, f"unknown key `{key}`. Remove it, or check spelling and indentation."
                )

    def _names(self, where: Where, what: str, name: object, known: Collection[str]) -> None:
        if not isinstance(name, str) or name not in known:
            close = difflib.get_close_matches(str(name), list(known), 1)
            remedy = f"Did you mean `{close[0]}`?" if close else "Declare it there."
            raise self._document.error(where, f"domain.yml has no {what} `{name}`. {remedy}")
