"""From an understanding to a decision, and from what the car did to what is said about it.

Pure logic over values: the vehicle's state and the time are passed in, commands and sentences come out. A command
leaves here only after the safety rules have allowed it; the vehicle's gateway checks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ..events import (
    Clause,
    Command,
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Decision,
    Failure,
    Language,
    Route,
    Say,
    Seat,
    Understanding,
    Value,
)
from ..vehicle.mapping import Resolution, resolve
from ..vehicle.model import VehicleModel
from ..vehicle.requests import SUPERSEDED
from ..vehicle.safety import Safety
from ..vehicle.state import VehicleState
from .answers import answered
from .facts import facts
from .followups import corrected, gone_on, placed, switched, without_slips
from .timeofday import date_slots, time_slots
from .tracker import Confirmation, Errand, Latest, Question, Task, Tracker
from .wording import Slots, Wording

ANSWER_WITHIN = 15.0
"""Seconds in which an answer to the assistant's question counts."""

GOES_ON_WITHIN = 60.0
"""Seconds in which 再高一点 and 副驾也是 go on with the command before."""

PATIENCE = 1.0
"""Seconds without all outcomes after which the assistant says that it has started."""

TALK = frozenset({"greet", "thank", "goodbye", "chat", "help", "stop", "refrain", "sleep_assistant"})
"""Intents answered by the response of their name and nothing else."""

ENDS = frozenset({"goodbye", "stop", "sleep_assistant"})
"""Intents after which nobody is expected to go on."""

TURNS = frozenset(
    {"affirm", "deny", "cancel", "undo", "repeat", "ask_time", "ask_date", "change_language", "unsupported"}
    | {"more", "less", "also_there", "correct", "switch_back_on", "switch_back_off", "choose"}
)
"""Intents the dialogue itself knows how to take."""


class Dialogue:
    """Decides what an utterance leads to, and words the outcome."""

    def __init__(
        self,
        model: VehicleModel,
        safety: Safety,
        wording: Wording,
        wall_clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._model = model
        self._wall_clock = wall_clock
        self._safety = safety
        self._wording = wording
        self.tracker = Tracker()

    # --- before acting -----------------------------------------------------------------------------------------

    def decide(self, understanding: Understanding, state: VehicleState, now: float) -> Decision:
        """What to do and say about an utterance. Changes the tracker, sends nothing."""
        self.tracker.expire(now)
        context = self.tracker.context(understanding.seat)
        turn = _Turn(understanding.language, understanding.seat)
        question, context.question = context.question, None
        answer = answered(question, understanding, self._model.entity_types) if question else None
        clauses = (answer,) if answer else placed(without_slips(understanding.clauses, self._model), self._model)
        if not clauses:
            turn.talk(Route.CHAT, Say("utter_chat"))
        for clause in clauses:
            self._take(clause, turn, state, now, question)
        if question and not answer:
            self._ask_again(question, turn, now)
        if turn.tasks:
            self.tracker.begin(Errand(turn.tasks, turn.language, turn.seat, now))
        return turn.decision()

    def is_complete(self, understanding: Understanding, state: VehicleState) -> bool:
        """Whether an utterance is already a whole command, so that nobody need wait for more of it."""
        if self.tracker.context(understanding.seat).question or not understanding.clauses:
            return False
        return all(self._stands_alone(clause, understanding, state) for clause in understanding.clauses)

    def _stands_alone(self, clause: Clause, understanding: Understanding, state: VehicleState) -> bool:
        resolution = self._resolve(clause, understanding.language, understanding.seat, state)
        return bool(resolution.commands or resolution.readings) and not resolution.missing

    def _ask_again(self, question: Question, turn: _Turn, now: float) -> None:
        """Come back, once, to what was asked before the speaker said something else."""
        context = self.tracker.context(turn.seat)
        if turn.dismisses or context.question or context.confirmation or question.asked_again:
            return
        context.question = replace(question, expires=now + ANSWER_WITHIN, asked_again=True)
        turn.talk(Route.QUESTION, question.say)

    def _take(
        self, clause: Clause, turn: _Turn, state: VehicleState, now: float, question: Question | None
    ) -> None:
        match clause.intent:
            case "affirm":
                self._affirm(turn, state, now)
            case "deny" | "cancel":
                context = self.tracker.context(turn.seat)
                pending, context.confirmation = context.confirmation, None
                turn.dismisses = True
                turn.talk(Route.CHAT, Say("utter_cancelled" if pending or question else "utter_denied"))
            case "undo":
                self._undo(turn, state, now)
            case "repeat":
                turn.talk(Route.CHAT, Say("utter_repeat_nothing"), again=self.tracker.last_reply)
            case "ask_time":
                turn.talk(Route.QUESTION, Say("utter_ask_time", time_slots(self._wall_clock(), turn.language)))
            case "ask_date":
                turn.talk(Route.QUESTION, Say("utter_ask_date", date_slots(self._wall_clock(), turn.language)))
            case "change_language":
                turn.language = _language_said(clause, turn.language)
                turn.talk(Route.CHAT, Say("utter_change_language"))
            case "unsupported":
                turn.talk(Route.REFUSE, Say("utter_unsupported"))
            case "more" | "less" | "also_there" | "switch_back_on" | "switch_back_off" | "correct" | "choose":
                self._follow_up(clause, turn, state, now)
            case intent if intent in TALK:
                turn.ends = intent in ENDS
                turn.dismisses = turn.dismisses or turn.ends
                turn.talk(Route.CHAT, Say(f"utter_{intent}"))
            case _:
                self._act(clause, turn, state, now)

    def _follow_up(self, clause: Clause, turn: _Turn, state: VehicleState, now: float) -> None:
        """Go on with what the same speaker asked for last: 再高一点, "same for her side", 不对，是副驾."""
        context = self.tracker.context(turn.seat)
        meant, wrong = None, None
        if latest := context.latest:
            match clause.intent:
                case "correct":
                    meant, wrong = corrected(latest.clause, clause), latest.task
                case "switch_back_on" | "switch_back_off":
                    meant = switched(latest.clause, clause, self._model)
                case _:
                    meant = gone_on(latest.clause, clause, self._model)
        if meant is None:
            turn.talk(Route.QUESTION, Say("utter_nothing_to_go_on"))
            return
        if wrong:
            context.confirmation = None
        self._act(meant, turn, state, now, wrong)

    def _act(self, clause: Clause, turn: _Turn, state: VehicleState, now: float, wrong: Task | None = None) -> None:
        """Do what a clause asks for; if it corrects a task, take back what that one did elsewhere."""
        context = self.tracker.context(turn.seat)
        doubtful = next((entity for entity in clause.entities if entity.choices), None)
        resolution = self._resolve(clause, turn.language, turn.seat, state)
        slots = facts(clause, resolution, self._model)
        if doubtful:
            options = self._model.joined(doubtful.choices, turn.language)
            say = Say("utter_which", (("options", options), ("count", len(doubtful.choices))))
            expires = now + ANSWER_WITHIN
            context.question = Question(clause, doubtful.entity, say, turn.language, expires, doubtful.choices)
            turn.talk(Route.QUESTION, say)
        elif resolution.problem:
            turn.talk(Route.REFUSE, resolution.problem)
        elif resolution.missing:
            say = Say(resolution.missing, slots)
            expires = now + ANSWER_WITHIN
            context.question = Question(clause, resolution.missing_entity, say, turn.language, expires)
            turn.talk(Route.QUESTION, say)
        elif resolution.commands:
            task = self._task(clause.intent, resolution, slots, state)
            context.latest = Latest(clause, task, now + GOES_ON_WITHIN)
            self._gate([*self._taken_back(wrong, task, turn), task], turn, state, now)
        elif resolution.readings:
            turn.talk(Route.QUESTION, Say(f"utter_{clause.intent}", slots))
        else:  # an intent that moves nothing in this car: the project's own response is all there is
            turn.talk(Route.COMMAND, Say(f"utter_{clause.intent}", slots))

    def _resolve(self, clause: Clause, language: Language, seat: Seat, state: VehicleState) -> Resolution:
        return resolve(clause, seat, language, self._model, state)

    def _task(self, intent: str, resolution: Resolution, slots: Slots, state: VehicleState) -> Task:
        started = f"utter_{intent}_started"
        return Task(
            commands=list(resolution.commands),
            before=self._before(resolution.commands, state),
            done=Say(f"utter_{intent}", slots),
            started=Say(started, slots) if started in self._wording else None,
            thing=resolution.thing,
        )

    def _before(self, commands: Sequence[Command], state: VehicleState) -> dict[str, Value]:
        known = {command.path: self._model.reverse(command.path, state) for command in commands}
        return {path: value for path, value in known.items() if value is not None}

    def _taken_back(self, wrong: Task | None, right: Task, turn: _Turn) -> list[Task]:
        """What takes back the part of a wrong task that the right one doesn't set anew; nothing is said of it."""
        if wrong is None:
            return []
        anew = {command.path for command in right.commands}
        commands = [command for command in wrong.reverse("correct", turn.seat) if command.path not in anew]
        # What the right one sets anew was as before the wrong one.
        right.before = {**right.before, **{path: was for path, was in wrong.before.items() if path in anew}}
        wrong.restored = True
        if not commands:
            return []
        thing = self._model.thing([command.path for command in commands], turn.language)
        return [Task(commands, {}, None, None, thing, restores=True)]

    def _gate(
        self, tasks: Sequence[Task], turn: _Turn, state: VehicleState, now: float, *, agreed: bool = False
    ) -> None:
        """Let through what safety allows; ask or refuse otherwise. A task passes as a whole or not at all."""
        waiting: list[Task] = []
        reasons: list[str] = []
        for task in tasks:
            verdicts = [self._safety.judge(command, state, now) for command in task.commands]
            refusal = next((v for v in verdicts if v.kind == "refuse"), None)
            about = task.done.slots if task.done else (("thing", task.thing),)
            if refusal:
                turn.talk(Route.REFUSE, Say(refusal.reason, about))
            elif not agreed and (doubts := [v.reason for v in verdicts if v.kind == "confirm"]):
                waiting.append(task)
                reasons.append(doubts[0])
            else:
                turn.start(task)
        if waiting:
            confirmation = Confirmation(tuple(waiting), turn.language, now + ANSWER_WITHIN)
            self.tracker.context(turn.seat).confirmation = confirmation
            for task, reason in zip(waiting, reasons, strict=True):
                turn.talk(Route.CONFIRM, Say(reason, task.done.slots if task.done else (("thing", task.thing),)))

    def _affirm(self, turn: _Turn, state: VehicleState, now: float) -> None:
        context = self.tracker.context(turn.seat)
        pending, context.confirmation = context.confirmation, None
        if pending is None:
            turn.talk(Route.CHAT, Say("utter_nothing_pending"))
            return
        for task in pending.tasks:
            task.before = self._before(task.commands, state)
        self._gate(pending.tasks, turn, state, now, agreed=True)

    def _undo(self, turn: _Turn, state: VehicleState, now: float) -> None:
        tasks = self.tracker.to_undo(turn.seat)
        if not tasks:
            turn.talk(Route.CHAT, Say("utter_nothing_to_undo"))
            return
        commands = [command for task in reversed(tasks) for command in task.reverse("undo", turn.seat)]
        thing = self._model.thing([command.path for command in reversed(commands)], turn.language)
        undo = Task(commands, {}, Say("utter_undone", (("thing", thing),)), None, thing, restores=True)
        self._gate([undo], turn, state, now)
        for task in tasks:
            task.restored = undo in turn.tasks

    # --- after acting ------------------------------------------------------------------------------------------

    def note(self, event: CommandSent | CommandConfirmed | CommandFailed) -> None:
        """Take in what became of a command."""
        if not isinstance(event, CommandSent):
            self.tracker.note(event)

    def report(self, now: float) -> list[tuple[Say, Language, Seat]]:
        """What is due to be said about commands: outcomes, or that something slow has started."""
        due = self.tracker.expire(now)
        for errand in list(self.tracker.errands):
            if errand.settled or now - errand.since >= PATIENCE:
                due.extend((say, errand.language, errand.seat) for say in self._news(errand))
            if errand.settled:
                self.tracker.errands.remove(errand)
        return due

    def _news(self, errand: Errand) -> list[Say]:
        said: list[Say] = []
        for task in errand.tasks:
            if task.settled and not task.reported:
                task.reported = True
                said.extend(self._outcome(task, errand.language))
            elif not task.settled and not task.announced and task.started:
                task.announced = True
                said.append(task.started)
        return said

    def _outcome(self, task: Task, language: Language) -> list[Say]:
        if not task.failed:
            return [task.done] if task.done and not task.announced else []
        if all(failed.reason == SUPERSEDED for failed in task.failed):
            return []  # the speaker has asked for something else since
        failed = task.failed[0]
        if failed.reason.startswith("utter_") and failed.reason in self._wording:
            return [Say(failed.reason, task.done.slots if task.done else (("thing", task.thing),))]
        if task.confirmed:
            moved = self._model.thing([o.command.path for o in task.confirmed], language)
            thing = self._model.thing([o.command.path for o in task.failed], language)
            return [Say("utter_failed_partly", (("moved", moved), ("thing", thing)))]
        return [Say(f"utter_failed_{_spoken_failure(failed.failure)}", (("thing", task.thing),))]


def _spoken_failure(failure: Failure) -> str:
    return Failure.REJECTED.value if failure is Failure.REFUSED else failure.value


class _Turn:
    """The decision while it is being made."""

    def __init__(self, language: Language, seat: Seat) -> None:
        self.language = language
        self.seat = seat
        self.tasks: list[Task] = []
        self.ends = False
        self.dismisses = False
        """Whether the speaker doesn't want to go on with what he was asked."""
        self._say: list[Say] = []
        self._routes: list[Route] = []

    def start(self, task: Task) -> None:
        """Set a task going; where it contradicts what the same sentence asked for before, the later words count."""
        task.begun = True
        wanted = {command.path: command.value for command in task.commands}
        for earlier in self.tasks:
            earlier.commands = [c for c in earlier.commands if wanted.get(c.path, c.value) == c.value]
        self.tasks = [*(earlier for earlier in self.tasks if earlier.commands), task]

    def talk(self, route: Route, say: Say, again: str = "") -> None:
        self._routes.append(route)
        self._say.append(Say("utter_repeat", (("text", again),)) if again else say)

    def decision(self) -> Decision:
        """A command wins over what else the sentence asked for; what is said keeps its order."""
        order = (Route.COMMAND, Route.CONFIRM, Route.QUESTION, Route.REFUSE, Route.CHAT)
        route = Route.COMMAND if self.tasks else next((r for r in order if r in self._routes), Route.CHAT)
        commands = tuple(command for task in self.tasks for command in task.commands)
        return Decision(route, self.language, self.seat, commands, tuple(self._say), self.ends)


def _language_said(clause: Clause, spoken: Language) -> Language:
    """The language that is wanted; the other one where none was named."""
    said = clause.first("language")
    return str(said.value) if said and said.value in ("zh", "en") else "en" if spoken == "zh" else "zh"
