"""A chaotic drive: thousands of commands over a network, a broker, clocks and a car that fail in every way.

Everything is the product's own but the network in between (see `network`) and the understanding, which is made up
(see `chatter`). Time is the stage clock's; real time passes only while packets travel and connections come back.
Run it: `python -m tests.chaos.drive --commands 2000 --seed 1`.
"""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from cockpit_assistant.assembly import Project, assemble
from cockpit_assistant.clock import StreamClock
from cockpit_assistant.config import BusSettings, Settings
from cockpit_assistant.events import Command, Decision, Record, Route, Seat, Understanding, Value
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.broker import EmbeddedBroker

from .chatter import Chatter
from .disturbances import BEYOND, DISTURBANCES, PARKED, SLOW, End
from .ledger import Calm, Crashed, Ended, Ledger, Sent, Tally, Unsent, Violation, tally, violations
from .network import Proxy, Way
from .witnesses import DialogueWitness, Wall, WitnessedBus, WitnessedVehicle

LIGHT = "Vehicle.Cabin.Light.Spotlight.Row1.DriverSide.IsLightOn"
"""An actuator that safety always allows, and that moves at once."""

_STEP = 0.3
"""Seconds of stage time between two looks at the car."""

_HOP = 0.002
"""Seconds of real time without a packet after which the network can be quiet."""

_LOST = 0.08
"""Seconds of real time without a packet after which what is still missing got lost."""


class Broker(Protocol):
    """A broker that can be killed and started again on the same port."""

    host: str
    port: int

    def start(self) -> object:
        """Start it and wait until it listens."""
        ...

    def stop(self) -> None:
        """Kill it."""
        ...


MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")


class Mosquitto:
    """Mosquitto without any configuration but a port on the loopback."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Mosquitto:
        """Start it and wait until it listens."""
        assert MOSQUITTO
        self._process = subprocess.Popen([MOSQUITTO, "-p", str(self.port)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            assert self._process.poll() is None, "Mosquitto did not start"
            assert time.monotonic() < until, "Mosquitto does not listen"
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return self
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it, as in a power cut."""
        if self._process:
            self._process.kill()
            self._process.wait(10)


def embedded() -> EmbeddedBroker:
    """The product's own broker, on a port that stays the same when it is started again."""
    return EmbeddedBroker(port=_free_port())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a drive."""

    tally: Tally
    disturbances: Counter[str]
    network: Counter[str]
    violations: list[Violation]
    seconds: float
    """Real time."""
    driven: float
    """Stage time, in seconds."""


class Drive:
    """One vehicle, one assistant, a proxy before each, and a broker."""

    def __init__(self, project: Project, broker: Broker, seed: int, *, avoid: frozenset[str] = frozenset()) -> None:
        """`avoid` names disturbances that are left out; see `DISTURBANCES`."""
        self.rng = random.Random(seed)
        self.clock = StreamClock(1000.0)
        self.ledger = Ledger()
        self.disturbances: Counter[str] = Counter()
        self.broker = broker
        self.broker_is_dead = False
        self.to_assistant, self.to_vehicle = (
            Proxy(broker.port, self.clock, random.Random(seed + place)) for place in (1, 2)
        )
        self._project = project
        self._avoid = avoid
        self._name = f"car-{secrets.token_hex(4)}"
        self.bus_wall, self.vehicle_wall = Wall(self.clock), Wall(self.clock)
        self._active: list[tuple[int, End]] = []
        self.old_requests: dict[str, bytes] = {}
        """Set requests of earlier processes of the vehicle, by topic."""
        self._asked: Seat | None = None
        self._life = 0
        self._lost: tuple[int, ...] = ()
        self.vehicle = self._new_vehicle(None)
        model = project.model
        self.bus = WitnessedBus(self._settings(self.to_assistant), model, self.clock, self.bus_wall, self.ledger)
        self.assistant = assemble(project, Settings(), self.bus, self.clock, observers=(self._observe,))
        DialogueWitness(self.assistant._dialogue, self.assistant._wording, self.ledger, self.bus)
        self.chatter = Chatter(model, self.rng)

    @property
    def life_of_a_request(self) -> float:
        """Seconds."""
        return self._settings(self.to_assistant).expiry

    def reaches(self, path: str, target: Value, value: Value | None) -> bool:
        """Whether at a path of this car, a target counts as reached by a value."""
        owner = self._project.model.signal_at(path)
        return owner is not None and owner[1].shows(target, value)

    @property
    def commands(self) -> int:
        """How many have been given so far."""
        return sum(isinstance(entry, (Sent, Unsent)) for entry in list(self.ledger.entries))

    def start(self) -> None:
        """Connect both."""
        self.vehicle.start()
        self.bus.connect()
        self.calm()

    def close(self) -> None:
        """Disconnect both."""
        self.bus.close()
        self.vehicle.stop()
        for proxy in (self.to_assistant, self.to_vehicle):
            proxy.close()

    def run(self, commands: int, progress: Callable[[int], object] = lambda done: None) -> None:
        """Drive until so many commands have been given, and then until everything has ended."""
        rounds = 0
        while (given := self.commands) < commands:
            progress(given)
            rounds += 1
            self._disturb()
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                self._say()
            self.pass_time(self.rng.choice((0.02, 0.2, 0.5, 1.2, 2.5)))
            if rounds % 40 == 0:
                self.calm()
        self.calm()
        progress(self.commands)

    # --- time --------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Let stage time pass, and what was sent arrive."""
        end = self.clock.now() + seconds
        self._deliver()
        while self.clock.now() < end - 1e-9:
            self.clock.advance_to(min(end, self.clock.now() + _STEP))
            for proxy in (self.to_assistant, self.to_vehicle):
                proxy.flow()
            self.vehicle.advance(self.clock.now())
            self._deliver()

    def _deliver(self) -> None:
        """Wait (real milliseconds) until nothing is under way, and let the assistant take note.

        What got lost can't be waited for: after a while of silence, what is missing then counts as lost.
        """
        last, since = self._activity(), time.monotonic()
        while (silent := time.monotonic() - since) < _LOST:
            if silent >= _HOP and self._under_way() == self._lost:
                break
            time.sleep(0.0005)
            if (now := self._activity()) != last:
                last, since = now, time.monotonic()
        else:
            self._lost = self._under_way()
        self.assistant.attend()

    def _under_way(self) -> tuple[int, ...]:
        """How many messages each hop between assistant and vehicle lacks."""
        near, far, bus, vehicle = self.to_assistant, self.to_vehicle, self.bus, self.vehicle
        return (
            bus.said - near.read[Way.UP],
            near.written[Way.UP] - far.read[Way.DOWN],
            far.written[Way.DOWN] - vehicle.heard,
            vehicle.said - far.read[Way.UP],
            far.written[Way.UP] - near.read[Way.DOWN],
            near.written[Way.DOWN] - bus.heard,
        )

    def _activity(self) -> int:
        return self.to_assistant.activity + self.to_vehicle.activity + len(self.ledger)

    def _is_connected(self) -> bool:
        proxies = self.to_assistant.carries and self.to_vehicle.carries
        return proxies and self.bus.linked and self.vehicle.linked and self.bus.online

    def reconnect(self, patience: float = 20.0) -> bool:
        """Give the product real time to find the broker again."""
        until = time.monotonic() + patience
        while not (connected := self._is_connected()) and time.monotonic() < until:
            self.assistant.attend(wait=0.02)
        self._deliver()
        return connected

    def calm(self) -> None:
        """End all disturbances, and see whether everything ends and works again."""
        for _, end in self._active:
            end()
        self._active = []
        online = self.reconnect()
        if not online:  # go on with the drive, but remember
            self.restart()
            self.reconnect()
        for path, value in PARKED.items():
            self.vehicle.set(path, value)
        for _ in range(60):
            self.pass_time(0.6)
            if not self.assistant.busy:
                break
        self.pass_time(20.0)
        self.bus.errand = None
        sent = self.bus.send(Command(LIGHT, not self.vehicle.state.value(LIGHT)))
        obeyed = self._is_confirmed(sent.request_id)
        self.pass_time(3.0)
        seen = f"{sent}, linked: {self.bus.linked} and {self.vehicle.linked}, online: {self.bus.online}"
        self.ledger.add(Calm(not self.assistant.busy, online, obeyed, seen))

    def _is_confirmed(self, request: str, patience: float = 10.0) -> bool:
        """Whether a request at an idle car is confirmed, given real time; stage time stands still."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.assistant.attend(wait=0.02)
            ends = [entry for entry in self.ledger.entries[-200:] if isinstance(entry, Ended)]
            if outcome := next((end.outcome for end in ends if end.request == request), ""):
                return outcome == "confirmed"
        return False

    # --- people ------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        if self.rng.random() < 0.2:
            self.command(self.chatter.command())
            return
        agrees = self._asked is not None and self.rng.random() < 0.7
        said = self.chatter.utterance(agrees=agrees)
        if agrees and self._asked:
            said = self.chatter.from_seat(self._asked, list(said.clauses))
        self._asked = None
        self.say(said)

    def say(self, said: Understanding) -> None:
        """Have somebody say what is understood like this."""
        self.assistant.heed(said)

    def command(self, command: Command) -> None:
        """Give a command past the dialogue."""
        self.bus.errand = None
        self.bus.send(command)

    def _observe(self, record: Record) -> None:
        if isinstance(record.event, Decision) and record.event.route is Route.CONFIRM:
            self._asked = record.event.seat

    # --- disturbances ------------------------------------------------------------------------------------------

    def _disturb(self) -> None:
        """Perhaps begin something bad, and end what has gone on long enough."""
        self._active = [(left - 1, end) for left, end in self._active]
        ended = [end for left, end in self._active if left <= 0]
        self._active = [(left, end) for left, end in self._active if left > 0]
        for end in ended:
            end()
        if ended and self.rng.random() < 0.7:
            self.reconnect(3.0)
        if len(self._active) < 3 and self.rng.random() < 0.5:
            names = [name for name in DISTURBANCES if name not in self._avoid]
            weights = [0.1 if name in SLOW else 1.0 for name in names]
            self.begin(self.rng.choices(names, weights)[0])

    def begin(self, name: str) -> None:
        """Begin a disturbance, which ends by itself after some rounds."""
        self.disturbances[name] += 1
        end = DISTURBANCES[name](self)
        if end:
            self._active.append((self.rng.randint(1, 6), end))

    def restart(self) -> None:
        """The vehicle's bus client says goodbye and comes back, if it can."""
        self.vehicle.stop()
        self._start_vehicle()

    def reboot(self) -> None:
        """Another process takes over the vehicle, and knows nothing of earlier requests."""
        self.vehicle.stop()
        self.old_requests.update(self.vehicle.requests)
        self.vehicle = self._new_vehicle(self.vehicle)
        self._start_vehicle()

    def _start_vehicle(self) -> None:
        """Start when it can: a supervisor would try again and again."""
        self.to_vehicle.unblock(losing=False)
        if self.broker_is_dead:
            self.revive()
        self.vehicle.start()

    def kill(self) -> None:
        """Kill the broker."""
        self.broker.stop()
        self.broker_is_dead = True

    def revive(self) -> None:
        """Start the broker again; one that runs is left alone."""
        if self.broker_is_dead:
            self.broker.start()
            self.broker_is_dead = False

    def shout(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish as a third client; with no broker, nothing happens."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
        )
        with suppress(OSError, RuntimeError, ValueError):
            client.connect(self.broker.host, self.broker.port)
            client.loop_start()
            client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(0.5)
            client.disconnect()
        client.loop_stop()

    # --- parts -------------------------------------------------------------------------------------------------

    def _settings(self, proxy: Proxy) -> BusSettings:
        return BusSettings(host=self.broker.host, port=proxy.port, vehicle=self._name, connect_timeout=1.0)

    def _new_vehicle(self, before: WitnessedVehicle | None) -> WitnessedVehicle:
        self._life += 1
        return WitnessedVehicle(
            self._settings(self.to_vehicle),
            self._project.model,
            self._project.safety,
            self.clock,
            self.vehicle_wall,
            self.ledger,
            self._life,
            before.state if before else None,
        )


@contextmanager
def noted_crashes(ledger: Ledger) -> Iterator[None]:
    """Write down exceptions that end a thread."""

    def note(crash: threading.ExceptHookArgs) -> None:
        name = crash.thread.name if crash.thread else "?"
        ledger.add(Crashed(f"{name}: {crash.exc_type.__name__}: {crash.exc_value}"))
        before(crash)

    before, threading.excepthook = threading.excepthook, note
    try:
        yield
    finally:
        threading.excepthook = before


def chaotic_drive(
    project: Project,
    broker: Broker,
    commands: int,
    seed: int,
    *,
    avoid: frozenset[str] = BEYOND,
    slow: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> Result:
    """Drive, and judge the drive. Without `slow`, what takes seconds of real time is left out as well."""
    began = time.monotonic()
    broker.start()
    drive = Drive(project, broker, seed, avoid=avoid if slow else avoid | SLOW)
    try:
        with noted_crashes(drive.ledger):
            drive.start()
            drive.run(commands, progress)
    finally:
        drive.close()
        broker.stop()
    entries = list(drive.ledger.entries)
    return Result(
        tally(entries, drive.life_of_a_request),
        drive.disturbances,
        drive.to_assistant.done + drive.to_vehicle.done,
        violations(entries, drive.reaches),
        time.monotonic() - began,
        drive.clock.now(),
    )


def table(result: Result) -> Table:
    """The result for people."""
    rows = Table("", "", "count", title=f"{result.driven / 60:.0f} min driven in {result.seconds:.0f} s")
    given = result.tally
    parts = (
        ("disturbance", result.disturbances),
        ("message", result.network),
        ("outcome", given.outcomes),
        ("told", given.told),
        ("acted though given up", given.after_failure),
        ("violation", Counter(one.rule for one in result.violations)),
    )
    rows.add_row("commands", "", str(given.commands))
    rows.add_row("set requests delivered again", "", str(given.delivered_again))
    rows.add_row("acts late in true time", "", str(given.late))
    for name, counts in parts:
        rows.add_section()
        for kind, count in sorted(counts.items()) or [("none", 0)]:
            rows.add_row(name, kind, str(count))
    return rows


def main() -> int:
    """Drive as the command line says; 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description="A chaotic drive over a bad network.")
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=("embedded", "mosquitto"), default="embedded")
    parser.add_argument("--beyond", action="store_true", help="also what MQTT rules out")
    parser.add_argument("--only", nargs="*", choices=sorted(DISTURBANCES), default=[], help="these disturbances")
    asked = parser.parse_args()
    broker = Mosquitto() if asked.broker == "mosquitto" else embedded()
    avoid = frozenset(DISTURBANCES) - set(asked.only) if asked.only else frozenset() if asked.beyond else BEYOND
    columns = (
        TextColumn("commands"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("commands", total=asked.commands)
        result = chaotic_drive(
            Project.load(shipped("nlu_data")),
            broker,
            asked.commands,
            asked.seed,
            avoid=avoid,
            slow=True,
            progress=lambda done: progress.update(task, completed=done),
        )
    console = Console()
    console.print(table(result))
    for one in result.violations:
        console.print(f"[red]{one.rule}[/red]: {one.what}", highlight=False)
    return 1 if result.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
