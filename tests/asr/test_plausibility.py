from __future__ import annotations

import pytest

from cockpit_assistant.asr.plausibility import believable
from cockpit_assistant.asr.simplify import simplify


@pytest.mark.parametrize(
    "text",
    [
        "谢谢观看",
        "字幕by索兰娅",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "Thank you for watching!",
        "Thanks for watching.",
        "Subtitles by the Amara.org community",
        "。",
        "...",
        "",
    ],
)
def test_what_films_end_with_is_not_taken_for_speech(text: str) -> None:
    assert believable(text, seconds=3.0, probability=0.9, no_speech=0.1) == ""


@pytest.mark.parametrize(
    "text", ["谢谢", "谢谢你", "打开空调", "Thank you.", "Play some music.", "是", "No.", "看一下胎压"]
)
def test_what_drivers_say_is_taken_for_speech(text: str) -> None:
    assert believable(text, seconds=1.0, probability=0.6, no_speech=0.3) == text


def test_a_guess_over_silence_is_dropped_and_a_clear_word_is_kept() -> None:
    assert believable("是的", seconds=1.0, probability=0.3, no_speech=0.8) == ""
    assert believable("是的", seconds=1.0, probability=0.8, no_speech=0.8) == "是的"
    assert believable("是的", seconds=1.0, probability=0.1, no_speech=0.0) == ""


def test_more_than_anyone_can_say_in_the_time_is_dropped() -> None:
    text = "请打开空调再关上车窗然后导航回家顺便放一首好听的歌"
    assert believable(text, seconds=1.0, probability=0.9, no_speech=0.0) == ""
    assert believable(text, seconds=4.0, probability=0.9, no_speech=0.0) == text


def test_nothing_but_a_loop_over_noise_is_dropped_however_sure_the_decoder_is() -> None:
    assert believable("鱼" * 13 + "\ufffd", seconds=2.0, probability=0.74, no_speech=0.9) == ""
    assert believable("哈" * 8, seconds=2.0, probability=0.74, no_speech=0.1) == "哈哈"


@pytest.mark.parametrize(
    ("stuck", "freed"),
    [
        ("打开空调打开空调打开空调打开空调", "打开空调"),
        ("open the door, open the door, open the door, ", "open the door,"),
        ("等一下等一下", "等一下等一下"),
        ("13800000000", "13800000000"),
        ("百分之一百一十一", "百分之一百一十一"),
    ],
)
def test_a_decoder_that_is_stuck_says_it_once(stuck: str, freed: str) -> None:
    assert believable(stuck, seconds=4.0, probability=0.8, no_speech=0.1) == freed


def test_traditional_characters_become_simplified_and_everything_else_stays() -> None:
    assert simplify("妳好，請開啟車窗 Let it go 24°") == "你好，请开启车窗 Let it go 24°"
