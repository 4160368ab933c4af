"""What in a project's dialogue can never happen: rules that never count, conditions and wordings that never fit.

Names that the domain doesn't know, and rules that contradict each other, stop a project from loading. Here is what
loads all the same, and no conversation ever takes notice of. Pure functions over what has been read.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from ..events import Value
from ..vehicle.document import Document
from .domain import Domain
from .playbook.filling import told_by_entities
from .playbook.history import before_each_action, states_of
from .playbook.matching import rule_for
from .playbook.policies import Policies
from .playbook.slots import OTHER, REQUESTED_SLOT, UNSET, Slot, SlotValue
from .playbook.states import LISTEN, SNIPPET, Acted, Event, Heard, LoopSet, SlotSet, applied_events
from .playbook.stories import Course, Story
from .playbook.story_steps import OWN_ACTIONS

Placed = tuple[Event, int]
"""An event with the line on which it stands."""


# --- rules -----------------------------------------------------------------------------------------------------


def unreachable_rules(domain: Domain, stories: Sequence[Story], policies: Policies) -> Iterator[str]:
    """One sentence for each rule that never counts, or not as it is written, with its line and the remedy.

    Args:
        domain: what the project declares.
        stories: its rules and stories.
        policies: what they are followed by.
    """
    rules = [story for story in stories if story.rule]
    if policies.rules is None:
        for rule in rules[:1]:
            yield (
                f"{rule.file}:{rule.line}: rule “{rule.name}”: no rule counts without a RulePolicy. "
                "Add `- name: RulePolicy` under `policies` in config.yml."
            )
        return
    done = set(_led_to(stories))
    # A fallback may be a form.
    led_to = {action for action, _ in done} | OWN_ACTIONS | {policies.rules.options.fallback}
    started = {action for action, form in done if action != form} | {policies.rules.options.fallback}
    problems = [
        f"{rule.file}:{line}: rule “{rule.name}”: {wrong}"
        for rule in rules
        for course in rule.courses
        for line, wrong in _mistakes(domain, course, led_to, started)
    ]
    yield from dict.fromkeys(problems)  # with `or`, a rule has several courses
    yield from dict.fromkeys(_alike(domain, rules))


def _led_to(stories: Sequence[Story]) -> Iterator[tuple[str, str | None]]:
    """The actions that something leads to, each with the form that is active then."""
    for course in (course for story in stories for course in story.courses):
        form, begins = None, True
        for event in course.events:
            match event:
                case LoopSet():
                    form = event.form
                case Heard():
                    begins = False
                case Acted(action) if action == SNIPPET:
                    begins = True
                case Acted(action) if action != LISTEN:
                    if not begins:
                        yield action, form
                    begins = False


def _mistakes(
    domain: Domain, course: Course, led_to: AbstractSet[str | None], started: AbstractSet[str | None]
) -> Iterator[tuple[int, str]]:
    conditions, steps = _parted(course)
    yield from _conditions(domain, conditions, started)
    for event, line in (*conditions, *_written(domain, steps)):
        slot = domain.slots.get(event.slot) if isinstance(event, SlotSet) else None
        if isinstance(event, SlotSet) and slot and (wrong := _untaken(slot, event.value)):
            yield line, wrong
    for event, line in steps:
        if isinstance(event, Heard):
            break
        if isinstance(event, Acted) and event.action != SNIPPET:
            if event.action not in led_to:
                remedy = "Begin the rule with what the user says, or let another rule or story go on with it."
                yield line, f"it can never begin: nothing leads to {event.action}. {remedy}"
            break


def _parted(course: Course) -> tuple[list[Placed], list[Placed]]:
    """A rule's conditions, and what follows on them."""
    events = list(zip(course.events, course.lines, strict=True))
    begin = next(index for index, (event, _) in enumerate(events) if isinstance(event, (Acted, Heard)))
    return events[:begin], events[begin:]


def _written(domain: Domain, steps: Sequence[Placed]) -> Iterator[Placed]:
    """Steps without the slots that entities fill by themselves."""
    remaining = iter(steps)
    for event, line in remaining:
        yield event, line
        if isinstance(event, Heard):
            filled = sum(1 for _ in told_by_entities(domain.slots, event.entities))
            list(islice(remaining, filled))


def _conditions(
    domain: Domain, conditions: Sequence[Placed], started: AbstractSet[str | None]
) -> Iterator[tuple[int, str]]:
    wanted: dict[str, tuple[object, str]] = {}
    for event, line in conditions:
        seen: object
        if isinstance(event, LoopSet):
            what, seen, said = "active_loop", event.form, _spelled(event.form)
            if event.form not in (UNSET, *started):
                remedy = f"Start it with `action: {event.form}` in a rule or story, or remove this rule."
                yield line, f"it can never apply: nothing makes {event.form} the active loop. {remedy}"
        elif isinstance(event, SlotSet):
            slot = domain.slots.get(event.slot)
            if slot is None or not slot.influences:
                remedy = "Give the slot `influence_conversation: true` in domain.yml, or remove the condition."
                yield line, f"the condition counts for nothing: policies don't see slot {event.slot}. {remedy}"
                continue
            what, said = event.slot, _spelled(event.value)
            seen = slot.feature(event.value)
        else:
            continue
        before, said_before = wanted.setdefault(what, (seen, said))
        if before != seen:
            remedy = "Keep one of the conditions, or make two rules."
            yield line, f"{what} can't be {said_before} and {said} at once: only the last counts. {remedy}"


def _untaken(slot: Slot, value: SlotValue | None) -> str:
    """Why a slot is never what a rule asks for; empty if it may be."""
    if value is None or value == UNSET or not slot.influences or slot.name == REQUESTED_SLOT:
        return ""
    if wrong := _unlike(slot, value):
        return f"{wrong}. Correct it here, or in the slot."
    feature = slot.feature(value)
    if feature is None:
        return f"slot {slot.name} is a {slot.kind}, never {_spelled(value)}. Correct the value."
    given = [mapping for mapping in slot.mappings if mapping.source != "custom"]
    if slot.initial is None and not given:
        return (
            f"nothing ever sets slot {slot.name}: no action on board does. Give it a mapping from an entity, an "
            "intent or words in domain.yml, or remove this."
        )
    if all(mapping.source in ("from_intent", "from_trigger_intent") for mapping in given):
        only = [value for value in (slot.initial, *(mapping.value for mapping in given)) if value is not None]
        if feature not in [slot.feature(value) for value in only]:
            values = ", ".join(dict.fromkeys(_spelled(value) for value in only))
            return (
                f"slot {slot.name} only ever becomes {values}, never {_spelled(value)}. "
                "Correct the value, or add a mapping in domain.yml."
            )
    return ""


def _unlike(slot: Slot, value: SlotValue) -> str:
    """Why a value isn't one of a slot's type; empty if it is, or if the type has no values of its own."""
    if slot.kind == "categorical" and str(value).lower() not in slot.values:
        values = ", ".join(own for own in slot.values if own != OTHER)
        return f"slot {slot.name} has no value {_spelled(value)}, only {values}"
    if slot.kind == "bool" and str(value).lower() not in ("true", "false", "0", "1"):
        return f"slot {slot.name} is true or false, never {_spelled(value)}"
    return ""


def _spelled(value: object) -> str:
    """A value as it stands in the files."""
    return "null" if value in (None, UNSET) else str(value).lower() if isinstance(value, bool) else str(value)


def _alike(domain: Domain, rules: Sequence[Story]) -> Iterator[str]:
    """Rules that say again what others say, or go on otherwise after the same beginning."""
    learned: dict[str, dict[str, Story]] = defaultdict(dict)
    for rule in rules:
        own = [list(_learned(domain, course)) for course in rule.courses]
        for course in own:
            where = f"{rule.file}:{rule.line}: rule “{rule.name}”"
            if course and all(action in learned.get(key, {}) for key, action, _ in course):
                key, action, _ = course[0]
                yield f"{where}: {_named(learned[key][action])} says the same already. Remove one of them."
                continue
            for key, action, line in course:
                for goes_on, other in learned.get(key, {}).items():
                    if goes_on != action:
                        yield (
                            f"{rule.file}:{line}: rule “{rule.name}” {_next(action)}, {_named(other)} "
                            f"{_next(goes_on)}, after the same beginning: neither counts from there. "
                            "Change one of them."
                        )
        for key, action, _ in (step for course in own for step in course):
            learned[key].setdefault(action, rule)


def _learned(domain: Domain, course: Course) -> Iterator[tuple[str, str, int]]:
    """What a rule teaches: what an action follows on, the action, and its line."""
    lines = {id(event): line for event, line in zip(course.events, course.lines, strict=True)}
    applied = applied_events(course.events)
    states = states_of(domain, applied, omit_unset=True)
    for count, acted in before_each_action(applied):
        # Every rule begins with an action that nothing leads to: any, or that it listens.
        if count > 1 and (rule := rule_for(states[:count], acted.action)):
            yield rule.key, acted.action, lines[id(acted)]


def _next(action: str) -> str:
    return {LISTEN: "ends", SNIPPET: "goes on with anything"}.get(action, f"goes on with {action}")


def _named(rule: Story) -> str:
    return f"rule “{rule.name}” ({rule.file.name}:{rule.line})"


# --- responses -------------------------------------------------------------------------------------------------


def unreachable_variations(document: Document, domain: Domain) -> Iterator[str]:
    """One sentence for each wording whose conditions never hold, with its line and the remedy.

    Args:
        document: domain.yml, for the lines.
        domain: what it declares.
    """
    for response, variations in domain.responses.items():
        for number, variation in enumerate(variations):
            wanted: dict[str, Value | None] = {}
            for index, (name, value) in enumerate(variation.conditions):
                wrong = _never_said(domain, name, value)
                before = wanted.setdefault(name, value)
                if not wrong and before != value:
                    both = f"{_spelled(before)} and {_spelled(value)}"
                    wrong = f"{name} can't be {both} at once: it is never said. Make two variations."
                if wrong:
                    yield str(document.error(("responses", response, number, "condition", index), wrong))


def _never_said(domain: Domain, name: str, value: Value | None) -> str:
    slot = domain.slots.get(name)
    if slot is None:
        close = difflib.get_close_matches(name, domain.slots, 1)
        remedy = f"Did you mean `{close[0]}`?" if close else "Declare it under `slots`."
        return f"there is no slot `{name}`: it is never said. {remedy}"
    if value is None or not (wrong := _unlike(slot, value)):
        return ""
    return f"{wrong}: it is never said. Correct it, or the slot."
