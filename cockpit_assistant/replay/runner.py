"""Plays recordings through the whole assistant against the simulated car.

Time is the position in the recording: the clock moves 20 ms with each frame, the car moves with it, and whatever
either has put on the bus is delivered before the next frame. So a drive takes as long as its computing takes, and
the same recording leads to the same turns on any machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..assembly import Car, Ears, Project, assemble, connected_bus, simulated_car
from ..assistant import Assistant, Observer
from ..audio import zones
from ..clock import StreamClock
from ..config import Settings
from ..events import FRAME_SAMPLES, SAMPLE_RATE, AudioFrame, Seat, Value
from ..speech.voice import Voice
from ..vehicle.bus import VehicleBus
from ..vehicle.simulator import settle
from .scene import Scene

FRAME = FRAME_SAMPLES / SAMPLE_RATE
LONGEST_TAIL = 15.0
"""Seconds of stage time a slow actuator gets after the recording to reach its target."""


class Rig:
    """An assistant and a simulated car that share a clock which only this object moves."""

    def __init__(
        self, assistant: Assistant, car: Car, bus: VehicleBus, clock: StreamClock, seats: Sequence[Seat] = ()
    ) -> None:
        """`seats` names the seat of each channel of a recording; see `zones.recorded`."""
        self.assistant = assistant
        self.car = car
        self.bus = bus
        self.clock = clock
        self.seats = tuple(seats)

    def arrange(self, state: Mapping[str, Value]) -> None:
        """Put the simulated car into a state, and let the assistant know it.

        Raises:
            ValueError: the car has no such signal, or a value doesn't fit it.
        """
        for path, value in state.items():
            self.car.vehicle.set(path, value)
        self.finish()

    def set_scene(self, scene: Scene) -> None:
        """Put the simulated car into the scene of a recording; its journey begins now."""
        for path, mishap in scene.fails.items():
            self.car.vehicle.fail(path, mishap)
        if scene.microphones is not None:
            self.seats = scene.microphones
        self.arrange(scene.state)
        self.car.vehicle.set_out(scene.journey)

    def play(self, file: Path, progress: Callable[[float], None] = lambda seconds: None) -> None:
        """Feed a recording, then let the last commands come to their end.

        `progress` gets the seconds played. Raises AudioError where the file can't be read.
        """
        offset = self.clock.now()
        for frame in zones.recorded(file, self.seats):
            moved = AudioFrame(frame.samples, frame.time + offset, frame.seat)
            self.clock.advance_to(moved.end)
            self._move_car()
            self.assistant.hear(moved)
            progress(moved.end - offset)
        self.finish()

    def read(self, text: str, seat: Seat = "driver", language: str | None = None) -> None:
        """Take a typed utterance and wait for what comes of it."""
        self.assistant.read(text, seat, language)
        self.finish()

    def wait(self, seconds: float) -> None:
        """Let time pass without anybody speaking."""
        until = self.clock.now() + seconds
        while self.clock.now() < until - 1e-9:
            self.clock.advance_to(min(until, self.clock.now() + FRAME))
            self._move_car()
            self.assistant.attend()

    def finish(self) -> None:
        """Let time pass until no command is under way."""
        until = self.clock.now() + LONGEST_TAIL
        self._deliver()
        while self.assistant.busy and self.clock.now() < until:
            self.clock.advance_to(self.clock.now() + FRAME)
            self._move_car()
            self.assistant.attend()

    def _move_car(self) -> None:
        if self.assistant.busy:  # an answer to what was sent in the last frame comes before the next
            settle(self.bus, self.car.vehicle)
        self.car.vehicle.advance(self.clock.now())
        settle(self.bus, self.car.vehicle)

    def _deliver(self) -> None:
        settle(self.bus, self.car.vehicle)
        self.assistant.attend()


@contextlib.contextmanager
def rig(
    project: Project,
    settings: Settings,
    *,
    ears: Ears | None = None,
    voice: Voice | None = None,
    observers: tuple[Observer, ...] = (),
) -> Iterator[Rig]:
    """A rig with its own broker and car.

    Raises:
        BusError: the embedded broker can't be started.
    """
    clock = StreamClock()
    with (
        simulated_car(project, settings, clock) as car,
        connected_bus(project, car.settings, clock) as bus,
    ):
        assistant = assemble(project, car.settings, bus, clock, ears=ears, voice=voice, observers=observers)
        drive = Rig(assistant, car, bus, clock, settings.audio.seats)
        drive.finish()  # what isn't known yet counts as a hazard
        yield drive
