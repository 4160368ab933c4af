import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.nlu.values import normalise


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("五分钟", 300),
        ("半小时", 1800),
        ("一个半小时", 5400),
        ("一刻钟", 900),
        ("两小时十分钟", 7800),
        ("两分三十", 150),
        ("90秒", 90),
        ("five minutes", 300),
        ("an hour and a half", 5400),
        ("a quarter of an hour", 900),
        ("one and a half minutes", 90),
        ("2 hrs 10 mins", 7800),
        ("two minutes thirty", 150),
    ],
)
def test_durations_are_seconds(words: str, seconds: int) -> None:
    assert normalise(words, "duration", "zh" if words[-1] > "z" else "en") == seconds


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("七点半", "07:30"),
        ("明天早上六点", "06:00"),
        ("下午三点一刻", "15:15"),
        ("晚上十点半", "22:30"),
        ("半夜十二点", "00:00"),
        ("中午十二点", "12:00"),
        ("七点零五分", "07:05"),
        ("half past six", "06:30"),
        ("quarter to seven", "06:45"),
        ("seven in the evening", "19:00"),
        ("6:30 am", "06:30"),
        ("twelve thirty pm", "12:30"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
    ],
)
def test_times_of_day_are_clock_times(words: str, clock: str) -> None:
    assert normalise(words, "time", "zh" if any(sign > "z" for sign in words) else "en") == clock


@pytest.mark.parametrize("kind", ["duration", "time"])
@pytest.mark.parametrize("words", ["", "空调", "the window", "十", "半", "点", "half", "past", "99:99", "minutes"])
def test_what_is_no_time_has_no_value(words: str, kind: str) -> None:
    value = normalise(words, kind, "en")
    assert value is None or (kind == "time" and words == "十")


@given(st.text(max_size=40), st.sampled_from(["duration", "time"]), st.sampled_from(["zh", "en"]))
def test_any_words_give_a_time_or_nothing(words: str, kind: str, language: str) -> None:
    value = normalise(words, kind, language)
    if kind == "duration":
        assert value is None or value in ("max", "min") or (isinstance(value, int) and 0 < value <= 7 * 24 * 3600)
    elif value is not None and value not in ("max", "min"):
        hour, minute = str(value).split(":")
        assert 0 <= int(hour) < 24
        assert 0 <= int(minute) < 60
