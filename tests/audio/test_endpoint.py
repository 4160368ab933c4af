from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.audio.endpoint import HYSTERESIS, Endpointer
from cockpit_assistant.config import ListenSettings
from cockpit_assistant.events import FRAME_SAMPLES, AudioFrame, SpeechEnded, SpeechStarted

SETTINGS = ListenSettings(speech_threshold=0.5, silence=0.6, longest=3.0)
YES, NO = 0.9, 0.1


def test_an_utterance_has_its_true_start_and_end() -> None:
    edges = run([(0.5, NO), (1.0, YES), (1.0, NO)])
    assert edges == [SpeechStarted(pytest.approx(0.5)), SpeechEnded(pytest.approx(1.5), pytest.approx(2.1))]


def test_a_pause_shorter_than_the_limit_does_not_end_it() -> None:
    edges = run([(1.0, YES), (0.58, NO), (1.0, YES), (1.0, NO)])
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechEnded]
    assert edges[1].time == pytest.approx(2.58)


def test_who_can_not_have_finished_is_waited_for_in_this_utterance_alone() -> None:
    endpointer = Endpointer(SETTINGS)
    endpointer.patience = 1.2
    edges = [edge for frame, p in frames([(1.0, YES), (2.0, NO)], "driver") if (edge := endpointer.feed(frame, p))]
    assert isinstance(edges[1], SpeechEnded)
    assert edges[1].decided == pytest.approx(2.2)
    assert endpointer.patience == SETTINGS.silence


def test_a_knock_is_no_utterance() -> None:
    assert run([(0.3, NO), (0.08, YES), (1.0, NO)]) == []


def test_knocks_do_not_add_up_to_an_utterance() -> None:
    assert run([(0.06, YES), (0.2, NO)] * 10) == []


def test_speech_that_falters_at_its_beginning_is_found_from_its_first_sound() -> None:
    edges = run([(0.2, NO), (0.06, YES), (0.04, NO), (0.5, YES), (1.0, NO)])
    assert edges[0] == SpeechStarted(pytest.approx(0.2))


def test_a_probability_that_wavers_around_the_threshold_keeps_the_utterance_whole() -> None:
    wavering = [(0.1, 0.5 - HYSTERESIS + 0.01), (0.1, 0.55)] * 10
    edges = run([(0.2, YES), *wavering, (1.0, NO)])
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechEnded]


def test_probabilities_within_the_hysteresis_alone_start_nothing() -> None:
    assert run([(2.0, 0.49)]) == []


def test_what_goes_on_too_long_is_cut_and_listening_goes_on() -> None:
    edges = run([(7.0, YES)])
    kinds = [type(edge) for edge in edges]
    assert kinds == [SpeechStarted, SpeechEnded] * 2 + [SpeechStarted]
    assert edges[1].decided == pytest.approx(3.0)


def test_the_silence_so_far_can_be_read_and_restarts_with_speech() -> None:
    endpointer = Endpointer(SETTINGS)
    readings = []
    for frame, probability in frames([(0.3, NO), (0.4, YES), (0.3, NO), (0.1, YES), (0.2, NO)]):
        endpointer.feed(frame, probability)
        readings.append(endpointer.trailing_silence)
    assert max(readings[:35]) == 0
    assert readings[49] == pytest.approx(0.3)
    assert readings[54] == 0
    assert readings[-1] == pytest.approx(0.2)


def test_the_caller_can_end_an_utterance_early() -> None:
    endpointer = Endpointer(SETTINGS)
    for frame, probability in frames([(0.5, YES), (0.22, NO)]):
        endpointer.feed(frame, probability)
    assert endpointer.speaking
    assert endpointer.speech_start == 0
    ended = endpointer.end(frame)
    assert ended == SpeechEnded(pytest.approx(0.5), pytest.approx(0.72))
    assert not endpointer.speaking
    assert endpointer.speech_start is None
    assert endpointer.trailing_silence == 0


def test_edges_carry_the_seat_of_their_microphone() -> None:
    edges = run([(1.0, YES), (1.0, NO)], seat="passenger")
    assert {edge.seat for edge in edges} == {"passenger"}


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), max_size=30))
def test_edges_alternate_and_never_go_back_in_time(course: list[tuple[int, float]]) -> None:
    edges = run([(count * 0.02, probability) for count, probability in course])
    assert [type(edge) for edge in edges] == ([SpeechStarted, SpeechEnded] * len(edges))[: len(edges)]
    times = [edge.time for edge in edges]
    assert times == sorted(times)
    assert all(edge.decided >= edge.time for edge in edges if isinstance(edge, SpeechEnded))


def frames(course: Iterable[tuple[float, float]], seat: str = "driver") -> Iterable[tuple[AudioFrame, float]]:
    """Frames for stretches of (seconds, speech probability)."""
    silence = np.zeros(FRAME_SAMPLES, np.int16)
    count = 0
    for seconds, probability in course:
        for _ in range(round(seconds / 0.02)):
            yield AudioFrame(silence, count * 0.02, seat), probability
            count += 1


def run(course: Iterable[tuple[float, float]], seat: str = "driver") -> list[SpeechStarted | SpeechEnded]:
    endpointer = Endpointer(SETTINGS)
    return [edge for frame, p in frames(course, seat) if (edge := endpointer.feed(frame, p))]
