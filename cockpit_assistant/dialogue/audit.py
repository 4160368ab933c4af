"""Mistakes in a project that loads well enough but would leave a driver without an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..events import Language, Value
from ..nlu.model import OUT_OF_SCOPE
from ..vehicle.document import Document
from ..vehicle.model import VehicleModel
from ..vehicle.safety import FILE as SAFETY
from ..vehicle.safety import Safety
from ..vehicle.safety_audit import unreachable
from .domain import Domain
from .playbook.flow import Playbook
from .playbook.states import Heard
from .playbook.stories import training_stories
from .policy import ACTIONS, WITHOUT_RULE
from .reachability import unreachable_rules, unreachable_variations

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def audit(project: Path, playbook: Playbook, model: VehicleModel, safety: Safety) -> Iterator[str]:
    """One sentence a mistake, naming the file and the remedy."""
    file, domain = project / "domain.yml", playbook.domain
    stories = training_stories(project, domain)
    for intent in sorted(set(model.intents) - domain.intents):
        vehicle = project / "vehicle.yml"
        yield f"{vehicle}: intents.{intent}: domain.yml has no such intent. Add it there, with examples."
    for action in sorted(domain.actions - ACTIONS):
        if not action.startswith(("validate_", "action_ask_")):
            yield f"{file}: actions: the assistant has no {action}. It has {', '.join(sorted(ACTIONS))}."
    told = {
        event.intent
        for story in stories
        for course in story.courses
        for event in course.events
        if isinstance(event, Heard)
    }
    for intent in sorted(domain.intents - set(model.intents) - told - set(WITHOUT_RULE) - OUT_OF_SCOPE):
        if f"utter_{intent}" not in domain.responses:
            yield f"{file}: intent {intent}: vehicle.yml maps it to nothing and there is no utter_{intent}."
    needed = {f"utter_{intent}" for intent in model.intents} | model.responses | safety.responses
    for response in sorted(needed) if model.intents else ():  # without a car there is nothing to explain
        yield from _gaps(file, domain, response)
    yield from unreachable_rules(domain, stories, playbook.policies)
    yield from unreachable_variations(Document(file), domain)
    if (project / SAFETY).exists():
        yield from unreachable(Document(project / SAFETY), safety, model)


def _gaps(file: Path, domain: Domain, response: str) -> Iterator[str]:
    if response not in domain.responses:
        yield f"{file}: responses: {response} is missing."
        return
    for language in LANGUAGES:
        if not any(_speaks(v.conditions, language) for v in domain.responses[response]):
            yield f"{file}: responses.{response}: nothing to say in {language}."


def _speaks(conditions: Sequence[tuple[str, Value | None]], language: Language) -> bool:
    wanted = dict(conditions).get("language")
    return wanted is None or wanted == language
