"""From microphone frames to text: when to listen, when the speaker has finished, what was said.

The listener sleeps until a wake phrase, then records until the endpointer ends the utterance: after a short silence
where it is already a complete command, after a long one where something must follow. The recogniser hears the wake
phrase too, so that a command spoken in the same breath stays whole; the phrase is cut off its text.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

import numpy as np

from .asr.recognizer import Recognizer, RecognizerStream, Transcript
from .audio.endpoint import Endpointer
from .audio.voice_activity import VoiceActivity
from .config import ListenSettings
from .events import (
    SAMPLE_RATE,
    AudioFrame,
    FinalTranscript,
    Language,
    NothingHeard,
    PartialTranscript,
    Samples,
    Seat,
    SpeechEnded,
    SpeechStarted,
    WakeDetected,
)
from .wake.detector import WakeDetector
from .wake.phrase import find_phrase

PREROLL = 0.3
"""Seconds kept from before speech was noticed: voice activity lags behind the first sound."""

LOOK_AGAIN = 0.24
"""Seconds of silence after which words that made no command are decoded once more, with more quiet behind them."""

WAKE_REACH = 2.5
"""Seconds kept from before the wake phrase was noticed: longer than any phrase takes to say."""

BREATH = 0.3
"""Seconds of speech after the wake phrase that are still its own end: the detector hears it a little early."""

Heard = WakeDetected | SpeechStarted | SpeechEnded | PartialTranscript | FinalTranscript | NothingHeard


class Completeness(Enum):
    """How much of what its speaker wants to say a transcript holds."""

    WHOLE = "whole"
    OPEN = "open"
    """Something must follow: 导航到, "and"."""
    UNKNOWN = "unknown"


class _State(Enum):
    ASLEEP = "asleep"
    AWAKE = "awake"


class Listener:
    """Turns the frames of one microphone into wake, speech and transcript events."""

    def __init__(
        self,
        wake: WakeDetector,
        activity: VoiceActivity,
        recognizer: Recognizer,
        settings: ListenSettings,
        language: Language | None = None,
        default_language: Language = "zh",
        always_awake: bool = False,
        completeness: Callable[[str, Language, Seat], Completeness] = lambda *transcript: Completeness.UNKNOWN,
    ) -> None:
        """`language` fixes what is spoken; None lets the recogniser tell. `always_awake`: every utterance counts.

        `completeness` says whether a transcript is already a whole command, which a short silence ends.
        """
        self._wake = wake
        self._activity = activity
        self._endpointer = Endpointer(settings)
        self._recognizer = recognizer
        self._settings = settings
        self._language = language
        self._completeness = completeness
        self._always_awake = always_awake
        self._state = _State.AWAKE if always_awake else _State.ASLEEP
        self._recent: deque[AudioFrame] = deque(maxlen=round(WAKE_REACH * SAMPLE_RATE / 320))
        self._stream: RecognizerStream | None = None
        self._after_phrase: list[Samples] = []
        """Sound since the wake phrase was noticed."""
        self._phrase: WakeDetected | None = None
        self._deadline: float | None = None
        self._follow_up = False
        self._seen, self._next_look = Completeness.UNKNOWN, settings.silence_preview
        self._spoken = language or default_language
        """What was spoken last."""
        self._seat: Seat = "driver"
        """Who speaks, or spoke last: an utterance stays with the seat it began at."""

    @property
    def awake(self) -> bool:
        """Whether speech would be taken as meant for the assistant now."""
        return self._state is _State.AWAKE

    def open_follow_up(self, now: float) -> None:
        """Listen without the wake phrase for the configured while; silence ends it without a word."""
        if self._settings.follow_up > 0 and self._state is _State.ASLEEP:
            self._state = _State.AWAKE
            self._follow_up = True
            self._deadline = now + self._settings.follow_up

    def sleep(self) -> None:
        """Stop listening until the wake phrase."""
        self._state = _State.AWAKE if self._always_awake else _State.ASLEEP
        self._stream = None
        self._phrase = None
        self._deadline = None
        self._follow_up = False

    def feed(self, frame: AudioFrame) -> Iterator[Heard]:
        """Take 20 ms of sound and say what it brought."""
        if self._endpointer.speaking:
            frame = replace(frame, seat=self._seat)
        self._seat = frame.seat
        probability = self._activity.probability(frame.samples)
        self._recent.append(frame)
        edge = self._endpointer.feed(frame, probability)
        speaking = self._endpointer.speaking
        if not self._always_awake and (hit := self._wake.feed(frame, active=speaking)):
            yield hit
            self._awake_by(hit)
        if self._state is _State.ASLEEP:
            return
        if self._stream is not None:
            self._stream.feed(frame.samples)
            self._after_phrase.append(frame.samples)
        if isinstance(edge, SpeechStarted) and self._stream is None:
            yield edge
            self._open_stream(since=edge.time - PREROLL)
        if self._stream is None:
            if self._deadline is not None and frame.end >= self._deadline and not speaking:
                follow_up = self._follow_up
                self.sleep()
                if not follow_up:
                    yield NothingHeard(self._spoken, frame.seat)
            return
        silence = self._endpointer.trailing_silence
        if isinstance(edge, SpeechEnded):
            yield from self._finish(edge)
        elif silence < self._settings.silence_preview:
            self._forget_preview()
        else:
            if self._seen is not Completeness.WHOLE and silence >= self._next_look:
                first = self._next_look == self._settings.silence_preview
                self._next_look = silence + LOOK_AGAIN if first else math.inf
                yield from self._preview(frame)
            if self._seen is Completeness.WHOLE and silence >= self._settings.silence_complete:
                yield from self._finish(self._endpointer.end(frame))

    def _awake_by(self, hit: WakeDetected) -> None:
        self._state = _State.AWAKE
        self._phrase = hit
        self._spoken = next(p.language for p in self._wake.phrases if p.text == hit.phrase)
        self._follow_up = False
        self._deadline = hit.time + self._settings.no_speech_timeout
        self._open_stream(since=hit.time - WAKE_REACH)

    def _open_stream(self, since: float) -> None:
        self._stream = self._open_recogniser()
        self._after_phrase = []
        self._forget_preview()
        sound = [frame.samples for frame in self._recent if frame.end > max(since, self._speech_began())]
        if sound:
            self._stream.feed(np.concatenate(sound))

    def _speech_began(self) -> float:
        began = self._endpointer.speech_start
        return began - PREROLL if began is not None else 0.0

    def _open_recogniser(self) -> RecognizerStream:
        """Who wakes the car in English most likely goes on in English; without a wake phrase anything may come."""
        return self._recognizer.open(self._language, likely=None if self._always_awake else self._spoken)

    def _preview(self, frame: AudioFrame) -> Iterator[Heard]:
        """Decode during the silence; what is already a whole command needn't be waited for any longer."""
        assert self._stream is not None
        transcript = self._stream.preview()
        text = self._without_phrase(transcript)
        if text:
            yield PartialTranscript(text, transcript.language, frame.seat)
            self._seen = self._completeness(text, transcript.language, frame.seat)
            unfinished = self._seen is Completeness.OPEN
            self._endpointer.patience = self._settings.silence_open if unfinished else self._settings.silence

    def _forget_preview(self) -> None:
        """Somebody speaks on: what was heard so far says nothing about the end any more."""
        self._seen, self._next_look = Completeness.UNKNOWN, self._settings.silence_preview
        self._endpointer.patience = self._settings.silence

    def _finish(self, ended: SpeechEnded) -> Iterator[Heard]:
        assert self._stream is not None
        transcript = self._stream.finish()
        self._stream = None
        text = self._without_phrase(transcript)
        if text is None:
            transcript = self._what_followed(ended)
            text = transcript.text
        if text:
            self._spoken = transcript.language
            self.sleep()  # first of all: what is answered to the text may open a follow-up
            yield ended
            yield FinalTranscript(text, transcript.language, ended.seat, transcript.confidence)
        elif self._phrase is not None:  # only the wake phrase so far: the command is still to come
            self._phrase = None
            self._deadline = ended.decided + self._settings.no_speech_timeout

    def _without_phrase(self, transcript: Transcript) -> str | None:
        """The transcript without the wake phrase; None where it can't be found although it was said."""
        if self._phrase is not None:
            match = find_phrase(transcript.text, [self._phrase.phrase])
            return match.rest if match else None
        match = find_phrase(transcript.text, [phrase.text for phrase in self._wake.phrases])
        return match.rest if match else transcript.text

    def _what_followed(self, ended: SpeechEnded) -> Transcript:
        """What was said after the wake phrase, from its sound alone: the phrase was spelt past recognition."""
        assert self._phrase is not None
        if ended.time - self._phrase.time < BREATH:
            return Transcript("", self._spoken, 0.0)
        stream = self._open_recogniser()
        stream.feed(np.concatenate(self._after_phrase))
        return stream.finish()
