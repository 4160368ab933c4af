"""When an utterance begins and when its speaker has finished.

Pure logic over frames and their speech probability. Speech begins once 100 ms of it have been heard and ends after
a silence; between, the length of the present silence can be read, so that the caller may decode ahead and end the
utterance early when what was said is already a whole command.
"""

from __future__ import annotations

from ..config import ListenSettings
from ..events import AudioFrame, SpeechEnded, SpeechStarted

MINIMUM_SPEECH = 0.1
"""Seconds of speech that make an utterance: a click or a knock is shorter."""

HYSTERESIS = 0.15
"""How far below the threshold the probability must fall to count as silence (the value Silero VAD uses)."""


class Endpointer:
    """Finds the utterances in one microphone's stream."""

    def __init__(self, settings: ListenSettings) -> None:
        self._settings = settings
        self.patience = settings.silence
        """Seconds of silence that end the utterance under way; who knows what was said may change it."""
        self._begun: float | None = None
        """Where the speech that may become, or is, an utterance began."""
        self._voiced = 0.0
        """Seconds of speech since then."""
        self._last_voice = 0.0
        """Where the latest speech ended."""
        self._now = 0.0
        self._speaking = False

    @property
    def speaking(self) -> bool:
        """Whether an utterance is under way; its pauses and the silence that will end it count as well."""
        return self._speaking

    @property
    def speech_start(self) -> float | None:
        """When the utterance under way began; None between utterances."""
        return self._begun if self._speaking else None

    @property
    def trailing_silence(self) -> float:
        """Seconds since the last speech of the utterance under way; 0 between utterances."""
        return self._now - self._last_voice if self._speaking else 0.0

    def feed(self, frame: AudioFrame, probability: float) -> SpeechStarted | SpeechEnded | None:
        """Take the next frame and how likely it is speech; returns the edge it completes, if any."""
        self._now = frame.end
        within = self._begun is not None
        if probability >= self._settings.speech_threshold - (HYSTERESIS if within else 0.0):
            if self._begun is None:
                self._begun = frame.time
            self._voiced += frame.end - frame.time
            self._last_voice = frame.end
        if self._begun is None:
            return None
        if self._speaking:
            if self.trailing_silence >= self.patience - _ROUNDING:
                return self.end(frame)
            if frame.end - self._begun >= self._settings.longest - _ROUNDING:
                return self.end(frame)
        elif self._voiced >= MINIMUM_SPEECH - _ROUNDING:
            self._speaking = True
            return SpeechStarted(self._begun, frame.seat)
        elif frame.end - self._last_voice >= MINIMUM_SPEECH - _ROUNDING:
            self.reset()  # a knock, and quiet again
        return None

    def end(self, frame: AudioFrame) -> SpeechEnded:
        """End the utterance under way at this frame, because the caller knows that it is complete."""
        ended = SpeechEnded(self._last_voice, frame.end, frame.seat)
        self.reset()
        return ended

    def reset(self) -> None:
        """Forget an utterance under way."""
        self._begun = None
        self._voiced = 0.0
        self._speaking = False
        self.patience = self._settings.silence


_ROUNDING = 1e-6
"""Sums of 20 ms steps miss a round number by far less than this, and a frame by far more."""
