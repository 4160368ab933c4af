import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.nlu.values import normalise, number_in


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("二十四", 24),
        ("24", 24),
        ("24.5", 24.5),
        ("二十四点五", 24.5),
        ("二十四度半", 24.5),
        ("两", 2),
        ("2十", 20),
        ("一百", 100),
        ("零", 0),
        ("max", "max"),
    ],
)
def test_chinese_numbers_in_any_spelling(words: str, value: float) -> None:
    assert normalise(words, "number", "zh") == value


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("twenty two", 22),
        ("twenty-two", 22),
        ("twenty two point five", 22.5),
        ("twenty two and a half", 22.5),
        ("one and a half", 1.5),
        ("half a degree", 0.5),
        ("a couple", 2),
        ("zero", 0),
        ("a", 1),
        ("MIN", "min"),
    ],
)
def test_english_numbers_in_any_spelling(words: str, value: float) -> None:
    assert normalise(words, "number", "en") == value


@pytest.mark.parametrize(
    ("words", "language", "value"),
    [
        ("百分之三十", "zh", 30),
        ("三分之一", "zh", 33.33),
        ("一半", "zh", 50),
        ("三成", "zh", 30),
        ("三成半", "zh", 35),
        ("30%", "zh", 30),
        ("百分之百", "zh", 100),
        ("thirty percent", "en", 30),
        ("a third", "en", 33.33),
        ("three quarters", "en", 75),
        ("half", "en", 50),
        ("half way", "en", 50),
        ("a hundred", "en", 100),
    ],
)
def test_parts_of_the_whole_are_percent(words: str, language: str, value: float) -> None:
    assert normalise(words, "percent", language) == value


@pytest.mark.parametrize("words", ["banana", "随便", "", "百", "点", "."])
def test_words_without_a_number_have_no_value_or_a_finite_one(words: str) -> None:
    value = normalise(words, "number", "en")
    assert value is None or (isinstance(value, (int, float)) and math.isfinite(value))


def test_text_stays_what_it_is() -> None:
    assert normalise(" 人民广场 ", "text", "zh") == "人民广场"


@pytest.mark.parametrize(
    ("words", "language", "digits"),
    [
        ("一三八零零一三八零零零", "zh", "13800138000"),
        ("幺幺零", "zh", "110"),
        ("five five five zero one double six", "en", "5550166"),
        ("138 0013 8000", "en", "13800138000"),
    ],
)
def test_a_number_said_digit_by_digit_becomes_digits(words: str, language: str, digits: str) -> None:
    assert normalise(words, "text", language) == digits


@pytest.mark.parametrize("words", ["一九", "seven", "seven nation army", "三里屯", "1979"])
def test_names_with_numbers_in_them_stay_names(words: str) -> None:
    assert normalise(words, "text", "en") == words


def test_words_are_no_zone_by_themselves() -> None:
    assert normalise("副驾", "zone", "zh") is None


_NUMERALS = st.text("零一二两三四五六七八九十百千万亿点分之成半度%0123456789. -", max_size=12)
_WORDS = (
    "a",
    "half",
    "third",
    "quarters",
    "point",
    "and",
    "zero",
    "one",
    "two",
    "twenty",
    "hundred",
    "million",
    "percent",
)
_ENGLISH = st.lists(st.sampled_from(_WORDS), max_size=6).map(" ".join)


@given(
    st.one_of(st.text(max_size=20), _NUMERALS, _ENGLISH),
    st.sampled_from(["number", "percent"]),
    st.sampled_from(["zh", "en"]),
)
def test_any_words_give_a_finite_number_or_nothing(words: str, kind: str, language: str) -> None:
    value = normalise(words, kind, language)
    assert value is None or value in ("max", "min") or math.isfinite(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("十二度", "zh", 12),
        ("调到二十四点五度吧", "zh", 24.5),
        ("26", "zh", 26),
        ("twenty two degrees please", "en", 22),
        ("随便", "zh", None),
        ("", "en", None),
    ],
)
def test_the_number_of_an_answer_is_read_whole(text: str, language: str, value: float | None) -> None:
    assert number_in(text, "number", language) == value


@pytest.mark.parametrize(
    ("words", "language", "value"),
    [("零下五", "zh", -5), ("负三", "zh", -3), ("minus five", "en", -5), ("negative two and a half", "en", -2.5)],
)
def test_numbers_below_zero(words: str, language: str, value: float) -> None:
    assert normalise(words, "number", language) == value
