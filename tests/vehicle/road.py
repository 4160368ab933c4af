"""What the tests of the vehicle share: a road to drive on, and short ways to say things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cockpit_assistant.clock import StreamClock
from cockpit_assistant.events import Command, Value
from cockpit_assistant.vehicle.bus import Outcome, VehicleBus
from cockpit_assistant.vehicle.mapping import Resolution
from cockpit_assistant.vehicle.simulator import SimulatedVehicle, settle

FRAME = 0.02

Understand = Callable[..., Resolution]


@dataclass
class Road:
    """A simulated car and the assistant's bus to it, moved together by one clock."""

    bus: VehicleBus
    vehicle: SimulatedVehicle
    clock: StreamClock
    outcomes: list[Outcome] = field(default_factory=list)

    def settle(self) -> list[Outcome]:
        """Let everything under way arrive, and see what came of it."""
        assert settle(self.bus, self.vehicle, timeout=5)
        new = self.bus.poll()
        self.outcomes += new
        return new

    def drive(self, seconds: float) -> list[Outcome]:
        """Let time pass."""
        seen: list[Outcome] = []
        end = self.clock.now() + seconds
        while self.clock.now() < end - 1e-9:
            self.clock.advance_to(min(end, self.clock.now() + FRAME))
            assert settle(self.bus, self.vehicle, timeout=5), "what was sent in the last frame comes first"
            self.vehicle.advance(self.clock.now())
            seen += self.settle()
        return seen

    def outcome_of(self, command: Command, within: float = 10.0) -> Outcome:
        """Send a command and let time pass until its outcome."""
        sent = self.bus.send(command)
        outcomes = self.settle()
        deadline = self.clock.now() + within
        while not outcomes and self.clock.now() < deadline:
            outcomes = self.drive(FRAME)
        assert [outcome.request_id for outcome in outcomes] == [sent.request_id]  # type: ignore[union-attr]
        return outcomes[0]


def targets(resolution: Resolution) -> dict[str, Value]:
    """Path and value of a resolution's commands."""
    return {command.path: command.value for command in resolution.commands}
