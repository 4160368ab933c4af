from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road import Road

from cockpit_assistant.events import Value
from cockpit_assistant.vehicle.journey import REPORT_EVERY, Journey, Waypoint, missteps
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.state import VehicleState

SPEED = "Vehicle.Speed"
IS_MOVING = "Vehicle.IsMoving"
GEAR = "Vehicle.Powertrain.Transmission.SelectedGear"
LIGHT = "Vehicle.Exterior.LightIntensity"
RAIN = "Vehicle.Body.Raindetection.Intensity"
RANGE = "Vehicle.Powertrain.Range"
BELT = "Vehicle.Cabin.Seat.Row1.PassengerSide.IsBelted"
OCCUPANCY = "Vehicle.Cabin.Seat.Row1.PassengerSide.OccupancyStatus"
WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"


def journey(*waypoints: dict[str, Value]) -> list[Waypoint]:
    return [Waypoint.model_validate(waypoint) for waypoint in waypoints]


OFF_WE_GO = journey(
    {"at": 2, BELT: True, OCCUPANCY: "OCCUPIED"},
    {"at": 4, GEAR: 127, SPEED: 0},
    {"at": 14, SPEED: 50, RAIN: 3},
    {"at": 20, GEAR: -1, SPEED: 50},
)


def after(
    model: VehicleModel, waypoints: list[Waypoint], seconds: float, step: float = 0.02, begins: float = 100.0
) -> VehicleState:
    """The state of a car that sets out at `begins`, so many seconds later."""
    state = model.initial_state(begins)
    here = Journey(waypoints, model, state, begins)
    for number in range(1, round(seconds / step) + 1):
        now = begins + number * step
        for path, value in here.advance(now):
            state.put(path, value, now)
    return state


@pytest.mark.parametrize(("seconds", "speed"), [(1, 0.0), (4, 0.0), (9, 25.0), (14, 50.0), (17, 50.0), (30, 50.0)])
def test_a_number_glides_from_one_waypoint_to_the_next(model: VehicleModel, seconds: float, speed: float) -> None:
    assert after(model, OFF_WE_GO, seconds).value(SPEED) == pytest.approx(speed)


def test_before_its_first_waypoint_a_number_glides_from_where_it_was(model: VehicleModel) -> None:
    assert after(model, journey({"at": 10, LIGHT: 0}), 5).value(LIGHT) == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("seconds", "belted", "seat", "gear"),
    [
        (1.98, False, "EMPTY", 126),
        (2, True, "OCCUPIED", 126),
        (4, True, "OCCUPIED", 127),
        (19.9, True, "OCCUPIED", 127),
        (20, True, "OCCUPIED", -1),
    ],
)
def test_words_truths_and_gears_switch_at_their_waypoint(
    model: VehicleModel, seconds: float, belted: bool, seat: str, gear: int
) -> None:
    state = after(model, OFF_WE_GO, seconds)
    assert (state.value(BELT), state.value(OCCUPANCY), state.value(GEAR)) == (belted, seat, gear)


def test_values_keep_to_the_signals_grid_and_type(model: VehicleModel) -> None:
    rain = after(model, OFF_WE_GO, 9).value(RAIN)
    assert rain == 2
    assert isinstance(rain, int)


def test_what_glides_is_reported_once_a_second_and_when_it_arrives(model: VehicleModel) -> None:
    state = model.initial_state()
    here = Journey(journey({"at": 4.5, SPEED: 45}), model, state, 0.0)
    reported = []
    for frame in range(1, 500):
        for path, value in here.advance(frame * 0.02):
            state.put(path, value, 0.0)
            reported.append((round(frame * 0.02, 2), value))
    assert [when for when, _ in reported] == [REPORT_EVERY, 2.0, 3.0, 4.0, 4.5]
    assert [value for _, value in reported] == pytest.approx([10, 20, 30, 40, 45])


@given(step=st.sampled_from([0.02, 0.1, 0.5, 0.7, 3.0, 21.0]))
def test_the_journey_ends_the_same_whatever_the_steps(model: VehicleModel, step: float) -> None:
    state = after(model, OFF_WE_GO, 21.0, step)
    assert {path: state.value(path) for path in (SPEED, GEAR, RAIN, BELT)} == {
        SPEED: 50.0, GEAR: -1, RAIN: 3, BELT: True,
    }  # fmt: skip


def test_a_sensor_is_free_again_after_its_last_waypoint(model: VehicleModel) -> None:
    state = model.initial_state()
    here = Journey(OFF_WE_GO, model, state, 0.0)
    assert here.leads(BELT)
    assert not here.leads(LIGHT)
    list(here.advance(15.0))
    assert not here.leads(BELT)
    assert here.leads(SPEED)
    state.put(BELT, False, 16.0)
    assert BELT not in dict(here.advance(30.0))


@pytest.mark.parametrize(
    ("waypoints", "number", "wrong"),
    [
        ([{"at": 1, WINDOW: 100}], 0, "an actuator: a journey moves sensors only"),
        ([{"at": 1, "Vehicle.Warp": 9}], 0, "Vehicle.Warp: this car has no such signal"),
        ([{"at": 1, SPEED: 10}, {"at": 2, SPEED: "fast"}], 1, "'fast' is not a number"),
        ([{"at": 1, LIGHT: 101}], 0, "outside 0..100"),
        ([{"at": 1, IS_MOVING: True}], 0, "follows speed by itself"),
        ([{"at": 5, SPEED: 10}, {"at": 3, GEAR: 127}], 1, "3 s doesn't come after the 5 s before it"),
        ([{"at": 5, SPEED: 10}, {"at": 5, SPEED: 0}], 1, "5 s doesn't come after the 5 s before it"),
    ],
)
def test_what_no_car_can_follow_is_told(
    model: VehicleModel, waypoints: list[dict[str, Value]], number: int, wrong: str
) -> None:
    (told,) = missteps(journey(*waypoints), model)
    assert told[0] == number
    assert wrong in told[1]
    with pytest.raises(ValueError, match=rf"journey\.{number}: "):
        Journey(journey(*waypoints), model, VehicleState(), 0.0)


def test_no_actuator_of_the_car_can_stand_in_a_journey(model: VehicleModel) -> None:
    """Or it would be a way past the safety gate."""
    for signal in model.signals.values():
        for path in signal.paths:
            value = signal.initial_at(next(iter(signal.paths[path]), None))
            assert value is not None
            wrong = list(missteps(journey({"at": 1, path: value}), model))
            assert bool(wrong) == (signal.kind == "actuator" or bool(signal.follows)), path


@pytest.mark.broker
def test_the_car_tells_the_bus_how_it_goes_on(road: Road) -> None:
    road.vehicle.set_out(OFF_WE_GO)
    road.drive(9.0)
    assert road.bus.state.value(SPEED) == pytest.approx(25.0)
    assert road.bus.state.value(IS_MOVING) is True
    assert road.bus.state.value(GEAR) == 127
    assert road.bus.state.value(BELT) is True


@pytest.mark.broker
def test_a_reading_on_its_journey_does_not_drift(road: Road) -> None:
    road.vehicle.set(SPEED, 100.0)
    road.vehicle.set_out(journey({"at": 0, RANGE: 300_000}, {"at": 10, RANGE: 200_000}))
    road.drive(5.0)
    assert road.bus.state.value(RANGE) == pytest.approx(250_000, abs=1)
    road.drive(6.0)
    driven = 200_000 - int(road.bus.state.value(RANGE) or 0)
    assert 0 <= driven <= 100, "and drifts on when it has arrived"


@pytest.mark.broker
def test_a_new_journey_ends_the_one_under_way(road: Road) -> None:
    road.vehicle.set_out(OFF_WE_GO)
    road.drive(9.0)
    road.vehicle.set_out(journey({"at": 5, SPEED: 0}))
    road.drive(20.0)
    assert road.bus.state.value(SPEED) == 0.0
    assert road.bus.state.value(GEAR) == 127


@pytest.mark.broker
def test_a_car_does_not_set_out_for_where_it_can_not_go(road: Road) -> None:
    with pytest.raises(ValueError, match="actuator"):
        road.vehicle.set_out(journey({"at": 1, WINDOW: 100}))
