"""Follows stories to the letter: Rasa's MemoizationPolicy and AugmentedMemoizationPolicy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..domain import Domain
from .history import RuleOnly, before_each_action, states_of, states_without_rules
from .predictions import Prediction, nothing
from .states import LISTEN, Acted, Conversation, Event, State, applied_events

Turns = tuple[State, ...]


class Memoization:
    """Knows what follows each stretch of a story, and nothing of what stories don't show."""

    def __init__(self, remembered: Mapping[Turns, str], max_history: int | None, *, augmented: bool, priority: int):
        self._remembered = remembered
        self._max_history = max_history
        self._augmented = augmented
        self._priority = priority

    @classmethod
    def learn(
        cls,
        domain: Domain,
        courses: Iterable[Sequence[Event]],
        max_history: int | None,
        *,
        augmented: bool,
        priority: int,
    ) -> Memoization:
        """Remember the courses of all stories; where two stories contradict each other, neither counts."""
        remembered: dict[Turns, str] = {}
        ambiguous: set[Turns] = set()
        for events in courses:
            states = states_of(domain, events)
            for count, acted in before_each_action(applied_events(events)):
                turns = tuple(states[:count][-max_history:] if max_history else states[:count])
                if remembered.setdefault(turns, acted.action) != acted.action:
                    ambiguous.add(turns)
        known = {turns: action for turns, action in remembered.items() if turns not in ambiguous}
        return cls(known, max_history, augmented=augmented, priority=priority)

    @property
    def name(self) -> str:
        """Rasa's name of the policy."""
        return "AugmentedMemoizationPolicy" if self._augmented else "MemoizationPolicy"

    @property
    def reach(self) -> int:
        """States that it may look back."""
        return max(map(len, self._remembered), default=0)

    def predict(self, conversation: Conversation, rule_only: RuleOnly) -> Prediction:
        """The action that a story has after the same turns."""
        events = applied_events(conversation.events)
        turns = self._turns(conversation.domain, events, rule_only)
        action = self._remembered.get(turns)
        if action is None and self._augmented:
            action = self._without_beginning(conversation.domain, events, turns, rule_only)
        if action is None:
            return nothing(self.name, self._priority)
        return Prediction(action, 1.0, self.name, self._priority)

    def _turns(self, domain: Domain, events: Sequence[Event], rule_only: RuleOnly) -> Turns:
        states = states_without_rules(domain, events, rule_only)
        return tuple(states[-self._max_history :] if self._max_history else states)

    def _without_beginning(
        self, domain: Domain, events: Sequence[Event], turns: Turns, rule_only: RuleOnly
    ) -> str | None:
        """Forget the conversation's beginning, action by action, and with it the slots that were set there."""
        events = events[self._trimmed(events) :]
        actions = [index for index, event in enumerate(events) if isinstance(event, Acted)]
        for start in actions:
            shorter = self._turns(domain, events[start:], rule_only)
            if shorter != turns and (action := self._remembered.get(shorter)):
                return action
            turns = shorter
        return None

    def _trimmed(self, events: Sequence[Event]) -> int:
        """Where the turns begin that `max_history` takes in: at the assistant's listening before them."""
        actions = 0
        if self._max_history:
            for index in range(len(events) - 1, -1, -1):
                event = events[index]
                if isinstance(event, Acted):
                    actions += 1
                    if actions > self._max_history and event.action == LISTEN:
                        return index
        return 0
