"""Test stories: what passes, and how the first wrong step is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cockpit_assistant.dialogue.playbook.story_tests import Mistake, check_stories
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Entity

Written = Callable[..., Path]
FORMS = Path(__file__).parents[1] / "projects" / "forms"


def test_the_stories_of_the_example_pass_and_fail_as_they_are_meant_to() -> None:
    results = check_stories(FORMS)
    assert len(results) == 23
    assert all(result.passed == (result.file.name == "test_right.yml") for result in results)


def test_the_first_wrong_action_is_told_with_its_line_and_who_said_so(written: Written) -> None:
    tests = """
    stories:
      - story: two mistakes
        steps:
          - intent: greet
          - action: utter_greet
          - intent: bye
          - action: utter_happy
          - intent: greet
          - action: utter_happy
    """
    (result,) = check_stories(written(tests=tests))
    assert not result.passed
    assert (result.name, result.file.name, result.line) == ("two mistakes", "test_stories.yml", 3)
    assert result.mistake == Mistake(8, "utter_happy", "utter_bye", "RulePolicy")


def test_an_action_too_few_and_one_too_many_are_told(written: Written) -> None:
    tests = """
    stories:
      - {story: few, steps: [{intent: greet}]}
      - {story: many, steps: [{intent: greet}, {action: utter_greet}, {action: utter_happy}]}
    """
    few, many = check_stories(written(tests=tests))
    assert few.mistake == Mistake(3, "action_listen", "utter_greet", "RulePolicy")
    assert many.mistake == Mistake(4, "utter_happy", "action_listen", "RulePolicy")


def test_a_form_may_be_left_for_something_else_and_come_back_to(written: Written) -> None:
    tests = """
    stories:
      - story: interrupted
        steps:
          - intent: order
          - action: coffee
          - active_loop: coffee
          - intent: chitchat
          - action: utter_chat
          - action: coffee
          - active_loop: null
          - action: action_brew
          - action: utter_done
    """
    (result,) = check_stories(written(tests=tests))
    assert result.passed


def test_texts_are_understood_and_compared_with_the_story(written: Written) -> None:
    tests = """
    stories:
      - {story: a, steps: [{user: hello, intent: greet}, {action: utter_greet}]}
      - {story: b, steps: [{user: "a [tea](drink)", intent: order}, {action: coffee}, {active_loop: coffee}]}
      - {story: c, steps: [{user: "/greet", intent: greet}, {action: utter_greet}]}
    """
    project = written(tests=tests)

    def understand(text: str) -> tuple[str, Sequence[Entity]]:
        return ("greet", ()) if text == "hello" else ("inform", [Entity("drink", "tea", 2, 5, "tea")])

    a, b, c = check_stories(project, understand)
    assert a.passed
    assert b.mistake == Mistake(4, "order [tea](drink:tea)", "inform [tea](drink:tea)", "understanding")
    assert c.passed
    assert all(result.passed for result in check_stories(project))


def test_each_course_of_a_story_has_its_result(written: Written) -> None:
    tests = """
    stories:
      - {story: a, steps: [{or: [{intent: greet}, {intent: bye}]}, {action: utter_greet}]}
    """
    assert [result.passed for result in check_stories(written(tests=tests))] == [True, False]


def test_a_malformed_test_story_is_a_project_error(written: Written) -> None:
    with pytest.raises(ProjectError, match=r"test_stories\.yml:1: .*no intent `hi`"):
        check_stories(written(tests="stories: [{story: a, steps: [{intent: hi}]}]"))
