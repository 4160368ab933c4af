"""What the dialogue remembers: what it has asked, what it waits to be allowed, what is under way, what was done."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..events import Clause, Command, CommandConfirmed, CommandFailed, Say, Seat, Value

MEMORY = 20
"""Turns that can be undone."""


@dataclass(slots=True)
class Task:
    """What one clause set going: its commands, and what to say of them."""

    commands: list[Command]
    done: Say
    """Said when the car shows all of it."""
    started: Say | None
    """Said when it takes long; then `done` is left out."""
    thing: str
    """What is moved, in the speaker's words, for failures."""
    confirmed: list[CommandConfirmed] = field(default_factory=list)
    failed: list[CommandFailed] = field(default_factory=list)
    announced: bool = False
    reported: bool = False

    @property
    def settled(self) -> bool:
        """Whether every command has an outcome."""
        return len(self.confirmed) + len(self.failed) == len(self.commands)

    def awaits(self, command: Command) -> bool:
        """Whether a command of this task has no outcome yet."""
        known = [o.command for o in self.confirmed] + [o.command for o in self.failed]
        return self.commands.count(command) > known.count(command)

    def take(self, outcome: CommandConfirmed | CommandFailed) -> None:
        """Note the outcome of one of its commands."""
        if isinstance(outcome, CommandConfirmed):
            self.confirmed.append(outcome)
        else:
            self.failed.append(outcome)


@dataclass(slots=True)
class Errand:
    """All tasks of one turn, reported together."""

    tasks: list[Task]
    language: str
    seat: Seat
    since: float
    undoes: bool = False

    @property
    def settled(self) -> bool:
        """Whether the whole turn has its outcomes."""
        return all(task.settled for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Question:
    """A clause that lacks an entity, and until when an answer counts."""

    clause: Clause
    entity: str
    expires: float


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Exactly the tasks a yes would start, who was asked, and until when the yes counts."""

    tasks: tuple[Task, ...]
    seat: Seat
    expires: float


@dataclass(frozen=True, slots=True)
class Latest:
    """A command that can be gone on with, and until when."""

    clause: Clause
    expires: float


@dataclass(slots=True)
class Tracker:
    """The dialogue's memory of one drive."""

    question: Question | None = None
    confirmation: Confirmation | None = None
    errands: list[Errand] = field(default_factory=list)
    done: list[tuple[CommandConfirmed, ...]] = field(default_factory=list)
    last_reply: str = ""
    last: dict[Seat, Latest] = field(default_factory=dict)
    """The last command of each seat: what people say in one seat is not about what was said in another."""

    def expire(self, now: float) -> None:
        """Forget questions nobody answered."""
        if self.question and now > self.question.expires:
            self.question = None
        if self.confirmation and now > self.confirmation.expires:
            self.confirmation = None

    def latest(self, seat: Seat, now: float) -> Clause | None:
        """What a seat commanded last, unless that is too long ago."""
        last = self.last.get(seat)
        return last.clause if last and now <= last.expires else None

    def note(self, outcome: CommandConfirmed | CommandFailed) -> None:
        """Put an outcome to the task that waits for it."""
        for errand in self.errands:
            for task in errand.tasks:
                if task.awaits(outcome.command):
                    task.take(outcome)
                    return

    def remember(self, errand: Errand) -> None:
        """Keep what an errand changed, so that it can be undone; an undo itself is not kept."""
        changed = tuple(o for task in errand.tasks for o in task.confirmed if _reversible(o))
        if changed and not errand.undoes:
            self.done.append(changed)
            del self.done[:-MEMORY]


def _reversible(outcome: CommandConfirmed) -> bool:
    before: Value | None = outcome.before
    return before is not None and before != outcome.command.value
