"""What goes over the bus: topics and JSON payloads. `deploy/asyncapi.yaml` is made from the types here.

Payloads follow the shape of W3C VISS set requests. The dataclasses below are the only place that says how a message
looks: writing, reading and the document all go by their annotations. Decoding believes nothing: whatever a topic
carries, the outcome is a checked dataclass or a MalformedError that says what is wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from ..events import Value
from .signals import LONGEST_TEXT

LARGEST_PAYLOAD = 4096
"""Bytes; the longest text a signal takes is a fraction of that."""

ONLINE = b"online"
OFFLINE = b"offline"


class MalformedError(ValueError):
    """A payload that can't be used, and why."""


def utc_now() -> datetime:
    """Wall time, aware of its zone."""
    return datetime.now(timezone.utc)


def timestamp(when: datetime) -> str:
    """ISO 8601 in UTC with microseconds: 2026-01-31T07:30:00.000000Z."""
    return when.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _written(text: object) -> str:
    """A date and time in words; pydantic would take a number, too, for seconds since 1970."""
    if not isinstance(text, str) or text[4:5] != "-":
        raise ValueError("must be an ISO 8601 time with a zone")
    return text


def _in_utc(when: datetime) -> datetime:
    try:
        return when.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("must be a time of our era") from None


AckStatus = Literal["accepted", "rejected", "expired"]

Name: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
"""A short identifier. Anything else could not go into a topic unharmed."""

Time: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    AfterValidator(_in_utc),
    PlainSerializer(timestamp, return_type=str),
]
"""An instant: read with any zone, written in UTC."""


class _Message:
    """What all payloads have in common: camelCase keys, and no number that JSON hasn't."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(
        alias_generator=to_camel, allow_inf_nan=False, use_attribute_docstrings=True, defer_build=True
    )


@dataclass(frozen=True, slots=True)
class SetRequest(_Message):
    """Please drive this actuator to this value, now or not at all."""

    request_id: Name
    """What the acknowledgement refers to; a client never uses one twice."""
    value: Value
    """The target, of the signal's own type and range."""
    issued_at: Time
    """When the command was given."""
    expires_at: Time
    """The request is void from then on."""
    zone: Name
    """The seat of who asked."""
    source: Name
    """The client that sent it, and where the acknowledgement goes."""


@dataclass(frozen=True, slots=True)
class Ack(_Message):
    """What the vehicle makes of a set request."""

    request_id: Name
    """That of the request."""
    status: AckStatus
    """`accepted`: the car has begun; `rejected`: it will not, see `reason`; `expired`: it came too late."""
    reason: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    """Why it was rejected; the name of a response if it begins with `utter_`."""
    ts: Time | None = field(default=None, compare=False)
    """When the vehicle answered, by its own clock. It then shows the actuator's state at least once, with a later
    time: only what is shown from here on confirms the request. Without it any state counts that comes in after the
    request was sent."""


@dataclass(frozen=True, slots=True)
class StateReport(_Message):
    """A signal's value, and when the vehicle showed it."""

    value: Value
    """Of the signal's own type and range."""
    ts: Time
    """By the vehicle's clock; a retained value is as old as this says."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one vehicle."""

    vehicle: str

    def set(self, path: str) -> str:
        """Where the assistant asks for the actuator at a VSS path to be driven to a value."""
        return f"vehicle/{self.vehicle}/set/{path.replace('.', '/')}"

    def state(self, path: str) -> str:
        """Where the vehicle shows a VSS path's value, retained."""
        return f"vehicle/{self.vehicle}/state/{path.replace('.', '/')}"

    def ack(self, client: str) -> str:
        """Where the vehicle answers one client."""
        return f"vehicle/{self.vehicle}/ack/{client}"

    @property
    def availability(self) -> str:
        """Where the vehicle, or the broker in its stead (last will), says `online` or `offline`, retained."""
        return f"vehicle/{self.vehicle}/availability"

    @property
    def every_set(self) -> str:
        """The filter for all set requests."""
        return f"vehicle/{self.vehicle}/set/#"

    def path_of(self, topic: str) -> str:
        """The VSS path in a set or state topic; empty for any other topic."""
        head, _, rest = topic.partition(f"vehicle/{self.vehicle}/")
        kind, _, path = rest.partition("/")
        return path.replace("/", ".") if not head and kind in ("set", "state") else ""


_Payload = TypeVar("_Payload", bound=_Message)

_REQUEST = TypeAdapter(SetRequest)
_ACK = TypeAdapter(Ack)
_STATE = TypeAdapter(StateReport)


def encode_request(request: SetRequest) -> bytes:
    """A set request as JSON."""
    return _encode(_REQUEST, request)


def decode_request(payload: bytes) -> SetRequest:
    """A set request from JSON.

    Raises:
        MalformedError: it is none.
    """
    return _decode(_REQUEST, payload)


def encode_ack(ack: Ack) -> bytes:
    """An acknowledgement as JSON; a reason that is too long is cut."""
    return _encode(_ACK, replace(ack, reason=ack.reason[:LONGEST_TEXT]))


def decode_ack(payload: bytes) -> Ack:
    """An acknowledgement from JSON.

    Raises:
        MalformedError: it is none.
    """
    return _decode(_ACK, payload)


def encode_state(report: StateReport) -> bytes:
    """A signal's value as JSON."""
    return _encode(_STATE, report)


def decode_state(payload: bytes) -> StateReport:
    """A signal's value from JSON; whether it fits the signal is the reader's question.

    Raises:
        MalformedError: it is none.
    """
    return _decode(_STATE, payload)


def _encode(adapter: TypeAdapter[_Payload], message: _Payload) -> bytes:
    fields = adapter.dump_python(message, mode="json", by_alias=True, exclude_none=True)
    return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()


def _decode(adapter: TypeAdapter[_Payload], payload: bytes) -> _Payload:
    if len(payload) > LARGEST_PAYLOAD:
        raise MalformedError(f"{len(payload)} bytes, more than {LARGEST_PAYLOAD}")
    try:
        return adapter.validate_json(payload)
    except ValidationError as error:
        raise MalformedError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    """What is wrong with the first wrong field, without what it holds."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    key = problems[0]["loc"][:1]
    wrong = "; ".join(
        problem["msg"].removeprefix("Value error, ") for problem in problems if problem["loc"][:1] == key
    )
    return f"`{key[0]}`: {wrong}" if key else wrong
