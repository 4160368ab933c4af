"""A simulated car on the bus: its gateway, and actuators that take their time.

It speaks the same contract as a real vehicle and knows no more about itself than vehicle.yml says. Scenarios set
its sensors (speed, gear, daylight), send them on a journey, and make its actuators misbehave. In a replay `advance`
moves it with the stage clock; live, `run` does so in a thread.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Literal

from ..clock import Clock
from ..config import BusSettings
from ..events import Value
from .actuators import Actuators, Hindrance
from .bus import VehicleBus
from .drift import Drifts
from .gateway import Gateway
from .journey import Journey, Waypoint
from .link import Link
from .messages import OFFLINE, ONLINE, MalformedError, StateReport, Topics, encode_ack, encode_state, utc_now
from .model import VehicleModel
from .safety import Safety
from .session import Will

_log = logging.getLogger(__name__)

Mishap = Literal["reject", "stall", "pinch", "fuse", "silent"]
"""How an actuator fails: it refuses; accepts and stops half way, comes back from half way because something is
there, or doesn't move at all; or it neither answers nor moves.
"""

_HINDRANCES: dict[Mishap, Hindrance] = {
    "stall": Hindrance.STALL,
    "pinch": Hindrance.PINCH,
    "fuse": Hindrance.FUSE,
}

_SET_BACK = timedelta(seconds=1)
"""By how much a clock must lie behind before it counts as set back."""

RATE = 50.0
"""Steps a second of `run`."""


class SimulatedVehicle:
    """A car made of a vehicle.yml and a safety.yml."""

    def __init__(
        self,
        settings: BusSettings,
        model: VehicleModel,
        safety: Safety,
        clock: Clock,
        wall: Callable[[], datetime] = utc_now,
        uptime: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wall` may be set like any clock, `uptime` counts seconds and is never set; both go with each other."""
        self.state = model.initial_state(clock.now())
        """The truth."""
        self.topics = Topics(settings.vehicle)
        self.published: dict[str, bytes] = {}
        """The last payload sent on each topic."""
        self.handled: dict[str, bytes] = {}
        """The last set request dealt with on each topic; its answer has been sent."""
        self._model = model
        self._safety = safety
        self._clock = clock
        self._wall = wall
        self._gateway = Gateway(model, safety, wall, uptime)
        self._stamped = datetime.min.replace(tzinfo=timezone.utc)
        self._mishaps: dict[str, Mishap] = {}
        self._actuators = Actuators(model, self.state, self._report)
        self._drifts = Drifts(model, self.state, clock.now())
        self._journey = Journey((), model, self.state, clock.now())
        self._now = self._repeated = clock.now()  # the time of the last step, whenever messages come in between
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        will = Will(self.topics.availability, OFFLINE)
        self._link = Link(settings, f"vehicle-{secrets.token_hex(4)}", [self.topics.every_set], self, will)

    @property
    def linked(self) -> bool:
        """Whether the broker is connected."""
        return self._link.up

    def start(self) -> None:
        """Connect, show every signal, and be online.

        Raises:
            BusError: the broker can't be reached or refuses us; says what to check.
        """
        self._stopped.clear()
        self._link.open()

    def stop(self) -> None:
        """Say goodbye and disconnect. Calling it twice does no harm."""
        self._stopped.set()
        self._publish(self.topics.availability, OFFLINE)
        self._link.close()

    def run(self) -> None:
        """Move with the clock until `stop`: for a thread."""
        while not self._stopped.wait(1 / RATE):
            self.advance(self._clock.now())

    def set(self, path: str, value: Value) -> None:
        """Put a signal to a value at once, as a driver, a sensor or the weather would.

        Raises:
            ValueError: the car has no such signal, or the value doesn't fit it.
        """
        owner = self._model.signal_at(path)
        wrong = owner[1].misfit(value) if owner else "this car has no such signal."
        if owner is None or wrong:
            raise ValueError(f"{path}: {wrong}")
        with self._lock:
            self._actuators.put(path, owner[1].fitted(value), self._now)

    def set_out(self, waypoints: Sequence[Waypoint]) -> None:
        """Let the sensors go on along a journey that begins now. One under way ends where it is.

        Raises:
            ValueError: this car can't follow a waypoint.
        """
        with self._lock:
            self._journey = Journey(waypoints, self._model, self.state, self._clock.now())

    def fail(self, path: str, mishap: Mishap | None) -> None:
        """Make the actuator at a path misbehave from now on; None repairs it.

        Raises:
            ValueError: the car has no such signal.
        """
        if self._model.signal_at(path) is None:
            raise ValueError(f"{path}: this car has no such signal.")
        with self._lock:
            if mishap is None:
                self._mishaps.pop(path, None)
            else:
                self._mishaps[path] = mishap

    def advance(self, now: float) -> None:
        """Move every actuator and sensor on to `now`, and repeat what safety depends on often enough."""
        with self._lock:
            self._now = now
            self._actuators.advance(now)
            for path, value in self._journey.advance(now):
                self._actuators.put(path, value, now)
            for path, value in self._drifts.advance(now):
                if not self._journey.leads(path):
                    self._actuators.put(path, value, now)
            if now - self._repeated >= self._safety.stale_after / 3:
                self._repeated = now
                for path in self._safety.watched:
                    self._report(path)

    # --- called from the connection's thread -------------------------------------------------------------------

    def link_changed(self, up: bool) -> None:
        """Show everything on a new connection, and be online last."""
        if up:
            with self._lock:
                for path, _ in self.state.items():
                    self._report(path)
                self._publish(self.topics.availability, ONLINE)

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Answer a set request, and carry it out if the gateway admits it."""
        path = self.topics.path_of(topic)
        with self._lock:
            if retained:
                _log.warning("ignored a retained set request on %s: set requests are never retained", topic)
            elif self._mishaps.get(path) != "silent":
                try:
                    self._answer(path, payload)
                except MalformedError as error:
                    _log.warning("ignored a message on %s: %s", topic, error)
            self.handled[topic] = payload

    # --- requests ----------------------------------------------------------------------------------------------

    def _answer(self, path: str, payload: bytes) -> None:
        now = self._now
        for watched in self._safety.watched:  # the car's own sensors are never out of date
            if (value := self.state.value(watched)) is not None:
                self.state.put(watched, value, now)
        fault = "the actuator reports a fault" if self._mishaps.get(path) == "reject" else ""
        admission = self._gateway.admit(path, payload, self.state, now, fault)
        ack = replace(admission.ack, ts=self._stamp())
        self._publish(self.topics.ack(admission.source), encode_ack(ack))
        if (command := admission.command) is not None:
            self._report(self._model.outcome(path, command.value)[0])  # as it is: perhaps nothing has to move
            hindrance = _HINDRANCES.get(self._mishaps.get(path, "silent"), Hindrance.NONE)
            self._actuators.command(path, command.value, now, hindrance)

    # --- showing -----------------------------------------------------------------------------------------------

    def _report(self, path: str) -> None:
        value = self.state.value(path)
        if value is not None:
            self._publish(self.topics.state(path), encode_state(StateReport(value, self._stamp())), retain=True)

    def _stamp(self) -> datetime:
        """The time by the car's clock, later for each message than for the last, unless the clock is set back."""
        wall = self._wall()
        if timedelta(0) <= self._stamped - wall < _SET_BACK:
            wall = self._stamped + timedelta(microseconds=1)
        self._stamped = wall
        return wall

    def _publish(self, topic: str, payload: bytes, *, retain: bool | None = None) -> None:
        keep = topic == self.topics.availability if retain is None else retain
        if self._link.publish(topic, payload, retain=keep):
            self.published[topic] = payload


def settle(bus: VehicleBus, vehicle: SimulatedVehicle, timeout: float = 1.0) -> bool:
    """Wait until all that both have published has come in at the other, so that a replay is repeatable.

    Only what is under way is waited for (real time, milliseconds); the stage clock stands still meanwhile.

    Returns:
        False if a connection is down or the time was not enough.
    """
    until = time.monotonic() + timeout
    while bus.linked and vehicle.linked:
        if _is_settled(bus, vehicle):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.0002)
    return False


def _is_settled(bus: VehicleBus, vehicle: SimulatedVehicle) -> bool:
    # Requests first: once the last one has been handled, its answer is among what the vehicle has published.
    # Topics keep their order, so the last message of each tells for all of them.
    handled = all(vehicle.handled.get(topic) == payload for topic, payload in dict(bus.published).items())
    other_acks = vehicle.topics.ack("")
    mine = vehicle.topics.ack(bus.client_id)
    return handled and all(
        bus.arrived.get(topic) == payload
        for topic, payload in dict(vehicle.published).items()
        if topic == mine or not topic.startswith(other_acks)
    )
