"""`check`: mistakes in settings, project data and models, before a driver meets them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.markup import escape
from rich.progress import track

from .. import models
from ..assembly import Project, load_wake, understanding_dir
from ..config import Settings
from ..dialogue.audit import audit
from ..dialogue.playbook.story_tests import check_stories
from ..dialogue.policy import TALK
from ..errors import ModelError
from ..events import Entity
from ..nlu.examples import problems_in
from ..nlu.model import data_hash, trained_hash, training_files
from ..replay import conversations
from .common import errors, results, settings_of


def check(options: argparse.Namespace) -> int:
    """Print every mistake found; exit status 1 if there is any."""
    settings = settings_of(options)
    project = Project.load(settings.project, settings.default_language)
    problems = list(audit(project.path, project.playbook, project.model, project.safety))
    problems += problems_in(training_files(project.path), project.domain.intents, project.domain.entities)
    folder = understanding_dir(project.path)
    if trained_hash(folder) != data_hash(project.path):
        problems.append(
            f"{folder}: the model was trained from other data than {project.path} holds now. "
            f"Run `cockpit-assistant train nlu --project {project.path}`."
        )
    known = models.store()
    for name in models.needed(settings):
        if known.state(name) in (models.State.MISSING, models.State.DAMAGED):
            problems.append(f"model {name}: {known.state(name).value}. Run `cockpit-assistant models pull {name}`.")
    try:
        load_wake(settings)
    except ModelError as error:
        problems.append(str(error))
    stories = held = 0
    if options.stories:
        stories, wrong = _test_stories(project)
        problems += wrong
        held, wrong = _conversations(project, settings)
        problems += wrong
    console = results()
    for problem in problems:
        console.print(f"[red]✗[/red] {escape(problem)}", soft_wrap=True)
    if options.stories:
        console.print(f"{stories} test stories, {held} conversations")
    if not problems:
        console.print(
            f"[green]✓[/green] {project.path}: {len(project.domain.intents)} intents, "
            f"{len(project.model.signals)} signals, {len(project.domain.responses)} responses: no mistakes found."
        )
    return 1 if problems else 0


def _test_stories(project: Project) -> tuple[int, list[str]]:
    """How many of Rasa's test stories there are, and what goes wrong in them."""

    def understand(text: str) -> tuple[str, Sequence[Entity]]:
        clauses = project.interpreter.parse(text).clauses
        return (clauses[0].intent, clauses[0].entities) if clauses else (TALK, ())

    results = check_stories(project.path, understand)
    wrong = [
        f"{result.file}:{result.mistake.line}: {result.name}: "
        f"{result.mistake.predicted} ({result.mistake.policy}), not {result.mistake.expected}"
        for result in results
        if result.mistake
    ]
    return len(results), wrong


def _conversations(project: Project, settings: Settings) -> tuple[int, list[str]]:
    """How many conversations there are, and where they go another way."""
    scripts = [
        script for file in conversations.find(project.path) for script in conversations.read(file, project.model)
    ]
    wrong = []
    for script in track(scripts, "Holding conversations", console=errors, transient=True):
        for mismatch in conversations.hold(script, project, settings):
            said = f" {mismatch.said}:" if mismatch.said else ""
            wrong.append(
                f"{script.file}:{mismatch.line}: {script.conversation.conversation}:{said} {mismatch.wrong}"
            )
    return len(scripts), wrong
