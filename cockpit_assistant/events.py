"""Everything that flows through the assistant, from a microphone frame to a spoken reply.

One turn reads from top to bottom: audio becomes speech, speech becomes text, text becomes an understanding, the
understanding a decision, the decision commands, and the car's own state the reply. Each stage is a small object
that turns one of these events into the next; `assistant.py` connects them. Observers receive every event as a
`Record` and can't change any.

Times are seconds of the stage clock (see `clock`). Positions in text are character offsets, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Samples per second everywhere inside the assistant."""

FRAME_SAMPLES = 320
"""Samples in one AudioFrame: 20 ms."""

Samples: TypeAlias = NDArray[np.int16]
"""Mono audio, 16-bit signed, at SAMPLE_RATE unless said otherwise."""

Language: TypeAlias = str
"""ISO 639-1 code: `zh` or `en` in the shipped project."""

Seat: TypeAlias = str
"""Name of a single place in the cabin, as in vehicle.yml: `driver`, `passenger`, `rear_left`, `rear_right`."""

Value: TypeAlias = bool | int | float | str
"""What a signal can hold."""


# --- hearing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """20 ms of one microphone channel."""

    samples: Samples
    """FRAME_SAMPLES values; the last frame of a file is padded with zeros."""
    time: float
    """When its first sample was captured."""
    seat: Seat = "driver"
    """Whose microphone it was."""

    @property
    def end(self) -> float:
        """When its last sample was captured."""
        return self.time + len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class WakeDetected:
    """The wake phrase was heard, its last sound at `time`."""

    phrase: str
    score: float
    """0..1 from the detector's head."""
    time: float
    seat: Seat = "driver"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Voice activity began at `time` (before it could be known, so earlier than now)."""

    time: float
    seat: Seat = "driver"


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The speaker has finished."""

    time: float
    """When the last speech sample was captured."""
    decided: float
    """When the endpointer made up its mind; the difference is the endpointing delay."""
    seat: Seat = "driver"


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """What has been recognised so far; may still change."""

    text: str
    language: Language
    seat: Seat = "driver"


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """What was said, as far as the recogniser can tell, without the wake phrase."""

    text: str
    language: Language
    seat: Seat = "driver"
    confidence: float = 1.0
    """Mean token probability, 0..1; 1 for typed text."""


@dataclass(frozen=True, slots=True)
class NothingHeard:
    """The assistant listened, and no speech, or none that means anything, followed."""

    language: Language
    seat: Seat = "driver"


# --- understanding ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of an utterance that fills a slot."""

    entity: str
    value: Value
    """The normalised value: a number, a seat name, a catalogue entry, else the words themselves."""
    start: int
    end: int
    text: str
    """The words as they stood in the utterance."""
    role: str | None = None
    group: str | None = None
    match: float | None = None
    """How alike the words and the project's name for them sound, 1 being the same; None where no name was
    looked up.
    """
    choices: tuple[str, ...] = ()
    """The names it could be, where several are as likely."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The part of an utterance that asks for one thing."""

    text: str
    intent: str
    confidence: float
    entities: tuple[Entity, ...] = ()
    start: int = 0
    """Where the clause begins in the utterance; entity offsets already count from the utterance's beginning."""

    def first(self, entity: str) -> Entity | None:
        """The first entity of that name, or None."""
        return next((found for found in self.entities if found.entity == entity), None)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What an utterance means, clause by clause; no clauses means out of scope."""

    text: str
    language: Language
    seat: Seat
    clauses: tuple[Clause, ...]


# --- deciding --------------------------------------------------------------------------------------------------


class Route(str, Enum):
    """What kind of answer an utterance gets."""

    COMMAND = "command"
    QUESTION = "question"
    """The assistant asks for what is missing, or answers from the car's state."""
    CONFIRM = "confirm"
    """The assistant asks for a yes before it acts."""
    REFUSE = "refuse"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Command:
    """One set request: drive the actuator at a VSS path to a value."""

    path: str
    value: Value
    intent: str = ""
    seat: Seat = "driver"
    """Who asked."""


@dataclass(frozen=True, slots=True)
class Say:
    """A reply by name: the response in domain.yml, and what fills its placeholders."""

    response: str
    slots: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the dialogue has made of an understanding."""

    route: Route
    language: Language
    seat: Seat = "driver"
    commands: tuple[Command, ...] = ()
    say: tuple[Say, ...] = ()
    """What can be said at once: questions, refusals, answers. What commands did is said once the car shows it."""
    ends: bool = False
    """The speaker is done: nothing more is listened for without the wake phrase."""


# --- acting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandSent:
    """A set request is on the bus."""

    request_id: str
    command: Command


@dataclass(frozen=True, slots=True)
class CommandConfirmed:
    """The car's own state shows the commanded value."""

    request_id: str
    command: Command
    before: Value | None = None
    """What the state topic showed when the request was sent: what undo goes back to."""


class Failure(str, Enum):
    """Why a command did not happen."""

    OFFLINE = "offline"
    """No connection to the broker, or the vehicle is not on the bus. Nothing was sent."""
    REFUSED = "refused"
    """Safety forbids it in the vehicle's present state. Nothing was sent."""
    REJECTED = "rejected"
    """The vehicle said no."""
    EXPIRED = "expired"
    """The request came too late to be acted on."""
    NO_ANSWER = "no_answer"
    """The vehicle never acknowledged."""
    NOT_REACHED = "not_reached"
    """Acknowledged, but the actuator did not get where it should."""


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """A command did not happen, and why."""

    request_id: str
    command: Command
    failure: Failure
    reason: str = ""
    """The vehicle's or the safety rule's own reason: a response name where it begins with `utter_`."""


# --- answering -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says, in words."""

    text: str
    language: Language
    seat: Seat = "driver"
    responses: tuple[str, ...] = ()
    """The responses of domain.yml that it is made of."""


@dataclass(frozen=True, slots=True)
class ReplySpoken:
    """The same as sound, ready to be played."""

    text: str
    samples: Samples = field(repr=False)
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something outside the assistant broke or came back: a device, the broker, the vehicle."""

    source: str
    message: str


Event: TypeAlias = (
    WakeDetected
    | SpeechStarted
    | SpeechEnded
    | PartialTranscript
    | FinalTranscript
    | NothingHeard
    | Understanding
    | Decision
    | CommandSent
    | CommandConfirmed
    | CommandFailed
    | Reply
    | ReplySpoken
    | Fault
)
"""What observers see. Audio frames are left out: fifty a second would drown the rest."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event with its place in the session, as observers get it."""

    turn: int
    """Counts from 1; 0 before the first turn."""
    time: float
    """Stage time with the computing done until then, so that differences are latencies, live and in a replay."""
    monotonic: float
    """The machine's monotonic clock."""
    event: Event
