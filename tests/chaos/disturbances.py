"""Everything bad that can happen on a drive, by name.

Each is begun by a call, and returns how it ends, or None if it is over already.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from cockpit_assistant.events import Value
from cockpit_assistant.vehicle.messages import SetRequest, encode_request
from cockpit_assistant.vehicle.session import KEEPALIVE
from cockpit_assistant.vehicle.simulator import Mishap

from .network import BOTH, FINE, Proxy, Way, Weather
from .witnesses import Wall

if TYPE_CHECKING:
    from .drive import Drive

End = Callable[[], object]

PARKED: Mapping[str, Value] = {
    "Vehicle.Speed": 0.0,
    "Vehicle.IsMoving": False,
    "Vehicle.Powertrain.Transmission.SelectedGear": 126,
}
"""A car at rest."""

_NONSENSE = (
    b"",
    b"null",
    b"{",
    b"[" * 3000,
    b"\xff\xfe\x00",
    b'{"value": NaN, "ts": "2026-01-31T12:00:00Z"}',
    b'{"value": 1e999, "ts": "2026-01-31T12:00:00Z"}',
    b'{"value": {"value": 1}, "ts": "2026-01-31T12:00:00Z"}',
    b'{"value": 1, "ts": "yesterday"}',
    b'{"requestId": "../../x", "status": "accepted", "reason": ""}',
    b'{"requestId": "x", "status": "perhaps"}',
    b'{"requestId": 7, "value": 1, "issuedAt": 0, "expiresAt": 1e99, "zone": [], "source": null}',
    b'{"value": 1, "ts": "2026-01-31T12:00:00Z", "padding": "' + b"x" * 9000 + b'"}',
    b"x" * 15_000,
)
_MUCH_TOO_LARGE = b"x" * 60_000
"""rumqttd ends the connection of who sends that."""


# --- the broker and the network --------------------------------------------------------------------------------


def broker_killed(drive: Drive) -> End:
    """Until it is started again."""
    drive.kill()
    return drive.revive


def assistant_partitioned(drive: Drive) -> End:
    """Nothing gets through to or from the assistant, or one way only."""
    return _partition(drive, drive.to_assistant)


def vehicle_partitioned(drive: Drive) -> End:
    """Nothing gets through to or from the vehicle, or one way only."""
    return _partition(drive, drive.to_vehicle)


def assistant_lost(drive: Drive) -> End:
    """Nothing gets through to or from the assistant until both sides have noticed (some seconds of real time)."""
    return _lost(drive, drive.to_assistant, lambda: drive.bus.linked)


def vehicle_lost(drive: Drive) -> End:
    """Nothing gets through to or from the vehicle until both sides have noticed (some seconds of real time)."""
    return _lost(drive, drive.to_vehicle, lambda: drive.bus.online)


def _lost(drive: Drive, proxy: Proxy, there: Callable[[], bool]) -> End:
    proxy.block()
    until = time.monotonic() + 2.5 * KEEPALIVE
    while there() and time.monotonic() < until:
        drive.assistant.attend(wait=0.05)
    return lambda: proxy.unblock(losing=True)


def _partition(drive: Drive, proxy: Proxy) -> End:
    proxy.block(drive.rng.choice((BOTH, frozenset({Way.UP}), frozenset({Way.DOWN}))))
    losing = drive.rng.random() < 0.4
    return lambda: proxy.unblock(losing=losing)


def assistant_cut(drive: Drive) -> None:
    """The assistant's connection breaks."""
    drive.to_assistant.cut()


def vehicle_cut(drive: Drive) -> None:
    """The vehicle's connection breaks."""
    drive.to_vehicle.cut()


def half_cut(drive: Drive) -> End:
    """A connection breaks, and the broker doesn't notice before its client is back."""
    proxy = drive.rng.choice((drive.to_assistant, drive.to_vehicle))
    proxy.half_cut()
    return proxy.bury


def repeated(drive: Drive) -> End:
    """Messages come twice at once."""
    return _weather(drive, Weather(frozenset({"set", "ack", "state"}), repeat=0.6))


def repeated_late(drive: Drive) -> End:
    """Requests and answers come again, up to twice as long after as a request lives."""
    return _weather(drive, Weather(frozenset({"set", "ack"}), repeat=0.5, longest=4.0, overtaking=True))


def late(drive: Drive) -> End:
    """Messages come late, and on each topic in order; one topic may overtake another."""
    return _weather(drive, Weather(frozenset({"set", "ack", "state"}), late=0.6, longest=3.0))


def reordered(drive: Drive) -> End:
    """Requests and answers overtake each other, also on one topic."""
    return _weather(drive, Weather(frozenset({"set", "ack"}), late=0.6, longest=1.0, overtaking=True))


def dropped(drive: Drive) -> End:
    """Requests and answers vanish."""
    return _weather(drive, Weather(frozenset({"set", "ack"}), drop=0.4))


def state_dropped(drive: Drive) -> End:
    """What the car shows vanishes."""
    return _weather(drive, Weather(frozenset({"state"}), drop=0.4))


def state_reordered(drive: Drive) -> End:
    """What the car shows comes late, again, and in any order."""
    return _weather(drive, Weather(frozenset({"state"}), late=0.5, repeat=0.3, longest=2.0, overtaking=True))


def _weather(drive: Drive, weather: Weather) -> End:
    proxy = drive.rng.choice((drive.to_assistant, drive.to_vehicle))
    proxy.weather = weather

    def clear() -> None:
        proxy.weather = FINE

    return clear


# --- the vehicle and the clocks --------------------------------------------------------------------------------


def actuators_faulty(drive: Drive) -> End:
    """Some actuators refuse, stop half way, or say nothing."""
    kinds: tuple[Mishap, ...] = ("silent", "stall", "reject")
    paths = [drive.chatter.command().path for _ in range(15)]
    vehicle = drive.vehicle
    for path in paths:
        vehicle.fail(path, drive.rng.choice(kinds))

    def repair() -> None:
        for path in paths:
            vehicle.fail(path, None)

    return repair


def vehicle_silent(drive: Drive) -> End:
    """The vehicle neither answers nor moves."""
    vehicle, paths = drive.vehicle, drive.chatter.actuators()
    for path in paths:
        vehicle.fail(path, "silent")

    def repair() -> None:
        for path in paths:
            vehicle.fail(path, None)

    return repair


def vehicle_restarted(drive: Drive) -> None:
    """The vehicle leaves the bus in good order and comes back."""
    drive.restart()


def vehicle_rebooted(drive: Drive) -> None:
    """The vehicle comes back as another process."""
    drive.reboot()


def vehicle_clock_stepped(drive: Drive) -> End:
    """Until it is set right again."""
    return _step(drive, drive.vehicle_wall)


def assistant_clock_stepped(drive: Drive) -> End:
    """Until it is set right again."""
    return _step(drive, drive.bus_wall)


def _step(drive: Drive, wall: Wall) -> End:
    wall.offset = drive.rng.choice((1, -1)) * drive.rng.choice((0.5, 1.5, 3.0, 60.0, 3600.0, 30_000.0))

    def set_right() -> None:
        wall.offset = 0.0

    return set_right


def moved_by_hand(drive: Drive) -> None:
    """Somebody moves things without the assistant, and sensors change."""
    for _ in range(6):
        drive.vehicle.set(*drive.chatter.somewhere())


def driving_off(drive: Drive) -> End:
    """Much is forbidden until the car is parked again."""
    drive.vehicle.set("Vehicle.Speed", 60.0)
    drive.vehicle.set("Vehicle.Powertrain.Transmission.SelectedGear", 127)

    def park() -> None:
        for path, value in PARKED.items():
            drive.vehicle.set(path, value)

    return park


# --- strangers -------------------------------------------------------------------------------------------------


def nonsense(drive: Drive) -> None:
    """A third client publishes what can't be read, and what is far too large."""
    topics, path = drive.vehicle.topics, drive.chatter.command().path
    places = (topics.set(path), topics.state(path), topics.set("Unheard.Of"), topics.ack(drive.bus.client_id))
    for _ in range(4):
        drive.shout(drive.rng.choice(places), drive.rng.choice((*_NONSENSE, _MUCH_TOO_LARGE)))


def nonsense_availability(drive: Drive) -> None:
    """A third client publishes what is neither online nor offline."""
    # Nothing empty: rumqttd forgets the retained `online` then, which MQTT allows for retained messages only.
    drive.shout(drive.vehicle.topics.availability, drive.rng.choice([some for some in _NONSENSE if some]))


def left_retained(drive: Drive) -> None:
    """A set request stays behind at the broker, void or still valid, and the vehicle comes back to it."""
    command, now = drive.chatter.command(), drive.vehicle_wall()
    life = timedelta(seconds=drive.rng.choice((-5.0, 1.0, 30.0)))
    request = SetRequest(secrets.token_hex(8), command.value, now, now + life, "driver", "stranger")
    drive.shout(drive.vehicle.topics.set(command.path), encode_request(request), retain=True)
    drive.to_vehicle.cut()


def sent_again(drive: Drive) -> None:
    """Set requests that this process of the vehicle has seen, just now or long ago, come again."""
    _send_again(drive, list(drive.vehicle.requests.items()))


def sent_again_after_reboot(drive: Drive) -> None:
    """Set requests come again to a vehicle that has forgotten them, at once."""
    drive.reboot()
    drive.reconnect(3.0)
    _send_again(drive, list(drive.old_requests.items()))


def _send_again(drive: Drive, seen: list[tuple[str, bytes]]) -> None:
    for topic, payload in (*drive.rng.sample(seen, min(4, len(seen))), *seen[-4:]):
        drive.shout(topic, payload)


DISTURBANCES: Mapping[str, Callable[[Drive], End | None]] = {
    one.__name__: one
    for one in (
        broker_killed,
        assistant_partitioned,
        vehicle_partitioned,
        assistant_lost,
        vehicle_lost,
        assistant_cut,
        vehicle_cut,
        half_cut,
        repeated,
        repeated_late,
        late,
        reordered,
        dropped,
        state_dropped,
        state_reordered,
        actuators_faulty,
        vehicle_silent,
        vehicle_restarted,
        vehicle_rebooted,
        vehicle_clock_stepped,
        assistant_clock_stepped,
        moved_by_hand,
        driving_off,
        nonsense,
        nonsense_availability,
        left_retained,
        sent_again,
        sent_again_after_reboot,
    )
}

SLOW: frozenset[str] = frozenset({"assistant_lost", "vehicle_lost"})
"""What takes seconds of real time, and so happens seldom."""

BEYOND: frozenset[str] = frozenset({"state_dropped", "state_reordered"})
"""What MQTT rules out on a connection, and the contract relies on."""
