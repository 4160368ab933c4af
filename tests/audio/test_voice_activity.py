from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.audio import files
from cockpit_assistant.audio.endpoint import Endpointer
from cockpit_assistant.audio.voice_activity import VoiceActivity
from cockpit_assistant.config import ListenSettings
from cockpit_assistant.errors import ModelError
from cockpit_assistant.events import Samples, SpeechEnded, SpeechStarted

RECORDINGS = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def activity() -> VoiceActivity:
    return VoiceActivity()


def course(activity: VoiceActivity, samples: Samples) -> list[float]:
    activity.reset()
    return [activity.probability(frame.samples) for frame in files.frames(samples)]


@pytest.mark.parametrize("name", ["open_window_zh", "temperature_en"])
def test_one_sentence_is_one_utterance_with_its_silences_left_out(activity: VoiceActivity, name: str) -> None:
    samples = files.read(RECORDINGS / f"{name}.flac")
    loud = np.flatnonzero(np.abs(samples) > 1000) / 16_000
    edges = []
    endpointer = Endpointer(ListenSettings())
    for frame, probability in zip(files.frames(samples), course(activity, samples), strict=True):
        if edge := endpointer.feed(frame, probability):
            edges.append(edge)
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechEnded]
    assert edges[0].time == pytest.approx(loud[0], abs=0.15)
    assert edges[1].time == pytest.approx(loud[-1], abs=0.25)


def test_rain_and_wind_are_no_speech(activity: VoiceActivity) -> None:
    assert max(course(activity, files.read(RECORDINGS / "rain.flac"))) < 0.5


def test_silence_and_clicks_are_no_speech(activity: VoiceActivity) -> None:
    silence = np.zeros(32_000, np.int16)
    silence[::8000] = 20_000
    assert max(course(activity, silence)) < 0.5


def test_the_stream_may_be_cut_anywhere(activity: VoiceActivity) -> None:
    samples = files.read(RECORDINGS / "open_window_zh.flac")
    whole = course(activity, samples)[-1]
    activity.reset()
    for piece in np.array_split(samples, 37):
        last = activity.probability(piece)
    assert last == pytest.approx(whole, abs=1e-6)


def test_a_reset_makes_the_same_sound_give_the_same_course_again(activity: VoiceActivity) -> None:
    samples = files.read(RECORDINGS / "open_window_zh.flac")
    assert course(activity, samples) == course(activity, samples)


def test_a_file_that_is_no_such_network_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vad.onnx"
    file.write_bytes(b"not a network")
    with pytest.raises(ModelError, match="not a voice activity network"):
        VoiceActivity(file)
