from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Command, Seat, Value
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety, Verdict
from cockpit_assistant.vehicle.state import VehicleState

SPEED = "Vehicle.Speed"
GEAR = "Vehicle.Powertrain.Transmission.SelectedGear"
LIGHT = "Vehicle.Exterior.LightIntensity"
RAIN = "Vehicle.Body.Raindetection.Intensity"
WINDOW_LOCK = "Vehicle.Cabin.IsWindowChildLockEngaged"
REAR_DOOR = "Vehicle.Cabin.Door.Row2.DriverSide"
REAR_DOOR_CHILD_LOCK = f"{REAR_DOOR}.IsChildLockActive"
PASSENGER_SEAT = "Vehicle.Cabin.Seat.Row1.PassengerSide"
PASSENGER_MEMORY = "Vehicle.Private.Cabin.Seat.Row1.PassengerSide.Memory.Recalled"
REAR_SEAT = "Vehicle.Cabin.Seat.Row2.DriverSide"

TAILGATE = "Vehicle.Body.Trunk.Rear.Position"
DRIVER_DOOR = "Vehicle.Cabin.Door.Row1.DriverSide.Position"
DRIVER_LOCK = "Vehicle.Cabin.Door.Row1.DriverSide.IsLocked"
DRIVER_SEAT = "Vehicle.Cabin.Seat.Row1.DriverSide.Position"
MIRROR = "Vehicle.Body.Mirrors.DriverSide.IsFolded"
LOW_BEAM = "Vehicle.Body.Lights.Beam.Low.IsOn"
WIPERS = "Vehicle.Body.Windshield.Front.Wiping.Mode"
SWITCH = "Vehicle.Body.Lights.LightSwitch"
PARKING = "Vehicle.Body.Lights.Parking.IsOn"
MIRRORS = "Vehicle.Body.Mirrors.DriverSide"
FRONT_SEAT = "Vehicle.Cabin.Seat.Row1.DriverSide"
MEMORY = "Vehicle.Private.Cabin.Seat.Row1.DriverSide.Memory.Recalled"
CLUSTER = "Vehicle.Private.Infotainment.Screen.Cluster.IsOn"
VIDEO = "Vehicle.Private.Infotainment.Video.Title"
SCENE = "Vehicle.Private.Cabin.Scene"
FLAP = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsFlapOpen"
REAR_WINDOW = f"{REAR_DOOR}.Window.Position"
SUNROOF = "Vehicle.Cabin.Sunroof.Switch"
DEFROST = "Vehicle.Cabin.HVAC.IsFrontDefrosterActive"

DRIVE = {SPEED: 60.0, "Vehicle.IsMoving": True, GEAR: 127}
HALTED = {SPEED: 0.0, "Vehicle.IsMoving": False, GEAR: 127}
NIGHT = {LIGHT: 3.0}
PARKED: dict[str, Value] = {}


def judge(
    model: VehicleModel, safety: Safety, path: str, value: Value, seat: Seat, *situation: dict[str, Value]
) -> Verdict:
    state = model.initial_state()
    for part in situation:
        for where, what in part.items():
            state.put(where, what, 0.0)
    return safety.judge(Command(path, value, seat=seat), state, 0.0)


# path, value, seat, situation in which it is refused, a situation close to it in which it is not
HAZARDS = [
    pytest.param(TAILGATE, 100, "driver", [DRIVE], [PARKED], id="tailgate opened while moving"),
    pytest.param(TAILGATE, 100, "driver", [HALTED], [PARKED], id="tailgate opened at a red light"),
    pytest.param(DRIVER_DOOR, 100, "driver", [DRIVE], [PARKED], id="door opened while moving"),
    pytest.param(DRIVER_DOOR, 100, "driver", [HALTED], [PARKED], id="door opened in gear"),
    pytest.param(DRIVER_LOCK, False, "driver", [DRIVE], [PARKED], id="doors unlocked while moving"),
    pytest.param(DRIVER_SEAT, 100, "driver", [DRIVE], [HALTED], id="driver's seat moved while moving"),
    pytest.param(MIRROR, True, "driver", [DRIVE], [PARKED], id="mirrors folded while moving"),
    pytest.param(LOW_BEAM, False, "driver", [DRIVE, NIGHT], [DRIVE], id="low beam off in the dark while moving"),
    pytest.param(LOW_BEAM, False, "driver", [HALTED, NIGHT], [NIGHT], id="low beam off in the dark in gear"),
    pytest.param(WIPERS, "OFF", "driver", [DRIVE, {RAIN: 60}], [DRIVE, {RAIN: 2}], id="wipers off in heavy rain"),
    pytest.param(SWITCH, "OFF", "driver", [DRIVE, NIGHT], [DRIVE], id="light switch off in the dark while moving"),
    pytest.param(PARKING, False, "driver", [DRIVE, NIGHT], [NIGHT], id="position lights off in the dark"),
    pytest.param(f"{MIRRORS}.Tilt", 20, "driver", [DRIVE], [HALTED], id="mirror tilted while moving"),
    pytest.param(f"{MIRRORS}.Pan", 20, "driver", [DRIVE], [HALTED], id="mirror panned while moving"),
    pytest.param(f"{FRONT_SEAT}.Backrest.Recline", 50, "driver", [DRIVE], [HALTED], id="driver laid down at speed"),
    pytest.param(f"{FRONT_SEAT}.Height", 10, "driver", [DRIVE], [HALTED], id="driver's seat lowered while moving"),
    pytest.param(MEMORY, 2, "driver", [DRIVE], [HALTED], id="driver's seat to a stored place while moving"),
    pytest.param(CLUSTER, False, "driver", [HALTED], [PARKED], id="instruments dark in gear"),
    pytest.param(VIDEO, "film", "driver", [HALTED], [PARKED], id="a film for the driver in gear"),
    pytest.param(SCENE, "NAP", "driver", [DRIVE], [PARKED], id="a nap at the wheel"),
    pytest.param(SCENE, "NAP", "driver", [HALTED], [PARKED], id="a nap at a red light"),
    pytest.param(FLAP, True, "driver", [DRIVE], [PARKED], id="charge port opened while moving"),
    pytest.param(
        REAR_WINDOW, 100, "rear_left", [{WINDOW_LOCK: True}], [PARKED], id="rear window opened by a locked-in child"
    ),
    pytest.param(
        f"{REAR_DOOR}.Position",
        100,
        "rear_left",
        [{REAR_DOOR_CHILD_LOCK: True}],
        [PARKED],
        id="rear door by a child",
    ),
    pytest.param(
        f"{REAR_DOOR}.IsLocked",
        False,
        "rear_left",
        [{REAR_DOOR_CHILD_LOCK: True}],
        [PARKED],
        id="unlocked by a child",
    ),
    pytest.param(
        f"{REAR_SEAT}.Backrest.Recline",
        50,
        "rear_left",
        [DRIVE, {f"{REAR_SEAT}.IsBelted": True}],
        [{f"{REAR_SEAT}.IsBelted": True}],
        id="laid flat under a belt while moving",
    ),
    pytest.param(
        f"{REAR_SEAT}.Backrest.Recline",
        50,
        "rear_left",
        [DRIVE, {f"{REAR_SEAT}.OccupancyStatus": "OCCUPIED"}],
        [DRIVE],
        id="laid flat in the back while moving, without a belt",
    ),
    pytest.param(
        PASSENGER_MEMORY,
        2,
        "passenger",
        [DRIVE, {f"{PASSENGER_SEAT}.IsBelted": True}],
        [DRIVE],
        id="a taken seat to a stored place while moving",
    ),
]


@pytest.mark.parametrize(("path", "value", "seat", "hazard", "harmless"), HAZARDS)
def test_a_hazard_is_refused_and_its_harmless_neighbour_is_not(
    model: VehicleModel,
    safety: Safety,
    path: str,
    value: Value,
    seat: Seat,
    hazard: list[dict[str, Value]],
    harmless: list[dict[str, Value]],
) -> None:
    assert judge(model, safety, path, value, seat, *hazard).kind == "refuse"
    assert judge(model, safety, path, value, seat, *harmless) == Verdict("allow")


@pytest.mark.parametrize(
    ("path", "value"),
    [(TAILGATE, 0), (DRIVER_LOCK, True), (MIRROR, False), (LOW_BEAM, True), (WIPERS, "FAST"), (REAR_WINDOW, 100)],
)
def test_the_safe_direction_stays_possible_on_a_rainy_night_drive(
    model: VehicleModel, safety: Safety, path: str, value: Value
) -> None:
    assert judge(model, safety, path, value, "driver", DRIVE, NIGHT, {RAIN: 60}) == Verdict("allow")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[
            (LOW_BEAM, True),
            (LOW_BEAM, False),
            (WIPERS, "OFF"),
            (DRIVER_SEAT, 10),
            (MIRROR, True),
            (DEFROST, False),
        ],
        ("Vehicle.Body.Lights.Beam.High.IsOn", True),
        ("Vehicle.Powertrain.Transmission.PerformanceMode", "SPORT"),
        ("Vehicle.Private.Cabin.HUD.IsOn", False),
        (f"{MIRRORS}.Tilt", 20),
        (MEMORY, 2),
    ],
)
def test_what_driving_depends_on_is_the_drivers_alone(
    model: VehicleModel, safety: Safety, path: str, value: Value
) -> None:
    assert judge(model, safety, path, value, "driver") == Verdict("allow")
    assert judge(model, safety, path, value, "rear_left") == Verdict("refuse", "utter_refuse_driver_only")


@pytest.mark.parametrize("path", [REAR_WINDOW, "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"])
def test_windows_may_be_opened_on_the_way(model: VehicleModel, safety: Safety, path: str) -> None:
    assert judge(model, safety, path, 100, "driver", DRIVE) == Verdict("allow")


def test_the_sunroof_asks_first_in_the_rain_and_at_speed(model: VehicleModel, safety: Safety) -> None:
    assert judge(model, safety, SUNROOF, "ONE_SHOT_OPEN", "driver", DRIVE) == Verdict("allow")
    assert judge(model, safety, SUNROOF, "ONE_SHOT_OPEN", "driver", {RAIN: 50}).kind == "confirm"
    assert judge(model, safety, SUNROOF, "ONE_SHOT_OPEN", "driver", {SPEED: 130.0}).kind == "confirm"
    assert judge(model, safety, SUNROOF, "ONE_SHOT_CLOSE", "driver", {RAIN: 50}) == Verdict("allow")


def test_a_taken_seat_is_moved_by_the_driver_only_after_a_yes(model: VehicleModel, safety: Safety) -> None:
    seat = f"{PASSENGER_SEAT}.Position"
    taken: dict[str, Value] = {f"{PASSENGER_SEAT}.OccupancyStatus": "OCCUPIED"}
    assert judge(model, safety, seat, 100, "driver", taken) == Verdict(
        "confirm", "utter_confirm_seat_taken", ("utter_confirm_seat_taken",)
    )
    assert judge(model, safety, seat, 100, "driver") == Verdict("allow")
    assert judge(model, safety, seat, 100, "passenger", taken) == Verdict("allow")
    assert judge(model, safety, seat, 100, "rear_left").kind == "refuse"


@pytest.mark.parametrize(("seat", "place"), [("passenger", PASSENGER_SEAT), ("rear_left", REAR_SEAT)])
def test_a_belted_passenger_is_not_laid_flat_on_the_move_and_is_told_why(
    model: VehicleModel, safety: Safety, seat: Seat, place: str
) -> None:
    recline, belted = f"{place}.Backrest.Recline", {f"{place}.IsBelted": True}
    for asker in (seat, "driver"):
        assert judge(model, safety, recline, 41, asker, DRIVE, belted) == Verdict("refuse", "utter_refuse_belted")
    assert judge(model, safety, recline, 40, seat, DRIVE, belted) == Verdict("allow")
    assert judge(model, safety, recline, 60, seat, HALTED, belted) == Verdict("allow")


@pytest.mark.parametrize(("seat", "place"), [("passenger", PASSENGER_SEAT), ("rear_left", REAR_SEAT)])
def test_to_take_the_belt_off_is_no_way_round(model: VehicleModel, safety: Safety, seat: Seat, place: str) -> None:
    unbelted: dict[str, Value] = {f"{place}.IsBelted": False, f"{place}.OccupancyStatus": "OCCUPIED"}
    verdict = judge(model, safety, f"{place}.Backrest.Recline", 41, seat, DRIVE, unbelted)
    assert verdict == Verdict("refuse", "utter_refuse_moving")


def test_a_belt_counts_at_its_own_seat_only(model: VehicleModel, safety: Safety) -> None:
    other = f"{PASSENGER_SEAT}.IsBelted"
    recline = f"{REAR_SEAT}.Backrest.Recline"
    assert judge(model, safety, recline, 60, "rear_left", DRIVE, {other: True}) == Verdict("allow")


@pytest.mark.parametrize("part", ["Position", "Height", "Backrest.Recline"])
def test_who_is_belted_sits_there_though_the_cushion_feels_nobody(
    model: VehicleModel, safety: Safety, part: str
) -> None:
    child: dict[str, Value] = {f"{PASSENGER_SEAT}.OccupancyStatus": "EMPTY", f"{PASSENGER_SEAT}.IsBelted": True}
    assert judge(model, safety, f"{PASSENGER_SEAT}.{part}", 30, "driver", child).kind == "confirm"
    assert judge(model, safety, f"{PASSENGER_SEAT}.{part}", 30, "passenger", child) == Verdict("allow")


def test_nobody_in_the_back_is_tipped_by_those_in_front_without_a_yes(model: VehicleModel, safety: Safety) -> None:
    recline, belted = f"{REAR_SEAT}.Backrest.Recline", {f"{REAR_SEAT}.IsBelted": True}
    assert judge(model, safety, recline, 30, "passenger", belted).reason == "utter_confirm_seat_taken"
    assert judge(model, safety, recline, 30, "rear_left", belted) == Verdict("allow")
    assert judge(model, safety, recline, 30, "driver") == Verdict("allow")


def test_a_belt_that_is_unknown_or_old_is_a_closed_one(model: VehicleModel, safety: Safety) -> None:
    command = Command(f"{REAR_SEAT}.Backrest.Recline", 50, seat="rear_left")
    state = model.initial_state(now=100.0)
    state.put(SPEED, 60.0, 100.0)
    assert safety.judge(command, state, 100.0) == Verdict("allow")
    state.put(f"{REAR_SEAT}.IsBelted", False, 90.0)
    assert safety.judge(command, state, 100.0) == Verdict("refuse", "utter_refuse_belted")


def test_the_strictest_rule_wins(model: VehicleModel, safety: Safety) -> None:
    verdict = judge(model, safety, DRIVER_SEAT, 10, "rear_left", DRIVE)
    assert verdict.kind == "refuse"


def test_a_child_lock_counts_at_its_own_door_only(model: VehicleModel, safety: Safety) -> None:
    other = "Vehicle.Cabin.Door.Row2.PassengerSide.Position"
    assert judge(model, safety, other, 100, "rear_right", {REAR_DOOR_CHILD_LOCK: True}) == Verdict("allow")


@pytest.mark.parametrize(
    ("path", "value"), [(TAILGATE, 100), (DRIVER_SEAT, 10), (DRIVER_LOCK, False), (MIRROR, True)]
)
def test_an_unknown_or_old_speed_is_a_moving_car(
    model: VehicleModel, safety: Safety, path: str, value: Value
) -> None:
    command = Command(path, value)
    assert safety.judge(command, VehicleState(), 0.0).kind == "refuse"
    parked = model.initial_state(now=100.0)
    assert safety.judge(command, parked, 100.0 + safety.stale_after) == Verdict("allow")
    assert safety.judge(command, parked, 100.01 + safety.stale_after).kind == "refuse"


@pytest.mark.parametrize(
    "command",
    [
        Command("Vehicle.Powertrain.Transmission.SelectedGear", 127),
        Command(SPEED, 0.0),
        Command("Vehicle.ADAS.CruiseControl.IsEnabled", True),
        Command("", 1),
        Command(TAILGATE, 0, seat="boot"),
    ],
)
def test_what_is_no_actuator_of_this_car_or_comes_from_nowhere_is_refused(
    model: VehicleModel, safety: Safety, command: Command
) -> None:
    assert safety.judge(command, model.initial_state(), 0.0) == Verdict("refuse", "utter_refuse_unknown")


def test_every_actuator_of_the_shipped_car_has_been_thought_about(model: VehicleModel, safety: Safety) -> None:
    state = model.initial_state()
    for path in model.paths():
        owner = model.signal_at(path)
        assert owner is not None
        if owner[1].kind == "actuator":
            verdict = safety.judge(Command(path, state.value(path) or False), state, 0.0)
            assert verdict.reason != "utter_refuse_unknown", path


_SITUATION = st.fixed_dictionaries(
    {
        SPEED: st.one_of(st.none(), st.floats(0, 250)),
        "Vehicle.IsMoving": st.one_of(st.none(), st.booleans()),
        GEAR: st.one_of(st.none(), st.sampled_from([126, 127, 0, -1])),
        LIGHT: st.one_of(st.none(), st.floats(0, 100)),
        RAIN: st.one_of(st.none(), st.integers(0, 100)),
        WINDOW_LOCK: st.one_of(st.none(), st.booleans()),
        REAR_DOOR_CHILD_LOCK: st.one_of(st.none(), st.booleans()),
    }
)


@given(situation=_SITUATION, data=st.data())
def test_knowing_less_never_allows_more(
    model: VehicleModel, safety: Safety, situation: dict[str, Value | None], data: st.DataObject
) -> None:
    path, value = data.draw(st.sampled_from([hazard.values[:2] for hazard in HAZARDS]))
    seat = data.draw(st.sampled_from(model.zones))
    forgotten = data.draw(st.sets(st.sampled_from(sorted(situation))))
    informed, ignorant = VehicleState(), VehicleState()
    for where, what in situation.items():
        if what is not None:
            informed.put(where, what, 0.0)
            if where not in forgotten:
                ignorant.put(where, what, 0.0)
    command = Command(str(path), value, seat=seat)  # type: ignore[arg-type]
    order = {"allow": 0, "confirm": 1, "refuse": 2}
    assert order[safety.judge(command, ignorant, 0.0).kind] >= order[safety.judge(command, informed, 0.0).kind]


RULES = """\
stale_after: 3
states:
  moving:
    any:
      - {signal: speed, above: 1}
signals:
  door_lock:
    - {refuse: utter_no, when: moving, value: {is: false}}
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("when: moving", "when: movng", "safety.yml:8: signals.door_lock[0]: unknown state `movng`"),
        ("signal: speed", "signal: sped", "safety.yml:5: states.moving.any[0]: unknown signal `sped`"),
        ("door_lock:", "dorlock:", "safety.yml:7: signals.dorlock: unknown signal"),
        ("door_lock:", "gear:", "`gear` is a sensor: it is never commanded"),
        ("is: false", "above: 1", "a boolean has no above and below"),
        ("is: false", "is: shut", "'shut' is not true or false"),
        ("is: false", "is: false, not: true", "exactly one of `is`, `not`, `above`, `below`"),
        ("refuse: utter_no", "refuse: no way", "must begin with utter_"),
        ("refuse: utter_no", "forbid: utter_no", "unknown key `forbid`"),
        ("refuse: utter_no", "refuse: utter_no, confirm: utter_sure", "give either `refuse` or `confirm`"),
        ("when: moving", "from: attic", "unknown zone `attic`"),
        ("stale_after: 3", "stale_after: 0", "safety.yml:1: stale_after: Input should be greater than 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, model: VehicleModel, old: str, new: str, complaint: str
) -> None:
    assert old in RULES
    (tmp_path / "safety.yml").write_text(RULES.replace(old, new), encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        Safety.load(tmp_path, model)
    assert complaint in str(caught.value)


def test_a_signal_without_an_entry_is_refused(tmp_path: Path, model: VehicleModel) -> None:
    (tmp_path / "safety.yml").write_text(RULES, encoding="utf-8")
    strict = Safety.load(tmp_path, model)
    assert strict.judge(Command(TAILGATE, 0), model.initial_state(), 0.0).reason == "utter_refuse_unknown"
    assert strict.judge(Command(DRIVER_LOCK, True), model.initial_state(), 0.0) == Verdict("allow")


def test_the_shipped_rules_can_be_asked_for_every_response_they_name(model: VehicleModel) -> None:
    assert Safety.load(shipped("nlu_data"), model).responses >= {"utter_refuse_unknown", "utter_refuse_moving"}
