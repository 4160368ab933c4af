"""The integrator's document is what the types give, and says what really goes over the bus."""

from __future__ import annotations

import json
import queue
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import paho.mqtt.client as mqtt
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from road import Road

from cockpit_assistant.config import BusSettings
from cockpit_assistant.events import Command, CommandConfirmed, CommandFailed, Failure, Value
from cockpit_assistant.vehicle import asyncapi
from cockpit_assistant.vehicle.gateway import Gateway
from cockpit_assistant.vehicle.messages import (
    LARGEST_PAYLOAD,
    OFFLINE,
    ONLINE,
    Ack,
    AckStatus,
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
    utc_now,
)
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety

SHIPPED = Path(__file__).parents[2] / "deploy" / "asyncapi.yaml"
DOCUMENT: Any = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
DECODERS: dict[str, Callable[[bytes], Any]] = {
    "setRequest": decode_request,
    "acknowledgement": decode_ack,
    "stateReport": decode_state,
}
WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
TAILGATE = "Vehicle.Body.Trunk.Rear.Position"
SUNROOF = "Vehicle.Cabin.Sunroof.Switch"
AIR = "Vehicle.Cabin.HVAC.IsAirConditioningActive"


# --- reading the document ----------------------------------------------------------------------------------------


def resolved(node: Any) -> Any:
    """A part of the document with its reference followed."""
    while isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def message(name: str) -> Any:
    return resolved(DOCUMENT["components"]["messages"][name])


def is_time(text: str) -> bool:
    """Whether it is a date-time of RFC 3339, which always has a zone."""
    try:
        return "T" in text and datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


KINDS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
}
NOTES = {"title", "description", "default"}
"""Keywords that allow and forbid nothing."""


def disagreements(schema: Any, value: Any) -> list[str]:
    """Where a value is not what a schema of this document says. A keyword it doesn't know is an error."""
    schema = {key: limit for key, limit in resolved(schema).items() if key not in NOTES}
    if branches := schema.pop("anyOf", None):
        assert not schema
        each = [disagreements(branch, value) for branch in branches]
        return [] if [] in each else [wrong for branch in each for wrong in branch]
    if not KINDS[schema.pop("type")](value):
        return [f"{value!r} is of another type"]
    found = []
    for keyword, limit in schema.items():
        match keyword:
            case "enum":
                fits = value in limit
            case "pattern":
                fits = re.fullmatch(limit.strip("^$"), value) is not None
            case "maxLength":
                fits = len(value) <= limit
            case "format":
                assert limit == "date-time"
                fits = is_time(value)
            case "required":
                fits = set(limit) <= set(value)
            case "properties":
                fits = True
                for key in set(limit) & set(value):
                    found += disagreements(limit[key], value[key])
            case _:
                raise AssertionError(f"this test doesn't know `{keyword}`")
        if not fits:
            found.append(f"{value!r}: {keyword} {limit}")
    return found


def channel_of(topic: str) -> str:
    """The channel that a topic belongs to: exactly one."""
    found = []
    for name, channel in DOCUMENT["channels"].items():
        address = re.escape(channel["address"]).replace(r"\{path\}", ".+")
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", address), topic):
            found.append(name)
    assert len(found) == 1, f"{topic} is in {found}"
    return str(found[0])


def content(topic: str, payload: bytes) -> Any:
    """What a message on a topic carries, which must be what the document says."""
    (name,) = DOCUMENT["channels"][channel_of(topic)]["messages"]
    kind = message(name).get("contentType", DOCUMENT["defaultContentType"])
    value = json.loads(payload) if kind == "application/json" else payload.decode()
    assert disagreements(message(name)["payload"], value) == []
    if kind == "application/json":
        undocumented = set(value) - set(resolved(message(name)["payload"])["properties"])
        assert not undocumented, f"{topic}: {undocumented} is not in the document"
    return value


# --- made from the types -----------------------------------------------------------------------------------------


def test_the_shipped_document_is_what_the_types_give() -> None:
    assert asyncapi.document() == DOCUMENT, f"{SHIPPED} is out of date. Run: {asyncapi.COMMAND}"


def test_the_command_writes_the_document_and_says_so_in_its_first_line(tmp_path: Path) -> None:
    asyncapi.main(tmp_path / "made.yaml")
    made = (tmp_path / "made.yaml").read_text(encoding="utf-8")
    assert asyncapi.SHIPPED == SHIPPED
    assert yaml.safe_load(made) == DOCUMENT
    assert made.splitlines()[0] == SHIPPED.read_text(encoding="utf-8").splitlines()[0]
    assert asyncapi.COMMAND in made.splitlines()[0]


@pytest.mark.parametrize("kind", [SetRequest, Ack, StateReport])
def test_every_field_is_in_the_document_and_explained(kind: type) -> None:
    schema = DOCUMENT["components"]["schemas"][kind.__name__]
    assert len(schema["properties"]) == len(fields(kind))
    assert all(prop["description"] for prop in schema["properties"].values())


def test_every_topic_is_in_the_document() -> None:
    topics = Topics("nova")
    used = {
        "set": topics.set("Vehicle.Speed"),
        "state": topics.state("Vehicle.Speed"),
        "ack": topics.ack("me"),
        "availability": topics.availability,
    }
    assert {name: channel_of(topic) for name, topic in used.items()} == {name: name for name in used}
    assert set(DOCUMENT["channels"]) == set(used)
    public = {name for name in vars(Topics) if not name.startswith("_")}
    assert public - set(used) == {"vehicle", "every_set", "path_of"}, "a new topic needs a channel in the document"


def test_every_reference_leads_somewhere() -> None:
    references = re.findall(r"#/[\w/]+", yaml.safe_dump(DOCUMENT))
    assert len(references) > 10
    for reference in references:
        assert resolved({"$ref": reference})


def test_every_parameter_of_an_address_is_declared() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


@pytest.mark.parametrize("name", DECODERS)
def test_the_documents_examples_are_understood(name: str) -> None:
    for example in message(name)["examples"]:
        assert disagreements(message(name)["payload"], example["payload"]) == []
        DECODERS[name](json.dumps(example["payload"]).encode())


# --- any message -------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES)
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=256),
)
MESSAGES = st.one_of(
    st.builds(SetRequest, NAMES, VALUES, TIMES, TIMES, NAMES, NAMES),
    st.builds(Ack, NAMES, st.sampled_from(get_args(AckStatus)), st.text(max_size=256), st.none() | TIMES),
    st.builds(StateReport, VALUES, TIMES),
)
CODECS: dict[type, tuple[str, Callable[[Any], bytes]]] = {
    SetRequest: ("setRequest", encode_request),
    Ack: ("acknowledgement", encode_ack),
    StateReport: ("stateReport", encode_state),
}


@given(sent=MESSAGES)
def test_whatever_is_sent_fits_the_document_and_arrives(sent: SetRequest | Ack | StateReport) -> None:
    name, encode = CODECS[type(sent)]
    payload = encode(sent)
    assert len(payload) <= LARGEST_PAYLOAD
    assert disagreements(message(name)["payload"], json.loads(payload)) == []
    assert set(json.loads(payload)) <= set(resolved(message(name)["payload"])["properties"])
    arrived = DECODERS[name](payload)
    assert arrived == sent
    assert getattr(arrived, "ts", None) == getattr(sent, "ts", None)  # which acknowledgements don't compare


def agree(name: str, content: Any) -> None:
    """Document and decoder are of one mind about a message, for better or worse."""
    wrong = disagreements(message(name)["payload"], content)
    with pytest.raises(MalformedError) if wrong else nullcontext():
        DECODERS[name](json.dumps(content).encode())


ODDITIES: list[Any] = [
    *(None, True, 0, 17, 1.5, 2**70, [], [1], {}, {"value": 1}),
    *("", "17", "1.5", "true", "null", "1700000000", "a\n", "a/b", "a b", "ü", "accepted", "Accepted"),
    *("x" * length for length in (64, 65, 256, 257)),
    *("2026-01-31", "12:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z", "2026-01-31T20:00:00.5+08:00"),
    *("2026-02-31T12:00:00Z", "yesterday"),
]


@pytest.mark.parametrize("oddity", ODDITIES, ids=ascii)
@pytest.mark.parametrize("name", DECODERS)
def test_each_field_takes_what_the_document_allows_and_nothing_else(name: str, oddity: Any) -> None:
    (example,) = message(name)["examples"]
    for key in resolved(message(name)["payload"])["properties"]:
        agree(name, {**example["payload"], key: oddity})


@given(sent=MESSAGES, data=st.data())
def test_what_the_document_forbids_is_malformed_and_what_it_allows_is_not(
    sent: SetRequest | Ack | StateReport, data: st.DataObject
) -> None:
    name, encode = CODECS[type(sent)]
    content = json.loads(encode(sent))
    anything = st.one_of(
        st.none(),
        VALUES,
        st.text(max_size=300),
        NAMES,
        NAMES.map(lambda text: text + "\n"),
        st.integers(0, 2**40).map(str),
        TIMES.map(datetime.isoformat),
        TIMES.map(lambda time: time.replace(tzinfo=None).isoformat()),
        TIMES.map(lambda time: time.date().isoformat()),
        st.sampled_from(get_args(AckStatus)),
        st.lists(VALUES, max_size=2),
        st.dictionaries(NAMES, VALUES, max_size=2),
    )
    for key in data.draw(st.lists(st.sampled_from([*content, "more", "request_id"]), max_size=2)):
        content[key] = data.draw(anything)
    for key in data.draw(st.lists(st.sampled_from(list(content)), max_size=1)):
        del content[key]
    agree(name, content)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_has_not_is_never_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_state(StateReport(number, utc_now()))


def test_availability_is_one_of_the_documents_words() -> None:
    assert message("availability")["payload"]["enum"] == [ONLINE.decode(), OFFLINE.decode()]


@pytest.mark.parametrize("value", ["x" * 256, -(2**64), 1e300, "ü\n" * 128], ids=ascii)
def test_whatever_the_gateway_complains_about_its_answer_fits_the_document(
    model: VehicleModel, safety: Safety, value: Value
) -> None:
    now = utc_now()
    gateway = Gateway(model, safety, wall=lambda: now, uptime=lambda: 0.0)
    statuses = set()
    for number, path in enumerate(model.paths()):
        request = SetRequest(f"r{number}", value, now, now + timedelta(seconds=30), "driver", "stranger")
        admission = gateway.admit(path, encode_request(request), model.initial_state(), 0.0)
        ack = encode_ack(admission.ack)
        assert disagreements(message("acknowledgement")["payload"], json.loads(ack)) == []
        statuses.add(decode_ack(ack).status)
    assert "rejected" in statuses


# --- real traffic ------------------------------------------------------------------------------------------------


class Listener:
    """Somebody who hears what some filters let through, from when it is made."""

    def __init__(self, settings: BusSettings, *filters: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._queue: queue.SimpleQueue[mqtt.MQTTMessage] = queue.SimpleQueue()
        subscribed: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda _client, _data, heard: self._queue.put(heard)
        self._client.on_subscribe = lambda *_: subscribed.put(True)
        self._client.connect(settings.host, settings.port)
        self._client.loop_start()
        for topics in filters:
            self._client.subscribe(topics, qos=1)
            subscribed.get(timeout=5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def listen_until(self, topic: str, times: int) -> None:
        """Listen until a topic has been heard so many times."""
        while [heard for heard, _ in self.heard].count(topic) < times:
            message = self._queue.get(timeout=5)
            self.heard.append((message.topic, message.payload))


@pytest.fixture
def listener(settings: BusSettings) -> Iterator[Listener]:
    listener = Listener(settings, f"vehicle/{settings.vehicle}/#")
    yield listener
    listener.close()


@pytest.mark.broker
def test_all_that_goes_over_a_real_broker_is_what_the_document_says(
    listener: Listener, road: Road, model: VehicleModel
) -> None:
    confirmed = [Command(WINDOW, 40), Command(SUNROOF, "OPEN"), Command(AIR, False, seat="passenger")]
    for command in confirmed:
        assert isinstance(road.outcome_of(command), CommandConfirmed)
    road.vehicle.set("Vehicle.Speed", 50.0)
    road.settle()
    refused = road.outcome_of(Command(TAILGATE, 100))
    assert isinstance(refused, CommandFailed)
    assert refused.failure is Failure.REJECTED
    now, soon, long_ago = utc_now(), timedelta(seconds=30), timedelta(minutes=5)
    unfit = SetRequest("unfit", "x" * 256, now, now + soon, "driver", "stranger")
    late = replace(unfit, request_id="late", issued_at=now - long_ago, expires_at=now - long_ago + soon)
    for request in (unfit, late):
        listener.publish(road.bus.topics.set(WINDOW), encode_request(request))
    listener.listen_until(road.bus.topics.ack("stranger"), 2)
    road.vehicle.stop()
    listener.listen_until(road.bus.topics.availability, 2)

    contents: dict[str, list[Any]] = {name: [] for name in DOCUMENT["channels"]}
    for topic, payload in listener.heard:
        contents[channel_of(topic)].append(content(topic, payload))
    assert len(contents["set"]) == len(confirmed) + 3
    assert {ack["status"] for ack in contents["ack"]} == set(get_args(AckStatus))
    assert all("ts" in ack for ack in contents["ack"])
    assert len(contents["state"]) > len(list(model.paths()))
    assert {type(report["value"]) for report in contents["state"]} == {bool, int, float, str}
    assert contents["availability"] == [ONLINE.decode(), OFFLINE.decode()]


@pytest.mark.broker
def test_who_comes_late_hears_what_the_document_calls_retained(road: Road, settings: BusSettings) -> None:
    assert isinstance(road.outcome_of(Command(WINDOW, 40)), CommandConfirmed)
    topics = road.bus.topics
    state = topics.state(WINDOW)
    late = Listener(settings, topics.set(WINDOW), topics.ack(road.bus.client_id), topics.availability, state)
    try:
        late.listen_until(state, 1)  # subscribed to last, so the last to be heard
        late.listen_until(topics.availability, 1)
    finally:
        late.close()
    heard = {channel_of(topic) for topic, _ in late.heard}
    retained = {
        operation["channel"]["$ref"].rpartition("/")[2]
        for operation in DOCUMENT["operations"].values()
        if operation["bindings"]["mqtt"]["retain"]
    }
    assert heard == retained
