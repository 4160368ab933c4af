"""Tries a project's two gates, `Dialogue.decide` and `Gateway.admit`, and judges what they let through."""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import cache, cached_property
from pathlib import Path

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.dialogue.playbook.flow import Playbook
from cockpit_assistant.dialogue.policy import ANSWER_WITHIN, Dialogue
from cockpit_assistant.dialogue.tracker import Tracker
from cockpit_assistant.dialogue.wording import Wording
from cockpit_assistant.events import (
    Clause,
    Command,
    CommandConfirmed,
    CommandSent,
    Decision,
    Route,
    Say,
    Seat,
    Understanding,
    Value,
)
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.gateway import Gateway
from cockpit_assistant.vehicle.mapping import Resolution, resolve
from cockpit_assistant.vehicle.messages import MalformedError
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.state import VehicleState

from .report import Report, Turn
from .requests import Asked, requests
from .second_reading import Kind, Part, Situation
from .world import World

LARGEST = 3_000
"""Situations for a clause that moves several actuators."""

LIGHT = 2
"""Situations for requests that come to what another request comes to."""

SAMPLED = 10
"""If fewer than one in so many situations is tried, then a sample of the requests as well; of those that rules are
about, if fewer than one in ten times as many.
"""

WALKS = 20_000
"""Random dialogues."""

NOW = 1000.0
"""Stage time of every first decision."""

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

NOWHERE: tuple[Seat, ...] = ("boot", "front")
"""Zones that a request may claim to come from and that are no seat."""

SENT_FOR_GOOD = ("Vehicle.Private.Infotainment.Phone.Message",)
"""What can't be taken back: left out where everything is undone, and looked at on its own."""

LANGUAGES = ("zh", "en")

YES = (Clause("好", "affirm", 1.0),)
UNDO = (Clause("撤销", "undo", 1.0),)

FOLLOW_UPS = (*("also_there", "correct", "deny", "less", "more", "switch_back_off", "switch_back_on", "undo"),)
"""What may be said about what was said before."""


@cache
def playbook() -> Playbook:
    """How conversations go in the shipped project. Other rules of safety don't change that."""
    return Playbook.load(shipped("nlu_data"))


Ticker = Callable[[str, int, int], None]
"""Told what is being tried, how much of it is done, and how much there is."""


def _silent(what: str, done: int, total: int) -> None:
    pass


class Trial:
    """Tries a project's two gates, and judges by the same or another project's rules."""

    def __init__(self, project: Path, judged_by: Path | None = None, *, share: float = 1.0, seed: int = 1) -> None:
        """Set up.

        Args:
            project: the project that decides.
            judged_by: the project whose safety.yml is right.
            share: which part of all situations is tried, 0..1.
            seed: of everything drawn at random.
        """
        self.world = World(judged_by or project, seed)
        self.report = Report()
        self._share = share
        self._random = random.Random(seed)
        self._model = VehicleModel.load(project)
        self._safety = Safety.load(project, self._model)
        domain = Domain.load(project)
        self._wording = Wording(domain)
        self._dialogue = Dialogue(self._model, self._safety, self._wording, playbook(), lambda: NOON)
        self._gateway = Gateway(self._model, self._safety, lambda: NOON, itertools.count(0, 60).__next__)
        self._texts = {name: [v.text for v in variations] for name, variations in domain.responses.items()}
        self._heard: set[tuple[str, frozenset[str]]] = set()
        self._serial = itertools.count()

    # --- judging ---

    def _let_through(self, command: Command, turn: Turn, *, agreed: bool) -> None:
        """A command is on its way to the car: may it be?"""
        judgement = self.world.rules.judge(command.path, command.value, command.seat, turn.situation)
        what = f"{command.path} := {command.value!r} ({turn})"
        if command.seat != turn.seat:
            self.report.complain("a command names another speaker", what)
        if judgement.kind == "refuse":
            self.report.complain("refused by safety.yml, and let through", what)
        if judgement.kind == "confirm" and not agreed:
            self.report.complain("to be confirmed by safety.yml, and let through unasked", what)
        for entry in self.world.prohibitions(command.path):
            if not (agreed and entry.asked_first) and entry.forbids(command.value, command.seat, turn.situation):
                self.report.complain(f"prohibited: {entry.name}", what)

    def _has_words(self, say: Say, turn: Turn, *, told: bool = True) -> None:
        """What is said must have words, in every language, and something in each of their gaps.

        The gaps stay empty where `told` is false, since not all was said that is needed, or nobody sits there.
        """
        told = told and turn.seat in self.world.car.seats
        filled = frozenset(name for name, value in say.slots if value != "")
        if (say.response, filled) in self._heard:
            return
        if told:
            self._heard.add((say.response, filled))
        for language in LANGUAGES:
            if not self._wording.of(say, language).strip():
                self.report.complain(f"no words in {language} for {say.response}", str(turn))
        for hole in {hole for text in self._texts.get(say.response, ()) for hole in re.findall(r"\{(\w+)\}", text)}:
            if told and hole not in filled:
                self.report.complain(f"nothing to put into {{{hole}}} of {say.response}", str(turn))

    # --- the gateway ---

    def gateway(self, parts: Sequence[Part] | None = None, tick: Ticker = _silent) -> None:
        """Forged requests for every actuator, value, zone and situation, and for what is no actuator."""
        chosen = self.world.car.actuators if parts is None else parts
        for done, part in enumerate(chosen):
            tick("gateway", done, len(chosen))
            seats = (*self.world.car.seats, *NOWHERE)
            requests_ = [(v, s, _forged(v, s)) for v in (*part.values, *part.misfits) for s in seats]
            for situation in self.world.situations([part.path], self._share, sys.maxsize):
                state = situation.state({}, NOW)
                for value, seat, payload in requests_:
                    self._admit(part.path, value, seat, payload, situation, state)
        if parts is None:
            self._no_actuators()

    def _admit(
        self, path: str, value: Value, seat: Seat, payload: bytes, situation: Situation, state: VehicleState
    ) -> None:
        self.report.decisions["gateway"] += 1
        admission = self._gateway.admit(path, payload % next(self._serial), state, NOW)
        part = self.world.car.parts.get(path)
        fits = part is not None and part.actuator and part.fits(value)
        judgement = self.world.rules.judge(path, value, seat, situation)
        accepted, reason = admission.ack.status == "accepted", admission.ack.reason
        turn = Turn(f"request {path} := {value!r}", seat, situation)
        self.report.outcomes[f"gateway: {admission.ack.status}"] += 1
        if accepted != (admission.command is not None):
            self.report.complain("an acknowledgement that says something else than is done", str(turn))
        if admission.command is not None:
            if not fits:
                self.report.complain("a value that doesn't fit was let through", str(turn))
            self._let_through(admission.command, turn, agreed=True)
        elif fits and judgement.kind != "refuse":
            self.report.complain("rejected without a rule", f"{turn}: {reason}")
        elif fits:
            if reason not in judgement.reasons:
                self.report.complain("rejected for another reason than the rules give", f"{turn}: {reason}")
            self._has_words(Say(reason, (("thing", "it"),)), turn)
        elif not reason:
            self.report.complain("rejected without a reason", str(turn))

    def _no_actuators(self) -> None:
        """Sensors, paths the car doesn't have, and requests that are none."""
        sensors = [part.path for part in self.world.car.parts.values() if not part.actuator]
        trunk = "Vehicle.Body.Trunk.Rear.Position"
        foreign = ["Vehicle.ADAS.CruiseControl.IsEnabled", "Vehicle", "", f"{trunk}.", trunk.lower(), f"{trunk}/#"]
        for path, seat in itertools.product((*sensors, *foreign), (*self.world.car.seats, *NOWHERE)):
            situation = self.world.any_situation()
            state = situation.state({}, NOW)
            for value in (0, 1, 126, 0.0, True, False, "", "EMPTY"):
                self._admit(path, value, seat, _forged(value, seat), situation, state)
        situation = self.world.any_situation()
        for broken in (None, [0], {"on": 1}, math.nan, math.inf):
            self._malformed(trunk, broken, "driver", situation)
        for zone in ("", "driver ", "dri/ver", "驾", "#", None, 1, ["driver"]):
            self._malformed(trunk, 0, zone, situation)

    def _malformed(self, path: str, value: object, zone: object, situation: Situation) -> None:
        self.report.decisions["gateway"] += 1
        try:
            payload = _forged(value, zone) % next(self._serial)
            admission = self._gateway.admit(path, payload, situation.state({}, NOW), NOW)
        except MalformedError:
            self.report.outcomes["gateway: malformed"] += 1
            return
        if admission.command is not None:
            self.report.complain("a malformed request was let through", f"{value!r} from {zone!r}")

    # --- the dialogue ---

    def requests(self, *signals: str) -> list[Asked]:
        """What may be said to set some signals, and little else: no scenes."""
        sets = {intent: {step["set"] for step in steps} for intent, steps in self.world.car.intents.items()}
        return [r for r in requests(self.world) if sets[r.intent] & set(signals) and len(sets[r.intent]) < 4]

    def dialogue(self, asked: Sequence[Asked] | None = None, tick: Ticker = _silent) -> None:
        """Every request from every seat in every situation; yes to what is asked back."""
        groups: dict[frozenset[str], list[tuple[Asked, Seat, int, bool]]] = defaultdict(list)
        seen: set[tuple[object, ...]] = set()
        for request, seat, base in self._openings(asked, (*self.world.car.seats, "boot"), relative_only=True):
            wanted = _wanted(self._resolved(request, seat, base).commands)
            light = not wanted or (request.intent, seat, base, wanted) in seen
            seen.add((request.intent, seat, base, wanted))
            groups[frozenset(path for path, _ in wanted)].append((request, seat, base, light))
        for done, (paths, members) in enumerate(groups.items()):
            tick("dialogue", done, len(groups))
            for number, situation in enumerate(self.world.situations(paths, self._share, LARGEST)):
                states = [situation.state(base, NOW) for base in self.world.bases]
                for request, seat, base, light in members:
                    if not light or number + self._random.random() < LIGHT * self._share:
                        self._ask(request, seat, base, situation, states[base])

    def _openings(
        self, asked: Sequence[Asked] | None, seats: Sequence[Seat], *, relative_only: bool
    ) -> Iterator[tuple[Asked, Seat, int]]:
        """Who asks what, with the actuators at which base; at others than the first only where that matters.

        A small share of all situations takes a sample of the requests, too, above all where nothing is forbidden.
        """
        free = {name for name, rules in self.world.rules.written.items() if not rules}
        for request in requests(self.world) if asked is None else asked:
            sets = {step["set"] for step in self.world.car.intents[request.intent]}
            sampled = SAMPLED if sets <= free else 10 * SAMPLED
            if asked is None and self._random.random() > sampled * self._share:
                continue
            relative = any("change" in str(step["to"]) for step in self.world.car.intents[request.intent])
            for seat, base in itertools.product(seats, range(1 if relative_only and not relative else 3)):
                yield request, seat, base

    def _resolved(self, asked: Asked, seat: Seat, base: int) -> Resolution:
        return self._resolutions(asked, seat, base)

    @cached_property
    def _resolutions(self) -> Callable[[Asked, Seat, int], Resolution]:
        """What a request comes to. It depends on the actuators, never on a signal that safety watches."""
        states = [self.world.parked.state(base, NOW) for base in self.world.bases]
        return cache(lambda asked, seat, base: resolve(asked.clause, seat, "zh", self._model, states[base]))

    def _decide(
        self,
        kind: str,
        clauses: tuple[Clause, ...],
        seat: Seat,
        state: VehicleState,
        now: float = NOW,
        text: str = "…",
    ) -> Decision:
        self.report.decisions[kind] += 1
        decision = self._dialogue.decide(Understanding(text, "zh", seat, clauses), state, now)
        self.report.outcomes[f"dialogue: {decision.route.value}"] += 1
        return decision

    def _begin(self, after: Tracker | None = None) -> None:
        """A new dialogue, or one that goes on after another, which stays as it is."""
        book = playbook()
        shared: dict[int, object] = {id(part): part for part in (book, book.domain, book.policies)}
        self._dialogue.tracker = copy.deepcopy(after, shared) if after else Tracker(book)

    def _ask(self, asked: Asked, seat: Seat, base: int, situation: Situation, state: VehicleState) -> None:
        self._begin()
        decision = self._decide("dialogue", (asked.clause,), seat, state)
        wanted = self._resolved(asked, seat, base).commands
        self._compare(decision, wanted, Turn(str(asked), seat, situation), base)

    def _compare(self, decision: Decision, wanted: tuple[Command, ...], turn: Turn, base: int) -> None:
        """One task: it leaves as a whole, is asked about as a whole, or not at all, just as the rules say."""
        for command in decision.commands:
            self._let_through(command, turn, agreed=False)
        judged = [self.world.rules.judge(c.path, c.value, c.seat, turn.situation) for c in wanted]
        kinds = {judgement.kind for judgement in judged}
        reasons = frozenset(reason for j in judged for reason in j.reasons if j.kind == max(kinds, key=_strictness))
        if decision.route in (Route.REFUSE, Route.CONFIRM):
            if not decision.say:
                self.report.complain("nothing is said", str(turn))
            for say in decision.say:
                self._has_words(say, turn, told=bool(wanted))
        if "refuse" in kinds or "confirm" in kinds:
            expected = Route.REFUSE if "refuse" in kinds else Route.CONFIRM
            if decision.commands:
                self.report.complain("a part of what may not be was let through", str(turn))
            if decision.route is not expected or not {say.response for say in decision.say} <= reasons:
                self.report.complain("another answer than the rules give", f"{turn}: {decision.say}")
        elif decision.commands != wanted:
            self.report.complain("not what was asked for", f"{turn}: {decision.commands}")
        if "refuse" in kinds:
            if self._random.random() < 0.05:  # and there is nothing to say yes to
                parked = self.world.parked.state(self.world.bases[base], NOW)
                if self._decide("yes, after a refusal", YES, turn.seat, parked).commands:
                    self.report.complain("a yes counted after a refusal", str(turn))
        elif "confirm" in kinds:
            self._yes(wanted, turn, base)

    def _yes(self, asked: tuple[Command, ...], turn: Turn, base: int) -> None:
        """The yes: in time, from elsewhere, twice, after a no, too late, and when the car is no longer the same."""
        pending = self._dialogue.tracker
        state = turn.situation.state(self.world.bases[base], NOW)
        for other in (*self.world.car.seats, "boot"):
            if other != turn.seat:
                self._begin(pending)
                if self._decide("yes, from another seat", YES, other, state).commands:
                    self.report.complain("somebody else's yes counted", f"{turn}: {other}")
        self._agree("yes", pending, asked, turn, NOW)
        if self._decide("yes, twice", YES, turn.seat, state).commands:
            self.report.complain("a second yes counted", str(turn))
        self._begin(pending)
        self._decide("no, then yes", (Clause("不", "deny", 1.0),), turn.seat, state)
        if self._decide("no, then yes", YES, turn.seat, state).commands:
            self.report.complain("a yes counted after a no", str(turn))
        late = NOW + ANSWER_WITHIN + 0.01
        self._begin(pending)
        later = turn.situation.state(self.world.bases[base], late)
        if self._decide("yes, too late", YES, turn.seat, later, late).commands:
            self.report.complain("a yes counted that came too late", str(turn))
        changed = next(self.world.situations([command.path for command in asked], 1.0, 1))
        for situation in (changed, self.world.unknown):
            then = Turn(turn.asked, turn.seat, situation)
            self._agree("yes, in another state", pending, asked, then, NOW + 5)

    def _agree(self, kind: str, pending: Tracker, asked: tuple[Command, ...], turn: Turn, now: float) -> None:
        """A yes while the car is as `turn` has it."""
        self._begin(pending)
        decision = self._decide(kind, YES, turn.seat, turn.situation.state(self.world.bases[0], now), now)
        for command in decision.commands:
            self._let_through(command, turn, agreed=True)
        judged = [self.world.rules.judge(c.path, c.value, c.seat, turn.situation) for c in asked]
        refused = any(judgement.kind == "refuse" for judgement in judged)
        asked_again = decision.route is Route.CONFIRM and any(judgement.kind == "confirm" for judgement in judged)
        if decision.commands != (() if refused or (asked_again and kind != "yes") else asked):
            self.report.complain("a yes did something else than was asked", f"{turn}: {decision.commands}")
        for say in decision.say if refused else ():
            self.report.outcomes["forbidden in the meantime"] += 1
            self._has_words(say, turn)

    # --- undo ---

    def undo(self, asked: Sequence[Asked] | None = None, tick: Ticker = _silent) -> None:
        """Taking back, in every situation, whatever was done while the car was parked."""
        groups: dict[frozenset[str], list[tuple[Tracker, tuple[Command, ...], Seat, int]]] = defaultdict(list)
        seen: set[tuple[object, ...]] = set()
        for request, seat, base in self._openings(asked, self.world.car.seats, relative_only=False):
            done_before = (seat, base, _wanted(self._resolved(request, seat, base).commands))
            if done_before in seen or self._random.random() > SAMPLED * self._share:
                continue
            seen.add(done_before)
            tracker = self._carried_out(request, seat, base)
            commands = self._would_do(tracker, UNDO, seat, base) if tracker else ()
            paths = frozenset(command.path for command in commands)
            if tracker and commands and (asked is not None or paths.isdisjoint(SENT_FOR_GOOD)):
                groups[paths].append((tracker, commands, seat, base))
        for done, (paths, members) in enumerate(groups.items()):
            tick("undo", done, len(groups))
            most = LARGEST if any(map(self.world.looks_at, paths)) else LIGHT
            for situation in self.world.situations(paths, self._share, most):
                states = [situation.state(base, NOW) for base in self.world.bases]
                for tracker, commands, seat, base in members:
                    self._take_back(tracker, commands, Turn("undo", seat, situation), base, states[base])

    def _take_back(
        self, tracker: Tracker, commands: tuple[Command, ...], turn: Turn, base: int, state: VehicleState
    ) -> None:
        self._begin(tracker)
        self._compare(self._decide("undo", UNDO, turn.seat, state), commands, turn, base)
        other = self._random.choice(self.world.car.seats)
        if other != turn.seat and self._random.random() < 0.2:
            self._begin(tracker)
            for command in self._decide("undo, from another seat", UNDO, other, state).commands:
                self._let_through(command, Turn("undo", other, turn.situation), agreed=False)

    def _carried_out(self, asked: Asked, seat: Seat, base: int) -> Tracker | None:
        """A dialogue in which a request was fulfilled by a parked car a moment ago; None if it can't be."""
        actuators = self.world.bases[base]
        then = NOW - 5
        state = self.world.parked.state(actuators, then)
        self._begin()
        decision = self._decide("dialogue", (asked.clause,), seat, state, then)
        if decision.route is Route.CONFIRM:
            decision = self._decide("yes", YES, seat, state, then)
        for command in decision.commands:
            self._dialogue.note(CommandSent("1", command))
        for command in decision.commands:
            self._dialogue.note(CommandConfirmed("1", command, actuators[command.path]))
        self._dialogue.report(state, NOW - 3)
        return self._dialogue.tracker if decision.commands else None

    def _would_do(
        self, tracker: Tracker, clauses: tuple[Clause, ...], seat: Seat, base: int
    ) -> tuple[Command, ...]:
        """What some words lead to in a parked car, with a yes where it asks; the tracker stays as it is."""
        state = self.world.parked.state(self.world.bases[base], NOW)
        self._begin(tracker)
        decision = self._dialogue.decide(Understanding("…", "zh", seat, clauses), state, NOW)
        if decision.route is Route.CONFIRM:
            decision = self._dialogue.decide(Understanding("好", "zh", seat, YES), state, NOW)
        return decision.commands

    # --- longer dialogues ---

    def walks(self, tick: Ticker = _silent) -> None:
        """Random dialogues: one or two clauses, answers, carrying on, yes and undo, as seats and situations change.

        Whatever leaves must be allowed then, or be what a yes was asked for.
        """
        known = requests(self.world)
        count = math.ceil(WALKS * self._share)
        for done in range(count):
            if done % 100 == 0:
                tick("walks", done, count)
            self._begin()
            now, seat = NOW, self._random.choice(self.world.car.seats)
            base = dict(self._random.choice(self.world.bases))
            asked: dict[Seat, tuple[float, tuple[Command, ...]]] = {}
            for _ in range(6):
                now += self._random.choice((0.5, 2.0, 20.0))
                if self._random.random() < 0.2:
                    seat = self._random.choice(self.world.car.seats)
                self._step(known, seat, base, now, asked)

    def _step(
        self,
        known: Sequence[Asked],
        seat: Seat,
        base: dict[str, Value],
        now: float,
        asked: dict[Seat, tuple[float, tuple[Command, ...]]],
    ) -> None:
        """One turn of a walk; `asked` has what each seat was asked about, and when."""
        said = self._random.choices(
            ("request", "two", "affirm", *FOLLOW_UPS), (30, 20, 25, *[4] * len(FOLLOW_UPS))
        )[0]
        first = self._random.choice(known)
        second = self._random.choice(known)
        place = ("zone", self._random.choice((*self.world.car.groups, *self.world.car.seats)))
        words = {
            "request": [first],
            "two": [first, second] if first.intent != second.intent else [first],
            "also_there": [Asked(said, (place,))],
            "correct": [Asked(said, (place,))],
        }.get(said, [Asked(said)])
        situation = self.world.any_situation()
        text = "…" if said == "affirm" else self._random.choice(("…", "50", "3"))
        clauses = tuple(one.clause for one in words)
        decision = self._decide("walks", clauses, seat, situation.state(base, now), now, text)
        turn = Turn(" and ".join(map(str, words)), seat, situation)
        for say in decision.say if decision.route in (Route.REFUSE, Route.CONFIRM) else ():
            self._has_words(say, turn, told=False)
        when, pending = asked.get(seat, (0.0, ()))
        if now > when + ANSWER_WITHIN:
            pending = ()
        if said in ("affirm", "deny"):
            asked.pop(seat, None)
        for command in decision.commands:
            repeated = any(command.path == one.path and command.value == one.value for one in pending)
            self._let_through(command, turn, agreed=repeated)  # to ask for it again is a yes, too: 打开吧
            if said == "affirm" and command not in pending:
                self.report.complain("a yes did something else than was asked", str(turn))
            self._dialogue.note(CommandSent("1", command))
            if self._random.random() < 0.8:
                was, base[command.path] = base[command.path], command.value
                self._dialogue.note(CommandConfirmed("1", command, was))
        self._dialogue.report(situation.state(base, now), now)
        if any("_confirm_" in say.response for say in decision.say):
            asked[seat] = now, self._waiting(seat, now)

    def _waiting(self, seat: Seat, now: float) -> tuple[Command, ...]:
        """What a yes would do at once if the car were parked."""
        before = self._dialogue.tracker
        self._begin(before)
        state = self.world.parked.state(self.world.bases[0], now)
        commands = self._dialogue.decide(Understanding("好", "zh", seat, YES), state, now).commands
        self._dialogue.tracker = before
        return commands

    def one_breath(self) -> None:
        """Sentences that hold two things to be confirmed, or a yes or the same again before anything was asked."""
        nothing_known = self.world.unknown
        state = nothing_known.state(self.world.bases[0], NOW)
        roof, call = Asked("open_sunroof"), Asked("call_emergency")
        self._begin()
        decision = self._decide("one breath", (roof.clause, *YES), "driver", state)
        if decision.commands:
            turn = Turn(f"{roof} and affirm()", "driver", nothing_known)
            self.report.complain("a yes counted before the question", f"{turn}: {decision.commands}")
        self._begin()
        decision = self._decide("one breath", (roof.clause, roof.clause), "driver", state)
        if decision.commands:
            turn = Turn(f"{roof} and {roof}", "driver", nothing_known)
            self.report.complain("a repetition counted before the question", f"{turn}: {decision.commands}")
        self._begin()
        decision = self._decide("one breath", (roof.clause, call.clause), "driver", state)
        questions = len(decision.say)
        decision = self._decide("one breath", YES, "driver", state)
        if len(decision.commands) != questions:
            turn = Turn(f"{roof} and {call}, then affirm()", "driver", nothing_known)
            self.report.complain("a yes to two questions answered one", f"{turn}: {decision.commands}")

    def everything(self, tick: Ticker = _silent) -> Report:
        """All of it."""
        for what, trying in (
            ("gateway", self.gateway),
            ("dialogue", self.dialogue),
            ("undo", self.undo),
            ("walks", self.walks),
        ):
            trying(tick=tick)
            tick(what, 1, 1)
        return self.report


def _strictness(kind: Kind) -> int:
    return ("allow", "confirm", "refuse").index(kind)


def _wanted(commands: Iterable[Command]) -> tuple[tuple[str, str], ...]:
    """Commands to compare by what they set, one and true being different."""
    return tuple((command.path, repr(command.value)) for command in commands)


def _forged(value: object, zone: object) -> bytes:
    """A request as anybody on the bus could write it, with a place for its number."""
    times = {"issuedAt": "2026-01-31T11:59:59Z", "expiresAt": "2026-01-31T12:00:02Z"}
    fields = {"requestId": "@", "value": value, **times, "zone": zone, "source": "forger"}
    return json.dumps(fields).replace("%", "%%").replace("@", "%d").encode()
