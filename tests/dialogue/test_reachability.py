"""Rules that never count and wordings that are never said, each told with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from cockpit_assistant.dialogue.playbook.flow import Playbook
from cockpit_assistant.dialogue.playbook.stories import training_stories
from cockpit_assistant.dialogue.reachability import unreachable_rules, unreachable_variations
from cockpit_assistant.vehicle.document import Document

Written = Callable[..., Path]

DOMAIN = """
intents: [greet, bye, order, inform, pay, stop]
entities: [drink, size]
slots:
  drink: {type: text, mappings: [{type: from_entity, entity: drink}]}
  size: {type: categorical, values: [small, large], mappings: [{type: from_entity, entity: size}]}
  paid: {type: bool, mappings: [{type: from_intent, intent: pay, value: true}]}
  sugar: {type: bool, mappings: [{type: from_entity, entity: size}]}
  cups: {type: float, mappings: [{type: from_entity, entity: size}]}
  mood: {type: bool, mappings: [{type: custom}]}
  known: {type: bool, initial_value: false, mappings: [{type: custom}]}
  note: {type: text, influence_conversation: false, mappings: [{type: from_text}]}
forms:
  coffee: {required_slots: [drink]}
  cake: {required_slots: [size]}
actions: [action_brew]
responses:
  utter_greet: [{text: Hello.}]
  utter_bye: [{text: Bye.}]
  utter_done: [{text: Done.}]
  utter_ask_drink: [{text: Which drink?}]
  utter_ask_size: [{text: Which size?}]
"""

FINE = """
rules:
  - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
  - {rule: first, conversation_start: true, steps: [{intent: bye}, {action: utter_bye}]}
  - {rule: coffee, steps: [{intent: order}, {action: coffee}, {active_loop: coffee}]}
  - rule: coffee is there
    condition: [{active_loop: coffee}]
    steps: [{action: coffee}, {active_loop: null}, {slot_was_set: [{requested_slot: null}]}, {action: utter_done}]
  - rule: paid
    condition: [{slot_was_set: [{paid: true}, {size: LARGE}, {mood: null}, {known: false}]}, {active_loop: null}]
    steps: [{intent: stop}, {action: utter_bye}]
  - {rule: nothing fits, steps: [{action: action_default_fallback}, {action: utter_bye}]}
  - rule: two ways
    wait_for_user_input: false
    steps: [{or: [{intent: inform, entities: [{size: huge}]}, {intent: pay}]}, {action: action_brew}]
  - {rule: brewed, steps: [{action: action_brew}, {action: utter_done}]}
"""


def told(project: Path) -> list[str]:
    """What is told of a project, with short paths."""
    playbook = Playbook.load(project)
    domain, stories = playbook.domain, training_stories(project, playbook.domain)
    found = [*unreachable_rules(domain, stories, playbook.policies)]
    found += unreachable_variations(Document(project / "domain.yml"), domain)
    return [sentence.replace(f"{project}/", "") for sentence in found]


def test_nothing_is_told_of_rules_that_can_all_apply(written: Written) -> None:
    assert told(written(domain=DOMAIN, rules=FINE)) == []


CONDITIONS = [
    ("{slot_was_set: [{size: huge}]}", "slot size has no value huge, only small, large. Correct it"),
    ("{slot_was_set: [{sugar: much}]}", "slot sugar is true or false, never much. Correct it"),
    ("{slot_was_set: [{cups: two}]}", "slot cups is a float, never two. Correct the value."),
    ("{slot_was_set: [{mood: true}]}", "nothing ever sets slot mood: no action on board does. Give it a mapping"),
    ("{slot_was_set: [{paid: false}]}", "slot paid only ever becomes true, never false. Correct the value"),
    ("{slot_was_set: [note]}", "the condition counts for nothing: policies don't see slot note. Give the slot"),
    ("{active_loop: cake}", "nothing makes cake the active loop. Start it with `action: cake`"),
]


@pytest.mark.parametrize(("condition", "complaint"), CONDITIONS)
def test_a_condition_that_nothing_fulfils_is_told(written: Written, condition: str, complaint: str) -> None:
    rule = f"""
  - rule: never
    condition:
      - {condition}
    steps: [{{intent: stop}}, {{action: utter_done}}]
"""
    rules = FINE + rule
    (only,) = told(written(domain=DOMAIN, rules=rules))
    line = rules[: rules.index(f"- {condition}")].count("\n") + 1
    assert only.startswith(f"data/rules.yml:{line}: rule “never”: ")
    assert complaint in only


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("slot_was_set: [{size: small}]", "slot_was_set: [{size: large}]", "size can't be small and large at once"),
        ("slot_was_set: [{size: null}]", "slot_was_set: [{size: large}]", "size can't be null and large at once"),
        ("active_loop: coffee", "active_loop: null", "active_loop can't be coffee and null at once"),
    ],
)
def test_conditions_that_contradict_each_other_are_told(
    written: Written, first: str, second: str, both: str
) -> None:
    rules = f"""
rules:
  - {{rule: coffee, steps: [{{intent: order}}, {{action: coffee}}, {{active_loop: coffee}}]}}
  - rule: never
    condition:
      - {first}
      - {second}
    steps: [{{intent: stop}}, {{action: utter_done}}]
"""
    (only,) = told(written(domain=DOMAIN, rules=rules))
    assert only.startswith(f"data/rules.yml:7: rule “never”: {both}: only the last counts. Keep one")


def test_a_rule_that_begins_with_an_action_nothing_leads_to_is_told(written: Written) -> None:
    rules = """
    rules:
      - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
      - rule: never
        steps:
          - action: action_brew
          - action: utter_done
    """
    (only,) = told(written(domain=DOMAIN, rules=rules))
    assert only.startswith(
        "data/rules.yml:6: rule “never”: it can never begin: nothing leads to action_brew. Begin"
    )


def test_a_story_may_lead_to_what_a_rule_begins_with(written: Written) -> None:
    rules = "rules: [{rule: brewed, steps: [{action: action_brew}, {action: utter_done}]}]"
    stories = "stories: [{story: brew, steps: [{intent: pay}, {action: action_brew}, {action: utter_done}]}]"
    assert told(written(domain=DOMAIN, rules=rules, stories=stories)) == []


def test_a_rule_that_stands_twice_is_told(written: Written) -> None:
    rules = f"""{FINE}
  - rule: again
    steps: [{{intent: greet}}, {{action: utter_greet}}]
"""
    (only,) = told(written(domain=DOMAIN, rules=rules))
    line = rules[: rules.index("- rule: again")].count("\n") + 1
    twice = "rule “again”: rule “greet” (rules.yml:3) says the same already. Remove one of them."
    assert only == f"data/rules.yml:{line}: {twice}"


def test_a_rule_of_which_one_way_stands_twice_is_told(written: Written) -> None:
    rules = """
    rules:
      - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
      - {rule: company, steps: [{or: [{intent: greet}, {intent: stop}]}, {action: utter_greet}]}
    """
    (only,) = told(written(domain=DOMAIN, rules=rules))
    assert only.startswith("data/rules.yml:4: rule “company”: rule “greet” (rules.yml:3) says the same already.")


def test_rules_that_begin_alike_and_end_otherwise_are_told(written: Written) -> None:
    rules = """
    rules:
      - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
      - rule: greet and go on
        wait_for_user_input: false
        steps:
          - intent: greet
          - action: utter_greet
    """
    (only,) = told(written(domain=DOMAIN, rules=rules))
    assert only == (
        "data/rules.yml:8: rule “greet and go on” goes on with anything, rule “greet” (rules.yml:3) ends, "
        "after the same beginning: neither counts from there. Change one of them."
    )


def test_rules_without_a_policy_that_follows_them_are_told(written: Written) -> None:
    domain = DOMAIN.replace("forms:\n  coffee: {required_slots: [drink]}\n  cake: {required_slots: [size]}\n", "")
    rules = "rules: [{rule: greet, steps: [{intent: greet}, {action: utter_greet}]}]"
    (only,) = told(written(domain=domain, rules=rules, config="policies: [{name: MemoizationPolicy}]"))
    assert only.startswith("data/rules.yml:1: rule “greet”: no rule counts without a RulePolicy. Add")


@pytest.mark.parametrize(
    ("conditions", "complaint"),
    [
        ("[{type: slot, name: size, value: huge}]", "slot size has no value huge, only small, large"),
        ('[{type: slot, name: sugar, value: "yes"}]', "slot sugar is true or false, never yes"),
        ("[{type: slot, name: suger, value: true}]", "there is no slot `suger`: it is never said. Did you mean"),
        (
            "[{type: slot, name: size, value: small}, {type: slot, name: size, value: large}]",
            "size can't be small and large at once: it is never said. Make two variations.",
        ),
    ],
)  # fmt: skip
def test_a_wording_that_is_never_said_is_told(written: Written, conditions: str, complaint: str) -> None:
    variations = f"""
  utter_size:
    - condition: [{{type: slot, name: size, value: small}}, {{type: slot, name: sugar, value: null}}]
      text: Small.
    - condition: {conditions}
      text: Never.
"""
    domain = dedent(DOMAIN) + variations
    (only,) = told(written(domain=domain, rules=FINE))
    line = domain[: domain.index(f"- condition: {conditions}")].count("\n") + 1
    assert only.startswith(f"domain.yml:{line}: responses.utter_size[1].condition[")
    assert complaint in only
