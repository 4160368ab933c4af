"""Whole turns in text: real understanding, real broker, simulated car, spoken sentences."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.config import Settings
from cockpit_assistant.events import (
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Failure,
    Fault,
    Record,
    Reply,
    Value,
)
from cockpit_assistant.replay.runner import Rig, rig

pytestmark = pytest.mark.broker

PASSENGER_WINDOW = "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position"
TAILGATE = "Vehicle.Body.Trunk.Rear.Position"
DRIVER_TEMPERATURE = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature"


class Drive:
    """A rig, and what it made its observers see."""

    def __init__(self, rig: Rig, records: list[Record]) -> None:
        self.rig = rig
        self.records = records

    def say(self, text: str, seat: str = "driver") -> str:
        """One turn; returns everything the assistant said in it."""
        self.records.clear()
        self.rig.read(text, seat)
        return " ".join(record.event.text for record in self.records if isinstance(record.event, Reply))

    def value(self, path: str) -> Value | None:
        """What the car itself holds to be true, once nothing moves any more."""
        until = self.rig.clock.now() + 1.0
        self.rig.clock.advance_to(until)
        self.rig.car.vehicle.advance(until)
        return self.rig.car.vehicle.state.value(path)

    def events(self, kind: type) -> list[object]:
        return [record.event for record in self.records if isinstance(record.event, kind)]


@pytest.fixture
def drive(project: Project, settings: Settings) -> Iterator[Drive]:
    records: list[Record] = []
    with rig(project, settings, observers=(records.append,)) as session:
        yield Drive(session, records)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("打开副驾车窗", PASSENGER_WINDOW, 100),
        ("副驾车窗开一半", PASSENGER_WINDOW, 50),
        ("温度调到二十六度", DRIVER_TEMPERATURE, 26.0),
        ("有点冷", DRIVER_TEMPERATURE, 24.0),
        ("导航到首都机场", "Vehicle.Private.Infotainment.Navigation.Destination", "首都机场"),
        ("打开后备箱", TAILGATE, 100),
        ("open the passenger window", PASSENGER_WINDOW, 100),
        ("set the temperature to twenty two degrees", DRIVER_TEMPERATURE, 22.0),
        ("I'm cold", DRIVER_TEMPERATURE, 24.0),
        ("turn on the wipers", "Vehicle.Body.Windshield.Front.Wiping.Mode", "MEDIUM"),
        ("volume up", "Vehicle.Cabin.Infotainment.Media.Volume", 40),
    ],
)
def test_the_car_does_what_was_said_and_the_assistant_says_so(
    drive: Drive, text: str, path: str, value: Value
) -> None:
    said = drive.say(text)
    assert drive.value(path) == value
    assert said
    assert drive.events(CommandConfirmed)


def test_two_commands_in_one_sentence(drive: Drive) -> None:
    drive.say("打开空调，然后把副驾车窗打开")
    assert drive.value("Vehicle.Cabin.HVAC.IsAirConditioningActive") is True
    assert drive.value(PASSENGER_WINDOW) == 100


def test_a_passenger_means_the_passengers_own_window(drive: Drive) -> None:
    drive.say("开窗", seat="passenger")
    assert drive.value(PASSENGER_WINDOW) == 100


def test_nothing_dangerous_while_moving(drive: Drive) -> None:
    drive.rig.arrange({"Vehicle.Speed": 60.0})
    said = drive.say("打开后备箱")
    assert said
    assert drive.events(CommandSent) == []
    assert drive.value(TAILGATE) == 0


def test_chat_moves_nothing(drive: Drive) -> None:
    before = dict(drive.rig.car.vehicle.state.items())
    assert drive.say("给我讲个笑话吧")
    assert drive.events(CommandSent) == []
    assert dict(drive.rig.car.vehicle.state.items()) == before


def test_undo_restores_what_the_car_showed_before(drive: Drive) -> None:
    drive.say("温度调到二十六度")
    assert drive.say("撤销")
    assert drive.value(DRIVER_TEMPERATURE) == 23.0


def test_a_stalled_actuator_is_told_and_not_claimed(drive: Drive) -> None:
    drive.rig.car.vehicle.fail(PASSENGER_WINDOW, "stall")
    said = drive.say("open the passenger window")
    (failed,) = drive.events(CommandFailed)
    assert isinstance(failed, CommandFailed)
    assert failed.failure is Failure.NOT_REACHED
    assert drive.events(CommandConfirmed) == []
    assert "passenger window" in said


def test_a_silent_vehicle_is_told(drive: Drive) -> None:
    drive.rig.car.vehicle.fail(PASSENGER_WINDOW, "silent")
    assert drive.say("打开副驾车窗")
    (failed,) = drive.events(CommandFailed)
    assert isinstance(failed, CommandFailed)
    assert failed.failure is Failure.NO_ANSWER


def test_a_rejection_is_told(drive: Drive) -> None:
    drive.rig.car.vehicle.fail(PASSENGER_WINDOW, "reject")
    assert drive.say("打开副驾车窗")
    (failed,) = drive.events(CommandFailed)
    assert isinstance(failed, CommandFailed)
    assert failed.failure is Failure.REJECTED


def test_with_the_broker_gone_the_driver_is_told_at_once_and_nothing_is_queued(drive: Drive) -> None:
    drive.rig.car.broker.stop()
    while drive.rig.bus.linked:
        drive.rig.assistant.attend(wait=0.05)
    drive.rig.assistant.attend()
    assert any(isinstance(fault, Fault) for fault in drive.events(Fault))
    said = drive.say("打开副驾车窗")
    (failed,) = drive.events(CommandFailed)
    assert isinstance(failed, CommandFailed)
    assert failed.failure is Failure.OFFLINE
    assert said
