"""The sequences of states that policies learn from and compare with.

There is a state before each of the assistant's actions. Policies that learn from stories don't see what only rules
know about: turns, slots and forms (`states_for_tracker_history` in `rasa/shared/core/domain.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..domain import Domain
from .states import LISTEN, Acted, Conversation, Event, State


@dataclass(frozen=True, slots=True)
class RuleOnly:
    """Slots and forms that occur in rules but in no story, which policies learning from stories don't see."""

    slots: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()


def states_of(domain: Domain, events: Iterable[Event], *, omit_unset: bool = False) -> list[State]:
    """The state before each action and the one at the end, of events that all count."""
    conversation = Conversation(domain)
    states: list[State] = []
    for event in events:
        if isinstance(event, Acted):
            states.append(conversation.state(omit_unset=omit_unset))
        conversation.update(event)
    return [*states, conversation.state(omit_unset=omit_unset)]


def states_without_rules(domain: Domain, events: Iterable[Event], rule_only: RuleOnly) -> list[State]:
    """The same for policies that learn from stories: without turns, slots and forms that only rules know."""
    conversation = Conversation(domain)
    states: list[State] = []
    action: str | None = None
    hidden = False
    for event in (*events, None):
        if event is None or isinstance(event, Acted):
            if not hidden:
                action = conversation.action
            # A form's own turns don't change whether the conversation is in a hidden part.
            if not conversation.opening and conversation.action != conversation.active_form:
                hidden = event is not None and event.hidden
            if not hidden:
                states.append(_for_stories(conversation.state(), states, action, rule_only))
        if event is not None:
            conversation.update(event)
    return states


def _for_stories(state: State, before: Sequence[State], action: str | None, rule_only: RuleOnly) -> State:
    slots = tuple(item for item in state.slots if item[0] not in rule_only.slots)
    form = None if state.form in rule_only.forms else state.form
    if before and state.action != LISTEN:
        state = replace(state, intent=before[-1].intent, entities=before[-1].entities)
    return replace(state, slots=slots, form=form, action=action or state.action)


def before_each_action(events: Sequence[Event]) -> Iterator[tuple[int, Acted]]:
    """The actions worth learning, with the number of actions until and with each."""
    count = 0
    for event in events:
        if isinstance(event, Acted):
            count += 1
            if not event.unpredictable:
                yield count, event
