"""What is forbidden is not done."""

from __future__ import annotations

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.cli.text import explain


@pytest.mark.parametrize(
    "text",
    [
        "don't open the window",
        "do not open the sunroof",
        "please don't turn on the radio",
        "never open the door",
        "don't call emma",
        "别开窗",
        "不要打开天窗",
        "先别关空调",
        "不要打电话给妈妈",
    ],
)
def test_a_forbidden_command_sends_nothing(project: Project, text: str) -> None:
    assert explain(project, text, None, "driver")["commands"] == []


def test_a_negation_beside_a_command_forbids_only_its_own_part(project: Project) -> None:
    answer = explain(project, "打开空调，别开窗", None, "driver")
    assert answer["commands"] == [{"path": "Vehicle.Cabin.HVAC.IsAirConditioningActive", "value": True}]


@pytest.mark.parametrize(
    ("text", "intent"),
    [("别放了", "pause_music"), ("换首别的歌", "next_track"), ("open the window", "open_window"), ("不要", "deny")],
)
def test_a_negation_that_makes_the_request_is_heard(project: Project, text: str, intent: str) -> None:
    assert [clause.intent for clause in project.interpreter.parse(text).clauses] == [intent]
