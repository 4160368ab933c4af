"""One MQTT connection from connect to loss, never used again afterwards.

What it could not deliver is lost with it, on purpose (see `link`). Its errors name the broker and what to check.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..config import BusSettings
from ..errors import BusError

_log = logging.getLogger(__name__)

KEEPALIVE = 5
"""Seconds; a dead connection is noticed after one and a half times that."""

_CREDENTIALS = ("Bad user name or password", "Not authorized")

Hear = Callable[[str, bytes, bool], None]
"""Takes a message: topic, payload, and whether it is older than the subscription."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our stead, retained, when the connection breaks."""

    topic: str
    payload: bytes


class VersionError(Exception):
    """The broker does not speak the version we tried."""


class Session:
    """One client. `hear` is called from its own thread."""

    def __init__(
        self,
        settings: BusSettings,
        client_id: str,
        protocol: MQTTProtocolVersion,
        will: Will | None,
        hear: Hear,
    ) -> None:
        self.lost = threading.Event()
        """Set when the connection has ended, for whatever reason."""
        self.ready = False
        """Whether it is connected and subscribed."""
        self._settings = settings
        self._hear = hear
        self._is_v5 = protocol == MQTTProtocolVersion.MQTTv5
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._refusal = ""
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            clean_session=None if self._is_v5 else True,
            reconnect_on_failure=False,
        )
        if settings.username is not None:
            self._client.username_pw_set(settings.username, settings.password)
        if settings.ca is not None:
            self._secure(settings)
        if will:
            self._client.will_set(will.topic, will.payload, qos=1, retain=True)
        self._client.on_socket_open = _without_delay
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def start(self, subscriptions: Sequence[str]) -> None:
        """Connect and subscribe.

        Raises:
            BusError: it can't be done.
            VersionError: perhaps with another protocol version.
        """
        settings = self._settings
        self._client.connect_timeout = settings.connect_timeout
        try:
            self._client.connect(settings.host, settings.port, keepalive=KEEPALIVE)
        except ssl.SSLError as error:
            remedy = f"refused the TLS connection ({error.reason}). Check [bus] ca, certificate and key."
            raise BusError(where(settings, remedy)) from None
        except socket.gaierror:
            raise BusError(where(settings, "has no known address. Check [bus] host.")) from None
        except (TimeoutError, ConnectionError, OSError) as error:
            remedy = f"can't be reached ({error.strerror or error}). Start it, or check [bus] host and port."
            raise BusError(where(settings, remedy)) from None
        self._client.loop_start()
        try:
            self._await(self._answered, "did not answer. Is this an MQTT port?")
            self._client.subscribe([(topic, 1) for topic in subscriptions])
            self._await(self._subscribed, "did not confirm our subscriptions.")
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Close the connection, whatever its state."""
        self.lost.set()
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, retain: bool, expiry: float | None) -> bool:
        """Send at QoS 1; False if the connection is known to be down."""
        properties = None
        if self._is_v5 and expiry is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = max(1, round(expiry))
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return sent.rc == mqtt.MQTT_ERR_SUCCESS

    def _secure(self, settings: BusSettings) -> None:
        try:
            self._client.tls_set(
                ca_certs=str(settings.ca),
                certfile=str(settings.certificate) if settings.certificate else None,
                keyfile=str(settings.key) if settings.key else None,
            )
        except (OSError, ValueError) as error:
            remedy = f"can't be asked over TLS: {error}. Check [bus] ca, certificate and key."
            raise BusError(where(settings, remedy)) from None

    def _await(self, event: threading.Event, complaint: str) -> None:
        if not event.wait(self._settings.connect_timeout):
            raise BusError(where(self._settings, complaint))
        if self._refusal in _CREDENTIALS:
            remedy = f"refuses us ({self._refusal}). Check [bus] username and password, or the certificate."
            raise BusError(where(self._settings, remedy))
        if self._refusal:
            raise BusError(where(self._settings, f"refuses us: {self._refusal}."))
        if self.lost.is_set():
            raise VersionError

    # --- called from the client's own thread -------------------------------------------------------------------

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if str(reason) == "Unsupported protocol version":
            self.lost.set()
        elif reason.is_failure:
            self._refusal = str(reason)
        self._answered.set()

    def _on_subscribe(
        self, _client: object, _data: object, _mid: object, reasons: list[ReasonCode], _properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = "it doesn't let us subscribe to the vehicle's topics; check its access control list"
        self.ready = not self._refusal
        self._subscribed.set()

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, _reason: object, _properties: object
    ) -> None:
        self.lost.set()
        self._answered.set()
        self._subscribed.set()

    def _on_publish(
        self, client: mqtt.Client, _data: object, _mid: object, _reason: object, _properties: object
    ) -> None:
        _acknowledge_at_once(client)

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        _acknowledge_at_once(client)
        if self.lost.is_set():
            return
        try:
            self._hear(message.topic, bytes(message.payload), message.retain)
        except Exception:  # it would end the client's thread unseen, and nothing would be heard any more
            _log.exception("the connection is given up: a message on %s could not be taken in", message.topic)
            self.lost.set()


def _without_delay(_client: object, _data: object, connection: object) -> None:
    """Small messages leave at once: Nagle's algorithm would hold them back for 40 ms."""
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _acknowledge_at_once(client: mqtt.Client) -> None:
    """Let a broker that uses Nagle's algorithm go on with its next message; Linux forgets this after a while."""
    connection = client.socket()
    if isinstance(connection, socket.socket) and hasattr(socket, "TCP_QUICKACK"):
        with suppress(OSError):  # the connection may be closing; that is noticed elsewhere
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def where(settings: BusSettings, what: str) -> str:
    """A sentence about a broker."""
    return f"The MQTT broker at {settings.host}:{settings.port} {what}"
