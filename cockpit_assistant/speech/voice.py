"""What a voice is: words and a language in, sound out. Engines are chosen by the `[speech]` settings.

`open_voice` gives the configured engine behind a phrase cache, so that what the assistant says every day
("Okay.", "已打开空调") is synthesised once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..config import SpeechSettings
from ..errors import AudioError
from ..events import Language, Samples
from ..resources import cache_dir


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono sound at its own rate."""

    samples: Samples = field(repr=False)
    sample_rate: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.samples) / self.sample_rate


class Voice(Protocol):
    """A text to speech engine with its voices chosen."""

    @property
    def name(self) -> str:
        """Engine, voices and speed in one word: two voices of one name sound alike."""
        ...

    def speak(self, text: str, language: Language) -> Speech:
        """The whole text as sound; text without anything to pronounce gives no samples."""
        ...

    def stream(self, text: str, language: Language) -> Iterator[Speech]:
        """The same, piece by piece: the first sentence can play while the next is synthesised."""
        ...


class PhraseCache:
    """A voice that remembers: the latest phrases in memory, all of them in a folder if one is given.

    Files are FLAC, named by a hash of voice, language and text, so changed settings never meet stale sound.
    """

    def __init__(self, voice: Voice, folder: Path | None = None, capacity: int = 64) -> None:
        self._voice = voice
        self._folder = folder
        self._capacity = capacity
        self._recent: OrderedDict[str, Speech] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the voice behind it."""
        return self._voice.name

    def speak(self, text: str, language: Language) -> Speech:
        """Remembered sound, else synthesised and remembered."""
        key = self._key(text, language)
        known = self._find(key)
        if known is None:
            known = self._voice.speak(text, language)
            self._store(key, known)
        self._remember(key, known)
        return known

    def stream(self, text: str, language: Language) -> Iterator[Speech]:
        """A remembered phrase in one piece, else the pieces as they are made; a finished phrase is remembered."""
        import numpy as np

        key = self._key(text, language)
        known = self._find(key)
        if known is not None:
            self._remember(key, known)
            yield known
            return
        pieces = []
        for piece in self._voice.stream(text, language):
            pieces.append(piece)
            yield piece
        if pieces:
            whole = Speech(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)
            self._store(key, whole)
            self._remember(key, whole)

    def _key(self, text: str, language: Language) -> str:
        return hashlib.sha256("\0".join((self.name, language, text)).encode()).hexdigest()[:32]

    def _find(self, key: str) -> Speech | None:
        if key in self._recent:
            return self._recent[key]
        file = self._folder / f"{key}.flac" if self._folder else None
        if file is None or not file.is_file():
            return None
        import soundfile

        try:
            samples, rate = soundfile.read(file, dtype="int16")
        except soundfile.LibsndfileError:
            return None  # a damaged cache entry is made anew
        return Speech(samples, rate)

    def _remember(self, key: str, speech: Speech) -> None:
        self._recent[key] = speech
        self._recent.move_to_end(key)
        if len(self._recent) > self._capacity:
            self._recent.popitem(last=False)

    def _store(self, key: str, speech: Speech) -> None:
        if self._folder is None or not len(speech.samples):
            return
        import soundfile

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{key}.part"
            soundfile.write(part, speech.samples, speech.sample_rate, format="FLAC")
            part.replace(self._folder / f"{key}.flac")
        except (OSError, soundfile.LibsndfileError) as error:
            raise AudioError(
                f"{self._folder}: phrases can't be kept there ({error}). Free some space, "
                "or point COCKPIT_CACHE at a folder that can be written."
            ) from None


def open_voice(settings: SpeechSettings) -> Voice | None:
    """The voice of the settings behind a phrase cache; None where the engine is `none`.

    Raises:
        ModelError: a model, a voice file or the espeak-ng program is missing; the message says what to do.
    """
    if settings.engine == "none":
        return None
    if settings.engine == "espeak":
        from .espeak import EspeakVoice

        return PhraseCache(EspeakVoice(speed=settings.speed))
    from .kokoro import KokoroVoice

    kokoro = KokoroVoice.load(
        {"zh": settings.voice_zh, "en": settings.voice_en}, speed=settings.speed, threads=settings.threads
    )
    return PhraseCache(kokoro, cache_dir() / "phrases")
