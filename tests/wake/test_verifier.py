"""The recogniser's second opinion: what it confirms and what it doesn't, on real engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant import models
from cockpit_assistant.asr.vosk import VoskRecognizer
from cockpit_assistant.asr.whisper import WhisperRecognizer
from cockpit_assistant.audio import files
from cockpit_assistant.config import WakeSettings
from cockpit_assistant.events import SAMPLE_RATE, Samples, WakeDetected
from cockpit_assistant.resources import shipped
from cockpit_assistant.wake.card import WakePhrase
from cockpit_assistant.wake.detector import ASK_AGAIN, WakeDetector
from cockpit_assistant.wake.verifier import WakeVerifier

pytestmark = pytest.mark.audio
DATA = Path(__file__).parents[1] / "data"
HEADS = shipped("onnx_models") / "wake"


def card(name: str) -> WakePhrase:
    return WakePhrase.model_validate_json((HEADS / f"{name}.json").read_bytes())


def sound(name: str) -> Samples:
    return files.read(DATA / f"{name}.flac")


@pytest.fixture(scope="module")
def verifier() -> WakeVerifier:
    return WakeVerifier(WhisperRecognizer(models.path("whisper-base")))


@pytest.mark.parametrize(
    ("recording", "confirmed"),
    [("wake_only_zh", "ni_hao_xiao_nuo"), ("wake_only_en", "hey_nova"), ("open_window_zh", ""), ("rain", "")],
)
def test_a_phrase_is_confirmed_where_it_was_said_and_nowhere_else(
    verifier: WakeVerifier, recording: str, confirmed: str
) -> None:
    for name in ("ni_hao_xiao_nuo", "hey_nova"):
        assert verifier.confirms(card(name), sound(recording)) is (name == confirmed)


def test_a_phrase_after_other_words_is_confirmed(verifier: WakeVerifier) -> None:
    spoken = np.concatenate([sound("open_window_zh"), sound("wake_only_zh")])
    assert verifier.confirms(card("ni_hao_xiao_nuo"), spoken)


def test_what_the_head_lets_pass_is_not_enough(verifier: WakeVerifier) -> None:
    """At a threshold of 0 everything that is said is a candidate."""
    lax = WakeDetector.load(HEADS, WakeSettings(threshold=0.0), verifier)
    assert hits(lax, sound("radio")) == []
    lax.reset()
    assert {hit.phrase for hit in hits(lax, sound("wake_only_en"))} == {"hey Nova"}


def test_a_phrase_that_was_asked_about_too_early_is_asked_about_again(verifier: WakeVerifier) -> None:
    lax = WakeDetector.load(HEADS, WakeSettings(threshold=0.0, phrases=("ni_hao_xiao_nuo",)), verifier)
    first = hits(lax, sound("wake_only_zh"))[0]
    ended = len(sound("wake_only_zh")) / SAMPLE_RATE - 1.0  # a second of silence follows
    assert first.time <= ended + ASK_AGAIN + 0.1


def test_an_engine_without_likelihoods_is_asked_for_its_text() -> None:
    if models.store().state("vosk-ko") is not models.State.READY:
        pytest.skip("needs the model vosk-ko: cockpit-assistant models pull vosk-ko")
    verifier = WakeVerifier(VoskRecognizer(models.path("vosk-ko")))
    assert verifier.likelihood(card("hey_nova"), sound("wake_only_en")) is None
    assert not verifier.confirms(card("hey_nova"), sound("rain"))


def hits(detector: WakeDetector, samples: Samples) -> list[WakeDetected]:
    return [hit for frame in files.frames(samples) if (hit := detector.feed(frame))]
