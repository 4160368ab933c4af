from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.vehicle.messages import (
    LARGEST_PAYLOAD,
    Ack,
    MalformedError,
    SetRequest,
    StateReport,
    Topics,
    decode_ack,
    decode_request,
    decode_state,
    encode_ack,
    encode_request,
    encode_state,
    timestamp,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
REQUEST = SetRequest("abc", 50, NOON, NOON + timedelta(seconds=2), "driver", "assistant-1")

_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=200),
)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
)


@given(value=_VALUES)
def test_what_is_sent_is_what_arrives(value: object) -> None:
    request = SetRequest("abc", value, NOON, NOON, "driver", "me")  # type: ignore[arg-type]
    assert decode_request(encode_request(request)) == request
    report = StateReport(value, NOON)  # type: ignore[arg-type]
    assert decode_state(encode_state(report)) == report
    assert decode_ack(encode_ack(Ack("abc", "rejected", "why"))) == Ack("abc", "rejected", "why")


def test_times_travel_in_utc() -> None:
    beijing = timezone(timedelta(hours=8))
    assert timestamp(datetime(2026, 1, 31, 20, tzinfo=beijing)) == "2026-01-31T12:00:00.000000Z"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"value": NaN, "ts": "2026-01-31T12:00:00Z"}',
        b'{"value": -Infinity, "ts": "2026-01-31T12:00:00Z"}',
        b'{"value": null, "ts": "2026-01-31T12:00:00Z"}',
        b'{"value": {}, "ts": "2026-01-31T12:00:00Z"}',
        b'{"value": 1}',
        b'{"value": 1, "ts": 17}',
        b'{"value": 1, "ts": "2026-01-31T12:00:00"}',
        b'{"value": 1, "ts": "yesterday"}',
        b'{"value": 1, "ts": "0001-01-01T00:00:00+14:00"}',
        b"[" * 2000,
        b'{"a":' * 700,
        b'{"value": ' + b"9" * 4000 + b"}",
        b'{"value": "' + b"x" * LARGEST_PAYLOAD + b'"}',
    ],
)
def test_garbage_is_called_garbage(payload: bytes) -> None:
    for decode in (decode_state, decode_request, decode_ack):
        with pytest.raises(MalformedError):
            decode(payload)


@given(payload=st.one_of(st.binary(max_size=200), _JSON.map(lambda value: json.dumps(value).encode())))
def test_no_payload_does_worse_than_being_malformed(payload: bytes) -> None:
    for decode in (decode_state, decode_request, decode_ack):
        try:
            decode(payload)
        except MalformedError:
            continue


@pytest.mark.parametrize("key", ["requestId", "zone", "source"])
@pytest.mark.parametrize("name", ["", "a/b", "#", "+", "x" * 65, "a b", "ü", None, 7, "a\n"])
def test_a_name_that_could_not_stand_in_a_topic_is_malformed(key: str, name: object) -> None:
    fields = json.loads(encode_request(REQUEST))
    with pytest.raises(MalformedError, match=key):
        decode_request(json.dumps({**fields, key: name}).encode())


@pytest.mark.parametrize("key", ["requestId", "value", "issuedAt", "expiresAt", "zone", "source"])
def test_a_request_needs_every_field(key: str) -> None:
    fields = json.loads(encode_request(REQUEST))
    del fields[key]
    with pytest.raises(MalformedError, match=key):
        decode_request(json.dumps(fields).encode())


def test_topics_carry_paths_with_slashes_and_give_them_back() -> None:
    topics = Topics("nova")
    assert topics.set("Vehicle.Cabin.Sunroof.Switch") == "vehicle/nova/set/Vehicle/Cabin/Sunroof/Switch"
    assert topics.path_of(topics.state("Vehicle.Speed")) == "Vehicle.Speed"
    assert topics.path_of("vehicle/other/state/Vehicle/Speed") == ""
    assert topics.path_of(topics.ack("me")) == ""
