from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road import Understand, targets

from cockpit_assistant.events import Clause, Entity
from cockpit_assistant.vehicle.mapping import Resolution, resolve
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.state import VehicleState

DOOR = "Vehicle.Cabin.Door."
STATION = "Vehicle.Cabin.HVAC.Station."
DRIVER_TEMPERATURE = f"{STATION}Row1.Driver.Temperature"
DRIVER_FAN = f"{STATION}Row1.Driver.FanSpeed"


def test_without_a_zone_only_the_speakers_own_window_moves(understand: Understand) -> None:
    assert targets(understand("open_window")) == {f"{DOOR}Row1.DriverSide.Window.Position": 100}
    assert targets(understand("open_window", "rear_right")) == {f"{DOOR}Row2.PassengerSide.Window.Position": 100}


def test_my_side_is_the_speakers_seat(understand: Understand) -> None:
    assert targets(understand("open_window", "passenger", zone="speaker")) == {
        f"{DOOR}Row1.PassengerSide.Window.Position": 100
    }


@pytest.mark.parametrize(
    ("zones", "doors"),
    [
        (["passenger"], ["Row1.PassengerSide"]),
        (["rear"], ["Row2.DriverSide", "Row2.PassengerSide"]),
        (["rear", "left"], ["Row2.DriverSide"]),
        (["left", "rear"], ["Row2.DriverSide"]),
        (["all", "rear"], ["Row2.DriverSide", "Row2.PassengerSide"]),
        (["driver", "passenger"], ["Row1.DriverSide", "Row1.PassengerSide"]),
        (["driver", "rear"], ["Row1.DriverSide", "Row2.DriverSide", "Row2.PassengerSide"]),
        (["all"], ["Row1.DriverSide", "Row1.PassengerSide", "Row2.DriverSide", "Row2.PassengerSide"]),
    ],
)
def test_zones_meet_where_they_overlap_and_add_up_where_not(
    understand: Understand, zones: list[str], doors: list[str]
) -> None:
    resolution = understand("open_window", zone=zones)
    assert targets(resolution) == {f"{DOOR}{door}.Window.Position": 100 for door in doors}


def test_a_zone_the_thing_does_not_have_is_a_problem(understand: Understand) -> None:
    resolution = understand("fold_mirrors", zone="rear")
    assert not resolution.commands
    assert resolution.problem is not None
    assert resolution.problem.response == "utter_zone_unavailable"
    assert dict(resolution.problem.slots) == {"zone": "rear", "thing": "mirror"}


def test_a_zone_nobody_knows_is_a_problem(understand: Understand) -> None:
    problem = understand("open_window", zone="the attic").problem
    assert problem is not None
    assert ("zone", "the attic") in problem.slots


def test_as_many_zones_as_values_belong_together_pairwise(understand: Understand) -> None:
    resolution = understand("set_temperature", zone=["driver", "passenger"], temperature=[22, 25.5])
    assert targets(resolution) == {DRIVER_TEMPERATURE: 22, f"{STATION}Row1.Passenger.Temperature": 25.5}


def test_a_missing_entity_is_asked_for(understand: Understand) -> None:
    resolution = understand("set_temperature")
    assert (resolution.missing, resolution.missing_entity) == ("utter_ask_temperature", "temperature")
    assert not resolution.commands


@pytest.mark.parametrize(("said", "value"), [("max", 32), ("min", 16), (24.3, 24.5), (24.2, 24.0)])
def test_a_temperature_lands_on_the_cars_grid(understand: Understand, said: object, value: float) -> None:
    assert targets(understand("set_temperature", temperature=said)) == {DRIVER_TEMPERATURE: value}


@pytest.mark.parametrize(("said", "value"), [(61, 16), (72, 22), (68, 20), (89, 31.5)])
def test_degrees_fahrenheit_are_understood_where_celsius_can_not_be_meant(
    understand: Understand, said: int, value: float
) -> None:
    assert targets(understand("set_temperature", temperature=said)) == {DRIVER_TEMPERATURE: value}


@pytest.mark.parametrize("said", [40, 15.9, 95, -3, 1e300])
def test_a_value_out_of_range_is_told_and_never_bent_to_fit(understand: Understand, said: float) -> None:
    resolution = understand("set_temperature", temperature=said)
    assert not resolution.commands
    assert resolution.problem is not None
    assert resolution.problem.response == "utter_out_of_range"
    slots = dict(resolution.problem.slots)
    assert (slots["minimum"], slots["maximum"], slots["value"]) == (16, 32, said)


@pytest.mark.parametrize("said", [math.nan, math.inf, "lukewarm", True])
def test_what_is_no_number_is_told(understand: Understand, said: object) -> None:
    problem = understand("set_temperature", temperature=said).problem
    assert problem is not None
    assert problem.response == "utter_unknown_value"


def test_warmer_starts_from_what_the_car_shows(model: VehicleModel, understand: Understand) -> None:
    state = model.initial_state()
    state.put(DRIVER_TEMPERATURE, 27.5, 0)
    assert targets(understand("raise_temperature", state=state)) == {DRIVER_TEMPERATURE: 28.5}
    assert targets(understand("lower_temperature", state=state, degrees=3)) == {DRIVER_TEMPERATURE: 24.5}


def test_a_change_stops_at_the_limit(model: VehicleModel, understand: Understand) -> None:
    state = model.initial_state()
    state.put(DRIVER_TEMPERATURE, 30.0, 0)
    assert targets(understand("raise_temperature", state=state, degrees=10)) == {DRIVER_TEMPERATURE: 32}


def test_at_the_limit_already_is_told(model: VehicleModel, understand: Understand) -> None:
    state = model.initial_state()
    state.put(DRIVER_TEMPERATURE, 32.0, 0)
    resolution = understand("raise_temperature", state=state)
    assert not resolution.commands
    assert resolution.problem is not None
    assert resolution.problem.response == "utter_at_limit"


def test_a_vague_amount_takes_the_ordinary_step(understand: Understand) -> None:
    assert targets(understand("raise_temperature", degrees="a few")) == {DRIVER_TEMPERATURE: 24}


def test_a_change_from_an_unknown_state_is_told(understand: Understand) -> None:
    problem = understand("raise_temperature", state=VehicleState()).problem
    assert problem is not None
    assert problem.response == "utter_unknown_state"


def test_warmer_with_an_absolute_temperature_sets_it(understand: Understand) -> None:
    assert targets(understand("raise_temperature", temperature=26)) == {DRIVER_TEMPERATURE: 26}


@pytest.mark.parametrize(("said", "value"), [(1, 15), (7, 100), ("max", 100), ("min", 15)])
def test_levels_become_the_signals_own_values(understand: Understand, said: object, value: int) -> None:
    assert targets(understand("set_fan", level=said)) == {DRIVER_FAN: value}


@pytest.mark.parametrize("said", [0, 8, -1, 2.5])
def test_a_level_the_car_does_not_have_is_told(understand: Understand, said: float) -> None:
    problem = understand("set_fan", level=said).problem
    assert problem is not None
    assert dict(problem.slots).items() >= {"minimum": 1, "maximum": 7}.items()


@pytest.mark.parametrize(
    ("present", "intent", "level", "value"),
    [
        (43, "raise_fan", None, 57),
        (43, "raise_fan", 2, 71),
        (86, "raise_fan", 5, 100),
        (50, "raise_fan", None, 57),
        (0, "raise_fan", None, 15),
        (43, "lower_fan", None, 29),
        (50, "lower_fan", None, 43),
        (29, "lower_fan", 9, 15),
    ],
)
def test_stronger_and_weaker_go_level_by_level(
    model: VehicleModel, understand: Understand, present: int, intent: str, level: int | None, value: int
) -> None:
    state = model.initial_state()
    state.put(DRIVER_FAN, present, 0)
    said = {} if level is None else {"level": level}
    assert targets(understand(intent, state=state, **said)) == {DRIVER_FAN: value}


@pytest.mark.parametrize(("present", "intent"), [(100, "raise_fan"), (15, "lower_fan"), (0, "lower_fan")])
def test_no_level_beyond_the_last_is_told(
    model: VehicleModel, understand: Understand, present: int, intent: str
) -> None:
    state = model.initial_state()
    state.put(DRIVER_FAN, present, 0)
    problem = understand(intent, state=state).problem
    assert problem is not None
    assert problem.response == "utter_at_limit"


def test_heating_and_ventilation_are_two_ends_of_one_signal(understand: Understand) -> None:
    seat = "Vehicle.Cabin.Seat.Row1.DriverSide.HeatingCooling"
    assert targets(understand("turn_on_seat_heating", level=3)) == {seat: 100}
    assert targets(understand("turn_on_seat_ventilation", level="max")) == {seat: -100}
    assert targets(understand("turn_off_seat_heating")) == {seat: 0}


@pytest.mark.parametrize(("amount", "position"), [(10, 10), (50, 50), (100, 0), ("max", 0)])
def test_closing_by_an_amount_leaves_so_much_open_but_all_the_way_is_closed(
    understand: Understand, amount: object, position: int
) -> None:
    assert targets(understand("close_window", amount=amount)) == {
        f"{DOOR}Row1.DriverSide.Window.Position": position
    }


def test_the_sunroof_is_moved_by_its_switch_and_by_a_private_target_where_the_switch_cannot(
    understand: Understand,
) -> None:
    assert targets(understand("open_sunroof")) == {"Vehicle.Cabin.Sunroof.Switch": "ONE_SHOT_OPEN"}
    assert targets(understand("open_sunroof", amount=50)) == {"Vehicle.Private.Cabin.Sunroof.TargetPosition": 50}


def test_per_cent_of_a_range_in_millimetres_is_a_share_of_it(understand: Understand) -> None:
    assert targets(understand("move_seat_back", amount=20)) == {"Vehicle.Cabin.Seat.Row1.DriverSide.Position": 168}


def test_a_colour_is_sent_as_hexadecimal_and_an_unknown_one_is_told(understand: Understand) -> None:
    red = targets(understand("turn_on_ambient_light", zone="driver", colour="red"))
    assert red == {
        "Vehicle.Cabin.Light.AmbientLight.Row1.DriverSide.IsLightOn": True,
        "Vehicle.Cabin.Light.AmbientLight.Row1.DriverSide.Color": "#FF0000",
    }
    plaid = understand("turn_on_ambient_light", colour="plaid")
    assert not plaid.commands, "a clause passes as a whole or not at all"
    assert plaid.problem is not None
    assert plaid.problem.response == "utter_unknown_value"


def test_what_to_play_goes_out_as_one_search(understand: Understand) -> None:
    search = "Vehicle.Private.Infotainment.Media.Search"
    assert targets(understand("play_music", song="晴天", artist="周杰伦")) == {search: "周杰伦 晴天"}
    assert targets(understand("play_music")) == {"Vehicle.Cabin.Infotainment.Media.Action": "PLAY"}


def test_a_text_longer_than_the_bus_takes_is_told(understand: Understand) -> None:
    problem = understand("navigate_to", place="far " * 100).problem
    assert problem is not None
    assert problem.response == "utter_unknown_value"


def test_seats_that_share_an_actuator_command_it_once(understand: Understand) -> None:
    assert targets(understand("turn_on_defrost", zone="rear")) == {"Vehicle.Cabin.HVAC.IsRearDefrosterActive": True}


def test_a_question_is_answered_from_state_in_spoken_units(understand: Understand) -> None:
    resolution = understand("ask_range")
    assert resolution.readings == (("range", "Vehicle.Powertrain.Range", 412000),)
    assert ("range", 412) in resolution.answer("ask_range").slots


def test_several_seats_are_answered_with_extremes_and_where(model: VehicleModel, understand: Understand) -> None:
    state = model.initial_state()
    state.put(f"{DOOR}Row2.DriverSide.Window.Position", 40, 0)
    state.put(f"{DOOR}Row2.PassengerSide.Window.Position", 100, 0)
    slots = dict(understand("ask_windows", state=state).slots)
    assert slots["window_where"] == "rear"
    assert (slots["window_min"], slots["window_max"], slots["window_any"]) == (0, 100, True)


def test_the_reply_can_name_what_was_moved(understand: Understand) -> None:
    resolution = understand("open_window", language="zh", zone="passenger", amount=30)
    assert resolution.thing == "副驾车窗"
    slots = {"amount": 30, "value": 30, "unit": "percent", "zone": "副驾", "several": False, "thing": "副驾车窗"}
    assert dict(resolution.slots) == slots


def test_an_intent_without_a_rule_comes_to_nothing(understand: Understand) -> None:
    assert understand("greet") == Resolution()


_VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=300),
    st.sampled_from(["max", "min", "speaker", "driver", "rear", "all", "left"]),
)


@given(data=st.data())
def test_whatever_is_said_commands_fit_their_signals(model: VehicleModel, data: st.DataObject) -> None:
    intent = data.draw(st.sampled_from(sorted(model.intents)))
    said = data.draw(st.lists(st.tuples(st.sampled_from(sorted(model.entity_types)), _VALUES), max_size=4))
    seat = data.draw(st.sampled_from([*model.zones, "boot"]))
    clause = Clause("", intent, 1.0, tuple(Entity(name, value, 0, 0, "") for name, value in said))
    resolution = resolve(clause, seat, "en", model, model.initial_state())
    for command in resolution.commands:
        owner = model.signal_at(command.path)
        assert owner is not None
        assert owner[1].kind == "actuator"
        assert owner[1].misfit(command.value) == ""
    outcomes = [
        bool(resolution.commands),
        bool(resolution.missing),
        bool(resolution.problem),
        bool(resolution.readings),
    ]
    assert sum(outcomes) == 1
