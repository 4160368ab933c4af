"""Makes up test stories and conversations for a project, the same ones for the same seed.

A story goes mostly where the policies go, so that it is long and passes; now and then it sets a slot, begins or
ends a form, or takes another action than anybody would.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TypeAlias

from cockpit_assistant.dialogue.playbook.filling import told_by_entities
from cockpit_assistant.dialogue.playbook.flow import Playbook
from cockpit_assistant.dialogue.playbook.states import (
    LISTEN,
    Acted,
    Conversation,
    Heard,
    LoopSet,
    Rejected,
    SlotSet,
)
from cockpit_assistant.events import Entity

Step: TypeAlias = dict[str, object]

ENTITIES = [
    Entity("drink", "latte", 0, 5, "latte"),
    Entity("size", "small", 0, 5, "small"),
    Entity("size", "Large", 0, 5, "Large"),
    Entity("size", "huge", 0, 4, "huge"),
    Entity("stop", "Dover", 0, 5, "Dover"),
    Entity("stop", "Kent", 0, 4, "Kent"),
    Entity("mode", "eco", 0, 3, "eco"),
    Entity("mode", "sport", 0, 5, "sport"),
    Entity("mood", "sad", 0, 3, "sad"),
    Entity("place", "外滩", 0, 2, "外滩"),
    Entity("place", "Rome", 0, 4, "Rome", role="from"),
    Entity("place", "Paris", 0, 5, "Paris", role="to"),
    Entity("number", "9", 0, 1, "9"),
    Entity("number", "1", 0, 1, "1"),
]

SLOTS: dict[str, list[object]] = {
    "mode": ["eco", "sport", "other", None],
    "size": ["small", "large", None],
    "pet": [True, False, None],
    "drink": ["tea", None],
    "urgency": [9, 1, 10, None],
    "stops": [["Dover"], None],
    "guests": [3, None],
    "requested_slot": ["drink", "note", None],
}

LIKELY = {"inform": 5, "order_coffee": 4, "plan_trip": 3, "affirm": 3, "chitchat": 3, "report_mood": 2, "cancel": 2}


class Inventor:
    """Makes things up by a seed."""

    def __init__(self, playbook: Playbook, seed: int) -> None:
        self._playbook = playbook
        self._domain = playbook.domain
        self._random = random.Random(seed)
        self._intents = [*sorted(self._domain.intents), "nlu_fallback"]
        self._weights = [LIKELY.get(intent, 1) for intent in self._intents]
        actions = {*self._domain.responses, *self._domain.forms, "action_order", "action_default_fallback"}
        self._actions = sorted(actions | {"utter_unwritten", "action_deactivate_loop"})
        self.understood: dict[str, tuple[str, list[dict[str, object]]]] = {}
        """What is made of the texts of stories: mostly what they mean."""

    def story(self, name: str, *, texts: bool = False) -> Step:
        """A test story as its file has it."""
        conversation = Conversation(self._domain)
        conversation.update(Acted(LISTEN))
        steps: list[Step] = []
        if self._chance(0.1):
            steps += self._slot(conversation)
        for _ in range(self._random.randint(1, 5)):
            steps.append(self._user(conversation, texts=texts))
            for _ in range(12 if self._chance(0.02) else 5):
                action = self._action(conversation)
                if action == LISTEN:
                    break
                steps.append({"action": action})
                conversation.update(Acted(action))
                steps += self._after(conversation, action)
            if isinstance(choice := steps[-1].get("or"), list):  # a story can't end with a choice
                steps[-1] = choice[0]
            conversation.update(Acted(LISTEN))
        return {"story": name, "steps": steps}

    def conversation(self) -> list[tuple[str, list[dict[str, object]], str]]:
        """What somebody says, message by message."""
        return [
            (self._intent(default=0.03), [_as_parsed(entity) for entity in self._some_entities()], f"text {number}")
            for number in range(self._random.randint(2, 9))
        ]

    def _user(self, conversation: Conversation, *, texts: bool) -> Step:
        intent, entities = self._intent(), self._some_entities()
        step: Step = {"intent": intent}
        if texts and self._chance(0.5):
            step["user"] = self._text(intent, entities)
        elif entities:
            step["entities"] = [
                {entity.entity: entity.value, **({"role": entity.role} if entity.role else {})}
                for entity in entities
            ]
        conversation.update(Heard(intent, tuple(entities)))
        for slot, value in told_by_entities(self._domain.slots, entities):
            conversation.update(SlotSet(slot, value))
        if self._chance(0.04):
            return {"or": [step, {"intent": self._intent()}]}
        return step

    def _text(self, intent: str, entities: list[Entity]) -> str:
        written, plain = "", ""
        parsed: list[dict[str, object]] = []
        for entity in entities:
            mark = (
                f'{{"entity": "{entity.entity}", "role": "{entity.role}"}}' if entity.role else f"({entity.entity})"
            )
            written += f"[{entity.text}]{mark} "
            parsed.append({**_as_parsed(entity), "start": len(plain), "end": len(plain) + len(entity.text)})
            plain += f"{entity.text} "
        number = len(self.understood)
        if self._chance(0.03):
            intent = self._intent()
        if parsed and self._chance(0.03):
            parsed.pop()
        self.understood[f"{plain}number {number}"] = (intent, parsed)
        return f"{written}number {number}"

    def _action(self, conversation: Conversation) -> str:
        if self._chance(0.04):
            return self._random.choice(self._actions)
        action = self._playbook.policies.predict(conversation).action
        if action == conversation.active_form and self._chance(0.35):
            conversation.update(Rejected(action))
            action = self._playbook.policies.predict(conversation).action
        return action

    def _after(self, conversation: Conversation, action: str) -> Iterator[Step]:
        if action in self._domain.forms and self._chance(0.9):
            if conversation.active_form != action:
                conversation.update(LoopSet(action))
                yield {"active_loop": action}
            if self._chance(0.3):
                conversation.update(LoopSet(None))
                yield {"active_loop": None}
        elif (action == "action_deactivate_loop" and self._chance(0.9)) or self._chance(0.01):
            conversation.update(LoopSet(None))
            yield {"active_loop": None}
        if self._chance(0.12):
            yield from self._slot(conversation)

    def _slot(self, conversation: Conversation) -> Iterator[Step]:
        name = self._random.choice(sorted(SLOTS))
        value = self._random.choice(SLOTS[name])
        held = tuple(value) if isinstance(value, list) else value
        conversation.update(SlotSet(name, held))  # type: ignore[arg-type]
        yield {"slot_was_set": [{name: value}]}

    def _intent(self, *, default: float = 0.0) -> str:
        if self._chance(default):
            return self._random.choice(["back", "restart", "session_start"])
        return self._random.choices(self._intents, self._weights)[0]

    def _some_entities(self) -> list[Entity]:
        return self._random.sample(ENTITIES, self._random.choice((0, 0, 1, 1, 1, 2)))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def _as_parsed(entity: Entity) -> dict[str, object]:
    parsed: dict[str, object] = {"entity": entity.entity, "value": entity.value, "start": 0, "end": 1}
    return {**parsed, "role": entity.role} if entity.role else parsed
