"""A bad network: a TCP proxy between an MQTT client and its broker that knows packets well enough to maltreat them.

It can hold everything (a partition), cut or half cut connections, and drop, repeat, delay and reorder PUBLISH
packets. Delays count in stage time, so they cost nothing: what is late leaves in `flow`, once the clock has come so
far. A PUBLISH that is tampered with goes on at QoS 0, and the proxy acknowledges it to its sender; otherwise each
copy would be acknowledged once too often, and the broker would end the connection.
"""

from __future__ import annotations

import heapq
import itertools
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from cockpit_assistant.clock import Clock

_PUBLISH, _PUBACK = 3, 4
_HOST = "127.0.0.1"


class Way(Enum):
    """Where a packet is going."""

    UP = "to the broker"
    DOWN = "to the client"


BOTH = frozenset(Way)


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each PUBLISH is to be maltreated, by what its topic carries: set, ack, state."""

    kinds: frozenset[str] = frozenset()
    drop: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    longest: float = 0.0
    """Seconds of stage time a packet or its copy can be late."""
    overtaking: bool = False
    """Whether messages may overtake each other on one topic, which MQTT rules out; else only on different ones."""


FINE = Weather()


@dataclass(frozen=True, slots=True)
class Publish:
    """A PUBLISH packet, as far as the proxy cares."""

    topic: str
    qos: int
    number: bytes
    """The packet identifier, as it stands in the packet; empty at QoS 0."""
    bare: bytes
    """The same packet at QoS 0."""

    @property
    def kind(self) -> str:
        """What the topic carries: `vehicle/<id>/<kind>/…`."""
        parts = self.topic.split("/")
        return parts[2] if len(parts) > 2 else ""

    @property
    def receipt(self) -> bytes:
        """The PUBACK for it."""
        return bytes([_PUBACK << 4, 2]) + self.number


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take the whole packets off the front of a buffer."""
    while len(buffer) >= 2:
        body = _body(buffer)
        if body is None or len(buffer) < body[0] + body[1]:
            return
        end = sum(body)
        packet = bytes(buffer[:end])
        del buffer[:end]
        yield packet


def read_publish(packet: bytes) -> Publish | None:
    """The packet if it is a PUBLISH; the same in MQTT 3.1.1 and 5, whose properties stay as they are."""
    head = _body(packet)
    if packet[0] >> 4 != _PUBLISH or head is None:
        return None
    start, qos = head[0], packet[0] >> 1 & 3
    end = start + 2 + int.from_bytes(packet[start : start + 2], "big")
    number = packet[end : end + 2] if qos else b""
    rest = packet[start:end] + packet[end + len(number) :]
    bare = bytes([_PUBLISH << 4 | packet[0] & 1]) + _length(len(rest)) + rest
    return Publish(packet[start + 2 : end].decode(), qos, number, bare)


def _body(packet: bytes | bytearray) -> tuple[int, int] | None:
    """Where the body of a packet begins, and how long it is; None if its head isn't complete."""
    length = 0
    for place, byte in enumerate(packet[1:5]):
        length |= (byte & 127) << 7 * place
        if byte < 128:
            return place + 2, length
    return None


def _length(length: int) -> bytes:
    out = bytearray()
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes([*out, length])


class _Connection:
    """One client's connection, with the one made to the broker in its stead."""

    def __init__(self, client: socket.socket, broker: socket.socket) -> None:
        self.ends = {Way.UP: broker, Way.DOWN: client}
        """Where packets going each way are written to."""
        self.held: dict[Way, list[bytes]] = {Way.UP: [], Way.DOWN: []}
        self.finished = False
        """One end is gone, and the partition keeps the other from noticing."""
        self.half_open = False

    def write(self, way: Way, packet: bytes) -> None:
        with suppress(OSError):  # the reader of that end notices
            self.ends[way].sendall(packet)

    def close(self) -> None:
        for end in self.ends.values():
            _close(end)


class Proxy:
    """Stands between one client (or several) and the broker, on a free port of the loopback."""

    def __init__(self, broker_port: int, clock: Clock, rng: random.Random) -> None:
        self.weather = FINE
        self.done: Counter[str] = Counter()
        """What was done to packets and connections."""
        self.activity = 0
        """Packets seen and written, so that silence can be told."""
        self.read: Counter[Way] = Counter()
        """PUBLISH packets that came in."""
        self.written: Counter[Way] = Counter()
        """PUBLISH packets that went out."""
        self._broker_port = broker_port
        self._clock = clock
        self._rng = rng
        self._lock = threading.RLock()
        self._blocked: frozenset[Way] = frozenset()
        self._connections: list[_Connection] = []
        self._late: list[tuple[float, int, _Connection, Way, bytes]] = []
        self._latest: dict[tuple[Way, str], float] = {}
        self._order = itertools.count()
        self._listener = socket.create_server((_HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def carries(self) -> bool:
        """Whether a client's connection is whole; its client may not have noticed yet that it is not."""
        with self._lock:
            return any(not (one.finished or one.half_open) for one in self._connections)

    # --- maltreatment ------------------------------------------------------------------------------------------

    def block(self, ways: frozenset[Way] = BOTH) -> None:
        """Let nothing through; what comes meanwhile is kept, as TCP would."""
        with self._lock:
            self._blocked = ways

    def unblock(self, *, losing: bool) -> None:
        """Let everything through again: what was kept first, or, if it is lost, with its connections."""
        with self._lock:
            self._blocked = frozenset()
            for connection in list(self._connections):
                if losing and any(connection.held.values()):
                    self._end(connection)
                    continue
                for way, packets in connection.held.items():
                    kept, connection.held[way] = packets, []
                    for packet in kept:
                        self._forward(connection, way, packet)
                if connection.finished:
                    self._end(connection)

    def cut(self) -> None:
        """Break all connections, for both ends."""
        with self._lock:
            for connection in list(self._connections):
                self._end(connection)

    def half_cut(self) -> None:
        """Break all connections for the client; the broker goes on believing in them until `bury`."""
        with self._lock:
            for connection in self._connections:
                connection.half_open = True
                _close(connection.ends[Way.DOWN])

    def bury(self) -> None:
        """Break for the broker what was half cut."""
        with self._lock:
            for connection in [one for one in self._connections if one.half_open]:
                self._end(connection)

    def flow(self) -> None:
        """Let go what is due by now."""
        with self._lock:
            while self._late and self._late[0][0] <= self._clock.now():
                _, _, connection, way, packet = heapq.heappop(self._late)
                if connection in self._connections and not connection.half_open:
                    self._write(connection, way, packet)

    def close(self) -> None:
        """Break everything and listen no more."""
        self._listener.close()
        self.cut()

    # --- packets -----------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection((_HOST, self._broker_port), timeout=1)
            except OSError:
                client.close()
                continue
            for end in (client, broker):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(client, broker)
            with self._lock:
                self._connections.append(connection)
            for way, source in ((Way.UP, client), (Way.DOWN, broker)):
                threading.Thread(target=self._pump, args=(connection, way, source), daemon=True).start()

    def _pump(self, connection: _Connection, way: Way, source: socket.socket) -> None:
        buffer = bytearray()
        while True:
            try:
                read = source.recv(65536)
            except OSError:
                read = b""
            if not read:
                break
            _acknowledge_at_once(source)
            buffer += read
            with self._lock:
                for packet in split(buffer):
                    self._forward(connection, way, packet)
        with self._lock:
            if connection.half_open and way is Way.UP:
                return
            if self._blocked:
                connection.finished = True
            else:
                self._end(connection)

    def _end(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.close()

    def _forward(self, connection: _Connection, way: Way, packet: bytes) -> None:
        self.flow()  # nothing that is due already is overtaken
        self.activity += 1
        if way in self._blocked:
            connection.held[way].append(packet)
            return
        publish = read_publish(packet)
        self.read[way] += publish is not None
        if way is Way.UP and packet[0] >> 4 == _PUBACK:
            return  # the proxy has acknowledged it already: brokers want acknowledgements in order
        if publish and publish.qos and way is Way.DOWN:
            connection.write(Way.UP, publish.receipt)
        if publish is None or publish.kind not in self.weather.kinds:
            self._in_order(connection, way, packet, publish)
        else:
            self._maltreat(connection, way, packet, publish)

    def _in_order(self, connection: _Connection, way: Way, packet: bytes, publish: Publish | None) -> None:
        """Send at once, unless something on the same topic is late."""
        if publish and self._latest.get((way, publish.topic), 0.0) > self._clock.now():
            self._accept_receipt(connection, way, publish)
            self._send_late(connection, way, publish, self._latest[way, publish.topic])
        elif publish:
            self._write(connection, way, packet)
        else:
            connection.write(way, packet)

    def _write(self, connection: _Connection, way: Way, packet: bytes) -> None:
        """Write a PUBLISH."""
        self.activity += 1
        self.written[way] += 1
        connection.write(way, packet)

    def _maltreat(self, connection: _Connection, way: Way, packet: bytes, publish: Publish) -> None:
        weather, now = self.weather, self._clock.now()
        if self._rng.random() < weather.drop:
            self.done[f"{publish.kind} dropped"] += 1
            self._accept_receipt(connection, way, publish)
            return
        if self._rng.random() < weather.late:
            self.done[f"{publish.kind} late"] += 1
            due = now + self._rng.uniform(0.0, weather.longest)
            if not weather.overtaking:
                due = self._latest[way, publish.topic] = max(due, self._latest.get((way, publish.topic), 0.0))
            self._accept_receipt(connection, way, publish)
            self._send_late(connection, way, publish, due)
        else:
            due = now
            self._in_order(connection, way, packet, publish)
        if self._rng.random() < weather.repeat:
            self.done[f"{publish.kind} repeated"] += 1
            wait = self._rng.uniform(0.0, weather.longest) if weather.overtaking else 0.0
            self._send_late(connection, way, publish, due + wait)

    def _accept_receipt(self, connection: _Connection, way: Way, publish: Publish) -> None:
        """Acknowledge to the client what will go on at QoS 0; the broker has its receipt already."""
        if publish.qos and way is Way.UP:
            connection.write(Way.DOWN, publish.receipt)

    def _send_late(self, connection: _Connection, way: Way, publish: Publish, due: float) -> None:
        heapq.heappush(self._late, (due, next(self._order), connection, way, publish.bare))


def _acknowledge_at_once(source: socket.socket) -> None:
    """A broker that uses Nagle's algorithm would hold back its next message for 40 ms (see `session`)."""
    with suppress(OSError, AttributeError):  # Linux only
        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
