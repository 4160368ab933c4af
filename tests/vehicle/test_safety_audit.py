"""Parts of safety.yml that never count, each told with its line, and nothing told of what does count."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit_assistant.cli import main
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Command, Value
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.document import Document
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import FILE, Safety, Verdict
from cockpit_assistant.vehicle.safety_audit import samples, unreachable
from cockpit_assistant.vehicle.state import VehicleState

VAN = Path(__file__).parent.parent / "projects" / "van"

CAR = """
vehicle: {id: test, name: Test}
zones: {driver: {en: driver}, passenger: {en: passenger}, rear: {en: rear}}
zone_groups: {front: {seats: [driver, passenger], names: {en: front}}}
entities: {zone: zone}
intents: {}
signals:
  window:
    path: Vehicle.Private.{zone}.Window
    zones: {driver: A, passenger: B, rear: C}
    names: {en: window}
    type: uint8
    min: 0
    max: 100
  mode: {path: Vehicle.Private.Mode, names: {en: mode}, type: string, allowed: [HIGH, LOW]}
  lamp: {path: Vehicle.Private.Lamp, names: {en: lamp}, type: boolean}
  title: {path: Vehicle.Private.Title, names: {en: title}, type: string}
  sill:
    path: Vehicle.Private.{zone}.Sill
    zones: {driver: A, passenger: A}
    names: {en: sill}
    type: float
  speed: {path: Vehicle.Private.Speed, names: {en: speed}, kind: sensor, type: float, min: 0, max: 250}
  gear: {path: Vehicle.Private.Gear, names: {en: gear}, kind: sensor, type: string, allowed: [P, D, R]}
  taken:
    path: Vehicle.Private.{zone}.Taken
    zones: {driver: A, passenger: B}
    names: {en: taken}
    kind: sensor
    type: boolean
"""

STATES = """
  fast: {any: [{signal: speed, above: 50}]}
  slow: {any: [{signal: speed, below: 30}]}
  moving: {any: [{signal: speed, above: 1}, {signal: gear, not: P}]}
  reversing: {any: [{signal: gear, is: R}]}
  taken: {any: [{signal: taken, is: true}]}
"""

Car = Callable[[str], tuple[VehicleModel, Safety, Document]]


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> Car:
    """Writes a safety.yml for a small car, and loads both."""
    project = tmp_path_factory.mktemp("car")
    (project / "vehicle.yml").write_text(CAR, encoding="utf-8")
    model = VehicleModel.load(project)

    def write(text: str) -> tuple[VehicleModel, Safety, Document]:
        (project / FILE).write_text(text, encoding="utf-8")
        return model, Safety.load(project, model), Document(project / FILE)

    return write


def told(car: Car, text: str) -> list[str]:
    model, safety, document = car(text)
    return [sentence.removeprefix(f"{document.file}:") for sentence in unreachable(document, safety, model)]


def written(rules: str, states: str = STATES) -> str:
    """A safety.yml in which every state is used."""
    named = re.findall(r"^  (\w+):", states, re.MULTILINE)
    used = "\n".join(f"    - {{confirm: utter_{name}, when: {name}, value: {{is: {name}}}}}" for name in named)
    return f"stale_after: 3.0\nstates:{states}signals:\n  title:\n{used}\n{rules}\n"


# --- what is told ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [shipped("nlu_data"), VAN], ids=["shipped", "van"])
def test_everything_in_the_projects_of_this_repository_counts(project: Path) -> None:
    model = VehicleModel.load(project)
    assert list(unreachable(Document(project / FILE), Safety.load(project, model), model)) == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("window: [{refuse: utter_a, value: {above: 100}}]", "it never fits: window is never above 100 (0..100)."),
        ("window: [{refuse: utter_a, value: {below: 0}}]", "it never fits: window is never below 0 (0..100)."),
        ("sill: [{refuse: utter_a, zone: rear}]", "sill isn't in rear, only in driver, passenger. Correct `zone`"),
        ("lamp: [{refuse: utter_a, when: [fast, slow]}]", "fits only what isn't known: fast and slow never hold"),
        (
            "mode: [{refuse: utter_a, when: [moving, fast, reversing, slow]}]",
            "fits only what isn't known: fast and slow never hold together. Correct the states",
        ),
    ],
)
def test_a_rule_that_fits_nothing_known_is_told(car: Car, rule: str, complaint: str) -> None:
    text = written(f"  {rule}")
    (only,) = told(car, text)
    line = text[: text.index(rule)].count("\n") + 1
    assert only.startswith(f"{line}: signals.{rule.partition(':')[0]}[0]: ")
    assert complaint in only


SHADOWS = [
    pytest.param("{refuse: utter_a}", "{refuse: utter_b, when: fast}", id="by one for everything"),
    pytest.param("{refuse: utter_a, when: moving}", "{refuse: utter_b, when: fast}", id="by a wider state"),
    pytest.param("{refuse: utter_a, when: moving}", "{confirm: utter_b, when: [fast]}", id="by a refusal"),
    pytest.param("{confirm: utter_a}", "{confirm: utter_a, zone: rear}", id="by the same question"),
    pytest.param("{refuse: utter_a, from: front}", "{refuse: utter_b, from: driver}", id="by a group of seats"),
    pytest.param("{refuse: utter_a, value: {above: 5}}", "{refuse: utter_b, value: {above: 9}}", id="by a range"),
    pytest.param(
        "{refuse: utter_a, value: {not: 0}}", "{refuse: utter_b, value: {in: [5, 10]}}", id="by all other values"
    ),
]


@pytest.mark.parametrize(("deciding", "silent"), SHADOWS)
def test_a_rule_that_another_always_decides_before_is_told(car: Car, deciding: str, silent: str) -> None:
    text = written(f"  window:\n    - {deciding}\n    - {silent}")
    (only,) = told(car, text)
    line = text[: text.index("  window:")].count("\n") + 2
    assert only == (
        f"{line + 1}: signals.window[1]: it changes nothing: where it fits, the rule on line {line} decides. "
        "Narrow what decides, or remove this rule."
    )


def test_a_question_before_the_refusal_that_always_comes_instead_is_told(car: Car) -> None:
    text = written("  window:\n    - {confirm: utter_b, when: fast}\n    - {refuse: utter_a, when: moving}")
    (only,) = told(car, text)
    line = text[: text.index("  window:")].count("\n") + 2
    assert only.startswith(f"{line}: signals.window[0]: it changes nothing")
    assert f"the rule on line {line + 1} decides" in only


def test_a_rule_that_several_others_cover_together_is_told(car: Car) -> None:
    text = written(
        "  lamp:\n"
        "    - {refuse: utter_a, value: {is: true}}\n"
        "    - {refuse: utter_b, value: {is: false}}\n"
        "    - {confirm: utter_c, when: moving}"
    )
    (only,) = told(car, text)
    line = text[: text.index("  lamp:")].count("\n") + 2
    assert only.startswith(f"{line + 2}: signals.lamp[2]: it changes nothing")
    assert f"the rules on lines {line} and {line + 1} decide." in only


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{refuse: utter_a, when: fast}", "{refuse: utter_b, when: moving}"),
        ("{confirm: utter_a, when: moving}", "{confirm: utter_b, when: fast}"),  # both are asked
        ("{confirm: utter_a, when: moving}", "{refuse: utter_b, when: fast}"),
        ("{refuse: utter_a, when: [moving, taken]}", "{refuse: utter_b, when: [fast]}"),
        ("{refuse: utter_a, from: driver}", "{refuse: utter_a, from: [passenger, rear]}"),
    ],
)
def test_nothing_is_told_of_rules_that_each_decide_something(car: Car, first: str, second: str) -> None:
    assert told(car, written(f"  window:\n    - {first}\n    - {second}")) == []


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ("{signal: speed, above: 250}", "speed is never above 250 (0..250)"),
        ("{signal: speed, above: 400}", "speed is never above 400 (0..250)"),
        ("{signal: speed, below: 0}", "speed is never below 0 (0..250)"),
    ],
)
def test_a_condition_that_no_value_passes_is_told_once(car: Car, condition: str, complaint: str) -> None:
    states = f"""
  fast: {{any: [{{signal: speed, above: 50}}]}}
  wrong:
    any:
      - {condition}
"""
    text = written("  lamp: [{refuse: utter_a, when: wrong}]", states)
    (only,) = told(car, text)
    line = text[: text.index(condition)].count("\n") + 1
    assert only == (
        f"{line}: states.wrong.any[0]: {complaint}, so this holds only while it is unknown. "
        "Correct the value, or remove the condition."
    )


def test_a_state_that_no_rule_asks_for_is_told(car: Car) -> None:
    text = "stale_after: 3.0\nstates:\n  fast: {any: [{signal: speed, above: 50}]}\nsignals:\n  lamp: []\n"
    assert told(car, text) == ["3: states.fast: no rule has it in its `when`. Add it there, or remove it."]


@pytest.mark.parametrize("where", ["value: {in: [HIGH, HIHG]}", "when: wrong"])
def test_a_word_the_signal_doesnt_have_is_told_in_a_list_as_well(car: Car, where: str) -> None:
    states = "\n  wrong: {any: [{signal: gear, in: [P, PARK]}]}\n" if where == "when: wrong" else STATES
    text = written(f"  mode:\n    - {{refuse: utter_a, {where}}}", states)
    word, owner = ("'PARK'", "P, D, R") if where == "when: wrong" else ("'HIHG'", "HIGH, LOW")
    line = text[: text.index(word.strip("'"))].count("\n") + 1
    with pytest.raises(ProjectError, match=rf"{FILE}:{line}: .*{word} is not one of {owner}"):
        car(text)


def test_a_rule_that_signals_share_is_told_only_if_it_counts_for_none_of_them(car: Car) -> None:
    shared = "&shared\n    - {refuse: utter_a, zone: driver}\n    - {refuse: utter_b, zone: rear}"
    assert told(car, written(f"  window: {shared}\n  sill: *shared")) == []
    shared += "\n    - {confirm: utter_c, zone: driver}"
    (only,) = told(car, written(f"  window: {shared}\n  sill: *shared"))
    assert "signals.window[2]: it changes nothing" in only


def test_check_tells_what_never_counts_in_rules_words_and_safety(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "van"
    shutil.copytree(VAN, project)
    safety, domain = project / FILE, project / "domain.yml"
    rule = "    - {refuse: utter_refuse_driver_only, from: passenger}\n"
    text = safety.read_text(encoding="utf-8")
    text = text.replace(rule, f"{rule}    - {{confirm: utter_confirm_tail_lift, from: passenger}}\n", 1)
    safety.write_text(text, encoding="utf-8")
    words = domain.read_text(encoding="utf-8").replace(
        "name: has_value, value: true", "name: has_value, value: 7", 1
    )
    domain.write_text(words, encoding="utf-8")
    spoken = project / "data" / "rules.yml"
    rule = "  - {rule: NAME, steps: [{intent: greet}, {action: utter_greet}]}\n"
    spoken.write_text("rules:\n" + rule.replace("NAME", "hello") + rule.replace("NAME", "hi"), encoding="utf-8")
    assert main(["check", "--project", str(project)]) == 1
    shown = capsys.readouterr().out
    line = text[: text.index("utter_confirm_tail_lift, from: passenger")].count("\n") + 1
    assert f"{safety}:{line}: signals.tail_lift[2]: it changes nothing" in shown
    line = words[: words.index("name: has_value, value: 7")].count("\n") + 1
    assert f"{domain}:{line}: responses." in shown
    assert "slot has_value is true or false, never 7: it is never said. Correct it" in shown
    assert f"{spoken}:3: rule “hi”: rule “hello” (rules.yml:2) says the same already." in shown


# --- that it is true -------------------------------------------------------------------------------------------

STATE_NAMES = ("fast", "slow", "moving", "reversing", "taken")
VALUES = {
    "window": [{"above": 50}, {"below": 0}, {"above": 100}, {"is": 0}, {"not": 0}, {"in": [0, 100]}],
    "mode": [{"is": "HIGH"}, {"not": "LOW"}, {"in": ["HIGH", "LOW"]}],
    "lamp": [{"is": True}, {"not": True}],
    "title": [{"is": ""}, {"not": ""}],
    "sill": [{"above": 0.5}, {"below": 0.2}],
}
COMMANDED: dict[str, list[Value]] = {
    "window": [0, 50, 51, 100],
    "mode": ["HIGH", "LOW"],
    "lamp": [True, False],
    "title": ["", "Brazil"],
    "sill": [0.1, 0.4, 9.0],
}
SITUATIONS: dict[str, list[Value | None]] = {
    "Vehicle.Private.Speed": [None, 0.0, 2.0, 30.0, 250.0],
    "Vehicle.Private.Gear": [None, "P", "D", "R"],
    "Vehicle.Private.A.Taken": [None, True, False],
    "Vehicle.Private.B.Taken": [True, False],
}


@st.composite
def rules(draw: st.DrawFn, signal: str) -> dict[str, object]:
    rule: dict[str, object] = {
        draw(st.sampled_from(["refuse", "confirm"])): draw(st.sampled_from(["utter_a", "utter_b"]))
    }
    if when := draw(st.lists(st.sampled_from(STATE_NAMES), max_size=2, unique=True)):
        rule["when"] = when
    if seats := draw(st.lists(st.sampled_from(["driver", "front", "rear"]), max_size=1)):
        rule["from"] = seats
    if signal in ("window", "sill") and (
        zone := draw(st.lists(st.sampled_from(["driver", "front", "rear"]), max_size=1))
    ):
        rule["zone"] = zone
    if draw(st.booleans()):
        rule["value"] = draw(st.sampled_from(VALUES[signal]))
    return rule


def verdicts(model: VehicleModel, safety: Safety, signal: str) -> list[tuple[bool, Verdict]]:
    """What is decided about every command in every situation, and whether all of it is known."""
    found: list[tuple[bool, Verdict]] = []
    commands = [
        Command(path, value, seat=seat)
        for path in model.signals[signal].paths
        for value in COMMANDED[signal]
        for seat in model.zones
    ]
    for values in product(*SITUATIONS.values()):
        state = VehicleState()
        for path, value in zip(SITUATIONS, values, strict=True):
            if value is not None:
                state.put(path, value, 0.0)
        found += [(None not in values, safety.judge(command, state, 0.0)) for command in commands]
    return found


@settings(max_examples=25)
@given(st.data())
def test_what_is_told_never_changes_a_decision_and_what_isnt_does(car: Car, data: st.DataObject) -> None:
    signal = data.draw(st.sampled_from(sorted(VALUES)))
    drawn = data.draw(st.lists(rules(signal), min_size=1, max_size=4))

    def file(kept: list[dict[str, object]]) -> str:
        return (
            f"stale_after: 3.0\nstates:{STATES}signals: {yaml.safe_dump({signal: kept}, default_flow_style=True)}"
        )

    model, safety, document = car(file(drawn))
    sentences = [sentence for sentence in unreachable(document, safety, model) if " states." not in sentence]
    numbers = {int(re.search(r"\[(\d+)\]: ", sentence)[1]): sentence for sentence in sentences}  # type: ignore[index]
    silent = {number for number, sentence in numbers.items() if "isn't known" not in sentence}
    kept = [rule for number, rule in enumerate(drawn) if number not in silent]
    before = verdicts(model, safety, signal)
    assert verdicts(model, car(file(kept))[1], signal) == before
    # What fits only the unknown decides nothing while everything is known.
    known = [rule for number, rule in enumerate(drawn) if number not in numbers]
    after = verdicts(model, car(file(known))[1], signal)
    assert [verdict for is_known, verdict in after if is_known] == [
        verdict for is_known, verdict in before if is_known
    ]
    # And each of the others is needed.
    for number in set(range(len(drawn))) - set(numbers):
        fewer = [rule for other, rule in enumerate(drawn) if other not in (*silent, number)]
        assert verdicts(model, car(file(fewer))[1], signal) != before, drawn[number]


def test_samples_stand_for_every_value(car: Car) -> None:
    model, safety, _ = car(written("  lamp: []"))
    fast, slow = (safety.states[name].any[0] for name in ("fast", "slow"))
    kinds = {(fast.holds(value), slow.holds(value)) for value in samples(model.signals["speed"], [fast, slow])}
    assert kinds == {(False, True), (False, False), (True, False)}
