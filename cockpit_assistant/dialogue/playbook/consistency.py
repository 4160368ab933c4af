"""Rules that are incomplete, and rules and stories that contradict each other: Rasa's InvalidRule, with lines.

The rules are tried on every rule and story they were learned from. Where they predict another action than the one
that is written there, one of the two is wrong. The same run shows which rules occur in stories at all; turns by the
others are hidden from the policies that learn from stories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import ProjectError
from ..domain import Domain
from .history import states_of
from .matching import Rule, from_snippet
from .rules import DEFAULT_ACTIONS, Rules, default_source, form_source
from .slots import UNSET
from .states import (
    LISTEN,
    SNIPPET,
    Acted,
    Conversation,
    Event,
    Heard,
    LoopSet,
    Rejected,
    SlotSet,
    State,
    applied_events,
    as_json,
)
from .stories import Course, Story

Told = tuple[Story, Course]


def check_rules(domain: Domain, told: Sequence[Told], *, one_message: bool = True, complete: bool = True) -> None:
    """Look at the rules on their own: that they answer one message, that they say all that their actions do.

    Raises:
        ProjectError: a rule has more than one user message, or leaves out a slot or form that an action sets
            elsewhere; a line for each.
    """
    rules = [(story, course) for story, course in told if story.rule]
    problems = [
        f"{story.file}:{story.line}: rule “{story.name}” has more than one user message. Rules "
        "answer one; make it a story."
        for story, course in rules
        if one_message and sum(isinstance(event, Heard) for event in course.events) > 1
    ]
    if complete:
        problems += _incomplete(domain, rules)
    if problems:
        raise ProjectError("\n".join(dict.fromkeys(problems)))


def used_in_stories(rules: Rules, domain: Domain, told: Sequence[Told]) -> frozenset[str]:
    """The sources of predictions that no story shows.

    Raises:
        ProjectError: rules or stories contradict each other; a line for each.
    """
    sources = _sources(rules, domain, [(story, course) for story, course in told if story.rule])
    used: set[str] = set()
    problems: list[str] = []
    # Rasa looks at stories first.
    for story, course in sorted(told, key=lambda item: item[0].rule):
        for step in _steps(rules, domain, story, course):
            if not story.rule and step.predicted == step.written and step.source:
                used.add(step.source)
            problems += _contradiction(rules, story, step, sources)
    if problems:
        raise ProjectError("\n".join(dict.fromkeys(problems)))
    builtin = {default_source(intent) for intent in DEFAULT_ACTIONS}
    for form in domain.forms:
        builtin |= {form_source(form), f"{form_source(form)} - {LISTEN}"}
    return frozenset((sources.keys() | builtin) - used)


# --- incomplete rules ------------------------------------------------------------------------------------------


def _incomplete(domain: Domain, rules: Sequence[Told]) -> Iterator[str]:
    set_slots: dict[str, set[str]] = defaultdict(set)
    set_forms: dict[str, set[str]] = defaultdict(set)
    for _, course in rules:
        for action, event in _after_actions(course.events):
            if isinstance(event, SlotSet):
                if event.slot in domain.slots and domain.slots[event.slot].influences:
                    set_slots[action].add(event.slot)
            elif isinstance(event, LoopSet):
                set_forms[action].add(event.form or UNSET)
    for story, course in rules:
        states = states_of(domain, course.events)
        following = [state.action for state in states[1:]] + [LISTEN]
        for state, after in zip(states, following, strict=True):
            before = state.action
            if before is None or SNIPPET in (before, after):
                continue
            where = f"{story.file}:{story.line}: rule “{story.name}”: {before}"
            otherwise = "or, if the rule ends there, `wait_for_user_input: false`"
            if missing := set_slots[before] - {name for name, _ in state.slots}:
                names = ", ".join(sorted(missing))
                yield f"{where} sets {names} in other rules. Add `slot_was_set` after it, {otherwise}."
            if set_forms[before] and state.form not in set_forms[before]:
                names = ", ".join(
                    sorted("null" if form in (None, UNSET) else str(form) for form in set_forms[before])
                )
                yield f"{where} sets `active_loop: {names}` in other rules. Add it here, {otherwise}."


def _after_actions(events: Sequence[Event]) -> Iterator[tuple[str, Event]]:
    action: str | None = None
    for event in events:
        if isinstance(event, Acted):
            action = event.action
        elif isinstance(event, Heard):
            action = None  # slots that follow were filled by what the user said
        elif action:
            yield action, event


# --- contradictions --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    line: int
    written: str
    predicted: str | None
    """None where a story goes on with what no rule is about."""
    source: str | None
    rule: Rule | None


_Sources = dict[str, list[tuple[Story | None, str]]]
"""By source, the rules that lead there (None for built-in behaviour) and their actions."""


def _steps(rules: Rules, domain: Domain, story: Story, course: Course) -> Iterator[_Step]:
    """What the rules predict for each action of a course."""
    conversation = Conversation(domain)
    states = [conversation.state()]
    predictable = False
    for event, line in _applied(course):
        if isinstance(event, Acted):
            if event.action == SNIPPET:
                predictable = False
            elif not predictable or event.unpredictable:
                predictable = True
            else:
                yield _predicted(rules, conversation, states, story, event.action, line)
            conversation.update(event)
            states.append(conversation.state())
        else:
            conversation.update(event)
            states[-1] = conversation.state()


def _applied(course: Course) -> Iterator[tuple[Event, int]]:
    """The events that count, with their lines. Events are told apart by identity: equal ones may stand twice."""
    lines = {id(event): line for event, line in zip(course.events, course.lines, strict=True)}
    yield from ((event, lines[id(event)]) for event in applied_events(course.events))


def _predicted(
    rules: Rules, conversation: Conversation, states: Sequence[State], story: Story, written: str, line: int
) -> _Step:
    step = _once(rules, conversation, states, story, written, line)
    form = conversation.active_form
    if form and step.predicted == form != written:
        # The form comes first, but what is written here happens after it has turned the words down.
        conversation.update(Rejected(form))
        step = _once(rules, conversation, states, story, written, line)
    return step


def _once(
    rules: Rules, conversation: Conversation, states: Sequence[State], story: Story, written: str, line: int
) -> _Step:
    reason = rules.reason(conversation, states)
    prediction, source = reason.prediction, reason.source
    unsure = (prediction.action, prediction.confidence) == (rules.unsure().action, rules.unsure().confidence)
    if source is None and story.rule and (since := from_snippet(states)):
        source = as_json(since)
    return _Step(line, written, None if unsure and not story.rule else prediction.action, source, reason.rule)


def _sources(rules: Rules, domain: Domain, told: Sequence[Told]) -> _Sources:
    sources: _Sources = defaultdict(list)
    for story, course in told:
        for step in _steps(rules, domain, story, course):
            if step.source is None:
                continue
            if step.source.startswith("["):
                sources[step.source].append((story, step.written))
            else:
                sources[step.source].append((None, str(step.predicted)))
    return sources


def _contradiction(rules: Rules, story: Story, step: _Step, sources: _Sources) -> Iterator[str]:
    if step.predicted is None or step.source is None or step.predicted == step.written:
        return
    if step.rule and not story.rule and _gives_way(rules, step.source, step.predicted):
        rules.forget(step.rule)
        return
    against = [rule for rule, action in sources.get(step.source, ()) if action != step.written]
    if against:
        kind = "rule" if story.rule else "story"
        names = ", ".join(sorted({_named(rule) if rule else step.source for rule in against}))
        instead = f", which goes on with {step.predicted}" if step.predicted != rules.options.fallback else ""
        yield (
            f"{story.file}:{step.line}: {kind} “{story.name}”: {step.written} contradicts {names}{instead}. "
            "Change one of them."
        )


def _gives_way(rules: Rules, source: str, predicted: str) -> bool:
    """Whether a story goes on where a rule would listen, after an action that another rule goes on from as well."""
    if predicted != LISTEN or source.count("prev_action") > 1:
        return False
    return any(key.startswith(source[:-2]) and key != source for key in rules.keys)


def _named(rule: Story) -> str:
    return f"rule “{rule.name}” ({rule.file.name}:{rule.line})"
