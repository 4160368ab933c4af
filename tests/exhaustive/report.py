"""What a trial has counted, and what should not have happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cockpit_assistant.events import Seat

from .second_reading import Situation


@dataclass(slots=True)
class Report:
    """How many decisions were made, and what should not have happened."""

    decisions: Counter[str] = field(default_factory=Counter)
    """By what was tried."""
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    """How often, by what went wrong."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first of each."""

    def complain(self, wrong: str, what: str) -> None:
        """Note a violation."""
        self.violations[wrong] += 1
        self.examples.setdefault(wrong, what)

    def __str__(self) -> str:
        return "\n".join(f"{count} x {wrong}: {self.examples[wrong]}" for wrong, count in self.violations.items())


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision to be judged."""

    asked: str
    seat: Seat
    situation: Situation

    def __str__(self) -> str:
        return f"{self.asked} from {self.seat} when {self.situation}"
