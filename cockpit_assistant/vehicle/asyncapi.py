"""The integrator's document, `deploy/asyncapi.yaml`: what a vehicle's gateway has to speak, as AsyncAPI 3.

Addresses come from Topics, payload schemas and their explanations from the message types, examples from their
encoders, limits from where they are enforced. Only what no type can say is written here. After a change:

    python -m cockpit_assistant.vehicle.asyncapi
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal, TypeAlias

import yaml
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from .gateway import CLOCK_SKEW, LONGEST_LIFE
from .messages import (
    LARGEST_PAYLOAD,
    OFFLINE,
    ONLINE,
    Ack,
    SetRequest,
    StateReport,
    Topics,
    encode_ack,
    encode_request,
    encode_state,
)
from .requests import MARGIN

Node: TypeAlias = dict[str, object]

SHIPPED = Path(__file__).parents[2] / "deploy" / "asyncapi.yaml"
"""In a checkout; the document isn't installed."""

COMMAND = "python -m cockpit_assistant.vehicle.asyncapi"

_DESCRIPTION = f"""\
What a vehicle's gateway has to speak so that the assistant can command it. Any broker with MQTT 5 or 3.1.1.

- Everything is published at QoS 1. State and availability are retained, set requests and acknowledgements never
  are: a retained set request is ignored.
- Both sides connect with a clean session and publish only while connected. A request that can't be delivered now is
  not delivered later.
- VSS paths stand in topics with slashes: Vehicle.Cabin.Sunroof.Switch → Vehicle/Cabin/Sunroof/Switch. Paths, types
  and ranges are those of COVESA VSS 6.0, and of `vehicle.yml` where it says less or more (branch Vehicle.Private).
- Payloads are JSON objects in UTF-8 of at most {LARGEST_PAYLOAD} bytes. Keys that are not listed are passed over; a
  payload that doesn't fit its schema is ignored as a whole.
- A request is answered at once, by one acknowledgement, and again in the same words if it is delivered again.
  `accepted` means that the car has begun. What it has done, its state shows.
- The assistant tells the driver that a command was carried out when the request has been accepted and the state
  topic shows the target; it gives up when that takes longer than the signal's `rate` and `lag` in vehicle.yml
  promise, and {MARGIN:g} s more.
- The gateway checks everything again: form, age, signal, value, and the rules of `safety.yml` with its own state.
- On every connection the vehicle first shows all of its signals, then says `online`. The signals that `safety.yml`
  looks at are shown again at least every `stale_after` seconds, changed or not: to the assistant, an old speed is a
  moving car.
- Clocks: times are written in UTC. A difference of {CLOCK_SKEW.total_seconds():g} s between both sides is borne.
  `expiresAt` lies at most {LONGEST_LIFE.total_seconds():g} s after `issuedAt`, or the request is rejected.
"""

_PARAMETERS: dict[str, Node] = {
    "vehicle": {"description": "The vehicle's id: `id` in vehicle.yml, `[bus] vehicle` in the settings."},
    "path": {"description": "A VSS path with slashes for dots."},
    "client": {"description": "The `source` of the request."},
}

_ISSUED = datetime(2026, 1, 31, 7, 30, tzinfo=timezone.utc)
_REQUEST = SetRequest(
    "9f86d081884c7d65", 50, _ISSUED, _ISSUED + timedelta(seconds=2), "driver", "assistant-1a2b3c4d"
)
_ACK = Ack(_REQUEST.request_id, "rejected", "utter_refuse_moving", _ISSUED + timedelta(milliseconds=4))
_STATE = StateReport(50, _ISSUED + timedelta(seconds=1, milliseconds=120))


@dataclass(frozen=True, slots=True)
class _Channel:
    """A kind of topic, with what the assistant does there."""

    message: str
    operation: str
    action: Literal["send", "receive"]
    retained: bool
    note: str = ""


_CHANNELS = {
    "set": _Channel(
        "setRequest",
        "requestSet",
        "send",
        retained=False,
        note="Sent by the assistant. With MQTT 5 the message expires in the broker, too.",
    ),
    "ack": _Channel("acknowledgement", "receiveAcknowledgement", "receive", retained=False),
    "state": _Channel("stateReport", "receiveState", "receive", retained=True),
    "availability": _Channel("availability", "receiveAvailability", "receive", retained=True),
}
"""By the name of the member of Topics that makes the address."""

_JSON_MESSAGES: dict[str, tuple[type, bytes]] = {
    "setRequest": (SetRequest, encode_request(_REQUEST)),
    "acknowledgement": (Ack, encode_ack(_ACK)),
    "stateReport": (StateReport, encode_state(_STATE)),
}


def document() -> Node:
    """The document as data."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cockpit assistant and vehicle",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "car": {
                "host": "localhost:8883",
                "protocol": "secure-mqtt",
                "description": "See deploy/mosquitto for a configuration with certificates and access control.",
            }
        },
        "channels": {name: _channel(name, channel.message) for name, channel in _CHANNELS.items()},
        "operations": {channel.operation: _operation(name, channel) for name, channel in _CHANNELS.items()},
        "components": {"parameters": _PARAMETERS, "schemas": _schemas(), "messages": _messages()},
    }


def text() -> str:
    """The document as YAML."""
    body = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)
    return f"# Generated from cockpit_assistant/vehicle/messages.py: {COMMAND}\n{body}"


def main(file: Path = SHIPPED) -> None:
    """Write the document."""
    file.write_text(text(), encoding="utf-8")


def _channel(name: str, message: str) -> Node:
    member = inspect.getattr_static(Topics, name)
    address = _address(name)
    return {
        "address": address,
        "description": inspect.getdoc(member),
        "parameters": {part: _ref("parameters", part) for part in re.findall(r"{(\w+)}", address)},
        "messages": {message: _ref("messages", message)},
    }


def _address(name: str) -> str:
    """A topic with its parameters' names in place of their values."""
    topic: str | Callable[..., str] = getattr(Topics("{vehicle}"), name)
    return (
        topic if isinstance(topic, str) else topic(*(f"{{{key}}}" for key in inspect.signature(topic).parameters))
    )


def _operation(name: str, channel: _Channel) -> Node:
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{name}"},
        **({"description": channel.note} if channel.note else {}),
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained}},
    }


def _messages() -> Node:
    messages: Node = {
        name: {
            "summary": inspect.getdoc(kind),
            "payload": _ref("schemas", kind.__name__),
            "examples": [{"payload": json.loads(example)}],
        }
        for name, (kind, example) in _JSON_MESSAGES.items()
    }
    words = [ONLINE.decode(), OFFLINE.decode()]
    messages["availability"] = {
        "summary": "Plain text, no JSON.",
        "contentType": "text/plain",
        "payload": {"type": "string", "enum": words},
        "examples": [{"payload": word} for word in words],
    }
    return messages


def _schemas() -> Node:
    kinds = [kind for kind, _ in _JSON_MESSAGES.values()]
    _, schemas = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(kind)) for kind in kinds],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    described = {kind.__name__: {"description": inspect.getdoc(kind)} for kind in kinds}
    return {name: {**described.get(name, {}), **schema} for name, schema in schemas["$defs"].items()}


class _Untitled(GenerateJsonSchema):
    """Without titles that only say the key again."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _ref(kind: str, name: str) -> Node:
    return {"$ref": f"#/components/{kind}/{name}"}


class _Dumper(yaml.SafeDumper):
    """Long texts as written, and everything in full where it stands."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(
    str,
    lambda dumper, words: dumper.represent_scalar(
        "tag:yaml.org,2002:str", words, style="|" if "\n" in words else None
    ),
)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
