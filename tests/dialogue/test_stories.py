"""Rules and stories as events, and what is said about mistakes in them."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.dialogue.playbook.flow import Flow, Playbook
from cockpit_assistant.dialogue.playbook.slots import UNSET
from cockpit_assistant.dialogue.playbook.states import Acted, Heard, LoopSet, SlotSet
from cockpit_assistant.dialogue.playbook.stories import Story, training_stories
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Entity

Written = Callable[..., Path]


def stories_of(project: Path) -> tuple[Story, ...]:
    return training_stories(project, Domain.load(project))


def complaint(project: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        stories_of(project)
    return str(caught.value).replace(f"{project}/", "")


def test_the_assistant_listens_before_the_user_speaks_and_at_the_end(written: Written) -> None:
    project = written(
        rules="",
        stories="""
        stories:
          - story: one
            steps:
              - intent: greet
              - action: utter_greet
              - intent: bye
              - action: utter_bye
        """,
    )
    (story,) = stories_of(project)
    listen = Acted("action_listen")
    greet, bye = Acted("utter_greet"), Acted("utter_bye")
    assert story.courses[0].events == (listen, Heard("greet"), greet, listen, Heard("bye"), bye, listen)
    assert story.courses[0].lines == (5, 5, 6, 7, 7, 8, 8)
    assert (story.name, story.line, story.rule) == ("one", 3, False)


def test_entities_fill_slots_as_their_mappings_say(written: Written) -> None:
    project = written(
        rules="",
        stories="""
        stories:
          - story: one
            steps:
              - intent: inform
                entities: [{drink: tea}, {place: Rome, role: to}]
              - action: utter_done
        """,
    )
    heard, filled = stories_of(project)[0].courses[0].events[1:3]
    assert heard == Heard("inform", (Entity("drink", "tea", 0, 0, ""), Entity("place", "Rome", 0, 0, "", "to")))
    assert filled == SlotSet("drink", "tea")


def test_entities_are_read_from_the_marks_in_a_text(written: Written) -> None:
    project = written(
        rules="",
        stories="""
        stories:
          - story: one
            steps:
              - intent: inform
                user: 'a [big one](size:large) to [罗马]{"entity": "place", "role": "to", "value": "Rome"}'
              - action: utter_done
        """,
    )
    heard = stories_of(project)[0].courses[0].events[1]
    assert isinstance(heard, Heard)
    assert heard.text == "a big one to 罗马"
    assert heard.entities == (
        Entity("size", "large", 2, 9, "big one"),
        Entity("place", "Rome", 13, 15, "罗马", "to"),
    )


def test_a_rule_may_begin_anywhere_unless_it_is_for_the_beginning(written: Written) -> None:
    project = written(
        rules="""
        rules:
          - rule: anywhere
            condition: [{slot_was_set: [{mood: null}]}]
            wait_for_user_input: false
            steps: [{intent: greet}, {action: utter_greet}]
          - rule: at first
            conversation_start: true
            steps: [{intent: greet}, {action: utter_greet}]
        """
    )
    anywhere, first = (story.courses[0].events for story in stories_of(project))
    assert anywhere[:2] == (SlotSet("mood", UNSET), Acted("...", unpredictable=True))
    assert anywhere[-2:] == (Acted("..."), Acted("action_listen"))
    assert first[:2] == (Acted("action_listen"), Heard("greet"))


def test_or_makes_a_course_for_each_choice(written: Written) -> None:
    project = written(
        rules="",
        stories="""
        stories:
          - story: one
            steps:
              - or: [{intent: greet}, {intent: bye}]
              - or:
                  - slot_was_set: [{mood: true}]
                  - slot_was_set: [{mood: false}]
              - action: utter_done
        """,
    )
    courses = [course.events[1:3] for course in stories_of(project)[0].courses]
    assert courses == [
        (Heard(intent), SlotSet("mood", mood)) for intent in ("greet", "bye") for mood in (True, False)
    ]


def test_an_ended_form_is_nothing_in_a_story_and_a_condition_in_a_rule(written: Written) -> None:
    steps = "[{intent: order}, {action: coffee}, {active_loop: null}, {action: utter_done}]"
    project = written(
        rules=f"rules: [{{rule: a, steps: {steps}}}]", stories=f"stories: [{{story: a, steps: {steps}}}]"
    )
    in_rule, in_story = (
        [event.form for event in story.courses[0].events if isinstance(event, LoopSet)]
        for story in stories_of(project)
    )
    assert (in_rule, in_story) == ([UNSET], [None])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{intent: gret}", "domain.yml has no intent `gret`. Did you mean `greet`?"),
        ("{intent: faq/why}", "retrieval intents such as `faq/why` can't run on board"),
        ("{intent: greet, entities: [colour]}", "domain.yml has no entity `colour`"),
        ("{user: hello}", "what the user means is missing: add `intent: …`."),
        ("{action: utter_gret}", "domain.yml has no action `utter_gret`. Did you mean `utter_greet`?"),
        ("{action: action_two_stage_fallback}", "action_two_stage_fallback can't run on board"),
        ("{slot_was_set: [{moo: true}]}", "domain.yml has no slot `moo`. Did you mean `mood`?"),
        ("{slot_was_set: [mood]}", "slot mood is of type bool: say which value"),
        ("{slot_was_set: [{size: off}]}", "YAML reads size's value as False. Put quotes around the word."),
        ("{active_loop: cofee}", "domain.yml has no form `cofee`. Did you mean `coffee`?"),
        ("{checkpoint: here}", "checkpoints can't run on board"),
        ("{bot: Hi}", "texts can't be learned on board"),
        ("{actoin: utter_greet}", "unknown step. Did you mean `action`?"),
        ("{intent: greet, entitys: [drink]}", "unknown key `entitys`"),
        ("{or: [{intent: greet}, {intent: bye}]}", "nothing follows this `or`"),
        ("[]", "a step is a mapping"),
    ],
)
def test_a_wrong_step_is_named_with_its_line_and_a_remedy(written: Written, step: str, said: str) -> None:
    project = written(
        rules="", stories=f"stories:\n  - story: one\n    steps:\n      - intent: greet\n      - {step}\n"
    )
    message = complaint(project)
    assert message.startswith("data/stories.yml:5: stories[0].steps[1]")
    assert said in message


def test_all_wrong_stories_are_told_at_once(written: Written) -> None:
    project = written(
        rules="rules: [{rule: a, steps: [{intent: x}]}, {rule: b, steps: []}]", stories="stories: {a: b}"
    )
    assert len(complaint(project).splitlines()) == 3


def test_files_without_rules_or_stories_are_left_alone(written: Written) -> None:
    project = written()
    (project / "data" / "nlu.yml").write_text("nlu: [", encoding="utf-8")
    assert len(stories_of(project)) == 6


# --- whatever stands in the files ------------------------------------------------------------------------------

words = st.sampled_from(
    [
        "greet",
        "order",
        "utter_greet",
        "coffee",
        "action_brew",
        "drink",
        "mood",
        "small",
        "x",
        "",
        "off",
        "null",
        "3",
    ]
)
keys = st.sampled_from(
    [
        *(
            "rules",
            "stories",
            "rule",
            "story",
            "steps",
            "intent",
            "user",
            "entities",
            "action",
            "or",
            "slot_was_set",
        ),
        *("active_loop", "condition", "checkpoint", "bot", "wait_for_user_input", "conversation_start", "role"),
        *("type", "policies", "name", "max_history", "slots", "forms", "mappings", "required_slots", "responses"),
    ]
)
scalars = words | st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | words, inner, max_size=4),
    max_leaves=12,
)
steps = st.fixed_dictionaries(
    {},
    optional={
        "intent": words | values,
        "action": words | values,
        "slot_was_set": values,
        "active_loop": words | values,
        "or": values,
        "entities": values,
        "user": st.sampled_from(["[tea](drink)", "/inform{}", "[a]{b}", '/x{"drink": [1]}', "[a][{}]"]) | values,
    },
)
items = st.fixed_dictionaries(
    {"rule": words, "story": words, "steps": st.lists(steps, max_size=5)},
    optional={"condition": values, "wait_for_user_input": values, "conversation_start": values},
)
hostile = {
    "data/stories.yml": st.dictionaries(keys, values | st.lists(items, max_size=3), max_size=3).map(yaml.safe_dump)
    | st.lists(items.map(lambda i: {k: v for k, v in i.items() if k != "rule"}), max_size=3).map(
        lambda listed: yaml.safe_dump({"stories": listed})
    )
    | st.text(max_size=60).map(lambda text: "stories:\n" + text),
    "domain.yml": st.dictionaries(
        st.sampled_from(["intents", "entities", "slots", "forms", "actions", "responses"]), values, max_size=4
    ).map(yaml.safe_dump),
    "config.yml": st.fixed_dictionaries(
        {
            "policies": st.lists(st.dictionaries(keys, values | st.just("RulePolicy"), max_size=3), max_size=3)
            | values
        }
    ).map(yaml.safe_dump),
}


@pytest.mark.parametrize("name", list(hostile))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_file_is_a_playbook_or_a_project_error(
    written: Written, name: str, data: st.DataObject
) -> None:
    project = written()
    (project / name).write_text(data.draw(hostile[name]), encoding="utf-8", errors="replace")
    problem, playbook = "", None
    try:
        playbook = Playbook.load(project)
    except ProjectError as error:
        problem = str(error)
    assert playbook or str(project) in problem
    if playbook:
        flow = Flow(playbook)
        for intent in ("greet", "order", "chitchat"):
            flow.hear(intent)
            list(flow.steps())


@pytest.mark.parametrize(
    "text", ["stories: {[a]: b}", "stories: !!bool maybe", "rules: !!timestamp x", "rules: [1"]
)
def test_yaml_that_python_stumbles_over_is_a_project_error(written: Written, text: str) -> None:
    project = written()
    (project / "data" / "stories.yml").write_text(text, encoding="utf-8")
    assert "data/stories.yml" in complaint(project)
