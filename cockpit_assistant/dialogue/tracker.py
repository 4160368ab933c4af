"""What the dialogue remembers: what it has asked, what it waits to be allowed, what is under way, what was done."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ..events import (
    Clause,
    Command,
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Failure,
    Language,
    Say,
    Seat,
    Value,
)
from .playbook.flow import Flow, Playbook

MEMORY = 20
"""Turns that can be undone."""


class Manner(str, Enum):
    """How somebody speaks, and wants to be spoken to: the values of slot `manner`."""

    PLAIN = "plain"
    POLITE = "polite"


@dataclass(slots=True)
class Task:
    """What one clause set going: its commands, and what to say of them."""

    commands: list[Command]
    before: Mapping[str, Value]
    """What to command, by path, so that the car is again as it was when this was decided."""
    done: Say | None
    """Said when the car shows all of it."""
    started: Say | None
    """Said when it takes long; then `done` is left out."""
    thing: str
    """What is moved, in the speaker's words, for failures."""
    shown: Mapping[str, Value | None] = field(default_factory=dict)
    """What the paths that show its outcome showed when this was decided."""
    restores: bool = False
    """Whether it takes back what an earlier task did; then it can't be taken back itself."""
    takes_back: tuple[Task, ...] = ()
    """The tasks that it undoes."""
    begun: bool = False
    """Whether its commands have been given."""
    restored: bool = False
    """Whether it has been taken back."""
    requests: dict[str, Command] = field(default_factory=dict)
    """Its commands by the id of the set request that carries them, once they are sent."""
    confirmed: list[CommandConfirmed] = field(default_factory=list)
    failed: list[CommandFailed] = field(default_factory=list)
    announced: bool = False
    reported: bool = False

    @property
    def about(self) -> tuple[tuple[str, Value], ...]:
        """The slots of whatever is said about it."""
        return self.done.slots if self.done else (("thing", self.thing),)

    @property
    def settled(self) -> bool:
        """Whether every command has an outcome."""
        return len(self.confirmed) + len(self.failed) == len(self.commands)

    def wants(self, commands: Sequence[Command]) -> bool:
        """Whether other commands come to the same."""
        return {(own.path, own.value) for own in self.commands} == {(one.path, one.value) for one in commands}

    def lacks(self, command: Command) -> bool:
        """Whether a command of this task has not been sent yet."""
        return self.commands.count(command) > list(self.requests.values()).count(command)

    def take(self, outcome: CommandConfirmed | CommandFailed) -> None:
        """Note the outcome of one of its commands."""
        if isinstance(outcome, CommandConfirmed):
            self.confirmed.append(outcome)
        else:
            self.failed.append(outcome)

    def reverse(self, intent: str, seat: Seat) -> list[Command]:
        """The commands that take it back, the last one first; also of what is still moving or stuck half way."""
        if self.restores or self.restored or not self.begun:
            return []
        idle = {o.command.path for o in self.failed if o.failure is not Failure.NOT_REACHED}
        return [
            Command(command.path, self.before[command.path], intent, seat)
            for command in reversed(self.commands)
            if command.path not in idle and self.before.get(command.path, command.value) != command.value
        ]


@dataclass(slots=True)
class Errand:
    """All tasks of one turn, reported together."""

    tasks: list[Task]
    language: Language
    seat: Seat
    since: float
    polite: bool = False
    """Whether it was asked for politely, and that has yet to be answered."""

    @property
    def settled(self) -> bool:
        """Whether the whole turn has its outcomes."""
        return all(task.settled for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Question:
    """A clause that lacks an entity, or has one that could be several, and until when an answer counts."""

    clause: Clause
    entity: str
    say: Say | None
    """How it was asked; None for what wasn't asked aloud, such as another value for one that is out of range."""
    language: Language
    expires: float
    choices: tuple[str, ...] = ()
    """The values that it could be, in the order they were read out."""
    asked_again: bool = False


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Exactly the tasks a yes would start, what it was asked for, and until when it counts."""

    tasks: tuple[Task, ...]
    reasons: frozenset[str]
    language: Language
    expires: float


@dataclass(frozen=True, slots=True)
class Latest:
    """A command that can be gone on with, and until when."""

    clause: Clause
    task: Task
    expires: float


@dataclass(slots=True)
class Context:
    """What the talk with one seat is about: what is said in one seat is not about what was said in another."""

    flow: Flow
    form_expires: float = 0.0
    """Until when an answer to a form's question counts."""
    question: Question | None = None
    confirmation: Confirmation | None = None
    latest: Latest | None = None
    language: Language = ""
    """In which was spoken last."""
    polite_until: float = -math.inf
    """Until when the speaker is answered politely."""

    def manner(self, now: float) -> Manner:
        """How the speaker is to be answered."""
        return Manner.POLITE if now <= self.polite_until else Manner.PLAIN


@dataclass(slots=True)
class Tracker:
    """The dialogue's memory of one drive."""

    playbook: Playbook
    contexts: dict[Seat, Context] = field(default_factory=dict)
    errands: list[Errand] = field(default_factory=list)
    """Under way."""
    history: list[Errand] = field(default_factory=list)
    """What can be undone, oldest first."""
    last_reply: str = ""

    def context(self, seat: Seat) -> Context:
        """The context of a seat."""
        if seat not in self.contexts:
            self.contexts[seat] = Context(Flow(self.playbook))
        return self.contexts[seat]

    def expire(self, now: float) -> list[tuple[Say, Language, Seat]]:
        """Forget what nobody answered; returns what is to be said about it."""
        said: list[tuple[Say, Language, Seat]] = []
        for seat, context in self.contexts.items():
            if context.question and now > context.question.expires:
                if context.question.say:
                    said.append((Say("utter_question_expired"), context.question.language, seat))
                context.question = None
            if context.flow.active_form and now > context.form_expires:
                context.flow.cancel_form()
                said.append((Say("utter_question_expired"), context.language, seat))
            if context.confirmation and now > context.confirmation.expires:
                said.append((Say("utter_confirmation_expired"), context.confirmation.language, seat))
                context.confirmation = None
            if context.latest and now > context.latest.expires:
                context.latest = None
        return said

    def note(self, event: CommandSent | CommandConfirmed | CommandFailed) -> None:
        """Put what became of a command to the task that gave it.

        The same command may be under way twice, so the request's id tells; a new one belongs to the latest task
        that has yet to send such a command.
        """
        tasks = [task for errand in reversed(self.errands) for task in errand.tasks]
        own = next((task for task in tasks if event.request_id in task.requests), None)
        if own is None:
            own = next((task for task in tasks if task.lacks(event.command)), None)
            if own is None:
                return
            own.requests[event.request_id] = event.command
        if not isinstance(event, CommandSent):
            own.take(event)

    def begin(self, errand: Errand) -> None:
        """Take an errand in hand, and keep it, so that it can be undone."""
        self.errands.append(errand)
        self.history = [*self.history, errand][-MEMORY:]

    def aimed(self, path: str) -> Value | None:
        """Where the latest command for a path wanted it; None if there was none."""
        commands = (
            command
            for errand in reversed(self.history)
            for task in reversed(errand.tasks)
            if task.begun
            for command in task.commands
        )
        return next((command.value for command in commands if command.path == path), None)

    def to_undo(self, seat: Seat) -> list[Task]:
        """The tasks of the seat's last turn that moved something and has not been undone."""
        for errand in reversed(self.history):
            tasks = [task for task in errand.tasks if task.reverse("", seat)] if errand.seat == seat else []
            if tasks:
                return tasks
        return []
