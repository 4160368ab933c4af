"""The assistant's bus and the simulated car on a real broker, moved by a clock that stands still in between."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import hypothesis
import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from road import Road

from cockpit_assistant.clock import StreamClock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.errors import BusError
from cockpit_assistant.events import Command, CommandConfirmed, CommandFailed, CommandSent, Failure, Fault, Value
from cockpit_assistant.vehicle.broker import EmbeddedBroker
from cockpit_assistant.vehicle.bus import VehicleBus
from cockpit_assistant.vehicle.messages import utc_now
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.requests import SUPERSEDED
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import SimulatedVehicle, settle

pytestmark = pytest.mark.broker

WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
TAILGATE = "Vehicle.Body.Trunk.Rear.Position"
SUNROOF = "Vehicle.Cabin.Sunroof.Switch"
LIGHT = "Vehicle.Cabin.Light.Spotlight.Row1.DriverSide.IsLightOn"
CONTROL = "Vehicle.Private.Infotainment.Media.Control"


def failure(outcome: object) -> tuple[Failure, str]:
    assert isinstance(outcome, CommandFailed)
    return outcome.failure, outcome.reason


def raw_client(settings: BusSettings) -> mqtt.Client:
    """Somebody else on the bus."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect(settings.host, settings.port)
    client.loop_start()
    return client


def shout(settings: BusSettings, topic: str, *payloads: bytes, retain: bool = False) -> None:
    """Publish as a stranger, and return when the broker has it."""
    client = raw_client(settings)
    for payload in payloads:
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


# --- the good end ----------------------------------------------------------------------------------------------


def test_the_cars_state_is_known_after_connecting(road: Road, model: VehicleModel) -> None:
    assert road.bus.online
    assert dict(road.bus.state.items()) == dict(model.initial_state().items())


def test_a_slow_actuator_confirms_only_when_the_car_shows_the_target(road: Road) -> None:
    sent = road.bus.send(Command(WINDOW, 100))
    assert isinstance(sent, CommandSent)
    assert road.settle() == []
    assert road.drive(3.0) == []
    assert 70 <= int(road.bus.state.value(WINDOW) or 0) <= 80
    assert road.drive(1.1) == [CommandConfirmed(sent.request_id, Command(WINDOW, 100), before=0)]
    assert road.bus.state.value(WINDOW) == 100


def test_a_switch_confirms_at_once(road: Road) -> None:
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)
    assert road.clock.now() == 0.0


def test_what_is_so_already_is_confirmed_once_the_car_has_accepted_it(road: Road) -> None:
    outcome = road.outcome_of(Command(WINDOW, 0))
    assert isinstance(outcome, CommandConfirmed)
    assert outcome.before == 0


def test_a_switch_is_confirmed_by_what_it_moves_and_falls_back(road: Road) -> None:
    outcome = road.outcome_of(Command(SUNROOF, "ONE_SHOT_OPEN"))
    assert isinstance(outcome, CommandConfirmed)
    assert outcome.before == "ONE_SHOT_CLOSE", "the value that would undo it"
    road.drive(0.2)
    assert road.bus.state.value("Vehicle.Cabin.Sunroof.Position") == 100
    assert road.bus.state.value(SUNROOF) == "INACTIVE"


def test_next_track_twice_is_two_commands(road: Road) -> None:
    for _ in range(2):
        assert isinstance(road.outcome_of(Command(CONTROL, "NEXT")), CommandConfirmed)
        assert road.bus.state.value("Vehicle.Cabin.Infotainment.Media.Action") == "PLAY"


def test_mqtt_3_1_1_serves_where_the_broker_knows_no_more(
    broker: EmbeddedBroker, settings: BusSettings, model: VehicleModel, safety: Safety
) -> None:
    old = settings.model_copy(update={"port": broker.port_v311})
    clock = StreamClock()
    vehicle, bus = SimulatedVehicle(old, model, safety, clock), VehicleBus(old, model, clock)
    vehicle.start()
    bus.connect()
    road = Road(bus, vehicle, clock)
    road.settle()
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)
    bus.close()
    vehicle.stop()


# --- the other ends --------------------------------------------------------------------------------------------


def test_a_command_the_cars_own_safety_forbids_is_rejected_with_the_reason(road: Road) -> None:
    road.vehicle.set("Vehicle.Speed", 50.0)
    outcome = road.outcome_of(Command(TAILGATE, 100))
    assert failure(outcome) == (Failure.REJECTED, "utter_refuse_moving")
    road.drive(2.0)
    assert road.vehicle.state.value(TAILGATE) == 0


def test_a_faulty_actuator_is_told(road: Road) -> None:
    road.vehicle.fail(LIGHT, "reject")
    assert failure(road.outcome_of(Command(LIGHT, True)))[0] is Failure.REJECTED
    road.vehicle.fail(LIGHT, None)
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)


def test_a_stuck_window_is_told_after_the_time_it_should_have_taken(road: Road) -> None:
    road.vehicle.fail(WINDOW, "stall")
    assert failure(road.outcome_of(Command(WINDOW, 100))) == (Failure.NOT_REACHED, "")
    assert 5.4 < road.clock.now() < 5.7, "100 % at 25 % a second, and 1.5 s more"
    assert road.bus.state.value(WINDOW) == 50


def test_a_stuck_sunroof_is_not_confirmed_by_its_switch(road: Road) -> None:
    road.vehicle.fail(SUNROOF, "stall")
    assert failure(road.outcome_of(Command(SUNROOF, "ONE_SHOT_OPEN")))[0] is Failure.NOT_REACHED


def test_a_silent_vehicle_is_told_when_the_request_expires(road: Road) -> None:
    road.vehicle.fail(LIGHT, "silent")
    assert failure(road.outcome_of(Command(LIGHT, True))) == (Failure.NO_ANSWER, "")
    assert 2.0 < road.clock.now() < 2.1


def test_a_request_that_comes_too_late_is_expired_and_does_nothing(
    settings: BusSettings, model: VehicleModel, safety: Safety
) -> None:
    clock = StreamClock()
    vehicle = SimulatedVehicle(settings, model, safety, clock, wall=lambda: utc_now() + timedelta(seconds=3))
    bus = VehicleBus(settings, model, clock, wall=lambda: utc_now() + timedelta(seconds=1))
    vehicle.start()
    bus.connect()
    road = Road(bus, vehicle, clock)
    road.settle()
    assert failure(road.outcome_of(Command(LIGHT, True))) == (Failure.EXPIRED, "")
    assert vehicle.state.value(LIGHT) is False
    bus.close()
    vehicle.stop()


def test_a_later_command_takes_the_place_of_an_earlier_one(road: Road) -> None:
    road.bus.send(Command(WINDOW, 100))
    road.drive(1.0)
    closing = road.bus.send(Command(WINDOW, 0))
    assert [failure(outcome) for outcome in road.settle()] == [(Failure.NOT_REACHED, SUPERSEDED)]
    outcomes = road.drive(1.5)
    assert [outcome.request_id for outcome in outcomes if isinstance(outcome, CommandConfirmed)] == [
        closing.request_id
    ]


@pytest.mark.parametrize("value", [101, "open", True, 0.5])
def test_a_value_that_does_not_fit_is_not_even_sent(road: Road, value: Value) -> None:
    with pytest.raises(ValueError, match="Window"):
        road.bus.send(Command(WINDOW, value))
    assert road.bus.published == {}


_OBJECTS = {
    TAILGATE: [0, 100],
    SUNROOF: ["ONE_SHOT_OPEN", "ONE_SHOT_CLOSE"],
    "Vehicle.Cabin.Door.Row2.DriverSide.Position": [0, 100],
    "Vehicle.Cabin.Door.Row2.DriverSide.IsLocked": [True, False],
    "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position": [0, 100],
    "Vehicle.Cabin.Seat.Row1.DriverSide.Position": [0, 240],
    "Vehicle.Body.Mirrors.DriverSide.IsFolded": [True, False],
    "Vehicle.Body.Lights.Beam.Low.IsOn": [True, False],
    "Vehicle.Body.Windshield.Front.Wiping.Mode": ["OFF", "FAST"],
}
_SITUATIONS = {
    "Vehicle.Speed": [0.0, 3.0, 120.0],
    "Vehicle.Powertrain.Transmission.SelectedGear": [126, 127],
    "Vehicle.Exterior.LightIntensity": [2.0, 90.0],
    "Vehicle.Body.Raindetection.Intensity": [0, 50],
    "Vehicle.Cabin.IsWindowChildLockEngaged": [True, False],
    "Vehicle.Cabin.Door.Row2.DriverSide.IsChildLockActive": [True, False],
}


@given(
    command=st.one_of(
        st.builds(Command, st.just(path), st.sampled_from(values), seat=st.sampled_from(["driver", "rear_left"]))
        for path, values in _OBJECTS.items()
    ),
    situation=st.fixed_dictionaries({path: st.sampled_from(values) for path, values in _SITUATIONS.items()}),
)
@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_what_safety_refuses_never_happens_even_if_it_is_sent(
    road: Road, safety: Safety, command: Command, situation: dict[str, Value]
) -> None:
    for path, value in situation.items():
        road.vehicle.set(path, value)
    road.settle()
    before = road.vehicle.state.value(command.path)
    verdict = safety.judge(command, road.bus.state, road.clock.now())
    road.bus.send(command)
    outcomes = road.settle() + road.drive(0.1)
    rejected = [o for o in outcomes if isinstance(o, CommandFailed) and o.failure is Failure.REJECTED]
    assert bool(rejected) == (verdict.kind == "refuse")
    if rejected:
        assert rejected[0].reason == verdict.reason
        assert road.vehicle.state.value(command.path) == before
    road.clock.advance_to(road.clock.now() + 15.0)  # the next example begins with everything at rest
    road.vehicle.advance(road.clock.now())
    road.settle()


# --- no bus, no vehicle ----------------------------------------------------------------------------------------


def test_without_a_vehicle_a_command_fails_at_once(settings: BusSettings, model: VehicleModel) -> None:
    bus = VehicleBus(settings, model, StreamClock())
    bus.connect()
    assert not bus.online
    assert failure(bus.send(Command(WINDOW, 100)))[0] is Failure.OFFLINE
    assert bus.published == {}
    bus.close()


def test_a_vehicle_that_leaves_fails_what_was_under_way(road: Road) -> None:
    road.bus.send(Command(WINDOW, 100))
    road.drive(1.0)
    road.vehicle.stop()
    outcomes = road.bus.poll(timeout=5)
    assert [failure(o)[0] for o in outcomes if isinstance(o, CommandFailed)] == [Failure.NO_ANSWER]
    assert not road.bus.online


ANOTHER_PROCESS = """
import sys
from cockpit_assistant.clock import SystemClock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import SimulatedVehicle

model = VehicleModel.load(shipped("nlu_data"))
safety = Safety.load(shipped("nlu_data"), model)
settings = BusSettings(host=sys.argv[1], port=int(sys.argv[2]), vehicle=sys.argv[3])
vehicle = SimulatedVehicle(settings, model, safety, SystemClock())
vehicle.start()
vehicle.run()
"""


def test_a_vehicle_that_dies_is_offline_by_its_last_will(settings: BusSettings, model: VehicleModel) -> None:
    bus = VehicleBus(settings, model, StreamClock())
    bus.connect()
    where = [settings.host, str(settings.port), settings.vehicle]
    with subprocess.Popen([sys.executable, "-c", ANOTHER_PROCESS, *where]) as process:
        while not bus.online:
            bus.poll(timeout=0.05)
        process.kill()
    assert bus.poll(timeout=10) == [Fault("vehicle", "The vehicle has left the bus.")]
    assert failure(bus.send(Command(WINDOW, 100)))[0] is Failure.OFFLINE
    bus.close()


def test_a_broker_killed_in_mid_command_fails_it_and_nothing_is_sent_later(
    model: VehicleModel, safety: Safety
) -> None:
    broker = EmbeddedBroker().start()
    settings = BusSettings(host=broker.host, port=broker.port)
    clock = StreamClock()
    vehicle, bus = SimulatedVehicle(settings, model, safety, clock), VehicleBus(settings, model, clock)
    vehicle.start()
    bus.connect()
    road = Road(bus, vehicle, clock)
    road.settle()
    vehicle.fail(WINDOW, "silent")
    bus.send(Command(WINDOW, 100))
    road.settle()
    broker.stop()
    outcomes = bus.poll(timeout=10)
    assert [failure(outcome)[0] for outcome in outcomes if isinstance(outcome, CommandFailed)] == [
        Failure.NO_ANSWER
    ]
    vehicle.fail(WINDOW, None)
    assert failure(bus.send(Command(WINDOW, 100)))[0] is Failure.OFFLINE

    with EmbeddedBroker(port=settings.port):
        faults = bus.poll(timeout=20)
        assert faults == [Fault("bus", "The MQTT connection is back.")]
        while not (bus.online and vehicle.linked):
            bus.poll(timeout=0.05)
        assert settle(bus, vehicle, timeout=5)
        road.drive(5.0)
        assert vehicle.state.value(WINDOW) == 0, "what failed must not happen afterwards"
        assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)
        bus.close()
        vehicle.stop()


@pytest.mark.parametrize(
    ("update", "remedy"),
    [
        ({"host": "127.0.0.1", "port": 1}, r"127.0.0.1:1 can't be reached \(Connection refused\)"),
        ({"host": "no.such.host.invalid"}, r"no.such.host.invalid:\d+ has no known address. Check \[bus\] host"),
    ],
)
def test_a_broker_out_of_reach_is_one_clear_error(
    settings: BusSettings, model: VehicleModel, update: dict[str, object], remedy: str
) -> None:
    with pytest.raises(BusError, match=remedy):
        VehicleBus(settings.model_copy(update=update), model, StreamClock()).connect()


def test_a_second_start_on_a_taken_port_is_one_clear_error(broker: EmbeddedBroker) -> None:
    with pytest.raises(BusError, match=f"can't listen on 127.0.0.1:{broker.port}"):
        EmbeddedBroker(port=broker.port).start()


# --- strangers and nonsense ------------------------------------------------------------------------------------

NONSENSE = [
    b"",
    b"null",
    b"{",
    b'{"value": NaN}',
    b"[" * 3000,
    b'{"value": 1e999, "ts": "2026-01-31T12:00:00Z"}',
    b"x" * 9000,
]


def test_nonsense_on_state_topics_changes_nothing_and_is_told_once(road: Road, settings: BusSettings) -> None:
    before = dict(road.bus.state.items())
    topic = road.bus.topics.state("Vehicle.Speed")
    wrong_type = b'{"value": "fast", "ts": "2026-01-31T12:00:00Z"}'
    shout(settings, topic, *NONSENSE, wrong_type)
    faults = road.bus.poll(timeout=5)
    while road.bus.arrived.get(topic) != wrong_type:
        faults += road.bus.poll(timeout=0.05)
    assert [type(fault) for fault in faults + road.bus.poll()] == [Fault]
    assert dict(road.bus.state.items()) == before
    road.vehicle.set("Vehicle.Speed", 0.0)
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)


def test_nonsense_on_the_ack_topic_confirms_nothing(road: Road, settings: BusSettings) -> None:
    road.vehicle.fail(LIGHT, "silent")
    sent = road.bus.send(Command(LIGHT, True))
    topic = road.bus.topics.ack(road.bus.client_id)
    stranger = b'{"requestId": "somebody-elses", "status": "accepted", "reason": ""}'
    shout(settings, topic, *NONSENSE, b'{"requestId": "x", "status": "sure"}', stranger)
    while road.bus.arrived.get(topic) != stranger:
        assert [type(outcome) for outcome in road.bus.poll(timeout=0.05)] in ([], [Fault])
    outcomes = [outcome for outcome in road.drive(2.5) if isinstance(outcome, CommandFailed)]
    assert [(outcome.request_id, outcome.failure) for outcome in outcomes] == [(sent.request_id, Failure.NO_ANSWER)]


def test_an_acknowledgement_alone_confirms_nothing(road: Road, settings: BusSettings) -> None:
    road.vehicle.fail(LIGHT, "silent")
    sent = road.bus.send(Command(LIGHT, True))
    topic = road.bus.topics.ack(road.bus.client_id)
    forged = json.dumps({"requestId": sent.request_id, "status": "accepted", "reason": ""}).encode()
    shout(settings, topic, forged)
    while road.bus.arrived.get(topic) != forged:
        assert road.bus.poll(timeout=0.05) == []
    assert [failure(outcome)[0] for outcome in road.drive(3.0)] == [Failure.NOT_REACHED]


def test_nonsense_on_set_topics_moves_nothing(road: Road, settings: BusSettings) -> None:
    topic = road.bus.topics.set(WINDOW)
    shout(settings, topic, *NONSENSE, b'{"value": 100}')
    shout(settings, road.bus.topics.set("Vehicle.Unheard.Of"), b'{"value": 100}')
    while road.vehicle.handled.get(topic) != b'{"value": 100}':
        road.bus.poll(timeout=0.05)
    road.drive(1.0)
    assert road.vehicle.state.value(WINDOW) == 0
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)


def test_a_retained_set_request_is_never_obeyed(
    settings: BusSettings, model: VehicleModel, safety: Safety, road: Road
) -> None:
    road.vehicle.stop()
    now = utc_now()
    times = {"issuedAt": now.isoformat(), "expiresAt": (now + timedelta(seconds=30)).isoformat()}
    request = {"requestId": "old", "value": 100, **times, "zone": "driver", "source": "stranger"}
    payload = json.dumps(request).encode()
    topic = road.bus.topics.set(WINDOW)
    shout(settings, topic, payload, retain=True)
    late = SimulatedVehicle(settings, model, safety, road.clock)
    late.start()
    while late.handled.get(topic) != payload:
        road.bus.poll(timeout=0.05)
    late.advance(road.clock.now() + 5.0)
    assert late.state.value(WINDOW) == 0
    late.stop()


def test_a_request_delivered_twice_acts_once(road: Road, settings: BusSettings) -> None:
    road.outcome_of(Command(CONTROL, "PAUSE"))
    topic = road.bus.topics.set(CONTROL)
    delivered = road.bus.published[topic]
    road.vehicle.set("Vehicle.Cabin.Infotainment.Media.Action", "PLAY")
    acks = road.vehicle.topics.ack(road.bus.client_id)
    road.vehicle.published.pop(acks)
    road.vehicle.handled.clear()
    shout(settings, topic, delivered)
    while road.vehicle.handled.get(topic) != delivered:
        road.bus.poll(timeout=0.05)
    assert json.loads(road.vehicle.published[acks])["status"] == "accepted", "the same answer again"
    assert road.vehicle.state.value("Vehicle.Cabin.Infotainment.Media.Action") == "PLAY"
    assert road.settle() == []


# --- old news --------------------------------------------------------------------------------------------------


def test_a_retained_value_is_as_old_as_it_says(settings: BusSettings, model: VehicleModel, safety: Safety) -> None:
    """A speed of zero left behind by a car that has gone silent must not open the tailgate."""
    clock = StreamClock(1000.0)
    bus = VehicleBus(settings, model, clock)
    old = json.dumps({"value": 0.0, "ts": (utc_now() - timedelta(seconds=60)).isoformat()}).encode()
    topic = bus.topics.state("Vehicle.Speed")
    shout(settings, topic, old, retain=True)
    bus.connect()
    while bus.arrived.get(topic) != old:
        bus.poll(timeout=0.05)
    bus.poll()
    assert bus.state.value("Vehicle.Speed") == 0.0
    assert 59 < bus.state.age("Vehicle.Speed", clock.now()) < 65
    assert safety.judge(Command(TAILGATE, 100), bus.state, clock.now()).kind == "refuse"
    bus.close()


def test_what_safety_looks_at_is_repeated_before_it_is_too_old(road: Road, safety: Safety) -> None:
    road.drive(3 * safety.stale_after)
    ages = [road.bus.state.age(path, road.clock.now()) for path in safety.watched]
    assert max(ages) < safety.stale_after
    assert safety.judge(Command(TAILGATE, 100), road.bus.state, road.clock.now()).kind == "allow"


def test_a_car_that_falls_silent_counts_as_moving(road: Road, safety: Safety) -> None:
    road.clock.advance_to(safety.stale_after + 0.1)
    road.settle()
    assert safety.judge(Command(TAILGATE, 100), road.bus.state, road.clock.now()).kind == "refuse"
