"""The integrator's document says what really goes over the bus."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from cockpit_assistant.vehicle.messages import (
    OFFLINE,
    ONLINE,
    Ack,
    SetRequest,
    StateReport,
    Topics,
    decode_ack,
    decode_request,
    decode_state,
    encode_ack,
    encode_request,
    encode_state,
)

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "asyncapi.yaml").read_text(encoding="utf-8"))
NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
TYPES = {"string": str, "boolean": bool, "number": (int, float), "object": dict}
DECODERS = {"setRequest": decode_request, "acknowledgement": decode_ack, "stateReport": decode_state}


def resolved(node: Any) -> Any:
    """A part of the document with its reference followed."""
    if isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return target
    return node


def disagreements(schema: Any, value: Any) -> list[str]:
    """Where a value is not what a schema of this document says."""
    schema = resolved(schema)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{value!r} is no {kinds}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} not in {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{value!r} does not match {schema['pattern']}")
    if schema.get("format") == "date-time" and datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is None:
        found.append(f"{value!r} has no zone")
    if schema["type"] == "object":
        if set(value) != set(schema["properties"]) or set(value) < set(schema["required"]):
            found.append(f"keys {sorted(value)}")
        for key in set(value) & set(schema["properties"]):
            found += disagreements(schema["properties"][key], value[key])
    return found


def payload(message: str) -> Any:
    return resolved(DOCUMENT["components"]["messages"][message])["payload"]


@pytest.mark.parametrize("value", [True, 50, 22.5, "ONE_SHOT_OPEN"])
def test_what_we_publish_is_what_the_document_says(value: Any) -> None:
    request = SetRequest("9f86", value, NOON, NOON + timedelta(seconds=2), "driver", "assistant-1")
    assert disagreements(payload("setRequest"), json.loads(encode_request(request))) == []
    assert disagreements(payload("stateReport"), json.loads(encode_state(StateReport(value, NOON)))) == []
    for status, reason in (("accepted", ""), ("rejected", "utter_refuse_moving"), ("expired", "")):
        ack = Ack("9f86", status, reason, NOON)
        assert disagreements(payload("acknowledgement"), json.loads(encode_ack(ack))) == []
    assert disagreements(payload("availability"), ONLINE.decode()) == []
    assert disagreements(payload("availability"), OFFLINE.decode()) == []


def test_a_wrong_payload_would_be_noticed() -> None:
    assert disagreements(payload("stateReport"), {"value": None, "ts": "2026-01-31T12:00:00Z"})
    assert disagreements(payload("acknowledgement"), {"requestId": "a/b", "status": "accepted", "reason": ""})
    assert disagreements(payload("acknowledgement"), {"requestId": "a", "status": "perhaps", "reason": ""})
    assert disagreements(payload("setRequest"), {"value": 1})


@pytest.mark.parametrize("message", DECODERS)
def test_the_documents_examples_are_understood(message: str) -> None:
    for example in resolved(DOCUMENT["components"]["messages"][message])["examples"]:
        assert disagreements(payload(message), example["payload"]) == []
        DECODERS[message](json.dumps(example["payload"]).encode())


def test_the_addresses_are_the_topics_we_use() -> None:
    topics = Topics("nova")
    used = {
        "set": topics.set("Vehicle.Speed"),
        "state": topics.state("Vehicle.Speed"),
        "ack": topics.ack("me"),
        "availability": topics.availability,
    }
    values = {"{vehicle}": "nova", "{path}": "Vehicle/Speed", "{client}": "me"}
    for name, topic in used.items():
        address = DOCUMENT["channels"][name]["address"]
        for parameter, value in values.items():
            address = address.replace(parameter, value)
        assert address == topic
    assert set(DOCUMENT["channels"]) == set(used)


def test_every_reference_leads_somewhere() -> None:
    text = yaml.safe_dump(DOCUMENT)
    for reference in re.findall(r"'?#/[\w/]+", text):
        assert resolved({"$ref": reference.strip("'")})
