"""Finding the wake phrase in a transcript by its sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.wake.phrase import find_phrase, strip_phrase

PHRASES = ("你好小诺", "hey Nova")


@pytest.mark.parametrize(
    ("transcript", "command"),
    [
        ("你好小诺打开空调", "打开空调"),
        ("你好，小诺，打开空调。", "打开空调。"),
        ("你好小罗 打开空调", "打开空调"),
        ("你好小糯导航到首都机场", "导航到首都机场"),
        ("你好小lo打开空调", "打开空调"),
        ("你好,小落导航回家", "导航回家"),
        ("Nihao Xiaonuo, 打开空调", "打开空调"),
        ("嗯，你好小诺，打开空调", "打开空调"),
        ("里好小诺打开空调", "打开空调"),
        ("好小诺打开空调", "打开空调"),
        ("你好小诺，你好小诺，打开空调", "打开空调"),
        ("Hey Nova, close the window", "close the window"),
        ("Hey, Nova. Close the window.", "Close the window."),
        ("Hanover, close the window", "close the window"),
        ("hey no va play some jazz", "play some jazz"),
        ("A nova, play some jazz", "play some jazz"),
        ("嘿诺娃打开空调", "打开空调"),
        ("你好小诺", ""),
        ("Hey Nova!", ""),
    ],
)
def test_the_phrase_is_cut_off_however_it_is_spelt(transcript: str, command: str) -> None:
    assert strip_phrase(transcript, PHRASES) == command


@pytest.mark.parametrize(
    "transcript",
    [
        "打开空调",
        "温度调到二十四度",
        "close the window",
        "set the temperature to twenty two degrees",
        "好的，谢谢",
        "你好小爱同学",
        "你好小度",
        "你好，请问是李小姐吗",
        "你好小气啊",
        "Hey Siri, what time is it",
        "Okay Google",
        "Remember the fifth of November",
        "How many are over there",
        "",
        "，。！",
    ],
)
def test_other_speech_is_left_alone(transcript: str) -> None:
    assert find_phrase(transcript, PHRASES) is None
    assert strip_phrase(transcript, PHRASES) == transcript


def test_the_more_similar_phrase_is_named() -> None:
    found = find_phrase("hey Nova open the window", PHRASES)
    assert found is not None
    assert (found.phrase, found.similarity) == ("hey Nova", 1.0)


def test_a_project_may_have_another_phrase() -> None:
    assert strip_phrase("小兔小兔，关窗", ["小途小途"]) == "关窗"


@given(st.text(max_size=60))
def test_what_remains_is_the_end_of_what_was_said(transcript: str) -> None:
    assert transcript.endswith(strip_phrase(transcript, PHRASES))


@given(st.sampled_from(PHRASES), st.sampled_from(["打开空调", "关窗", "play some jazz", "温度调高一点"]))
def test_phrase_and_command_come_apart(phrase: str, command: str) -> None:
    assert strip_phrase(f"{phrase} {command}", PHRASES) == command
