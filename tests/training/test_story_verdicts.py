"""Rasa itself judges test stories and holds conversations; the engine on board must come to the same."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from random_stories import Inventor

from cockpit_assistant.dialogue.playbook.flow import Ask, Flow, Playbook, Run, Utterance
from cockpit_assistant.dialogue.playbook.story_tests import StoryResult, Understand, check_stories
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Entity
from cockpit_assistant.resources import shipped
from cockpit_assistant.training.nlu.environment import RasaEnvironment

FORMS = Path(__file__).parents[1] / "projects" / "forms"

STORIES, CONVERSATIONS = 300, 120
"""Made up for each set of policies."""

POLICIES: dict[str, list[dict[str, Any]]] = {
    "memory": [{"name": "MemoizationPolicy", "max_history": 4}, {"name": "RulePolicy"}],
    "texts": [{"name": "MemoizationPolicy", "max_history": 4}, {"name": "RulePolicy"}],
    "augmented": [{"name": "RulePolicy"}, {"name": "AugmentedMemoizationPolicy", "max_history": 3}],
    "unlimited": [
        {"name": "MemoizationPolicy", "priority": 7},
        {"name": "RulePolicy", "core_fallback_action_name": "utter_rephrase", "core_fallback_threshold": 0.4},
    ],
    "rules": [{"name": "RulePolicy", "enable_fallback_prediction": False, "check_for_contradictions": False}],
}

ADDED: dict[str, tuple[str, bool]] = {
    "two messages": (
        "rules: [{rule: x, steps: [{intent: cancel}, {action: utter_really}, {intent: deny}]}]",
        False,
    ),
    "two rules": ("rules: [{rule: x, steps: [{intent: goodbye}, {action: utter_greet}]}]", False),
    "rule and story": ("stories: [{story: x, steps: [{intent: goodbye}, {action: utter_greet}]}]", False),
    "story that stops": ("stories: [{story: x, steps: [{intent: thank}, {action: utter_you_are_welcome}]}]", False),
    "form left out": ("rules: [{rule: x, steps: [{intent: cancel}, {action: coffee_form}]}]", False),
    "form left open": (
        "rules: [{rule: x, wait_for_user_input: false, steps: [{intent: explain}, {action: coffee_form}]}]",
        True,
    ),
    "slot left out": (
        """
rules:
  - {rule: x, steps: [{intent: cancel}, {action: action_order}, {slot_was_set: [{pet: true}]}]}
""",
        False,
    ),
    "rule that gives way": (
        """
rules:
  - {rule: x, steps: [{action: utter_hurry}]}
  - {rule: y, condition: [{slot_was_set: [{pet: true}]}], steps: [{action: utter_hurry}, {action: utter_pet}]}
stories:
  - {story: z, steps: [{intent: cancel}, {action: utter_hurry}, {action: utter_relax}]}
""",
        True,
    ),
    "another form": (
        """
stories:
  - {story: x, steps: [{intent: order_coffee}, {action: trip_form}, {active_loop: trip_form}]}
""",
        False,
    ),
    "same again": ("rules: [{rule: x, steps: [{intent: goodbye}, {action: utter_goodbye}]}]", True),
}
"""What is added to the rules and stories of the example, and whether they still go together."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Judged:
    """Projects with what Rasa made of them."""

    folder: Path

    def verdicts(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name / "verdicts.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """All projects, judged in one go: Rasa takes half a minute to start."""
    folder = tmp_path_factory.mktemp("verdicts")
    project = folder / "shipped"
    (project / "data").mkdir(parents=True)
    for file in ("config.yml", "domain.yml", "data/rules.yml", "data/stories.yml"):
        shutil.copy(shipped("nlu_data") / file, project / file)
    for test in sorted((shipped("nlu_data") / "tests").glob("test_*.yml")):
        (project / "tests").mkdir(exist_ok=True)
        shutil.copy(test, project / "tests")
    shutil.copytree(FORMS, folder / "forms")
    for seed, (name, policies) in enumerate(POLICIES.items()):
        _make_up(folder / name, policies, seed)
    for number, (text, _) in enumerate(ADDED.values()):
        shutil.copytree(FORMS, folder / f"added {number}")
        (folder / f"added {number}" / "data" / "added.yml").write_text(text, encoding="utf-8")
    projects = [str(path) for path in sorted(folder.iterdir())]
    work = tmp_path_factory.mktemp("work")
    RasaEnvironment.ready(print).module("cockpit_assistant.training.dialogue.verdicts", projects, work, work)
    return Judged(folder)


def _make_up(folder: Path, policies: list[dict[str, Any]], seed: int) -> None:
    shutil.copytree(FORMS, folder)
    config = {"recipe": "default.v1", "language": "en", "policies": policies}
    (folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    inventor = Inventor(Playbook.load(folder), seed)
    texts = folder.name == "texts"
    stories = [inventor.story(f"story {number}", texts=texts) for number in range(STORIES)]
    written = yaml.safe_dump({"version": "3.1", "stories": stories}, allow_unicode=True)
    (folder / "tests" / "test_made_up.yml").write_text(written, encoding="utf-8")
    if texts:
        understood = json.dumps(inventor.understood, ensure_ascii=False)
        (folder / "understood.json").write_text(understood, encoding="utf-8")
    conversations = json.dumps([inventor.conversation() for _ in range(CONVERSATIONS)], ensure_ascii=False)
    (folder / "conversations.json").write_text(conversations, encoding="utf-8")


def _row(result: StoryResult) -> tuple[object, ...]:
    mistake = result.mistake
    if mistake is None:
        return (result.name, True, None, None, None)
    expected, predicted = mistake.expected, mistake.predicted
    if mistake.policy == "understanding":  # Rasa names the intents alone
        expected, predicted = expected.split()[0], (predicted.split() or [""])[0]
    return (result.name, False, expected, predicted, mistake.policy)


def _understanding(folder: Path) -> Understand | None:
    file = folder / "understood.json"
    if not file.is_file():
        return None
    table = json.loads(file.read_text(encoding="utf-8"))

    def understand(text: str) -> tuple[str, list[Entity]]:
        intent, entities = table.get(text, ("", []))
        return intent, [_entity(entity) for entity in entities]

    return understand


def _entity(parsed: dict[str, Any]) -> Entity:
    return Entity(parsed["entity"], parsed["value"], parsed["start"], parsed["end"], "", parsed.get("role"))


@pytest.mark.parametrize("name", ["forms", *POLICIES])
def test_rasa_agrees_about_every_test_story(judged: Judged, name: str) -> None:
    folder = judged.folder / name
    ours = Counter(map(_row, check_stories(folder, _understanding(folder))))
    rasas = Counter(tuple(verdict) for verdict in judged.verdicts(name)["stories"])
    assert ours - rasas == rasas - ours == Counter()
    passed = sum(count for row, count in ours.items() if row[1])
    print(f"{name}: {ours.total()} test stories, {passed} of them pass")
    assert 0.15 < passed / ours.total() < 0.85  # otherwise the stories tell little


def test_rasa_agrees_about_the_shipped_project(judged: Judged) -> None:
    verdicts, problems = judged.verdicts("shipped"), ""
    ours: Counter[tuple[object, ...]] = Counter()
    try:
        ours = Counter(map(_row, check_stories(judged.folder / "shipped")))
    except ProjectError as error:
        problems = str(error)
    assert problems.count(" contradicts ") == (verdicts["error"] or "").count("is contradicting")
    assert bool(problems) == bool(verdicts["error"])
    assert ours == Counter(tuple(verdict) for verdict in verdicts["stories"])


@pytest.mark.parametrize("name", list(ADDED))
def test_rasa_agrees_about_what_goes_together(judged: Judged, name: str) -> None:
    project = f"added {list(ADDED).index(name)}"
    try:
        Playbook.load(judged.folder / project)
        sound = True
    except ProjectError:
        sound = False
    rasas = judged.verdicts(project)["error"] is None
    assert sound == rasas == ADDED[name][1], judged.verdicts(project)["error"]


@pytest.mark.parametrize("name", list(POLICIES))
def test_rasa_agrees_about_every_turn_of_a_conversation(judged: Judged, name: str) -> None:
    folder = judged.folder / name
    playbook = Playbook.load(folder)
    messages = json.loads((folder / "conversations.json").read_text(encoding="utf-8"))
    turns = 0
    for conversation, told in zip(messages, judged.verdicts(name)["conversations"], strict=True):
        flow = Flow(playbook)
        for (intent, entities, text), turn in zip(conversation, told, strict=True):
            flow.hear(intent, [_entity(entity) for entity in entities], text)
            steps = [_named(step) for step in flow.steps()]
            expected = [action for action in turn["actions"] if _visible(action, playbook)]
            if len(expected) >= 10:
                break  # what follows when rules lead in a circle is nobody's intention
            slots = {slot: list(v) if isinstance(v, tuple) else v for slot, v in flow.slots.items()}
            assert (steps, flow.active_form, flow.requested_slot, slots) == (
                expected,
                turn["form"],
                turn["requested"] if turn["form"] else None,
                turn["slots"],
            ), (conversation, turn)
            turns += 1
    print(f"{name}: {turns} turns of conversations")
    assert turns > CONVERSATIONS


def _named(step: Utterance | Run | Ask) -> str:
    return step.action if isinstance(step, Run) else step.response


def _visible(action: str, playbook: Playbook) -> bool:
    silent = ("action_listen", "action_session_start", "action_deactivate_loop", "action_back", "action_restart")
    return action not in silent and action not in playbook.domain.forms
