"""The assistant's side of the vehicle bus: sends set requests and tells what became of them.

A command is confirmed only by what the car shows: acknowledged, and then its state topic at the target. Every other
end is a failure with a reason, and every command ends within its deadline. With no connection or no vehicle a
command fails at once; nothing waits for better times. Messages come in on the connection's thread and are only
queued there: state and outcomes change in `poll` and `send`, on the caller's thread.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..clock import Clock
from ..config import BusSettings
from ..events import Command, CommandConfirmed, CommandFailed, CommandSent, Failure, Fault
from .link import Link
from .messages import (
    OFFLINE,
    ONLINE,
    MalformedError,
    SetRequest,
    Topics,
    decode_ack,
    decode_state,
    encode_request,
    utc_now,
)
from .model import VehicleModel
from .requests import Requests
from .state import VehicleState

_FAULT_PAUSE = 10.0
"""Seconds between two faults about the same kind of nonsense."""

Outcome = CommandConfirmed | CommandFailed | Fault


@dataclass(frozen=True, slots=True)
class _Inbound:
    topic: str
    payload: bytes
    retained: bool
    time: float
    wall: datetime


class VehicleBus:
    """A connection to one vehicle."""

    def __init__(
        self,
        settings: BusSettings,
        model: VehicleModel,
        clock: Clock,
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self.state = VehicleState()
        """What the car last said; changes in `poll` and `send` only."""
        self.client_id = f"assistant-{secrets.token_hex(4)}"
        self.topics = Topics(settings.vehicle)
        self.published: dict[str, bytes] = {}
        """The last payload sent on each topic over the present connection."""
        self.arrived: dict[str, bytes] = {}
        """The last payload received on each topic, taken in or still queued."""
        self._settings = settings
        self._model = model
        self._clock = clock
        self._wall = wall
        self._vehicle_online = False
        self._requests = Requests(model, self.state)
        self._outcomes: list[Outcome] = []
        self._last_fault: dict[str, float] = {}
        self._inbox: queue.SimpleQueue[_Inbound | bool] = queue.SimpleQueue()
        subscriptions = [self.topics.availability, self.topics.ack(self.client_id)]
        subscriptions += [self.topics.state(path) for path in model.paths()]
        self._link = Link(settings, self.client_id, subscriptions, self)

    def connect(self) -> None:
        """Connect to the broker and subscribe; from then on a lost connection is restored by itself.

        Raises:
            BusError: the broker can't be reached or refuses us; says what to check.
        """
        self._link.open()

    def close(self) -> None:
        """Disconnect. What was pending fails as offline, which the next `poll` tells."""
        self._link.close()
        self._take_in()
        self._vehicle_gone()

    @property
    def linked(self) -> bool:
        """Whether the broker is connected."""
        return self._link.up

    @property
    def online(self) -> bool:
        """Whether a command can be sent: the broker is connected and the vehicle says it is there."""
        self._take_in()
        return self._link.up and self._vehicle_online

    def send(self, command: Command) -> CommandSent | CommandFailed:
        """Send a set request; its outcome comes from `poll`.

        Raises:
            ValueError: the car has no such actuator, or the value doesn't fit it.
        """
        owner = self._model.signal_at(command.path)
        wrong = owner[1].misfit(command.value) if owner else "this car has no such signal."
        if wrong:
            raise ValueError(f"{command.path}: {wrong}")
        sent = CommandSent(secrets.token_hex(8), command)
        if not self.online:
            return CommandFailed(sent.request_id, command, Failure.OFFLINE)
        issued = self._wall()
        request = SetRequest(
            sent.request_id,
            command.value,
            issued,
            issued + timedelta(seconds=self._settings.expiry),
            command.seat,
            self.client_id,
        )
        topic, payload = self.topics.set(command.path), encode_request(request)
        if not self._link.publish(topic, payload, expiry=self._settings.expiry):
            return CommandFailed(sent.request_id, command, Failure.OFFLINE)
        self._requests.add(sent, self._clock.now(), self._settings.expiry)
        self.published[topic] = payload
        return sent

    def poll(self, timeout: float = 0.0) -> list[Outcome]:
        """What has become of commands, and what went wrong, since the last call.

        Args:
            timeout: seconds of real time to wait for something to report.
        """
        until = time.monotonic() + timeout
        self._take_in()
        self._requests.expire(self._clock.now())
        self._collect()
        while not self._outcomes and (left := until - time.monotonic()) > 0:
            self._take_in(wait=left)
            self._requests.expire(self._clock.now())
            self._collect()
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    # --- called from the connection's thread -------------------------------------------------------------------

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Queue a message, with the time it came in."""
        self._inbox.put(_Inbound(topic, payload, retained, self._clock.now(), self._wall()))
        self.arrived[topic] = payload

    def link_changed(self, up: bool) -> None:
        """Queue the news; what came before it is taken in first."""
        if not up:
            self.published = {}
        self._inbox.put(up)

    # --- taking in ---------------------------------------------------------------------------------------------

    def _take_in(self, wait: float = 0.0) -> None:
        try:
            message = self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()
            while True:
                if isinstance(message, _Inbound):
                    self._read(message)
                else:
                    self._note_link(message)
                message = self._inbox.get_nowait()
        except queue.Empty:
            pass

    def _note_link(self, up: bool) -> None:
        if up:
            if "link" in self._last_fault:
                self._outcomes.append(Fault("bus", "The MQTT connection is back."))
            return
        self._last_fault["link"] = self._clock.now()
        self._outcomes.append(Fault("bus", "The MQTT connection is lost."))
        self._vehicle_gone()

    def _vehicle_gone(self) -> None:
        self._vehicle_online = False
        self._requests.abandon()
        self._collect()

    def _collect(self) -> None:
        """Put the requests' outcomes in line with the faults."""
        self._outcomes += self._requests.outcomes()

    def _read(self, message: _Inbound) -> None:
        try:
            if message.topic == self.topics.availability:
                self._note_availability(message.payload)
            elif message.topic == self.topics.ack(self.client_id):
                self._requests.answered(decode_ack(message.payload), self._clock.now())
            else:
                self._note_state(message)
        except MalformedError as error:
            self._complain(message.topic, str(error))

    def _note_availability(self, payload: bytes) -> None:
        if payload not in (ONLINE, OFFLINE):
            raise MalformedError(f"neither `{ONLINE.decode()}` nor `{OFFLINE.decode()}`")
        online = payload == ONLINE
        if online and not self._vehicle_online:
            self._vehicle_online = True
        elif not online and self._vehicle_online:
            self._outcomes.append(Fault("vehicle", "The vehicle has left the bus."))
            self._vehicle_gone()

    def _note_state(self, message: _Inbound) -> None:
        path = self.topics.path_of(message.topic)
        owner = self._model.signal_at(path)
        if owner is None:
            raise MalformedError("no signal of this car")
        report = decode_state(message.payload)
        if wrong := owner[1].misfit(report.value):
            raise MalformedError(wrong)
        # A retained value may be old. Its own time tells how old; a time in the future tells nothing.
        age = (message.wall - report.ts).total_seconds() if message.retained else 0.0
        if age < -self._settings.expiry:
            raise MalformedError("its time lies in the future: set the clocks")
        self.state.put(path, owner[1].fitted(report.value), message.time - max(age, 0.0))
        self._requests.shown(path, report.ts)

    def _complain(self, topic: str, wrong: str) -> None:
        now = self._clock.now()
        kind = topic.split("/")[2] if topic.count("/") >= 2 else topic
        if now - self._last_fault.get(kind, -_FAULT_PAUSE) >= _FAULT_PAUSE:
            self._last_fault[kind] = now
            self._outcomes.append(Fault("vehicle", f"Ignored a message on {topic}: {wrong}"))
