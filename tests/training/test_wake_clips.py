"""What a wake word is trained on."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cockpit_assistant.errors import ConfigError
from cockpit_assistant.speech.phonemes import VOCABULARY, to_phonemes
from cockpit_assistant.training.wake_clips import (
    HELD_OUT,
    Counts,
    Kind,
    near_characters,
    near_phonemes,
    plan_clips,
)

pytest.importorskip("torch", reason="needs the train extra")
from cockpit_assistant.training.wake import choose_threshold, count_accepts, phrase_name

VOICES = ("zf_xiaobei", "zf_xiaoyi", "zm_yunxi", "zm_yunxia", "af_heart", "af_nova", "am_adam", "am_puck")
FEW = Counts(phrase=40, phrase_command=20, near=20, command=8, speech=20)


@pytest.mark.parametrize(("phrase", "language"), [("你好小诺", "zh"), ("hey Nova", "en")])
def test_held_out_voices_and_lines_stay_out_of_training(phrase: str, language: str) -> None:
    kokoro, _ = plan_clips(phrase, language, 1, VOICES, FEW, FEW)
    spoken: dict[bool, set[str]] = {True: set(), False: set()}
    for clip in kokoro:
        names = {part.partition("*")[0] for part in clip.voice.split("+")}
        assert names <= set(HELD_OUT) if clip.held_out else not names & set(HELD_OUT)
        if clip.kind is Kind.SPEECH:
            spoken[clip.held_out].add(clip.spoken)
    assert spoken[True]
    assert not spoken[True] & spoken[False]


def test_the_plan_follows_from_its_seed() -> None:
    assert plan_clips("hey Nova", "en", 1, VOICES, FEW, FEW) == plan_clips("hey Nova", "en", 1, VOICES, FEW, FEW)
    assert plan_clips("hey Nova", "en", 1, VOICES, FEW, FEW) != plan_clips("hey Nova", "en", 2, VOICES, FEW, FEW)


def test_the_first_half_of_a_plan_holds_half_of_each_kind() -> None:
    kokoro, _ = plan_clips("你好小诺", "zh", 1, VOICES, FEW, FEW)
    half = kokoro[: len(kokoro) // 2]
    for kind in Kind:
        assert sum(c.kind is kind for c in half) == pytest.approx(sum(c.kind is kind for c in kokoro) / 2, abs=1.5)


def test_near_phrases_are_never_the_phrase_itself() -> None:
    chance = random.Random(5)
    phonemes = to_phonemes("hey Nova", "en")
    for _ in range(200):
        near = near_phonemes(phonemes, chance)
        assert near != phonemes
        assert set(near) <= VOCABULARY.keys()
        assert near_characters("你好小诺", chance) not in {"你好小诺", "你好小罗", "你好小糯"}


def test_a_phrase_names_its_files() -> None:
    assert phrase_name("你好小诺") == "ni_hao_xiao_nuo"
    assert phrase_name("hey Nova") == "hey_nova"
    with pytest.raises(ConfigError, match="too short"):
        phrase_name("hi")


def test_a_long_detection_counts_once() -> None:
    ends = np.arange(100)
    values = np.zeros(100, np.float32)
    values[[10, 11, 12, 40]] = 0.9
    assert count_accepts(values, ends, 0.5) == 2


def test_the_threshold_keeps_to_the_wanted_rate() -> None:
    curve = [(0.9, 0.2, 0.0), (0.5, 0.05, 0.8), (0.2, 0.01, 6.0)]
    assert choose_threshold(curve, 1.0) == 0.5
    assert choose_threshold(curve, 10.0) == 0.2
    assert choose_threshold([(0.9, 0.2, 3.0)], 1.0) == 0.9
