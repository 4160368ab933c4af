"""From an understanding to a decision, and from what the car did to what is said about it.

Pure logic over values: the vehicle's state and the time are passed in, commands and sentences come out. Which
action follows an intent, the project's rules, stories and forms say (`flow`); what an action means is here. A
command leaves only after the safety rules have allowed it; the vehicle's gateway checks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ..events import (
    Clause,
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Decision,
    Entity,
    Language,
    Route,
    Say,
    Seat,
    Understanding,
)
from ..nlu.model import OUT_OF_SCOPE
from ..vehicle.intents import OUT_OF_RANGE
from ..vehicle.mapping import Resolution, resolve
from ..vehicle.model import VehicleModel
from ..vehicle.safety import Safety
from ..vehicle.state import VehicleState
from .answers import Named, answered
from .facts import facts
from .followups import alike, corrected, gone_on, placed, switched, without_courtesies, without_slips
from .outcomes import is_good, news
from .playbook.flow import Ask, Playbook, Run, Utterance
from .tasks import Tasks
from .timeofday import date_slots, time_slots
from .tracker import Confirmation, Context, Errand, Latest, Manner, Question, Task, Tracker
from .turn import Turn
from .wording import Slots, Wording

ANSWER_WITHIN = 15.0
"""Seconds in which an answer to the assistant's question counts."""

GOES_ON_WITHIN = 60.0
"""Seconds in which 再高一点 and 副驾也是 go on with the command before."""

POLITE_FOR = 60.0
"""Seconds for which a speaker who has said please is answered politely."""

PATIENCE = 1.0
"""Seconds without all outcomes after which the assistant says that it has started."""

TALK = "chat"
"""The intent of what asks for nothing."""

ACTIONS = frozenset(
    f"action_{name}"
    for name in (
        *("confirm", "decline", "undo", "correct", "go_on", "switch_back", "repeat", "tell_time", "tell_date"),
        *("change_language", "empty_slots", "end"),
    )
)
"""What rules and stories may tell the assistant to do besides speaking."""


WITHOUT_RULE = {
    "affirm": "action_confirm",
    "deny": "action_decline",
    "cancel": "action_decline",
    "undo": "action_undo",
    "repeat": "action_repeat",
    "correct": "action_correct",
    **dict.fromkeys(("more", "less", "also_there"), "action_go_on"),
    **dict.fromkeys(("switch_back_on", "switch_back_off"), "action_switch_back"),
    "ask_time": "action_tell_time",
    "ask_date": "action_tell_date",
    "change_language": "action_change_language",
}
"""What these intents lead to in a project that has no rule for them."""


class Dialogue:
    """Decides what an utterance leads to, and words the outcome."""

    def __init__(
        self,
        model: VehicleModel,
        safety: Safety,
        wording: Wording,
        playbook: Playbook,
        wall_clock: Callable[[], datetime] = datetime.now,
        named: Named | None = None,
    ) -> None:
        """Begin a drive.

        Args:
            model: the car.
            safety: what may be commanded when.
            wording: chooses words.
            playbook: the project's rules, stories and forms.
            wall_clock: for who asks what time it is.
            named: finds a value of an entity in a text, for answers that are understood as something else.
        """
        self._model = model
        self._wall_clock = wall_clock
        self._safety = safety
        self._wording = wording
        self._named = named
        self.tracker = Tracker(playbook)
        self._tasks = Tasks(model, wording, lambda path: self.tracker.aimed(path))

    # --- before acting -----------------------------------------------------------------------------------------

    def decide(self, understanding: Understanding, state: VehicleState, now: float) -> Decision:
        """What to do and say about an utterance. Changes the tracker, sends nothing."""
        self.tracker.expire(now)
        context = self.tracker.context(understanding.seat)
        context.language = understanding.language
        polite = self._model.is_polite(understanding.text, understanding.language)
        if polite:
            context.polite_until = now + POLITE_FOR
        turn = Turn(understanding.language, understanding.seat)
        question, context.question = context.question, None
        answer = answered(question, understanding, self._model.entity_types, self._named) if question else None
        clauses = (answer,) if answer else self._meant(understanding, context)
        dropped = [clause for clause in understanding.clauses if clause not in clauses]
        turn.took_back = not answer and any(clause.intent in self._model.intents for clause in dropped)
        for clause in clauses:
            self._follow(clause, turn, state, now, question)
        if question and not answer and not self._settles(clauses, question):
            self._ask_again(question, turn, now)
        if turn.tasks:
            self.tracker.begin(Errand(turn.tasks, turn.language, turn.seat, now, polite))
        return turn.decision()

    def is_complete(self, understanding: Understanding, state: VehicleState) -> bool:
        """Whether an utterance is already a whole command, so that nobody need wait for more of it."""
        context = self.tracker.context(understanding.seat)
        if context.question or context.flow.active_form or not understanding.clauses:
            return False
        return all(self._stands_alone(clause, understanding, state) for clause in understanding.clauses)

    def is_open(self, understanding: Understanding, state: VehicleState) -> bool:
        """Whether what was said last still lacks what it is about, such as a place to go to."""
        if not understanding.clauses or understanding.clauses[-1].intent not in self._model.intents:
            return False
        last = understanding.clauses[-1]
        return bool(self._resolve(last, understanding.language, understanding.seat, state).missing)

    def _stands_alone(self, clause: Clause, understanding: Understanding, state: VehicleState) -> bool:
        match clause.intent:
            case "affirm" | "deny" | "cancel":  # else more may follow: 不，打开车窗
                return self.tracker.context(understanding.seat).confirmation is not None
            case "correct":
                return bool(clause.entities)
            case intent if intent in WITHOUT_RULE:  # about the talk itself: 再高一点, 撤销
                return True
        resolution = self._resolve(clause, understanding.language, understanding.seat, state)
        return bool(resolution.commands or resolution.readings) and not resolution.missing

    def _meant(self, understanding: Understanding, context: Context) -> tuple[Clause, ...]:
        """The clauses that count; all of it is one where a form waits for words, or where nothing is asked for."""
        clauses = understanding.clauses
        if context.flow.takes_words or not clauses:
            first = clauses[0] if clauses else Clause(understanding.text, TALK, 0.0)
            return (replace(first, text=understanding.text, start=0),)
        waiting = context.confirmation
        pending = frozenset(c.intent for task in waiting.tasks for c in task.commands) if waiting else None
        kept = without_courtesies(without_slips(clauses), pending)
        if len(clauses) > len(kept) and clauses[0].intent in ("deny", "cancel", "correct"):
            context.confirmation = None
        return placed(kept, self._model)

    def _settles(self, clauses: Sequence[Clause], question: Question) -> bool:
        """Whether one of the clauses is about what was asked, so that asking again would be odd."""
        asked = self._model.signals_of(question.clause.intent)
        return any(not asked.isdisjoint(self._model.signals_of(clause.intent)) for clause in clauses)

    def _ask_again(self, question: Question, turn: Turn, now: float) -> None:
        """Come back, once, to what was asked before the speaker said something else."""
        if turn.dismisses or turn.asks or question.asked_again or question.say is None:
            return
        again = replace(question, expires=now + ANSWER_WITHIN, asked_again=True)
        self.tracker.context(turn.seat).question = again
        turn.ask(question.say)

    def _follow(
        self, clause: Clause, turn: Turn, state: VehicleState, now: float, question: Question | None
    ) -> None:
        """Take the steps that the project's rules, stories and forms have for a clause."""
        context = self.tracker.context(turn.seat)
        if doubtful := next((entity for entity in clause.entities if entity.choices), None):
            self._ask_which(doubtful, clause, turn, now)
            return
        context.flow.hear(clause.intent, clause.entities, clause.text)
        for step in context.flow.steps():
            match step:
                case Utterance(response):
                    self._utter(response, clause, turn, state, now)
                case Run(action):
                    self._run(action, clause, turn, state, now, question)
                case Ask(response=response):
                    context.form_expires = now + ANSWER_WITHIN
                    turn.ask(Say(response, _slots(context)))

    def _utter(self, response: str, clause: Clause, turn: Turn, state: VehicleState, now: float) -> None:
        """Carry out the intent of vehicle.yml that a response is named after; just say any other."""
        intent = response.removeprefix("utter_")
        if intent in self._model.intents:
            self._act(self._filled(clause, intent, turn.seat), turn, state, now)
        elif response.startswith("utter_refuse"):
            turn.talk(Route.REFUSE, Say(response))
        else:
            does = clause.intent not in OUT_OF_SCOPE and not self._model.intents
            turn.talk(Route.COMMAND if does else Route.CHAT, Say(response, _entity_slots(clause)))

    def _filled(self, clause: Clause, intent: str, seat: Seat) -> Clause:
        """A clause as one of that intent, with what a form has gathered for it."""
        own = clause.entities if clause.intent == intent else ()
        named = {entity.entity for entity in own}
        gathered = [
            Entity(name, value, 0, 0, str(value))
            for name, value in self.tracker.context(seat).flow.slots.items()
            if name not in named and isinstance(value, (str, int, float)) and name in self._model.entity_types
        ]
        return replace(clause, intent=intent, entities=(*own, *gathered))

    def _run(
        self,
        action: str,
        clause: Clause,
        turn: Turn,
        state: VehicleState,
        now: float,
        question: Question | None,
    ) -> None:
        """Do what the assistant itself knows how to do."""
        context = self.tracker.context(turn.seat)
        match action:
            case "action_confirm":
                self._affirm(turn, state, now)
            case "action_decline":
                pending, context.confirmation = context.confirmation, None
                turn.dismisses = True
                dropped = pending or question or context.flow.active_form or turn.took_back
                turn.talk(Route.CHAT, Say("utter_cancelled" if dropped else "utter_denied"))
            case "action_undo":
                self._undo(turn, state, now)
            case "action_correct" | "action_go_on" | "action_switch_back":
                self._follow_up(action, clause, turn, state, now)
            case "action_repeat":
                last = self.tracker.last_reply
                turn.talk(
                    Route.CHAT, Say("utter_repeat", (("text", last),)) if last else Say("utter_repeat_nothing")
                )
            case "action_tell_time":
                turn.talk(Route.QUESTION, Say("utter_ask_time", time_slots(self._wall_clock(), turn.language)))
            case "action_tell_date":
                turn.talk(Route.QUESTION, Say("utter_ask_date", date_slots(self._wall_clock(), turn.language)))
            case "action_change_language":
                turn.language = _language_said(clause, turn.language)
                turn.talk(Route.CHAT, Say("utter_change_language"))
            case "action_empty_slots":
                for slot in context.flow.slots:
                    context.flow.set_slot(slot, None)
            case "action_end":
                turn.ends = turn.dismisses = True
            case _ if clause.intent in WITHOUT_RULE and action not in ACTIONS:
                self._run(WITHOUT_RULE[clause.intent], clause, turn, state, now, question)
            case _:  # no rule for this intent: its own response is what follows
                self._utter(f"utter_{clause.intent}", clause, turn, state, now)

    def _follow_up(self, action: str, clause: Clause, turn: Turn, state: VehicleState, now: float) -> None:
        """Go on with what the same speaker asked for last: 再高一点, "same for her side", 不对，是副驾."""
        context = self.tracker.context(turn.seat)
        meant, wrong, same_as = None, None, None
        if latest := context.latest:
            if action == "action_correct":
                meant, wrong = corrected(latest.clause, clause, self._model, turn.language), latest.task
            elif action == "action_switch_back":
                meant = switched(latest.clause, clause, self._model)
            else:
                meant = gone_on(latest.clause, clause, self._model)
                same_as = latest.task if clause.intent == "also_there" else None
        if meant is None:
            turn.ask(Say("utter_nothing_to_go_on"))
            return
        if wrong:
            context.confirmation = None
        self._act(meant, turn, state, now, wrong=wrong, same_as=same_as)

    def _act(
        self,
        clause: Clause,
        turn: Turn,
        state: VehicleState,
        now: float,
        *,
        wrong: Task | None = None,
        same_as: Task | None = None,
    ) -> None:
        """Do what a clause asks for.

        Args:
            clause: of an intent in vehicle.yml.
            turn: the decision in the making.
            state: of the car.
            now: stage time.
            wrong: a task that it corrects: what that one did elsewhere is taken back.
            same_as: a task whose values it takes over.
        """
        context = self.tracker.context(turn.seat)
        resolution = self._resolve(clause, turn.language, turn.seat, state)
        if same_as:
            resolution = alike(resolution, same_as, self._model)
        slots = facts(clause, resolution, self._model)
        if resolution.problem:
            if resolution.problem.response == OUT_OF_RANGE:
                self._listen_for(clause, resolution.missing_entity, turn, now)
            turn.talk(Route.REFUSE, resolution.problem)
        elif resolution.missing:
            self._ask(clause, resolution, slots, turn, state, now)
        elif resolution.commands:
            pending = context.confirmation
            if (
                pending
                and not turn.confirms
                and {c for task in pending.tasks for c in task.commands} == set(resolution.commands)
            ):
                self._affirm(turn, state, now)  # 打开吧, instead of a yes
                return
            if wrong and wrong.wants(resolution.commands):
                turn.ask(Say("utter_nothing_to_go_on"))  # the same again is no correction
                return
            task = self._tasks.make(clause.intent, resolution, slots, state)
            context.latest = Latest(clause, task, now + GOES_ON_WITHIN)
            if wrong and (restoring := self._tasks.correcting(wrong, task, turn.language, turn.seat)):
                self._gate([restoring, task], turn, state, now)
            else:
                self._gate([task], turn, state, now)
        elif resolution.readings:
            turn.talk(Route.QUESTION, Say(f"utter_{clause.intent}", slots))
        else:  # an intent that moves nothing in this car: the project's own response is all there is
            turn.talk(Route.COMMAND, Say(f"utter_{clause.intent}", slots))

    # --- questions ---------------------------------------------------------------------------------------------

    def _ask(
        self, clause: Clause, resolution: Resolution, slots: Slots, turn: Turn, state: VehicleState, now: float
    ) -> None:
        """Ask for the value that is missing, unless no value would be allowed."""
        verdicts = [self._safety.judge(command, state, now) for command in resolution.possible]
        if verdicts and all(verdict.kind == "refuse" for verdict in verdicts):
            turn.talk(Route.REFUSE, Say(verdicts[0].reason, slots))
            return
        say, entity = Say(resolution.missing or "", slots), resolution.missing_entity
        question = Question(clause, entity, say, turn.language, now + ANSWER_WITHIN)
        self.tracker.context(turn.seat).question = question
        turn.ask(say)

    def _ask_which(self, doubtful: Entity, clause: Clause, turn: Turn, now: float) -> None:
        """Ask which of several names is meant."""
        say = Say("utter_which", (("options", self._model.joined(doubtful.choices, turn.language)),))
        expires = now + ANSWER_WITHIN
        question = Question(clause, doubtful.entity, say, turn.language, expires, doubtful.choices)
        self.tracker.context(turn.seat).question = question
        turn.ask(say)

    def _listen_for(self, clause: Clause, entity: str, turn: Turn, now: float) -> None:
        """Take another value for one that can't be, should it come."""
        others = tuple(said for said in clause.entities if said.entity != entity)
        question = Question(replace(clause, entities=others), entity, None, turn.language, now + ANSWER_WITHIN)
        self.tracker.context(turn.seat).question = question

    # --- commands ----------------------------------------------------------------------------------------------

    def _resolve(self, clause: Clause, language: Language, seat: Seat, state: VehicleState) -> Resolution:
        return resolve(clause, seat, language, self._model, state)

    def _gate(
        self,
        tasks: Sequence[Task],
        turn: Turn,
        state: VehicleState,
        now: float,
        agreed: frozenset[str] = frozenset(),
    ) -> None:
        """Let through what safety allows; ask or refuse otherwise. A task passes as a whole or not at all.

        `agreed` are the reasons for asking that have had their yes; one that has come up since is asked about.
        """
        waiting: list[Task] = []
        asked: list[str] = []
        for task in tasks:
            verdicts = [self._safety.judge(command, state, now) for command in task.commands]
            refusal = next((v for v in verdicts if v.kind == "refuse"), None)
            doubts = [
                reason for v in verdicts if v.kind == "confirm" for reason in v.reasons if reason not in agreed
            ]
            if refusal:
                turn.talk(Route.REFUSE, Say(refusal.reason, task.about))
            elif doubts:
                waiting.append(task)
                asked += doubts
                turn.talk(Route.CONFIRM, Say(doubts[0], task.about))
            else:
                turn.start(task)
        if waiting:
            context = self.tracker.context(turn.seat)
            if turn.confirms and context.confirmation:  # the same sentence has asked before: one yes for both
                waiting = [*context.confirmation.tasks, *waiting]
                agreed |= context.confirmation.reasons
            turn.confirms = True
            expires = now + ANSWER_WITHIN
            context.confirmation = Confirmation(tuple(waiting), agreed | {*asked}, turn.language, expires)

    def _affirm(self, turn: Turn, state: VehicleState, now: float) -> None:
        context = self.tracker.context(turn.seat)
        pending, context.confirmation = context.confirmation, None
        if pending is None:
            turn.talk(Route.CHAT, Say("utter_nothing_pending"))
            return
        for task in pending.tasks:
            self._tasks.remember_state(task, state)
        self._gate(pending.tasks, turn, state, now, pending.reasons)

    def _undo(self, turn: Turn, state: VehicleState, now: float) -> None:
        tasks = self.tracker.to_undo(turn.seat)
        if not tasks:
            turn.talk(Route.CHAT, Say("utter_nothing_to_undo"))
            return
        undo = self._tasks.undoing(tasks, turn.language, turn.seat)
        self._gate([undo], turn, state, now)

    def is_hurried(self, state: VehicleState) -> bool:
        """Whether replies are to be as short as can be."""
        return self._model.is_hurried(state)

    def manner(self, seat: Seat, now: float) -> Manner:
        """How politely somebody in this seat is to be answered."""
        return self.tracker.context(seat).manner(now)

    # --- after acting ------------------------------------------------------------------------------------------

    def note(self, event: CommandSent | CommandConfirmed | CommandFailed) -> None:
        """Take in what became of a command."""
        self.tracker.note(event)

    def report(self, state: VehicleState, now: float) -> list[tuple[Say, Language, Seat]]:
        """What is due to be said: what became of commands, and that nobody has answered."""
        due = self.tracker.expire(now)
        for errand in list(self.tracker.errands):
            if errand.settled or now - errand.since >= PATIENCE:
                said = news(errand, self._model, self._wording, state)
                if errand.polite and is_good(said, errand) and not self.is_hurried(state):
                    errand.polite = False  # what comes of it later is just said
                    due.append((Say("utter_gladly"), errand.language, errand.seat))
                due.extend((say, errand.language, errand.seat) for say in said)
            if errand.settled:
                self.tracker.errands.remove(errand)
        return due


def _entity_slots(clause: Clause) -> Slots:
    return tuple((entity.entity, entity.value) for entity in clause.entities)


def _slots(context: Context) -> Slots:
    """What a form has gathered, for its questions."""
    return tuple(
        (name, value) for name, value in context.flow.slots.items() if isinstance(value, (str, int, float))
    )


def _language_said(clause: Clause, spoken: Language) -> Language:
    """The language that is wanted; the other one where none was named."""
    said = clause.first("language")
    return str(said.value) if said and said.value in ("zh", "en") else "en" if spoken == "zh" else "zh"
