"""Conversations as they run: forms are filled, interrupted, gone back to and left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cockpit_assistant.dialogue.playbook.flow import MEMORY, Ask, Flow, Playbook, Run, Step, Utterance
from cockpit_assistant.dialogue.playbook.forms import Validate
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Entity, Value

Written = Callable[..., Path]

ASK_DRINK = Ask("coffee", "drink", "utter_ask_drink")
ASK_SIZE = Ask("coffee", "size", "utter_ask_coffee_size")
DONE = [Run("action_brew"), Utterance("utter_done")]


@pytest.fixture
def playbook(written: Written) -> Playbook:
    return Playbook.load(written())


def hears(flow: Flow, intent: str, /, **entities: Value) -> list[Step]:
    flow.hear(intent, [Entity(name, value, 0, 1, str(value)) for name, value in entities.items()])
    return list(flow.steps())


def test_a_form_asks_for_what_is_missing_until_it_has_it(playbook: Playbook) -> None:
    flow = Flow(playbook)
    assert hears(flow, "order") == [ASK_DRINK]
    assert (flow.active_form, flow.requested_slot) == ("coffee", "drink")
    assert hears(flow, "inform", drink="tea") == [ASK_SIZE]
    assert hears(flow, "inform", size="large") == DONE
    assert (flow.active_form, flow.requested_slot) == (None, None)
    assert flow.slots == {"drink": "tea", "size": "large"}


def test_what_is_said_at_once_is_not_asked_for(playbook: Playbook) -> None:
    flow = Flow(playbook)
    assert hears(flow, "order", drink="tea") == [ASK_SIZE]
    assert hears(Flow(playbook), "order", drink="tea", size="small") == DONE


def test_the_form_goes_on_after_something_else(playbook: Playbook) -> None:
    flow = Flow(playbook)
    hears(flow, "order")
    assert hears(flow, "chitchat") == [Utterance("utter_chat"), ASK_DRINK]
    assert hears(flow, "greet") == [Utterance("utter_greet"), ASK_DRINK]
    assert hears(flow, "inform", drink="tea") == [ASK_SIZE]


TEXT_MAPPING = "mappings: [{type: from_text, conditions: [{active_loop: coffee, requested_slot: drink}]}]"


def test_an_ignored_intent_answers_nothing(written: Written) -> None:
    domain = (
        written()
        .joinpath("domain.yml")
        .read_text(encoding="utf-8")
        .replace("mappings: [{type: from_entity, entity: drink}]", TEXT_MAPPING)
    )
    flow = Flow(Playbook.load(written(domain=domain)))
    flow.hear("order", text="I want coffee")
    list(flow.steps())
    flow.hear("chitchat", text="nice weather")
    assert list(flow.steps()) == [Utterance("utter_chat"), ASK_DRINK]
    flow.hear("inform", text="a tea")
    assert list(flow.steps()) == [ASK_SIZE]
    assert flow.slots["drink"] == "a tea"


def test_a_rule_ends_the_form(playbook: Playbook) -> None:
    flow = Flow(playbook)
    hears(flow, "order")
    assert hears(flow, "stop") == [Utterance("utter_bye")]
    assert flow.active_form is None
    assert hears(flow, "greet") == [Utterance("utter_greet")]


def test_what_answers_nothing_in_a_form_is_the_fallback_and_the_form_stays(playbook: Playbook) -> None:
    flow = Flow(playbook)
    hears(flow, "order")
    assert hears(flow, "affirm") == [Run("action_default_fallback")]
    assert (flow.active_form, flow.requested_slot) == ("coffee", "drink")
    assert hears(flow, "inform", drink="tea") == [ASK_SIZE]


def test_an_invalid_value_is_asked_for_again(playbook: Playbook) -> None:
    asked: list[tuple[str, str, Value]] = []

    def validate(form: str, slot: str, value: Value) -> Value | None:
        asked.append((form, slot, value))
        return None if value == "petrol" else str(value).upper()

    checked: Validate = validate
    flow = Flow(playbook, checked)
    hears(flow, "order")
    assert hears(flow, "inform", drink="petrol") == [ASK_DRINK]
    assert "drink" not in flow.slots
    assert hears(flow, "inform", drink="tea") == [ASK_SIZE]
    assert flow.slots["drink"] == "TEA"
    assert asked == [("coffee", "drink", "petrol"), ("coffee", "drink", "tea")]


def test_what_starts_a_form_is_looked_at_too(playbook: Playbook) -> None:
    flow = Flow(playbook, lambda form, slot, value: None)
    assert hears(flow, "order", drink="petrol") == [ASK_DRINK]


def test_a_list_keeps_the_valid_values(written: Written) -> None:
    domain = written().joinpath("domain.yml").read_text(encoding="utf-8")
    domain = domain.replace("type: text, mappings", "type: list, mappings")
    flow = Flow(
        Playbook.load(written(domain=domain)), lambda form, slot, value: None if value == "petrol" else value
    )
    flow.hear("order", [Entity("drink", value, 0, 1, "") for value in ("tea", "petrol", "coffee")])
    assert list(flow.steps()) == [ASK_SIZE]
    assert flow.slots["drink"] == ("tea", "coffee")


def test_a_form_that_shares_an_entity_fills_only_the_slot_it_asked_for(written: Written) -> None:
    domain = """
    intents: [order, inform]
    entities: [place]
    slots:
      start: {type: text, mappings: [{type: from_entity, entity: place, conditions: [{active_loop: trip}]}]}
      goal: {type: text, mappings: [{type: from_entity, entity: place, conditions: [{active_loop: trip}]}]}
    forms: {trip: {required_slots: [start, goal]}}
    responses: {utter_ask_start: [{text: From?}], utter_ask_goal: [{text: To?}], utter_done: [{text: Done.}]}
    """
    rules = """
    rules:
      - {rule: a, steps: [{intent: order}, {action: trip}, {active_loop: trip}]}
      - rule: b
        condition: [{active_loop: trip}]
        steps: [{action: trip}, {active_loop: null}, {action: utter_done}]
    """
    flow = Flow(Playbook.load(written(domain=domain, rules=rules)))
    hears(flow, "order")
    assert hears(flow, "inform", place="Rome") == [Ask("trip", "goal", "utter_ask_goal")]
    assert hears(flow, "inform", place="Paris") == [Utterance("utter_done")]
    assert flow.slots == {"start": "Rome", "goal": "Paris"}


def test_slots_set_while_an_action_runs_decide_what_follows(written: Written) -> None:
    rules = """
    rules:
      - {rule: a, wait_for_user_input: false, steps: [{intent: greet}, {action: action_brew}]}
      - {rule: b, steps: [{action: action_brew}, {slot_was_set: [{mood: true}]}, {action: utter_happy}]}
      - {rule: c, steps: [{action: action_brew}, {slot_was_set: [{mood: false}]}, {action: utter_bye}]}
    """
    flow = Flow(Playbook.load(written(rules=rules)))
    for mood, follows in ((True, "utter_happy"), (False, "utter_bye")):
        flow.hear("greet")
        steps = []
        for step in flow.steps():
            steps.append(step)
            if step == Run("action_brew"):
                flow.set_slot("mood", mood)
        assert steps == [Run("action_brew"), Utterance(follows)]


def test_cancelling_a_form_forgets_its_slots(playbook: Playbook) -> None:
    flow = Flow(playbook)
    hears(flow, "order", drink="tea")
    flow.cancel_form()
    assert (flow.active_form, flow.requested_slot, dict(flow.slots)) == (None, None, {})
    assert hears(flow, "order") == [ASK_DRINK]


def test_restarting_forgets_everything(playbook: Playbook) -> None:
    flow = Flow(playbook)
    hears(flow, "order", drink="tea")
    assert hears(flow, "restart") == []
    assert (flow.active_form, dict(flow.slots)) == (None, {})


def test_going_back_takes_the_turn_before_back(playbook: Playbook) -> None:
    flow = Flow(playbook)
    assert hears(flow, "order") == [ASK_DRINK]
    assert hears(flow, "back") == []
    assert (flow.active_form, flow.requested_slot) == (None, None)
    assert hears(flow, "order", drink="tea") == [ASK_SIZE]


def test_a_turn_left_unfinished_is_over_when_the_next_begins(playbook: Playbook) -> None:
    flow = Flow(playbook)
    flow.hear("greet")
    assert next(flow.steps()) == Utterance("utter_greet")
    assert hears(flow, "bye") == [Utterance("utter_bye")]


def test_an_unknown_slot_is_an_error(playbook: Playbook) -> None:
    with pytest.raises(ProjectError, match="no slot `moood`"):
        Flow(playbook).set_slot("moood", True)


def test_a_slot_without_a_question_is_an_error(written: Written) -> None:
    domain = written().joinpath("domain.yml").read_text(encoding="utf-8").replace("utter_ask_drink", "utter_drink")
    with pytest.raises(ProjectError, match="nothing to ask for drink with"):
        Playbook.load(written(domain=domain))


def test_a_long_drive_changes_nothing(written: Written) -> None:
    rules = yaml.safe_load((written() / "data" / "rules.yml").read_text(encoding="utf-8"))
    steps = [{"intent": "greet"}, {"action": "utter_happy"}]
    rules["rules"].append({"rule": "first", "conversation_start": True, "steps": steps})
    flow = Flow(Playbook.load(written(rules=yaml.safe_dump(rules))))
    flow.set_slot("mood", True)
    assert hears(flow, "greet") == [Utterance("utter_happy")]
    hears(flow, "order")
    for _ in range(MEMORY):
        assert hears(flow, "greet") == [Utterance("utter_greet"), ASK_DRINK]
    assert (flow.active_form, flow.requested_slot) == ("coffee", "drink")
    assert flow.slots == {"mood": True}
    assert hears(flow, "inform", drink="tea") == [ASK_SIZE]
    assert hears(flow, "inform", size="small") == DONE
    assert len(flow._conversation.events) < 3 * MEMORY


def test_two_conversations_by_one_playbook_know_nothing_of_each_other(playbook: Playbook) -> None:
    driver, passenger = Flow(playbook), Flow(playbook)
    hears(driver, "order")
    assert passenger.active_form is None
    assert hears(passenger, "greet") == [Utterance("utter_greet")]
