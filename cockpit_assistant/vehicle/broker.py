"""A real MQTT broker that lives as long as a `with` block: for the demo, for text turns and replays, and for tests.

It is rumqttd as packaged by `iotcore`, run as a child process that ends with this one. It listens on loopback
only, once for MQTT 5 and once for MQTT 3.1.1, because rumqttd speaks one version a listener. Production uses
Mosquitto or the car maker's own broker (see `deploy/mosquitto`).
"""

from __future__ import annotations

import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import BusError

if TYPE_CHECKING:
    from iotcore import Broker

_HOST = "127.0.0.1"

_LISTENER = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 5000
max_payload_size = 65536
max_inflight_count = 500
dynamic_filters = true
"""

_ROUTER = """
id = 0
[router]
id = 0
max_connections = 64
max_outgoing_packet_count = 500
max_segment_size = 1048576
max_segment_count = 4
"""


class EmbeddedBroker:
    """The broker as a context manager.

    Args:
        port: where to listen for MQTT 5; 0 takes a free port. MQTT 3.1.1 always gets a free port of its own.
    """

    def __init__(self, port: int = 0) -> None:
        self.host = _HOST
        self.port = port
        """MQTT 5; known after start when a free one was asked for."""
        self.port_v311 = 0
        self._broker: Broker | None = None
        self._folder = ExitStack()

    def start(self) -> EmbeddedBroker:
        """Start it and wait until both listeners accept connections.

        Raises:
            BusError: the `broker` extra is not installed, or the port is taken.
        """
        try:
            from iotcore import Broker
        except ImportError:
            raise BusError(
                "The embedded broker is not installed. Run: pip install 'cockpit-assistant[broker]', "
                "or point [bus] host and port at a broker that is already running."
            ) from None
        free = _free_ports(2)
        self.port = self.port or free[0]
        self.port_v311 = free[1]
        folder = Path(self._folder.enter_context(tempfile.TemporaryDirectory(prefix="cockpit-broker-")))
        config = folder / "rumqttd.toml"
        listeners = {"v5": self.port, "v4": self.port_v311}
        config.write_text(
            _ROUTER + "".join(_LISTENER.format(version=v, host=_HOST, port=p) for v, p in listeners.items())
        )
        broker = Broker(config_path=str(config))
        try:
            broker.start()
        except (OSError, RuntimeError) as error:
            self._folder.close()
            raise BusError(
                f"The embedded broker can't listen on {_HOST}:{self.port}: {error}. Another broker may hold the "
                "port; leave the port out to take a free one."
            ) from None
        self._broker = broker
        return self

    def stop(self) -> None:
        """Kill it: connections break, as in a power cut. Calling it twice does no harm."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
        self._folder.close()

    def __enter__(self) -> EmbeddedBroker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on now. All are held until the last is known, so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((_HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
