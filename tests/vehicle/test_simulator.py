from __future__ import annotations

import threading

import pytest
from road import Road

from cockpit_assistant.clock import StreamClock, SystemClock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.events import Command, CommandConfirmed, CommandFailed, Value
from cockpit_assistant.vehicle.bus import VehicleBus
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import Mishap, SimulatedVehicle, settle

pytestmark = pytest.mark.broker

WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
MEDIA = "Vehicle.Cabin.Infotainment.Media.Action"


def test_a_window_moves_at_its_rate_whatever_the_steps(road: Road) -> None:
    road.bus.send(Command(WINDOW, 100))
    road.settle()
    road.clock.advance_to(2.0)
    road.vehicle.advance(2.0)
    assert road.vehicle.state.value(WINDOW) == 50
    road.clock.advance_to(60.0)
    road.vehicle.advance(60.0)
    assert road.vehicle.state.value(WINDOW) == 100


def test_the_same_drive_twice_is_the_same_to_the_frame(
    settings: BusSettings, model: VehicleModel, safety: Safety
) -> None:
    logs = []
    for name in ("first", "second"):
        here = settings.model_copy(update={"vehicle": f"{settings.vehicle}-{name}"})
        clock = StreamClock()
        vehicle, bus = SimulatedVehicle(here, model, safety, clock), VehicleBus(here, model, clock)
        vehicle.start()
        bus.connect()
        road = Road(bus, vehicle, clock)
        road.settle()
        log: list[object] = []
        for command in (Command(WINDOW, 40), Command(MEDIA, "PLAY"), Command(WINDOW, 10)):
            road.bus.send(command)
            for _ in range(40):
                log += [type(outcome).__name__ for outcome in road.drive(0.02)]
                log.append((round(clock.now(), 2), road.bus.state.value(WINDOW)))
        logs.append(log)
        bus.close()
        vehicle.stop()
    assert logs[0] == logs[1]


@pytest.mark.parametrize(("mishap", "ends_at"), [("stall", 50), ("pinch", 100), ("fuse", 100), ("reject", 100)])
def test_a_window_that_meets_something_is_not_claimed_closed(road: Road, mishap: Mishap, ends_at: int) -> None:
    road.vehicle.set(WINDOW, 100)
    road.settle()
    road.vehicle.fail(WINDOW, mishap)
    outcome = road.outcome_of(Command(WINDOW, 0))
    assert isinstance(outcome, CommandFailed)
    road.drive(3.0)
    assert road.vehicle.state.value(WINDOW) == ends_at


def test_moving_follows_the_speed(road: Road) -> None:
    road.vehicle.set("Vehicle.Speed", 30.0)
    road.settle()
    assert road.bus.state.value("Vehicle.IsMoving") is True
    road.vehicle.set("Vehicle.Speed", 0.0)
    road.settle()
    assert road.bus.state.value("Vehicle.IsMoving") is False


@pytest.mark.parametrize(
    ("command", "consequences"),
    [
        (
            Command("Vehicle.Private.Infotainment.Navigation.Destination", "首都机场"),
            {"Vehicle.Private.Infotainment.Navigation.IsGuidanceActive": True},
        ),
        (
            Command("Vehicle.Private.Infotainment.Phone.Callee", "Emma"),
            {"Vehicle.Private.Infotainment.Phone.CallState": "ACTIVE"},
        ),
        (
            Command("Vehicle.Cabin.HVAC.IsAirConditioningActive", True),
            {"Vehicle.Private.Cabin.HVAC.Station.Row2.Driver.IsOn": True},
        ),
        (
            Command("Vehicle.Cabin.Infotainment.Media.Volume", 40),
            {"Vehicle.Private.Infotainment.Media.IsMuted": False},
        ),
    ],
)
def test_what_goes_together_moves_together(road: Road, command: Command, consequences: dict[str, Value]) -> None:
    for path, value in consequences.items():
        if isinstance(value, bool):
            road.vehicle.set(path, not value)
    assert isinstance(road.outcome_of(command), CommandConfirmed)
    assert {path: road.bus.state.value(path) for path in consequences} == consequences


def test_cancelling_navigation_forgets_the_destination(road: Road) -> None:
    destination = "Vehicle.Private.Infotainment.Navigation.Destination"
    road.outcome_of(Command(destination, "Airport"))
    road.outcome_of(Command("Vehicle.Private.Infotainment.Navigation.IsGuidanceActive", False))
    assert road.bus.state.value(destination) == ""


@pytest.mark.parametrize(
    ("path", "value"), [("Vehicle.Speed", "fast"), ("Vehicle.Warp", 9), ("Vehicle.Speed", float("nan"))]
)
def test_a_scenario_cannot_set_what_does_not_fit(road: Road, path: str, value: Value) -> None:
    with pytest.raises(ValueError, match="Vehicle"):
        road.vehicle.set(path, value)


def test_live_the_car_moves_by_itself(settings: BusSettings, model: VehicleModel, safety: Safety) -> None:
    clock = SystemClock()
    vehicle, bus = SimulatedVehicle(settings, model, safety, clock), VehicleBus(settings, model, clock)
    vehicle.start()
    driver = threading.Thread(target=vehicle.run)
    driver.start()
    bus.connect()
    assert settle(bus, vehicle, timeout=5)
    bus.send(Command(WINDOW, 5))
    assert [type(outcome) for outcome in bus.poll(timeout=10)] == [CommandConfirmed]
    bus.close()
    vehicle.stop()
    driver.join(timeout=5)
    assert not driver.is_alive()
