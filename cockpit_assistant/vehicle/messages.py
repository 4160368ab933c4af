"""What goes over the bus: topics and JSON payloads, the counterpart of `deploy/asyncapi.yaml`.

Payloads follow the shape of W3C VISS set requests. Decoding believes nothing: whatever a topic carries, the outcome
is a checked dataclass or a MalformedError that says what is wrong.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from ..events import Seat, Value
from .signals import LONGEST_TEXT

LARGEST_PAYLOAD = 4096
"""Bytes; the longest text a signal takes is a fraction of that."""

ONLINE = b"online"
OFFLINE = b"offline"

AckStatus = Literal["accepted", "rejected", "expired"]
_STATUSES: tuple[AckStatus, ...] = ("accepted", "rejected", "expired")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MalformedError(ValueError):
    """A payload that can't be used, and why."""


@dataclass(frozen=True, slots=True)
class SetRequest:
    """Please drive an actuator to a value; void after `expires_at`."""

    request_id: str
    value: Value
    issued_at: datetime
    expires_at: datetime
    zone: Seat
    """The seat of who asked."""
    source: str
    """The client that sent it, and where the acknowledgement goes."""


@dataclass(frozen=True, slots=True)
class Ack:
    """What the vehicle makes of a set request."""

    request_id: str
    status: AckStatus
    reason: str = ""
    ts: datetime | None = field(default=None, compare=False)
    """When the vehicle answered, by its own clock; what it shows from then on tells about the request."""


@dataclass(frozen=True, slots=True)
class StateReport:
    """A signal's value, and since when the vehicle knows it."""

    value: Value
    ts: datetime


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one vehicle."""

    vehicle: str

    def set(self, path: str) -> str:
        """Where set requests for a VSS path go."""
        return f"vehicle/{self.vehicle}/set/{path.replace('.', '/')}"

    def state(self, path: str) -> str:
        """Where the vehicle shows a VSS path's value, retained."""
        return f"vehicle/{self.vehicle}/state/{path.replace('.', '/')}"

    def ack(self, client: str) -> str:
        """Where one client's acknowledgements go."""
        return f"vehicle/{self.vehicle}/ack/{client}"

    @property
    def availability(self) -> str:
        """Where the vehicle, or the broker in its stead, says `online` or `offline`, retained."""
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


def encode_request(request: SetRequest) -> bytes:
    """A set request as JSON."""
    return _encode(
        requestId=request.request_id,
        value=request.value,
        issuedAt=timestamp(request.issued_at),
        expiresAt=timestamp(request.expires_at),
        zone=request.zone,
        source=request.source,
    )


def decode_request(payload: bytes) -> SetRequest:
    """A set request from JSON.

    Raises:
        MalformedError: it is none.
    """
    fields = _decode(payload)
    return SetRequest(
        request_id=_name(fields, "requestId"),
        value=_value(fields),
        issued_at=_time(fields, "issuedAt"),
        expires_at=_time(fields, "expiresAt"),
        zone=_name(fields, "zone"),
        source=_name(fields, "source"),
    )


def encode_ack(ack: Ack) -> bytes:
    """An acknowledgement as JSON."""
    when = {"ts": timestamp(ack.ts)} if ack.ts else {}
    return _encode(requestId=ack.request_id, status=ack.status, reason=ack.reason, **when)


def decode_ack(payload: bytes) -> Ack:
    """An acknowledgement from JSON.

    Raises:
        MalformedError: it is none.
    """
    fields = _decode(payload)
    status = next((known for known in _STATUSES if known == fields.get("status")), None)
    if status is None:
        raise MalformedError(f"`status` must be one of {', '.join(_STATUSES)}")
    reason = fields.get("reason", "")
    if not isinstance(reason, str) or len(reason) > LONGEST_TEXT:
        raise MalformedError("`reason` must be a short text")
    when = _time(fields, "ts") if "ts" in fields else None
    return Ack(_name(fields, "requestId"), status, reason, when)


def encode_state(report: StateReport) -> bytes:
    """A signal's value as JSON."""
    return _encode(value=report.value, ts=timestamp(report.ts))


def decode_state(payload: bytes) -> StateReport:
    """A signal's value from JSON; whether it fits the signal is the reader's question.

    Raises:
        MalformedError: it is none.
    """
    fields = _decode(payload)
    return StateReport(_value(fields), _time(fields, "ts"))


def utc_now() -> datetime:
    """Wall time, aware of its zone."""
    return datetime.now(timezone.utc)


def timestamp(when: datetime) -> str:
    """ISO 8601 in UTC with microseconds: 2026-01-31T07:30:00.000000Z."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _encode(**fields: Value) -> bytes:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()


def _decode(payload: bytes) -> dict[str, object]:
    if len(payload) > LARGEST_PAYLOAD:
        raise MalformedError(f"{len(payload)} bytes, more than {LARGEST_PAYLOAD}")
    try:
        fields = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise MalformedError("not a JSON object")
    return fields


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _value(fields: dict[str, object]) -> Value:
    value = fields.get("value")
    if not isinstance(value, (bool, int, float, str)):
        raise MalformedError("`value` must be a boolean, a number or a text")
    return value


def _name(fields: dict[str, object], key: str) -> str:
    """A short identifier. Anything else could not go into a topic unharmed."""
    name = fields.get(key)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MalformedError(f"`{key}` must be 1 to 64 letters, digits, _ or -")
    return name


def _time(fields: dict[str, object], key: str) -> datetime:
    text = fields.get(key)
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
        if when is not None and when.tzinfo is not None:
            return when.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise MalformedError(f"`{key}` must be an ISO 8601 time with a zone")
