"""The whole turn in one place.

Frames go in, and each event leads to the next: heard → understood → decided → sent → confirmed → said. Every stage
is a collaborator with one job; this file only connects them, and shows observers each event on its way.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from typing import Protocol

from .clock import Clock
from .dialogue.policy import Dialogue
from .dialogue.wording import Wording, together
from .events import (
    AudioFrame,
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Decision,
    Event,
    Fault,
    FinalTranscript,
    Language,
    NothingHeard,
    Record,
    Reply,
    ReplySpoken,
    Say,
    Seat,
    SpeechStarted,
    Understanding,
    WakeDetected,
)
from .listening import Listener
from .nlu.interpreter import Interpreter
from .speech.voice import Voice
from .vehicle.bus import VehicleBus

Observer = Callable[[Record], None]
"""Sees every event and can't change any."""


class Loudspeaker(Protocol):
    """Where replies are played."""

    @property
    def playing(self) -> bool:
        """Whether a reply is being played."""
        ...

    def play(self, reply: ReplySpoken) -> None:
        """Begin to play and return at once."""
        ...

    def stop(self) -> None:
        """Fall silent at once."""
        ...


class Assistant:
    """One car's assistant: hears, understands, acts, answers."""

    def __init__(
        self,
        interpreter: Interpreter,
        dialogue: Dialogue,
        wording: Wording,
        bus: VehicleBus,
        clock: Clock,
        *,
        listener: Listener | None = None,
        voice: Voice | None = None,
        worker: Executor | None = None,
        loudspeaker: Loudspeaker | None = None,
        observers: Iterable[Observer] = (),
    ) -> None:
        """Without `listener` only text comes in; without `voice` replies stay text.

        `worker` synthesises speech beside the turn; without it synthesis happens in the turn, as a replay wants it.
        """
        self._interpreter = interpreter
        self._dialogue = dialogue
        self._wording = wording
        self._bus = bus
        self._clock = clock
        self._listener = listener
        self._voice = voice
        self._worker = worker
        self._loudspeaker = loudspeaker
        self._observers = tuple(observers)
        self._spoken: queue.SimpleQueue[ReplySpoken | Fault] = queue.SimpleQueue()
        self._turn = 0
        self._answered = True
        """Whether the present turn has had its utterance, so that what comes next is a turn of its own."""
        self._dismissed = False
        """Whether the speaker is done, or had nothing to say after waking the assistant: it waits to be
        woken again.
        """
        self._began = self._done = clock.now()
        self._cause = time.monotonic()

    # --- what comes in -----------------------------------------------------------------------------------------

    def hear(self, frame: AudioFrame) -> None:
        """Take 20 ms of sound, and everything that follows from it."""
        assert self._listener is not None, "an assistant without a listener takes text only"
        self._begin()
        for event in self._listener.feed(frame):
            self._take(event)
        self.attend()

    def read(self, text: str, seat: Seat = "driver", language: Language | None = None) -> None:
        """Take a typed utterance."""
        self._begin()
        self._turn += 1
        self._take(FinalTranscript(text, language or self._interpreter.language_of(text), seat))

    def heed(self, understanding: Understanding) -> None:
        """Take a request that needs no understanding any more: of a button, or another program in the car."""
        self._begin()
        self._turn += 1
        self._take(understanding)

    def attend(self, wait: float = 0.0) -> None:
        """Look after what happens without speech: the car's answers, replies due, speech that is ready.

        Waits up to `wait` seconds of real time for the bus.
        """
        for outcome in self._bus.poll(wait):
            self._begin()
            self._take(outcome)
        self._report()
        while not self._spoken.empty():
            self._take(self._spoken.get())

    def notice(self, fault: Fault) -> None:
        """Take a fault of a device; observers learn of it."""
        self._take(fault)

    @property
    def busy(self) -> bool:
        """Whether commands are still under way."""
        return bool(self._dialogue.tracker.errands)

    # --- the turn ----------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        """Show an event to the observers and do what it leads to."""
        if isinstance(event, (WakeDetected, SpeechStarted)) and self._answered:
            self._turn += 1
            self._answered = False
        self._show(event)
        match event:
            case WakeDetected():
                self._dismissed = False
                self._hush()
            case FinalTranscript():
                self._answered = True
                self._take(self._interpreter.parse(event.text, event.language, event.seat))
            case Understanding():
                self._take(self._dialogue.decide(event, self._bus.state, self._clock.now()))
            case Decision():
                self._dismissed = event.ends
                for command in event.commands:
                    self._take(self._bus.send(command))
                self._say(event.say, event.language, event.seat)
            case CommandSent() | CommandConfirmed() | CommandFailed():
                self._dialogue.note(event)
            case NothingHeard():
                self._answered = self._dismissed = True
                self._say((Say("utter_nothing_heard"),), event.language, event.seat)
            case Reply():
                self._dialogue.tracker.last_reply = event.text
                self._speak(event)
            case ReplySpoken():
                if self._loudspeaker:
                    self._loudspeaker.play(event)
                self._listen_on(len(event.samples) / event.sample_rate)
            case _:  # for observers only
                pass

    def _report(self) -> None:
        """Say what has become of commands, all that is due in one reply."""
        due = self._dialogue.report(self._bus.state, self._clock.now())
        for language, seat in dict.fromkeys((language, seat) for _, language, seat in due):
            self._say([say for say, lang, where in due if (lang, where) == (language, seat)], language, seat)

    def _say(self, say: Sequence[Say], language: Language, seat: Seat) -> None:
        responses = tuple(one.response for one in say)
        brief = self._dialogue.is_hurried(self._bus.state)
        manner = self._dialogue.manner(seat, self._clock.now())
        text = together([self._wording.of(one, language, manner, brief=brief) for one in say], language)
        if text:
            self._take(Reply(text, language, seat, responses))

    def _speak(self, reply: Reply) -> None:
        if self._voice is None:
            self._listen_on(0.0)
        elif self._worker is None:
            self._take(_spoken(self._voice, reply))
        else:
            self._worker.submit(_spoken, self._voice, reply).add_done_callback(self._deliver)

    def _deliver(self, work: Future[ReplySpoken]) -> None:
        """Hand finished speech from the worker to the turn's own thread."""
        if error := work.exception():
            self._spoken.put(Fault("speech", str(error)))
        elif not work.cancelled():
            self._spoken.put(work.result())

    def _listen_on(self, seconds: float) -> None:
        """Once the reply has been heard, the speaker may go on without the wake phrase."""
        if self._listener and not self._dismissed:
            self._listener.open_follow_up(self._clock.now() + seconds)

    def _hush(self) -> None:
        if self._loudspeaker and self._loudspeaker.playing:
            self._loudspeaker.stop()

    def _begin(self) -> None:
        """Start on something that came in: now, or when the work before it was done.

        A live clock has gone on meanwhile; a replay's stands still while the machine computes, and a trace must
        show the latencies a driver would see.
        """
        self._began = max(self._clock.now(), self._done)
        self._cause = time.monotonic()

    def _show(self, event: Event) -> None:
        monotonic = time.monotonic()
        self._done = self._began + monotonic - self._cause
        record = Record(self._turn, self._done, monotonic, event)
        for observer in self._observers:
            observer(record)


def _spoken(voice: Voice, reply: Reply) -> ReplySpoken:
    speech = voice.speak(reply.text, reply.language)
    return ReplySpoken(reply.text, speech.samples, speech.sample_rate)
