"""What every recogniser must do, shown on real engines and models, and what each does besides."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant import models
from cockpit_assistant.asr import Recognizer, RecognizerStream, Transcript, open_recognizer
from cockpit_assistant.asr.leanings import load_leanings
from cockpit_assistant.asr.vosk import VoskRecognizer
from cockpit_assistant.asr.whisper import WhisperRecognizer
from cockpit_assistant.audio import files
from cockpit_assistant.config import AsrSettings
from cockpit_assistant.errors import ModelError, ProjectError
from cockpit_assistant.events import Samples
from cockpit_assistant.resources import shipped

pytestmark = pytest.mark.audio

RECORDINGS = Path(__file__).parents[1] / "data"
PROMPTS = load_leanings(shipped("nlu_data")).prompts


@dataclass(frozen=True)
class Spoken:
    """An engine, and a recording in a language it knows."""

    engine: Recognizer
    language: str
    samples: Samples
    word: str
    """What must be in the transcript."""


@pytest.fixture(scope="session")
def whisper() -> WhisperRecognizer:
    return WhisperRecognizer(models.path("whisper-base"), prompts=PROMPTS)


@pytest.fixture(scope="session")
def vosk() -> VoskRecognizer:
    if models.store().state("vosk-ko") is not models.State.READY:
        pytest.skip("needs the model vosk-ko: cockpit-assistant models pull vosk-ko")
    return VoskRecognizer(models.path("vosk-ko"))


@pytest.fixture(scope="session")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The word radio: what the small model understands of a formant synthesiser's accent."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    file = tmp_path_factory.mktemp("korean") / "door.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "110", "-w", str(file), "라디오"], check=True)
    return files.read(file)


@pytest.fixture(params=["whisper", "vosk"])
def spoken(request: pytest.FixtureRequest) -> Spoken:
    if request.param == "whisper":
        samples = files.read(RECORDINGS / "open_window_zh.flac")
        return Spoken(request.getfixturevalue("whisper"), "zh", samples, "车窗")
    return Spoken(request.getfixturevalue("vosk"), "ko", request.getfixturevalue("korean"), "라디오")


def feed(stream: RecognizerStream, samples: Samples) -> None:
    """Feed as a microphone would."""
    for frame in files.frames(samples):
        stream.feed(frame.samples)


def recognise(engine: Recognizer, language: str | None, samples: Samples) -> Transcript:
    stream = engine.open(language)
    feed(stream, samples)
    return stream.finish()


# --- every recogniser --------------------------------------------------------------------------------------------


def test_speech_becomes_text_in_its_language_with_a_confidence(spoken: Spoken) -> None:
    transcript = recognise(spoken.engine, spoken.language, spoken.samples)
    assert spoken.word in transcript.text
    assert transcript.language == spoken.language
    assert 0.2 < transcript.confidence <= 1


def test_the_text_does_not_depend_on_how_the_sound_was_cut(spoken: Spoken) -> None:
    whole = spoken.engine.open(spoken.language)
    whole.feed(spoken.samples)
    assert spoken.word in whole.finish().text


def test_a_preview_leaves_the_stream_open(spoken: Spoken) -> None:
    stream = spoken.engine.open(spoken.language)
    half = len(spoken.samples) // 2
    feed(stream, spoken.samples[:half])
    stream.preview()
    feed(stream, spoken.samples[half:])
    assert spoken.word in stream.finish().text


def test_streams_do_not_hear_each_other(spoken: Spoken) -> None:
    first, second = spoken.engine.open(spoken.language), spoken.engine.open(spoken.language)
    feed(first, spoken.samples)
    feed(second, np.zeros(16_000, np.int16))
    assert second.finish().text == ""
    assert spoken.word in first.finish().text


def test_what_was_said_explains_a_sound_better_than_other_words(spoken: Spoken) -> None:
    right = spoken.engine.likelihood(
        spoken.samples, [recognise(spoken.engine, spoken.language, spoken.samples).text], spoken.language
    )
    wrong = spoken.engine.likelihood(spoken.samples, ["天气预报"], spoken.language)
    if right is None or wrong is None:
        assert right is wrong  # an engine that can't tell says so of every text
    else:
        assert wrong < right <= 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 3.0])
def test_silence_gives_no_text(spoken: Spoken, seconds: float) -> None:
    transcript = recognise(spoken.engine, spoken.language, np.zeros(int(seconds * 16_000), np.int16))
    assert transcript == Transcript("", spoken.language, 0.0)


def test_rain_gives_no_text(spoken: Spoken) -> None:
    assert recognise(spoken.engine, spoken.language, files.read(RECORDINGS / "rain.flac")).text == ""


def test_deafening_noise_does_no_harm(spoken: Spoken) -> None:
    noise = np.random.default_rng(5).integers(-32768, 32768, 32_000).astype(np.int16)
    recognise(spoken.engine, spoken.language, noise)
    assert spoken.word in recognise(spoken.engine, spoken.language, spoken.samples).text


# --- Whisper -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "language", "words"),
    [("open_window_zh", "zh", ["副驾", "车窗"]), ("temperature_en", "en", ["temperature", "22"])],
)
def test_whisper_tells_the_projects_languages_apart(
    whisper: WhisperRecognizer, name: str, language: str, words: list[str]
) -> None:
    transcript = recognise(whisper, None, files.read(RECORDINGS / f"{name}.flac"))
    assert transcript.language == language
    assert all(word in transcript.text for word in words)


def test_whisper_reads_what_a_phone_recorded(whisper: WhisperRecognizer) -> None:
    transcript = recognise(whisper, "en", files.read(RECORDINGS / "phone.wav"))
    assert "close the window" in transcript.text.lower()


def test_whisper_decodes_a_preview_once_when_only_quiet_follows(whisper: WhisperRecognizer) -> None:
    samples = files.read(RECORDINGS / "open_window_zh.flac")
    quiet = np.random.default_rng(2).normal(0, 3, 8000).astype(np.int16)
    stream = whisper.open("zh")
    feed(stream, np.concatenate([samples, quiet]))
    previewed = stream.preview()
    feed(stream, quiet)
    assert stream.finish() is previewed


def test_whisper_decodes_again_when_speech_followed_the_preview(whisper: WhisperRecognizer) -> None:
    samples = files.read(RECORDINGS / "open_window_zh.flac")
    stream = whisper.open("zh")
    feed(stream, np.zeros(16_000, np.int16))
    assert stream.preview().text == ""
    feed(stream, samples)
    assert "车窗" in stream.finish().text


def test_whisper_takes_recordings_longer_than_its_window(whisper: WhisperRecognizer) -> None:
    samples = files.read(RECORDINGS / "temperature_en.flac")
    gap = np.zeros(16_000 * 27 - len(samples), np.int16)
    long = np.concatenate([samples, gap, samples])
    text = recognise(whisper, "en", long).text.lower()
    assert text.count("temperature") == 2


def test_whisper_refuses_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.bin"):
        WhisperRecognizer(tmp_path)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelError, match="not a usable Whisper model"):
        WhisperRecognizer(tmp_path)


# --- Vosk --------------------------------------------------------------------------------------------------------


def test_vosk_shows_its_text_as_it_grows(vosk: VoskRecognizer, korean: Samples) -> None:
    stream = vosk.open(None)
    twice = np.concatenate([korean, korean])
    partials = [partial for frame in files.frames(twice) if (partial := stream.feed(frame.samples))]
    assert len(partials) >= 2
    assert {partial.language for partial in partials} == {"ko"}
    assert all(before.text != after.text for before, after in pairwise(partials))


def test_vosk_can_be_held_to_a_list_of_phrases(vosk: VoskRecognizer, korean: Samples) -> None:
    held = VoskRecognizer(models.path("vosk-ko"), phrases=["라디오", "음악"])
    assert set(recognise(held, None, korean).text.split()) == {"라디오"}


def test_vosk_refuses_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no Vosk model there"):
        VoskRecognizer(tmp_path)


# --- choosing ----------------------------------------------------------------------------------------------------


def test_the_settings_choose_the_engine() -> None:
    assert isinstance(open_recognizer(AsrSettings(), PROMPTS), WhisperRecognizer)
    with pytest.raises(ModelError, match="no such folder"):
        open_recognizer(AsrSettings(engine="vosk", model="/nowhere/vosk-model-small-cn-0.22"))


def test_a_project_without_prompts_has_none_and_a_wrong_file_is_named(tmp_path: Path) -> None:
    assert load_leanings(tmp_path).prompts == {}
    for text in ("prompts: {zh: [1, 2]}", "prompt: {}", "prompts: {zh: 'a"):
        (tmp_path / "asr.yml").write_text(text)
        with pytest.raises(ProjectError, match=r"asr\.yml"):
            load_leanings(tmp_path)


@pytest.mark.parametrize(("recording", "language"), [("temperature_en", "en"), ("open_window_zh", "zh")])
@pytest.mark.parametrize("likely", ["zh", "en", None])
def test_the_language_of_a_sentence_is_told_whatever_was_expected(
    whisper: WhisperRecognizer, recording: str, language: str, likely: str | None
) -> None:
    stream = whisper.open(None, likely=likely)
    stream.feed(files.read(RECORDINGS / f"{recording}.flac"))
    assert stream.finish().language == language


def test_a_sound_that_tells_nothing_is_taken_for_the_expected_language(whisper: WhisperRecognizer) -> None:
    faint = np.random.default_rng(2).normal(0, 300, 16_000).astype(np.int16)
    for likely in ("zh", "en"):
        stream = whisper.open(None, likely=likely)
        stream.feed(faint)
        assert stream.finish().language == likely


@pytest.mark.parametrize("text", ["导航到", "打开空调，然后", "navigate to", "open the window and ", "Call my…"])
def test_who_ends_like_this_has_not_finished(text: str) -> None:
    assert load_leanings(shipped("nlu_data")).is_unfinished(text)


@pytest.mark.parametrize("text", ["", "导航回家", "打开空调", "turn on the radio", "play Santo", "关掉"])
def test_who_ends_like_this_may_have_finished(text: str) -> None:
    assert not load_leanings(shipped("nlu_data")).is_unfinished(text)
