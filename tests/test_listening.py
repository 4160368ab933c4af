"""Listening: what wakes, what does not, pauses, going on without the wake phrase: on real engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.assembly import Ears, Project
from cockpit_assistant.audio import files
from cockpit_assistant.config import Settings
from cockpit_assistant.events import (
    SAMPLE_RATE,
    CommandConfirmed,
    FinalTranscript,
    NothingHeard,
    Record,
    Reply,
    Samples,
    SpeechEnded,
    WakeDetected,
)
from cockpit_assistant.listening import Completeness, Listener
from cockpit_assistant.replay.runner import rig

pytestmark = [pytest.mark.audio, pytest.mark.broker]

DATA = Path(__file__).parent / "data"
Play = Callable[..., list[object]]


@pytest.fixture(scope="module")
def ears(settings: Settings) -> Ears:
    return Ears(settings, settings.project)


@pytest.fixture(scope="module")
def always_awake(settings: Settings) -> Ears:
    return Ears(settings, settings.project, wake=False)


@pytest.fixture
def play(project: Project, settings: Settings, tmp_path: Path) -> Play:
    """Plays pieces one after the other, recordings by name and pauses in seconds; gives the events."""

    def run(ears: Ears, *pieces: str | float) -> list[object]:
        records: list[Record] = []
        file = tmp_path / "played.flac"
        files.write(file, np.concatenate([_sound(piece) for piece in pieces]))
        with rig(project, settings, ears=ears, observers=(records.append,)) as session:
            session.play(file)
        return [record.event for record in records]

    return run


def _sound(piece: str | float) -> Samples:
    if isinstance(piece, str):
        return files.read(next(DATA.glob(f"{piece}.[fw][la][av]*")))
    quiet = np.random.default_rng(3).normal(0, 12, round(piece * SAMPLE_RATE))
    return quiet.astype(np.int16)


def of(kind: type, events: list[object]) -> list[object]:
    return [event for event in events if isinstance(event, kind)]


def test_a_command_after_a_pause_belongs_to_the_wake_phrase(play: Play, ears: Ears) -> None:
    events = play(ears, "wake_only_zh", 1.0, "open_window_zh", 1.0)
    assert len(of(WakeDetected, events)) == 1
    (heard,) = of(FinalTranscript, events)
    assert isinstance(heard, FinalTranscript)
    assert "车窗" in heard.text
    assert of(CommandConfirmed, events)


def test_the_language_of_the_wake_phrase_is_listened_for(play: Play, ears: Ears) -> None:
    events = play(ears, "wake_only_en", 0.8, "temperature_en", 1.0)
    (heard,) = of(FinalTranscript, events)
    assert isinstance(heard, FinalTranscript)
    assert heard.language == "en"
    assert of(CommandConfirmed, events)


def test_nothing_after_the_wake_phrase_gives_one_gentle_word_and_sleep(play: Play, ears: Ears) -> None:
    events = play(ears, "wake_only_zh", 6.5, "open_window_zh", 1.0)
    assert len(of(NothingHeard, events)) == 1
    assert len(of(Reply, events)) == 1


def test_after_an_answer_the_speaker_may_go_on(play: Play, ears: Ears) -> None:
    events = play(ears, "wake_only_zh", 1.0, "open_window_zh", 3.0, "open_window_zh", 1.0)
    assert len(of(WakeDetected, events)) == 1
    assert len(of(FinalTranscript, events)) == 2


def test_long_after_an_answer_the_wake_phrase_is_needed_again(play: Play, ears: Ears) -> None:
    events = play(ears, "wake_only_zh", 1.0, "open_window_zh", 14.0, "open_window_zh", 1.0)
    assert len(of(FinalTranscript, events)) == 1


def test_the_radio_wakes_nothing(play: Play, ears: Ears) -> None:
    events = play(ears, "radio", 1.0)
    assert of(FinalTranscript, events) == []
    assert of(Reply, events) == []


def test_a_command_without_the_wake_phrase_is_not_meant_for_the_assistant(play: Play, ears: Ears) -> None:
    assert of(FinalTranscript, play(ears, "open_window_zh", 1.0)) == []


def test_rain_is_not_speech(play: Play, always_awake: Ears) -> None:
    assert of(FinalTranscript, play(always_awake, "rain", 1.0)) == []


@pytest.mark.parametrize(
    ("completeness", "silence"),
    [(Completeness.WHOLE, 0.22), (Completeness.UNKNOWN, 0.6), (Completeness.OPEN, 1.2)],
)
def test_how_long_a_silence_ends_an_utterance_depends_on_what_was_said(
    always_awake: Ears, settings: Settings, completeness: Completeness, silence: float
) -> None:
    always_awake.activity.reset()
    listener = Listener(
        always_awake.wake,
        always_awake.activity,
        always_awake.recognizer,
        settings.listen,
        always_awake=True,
        completeness=lambda text, language, seat: completeness,
    )
    sound = np.concatenate([_sound("open_window_zh"), _sound(2.0)])
    heard = [event for frame in files.frames(sound) for event in listener.feed(frame)]
    (ended,) = of(SpeechEnded, heard)
    assert isinstance(ended, SpeechEnded)
    assert ended.decided - ended.time == pytest.approx(silence, abs=0.021)


def test_a_stereo_recording_at_another_rate_is_understood(play: Play, always_awake: Ears) -> None:
    events = play(always_awake, "phone", 1.0)
    (heard,) = of(FinalTranscript, events)
    assert isinstance(heard, FinalTranscript)
    assert "window" in heard.text.lower()
