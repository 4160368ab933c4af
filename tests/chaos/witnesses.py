"""The product with a witness at each place that counts: they write into the ledger and change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Concatenate, ParamSpec

from cockpit_assistant.clock import Clock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.dialogue.policy import Dialogue
from cockpit_assistant.dialogue.tracker import Errand
from cockpit_assistant.dialogue.wording import Wording
from cockpit_assistant.events import (
    Command,
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Decision,
    Language,
    Say,
    Seat,
)
from cockpit_assistant.vehicle.bus import Outcome, VehicleBus
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.requests import SUPERSEDED
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import SimulatedVehicle
from cockpit_assistant.vehicle.state import VehicleState

from .ledger import Acted, Answered, Decided, Delivered, Ended, Ledger, RequestKey, Sent, Shown, Told, Unsent

P = ParamSpec("P")
Reports = list[tuple[Say, Language, Seat]]

_EPOCH = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


class Wall:
    """A wall clock that goes with the stage clock until it is set."""

    def __init__(self, clock: Clock) -> None:
        self.offset = 0.0
        self._clock = clock

    def __call__(self) -> datetime:
        return _EPOCH + timedelta(seconds=self._clock.now() + self.offset)


# --- the vehicle's end -----------------------------------------------------------------------------------------


class WitnessedVehicle(SimulatedVehicle):
    """A simulated vehicle that owns up to what was delivered, answered, done and true."""

    def __init__(
        self,
        settings: BusSettings,
        model: VehicleModel,
        safety: Safety,
        clock: Clock,
        wall: Callable[[], datetime],
        ledger: Ledger,
        life: int,
        before: VehicleState | None = None,
    ) -> None:
        """`before` is how the vehicle stood when its last process ended: that of the metal doesn't change."""
        super().__init__(settings, model, safety, clock, wall, clock.now)
        for path, value in (before or self.state).items():
            self.state.put(path, value, clock.now())
            ledger.add(Shown(path, value))
        self.requests: dict[str, bytes] = {}
        """The last readable set request on each topic, the latest one last, for whoever wants to send it again."""
        self.heard = self.said = 0
        """Messages that came in and went out."""
        self._ledger = ledger
        self._life = life
        self._in_hand: tuple[RequestKey, datetime] | None = None
        self._is_retained = False
        actuators = self._actuators
        actuators.command = _noted(actuators.command, self._note_act)  # type: ignore[method-assign]

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._lock:
            self.heard += 1
            self._in_hand, self._is_retained = _request_in(payload), retained
            if self._in_hand:
                self._ledger.add(Delivered(self._in_hand[0], retained, self._life))
                if not retained:
                    self.requests.pop(topic, None)  # so that the latest stands last
                    self.requests[topic] = payload
            super().received(topic, payload, retained)
            self._in_hand = None

    def _note_act(self, path: str) -> None:
        assert self._in_hand, "an actuator set out without a request"
        key, expires = self._in_hand
        at, wall = self._clock.now(), self._wall()
        self._ledger.add(Acted(key, path, self._is_retained, wall, expires, at, self._life))

    def _report(self, path: str) -> None:
        if (value := self.state.value(path)) is not None:
            self._ledger.add(Shown(path, value))
        super()._report(path)

    def _publish(self, topic: str, payload: bytes, *, retain: bool | None = None) -> None:
        if topic.startswith(self.topics.ack("")):
            fields = json.loads(payload)
            self._ledger.add(Answered(fields["requestId"], fields["status"], self._life))
        self.said += self.linked
        super()._publish(topic, payload, retain=retain)


def _noted(
    act: Callable[Concatenate[str, P], None], note: Callable[[str], None]
) -> Callable[Concatenate[str, P], None]:
    """The same act, noted before it is done."""

    def noted(path: str, /, *args: P.args, **named: P.kwargs) -> None:
        note(path)
        act(path, *args, **named)

    return noted


def _request_in(payload: bytes) -> tuple[RequestKey, datetime] | None:
    """Who asks, and until when, read without the product's help; None if it is no request."""
    try:
        fields = json.loads(payload)
        key = (str(fields["source"]), str(fields["requestId"]))
        return key, datetime.fromisoformat(fields["expiresAt"].replace("Z", "+00:00"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


# --- the assistant's end ---------------------------------------------------------------------------------------


class WitnessedBus(VehicleBus):
    """A bus that owns up to what it sends and what it says came of it."""

    def __init__(
        self,
        settings: BusSettings,
        model: VehicleModel,
        clock: Clock,
        wall: Callable[[], datetime],
        ledger: Ledger,
    ) -> None:
        super().__init__(settings, model, clock, wall)
        self.errand: int | None = None
        """Which errand the next command belongs to; None for a command given past the dialogue."""
        self.begun = 0
        """How long the ledger was when that was decided."""
        self.heard = self.said = 0
        """Messages that came in and went out."""
        self._ledger = ledger

    def send(self, command: Command) -> CommandSent | CommandFailed:
        if self.errand is None:
            self.begun = len(self._ledger)
        result = super().send(command)
        if isinstance(result, CommandSent):
            shown_at, target = self._model.outcome(command.path, command.value)
            now = self._clock.now()
            self.said += 1
            self._ledger.add(Sent(result.request_id, shown_at, target, self.begun, now, self.errand))
        else:
            self._ledger.add(Unsent(result.request_id, self.errand))
        return result

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        super().received(topic, payload, retained)
        self.heard += 1

    def poll(self, timeout: float = 0.0) -> list[Outcome]:
        outcomes = super().poll(timeout)
        for outcome in outcomes:
            if isinstance(outcome, CommandConfirmed):
                self._ledger.add(Ended(outcome.request_id, "confirmed"))
            elif isinstance(outcome, CommandFailed):
                self._ledger.add(Ended(outcome.request_id, outcome.failure.value, outcome.reason))
        return outcomes


class DialogueWitness:
    """Makes a dialogue own up to what it sets going and what it says of it."""

    def __init__(self, dialogue: Dialogue, wording: Wording, ledger: Ledger, bus: WitnessedBus) -> None:
        self._tracker = dialogue.tracker
        self._wording = wording
        self._ledger = ledger
        self._bus = bus
        self._numbers: dict[int, int] = {}
        """The number of each errand under way, by its identity."""
        self._count = 0
        dialogue.decide = self._decided(dialogue.decide)  # type: ignore[method-assign]
        dialogue.report = self._reported(dialogue.report)  # type: ignore[method-assign]

    def _decided(self, decide: Callable[P, Decision]) -> Callable[P, Decision]:
        def decided(*args: P.args, **named: P.kwargs) -> Decision:
            before = len(self._tracker.errands)
            decision = decide(*args, **named)
            for errand in self._tracker.errands[before:]:
                self._count += 1
                self._numbers[id(errand)] = self._bus.errand = self._count
                self._bus.begun = len(self._ledger)
                quiet = frozenset(place for place, task in enumerate(errand.tasks) if task.done is None)
                sizes = tuple(len(task.commands) for task in errand.tasks)
                self._ledger.add(Decided(self._count, sizes, quiet))
            return decision

        return decided

    def _reported(self, report: Callable[P, Reports]) -> Callable[P, Reports]:
        def reported(*args: P.args, **named: P.kwargs) -> Reports:
            """Errand by errand, so that it is known what is said of which."""
            errands, self._tracker.errands = self._tracker.errands, []
            due = report(*args, **named)
            kept: list[Errand] = []
            for errand in errands:
                self._tracker.errands = [errand]
                before = [(task.announced, task.reported) for task in errand.tasks]
                news = report(*args, **named)
                self._note_told(errand, before, [say for say, _, _ in news])
                due += news
                kept += self._tracker.errands
            self._tracker.errands = kept
            return due

        return reported

    def _note_told(self, errand: Errand, before: list[tuple[bool, bool]], said: list[Say]) -> None:
        number = self._numbers[id(errand)]
        for place, (task, (announced, reported)) in enumerate(zip(errand.tasks, before, strict=True)):
            if task.announced and not announced:
                words = self._taken_off(said, task.started, errand)
                self._ledger.add(Told(number, place, "started", words or ""))
            if task.reported and not reported:
                what, words = "done", self._taken_off(said, task.done, errand)
                if words is None and any(failed.reason != SUPERSEDED for failed in task.failed):
                    what, words = "failed", self._taken_off(said, said[0] if said else None, errand)
                self._ledger.add(Told(number, place, "nothing" if words is None else what, words or ""))

    def _taken_off(self, said: list[Say], say: Say | None, errand: Errand) -> str | None:
        """The words of a saying, which is taken off what was said; None if it was not said."""
        if say is None or not any(one is say for one in said):
            return None
        said[:] = [one for one in said if one is not say]
        return self._wording.of(say, errand.language)
