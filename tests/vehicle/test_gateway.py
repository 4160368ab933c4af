from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.events import Command, Value
from cockpit_assistant.vehicle.gateway import Gateway
from cockpit_assistant.vehicle.messages import MalformedError, SetRequest, encode_request
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.state import VehicleState

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
TAILGATE = "Vehicle.Body.Trunk.Rear.Position"


@pytest.fixture
def gateway(model: VehicleModel, safety: Safety) -> Gateway:
    return running(model, safety)


def running(model: VehicleModel, safety: Safety) -> Gateway:
    """A gateway that has been up for an hour."""
    uptime = itertools.chain([0.0], itertools.repeat(3600.0))
    return Gateway(model, safety, lambda: NOON, lambda: next(uptime))


def request(
    value: Value = 50, *, name: str = "r1", issued: float = -0.1, expires: float = 1.9, zone: str = "driver"
) -> bytes:
    times = [NOON + timedelta(seconds=seconds) for seconds in (issued, expires)]
    return encode_request(SetRequest(name, value, times[0], times[1], zone, "assistant-1"))


def test_a_good_request_is_accepted_with_its_command(gateway: Gateway, model: VehicleModel) -> None:
    admission = gateway.admit(WINDOW, request(), model.initial_state(), 0.0)
    assert (admission.ack.status, admission.source) == ("accepted", "assistant-1")
    assert admission.command == Command(WINDOW, 50)


def test_a_request_delivered_twice_gets_the_same_answer_and_acts_once(
    gateway: Gateway, model: VehicleModel
) -> None:
    first = gateway.admit(WINDOW, request(), model.initial_state(), 0.0)
    again = gateway.admit(WINDOW, request(), model.initial_state(), 0.0)
    assert again.ack == first.ack
    assert again.command is None


def test_a_refusal_delivered_twice_stays_a_refusal(gateway: Gateway, model: VehicleModel) -> None:
    state = model.initial_state()
    state.put("Vehicle.Speed", 50.0, 0.0)
    refused = gateway.admit(TAILGATE, request(100), state, 0.0)
    state.put("Vehicle.Speed", 0.0, 0.0)
    assert gateway.admit(TAILGATE, request(100), state, 0.0).ack == refused.ack
    assert refused.ack.reason == "utter_refuse_moving"


def test_what_was_issued_before_the_gateway_began_may_have_been_done_and_is_void(
    model: VehicleModel, safety: Safety
) -> None:
    uptime = itertools.chain([0.0], itertools.repeat(1.0))
    gateway = Gateway(model, safety, lambda: NOON, lambda: next(uptime))
    assert gateway.admit(WINDOW, request(issued=-1.5), model.initial_state(), 0.0).ack.status == "expired"


def test_what_a_broken_actuator_refuses_stays_refused(gateway: Gateway, model: VehicleModel) -> None:
    state = model.initial_state()
    broken = gateway.admit(WINDOW, request(), state, 0.0, fault="no power")
    assert (broken.ack.status, broken.ack.reason, broken.command) == ("rejected", "no power", None)
    assert gateway.admit(WINDOW, request(), state, 0.0).ack == broken.ack


@pytest.mark.parametrize(("expires", "status"), [(0.01, "accepted"), (0.0, "expired"), (-5.0, "expired")])
def test_a_request_is_void_from_its_expiry_on(
    gateway: Gateway, model: VehicleModel, expires: float, status: str
) -> None:
    payload = request(issued=-6.0, expires=expires)
    assert gateway.admit(WINDOW, payload, model.initial_state(), 0.0).ack.status == status


@pytest.mark.parametrize(("issued", "expires"), [(-1.0, 3600.0), (5.0, 7.0)])
def test_a_request_that_means_to_be_valid_later_is_rejected(
    gateway: Gateway, model: VehicleModel, issued: float, expires: float
) -> None:
    payload = request(issued=issued, expires=expires)
    assert gateway.admit(WINDOW, payload, model.initial_state(), 0.0).ack.status == "rejected"


@pytest.mark.parametrize("value", [101, -1, 50.5, True, "50", 10**30])
def test_a_value_that_does_not_fit_the_signal_is_rejected(
    gateway: Gateway, model: VehicleModel, value: Value
) -> None:
    admission = gateway.admit(WINDOW, request(value), model.initial_state(), 0.0)
    assert admission.ack.status == "rejected"
    assert admission.command is None


@pytest.mark.parametrize("path", ["Vehicle.Speed", "Vehicle.Cabin.Nothing", "", "Vehicle"])
def test_what_can_not_be_set_is_rejected(gateway: Gateway, model: VehicleModel, path: str) -> None:
    assert gateway.admit(path, request(0.0), model.initial_state(), 0.0).ack.status == "rejected"


def test_nobody_speaks_from_a_seat_the_car_does_not_have(gateway: Gateway, model: VehicleModel) -> None:
    assert gateway.admit(WINDOW, request(zone="boot"), model.initial_state(), 0.0).ack.status == "rejected"


def test_garbage_is_answered_by_nobody(gateway: Gateway, model: VehicleModel) -> None:
    with pytest.raises(MalformedError):
        gateway.admit(WINDOW, json.dumps({"value": 1}).encode(), model.initial_state(), 0.0)


def test_a_belted_passenger_is_not_laid_flat_on_the_move(gateway: Gateway, model: VehicleModel) -> None:
    seat = "Vehicle.Cabin.Seat.Row2.PassengerSide"
    state = model.initial_state()
    state.put(f"{seat}.IsBelted", True, 0.0)
    flat = gateway.admit(f"{seat}.Backrest.Recline", request(55.0, name="parked"), state, 0.0)
    assert flat.ack.status == "accepted"
    state.put("Vehicle.Speed", 50.0, 0.0)
    refused = gateway.admit(f"{seat}.Backrest.Recline", request(55.0, name="moving"), state, 0.0)
    assert (refused.ack.status, refused.ack.reason) == ("rejected", "utter_refuse_belted")
    assert refused.command is None


@given(data=st.data())
def test_what_safety_refuses_is_never_carried_out(model: VehicleModel, safety: Safety, data: st.DataObject) -> None:
    """Whatever is asked, from wherever, in whatever state of the car."""
    path = data.draw(st.sampled_from([*model.paths(), "Vehicle.ADAS.CruiseControl.IsEnabled"]))
    owner = model.signal_at(path)
    allowed = owner[1].allowed if owner else []
    value = data.draw(
        st.one_of(st.booleans(), st.integers(-200, 300), st.floats(-50, 50), st.sampled_from([*allowed, ""]))
    )
    seat = data.draw(st.sampled_from([*model.zones, "boot"]))
    state, now = VehicleState(), 10.0
    for watched in safety.watched:
        signal = model.signal_at(watched)
        assert signal is not None
        kinds = {"boolean": st.booleans(), "string": st.sampled_from(signal[1].allowed or [""])}
        numbers = st.integers(0, 100).map(float if signal[1].type in ("float", "double") else int)
        known = data.draw(st.one_of(st.none(), kinds.get(signal[1].type, numbers)))
        if known is not None:
            state.put(watched, known, data.draw(st.sampled_from([10.0, 5.0])))
    gateway = running(model, safety)
    admission = gateway.admit(path, request(value, zone=seat), state, now)
    if safety.judge(Command(path, value, seat=seat), state, now).kind == "refuse":
        assert admission.command is None
        assert admission.ack.status == "rejected"
