"""Drives over a bad network, and what they are judged by."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.clock import StreamClock
from cockpit_assistant.events import Clause, Command, Entity, Understanding, Value

from .drive import LIGHT, MOSQUITTO, Broker, Drive, Mosquitto, chaotic_drive, embedded
from .ledger import (
    TAKEN_BACK,
    TWINS,
    Acted,
    Answered,
    Calm,
    Crashed,
    Decided,
    Delivered,
    Ended,
    Entry,
    Sent,
    Shown,
    Told,
    Unsent,
    violations,
)
from .network import FINE, Proxy, Way, Weather, read_publish, split

WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"

BROKERS = [
    pytest.param(embedded, id="embedded"),
    pytest.param(Mosquitto, id="mosquitto", marks=pytest.mark.skipif(not MOSQUITTO, reason="needs mosquitto")),
]


# --- drives ----------------------------------------------------------------------------------------------------


@pytest.mark.broker
@pytest.mark.parametrize("make", BROKERS)
def test_a_chaotic_drive_breaks_no_rule(project: Project, make: Callable[[], Broker]) -> None:
    result = chaotic_drive(project, make(), commands=200, seed=7)
    assert result.violations == []
    assert result.tally.commands >= 200
    assert result.tally.outcomes["confirmed"] > 30, "a drive on which nothing works shows nothing"
    assert result.tally.delivered_again > 5
    assert len(result.disturbances) > 15


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("make", BROKERS)
def test_a_long_chaotic_drive_breaks_no_rule(project: Project, make: Callable[[], Broker]) -> None:
    result = chaotic_drive(project, make(), commands=2000, seed=1, slow=True)
    assert result.violations == []
    assert result.tally.commands >= 2000
    assert result.tally.outcomes.keys() >= {
        "confirmed", "rejected", "expired", "no_answer", "not_reached", "offline", "offline, unsent"
    }  # fmt: skip


# --- the rules notice ------------------------------------------------------------------------------------------

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
KEY = ("assistant-1", "r1")
DELIVERED = Delivered(KEY, retained=False, life=1)
ACTED = Acted(KEY, WINDOW, False, NOON, NOON + timedelta(seconds=2), 10.0, life=1)
ANSWERED = Answered("r1", "accepted", life=1)
CONFIRMED, DONE = Ended("r1", "confirmed"), Told(1, 0, "done", "The window is open.")
OPENED = Shown(WINDOW, 100)
GOOD: list[Entry] = [
    Shown(WINDOW, 0),
    Decided(1, (1,)),
    Sent("r1", WINDOW, 100, begun=1, at=10.0, errand=1),
    DELIVERED,
    ANSWERED,
    ACTED,
    OPENED,
    CONFIRMED,
    DONE,
    Calm(settled=True, online=True, obeyed=True),
]


def forged(old: Entry, *new: Entry) -> list[Entry]:
    """The good drive with something else in place of one entry."""
    at = GOOD.index(old)
    return [*GOOD[:at], *new, *GOOD[at + 1 :]]


def reaches(_path: str, target: Value, value: Value | None) -> bool:
    return target == value


def test_a_good_drive_breaks_no_rule() -> None:
    assert violations(GOOD, reaches) == []


@pytest.mark.parametrize(
    ("entries", "rules"),
    [
        (forged(ACTED, ACTED, ACTED), {"acts twice"}),
        (forged(ACTED, ACTED, replace(ACTED, life=2)), {"acts twice"}),
        (forged(ACTED, replace(ACTED, wall=ACTED.expires)), {"acts after expiry"}),
        (forged(ACTED, replace(ACTED, retained=True)), {"acts on a retained request"}),
        (forged(ANSWERED, ANSWERED, replace(ANSWERED, status="rejected")), {"another answer"}),
        (forged(ANSWERED, replace(ANSWERED, status="rejected"), ANSWERED), {TAKEN_BACK}),
        (forged(ANSWERED, ANSWERED, replace(ANSWERED, life=2)), {"another answer"}),
        (forged(CONFIRMED), {"not one outcome", "told wrongly"}),
        (forged(CONFIRMED, CONFIRMED, Ended("r1", "no_answer")), {"not one outcome", "told wrongly"}),
        (forged(CONFIRMED, Ended("r1", "no_answer")), {"told wrongly"}),
        (forged(CONFIRMED, CONFIRMED, Ended("r2", "confirmed")), {"outcome of nothing"}),
        (forged(DONE), {"not told once"}),
        (forged(DONE, DONE, DONE), {"not told once"}),
        (forged(DONE, replace(DONE, words="")), {"told without words"}),
        (forged(DONE, replace(DONE, what="failed")), {"told wrongly"}),
        (forged(DONE, replace(DONE, what="nothing")), {"told wrongly"}),
        (forged(OPENED), {"confirmed without state", "success told without state"}),
        (forged(OPENED, Shown(WINDOW, 50)), {"confirmed without state", "success told without state"}),
        (forged(DELIVERED, DELIVERED, Unsent("r2"), Delivered((KEY[0], "r2"), False, 1)), {"queued while offline"}),
        ([*GOOD, Calm(settled=False, online=True, obeyed=True)], {"no recovery"}),
        ([*GOOD, Crashed("thread")], {"crash"}),
    ],
)
def test_the_rules_notice_a_bad_drive(entries: list[Entry], rules: set[str]) -> None:
    assert {violation.rule for violation in violations(entries, reaches)} == rules


def test_what_was_true_only_before_the_command_is_no_success() -> None:
    sent = next(entry for entry in GOOD if isinstance(entry, Sent))
    entries: list[Entry] = [OPENED, *GOOD]
    entries.remove(sent)
    entries.insert(3, replace(sent, begun=2))
    entries = [entry for place, entry in enumerate(entries) if entry != OPENED or place == 0]
    assert {found.rule for found in violations(entries, reaches)} == {
        "confirmed without state",
        "success told without state",
    }


def test_a_mix_up_of_two_requests_for_the_same_is_told_apart() -> None:
    second: list[Entry] = [Decided(2, (1,)), Sent("r2", WINDOW, 100, begun=4, at=10.0, errand=2)]
    lost: list[Entry] = [Ended("r2", "no_answer"), Told(2, 0, "done", "The window is open.")]
    at = GOOD.index(DELIVERED)
    assert {found.rule for found in violations([*GOOD[:at], *second, *GOOD[at:], *lost], reaches)} == {TWINS}
    assert {found.rule for found in violations([*GOOD, *second, *lost], reaches)} == {"told wrongly"}


# --- the network -----------------------------------------------------------------------------------------------

PACKET = bytes([0x3A, 14]) + b"\x00\x05a/b/s" + b"\x12\x34" + b"\x00" + b"open"  # DUP, QoS 1, MQTT 5, no properties


def test_packets_are_put_together_whatever_pieces_they_come_in() -> None:
    buffer, whole = bytearray(), []
    for byte in PACKET + b"\xc0\x00" + PACKET:
        buffer.append(byte)
        whole += split(buffer)
    assert whole == [PACKET, b"\xc0\x00", PACKET]


def test_a_publish_becomes_one_that_nobody_acknowledges() -> None:
    publish = read_publish(PACKET)
    assert publish is not None
    assert (publish.topic, publish.kind, publish.qos, publish.receipt) == ("a/b/s", "s", 1, b"\x40\x02\x12\x34")
    assert publish.bare == bytes([0x30, 12]) + b"\x00\x05a/b/s" + b"\x00" + b"open"
    assert read_publish(b"\xc0\x00") is None


# --- found on such drives ---------------------------------------------------------------------------------------


@contextmanager
def driving(project: Project, *, seed: int = 1) -> Iterator[Drive]:
    """A drive in fine weather."""
    broker: Broker = embedded()
    broker.start()
    drive = Drive(project, broker, seed)
    try:
        drive.start()
        yield drive
    finally:
        drive.close()
        broker.stop()


def rules_broken(drive: Drive) -> set[str]:
    return {violation.rule for violation in violations(drive.ledger.entries, drive.reaches)}


@pytest.mark.broker
def test_of_two_errands_for_the_same_each_is_told_its_own_outcome(project: Project) -> None:
    volume = Entity("volume", 30, 0, 0, "30")
    louder = Understanding("volume 30", "en", "driver", (Clause("volume 30", "set_volume", 1.0, (volume,)),))
    with driving(project) as drive:
        drive.to_vehicle.weather = Weather(frozenset({"set"}), drop=1.0)
        drive.say(louder)
        drive.pass_time(0.5)
        drive.to_vehicle.weather = FINE
        drive.say(louder)  # nothing has happened, so it is said again
        drive.pass_time(3.0)
        ends = [entry.outcome for entry in drive.ledger.entries if isinstance(entry, Ended)][-2:]
        if ends != ["confirmed", "no_answer"]:
            pytest.fail(f"this was to be about something else: {ends}")
        assert TWINS not in rules_broken(drive)


@pytest.mark.broker
def test_a_state_that_was_on_its_way_before_the_command_confirms_nothing(project: Project) -> None:
    with driving(project) as drive:
        drive.vehicle.fail(WINDOW, "stall")
        drive.to_assistant.block(frozenset({Way.DOWN}))  # no more than latency: everything arrives, in order
        drive.vehicle.set(WINDOW, 100)
        drive.vehicle.set(WINDOW, 0)
        drive.command(Command(WINDOW, 100))
        drive.pass_time(0.1)
        drive.to_assistant.unblock(losing=False)
        drive.pass_time(0.1)
        assert "confirmed without state" not in rules_broken(drive)


@pytest.mark.broker
def test_a_request_that_comes_again_after_the_vehicle_has_rebooted_does_not_act_again(project: Project) -> None:
    with driving(project) as drive:
        drive.command(Command(LIGHT, True))
        drive.pass_time(0.1)
        drive.reboot()
        drive.reconnect()
        for topic, payload in drive.old_requests.items():
            drive.shout(topic, payload)
        drive.pass_time(0.1)
        assert "acts twice" not in rules_broken(drive)


@pytest.mark.broker
def test_a_request_that_a_faulty_actuator_has_refused_is_refused_again(project: Project) -> None:
    with driving(project) as drive:
        drive.vehicle.fail(LIGHT, "reject")
        drive.command(Command(LIGHT, True))
        drive.pass_time(0.1)
        for topic, payload in list(drive.vehicle.requests.items()):
            drive.shout(topic, payload)
        drive.pass_time(0.1)
        assert TAKEN_BACK not in rules_broken(drive)


@pytest.mark.broker
def test_nonsense_on_the_availability_topic_does_not_take_the_vehicle_away(project: Project) -> None:
    with driving(project) as drive:
        drive.shout(drive.vehicle.topics.availability, b"perhaps")
        drive.pass_time(0.1)
        assert drive.bus.online


def test_a_proxy_with_no_broker_behind_it_turns_clients_away() -> None:
    proxy = Proxy(1, StreamClock(), random.Random(1))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        assert client.recv(1) == b""
    proxy.close()
