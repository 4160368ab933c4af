"""Follows rules, and keeps forms going: Rasa's RulePolicy.

A rule is the states that come before one of its actions; it applies where the conversation's last states have what
the rule's states have. Of several that apply, the one that says most counts. An active form goes before all rules
until it rejects what was said; then rules may step in, and lead back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..domain import Domain
from .history import RuleOnly, before_each_action, states_of
from .matching import Rule, RuleIndex, rule_for
from .predictions import Prediction, nothing
from .slots import UNSET
from .states import LISTEN, SNIPPET, Conversation, Event, State, applied_events

NAME = "RulePolicy"

DEFAULT_ACTIONS = {
    "restart": "action_restart",
    "back": "action_back",
    "session_start": "action_session_start",
}
"""Intents that mean the same in every project."""


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """RulePolicy's settings in config.yml."""

    priority: int
    fallback: str | None
    """The action where no rule applies; None for no prediction."""
    threshold: float
    """How sure another policy must be to be believed instead of the fallback."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What the rules make of a conversation's states."""

    action: str | None
    rule: Rule | None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """A prediction and its source: the key of a rule, or the description of a built-in behaviour."""

    prediction: Prediction
    source: str | None
    rule: Rule | None = None


class Rules:
    """What a project's rules say, with what its stories add about interrupted forms."""

    def __init__(
        self, options: RuleOptions, index: RuleIndex, returning: RuleIndex, staying_out: RuleIndex
    ) -> None:
        self.options = options
        self._index = index
        self._returning = returning
        """Where a form takes over again after something else, without a look at what was said."""
        self._staying_out = staying_out
        """Where something else than the form comes next."""
        self.rule_only = RuleOnly()
        self.hidden: frozenset[str] = frozenset()
        """Sources of predictions that occur in no story."""

    @classmethod
    def learn(
        cls,
        domain: Domain,
        options: RuleOptions,
        rules: Sequence[Sequence[Event]],
        stories: Sequence[Sequence[Event]],
    ) -> Rules:
        """Take the rules' and stories' courses apart."""
        found: dict[str, Rule] = {}
        ambiguous: set[str] = set()
        from_rules = [example for events in rules for example in _rule_examples(domain, events)]
        from_stories = [example for events in stories for example in _story_examples(domain, events)]
        for states, action in from_rules:
            if (rule := rule_for(states, action)) and found.setdefault(rule.key, rule).action != action:
                ambiguous.add(rule.key)
        returning, staying_out = [], []
        for states, action in from_rules + from_stories:
            form = states[-1].form
            if form in (None, UNSET) or not (rule := rule_for(_around_form(states), action)):
                continue
            listened = states[-1].action == LISTEN
            if listened and action == form:
                returning.append(rule)
            elif not listened and action != form:
                staying_out.append(rule)
        kept = [rule for key, rule in found.items() if key not in ambiguous and rule.action != SNIPPET]
        learned = cls(options, RuleIndex.of(kept), RuleIndex.of(returning), RuleIndex.of(staying_out))
        learned.rule_only = _rule_only(from_rules, from_stories)
        return learned

    @property
    def reach(self) -> int:
        """States that they may look back."""
        return max((len(rule.states) for rule in self._index.rules.values()), default=0)

    @property
    def keys(self) -> Iterable[str]:
        """The rules' identities."""
        return self._index.rules.keys()

    def forget(self, rule: Rule) -> None:
        """Drop a rule that a story has a better one for."""
        self._index.remove(rule)

    def predict(self, conversation: Conversation, states: Sequence[State]) -> Prediction:
        """The next action; the fallback where no rule applies."""
        return self.reason(conversation, states).prediction

    def reason(self, conversation: Conversation, states: Sequence[State]) -> Reason:
        """The next action and where it comes from."""
        if default := self._default_action(conversation):
            action, source = default
            return Reason(self._certain(action, source), source)
        if loop := self._happy_path(conversation):
            action, source = loop
            return Reason(replace(self._certain(action, source), whatever_was_said=True), source)
        finding = self._find(conversation, states)
        found = finding.rule.key if finding.rule else None
        prediction = self._certain(finding.action, found) if finding.action else self.unsure()
        prediction = replace(prediction, interrupted=finding.interrupted, hidden=found in self.hidden)
        return Reason(prediction, found, finding.rule)

    def unsure(self) -> Prediction:
        """The prediction where no rule applies."""
        options = self.options
        if options.fallback is None:
            return nothing(NAME, options.priority)
        return Prediction(options.fallback, options.threshold, NAME, options.priority)

    def _find(self, conversation: Conversation, states: Sequence[State]) -> _Finding:
        """What the rules say, and whether they lead back to an interrupted form."""
        best = max(self._index.applying(states), key=lambda rule: len(rule.key), default=None)
        action = best.action if best else None
        form = conversation.active_form
        if form is None:
            return _Finding(action, best)
        if best and action == LISTEN and best.states[-1].form in (None, UNSET):
            # A rule that knows nothing of the form has ended: the form goes on, unless a story says otherwise.
            if not any(self._staying_out.applying(states)):
                return _Finding(form, best)
            action = None
        return _Finding(action, best, any(self._returning.applying(states)))

    def _certain(self, action: str, source: str | None) -> Prediction:
        unsure, hidden = self.unsure(), source in self.hidden
        otherwise = (unsure.action, unsure.confidence)
        return Prediction(action, 1.0, NAME, self.options.priority, otherwise, hidden=hidden)

    @staticmethod
    def _default_action(conversation: Conversation) -> tuple[str, str] | None:
        intent = conversation.heard.intent if conversation.heard else ""
        if conversation.action != LISTEN or intent not in DEFAULT_ACTIONS:
            return None
        return DEFAULT_ACTIONS[intent], default_source(intent)

    @staticmethod
    def _happy_path(conversation: Conversation) -> tuple[str, str] | None:
        form = conversation.active_form
        if form is None or conversation.rejected or conversation.action is None:
            return None
        if conversation.action != form:
            return form, form_source(form)
        return LISTEN, f"{form_source(form)} - {LISTEN}"


def default_source(intent: str) -> str:
    """How predictions from an intent that means the same everywhere are named."""
    return f"predicting default action with intent {intent}"


def form_source(form: str) -> str:
    """How predictions of an active form are named."""
    return f"handling active loops and forms - {form}"


def _around_form(states: Sequence[State]) -> list[State]:
    """What decides about an interrupted form: the state, and the action before."""
    if len(states) == 1 or states[-2].action is None:
        return [states[-1]]
    return [State(action=states[-2].action), states[-1]]


Example = tuple[Sequence[State], str]


def _rule_examples(domain: Domain, events: Sequence[Event]) -> Iterator[Example]:
    applied = applied_events(events)
    states = states_of(domain, applied, omit_unset=True)
    yield from ((states[:count], acted.action) for count, acted in before_each_action(applied))


def _story_examples(domain: Domain, events: Sequence[Event]) -> Iterator[Example]:
    # As in Rasa, the states are of all events, although happy turns of forms don't count as actions.
    states = states_of(domain, events)
    applied = applied_events(events)
    yield from ((states[:count], acted.action) for count, acted in before_each_action(applied))


def _rule_only(rules: Iterable[Example], stories: Iterable[Example]) -> RuleOnly:
    rule_slots, rule_forms = _used(rules)
    story_slots, story_forms = _used(stories)
    return RuleOnly(frozenset(rule_slots - story_slots), frozenset(rule_forms - story_forms - {UNSET}))


def _used(examples: Iterable[Example]) -> tuple[set[str], set[str]]:
    slots: set[str] = set()
    forms: set[str] = set()
    for states, _ in examples:
        for state in states:
            slots.update(name for name, _ in state.slots)
            if state.form:
                forms.add(state.form)
    return slots, forms
