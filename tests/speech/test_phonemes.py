"""Text to Kokoro phonemes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.errors import ModelError
from cockpit_assistant.speech.phonemes import VOCABULARY, sentences, to_phonemes, to_tokens

MIXED = st.text(alphabet="你好调到打开空长重乐abc XYZ0123456789.,%℃°:-!?，。！？（）'\n", max_size=40)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("温度调到24度", "温度调到二十四度"),
        ("还剩50%的电", "还剩百分之五十的电"),
        ("外面-5度", "外面零下五度"),
        ("调高2度", "调高两度"),
        ("风量2档", "风量二档"),
        ("胎压2.4bar", "胎压二点四巴"),
        ("时速60km/h", "时速六十公里每小时"),
        ("现在14:05", "现在十四点零五分"),
        ("现在8:00", "现在八点整"),
        ("24℃", "二十四度"),
        ("2008年", "二零零八年"),
        ("正在呼叫10086111", "正在呼叫幺零零八，六幺幺幺"),
    ],
)
def test_mandarin_numbers_and_units_sound_like_their_words(written: str, spoken: str) -> None:
    assert to_phonemes(written, "zh") == to_phonemes(spoken, "zh")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("24°C", "24 degrees"),
        ("50%", "fifty percent"),
        ("60 km/h", "sixty kilometres per hour"),
        ("It's 7:05.", "It's 7 oh 5."),
        ("It's 8:00.", "It's 8 o'clock."),
        ("40 kWh", "forty kilowatt hours"),
    ],
)
def test_english_numbers_and_units_sound_like_their_words(written: str, spoken: str) -> None:
    assert to_phonemes(written, "en") == to_phonemes(spoken, "en")


def test_to_adjust_is_not_read_like_the_word_for_melody() -> None:
    assert to_phonemes("调到", "zh").startswith(to_phonemes("条", "zh"))


def test_english_names_in_a_mandarin_sentence_are_read_in_english() -> None:
    assert to_phonemes("Yesterday", "en") in to_phonemes("正在播放Yesterday。", "zh")


def test_mandarin_names_in_an_english_sentence_are_read_in_mandarin() -> None:
    assert to_phonemes("张伟", "zh") in to_phonemes("Calling 张伟.", "en")


def test_punctuation_survives_for_the_pauses_it_makes() -> None:
    assert to_phonemes("好的，已打开。", "zh").count(",") == 1
    assert to_phonemes("Okay, done.", "en").endswith(".")


def test_every_symbol_has_a_token_of_its_own() -> None:
    assert len(set(VOCABULARY.values())) == len(VOCABULARY)
    assert max(VOCABULARY.values()) < 178
    assert to_tokens("ni↓ xau↓") == [56, 51, 169, 16, 66, 43, 63, 169]


@given(MIXED)
def test_whatever_is_written_becomes_known_symbols(text: str) -> None:
    assert set(to_phonemes(text, "zh")) <= VOCABULARY.keys()


@given(MIXED)
def test_cutting_into_sentences_loses_no_word(text: str) -> None:
    kept = [c for c in "".join(sentences(text)) if c.isalnum()]
    assert kept == [c for c in text if c.isalnum()]


def test_a_decimal_point_ends_no_sentence() -> None:
    assert sentences("It is 22.5 degrees. Okay?") == ["It is 22.5 degrees.", "Okay?"]


def test_a_very_long_sentence_is_cut_at_commas() -> None:
    assert all(len(piece) <= 20 for piece in sentences("打开空调打开车窗，" * 10, longest=20))


def test_without_espeak_english_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModelError, match=r"espeak-ng is not installed.*apt-get install espeak-ng"):
        to_phonemes("unheard of before", "en")
