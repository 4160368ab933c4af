"""`say` and `parse`: turns in text."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from ..assembly import Project
from ..dialogue.policy import Dialogue
from ..dialogue.wording import Wording, together
from ..errors import ConfigError, ProjectError
from ..events import CommandConfirmed, CommandFailed, Decision, Entity, Record, Reply, Say, Understanding, Value
from ..vehicle.state import VehicleState
from .common import results, settings_of

_VALUE: TypeAdapter[bool | int | float | str] = TypeAdapter(bool | int | float | str)


def say(options: argparse.Namespace) -> int:
    """Say each text to the simulated car and show what it answers and does."""
    from ..replay.runner import rig

    settings = settings_of(options)
    project = Project.load(settings.project, settings.default_language)
    console = results()
    records: list[Record] = []
    failed = False
    with rig(project, settings, observers=(records.append,)) as drive:
        drive.arrange(dict(_assignment(text, project) for text in options.set))
        for text in options.text:
            records.clear()
            before = dict(drive.bus.state.items())
            drive.read(text, options.seat, options.lang)
            for record in records:
                if isinstance(record.event, Reply):
                    console.print(record.event.text)
            _show_changes(console, before, dict(drive.bus.state.items()))
            failed |= any(isinstance(record.event, CommandFailed) for record in records)
    return 1 if failed else 0


def _assignment(text: str, project: Project) -> tuple[str, Value]:
    path, equals, written = text.partition("=")
    if not equals:
        raise ConfigError(f"--set {text}: write PATH=VALUE, for example --set Vehicle.Speed=80.")
    owner = project.model.signal_at(path)
    if owner is None:
        raise ConfigError(f"--set {path}: {project.path / 'vehicle.yml'} knows no signal with this path.")
    value: Value = written
    with contextlib.suppress(ValueError):
        value = _VALUE.validate_json(written)
    if wrong := owner[1].misfit(value):
        raise ConfigError(f"--set {path}: {wrong}")
    return path, value


def _show_changes(console: Console, before: dict[str, Value], after: dict[str, Value]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for path, value in after.items():
        if before.get(path) != value:
            table.add_row(path, f"{before.get(path)} → {value}", style="green")
    if table.row_count:
        console.print(table)


class _Question(BaseModel):
    """One line of `parse --jsonl`."""

    model_config = ConfigDict(extra="forbid")
    text: str
    lang: str | None = None
    speaker: str = "driver"


def parse(options: argparse.Namespace) -> int:
    """Write what each utterance means, what would be sent and said; the car is parked and nothing happens."""
    settings = settings_of(options)
    project = Project.load(settings.project, settings.default_language)
    if not options.jsonl and not options.text:
        raise ConfigError("parse: give a TEXT, or --jsonl and lines on standard input.")
    questions = _lines() if options.jsonl else (_Question(text=text, lang=options.lang) for text in options.text)
    for question in questions:
        if options.explain:
            _show_explanation(project, question, options.lang)
            continue
        answer = explain(project, question.text, question.lang or options.lang, question.speaker)
        print(json.dumps(answer, ensure_ascii=False, indent=None if options.jsonl else 2), flush=True)
    return 0


def _show_explanation(project: Project, question: _Question, language: str | None) -> None:
    from .explanation import show

    understanding, decision, reply = _turn(project, question.text, question.lang or language, question.speaker)
    show(results(), project, understanding, decision, reply)


def _lines() -> Iterator[_Question]:
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for number, line in enumerate(sys.stdin, start=1):
        if line.strip():
            try:
                yield _Question.model_validate_json(line)
            except ValidationError as error:
                problem = error.errors()[0]
                where = ".".join(str(part) for part in problem["loc"]) or "line"
                raise ConfigError(
                    f'standard input, line {number}: {where}: {problem["msg"]}. Expected {{"text": …}}.'
                ) from None


def explain(project: Project, text: str, language: str | None, speaker: str) -> dict[str, object]:
    """The answer of `parse` to one utterance, for a dialogue that begins with it in a parked car."""
    understanding, decision, reply = _turn(project, text, language, speaker)
    return {
        "text": text,
        "lang": understanding.language,
        "route": decision.route.value,
        "intents": [
            {
                "name": clause.intent,
                "confidence": round(clause.confidence, 4),
                "entities": [_entity(entity) for entity in clause.entities],
            }
            for clause in understanding.clauses
        ],
        "commands": [{"path": command.path, "value": command.value} for command in decision.commands],
        "reply": reply,
    }


def _turn(project: Project, text: str, language: str | None, speaker: str) -> tuple[Understanding, Decision, str]:
    """What a dialogue that begins with an utterance in a parked car understands, decides and says."""
    if speaker not in project.model.zones and project.model.zones:
        raise ProjectError(f"speaker {speaker!r}: the project knows {', '.join(project.model.zones)}.")
    wording = Wording(project.domain)
    dialogue = project.dialogue(wording)
    understanding = project.interpreter.parse(text, language, speaker)
    state = project.model.initial_state()
    decision = dialogue.decide(understanding, state, 0.0)
    return understanding, decision, _reply(dialogue, wording, decision, state)


def _entity(entity: Entity) -> dict[str, object]:
    plain: dict[str, object] = {
        "entity": entity.entity,
        "value": entity.value,
        "start": entity.start,
        "end": entity.end,
    }
    if entity.role:
        plain["role"] = entity.role
    return plain


def _reply(dialogue: Dialogue, wording: Wording, decision: Decision, state: VehicleState) -> str:
    """What is said at once, and what will be said if the car does as it is told."""
    for number, command in enumerate(decision.commands):
        dialogue.note(CommandConfirmed(str(number), command))
    says: list[Say] = [*decision.say, *(say for say, _, _ in dialogue.report(state, 0.0))]
    return together([wording.of(say, decision.language) for say in says], decision.language)
