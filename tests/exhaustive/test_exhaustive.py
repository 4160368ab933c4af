"""Nothing forbidden gets through: every command, seat and state of the car, as `exhaustive` tries them.

The short version takes one situation in five hundred, the slow one all; the others show that either would notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cockpit_assistant.resources import shipped

from .prohibitions import PROHIBITIONS
from .report import Report
from .requests import requests
from .trial import Trial
from .world import World

SHIPPED = shipped("nlu_data")

RULES = yaml.safe_load((SHIPPED / "safety.yml").read_text(encoding="utf-8"))

Rules = dict[str, dict[str, list[dict[str, object]]]]
"""A safety.yml, as far as it is changed here."""

Rewrite = Callable[[Callable[[Rules], None]], Path]


@pytest.fixture
def rewritten(tmp_path: Path) -> Rewrite:
    """A copy of the shipped project whose safety.yml is changed by a function."""

    def _copy(change: Callable[[Rules], None]) -> Path:
        for name in ("vehicle.yml", "domain.yml"):
            (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
        rules = json.loads(json.dumps(RULES))  # no part of it shared with another
        change(rules)
        (tmp_path / "safety.yml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
        return tmp_path

    return _copy


def of_signal(trial: Trial, signal: str) -> Report:
    """Everything that can be tried with one signal."""
    parts = [part for part in trial.world.car.actuators if part.signal == signal]
    trial.gateway(parts)
    trial.dialogue(trial.requests(signal))
    trial.undo(trial.requests(signal))
    return trial.report


def test_no_command_gets_through_that_the_rules_forbid() -> None:
    report = Trial(SHIPPED, share=0.002).everything()
    assert not report.violations, str(report)
    assert report.decisions.total() > 30_000


@pytest.mark.slow
def test_no_command_gets_through_in_any_state_of_the_car() -> None:
    report = Trial(SHIPPED).everything()
    assert not report.violations, str(report)
    assert report.decisions.total() >= 1_000_000
    assert min(report.decisions["gateway"], report.decisions["dialogue"], report.decisions["undo"]) > 100_000
    assert {"yes", "yes, in another state", "yes, from another seat", "yes, too late"} <= set(report.decisions)


def test_every_intent_and_every_actuator_is_tried() -> None:
    world = World(SHIPPED)
    everything = requests(world)
    assert {asked.intent for asked in everything} == set(world.car.intents)
    assert {part.signal for part in world.car.actuators} == set(RULES["signals"])
    assert {world.car.parts[path].signal for path in world.rules.watched} == {
        world.car.parts[path].signal for path in world.watched
    }
    assert len(everything) == len(set(everything))


def test_every_prohibition_is_about_actuators_of_the_car() -> None:
    world = World(SHIPPED)
    met = {entry for part in world.car.actuators for entry in world.prohibitions(part.path)}
    assert met == set(PROHIBITIONS)


# --- it would be noticed ----------------------------------------------------------------------------------------

_EVERY_RULE = [(signal, index) for signal, rules in RULES["signals"].items() for index in range(len(rules))]


def _without(signal: str, index: int) -> Callable[[Rules], None]:
    def change(rules: Rules) -> None:
        del rules["signals"][signal][index]

    return change


@pytest.mark.parametrize(("signal", "index"), [("headlights", 1), ("video", 0), ("callee", 0)])
def test_a_missing_rule_is_noticed(rewritten: Rewrite, signal: str, index: int) -> None:
    report = of_signal(Trial(rewritten(_without(signal, index)), judged_by=SHIPPED, share=0.1), signal)
    assert report.violations


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "index"), _EVERY_RULE, ids=lambda part: str(part))
def test_each_rule_is_missed_when_it_is_gone(rewritten: Rewrite, signal: str, index: int) -> None:
    report = of_signal(Trial(rewritten(_without(signal, index)), judged_by=SHIPPED, share=0.15), signal)
    assert report.violations


def _later_stale(rules: Rules) -> None:
    rules["stale_after"] = 60  # type: ignore[assignment]


def _faster_before_it_moves(rules: Rules) -> None:
    rules["states"]["moving"]["any"][0]["above"] = 20  # type: ignore[call-overload,index]


def _gear_forgotten(rules: Rules) -> None:
    del rules["states"]["driving"]["any"][2]  # type: ignore[arg-type]


def _front_for_rear(rules: Rules) -> None:
    rules["signals"]["window"][0]["from"] = "front"


@pytest.mark.parametrize(
    ("change", "signal"),
    [
        (_later_stale, "tailgate"),
        (_gear_forgotten, "tailgate"),
        pytest.param(_faster_before_it_moves, "mirrors_folded", marks=pytest.mark.slow),
        pytest.param(_front_for_rear, "window", marks=pytest.mark.slow),
    ],
)
def test_a_weakened_rule_is_noticed(rewritten: Rewrite, change: Callable[[Rules], None], signal: str) -> None:
    report = of_signal(Trial(rewritten(change), judged_by=SHIPPED, share=0.25), signal)
    assert any(wrong.startswith("refused by safety.yml") for wrong in report.violations), str(report)


def test_the_handwritten_prohibitions_notice_a_file_without_rules(rewritten: Rewrite) -> None:
    def change(rules: Rules) -> None:
        rules["signals"] = {signal: [] for signal in rules["signals"]}

    project = rewritten(change)
    forged, asked, leaned = Trial(project, share=0.2), Trial(project, share=0.35), Trial(project, share=0.04)
    forged.gateway([part for part in forged.world.car.actuators if forged.world.prohibitions(part.path)])
    asked.dialogue(asked.requests("sunroof", "seat_position", "seat_height", "seat_memory", "message", "callee"))
    leaned.dialogue(leaned.requests("backrest"))  # several belts at once make many situations
    violations = {wrong for trial in (forged, asked, leaned) for wrong in trial.report.violations}
    assert violations == {f"prohibited: {entry.name}" for entry in PROHIBITIONS}


def test_words_that_are_missing_are_noticed(rewritten: Rewrite) -> None:
    def change(rules: Rules) -> None:
        rules["signals"]["hud"][0]["refuse"] = "utter_nobody_wrote_this"

    report = of_signal(Trial(rewritten(change), share=0.2), "hud")
    assert {f"no words in {language} for utter_nobody_wrote_this" for language in ("zh", "en")} == set(
        report.violations
    )


def test_a_yes_counts_for_nothing_once_it_is_forbidden(rewritten: Rewrite) -> None:
    """The shipped rules ask only where nothing can forbid it a moment later; these do both."""

    def change(rules: Rules) -> None:
        rules["signals"]["sunroof"].append({"refuse": "utter_refuse_moving", "when": "fast"})

    trial = Trial(rewritten(change), share=0.3)
    trial.dialogue([asked for asked in trial.requests("sunroof") if asked.intent == "open_sunroof"])
    assert not trial.report.violations, str(trial.report)
    assert trial.report.outcomes["forbidden in the meantime"] > 100


def test_a_yes_before_the_question_counts_for_nothing() -> None:
    trial = Trial(SHIPPED)
    trial.one_breath()
    assert not trial.report.violations["a yes counted before the question"]


# --- of the talk itself --------------------------------------------------------------------------------------


def test_a_yes_to_two_questions_of_one_sentence_does_both() -> None:
    trial = Trial(SHIPPED)
    trial.one_breath()
    assert not trial.report.violations["a yes to two questions answered one"]


def test_a_request_said_twice_in_one_sentence_is_still_asked_about() -> None:
    trial = Trial(SHIPPED)
    trial.one_breath()
    assert not trial.report.violations["a repetition counted before the question"]


def test_a_sent_message_is_not_sent_again_by_undoing_the_next() -> None:
    trial = Trial(SHIPPED)
    trial.undo(trial.requests("message"))
    assert not trial.report.violations, str(trial.report)
