"""Rules as sequences of states, and which of them apply to a conversation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .slots import UNSET
from .states import SNIPPET, State, as_json


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action follows on."""

    states: tuple[State, ...]
    action: str
    key: str
    """The states as Rasa writes them; identifies the rule, and its length is how much the rule says."""

    def applies(self, states: Sequence[State]) -> bool:
        """Whether a conversation's last states have everything the rule's states have."""
        return all(_has(own, state) for own, state in zip(reversed(self.states), reversed(states), strict=False))


@dataclass(slots=True)
class RuleIndex:
    """Rules by the action and intent of their last state, so that few need a closer look."""

    rules: dict[str, Rule] = field(default_factory=dict)
    _by_last: dict[tuple[str | None, str | None], list[Rule]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> RuleIndex:
        """Sort rules in."""
        index = cls({rule.key: rule for rule in rules})
        for rule in index.rules.values():
            last = rule.states[-1]
            index._by_last[last.action, last.intent].append(rule)
        return index

    def applying(self, states: Sequence[State]) -> Iterator[Rule]:
        """The rules that apply to a conversation's states."""
        last = states[-1]
        # At a conversation's beginning there is no action, and nothing else is compared.
        intents = (last.intent, None) if last.intent is not None else (None,)
        for intent in intents if last.action else {intent for action, intent in self._by_last if action is None}:
            yield from (rule for rule in self._by_last.get((last.action, intent), ()) if rule.applies(states))

    def remove(self, rule: Rule) -> None:
        """Take a rule out."""
        del self.rules[rule.key]
        last = rule.states[-1]
        self._by_last[last.action, last.intent].remove(rule)


def _has(own: State, state: State) -> bool:
    if own.action is None or state.action is None:
        return own.action is state.action
    if own.action != state.action or (own.intent is not None and own.intent != state.intent):
        return False
    if own.entities and own.entities != state.entities:
        return False
    if own.form is not None and not _agrees(own.form, state.form):
        return False
    slots = dict(state.slots) if own.slots else {}
    return all(_agrees(feature, slots.get(name)) for name, feature in own.slots)


def _agrees(wanted: object, given: object) -> bool:
    return given in (None, UNSET) if wanted == UNSET else wanted == given


def rule_for(states: Sequence[State], action: str) -> Rule | None:
    """The rule that an action follows; None right after a rule's open beginning: anything may be before it."""
    states = from_snippet(states)
    return Rule(tuple(states), action, as_json(states)) if states else None


def from_snippet(states: Sequence[State]) -> Sequence[State]:
    """The states since a rule's open beginning."""
    for index in range(len(states) - 1, -1, -1):
        if states[index].action == SNIPPET:
            return states[index + 1 :]
    return states
