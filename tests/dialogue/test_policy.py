"""Decisions: what an understanding leads to, and what is said of the outcome."""

from __future__ import annotations

import pytest
from talk import DOMAIN, MODEL, SAFETY, WINDOW, Talk, clause

from cockpit_assistant.dialogue.policy import ANSWER_WITHIN, GOES_ON_WITHIN, PATIENCE
from cockpit_assistant.events import (
    Clause,
    Command,
    CommandFailed,
    Entity,
    Failure,
    Route,
)
from cockpit_assistant.vehicle.state import VehicleState


def test_success_is_said_only_after_the_car_shows_it() -> None:
    talk = Talk()
    decision = talk.hear(clause("open_window", zone="passenger"))
    assert decision.route is Route.COMMAND
    assert decision.commands == (Command(WINDOW.format("PassengerSide"), 100, "open_window", "driver"),)
    assert talk.words(decision) == ""
    assert talk.reports() == ""
    talk.confirm(*decision.commands)
    assert "副驾车窗" in talk.reports()


def test_a_slow_actuator_is_announced_as_under_way_and_not_as_done() -> None:
    talk = Talk("en")
    decision = talk.hear(clause("open_window", zone="passenger"))
    talk.now = PATIENCE
    assert talk.reports() == "", "it doesn't move yet"
    talk.state.put(WINDOW.format("PassengerSide"), 3, talk.now)
    assert talk.reports() == "Opening the passenger window."
    talk.confirm(*decision.commands)
    assert talk.reports() == "", "what was announced is not repeated"


def test_a_slow_actuator_that_fails_after_its_announcement_is_told() -> None:
    talk = Talk("en")
    decision = talk.hear(clause("open_window", zone="passenger"))
    talk.now = PATIENCE
    talk.reports()
    talk.dialogue.note(CommandFailed(talk.next_id(), decision.commands[0], Failure.NOT_REACHED))
    assert "passenger window" in talk.reports()


def test_partial_success_names_what_did_not_happen() -> None:
    talk = Talk()
    decision = talk.hear(clause("open_window", zone="all"))
    talk.confirm(*decision.commands[:-1])
    talk.dialogue.note(CommandFailed(talk.next_id(), decision.commands[-1], Failure.NO_ANSWER))
    said = talk.reports()
    assert "右后车窗" in said
    assert "都开了" not in said


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_failure_is_told(failure: Failure, language: str) -> None:
    talk = Talk(language)
    decision = talk.hear(clause("turn_on_climate"))
    for command in decision.commands:
        talk.dialogue.note(CommandFailed(talk.next_id(), command, failure))
    assert talk.reports()


def test_several_clauses_become_one_report() -> None:
    talk = Talk()
    decision = talk.hear(clause("turn_on_climate"), clause("turn_on_seat_heating"))
    talk.confirm(decision.commands[0])
    assert talk.reports() == "", "the turn is told as a whole"
    talk.confirm(*decision.commands[1:])
    said = talk.reports()
    assert "空调" in said
    assert "座椅加热" in said


def test_unsafe_is_refused_with_a_reason_and_nothing_is_sent() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Speed", 60.0, 0.0)
    talk.state.put("Vehicle.IsMoving", True, 0.0)
    decision = talk.hear(clause("open_tailgate"))
    assert decision.route is Route.REFUSE
    assert decision.commands == ()
    assert talk.words(decision)


def test_an_unknown_vehicle_state_is_a_moving_car() -> None:
    talk = Talk()
    talk.state = VehicleState()
    assert talk.hear(clause("open_tailgate")).route is Route.REFUSE


def test_the_safe_half_of_a_sentence_is_done_and_the_rest_refused() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Speed", 60.0, 0.0)
    decision = talk.hear(clause("open_tailgate"), clause("turn_on_climate"))
    assert decision.route is Route.COMMAND
    assert {command.intent for command in decision.commands} == {"turn_on_climate"}
    assert talk.words(decision)


class TestConfirmation:
    def rainy(self) -> Talk:
        talk = Talk()
        talk.state.put("Vehicle.Body.Raindetection.Intensity", 40, 0.0)
        return talk

    def test_is_asked_for_and_a_yes_does_exactly_what_was_asked(self) -> None:
        talk = self.rainy()
        asked = talk.hear(clause("open_sunroof"))
        assert asked.route is Route.CONFIRM
        assert asked.commands == ()
        assert "天窗" in talk.words(asked)
        agreed = talk.hear(clause("affirm"))
        assert [command.intent for command in agreed.commands] == ["open_sunroof"]

    def test_no_forgets_it(self) -> None:
        talk = self.rainy()
        talk.hear(clause("open_sunroof"))
        assert talk.hear(clause("deny")).commands == ()
        assert talk.hear(clause("affirm")).commands == ()

    def test_expires(self) -> None:
        talk = self.rainy()
        talk.hear(clause("open_sunroof"))
        talk.now = ANSWER_WITHIN + 0.1
        assert talk.hear(clause("affirm")).commands == ()

    def test_another_seat_cannot_give_it(self) -> None:
        talk = self.rainy()
        talk.hear(clause("open_sunroof"))
        assert talk.hear(clause("affirm"), seat="rear_left").commands == ()

    def test_safety_is_asked_again_when_the_yes_comes(self) -> None:
        talk = Talk()
        talk.state.put("Vehicle.Cabin.Seat.Row1.PassengerSide.OccupancyStatus", "OCCUPIED", 0.0)
        assert talk.hear(clause("move_seat_back", zone="passenger")).route is Route.CONFIRM
        agreed = talk.hear(clause("affirm"))
        assert all(SAFETY.judge(c, talk.state, talk.now).kind != "refuse" for c in agreed.commands)


class TestQuestion:
    def test_only_what_is_missing_is_asked_and_a_bare_answer_completes_it(self) -> None:
        talk = Talk()
        asked = talk.hear(clause("set_temperature"))
        assert asked.route is Route.QUESTION
        answered = talk.hear(text="二十四")
        assert [command.value for command in answered.commands] == [24]

    def test_an_answer_that_repeats_the_command_counts(self) -> None:
        talk = Talk()
        talk.hear(clause("set_temperature", zone="passenger"))
        answered = talk.hear(clause("set_temperature", temperature=22))
        assert [command.path for command in answered.commands] == [
            "Vehicle.Cabin.HVAC.Station.Row1.Passenger.Temperature"
        ]

    def test_a_bare_number_is_the_answer_whatever_else_it_may_be_taken_for(self) -> None:
        talk = Talk()
        talk.hear(clause("set_temperature"))
        answered = talk.hear(clause("set_volume", volume=20), text="二十度")
        assert [(c.intent, c.value) for c in answered.commands] == [("set_temperature", 20)]

    def test_a_number_inside_another_command_is_not_the_answer(self) -> None:
        talk = Talk()
        talk.hear(clause("set_temperature"))
        answered = talk.hear(clause("set_volume", volume=30), text="音量调到三十")
        assert [command.intent for command in answered.commands] == ["set_volume"]

    def test_another_command_instead_of_an_answer_is_taken_as_such(self) -> None:
        talk = Talk()
        talk.hear(clause("set_temperature"))
        assert [c.intent for c in talk.hear(clause("turn_on_climate")).commands] == ["turn_on_climate"]

    def test_expires(self) -> None:
        talk = Talk()
        talk.hear(clause("set_temperature"))
        talk.now = ANSWER_WITHIN + 0.1
        assert talk.hear(text="二十四").commands == ()


class TestUndo:
    def test_goes_back_to_what_the_car_showed_before(self) -> None:
        talk = Talk()
        done = talk.hear(clause("set_temperature", temperature=28))
        talk.confirm(*done.commands)
        talk.reports()
        undone = talk.hear(clause("undo"))
        assert [command.value for command in undone.commands] == [23.0]
        talk.confirm(*undone.commands)
        assert "温度" in talk.reports()

    def test_goes_back_several_steps_and_then_says_so(self) -> None:
        talk = Talk()
        for degrees in (25, 27):
            talk.confirm(*talk.hear(clause("set_temperature", temperature=degrees)).commands)
            talk.reports()
        values = []
        for _ in range(2):
            undone = talk.hear(clause("undo"))
            values += [command.value for command in undone.commands]
            talk.confirm(*undone.commands)
            talk.reports()
        assert values == [25, 23.0]
        assert talk.hear(clause("undo")).commands == ()

    def test_passes_through_safety(self) -> None:
        talk = Talk()
        talk.confirm(*talk.hear(clause("open_tailgate")).commands)
        talk.reports()
        talk.confirm(*talk.hear(clause("close_tailgate")).commands)
        talk.reports()
        talk.state.put("Vehicle.Speed", 60.0, 0.0)
        assert talk.hear(clause("undo")).commands == (), "undoing would open the tailgate of a moving car"

    def test_what_failed_is_not_undone(self) -> None:
        talk = Talk()
        decision = talk.hear(clause("turn_on_climate"))
        for command in decision.commands:
            talk.dialogue.note(CommandFailed(talk.next_id(), command, Failure.REJECTED))
        talk.reports()
        assert talk.hear(clause("undo")).commands == ()


def test_status_is_answered_from_the_car() -> None:
    talk = Talk("en")
    talk.state.put("Vehicle.Powertrain.Range", 123_400, 0.0)
    decision = talk.hear(clause("ask_range"))
    assert decision.route is Route.QUESTION
    assert "123 kilometres" in talk.words(decision)


@pytest.mark.parametrize(("language", "time"), [("zh", "下午3点零5分"), ("en", "3:05 pm")])
def test_time_is_said_as_people_say_it(language: str, time: str) -> None:
    talk = Talk(language)
    assert time in talk.words(talk.hear(clause("ask_time")))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("intent", sorted(DOMAIN.intents))
def test_no_intent_leaves_the_speaker_without_an_answer(intent: str, language: str) -> None:
    talk = Talk(language)
    decision = talk.hear(clause(intent))
    talk.confirm(*decision.commands)
    assert talk.words(decision) + talk.reports()


def test_out_of_scope_is_chat() -> None:
    assert Talk().hear().route is Route.CHAT


@pytest.mark.parametrize("seat", ["driver", "passenger", "rear_left"])
def test_the_speakers_own_seat_is_meant_where_none_is_said(seat: str) -> None:
    decision = Talk().hear(clause("turn_on_seat_heating"), seat=seat)
    (command,) = decision.commands
    assert MODEL.signal_at(command.path)[2] == (seat,)  # type: ignore[index]


TEMPERATURE = "Vehicle.Cabin.HVAC.Station.Row1.{}.Temperature"


def test_a_bit_more_goes_on_with_the_command_before() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=22, zone="passenger")).commands)
    (command,) = talk.hear(clause("more")).commands
    assert (command.path, command.value) == (TEMPERATURE.format("Passenger"), 23)
    talk.confirm(command)
    assert [c.value for c in talk.hear(clause("less")).commands] == [22]


def test_the_same_there_repeats_the_command_for_another_seat() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=22)).commands)
    (command,) = talk.hear(clause("also_there", zone="passenger")).commands
    assert (command.path, command.value) == (TEMPERATURE.format("Passenger"), 22)


def test_another_seat_does_not_go_on_with_what_was_said_in_this_one() -> None:
    talk = Talk()
    talk.hear(clause("set_temperature", temperature=22))
    decision = talk.hear(clause("more"), seat="passenger")
    assert not decision.commands
    assert decision.route is Route.QUESTION


def test_nobody_goes_on_with_a_command_of_long_ago() -> None:
    talk = Talk()
    talk.hear(clause("set_temperature", temperature=22))
    talk.now = GOES_ON_WITHIN + 1
    assert not talk.hear(clause("more")).commands


def test_what_goes_on_passes_the_same_safety_rules() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("recline_backrest")).commands)
    talk.state.put("Vehicle.Speed", 80.0, talk.now)
    decision = talk.hear(clause("more"))
    assert not decision.commands
    assert decision.route is Route.REFUSE


@pytest.mark.parametrize(("language", "why"), [("zh", "安全带"), ("en", "seat belt")])
def test_who_is_belted_is_told_why_the_seat_goes_no_flatter_on_the_move(language: str, why: str) -> None:
    talk = Talk(language)
    talk.state.put("Vehicle.Cabin.Seat.Row2.DriverSide.Backrest.Recline", 36.0, 0.0)
    talk.state.put("Vehicle.Cabin.Seat.Row2.DriverSide.IsBelted", True, 0.0)
    talk.state.put("Vehicle.Speed", 80.0, 0.0)
    decision = talk.hear(clause("recline_backrest"), seat="rear_left")
    assert (decision.route, decision.commands) == (Route.REFUSE, ())
    assert why in talk.words(decision)
    assert talk.hear(clause("raise_backrest"), seat="rear_left").commands


def test_a_belted_child_too_light_for_the_cushion_is_asked_about_before_its_seat_moves() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Cabin.Seat.Row2.DriverSide.IsBelted", True, 0.0)
    decision = talk.hear(clause("recline_backrest", zone="rear_left"))
    assert (decision.route, decision.commands) == (Route.CONFIRM, ())
    assert talk.hear(clause("affirm")).commands


@pytest.mark.parametrize("intent", ["refrain", "unsupported"])
def test_what_is_not_to_be_done_or_can_not_be_done_sends_nothing(intent: str) -> None:
    decision = Talk().hear(clause(intent, feature="自适应巡航"))
    assert not decision.commands
    assert decision.route is (Route.CHAT if intent == "refrain" else Route.REFUSE)


@pytest.mark.parametrize(("wanted", "answer"), [("en", "English"), ("zh", "中文")])
def test_a_change_of_language_is_answered_in_the_language_wanted(wanted: str, answer: str) -> None:
    talk = Talk("zh" if wanted == "en" else "en")
    decision = talk.hear(clause("change_language", language=wanted))
    assert decision.language == wanted
    assert answer in talk.wording.of(decision.say[0], wanted)


@pytest.mark.parametrize(("intent", "ends"), [("sleep_assistant", True), ("goodbye", True), ("greet", False)])
def test_who_is_done_is_not_listened_to_any_longer(intent: str, ends: bool) -> None:
    assert Talk().hear(clause(intent)).ends is ends


def test_tomorrows_weather_is_not_read_off_todays_sensors() -> None:
    talk = Talk("en")
    today, tomorrow = talk.hear(clause("ask_weather")), talk.hear(clause("ask_weather", date="tomorrow"))
    assert "18" in talk.words(today)
    assert "18" not in talk.words(tomorrow)


@pytest.mark.parametrize(("language", "date"), [("zh", "5月1号，星期五"), ("en", "Friday, May 1")])
def test_the_date_is_said_as_people_say_it(language: str, date: str) -> None:
    talk = Talk(language)
    assert date in talk.words(talk.hear(clause("ask_date")))


def test_an_emergency_call_and_a_message_need_a_yes() -> None:
    talk = Talk()
    assert talk.hear(clause("call_emergency")).route is Route.CONFIRM
    asked = talk.hear(clause("send_message", contact="妈妈", message="我马上到"))
    assert asked.route is Route.CONFIRM
    assert "妈妈" in talk.words(asked)
    assert {c.value for c in talk.hear(clause("affirm")).commands} == {"妈妈", "我马上到"}


def test_a_seat_said_once_is_meant_for_all_that_follows_about_it() -> None:
    climate = (clause("set_temperature", temperature=20, zone="passenger"), clause("set_fan", level=3))
    assert {MODEL.signal_at(c.path)[2] for c in Talk().hear(*climate).commands} == {("passenger",)}  # type: ignore[index]
    elsewhere = (clause("open_window", zone="passenger"), clause("turn_on_seat_heating"))
    seats = [MODEL.signal_at(c.path)[2] for c in Talk().hear(*elsewhere).commands]  # type: ignore[index]
    assert seats == [("passenger",), ("driver",)]


def test_where_a_sentence_contradicts_itself_the_later_words_count() -> None:
    decision = Talk().hear(clause("open_window"), clause("turn_on_climate"), clause("close_window"))
    windows = [c.value for c in decision.commands if c.path == WINDOW.format("DriverSide")]
    assert windows == [0]
    assert len(decision.commands) == 2


def test_a_number_is_said_as_a_number_however_it_was_worded() -> None:
    talk = Talk()
    crack = Entity("amount", 10, 0, 2, "条缝")
    decision = talk.hear(Clause("天窗关了但留条缝", "close_sunroof", 1.0, (crack,)))
    talk.confirm(*decision.commands)
    assert "百分之10" in talk.reports()
