"""What a voice is: words and a language in, sound out. Engines are chosen by the `[speech]` settings.

`open_voice` gives the configured engine behind a phrase cache, so that what the assistant says every day
("Okay.", "已打开空调") is synthesised once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ..events import Language, Samples


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
    """A voice that remembers its latest phrases: in memory only, because replies name people and places."""

    def __init__(self, voice: Voice, capacity: int = 64) -> None:
        self._voice = voice
        self._capacity = capacity
        self._recent: OrderedDict[tuple[str, Language], Speech] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the voice behind it."""
        return self._voice.name

    def speak(self, text: str, language: Language) -> Speech:
        """Remembered sound, else synthesised and remembered."""
        speech = self._recent.get((text, language)) or self._voice.speak(text, language)
        self._remember(text, language, speech)
        return speech

    def stream(self, text: str, language: Language) -> Iterator[Speech]:
        """A remembered phrase in one piece, else the pieces as they are made; a finished phrase is remembered."""
        import numpy as np

        if known := self._recent.get((text, language)):
            self._remember(text, language, known)
            yield known
            return
        pieces = []
        for piece in self._voice.stream(text, language):
            pieces.append(piece)
            yield piece
        if pieces:
            whole = Speech(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)
            self._remember(text, language, whole)

    def _remember(self, text: str, language: Language, speech: Speech) -> None:
        self._recent[text, language] = speech
        self._recent.move_to_end((text, language))
        if len(self._recent) > self._capacity:
            self._recent.popitem(last=False)
