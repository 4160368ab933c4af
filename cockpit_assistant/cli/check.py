"""`check`: mistakes in settings, project data and models, before a driver meets them."""

from __future__ import annotations

import argparse

from .. import models
from ..assembly import Project, load_wake, understanding_dir
from ..dialogue.audit import audit
from ..errors import ModelError
from ..nlu.examples import problems_in
from ..nlu.model import data_hash, trained_hash, training_files
from .common import results, settings_of


def check(options: argparse.Namespace) -> int:
    """Print every mistake found; exit status 1 if there is any."""
    settings = settings_of(options)
    project = Project.load(settings.project, settings.default_language)
    problems = list(audit(project.path, project.domain, project.model, project.safety))
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
    console = results()
    for problem in problems:
        console.print(f"[red]✗[/red] {problem}")
    if not problems:
        console.print(
            f"[green]✓[/green] {project.path}: {len(project.domain.intents)} intents, "
            f"{len(project.model.signals)} signals, {len(project.domain.responses)} responses: no mistakes found."
        )
    return 1 if problems else 0
