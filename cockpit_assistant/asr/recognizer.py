"""What a speech recogniser is to the rest of the assistant.

A recogniser is loaded once and opens a stream for each utterance. Sound goes into the stream as it is captured;
a preview can be taken at any time, typically in a pause, and costs nothing more if nothing was said after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..events import Language, PartialTranscript, Samples


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said; the text is empty where nothing was, or nothing that makes words."""

    text: str
    language: Language
    confidence: float
    """Mean token probability, 0..1; 0 for an empty text."""


class RecognizerStream(Protocol):
    """One utterance being recognised."""

    def feed(self, samples: Samples) -> PartialTranscript | None:
        """Take more sound; an engine that decodes as it goes returns its text whenever that has changed."""
        ...

    def preview(self) -> Transcript:
        """Decode what has been fed so far; the stream stays open. In a pause that goes on it may look again."""
        ...

    def finish(self) -> Transcript:
        """Decode the whole utterance and close the stream; a preview that still holds is returned as it is."""
        ...


class Recognizer(Protocol):
    """A loaded speech recognition engine."""

    def open(self, language: Language | None, prompt: str = "", likely: Language | None = None) -> RecognizerStream:
        """Begin an utterance.

        Args:
            language: what is spoken; None lets the engine tell the project's languages apart if it can.
            prompt: words and phrases that are likely, to lean towards, instead of those the recogniser was
                loaded with; engines without such a thing ignore it.
            likely: where the language is open, the one to expect; another must be clearly more probable.
        """
        ...

    def likelihood(self, samples: Samples, spellings: Sequence[str], language: Language) -> float | None:
        """How well a short text explains a sound: the mean log probability of its tokens, 0 at best.

        The text may be spelt in several ways, of which the best counts. None from an engine that can't tell; then
        only a transcript can be compared.
        """
        ...
