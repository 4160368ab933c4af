"""The second opinion on a wake phrase: the recogniser's, on the same sound.

The head that runs all the time is small and lets near phrases pass. The recogniser is asked only about those: how
well the phrase explains what was just heard. It isn't asked what was said, since a name that it has never read
comes back in many spellings; an engine that can't say how likely a text is gives its transcript instead, which is
compared by its sounds.
"""

from __future__ import annotations

from ..asr.recognizer import Recognizer
from ..events import SAMPLE_RATE, Samples
from .card import WakePhrase
from .phrase import find_phrase

REACH = 2.2
"""Seconds of sound that are looked at: longer than any phrase takes to say."""

CLOSER = 1.3
"""Seconds of the second look, for a phrase after other words."""


class WakeVerifier:
    """Asks a recogniser whether a phrase was really there."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def confirms(self, phrase: WakePhrase, sound: Samples) -> bool:
        """Whether the sound, up to where the phrase was noticed, ends with the phrase."""
        likelihood = self.likelihood(phrase, sound)
        if likelihood is None:
            stream = self._recognizer.open(phrase.language, phrase.text)
            stream.feed(sound)
            return find_phrase(stream.finish().text, [phrase.text]) is not None
        return likelihood >= phrase.likelihood

    def likelihood(self, phrase: WakePhrase, sound: Samples) -> float | None:
        """How well the phrase explains the sound: the better of two looks, the second only where it can matter."""
        spellings = _spellings(phrase.text)
        whole = self._recognizer.likelihood(sound[-round(REACH * SAMPLE_RATE) :], spellings, phrase.language)
        if whole is None or whole >= phrase.likelihood:
            return whole
        closer = self._recognizer.likelihood(sound[-round(CLOSER * SAMPLE_RATE) :], spellings, phrase.language)
        return whole if closer is None else max(whole, closer)


def _spellings(text: str) -> list[str]:
    """The ways a recogniser may write a phrase: it has learned from sentences, with capitals, commas and stops."""
    if not text.isascii():
        return [text]
    sentence = text[:1].upper() + text[1:]
    called = sentence.replace(" ", ", ", 1)
    return list(dict.fromkeys((text, sentence, f"{sentence}.", f"{called}.")))
