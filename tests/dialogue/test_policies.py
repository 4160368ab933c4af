"""Which action follows, and which rules contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit_assistant.dialogue.playbook.flow import Flow, Playbook, Run, Utterance
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Entity

Written = Callable[..., Path]


def said(flow: Flow, intent: str, *entities: Entity) -> list[str]:
    flow.hear(intent, entities)
    return [step.action if isinstance(step, Run) else step.response for step in flow.steps()]


def complaint(project: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        Playbook.load(project)
    return str(caught.value).replace(f"{project}/", "")


def test_a_rule_applies_anywhere_and_the_one_that_says_most_counts(written: Written) -> None:
    rules = """
    rules:
      - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
      - rule: greet when happy
        condition: [{slot_was_set: [{mood: true}]}]
        steps: [{intent: greet}, {action: utter_happy}]
    """
    flow = Flow(Playbook.load(written(rules=rules)))
    assert said(flow, "greet") == ["utter_greet"]
    flow.set_slot("mood", True)
    assert said(flow, "greet") == ["utter_happy"]
    flow.set_slot("mood", False)
    assert said(flow, "greet") == ["utter_greet"]


def test_a_rule_for_the_beginning_applies_only_there(written: Written) -> None:
    rules = """
    rules:
      - {rule: first, conversation_start: true, steps: [{intent: greet}, {action: utter_happy}]}
      - {rule: later, steps: [{intent: greet}, {action: utter_greet}]}
    """
    flow = Flow(Playbook.load(written(rules=rules)))
    assert [said(flow, "greet") for _ in range(2)] == [["utter_happy"], ["utter_greet"]]
    flow.restart()
    assert said(flow, "greet") == ["utter_happy"]


def test_an_entity_makes_a_rule_more_special(written: Written) -> None:
    rules = """
    rules:
      - {rule: any, steps: [{intent: inform}, {action: utter_done}]}
      - {rule: place, steps: [{intent: inform, entities: [{place: Rome, role: to}]}, {action: utter_happy}]}
    """
    flow = Flow(Playbook.load(written(rules=rules)))
    assert said(flow, "inform") == ["utter_done"]
    assert said(flow, "inform", Entity("place", "Rome", 0, 4, "Rome", "to")) == ["utter_happy"]
    assert said(flow, "inform", Entity("place", "Rome", 0, 4, "Rome", "from")) == ["utter_done"]


def test_a_story_is_followed_through_what_only_rules_know(written: Written) -> None:
    stories = """
    stories:
      - story: sure
        steps: [{intent: stop}, {action: utter_sure}, {intent: affirm}, {action: utter_bye}]
    """
    flow = Flow(Playbook.load(written(stories=stories)))
    assert said(flow, "stop") == ["utter_sure"]
    assert said(flow, "greet") == ["utter_greet"]
    assert said(flow, "affirm") == ["utter_bye"]


def test_memory_reaches_max_history_turns(written: Written) -> None:
    stories = """
    stories:
      - story: a
        steps: [{intent: inform}, {action: utter_done}, {intent: affirm}, {action: utter_happy}]
      - story: b
        steps: [{intent: deny}, {action: utter_sure}, {intent: affirm}, {action: utter_bye}]
    """
    flow = Flow(Playbook.load(written(stories=stories)))
    assert [said(flow, intent) for intent in ("deny", "affirm")] == [["utter_sure"], ["utter_bye"]]
    short = Flow(
        Playbook.load(
            written(
                stories=stories, config="policies: [{name: MemoizationPolicy, max_history: 1}, {name: RulePolicy}]"
            )
        )
    )
    assert [said(short, intent) for intent in ("deny", "affirm")] == [["utter_sure"], ["action_default_fallback"]]


def test_what_nothing_fits_is_the_fallback_and_unsaid_again(written: Written) -> None:
    flow = Flow(Playbook.load(written()))
    flow.hear("affirm")
    assert list(flow.steps()) == [Run("action_default_fallback")]
    assert said(flow, "greet") == ["utter_greet"]


def test_without_fallback_it_just_listens(written: Written) -> None:
    config = "policies: [{name: RulePolicy, enable_fallback_prediction: false}]"
    assert said(Flow(Playbook.load(written(config=config))), "affirm") == []


def test_another_action_can_be_the_fallback(written: Written) -> None:
    rules = """
    rules:
      - {rule: pardon, steps: [{intent: nlu_fallback}, {action: utter_sure}]}
      - {rule: after pardon, steps: [{action: utter_sure}, {action: action_listen}]}
    """
    config = "policies: [{name: RulePolicy, core_fallback_action_name: utter_sure}]"
    assert "rules listen by themselves" in complaint(written(rules=rules, config=config))
    flow = Flow(Playbook.load(written(rules=rules.split("      - {rule: after")[0], config=config)))
    assert said(flow, "affirm")[0] == "utter_sure"


def test_policies_that_need_a_network_are_refused_by_name(written: Written) -> None:
    config = "policies:\n  - name: RulePolicy\n  - name: TEDPolicy\n    epochs: 100\n"
    assert complaint(written(config=config)) == (
        "config.yml:3: policies[1]: TEDPolicy can't run on board. Use MemoizationPolicy and RulePolicy."
    )


def test_an_unknown_setting_of_a_policy_is_named(written: Written) -> None:
    config = "policies:\n  - name: RulePolicy\n    core_falback_threshold: 0.2\n"
    assert complaint(written(config=config)).startswith("config.yml:3: policies[0].core_falback_threshold:")


def test_forms_need_rules(written: Written) -> None:
    assert "forms, which need `- name: RulePolicy`" in complaint(
        written(config="policies: [{name: MemoizationPolicy}]")
    )


def test_a_story_that_contradicts_a_rule_is_named_with_both_places(written: Written) -> None:
    stories = "stories:\n  - story: other\n    steps:\n      - intent: greet\n      - action: utter_happy\n"
    assert complaint(written(stories=stories)) == (
        "data/stories.yml:5: story “other”: utter_happy contradicts rule “greet” (rules.yml:3), "
        "which goes on with utter_greet. Change one of them."
    )


def test_two_rules_that_contradict_each_other_are_named(written: Written) -> None:
    rules = """
    rules:
      - {rule: one, steps: [{intent: greet}, {action: utter_greet}]}
      - {rule: two, steps: [{intent: greet}, {action: utter_happy}]}
    """
    message = complaint(written(rules=rules))
    assert "rule “one”: utter_greet contradicts rule “two”" in message
    assert "rule “two”: utter_happy contradicts rule “one”" in message


def test_a_rule_has_one_user_message(written: Written) -> None:
    rules = "rules:\n  - {rule: a, steps: [{intent: greet}, {action: utter_greet}, {intent: bye}]}\n"
    assert "rules.yml:2: rule “a” has more than one user message" in complaint(written(rules=rules))


def test_a_rule_sets_what_its_action_sets_elsewhere(written: Written) -> None:
    rules = """
    rules:
      - {rule: a, steps: [{intent: order}, {action: action_brew}, {slot_was_set: [{mood: true}]}]}
      - {rule: b, steps: [{intent: greet}, {action: action_brew}]}
    """
    message = complaint(written(rules=rules))
    assert "rule “b”: action_brew sets mood in other rules. Add `slot_was_set` after it" in message


def test_rules_that_lead_in_a_circle_stop(written: Written) -> None:
    rules = """
    rules:
      - {rule: a, wait_for_user_input: false, steps: [{intent: greet}, {action: utter_greet}]}
      - {rule: b, wait_for_user_input: false, steps: [{action: utter_greet}, {action: utter_happy}]}
      - {rule: c, wait_for_user_input: false, steps: [{action: utter_happy}, {action: utter_greet}]}
    """
    flow = Flow(Playbook.load(written(rules=rules)))
    flow.hear("greet")
    steps = list(flow.steps())
    assert len(steps) == 10
    assert set(steps) == {Utterance("utter_greet"), Utterance("utter_happy")}
