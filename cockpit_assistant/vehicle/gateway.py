"""The vehicle's own guard: decides for each set request whether the car may act on it.

It trusts nobody: form, age, signal, value and safety are checked again here, with the car's own state, whatever the
sender has checked before. A request that is delivered twice gets the same answer and acts once. Where the rules
want a spoken yes, the asking is the dialogue's business: such a request is admitted.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..events import Command
from .messages import Ack, SetRequest, decode_request, utc_now
from .model import VehicleModel
from .safety import Safety
from .state import VehicleState

REMEMBERED = 1024
"""Answers kept for requests that come again."""

LONGEST_LIFE = timedelta(seconds=60)
"""A request that wants to be valid for longer is no request of the moment."""

CLOCK_SKEW = timedelta(seconds=2)
"""How far ahead a sender's clock may be."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to a request, and what to do about it."""

    ack: Ack
    source: str
    """Whom to answer."""
    command: Command | None = None
    """What to carry out; None if refused, or if it was delivered again."""


class Gateway:
    """Admits set requests to one vehicle."""

    def __init__(
        self,
        model: VehicleModel,
        safety: Safety,
        wall: Callable[[], datetime] = utc_now,
        uptime: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now: what was issued before may have been carried out by an earlier process.

        Args:
            model: the car.
            safety: what may be commanded when.
            wall: the car's clock, which may be set.
            uptime: seconds since some beginning, which nobody sets.
        """
        self._uptime = uptime
        self._began = uptime()
        self._model = model
        self._safety = safety
        self._wall = wall
        self._answers: OrderedDict[tuple[str, str], Ack] = OrderedDict()

    def admit(self, path: str, payload: bytes, state: VehicleState, now: float, fault: str = "") -> Admission:
        """Answer one set request.

        Args:
            path: the VSS path its topic names.
            payload: its JSON.
            state: the car's own state.
            now: stage time, for the age of that state.
            fault: why the actuator can't move; empty if it can.

        Raises:
            MalformedError: it is no set request; there is nobody to answer.
        """
        request = decode_request(payload)
        key = (request.source, request.request_id)
        if known := self._answers.get(key):
            return Admission(known, request.source)
        command = Command(path, request.value, seat=request.zone)
        ack = self._answer(request, command, state, now)
        if fault and ack.status == "accepted":
            ack = replace(ack, status="rejected", reason=fault)
        self._answers[key] = ack
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return Admission(ack, request.source, command if ack.status == "accepted" else None)

    def _answer(self, request: SetRequest, command: Command, state: VehicleState, now: float) -> Ack:
        wall = self._wall()
        if request.expires_at <= wall or request.issued_at < wall - timedelta(seconds=self._uptime() - self._began):
            return Ack(request.request_id, "expired")
        if request.issued_at > wall + CLOCK_SKEW or request.expires_at - request.issued_at > LONGEST_LIFE:
            return Ack(request.request_id, "rejected", "issuedAt and expiresAt don't fit the vehicle's clock")
        owner = self._model.signal_at(command.path)
        if owner is None:
            return Ack(request.request_id, "rejected", "unknown signal")
        if wrong := owner[1].misfit(command.value):
            return Ack(request.request_id, "rejected", wrong)
        verdict = self._safety.judge(command, state, now)
        if verdict.kind == "refuse":
            return Ack(request.request_id, "rejected", verdict.reason)
        return Ack(request.request_id, "accepted")
