"""Hearing the wake phrases: features, heads, and the detector around them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.audio import files
from cockpit_assistant.config import WakeSettings
from cockpit_assistant.errors import ModelError
from cockpit_assistant.events import SAMPLE_RATE, Samples, WakeDetected
from cockpit_assistant.resources import shipped
from cockpit_assistant.wake.detector import WakeDetector
from cockpit_assistant.wake.features import CHUNK, FeatureNetworks, FeatureStream, embed_audio, with_trace_of_noise

pytestmark = pytest.mark.audio
DATA = Path(__file__).parents[1] / "data"
HEADS = shipped("onnx_models") / "wake"


@pytest.fixture(scope="module")
def networks() -> FeatureNetworks:
    return FeatureNetworks()


@pytest.fixture
def detector() -> WakeDetector:
    return WakeDetector.load(HEADS, WakeSettings())


def detections(detector: WakeDetector, samples: Samples, active: bool = True) -> list[WakeDetected]:
    return [hit for frame in files.frames(samples) if (hit := detector.feed(frame, active=active))]


def test_embeddings_made_along_the_way_equal_the_published_networks(networks: FeatureNetworks) -> None:
    import onnxruntime

    published = onnxruntime.InferenceSession(
        str(shipped("onnx_models") / "speech_embedding" / "embedding_model.onnx")
    )
    sound = files.read(DATA / "wake_only_zh.flac")
    sound = sound[: len(sound) // CHUNK * CHUNK]
    fresh = embed_audio(sound, networks)
    heard = with_trace_of_noise(np.concatenate([np.zeros(11 * CHUNK, np.int16), sound]))
    padded = heard[CHUNK - 480 :]
    spectra = np.concatenate(
        [networks.mel(padded[at : at + CHUNK + 480]) for at in range(0, len(padded) - 480, CHUNK)]
    )
    windows = [spectra[8 * (step + 11) - 76 : 8 * (step + 11)] for step in range(len(fresh))]
    expected = published.run(None, {"input_1": np.stack(windows)[..., np.newaxis]})[0].reshape(-1, 96)
    assert np.allclose(fresh, expected, atol=1e-4)


def test_a_stream_and_a_whole_recording_give_the_same_embeddings(networks: FeatureNetworks) -> None:
    sound = files.read(DATA / "wake_only_en.flac")
    stream = FeatureStream(networks)
    pieces = [stream.push(sound[at : at + CHUNK]) for at in range(0, len(sound) - CHUNK + 1, CHUNK)]
    assert np.array_equal(np.concatenate(pieces), embed_audio(sound, networks))


def test_reset_forgets_what_was_heard(networks: FeatureNetworks) -> None:
    sound = files.read(DATA / "wake_only_en.flac")[: CHUNK * 10]
    stream = FeatureStream(networks)
    first = stream.push(sound)
    stream.push(sound[::-1].copy())
    stream.reset()
    assert np.array_equal(stream.push(sound), first)


@pytest.mark.parametrize(("recording", "phrase"), [("wake_only_zh", "你好小诺"), ("wake_only_en", "hey Nova")])
def test_each_phrase_is_heard_once_soon_after_its_last_sound(
    detector: WakeDetector, recording: str, phrase: str
) -> None:
    (hit,) = detections(detector, files.read(DATA / f"{recording}.flac"))
    assert hit.phrase == phrase
    end = len(files.read(DATA / f"{recording}.flac")) / SAMPLE_RATE - 1.0  # a second of silence follows
    assert -0.2 < hit.time - end < 0.6


def test_talk_on_the_radio_is_never_more_than_a_doubtful_candidate(detector: WakeDetector) -> None:
    """The recogniser has the last word on these: see test_listening."""
    assert all(hit.score < 0.95 for hit in detections(detector, files.read(DATA / "radio.flac")))


def test_rain_and_wind_wake_nothing(detector: WakeDetector) -> None:
    assert detections(detector, files.read(DATA / "rain.flac")) == []


def test_nothing_is_detected_while_nobody_speaks(detector: WakeDetector) -> None:
    assert detections(detector, files.read(DATA / "wake_only_zh.flac"), active=False) == []


def test_a_pause_in_activity_does_not_cost_the_phrase(detector: WakeDetector) -> None:
    sound = files.read(DATA / "wake_only_zh.flac")
    half = len(sound) // 2
    hits = [
        hit
        for number, frame in enumerate(files.frames(sound))
        if (hit := detector.feed(frame, active=number * 320 > half - SAMPLE_RATE // 2))
    ]
    assert len(hits) == 1


def test_after_a_detection_the_detector_is_deaf_for_the_cooldown() -> None:
    sound = np.concatenate([files.read(DATA / "wake_only_zh.flac")] * 2)
    long = WakeDetector.load(HEADS, WakeSettings(cooldown=60))
    assert len(detections(long, sound)) == 1
    assert len(detections(WakeDetector.load(HEADS, WakeSettings()), sound)) == 2


def test_settings_choose_phrases_and_threshold() -> None:
    chosen = WakeDetector.load(HEADS, WakeSettings(phrases=("hey_nova",), threshold=0.97))
    assert [(phrase.text, phrase.threshold) for phrase in chosen.phrases] == [("hey Nova", 0.97)]
    assert detections(chosen, files.read(DATA / "wake_only_zh.flac")) == []


def test_an_unknown_phrase_names_the_ones_there() -> None:
    with pytest.raises(ModelError, match=r"hallo_auto.*there: hey_nova, ni_hao_xiao_nuo"):
        WakeDetector.load(HEADS, WakeSettings(phrases=("hallo_auto",)))


def test_a_damaged_model_says_how_to_repair_it(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    (tmp_path / "broken.json").write_text('{"text": "x", "language": "en", "threshold": 0.5}', encoding="utf-8")
    with pytest.raises(ModelError, match="train wake"):
        WakeDetector.load(tmp_path, WakeSettings())
