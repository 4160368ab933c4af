"""Set requests under way, and the rules by which each one ends.

A request is confirmed when the vehicle has accepted it and shows the target. Until then it is pending, and every
pending request has a deadline: first for the answer, then for the actuator. Values only: what comes in is told to
it, and so is the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..events import CommandConfirmed, CommandFailed, CommandSent, Failure, Value
from .messages import Ack
from .model import VehicleModel
from .state import VehicleState

MARGIN = 1.5
"""Seconds an actuator may take beyond the time its rate promises."""

SUPERSEDED = "superseded"
"""The reason given when a later command for the same actuator took a command's place."""


@dataclass(slots=True)
class _Pending:
    sent: CommandSent
    shown_at: str
    """The path that shows the target."""
    target: Value
    before: Value | None
    """What would have to be commanded to go back."""
    answer_due: float
    travel: float
    """Seconds the actuator may take once the request is accepted."""
    target_due: float | None = None
    """Set when the vehicle accepts."""
    accepted: datetime | None = None
    """When it did, by the vehicle's clock."""
    shown: datetime | None = None
    """The latest time at which the vehicle has shown the target since the request was sent, by its clock."""


class Requests:
    """The pending requests to one vehicle."""

    def __init__(self, model: VehicleModel, state: VehicleState) -> None:
        """`state` is what the car shows; it is kept up to date by the owner."""
        self._model = model
        self._state = state
        self._pending: dict[str, _Pending] = {}
        self._outcomes: list[CommandConfirmed | CommandFailed] = []
        self._last_shown: dict[str, datetime] = {}

    def add(self, sent: CommandSent, now: float, expiry: float) -> None:
        """Note a request as it is sent, `expiry` seconds before it is void."""
        path, value = sent.command.path, sent.command.value
        shown_at, target = self._model.outcome(path, value)
        owner = self._model.signal_at(shown_at)
        assert owner is not None
        self._pending[sent.request_id] = _Pending(
            sent,
            shown_at,
            target,
            before=self._model.reverse(path, self._state),
            answer_due=now + expiry,
            travel=owner[1].travel_time(self._state.value(shown_at), target) + MARGIN,
        )

    def answered(self, ack: Ack, now: float) -> None:
        """Take in the vehicle's answer; one that is late or delivered twice changes nothing."""
        pending = self._pending.get(ack.request_id)
        if pending is None or pending.target_due is not None:
            return
        if ack.status == "accepted":
            pending.target_due = now + pending.travel
            pending.accepted = ack.ts
            self._supersede(pending)
            self._confirm_if_shown(pending)
        else:
            self._fail(pending, Failure.EXPIRED if ack.status == "expired" else Failure.REJECTED, ack.reason)

    def shown(self, path: str, when: datetime) -> None:
        """Take in that the vehicle has shown the state of a path, `when` by its clock."""
        self._last_shown[path] = when
        for pending in [pending for pending in self._pending.values() if pending.shown_at == path]:
            if self._is_at_target(pending) and (pending.shown is None or when > pending.shown):
                pending.shown = when
            self._confirm_if_shown(pending)

    def expire(self, now: float) -> None:
        """End what has gone past its deadline."""
        for pending in list(self._pending.values()):
            if pending.target_due is None and now > pending.answer_due:
                self._fail(pending, Failure.NO_ANSWER)
            elif pending.target_due is not None and now > pending.target_due:
                self._fail(pending, Failure.NOT_REACHED)

    def abandon(self) -> None:
        """End everything: the vehicle is gone. What was sent may still be carried out, nobody will tell."""
        for pending in list(self._pending.values()):
            self._fail(pending, Failure.NO_ANSWER)

    def outcomes(self) -> list[CommandConfirmed | CommandFailed]:
        """What has ended since the last call, in order."""
        ended, self._outcomes = self._outcomes, []
        return ended

    def _is_at_target(self, pending: _Pending) -> bool:
        owner = self._model.signal_at(pending.shown_at)
        return owner is not None and owner[1].shows(pending.target, self._state.value(pending.shown_at))

    def _confirm_if_shown(self, pending: _Pending) -> None:
        if pending.target_due is None:
            return
        if pending.accepted is None:  # a vehicle that doesn't tell when it answers
            done = pending.shown is not None or self._is_at_target(pending)
        else:  # what it showed before it had the request may have been on its way for long
            shown = pending.shown
            if shown is None and self._is_at_target(pending):
                shown = self._last_shown.get(pending.shown_at)
            done = shown is not None and shown >= pending.accepted
        if done:
            sent = self._pending.pop(pending.sent.request_id).sent
            self._outcomes.append(CommandConfirmed(sent.request_id, sent.command, pending.before))

    def _supersede(self, accepted: _Pending) -> None:
        """Earlier requests that want the same actuator elsewhere will not be fulfilled any more."""
        for other in list(self._pending.values()):
            if other is accepted:
                return
            if other.shown_at == accepted.shown_at and other.target != accepted.target:
                self._fail(other, Failure.NOT_REACHED, SUPERSEDED)

    def _fail(self, pending: _Pending, failure: Failure, reason: str = "") -> None:
        sent = self._pending.pop(pending.sent.request_id).sent
        self._outcomes.append(CommandFailed(sent.request_id, sent.command, failure, reason))
