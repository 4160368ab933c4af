"""Vosk: a streaming Kaldi recogniser, the usual choice on a head unit. Any Vosk model folder works.

It decodes while someone speaks, so partial texts come for free and a preview costs nothing. A model knows one
language; one with a dynamic graph can be held to a list of phrases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..events import SAMPLE_RATE, Language, PartialTranscript, Samples
from .recognizer import Transcript
from .simplify import simplify

if TYPE_CHECKING:
    from vosk import KaldiRecognizer

_LANGUAGES = {"cn": "zh", "zh": "zh"}
"""Where the name of a Vosk model calls its language otherwise than ISO 639-1 does."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_BETWEEN_HAN = re.compile(f"(?<={_HAN.pattern}) (?={_HAN.pattern})")


class VoskRecognizer:
    """A loaded Vosk model."""

    def __init__(self, folder: Path, language: Language | None = None, phrases: Sequence[str] = ()) -> None:
        """Load a model.

        Args:
            folder: a Vosk model as distributed.
            language: what it recognises; None takes it from the folder's name (`vosk-model-small-cn-0.22`), and
                where that says nothing, from the script of the text.
            phrases: if any, nothing else is recognised; everything else becomes an empty text.

        Raises:
            ModelError: the folder holds no Vosk model, or the engine is not installed.
        """
        try:
            import vosk
        except ImportError:
            raise ModelError(
                "The Vosk engine is not installed. Run `pip install 'cockpit-assistant[vosk]'`."
            ) from None
        if not any((folder / place).is_file() for place in ("am/final.mdl", "final.mdl")):
            raise ModelError(f"{folder}: no Vosk model there (no final.mdl). Check `model` in [asr].")
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(str(folder))
        except Exception as error:  # that's all Vosk raises
            raise ModelError(f"{folder}: not a usable Vosk model ({error}).") from None
        self._engine = vosk.KaldiRecognizer
        self._language = language or _language_of(folder.name)
        self._grammar = json.dumps([*phrases, "[unk]"], ensure_ascii=False) if phrases else None

    def open(self, language: Language | None, prompt: str = "", likely: Language | None = None) -> VoskStream:
        """Begin an utterance; a prompt means nothing to Vosk, whose model knows one language."""
        extra = (self._grammar,) if self._grammar else ()
        engine = self._engine(self._model, SAMPLE_RATE, *extra)
        engine.SetWords(True)
        return VoskStream(engine, language or self._language)

    def likelihood(self, samples: Samples, spellings: Sequence[str], language: Language) -> float | None:
        """Vosk gives no probability for a text that it didn't come to itself."""
        return None


class VoskStream:
    """One utterance, decoded as it comes in."""

    def __init__(self, engine: KaldiRecognizer, language: Language | None) -> None:
        self._engine = engine
        self._language = language
        self._done: list[_Words] = []
        """What Vosk has closed at pauses of its own finding."""
        self._shown = ""

    def feed(self, samples: Samples) -> PartialTranscript | None:
        """Take more sound; returns the text so far when it has changed."""
        if self._engine.AcceptWaveform(samples.tobytes()):
            self._done.append(_words(json.loads(self._engine.Result()), "result"))
        partial = str(json.loads(self._engine.PartialResult()).get("partial", ""))
        if partial == self._shown:
            return None
        self._shown = partial
        heard = self._transcript([(word, 0.0) for word in partial.split()])
        return PartialTranscript(heard.text, heard.language)

    def preview(self) -> Transcript:
        """The text so far."""
        # Confidences cost far more than the words: they are worked out here, and not for each 20 ms.
        self._engine.SetPartialWords(True)
        answer = json.loads(self._engine.PartialResult())
        self._engine.SetPartialWords(False)
        return self._transcript(_words(answer, "partial_result"))

    def finish(self) -> Transcript:
        """Decode what is still on its way, and close the utterance."""
        return self._transcript(_words(json.loads(self._engine.FinalResult()), "result"))

    def _transcript(self, latest: _Words) -> Transcript:
        words = [word for part in (*self._done, latest) for word in part if word[0] != "[unk]"]
        text = _BETWEEN_HAN.sub("", " ".join(word for word, _ in words))
        confidence = sum(sure for _, sure in words) / len(words) if words else 0.0
        language = self._language or ("zh" if _HAN.search(text) else "en")
        return Transcript(simplify(text) if language == "zh" else text, language, confidence)


_Words = list[tuple[str, float]]


def _words(answer: Mapping[str, list[dict[str, str | float]]], key: str) -> _Words:
    return [(str(word["word"]), float(word["conf"])) for word in answer.get(key, [])]


def _language_of(name: str) -> Language | None:
    """The language in a Vosk model's name, such as `vosk-model-small-en-us-0.15` or `vosk-ko`, if it has one."""
    found = re.search(r"vosk(?:-model)?(?:-small)?-([a-z]{2})\b", name)
    return _LANGUAGES.get(found[1], found[1]) if found else None
