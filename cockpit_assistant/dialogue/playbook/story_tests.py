"""Runs a project's test stories, as `rasa test core` does.

A test story passes if every action in it is what the policies predict at that point. Custom actions, forms and
responses don't run: what they would set stands in the story. Where a story goes on with something else than an
active form, the form is taken to have rejected what was said (`rasa/core/test.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ...events import Entity
from .flow import MOST_ACTIONS, Playbook
from .marks import directly
from .policies import Policies
from .states import LISTEN, Acted, Conversation, Heard, Rejected
from .stories import Course, Story, test_stories

TRIPPED = "circuit breaker tripped"
"""Predicted after more actions than a turn may have."""

Understand: TypeAlias = Callable[[str], tuple[str, Sequence[Entity]]]
"""The intent and entities of a text."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """The first step of a story that goes another way."""

    line: int
    expected: str
    """The action in the story; of a step the user speaks, the intent with its entities."""
    predicted: str
    policy: str
    """Who predicted it; `understanding` for what the user said, empty where the turn was too long."""


@dataclass(frozen=True, slots=True)
class StoryResult:
    """How a test story went."""

    name: str
    file: Path
    line: int
    mistake: Mistake | None

    @property
    def passed(self) -> bool:
        """Whether everything went as the story says."""
        return self.mistake is None


def check_stories(project: Path, understand: Understand | None = None) -> tuple[StoryResult, ...]:
    """Run the test stories of a project, in the order of its files.

    Args:
        project: The project's folder; its test stories are `tests/**/test_*.yml`.
        understand: Understands the texts of user steps. Without it the intents in the story are taken for granted.

    Raises:
        ProjectError: the project or a test story is malformed; names file and line.
    """
    playbook = Playbook.load(project)
    return run_stories(playbook, test_stories(project, playbook.domain), understand)


def run_stories(
    playbook: Playbook, stories: Iterable[Story], understand: Understand | None = None
) -> tuple[StoryResult, ...]:
    """The results of test stories; a story with `or` has one for each of its courses."""
    return tuple(
        StoryResult(story.name, story.file, story.line, first_mistake(playbook, course, understand))
        for story in stories
        for course in story.courses
    )


def first_mistake(playbook: Playbook, course: Course, understand: Understand | None = None) -> Mistake | None:
    """The first step of a course that the policies would not take; None if there is none."""
    conversation = Conversation(playbook.domain)
    for index, (event, line) in enumerate(zip(course.events, course.lines, strict=True)):
        if index == 0:  # Rasa doesn't ask why a story begins
            pass
        elif isinstance(event, Acted):
            predicted, policy = _predicted(playbook.policies, conversation, event.action)
            if predicted != event.action:
                return Mistake(line, event.action, predicted, policy)
        elif isinstance(event, Heard) and event.text and understand:
            intent, entities = directly(event.text) or understand(event.text)
            if not _same(event, intent, entities):
                expected = _described(event.intent, event.entities)
                return Mistake(line, expected, _described(intent, entities), "understanding")
        conversation.update(event)
    return None


def _predicted(policies: Policies, conversation: Conversation, expected: str) -> tuple[str, str]:
    action, policy = _once(policies, conversation)
    form = conversation.active_form
    if action not in (expected, TRIPPED) and action == form and form in conversation.domain.forms:
        conversation.update(Rejected(form))
        action, policy = _once(policies, conversation)
    return action, policy


def _once(policies: Policies, conversation: Conversation) -> tuple[str, str]:
    if conversation.action != LISTEN and _actions_since_listening(conversation) >= MOST_ACTIONS:
        return TRIPPED, ""
    if conversation.opening:
        return LISTEN, "followup_action"
    prediction = policies.predict(conversation)
    return prediction.action, prediction.policy


def _actions_since_listening(conversation: Conversation) -> int:
    count = 0
    for event in reversed(conversation.events):
        if isinstance(event, Acted):
            if event.action == LISTEN:
                break
            count += 1
    return count


def _same(event: Heard, intent: str, entities: Sequence[Entity]) -> bool:
    """Whether a text was understood as the story says. As in Rasa, roles and groups are not compared."""
    return event.intent == intent and _facts(event.entities) == _facts(entities)


def _facts(entities: Iterable[Entity]) -> set[tuple[int, int, str, str]]:
    return {(entity.start, entity.end, entity.entity, str(entity.value)) for entity in entities}


def _described(intent: str, entities: Sequence[Entity]) -> str:
    return " ".join([intent, *(f"[{entity.text}]({entity.entity}:{entity.value})" for entity in entities)])
