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
    Entity,
    Failure,
    Language,
    Route,
    Say,
    Seat,
    Understanding,
)
from ..nlu.values import is_bare_number, normalise, number_in
from ..vehicle.mapping import Resolution, resolve
from ..vehicle.model import VehicleModel
from ..vehicle.requests import SUPERSEDED
from ..vehicle.safety import Safety
from ..vehicle.state import VehicleState
from .facts import facts
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
    | {"more", "less", "also_there"}
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
        language, seat = understanding.language, understanding.seat
        clauses = self._answered(understanding) or placed(self._corrected(understanding.clauses), self._model)
        turn = _Turn(language, seat)
        if not clauses:
            turn.talk(Route.CHAT, Say("utter_chat"))
        for clause in clauses:
            self._take(clause, turn, state, now)
        if turn.tasks:
            self.tracker.errands.append(Errand(turn.tasks, language, seat, now, undoes=turn.undoes))
        return turn.decision()

    def is_complete(self, understanding: Understanding, state: VehicleState) -> bool:
        """Whether an utterance is already a whole command, so that nobody need wait for more of it."""
        if self.tracker.question or not understanding.clauses:
            return False
        return all(self._stands_alone(clause, understanding, state) for clause in understanding.clauses)

    def _stands_alone(self, clause: Clause, understanding: Understanding, state: VehicleState) -> bool:
        resolution = self._resolve(clause, understanding.language, understanding.seat, state)
        return bool(resolution.commands or resolution.readings) and not resolution.missing

    def _answered(self, understanding: Understanding) -> tuple[Clause, ...]:
        """The clause that was asked about, now with the entity it lacked; nothing if this is no answer."""
        question, self.tracker.question = self.tracker.question, None
        if question is None:
            return ()
        kind = self._model.entity_types.get(question.entity, "text")
        others = {clause.intent for clause in understanding.clauses} - {question.clause.intent}
        entity = next((c.first(question.entity) for c in understanding.clauses if c.first(question.entity)), None)
        text, language = understanding.text, understanding.language
        number = kind in ("number", "percent")
        # A number with no more than its unit is the answer, whatever else the words may be taken for.
        if others and entity is None and not (number and is_bare_number(text, kind, language)):
            return ()
        if number:
            value = number_in(text, kind, language)
        else:
            value = entity.value if entity else normalise(text, kind, language)
        if value is not None:
            entity = Entity(question.entity, value, 0, len(text), text)
        if entity is None:
            return ()
        clause = question.clause
        return (Clause(clause.text, clause.intent, clause.confidence, (*clause.entities, entity), clause.start),)

    def _corrected(self, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        """Without what the speaker took back in the same breath: 打开天窗，不对，打开车窗."""
        for index in range(len(clauses) - 1, 0, -1):
            takes_back = clauses[index - 1].intent in ("deny", "cancel")
            if takes_back and clauses[index].intent in self._model.intents:
                return clauses[index:]
        return clauses

    def _take(self, clause: Clause, turn: _Turn, state: VehicleState, now: float) -> None:
        match clause.intent:
            case "affirm":
                self._affirm(turn, state, now)
            case "deny" | "cancel":
                pending, self.tracker.confirmation = self.tracker.confirmation, None
                turn.talk(Route.CHAT, Say("utter_cancelled" if pending else "utter_denied"))
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
            case "more" | "less" | "also_there":
                self._carry_over(clause, turn, state, now)
            case intent if intent in TALK:
                turn.ends = intent in ENDS
                turn.talk(Route.CHAT, Say(f"utter_{intent}"))
            case _:
                self._act(clause, turn, state, now)

    def _carry_over(self, clause: Clause, turn: _Turn, state: VehicleState, now: float) -> None:
        """Go on with what the same speaker asked for last: 再高一点, "same for her side"."""
        last = self.tracker.latest(turn.seat, now)
        zone_entity = self._model.zone_entity
        zones = tuple(entity for entity in clause.entities if entity.entity == zone_entity)
        if last is None:
            turn.talk(Route.QUESTION, Say("utter_nothing_to_go_on"))
        elif clause.intent == "also_there":
            kept = tuple(entity for entity in last.entities if entity.entity != zone_entity)
            self._act(replace(last, text=clause.text, entities=kept + zones), turn, state, now)
        elif intent := self._model.onward(last.intent, clause.intent):
            kept = zones or tuple(entity for entity in last.entities if entity.entity == zone_entity)
            self._act(Clause(clause.text, intent, clause.confidence, kept, clause.start), turn, state, now)
        else:
            turn.talk(Route.QUESTION, Say("utter_nothing_to_go_on"))

    def _act(self, clause: Clause, turn: _Turn, state: VehicleState, now: float) -> None:
        resolution = self._resolve(clause, turn.language, turn.seat, state)
        slots = facts(clause, resolution, self._model)
        if resolution.problem:
            turn.talk(Route.REFUSE, resolution.problem)
        elif resolution.missing:
            self.tracker.question = Question(clause, resolution.missing_entity, now + ANSWER_WITHIN)
            turn.talk(Route.QUESTION, Say(resolution.missing, slots))
        elif resolution.commands:
            self.tracker.last[turn.seat] = Latest(clause, now + GOES_ON_WITHIN)
            self._gate([self._task(clause.intent, resolution, slots)], turn, state, now)
        elif resolution.readings:
            turn.talk(Route.QUESTION, Say(f"utter_{clause.intent}", slots))
        else:  # an intent that moves nothing in this car: the project's own response is all there is
            turn.talk(Route.COMMAND, Say(f"utter_{clause.intent}", slots))

    def _resolve(self, clause: Clause, language: Language, seat: Seat, state: VehicleState) -> Resolution:
        return resolve(clause, seat, language, self._model, state)

    def _task(self, intent: str, resolution: Resolution, slots: Slots) -> Task:
        started = f"utter_{intent}_started"
        return Task(
            commands=list(resolution.commands),
            done=Say(f"utter_{intent}", slots),
            started=Say(started, slots) if started in self._wording else None,
            thing=resolution.thing,
        )

    def _gate(
        self, tasks: Sequence[Task], turn: _Turn, state: VehicleState, now: float, *, agreed: bool = False
    ) -> None:
        """Let through what safety allows; ask or refuse otherwise. A task passes as a whole or not at all."""
        waiting: list[Task] = []
        reasons: list[str] = []
        for task in tasks:
            verdicts = [self._safety.judge(command, state, now) for command in task.commands]
            refusal = next((v for v in verdicts if v.kind == "refuse"), None)
            if refusal:
                turn.talk(Route.REFUSE, Say(refusal.reason, task.done.slots))
            elif not agreed and (doubts := [v.reason for v in verdicts if v.kind == "confirm"]):
                waiting.append(task)
                reasons.append(doubts[0])
            else:
                turn.start(task)
        if waiting:
            self.tracker.confirmation = Confirmation(tuple(waiting), turn.seat, now + ANSWER_WITHIN)
            for task, reason in zip(waiting, reasons, strict=True):
                turn.talk(Route.CONFIRM, Say(reason, task.done.slots))

    def _affirm(self, turn: _Turn, state: VehicleState, now: float) -> None:
        pending = self.tracker.confirmation
        if pending is None or pending.seat != turn.seat:
            turn.talk(Route.CHAT, Say("utter_nothing_pending"))
            return
        self.tracker.confirmation = None
        self._gate(pending.tasks, turn, state, now, agreed=True)

    def _undo(self, turn: _Turn, state: VehicleState, now: float) -> None:
        if not self.tracker.done:
            turn.talk(Route.CHAT, Say("utter_nothing_to_undo"))
            return
        changed = self.tracker.done.pop()
        commands = [
            Command(o.command.path, o.before, "undo", turn.seat) for o in reversed(changed) if o.before is not None
        ]
        thing = self._model.thing([c.path for c in commands], turn.language)
        turn.undoes = True
        self._gate([Task(commands, Say("utter_undone", (("thing", thing),)), None, thing)], turn, state, now)

    # --- after acting ------------------------------------------------------------------------------------------

    def note(self, event: CommandSent | CommandConfirmed | CommandFailed) -> None:
        """Take in what became of a command."""
        if not isinstance(event, CommandSent):
            self.tracker.note(event)

    def report(self, now: float) -> list[tuple[Say, Language, Seat]]:
        """What is due to be said about commands: outcomes, or that something slow has started."""
        due: list[tuple[Say, Language, Seat]] = []
        for errand in list(self.tracker.errands):
            if errand.settled or now - errand.since >= PATIENCE:
                due.extend((say, errand.language, errand.seat) for say in self._news(errand))
            if errand.settled:
                self.tracker.errands.remove(errand)
                self.tracker.remember(errand)
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
            return [] if task.announced else [task.done]
        if all(failed.reason == SUPERSEDED for failed in task.failed):
            return []  # the speaker has asked for something else since
        failed = task.failed[0]
        if failed.reason.startswith("utter_") and failed.reason in self._wording:
            return [Say(failed.reason, task.done.slots)]
        if task.confirmed:
            thing = self._model.thing([f.command.path for f in task.failed], language)
            return [Say("utter_failed_partly", (("thing", thing),))]
        return [Say(f"utter_failed_{_spoken_failure(failed.failure)}", (("thing", task.thing),))]


def placed(clauses: Sequence[Clause], model: VehicleModel) -> tuple[Clause, ...]:
    """Clauses with the seat that was said once for several functions of it: 副驾温度二十度风量三档."""
    found: list[Clause] = []
    for clause in clauses:
        before, zone = found[-1] if found else None, model.zone_entity
        if before and not clause.first(zone) and model.in_one_place(before.intent, clause.intent):
            shared = tuple(entity for entity in before.entities if entity.entity == zone)
            clause = replace(clause, entities=(*clause.entities, *shared))
        found.append(clause)
    return tuple(found)


def _spoken_failure(failure: Failure) -> str:
    return Failure.REJECTED.value if failure is Failure.REFUSED else failure.value


class _Turn:
    """The decision while it is being made."""

    def __init__(self, language: Language, seat: Seat) -> None:
        self.language = language
        self.seat = seat
        self.tasks: list[Task] = []
        self.undoes = False
        self.ends = False
        self._say: list[Say] = []
        self._routes: list[Route] = []

    def start(self, task: Task) -> None:
        """Set a task going; where it contradicts what the same sentence asked for before, the later words count."""
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
