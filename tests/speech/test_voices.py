"""Voices: the right words come out, in time, and are remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from cockpit_assistant.asr import open_recognizer
from cockpit_assistant.audio.files import to_float, to_int16
from cockpit_assistant.config import AsrSettings, SpeechSettings
from cockpit_assistant.errors import ModelError
from cockpit_assistant.events import SAMPLE_RATE
from cockpit_assistant.resources import shipped
from cockpit_assistant.speech import PhraseCache, Speech, Voice, open_voice
from cockpit_assistant.speech.espeak import EspeakVoice
from cockpit_assistant.speech.kokoro import KokoroVoice, read_voice

pytestmark = pytest.mark.audio


@pytest.fixture(scope="module")
def kokoro() -> KokoroVoice:
    return KokoroVoice.load({"zh": "zf_xiaobei", "en": "af_heart"})


def heard(speech: Speech, language: str) -> str:
    import soxr

    recognizer = open_recognizer(AsrSettings())
    stream = recognizer.open(language)
    wide = soxr.resample(to_float(speech.samples), speech.sample_rate, SAMPLE_RATE)
    stream.feed(to_int16(np.concatenate([np.zeros(4000, np.float32), wide, np.zeros(4000, np.float32)])))
    return stream.finish().text


@pytest.mark.parametrize(
    ("text", "language", "sounds"),
    [
        ("已打开空调。", "zh", "da kai kong tiao"),
        ("温度调到24度。", "zh", "24|er shi si"),
        ("Playing Yesterday by The Beatles.", "en", "yesterday by the beatles"),
        ("The battery is at 50%.", "en", "50|fifty"),
    ],
)
def test_kokoro_says_the_words(kokoro: KokoroVoice, text: str, language: str, sounds: str) -> None:
    understood = " ".join(lazy_pinyin(heard(kokoro.speak(text, language), language))).lower()
    assert re.search(sounds, understood)


def test_a_reply_begins_with_its_first_sentence(kokoro: KokoroVoice) -> None:
    pieces = list(kokoro.stream("好的。已打开空调。", "zh"))
    assert len(pieces) == 2
    whole = kokoro.speak("好的。已打开空调。", "zh")
    assert np.array_equal(whole.samples, np.concatenate([piece.samples for piece in pieces]))


def test_speech_is_loud_enough_and_not_clipped(kokoro: KokoroVoice) -> None:
    samples = kokoro.speak("已打开空调。", "zh").samples.astype(float) / 32768
    assert 0.03 < np.sqrt(np.mean(samples**2)) < 0.2
    assert np.abs(samples).max() < 0.95


@pytest.mark.parametrize("text", ["", "…", "  \n", "。！"])
def test_nothing_to_say_is_silence(kokoro: KokoroVoice, text: str) -> None:
    assert len(kokoro.speak(text, "zh").samples) == 0
    assert len(EspeakVoice().speak(text, "zh").samples) == 0


def test_speaking_faster_takes_less_time() -> None:
    slow, fast = EspeakVoice(speed=1.0), EspeakVoice(speed=1.5)
    assert fast.speak("打开空调", "zh").seconds < 0.8 * slow.speak("打开空调", "zh").seconds


def test_a_blend_lies_between_its_voices() -> None:
    folder = shipped("onnx_models") / "voices"
    one, other = read_voice("zf_xiaobei", folder), read_voice("af_heart", folder)
    blend = read_voice("zf_xiaobei+af_heart*0.5", folder)
    assert np.allclose(blend, (one + 0.5 * other) / 1.5, atol=1e-5)


@pytest.mark.parametrize(("name", "says"), [("zf_nobody", "There: af_heart, zf_xiaobei"), ("af_heart*x", "weight")])
def test_a_wrong_voice_name_says_what_is_there(name: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_voice(name, shipped("onnx_models") / "voices")


def test_the_settings_choose_the_engine() -> None:
    assert open_voice(SpeechSettings(engine="none")) is None
    voice = open_voice(SpeechSettings(engine="espeak", speed=1.2))
    assert voice is not None
    assert voice.name == "espeak-1.2"


class Counting:
    """A voice that counts how often it had to speak."""

    name = "counting"

    def __init__(self) -> None:
        self.voice: Voice = EspeakVoice()
        self.spoken = 0

    def speak(self, text: str, language: str) -> Speech:
        self.spoken += 1
        return self.voice.speak(text, language)

    def stream(self, text: str, language: str) -> Iterator[Speech]:
        yield self.speak(text, language)
        yield self.speak(text, language)


def test_a_phrase_is_synthesised_once() -> None:
    counting = Counting()
    cache = PhraseCache(counting)
    first = cache.speak("好的", "zh")
    assert np.array_equal(cache.speak("好的", "zh").samples, first.samples)
    assert counting.spoken == 1


def test_a_streamed_phrase_is_remembered_whole() -> None:
    counting = Counting()
    cache = PhraseCache(counting)
    pieces = list(cache.stream("好的", "zh"))
    (whole,) = cache.stream("好的", "zh")
    assert len(whole.samples) == sum(len(piece.samples) for piece in pieces)
    assert counting.spoken == 2


def test_a_phrase_interrupted_half_way_is_not_remembered() -> None:
    counting = Counting()
    cache = PhraseCache(counting)
    next(cache.stream("好的", "zh"))
    assert len(list(cache.stream("好的", "zh"))) == 2


def test_memory_holds_the_latest_phrases_only() -> None:
    counting = Counting()
    cache = PhraseCache(counting, capacity=2)
    for text in ("一", "二", "三", "三", "二", "一"):
        cache.speak(text, "zh")
    assert counting.spoken == 4
