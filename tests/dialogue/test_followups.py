"""Talk over several turns: corrections, choices, questions taken up again, seats that don't mix."""

from __future__ import annotations

import pytest
from talk import PLAYBOOK, TEMPERATURE, WINDOW, Talk, clause

from cockpit_assistant.dialogue.policy import ANSWER_WITHIN
from cockpit_assistant.events import Clause, Command, CommandFailed, Entity, Failure, Route, Say, Understanding


def responses(says: tuple[Say, ...]) -> list[str]:
    return [say.response for say in says]


def paths(commands: tuple[Command, ...]) -> dict[str, object]:
    return {command.path: command.value for command in commands}


def test_a_correction_puts_back_what_was_wrong_and_does_what_is_right() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("open_window", zone="driver")).commands)
    decision = talk.hear(clause("correct", zone="passenger"))
    assert paths(decision.commands) == {WINDOW.format("DriverSide"): 0, WINDOW.format("PassengerSide"): 100}
    talk.confirm(*decision.commands)
    assert "副驾" in talk.reports()


def test_undoing_a_correction_goes_back_to_before_the_mistake() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=20)).commands)
    talk.confirm(*talk.hear(clause("correct", temperature=26)).commands)
    assert paths(talk.hear(clause("undo")).commands) == {TEMPERATURE.format("Driver"): 23.0}


def test_a_bare_number_corrects_the_number() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=20)).commands)
    wrong_words = Clause("不对，二十六", "correct", 1.0, (Entity("volume", 6, 5, 6, "六"),))
    assert paths(talk.hear(wrong_words).commands) == {TEMPERATURE.format("Driver"): 26.0}


def test_a_number_of_another_kind_corrects_the_number_of_the_command() -> None:
    talk = Talk("en")
    talk.confirm(*talk.hear(clause("open_window", zone="driver")).commands)
    halfway = Clause("no I meant halfway", "correct", 1.0, (Entity("temperature", 50, 11, 18, "halfway"),))
    assert paths(talk.hear(halfway).commands) == {WINDOW.format("DriverSide"): 50}


def test_a_correction_that_changes_nothing_is_asked_about() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("open_window", zone="driver")).commands)
    again = talk.hear(clause("correct", zone="driver"))
    assert (again.commands, responses(again.say)) == ((), ["utter_nothing_to_go_on"])


def test_what_is_still_moving_can_be_undone() -> None:
    talk = Talk()
    talk.hear(clause("open_window", zone="driver"))
    assert paths(talk.hear(clause("undo")).commands) == {WINDOW.format("DriverSide"): 0}


def test_undo_goes_back_turn_by_turn_and_stays_with_its_seat() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=20)).commands)
    talk.confirm(*talk.hear(clause("open_window", zone="driver")).commands)
    talk.confirm(*talk.hear(clause("open_window", zone="passenger"), seat="passenger").commands)
    assert paths(talk.hear(clause("undo")).commands) == {WINDOW.format("DriverSide"): 0}
    assert paths(talk.hear(clause("undo")).commands) == {TEMPERATURE.format("Driver"): 23.0}
    assert responses(talk.hear(clause("undo")).say) == ["utter_nothing_to_undo"]
    assert paths(talk.hear(clause("undo"), seat="passenger").commands) == {WINDOW.format("PassengerSide"): 0}


def test_an_undo_that_needs_a_yes_is_done_once() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Cabin.Sunroof.Position", 100, 0.0)
    talk.confirm(*talk.hear(clause("close_sunroof")).commands)
    talk.state.put("Vehicle.Cabin.Sunroof.Position", 0, 0.0)
    talk.state.put("Vehicle.Body.Raindetection.Intensity", 60, 0.0)
    assert talk.hear(clause("undo")).route is Route.CONFIRM
    assert talk.hear(clause("affirm")).commands
    assert responses(talk.hear(clause("undo")).say) == ["utter_nothing_to_undo"]


def test_a_call_is_undone_by_hanging_up_and_a_message_not_at_all() -> None:
    talk = Talk()
    for contact in ("Anna", "Bob"):
        talk.confirm(*talk.hear(clause("call_contact", contact=contact)).commands)
    assert [command.value for command in talk.hear(clause("undo")).commands] == [""]
    talk = Talk()
    talk.hear(clause("send_message", contact="Anna", message="hello"))
    talk.confirm(*talk.hear(clause("affirm")).commands)
    assert responses(talk.hear(clause("undo")).say) == ["utter_nothing_to_undo"]


def test_what_never_happened_is_not_undone() -> None:
    talk = Talk()
    command = talk.hear(clause("open_window", zone="driver")).commands[0]
    talk.dialogue.note(CommandFailed(talk.next_id(), command, Failure.REJECTED))
    assert responses(talk.hear(clause("undo")).say) == ["utter_nothing_to_undo"]


def test_on_and_off_again_are_about_the_last_thing() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("turn_off_seat_heating", zone="passenger")).commands)
    again = talk.hear(clause("switch_back_on"))
    assert {command.intent for command in again.commands} == {"turn_on_seat_heating"}
    assert all("PassengerSide" in command.path for command in again.commands)
    assert {command.intent for command in talk.hear(clause("switch_back_off")).commands} == {
        "turn_off_seat_heating"
    }


def test_the_same_elsewhere_is_the_same_value_and_not_the_same_step() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("set_temperature", temperature=24)).commands)
    talk.confirm(*talk.hear(clause("more")).commands)
    assert paths(talk.hear(clause("also_there", zone="passenger")).commands) == {
        TEMPERATURE.format("Passenger"): 25.0
    }


@pytest.mark.parametrize("said", [clause("also_there"), clause("also_there", zone="rear")])
def test_what_has_no_places_is_not_done_again_elsewhere(said: object) -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("raise_volume")).commands)
    assert responses(talk.hear(said).say) == ["utter_nothing_to_go_on"]  # type: ignore[arg-type]


def test_less_of_a_channel_stays_with_that_channel() -> None:
    talk = Talk()
    talk.confirm(*talk.hear(clause("lower_volume", channel="navigation")).commands)
    assert all("Navigation" in command.path for command in talk.hear(clause("less")).commands)


def test_an_interrupted_question_is_asked_again_once() -> None:
    talk = Talk()
    assert responses(talk.hear(clause("set_temperature")).say) == ["utter_ask_temperature"]
    between = talk.hear(clause("ask_range"))
    assert responses(between.say) == ["utter_ask_range", "utter_ask_temperature"]
    assert responses(talk.hear(clause("ask_range")).say) == ["utter_ask_range"]


def test_a_question_is_not_asked_again_when_its_subject_was_settled() -> None:
    talk = Talk()
    talk.hear(clause("set_timer"))
    assert responses(talk.hear(clause("cancel_timer")).say) == []


def test_never_mind_drops_the_question() -> None:
    talk = Talk()
    talk.hear(clause("set_temperature"))
    assert responses(talk.hear(clause("cancel")).say) == ["utter_cancelled"]
    assert talk.hear(text="二十度").commands == ()


def test_one_seat_does_not_answer_anothers_question() -> None:
    talk = Talk()
    talk.hear(clause("set_temperature"))
    assert talk.hear(text="二十度", seat="passenger").commands == ()
    assert paths(talk.hear(text="二十度").commands) == {TEMPERATURE.format("Driver"): 20.0}


def test_what_nobody_answers_is_let_go_with_a_word() -> None:
    talk = Talk()
    talk.hear(clause("set_temperature"))
    talk.now = ANSWER_WITHIN + 1
    assert [say.response for say, _, _ in talk.dialogue.report(talk.state, talk.now)] == ["utter_question_expired"]
    assert talk.dialogue.report(talk.state, talk.now) == []


def test_another_value_for_one_that_is_out_of_range_is_taken() -> None:
    talk = Talk()
    assert responses(talk.hear(clause("set_temperature", temperature=300)).say) == ["utter_out_of_range"]
    assert paths(talk.hear(text="二十六度").commands) == {TEMPERATURE.format("Driver"): 26.0}


def test_a_yes_counts_for_the_hazard_it_was_asked_about_and_no_other() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Body.Raindetection.Intensity", 20, 0.0)
    assert responses(talk.hear(clause("open_sunroof")).say) == ["utter_confirm_rain"]
    talk.state.put("Vehicle.Speed", 130.0, 0.0)
    again = talk.hear(clause("affirm"))
    assert (again.route, responses(again.say), again.commands) == (Route.CONFIRM, ["utter_confirm_fast"], ())
    assert talk.hear(clause("affirm")).commands


def test_saying_the_command_again_is_a_yes() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Body.Raindetection.Intensity", 20, 0.0)
    talk.hear(clause("open_sunroof"))
    assert talk.hear(clause("open_sunroof")).commands


def test_nothing_is_asked_that_would_be_refused_anyway() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Speed", 60.0, 0.0)
    decision = talk.hear(clause("play_video"))
    assert (decision.route, responses(decision.say)) == (Route.REFUSE, ["utter_refuse_video"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("stop", "open_window"), ["open_window"]),
        (("affirm", "open_window"), ["open_window"]),
        (("greet", "open_window"), ["open_window"]),
        (("open_window", "cancel"), []),
        (("close_window", "deny", "open_window"), ["open_window"]),
    ],
)
def test_courtesies_and_slips_around_a_command_are_no_requests(before: tuple[str, ...], after: list[str]) -> None:
    decision = Talk().hear(*(clause(intent) for intent in before))
    assert [command.intent for command in decision.commands] == after
    assert len(decision.say) == (0 if after else 1)
    assert not decision.ends


def test_a_name_that_fits_several_is_asked_about_and_chosen() -> None:
    options = ("Anna Meyer", "Anna Schmidt", "Anna Weber")
    for text, option, chosen in (
        ("the second one", "2", "Anna Schmidt"),
        ("meyer please", None, "Anna Meyer"),
        ("the last", "last", "Anna Weber"),
    ):
        talk = Talk("en")
        doubtful = Entity("contact", "Anna", 0, 4, "Anna", choices=options)
        said = clause("call_contact")
        asked = talk.hear(type(said)("call Anna", "call_contact", 1.0, (doubtful,)))
        assert responses(asked.say) == ["utter_which"]
        answer = (clause("choose", option=option),) if option else ()
        assert [command.value for command in talk.hear(*answer, text=text).commands] == [chosen]


def test_a_form_asks_one_after_the_other_and_takes_dictation_as_it_is() -> None:
    talk = Talk()
    assert responses(talk.hear(clause("send_message")).say) == ["utter_ask_message_form_contact"]
    assert responses(talk.hear(clause("send_message", contact="妈妈")).say) == ["utter_ask_message"]
    confirm = talk.hear(clause("open_door"), text="我快到家了，下来开下门")
    assert confirm.route is Route.CONFIRM
    done = talk.hear(clause("affirm"))
    assert {command.value for command in done.commands} == {"妈妈", "我快到家了，下来开下门"}


def test_a_form_is_interrupted_and_taken_up_again() -> None:
    talk = Talk()
    talk.hear(clause("send_message"))
    between = talk.hear(clause("ask_range"))
    assert responses(between.say) == ["utter_ask_range", "utter_ask_message_form_contact"]
    assert responses(talk.hear(clause("cancel")).say) == ["utter_cancelled"]
    assert talk.dialogue.tracker.context("driver").flow.active_form is None


def test_a_form_that_nobody_answers_is_let_go() -> None:
    talk = Talk()
    talk.hear(clause("send_message"))
    talk.now = ANSWER_WITHIN + 1
    assert [say.response for say, _, _ in talk.dialogue.report(talk.state, talk.now)] == ["utter_question_expired"]
    assert talk.dialogue.tracker.context("driver").flow.active_form is None


def test_every_intent_of_the_project_leads_somewhere() -> None:
    for intent in sorted(PLAYBOOK.domain.intents):
        decision = Talk().hear(clause(intent))
        assert decision.commands or decision.say, intent


@pytest.mark.parametrize(
    ("said", "complete"),
    [
        (clause("undo"), True),
        (clause("more"), True),
        (clause("open_window"), True),
        (clause("set_temperature"), False),
        (clause("correct"), False),
        (clause("correct", zone="passenger"), True),
        (clause("deny"), False),
        (clause("chat"), False),
    ],
)
def test_nobody_is_cut_short_who_may_go_on(said: Clause, complete: bool) -> None:
    talk = Talk()
    assert talk.dialogue.is_complete(Understanding("…", "zh", "driver", (said,)), talk.state) is complete


def test_a_request_that_lacks_its_object_is_open() -> None:
    talk = Talk()
    for said, is_open in (
        (clause("set_temperature"), True),
        (clause("open_window"), False),
        (clause("more"), False),
    ):
        assert talk.dialogue.is_open(Understanding("…", "zh", "driver", (said,)), talk.state) is is_open


def test_a_no_is_complete_where_a_yes_was_asked_for() -> None:
    talk = Talk()
    talk.state.put("Vehicle.Body.Raindetection.Intensity", 20, 0.0)
    talk.hear(clause("open_sunroof"))
    no = Understanding("…", "zh", "driver", (clause("deny"),))
    assert talk.dialogue.is_complete(no, talk.state)
    assert not talk.dialogue.is_complete(Understanding("…", "zh", "passenger", no.clauses), talk.state)


def test_nothing_is_called_cancelled_where_nothing_was_asked_for() -> None:
    assert responses(Talk().hear(clause("affirm"), clause("deny")).say) == ["utter_denied"]
    assert responses(Talk().hear(clause("open_window"), clause("deny")).say) == ["utter_cancelled"]
