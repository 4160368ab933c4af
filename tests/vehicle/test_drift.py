from __future__ import annotations

import pytest

from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.drift import Drifts
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.state import VehicleState

CABIN = "Vehicle.Cabin.HVAC.AmbientAirTemperature"
RANGE = "Vehicle.Powertrain.Range"


@pytest.fixture
def model() -> VehicleModel:
    return VehicleModel.load(shipped("nlu_data"))


def _after(model: VehicleModel, state: VehicleState, seconds: int) -> VehicleState:
    drifts = Drifts(model, state, 0.0)
    for second in range(1, seconds + 1):
        for path, value in drifts.advance(float(second)):
            state.put(path, value, float(second))
    return state


def _cabin_after_ten_minutes(model: VehicleModel, *, climate: bool) -> float:
    state = model.initial_state()
    for path in model.signals["climate"].paths:
        state.put(path, climate, 0.0)
    for path in model.signals["temperature"].paths:
        state.put(path, 28.0, 0.0)
    value = _after(model, state, 600).value(CABIN)
    assert isinstance(value, float)
    return value


def test_the_cabin_warms_up_to_what_is_set_and_cools_down_to_the_weather(model: VehicleModel) -> None:
    assert 27.0 < _cabin_after_ten_minutes(model, climate=True) <= 28.0
    assert 18.0 <= _cabin_after_ten_minutes(model, climate=False) < 20.0


def test_driving_uses_up_the_range(model: VehicleModel) -> None:
    state = model.initial_state()
    before = state.value(RANGE)
    state.put("Vehicle.Speed", 72.0, 0.0)
    after = _after(model, state, 100).value(RANGE)
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert before - after == pytest.approx(2000, abs=5)


def test_a_reading_that_is_put_elsewhere_drifts_on_from_there(model: VehicleModel) -> None:
    state = model.initial_state()
    drifts = Drifts(model, state, 0.0)
    list(drifts.advance(5.0))
    state.put(CABIN, 40.0, 5.0)
    moved = dict(drifts.advance(6.0))
    assert 39.0 < float(moved.get(CABIN, 40.0)) <= 40.0


def test_nothing_drifts_below_its_range(model: VehicleModel) -> None:
    state = model.initial_state()
    state.put(RANGE, 10, 0.0)
    state.put("Vehicle.Speed", 100.0, 0.0)
    assert _after(model, state, 10).value(RANGE) == 0
