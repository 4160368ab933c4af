"""One MQTT connection that never hands on old messages.

MQTT clients keep what they could not deliver and send it when the broker is back. For a car that is a hazard: a
window would open minutes after somebody asked. So a lost connection is thrown away with all that was in it, and a
new client takes its place; nothing can be published meanwhile. Speaks MQTT 5, or 3.1.1 where the broker knows only
that.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from typing import Protocol

from paho.mqtt.enums import MQTTProtocolVersion

from ..config import BusSettings
from ..errors import BusError
from .session import Session, VersionError, Will, where

_log = logging.getLogger(__name__)

_VERSIONS = (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311)
_ENDS_AT_ONCE = (
    "ends the connection at once. Is this an MQTT port? Where it speaks TLS, it wants [bus] ca, and perhaps "
    "certificate and key."
)
_FIRST_RETRY, _LAST_RETRY = 0.25, 8.0


class Receiver(Protocol):
    """Who owns a link. Called from the connection's own thread."""

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message has come in; `retained` if it is older than the subscription."""
        ...

    def link_changed(self, up: bool) -> None:
        """The connection is up and subscribed, or has been lost."""
        ...


class Link:
    """A connection with its subscriptions, kept up until closed."""

    def __init__(
        self,
        settings: BusSettings,
        client_id: str,
        subscriptions: Sequence[str],
        receiver: Receiver,
        will: Will | None = None,
    ) -> None:
        self.client_id = client_id
        self._settings = settings
        self._subscriptions = subscriptions
        self._receiver = receiver
        self._will = will
        self._protocol = _VERSIONS[0]
        self._session: Session | None = None
        self._closing = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def up(self) -> bool:
        """Whether messages flow."""
        session = self._session
        return session is not None and session.ready and not session.lost.is_set()

    def open(self) -> None:
        """Connect and subscribe; then keep connected.

        Raises:
            BusError: the broker can't be reached or refuses us; says what to check.
        """
        self._closing.clear()
        session = self._connect()
        self._keeper = threading.Thread(target=self._keep, args=(session,), name="mqtt-link", daemon=True)
        self._keeper.start()

    def close(self) -> None:
        """Disconnect for good. Calling it twice does no harm."""
        self._closing.set()
        session, self._session = self._session, None
        if session:
            session.end()
        if self._keeper and self._keeper is not threading.current_thread():
            self._keeper.join(timeout=self._settings.connect_timeout + 1)
            self._keeper = None

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry: float | None = None) -> bool:
        """Send at QoS 1; False if the connection is down, and then nothing is kept.

        Args:
            topic: where to.
            payload: what.
            retain: whether the broker keeps it for later subscribers.
            expiry: seconds after which the broker may drop it undelivered (MQTT 5).
        """
        session = self._session
        return session is not None and self.up and session.publish(topic, payload, retain, expiry)

    def _connect(self) -> Session:
        """A new session, with the protocol version that worked last, else the other one."""
        for protocol in sorted(_VERSIONS, key=lambda version: version != self._protocol):
            session = Session(self._settings, self.client_id, protocol, self._will, self._receiver.received)
            self._session = session
            try:
                session.start(self._subscriptions)
            except VersionError:
                continue
            self._protocol = protocol
            self._receiver.link_changed(True)
            return session
        raise BusError(where(self._settings, _ENDS_AT_ONCE))

    def _keep(self, session: Session) -> None:
        """Wait until the connection is lost, then try again and again, more slowly each time."""
        while not self._closing.is_set():
            session.lost.wait()
            session.end()
            if self._closing.is_set():
                return
            self._receiver.link_changed(False)
            pause = _FIRST_RETRY
            while not self._closing.wait(pause * random.uniform(0.8, 1.2)):
                try:
                    session = self._connect()
                    if self._closing.is_set():
                        session.end()
                    break
                except BusError as error:
                    _log.info("still no bus: %s", error)
                    pause = min(pause * 2, _LAST_RETRY)
