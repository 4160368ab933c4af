"""What Rasa says of a project's test stories, and how it answers whole conversations.

Runs inside the Rasa environment. Each folder named on the command line is a project with `config.yml`,
`domain.yml`, `data/` and `tests/`; its policies are trained, its stories run through `rasa.core.test`, and what
comes out is written to the project's `verdicts.json`:

- `error`: why Rasa doesn't train it, such as contradicting rules
- `stories`: for each test story its name, whether it passed, and the first step that went wrong
- `conversations`: for each list of messages in `conversations.json`, turn by turn, the actions taken, the active
  form, the requested slot and all slots
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

UNDERSTOOD = "understood.json"
"""By text, the intent and entities that stand for a trained understanding; without it texts aren't looked at."""

CONVERSATIONS = "conversations.json"
"""Lists of messages: intent, entities, text."""


class _Forgetful(set):  # type: ignore[type-arg]
    """Rasa leaves out test stories that equal an earlier one; here each gets its verdict."""

    def __contains__(self, item: object) -> bool:
        return False


def main(*projects: Path) -> None:
    """Write the verdicts of each project."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    for project in projects:
        verdicts = asyncio.run(_verdicts(project))
        (project / "verdicts.json").write_text(json.dumps(verdicts, ensure_ascii=False), encoding="utf-8")
        print(f"Rasa has judged {project.name}", flush=True)


async def _verdicts(project: Path) -> dict[str, Any]:
    from rasa.core.agent import Agent
    from rasa.shared.exceptions import RasaException

    with tempfile.TemporaryDirectory() as folder:
        try:
            agent = Agent.load(_train(project, Path(folder)))
        except RasaException as error:
            return {"error": str(error) or type(error).__name__, "stories": [], "conversations": []}
    return {
        "error": None,
        "stories": await _stories(project, agent),
        "conversations": await _conversations(project, agent),
    }


def _train(project: Path, folder: Path) -> str:
    """Train the policies alone, without the understanding pipeline."""
    import yaml
    from rasa.model_training import train_core

    written = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    config = {"recipe": "default.v1", "language": "en", "assistant_id": "verdicts", "pipeline": []}
    (folder / "config.yml").write_text(
        yaml.safe_dump({**config, "policies": written["policies"]}), encoding="utf-8"
    )
    archive = train_core(
        domain=str(project / "domain.yml"),
        config=str(folder / "config.yml"),
        stories=str(project / "data"),
        output=str(folder),
        additional_arguments={"augmentation_factor": 0},
    )
    return str(archive)


async def _stories(project: Path, agent: Any) -> list[list[Any]]:
    from rasa.core import test

    tests = project / "tests"
    if not tests.is_dir():
        return []
    table = project / UNDERSTOOD
    understood = json.loads(table.read_text(encoding="utf-8")) if table.is_file() else {}

    async def parse(message: Any, *_: object) -> dict[str, Any]:
        intent, entities = understood.get(message.text, ("", []))
        return {"text": message.text, "intent": {"name": intent, "confidence": 1.0}, "entities": list(entities)}

    generator = test._create_data_generator(str(tests), agent, use_conversation_test_files=True)
    generator.hashed_featurizations = _Forgetful()
    generator.config = generator.config._replace(remove_duplicates=False)
    verdicts = []
    for tracker in generator.generate_story_trackers():
        with patch.object(agent.processor, "parse_message", parse):
            store, judged, *_ = await test._predict_tracker_actions(tracker, agent, use_e2e=bool(understood))
        passed = not store.check_prediction_target_mismatch()
        verdicts.append([tracker.sender_id, passed, *_first_mistake(judged)])
    return verdicts


def _first_mistake(tracker: Any) -> list[Any]:
    from rasa.core.test import WronglyClassifiedUserUtterance, WronglyPredictedAction

    for event in tracker.events:
        if isinstance(event, WronglyPredictedAction):
            return [event.action_name, event.action_name_prediction, _policy(event.policy)]
        if isinstance(event, WronglyClassifiedUserUtterance):
            return [event.intent["name"], event.predicted_intent, "understanding"]
    return [None, None, None]


def _policy(name: str | None) -> str:
    """Rasa numbers policies: policy_1_RulePolicy."""
    return (name or "").rsplit("_", 1)[-1] if (name or "").startswith("policy_") else name or ""


async def _conversations(project: Path, agent: Any) -> list[list[Any]]:
    """Go through conversations as the running assistant does, custom actions doing nothing."""
    from rasa.core.actions.action import RemoteAction
    from rasa.core.channels import CollectingOutputChannel, UserMessage

    written = project / CONVERSATIONS
    if not written.is_file():
        return []

    async def nothing(*_: object) -> list[Any]:
        return []

    told = []
    with patch.object(RemoteAction, "run", nothing):
        for number, messages in enumerate(json.loads(written.read_text(encoding="utf-8"))):
            turns = []
            for intent, entities, text in messages:
                parsed = {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": entities}
                sender = f"conversation {number}"
                message = UserMessage(text, CollectingOutputChannel(), sender, parse_data=parsed)
                before = len((await agent.tracker_store.get_or_create_tracker(sender)).events)
                await agent.processor.handle_message(message)
                turns.append(_turn(await agent.tracker_store.get_or_create_tracker(sender), before))
            told.append(turns)
    return told


def _turn(tracker: Any, before: int) -> dict[str, Any]:
    from rasa.shared.core.events import ActionExecuted, BotUttered

    actions = []
    for event in list(tracker.events)[before:]:
        if isinstance(event, ActionExecuted):
            actions.append(event.action_name)
        elif isinstance(event, BotUttered) and event.metadata.get("utter_action", "").startswith("utter_ask_"):
            actions.append(event.metadata["utter_action"])
    slots = {name: value for name, value in tracker.current_slot_values().items() if value is not None}
    requested = slots.pop("requested_slot", None)
    slots.pop("session_started_metadata", None)
    return {"actions": actions, "form": tracker.active_loop_name, "requested": requested, "slots": slots}


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
