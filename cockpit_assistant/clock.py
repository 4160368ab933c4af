"""Where stages get the time from, so that a replay is repeatable and can outrun real time.

Two kinds of time exist. *Stage time* (this module) decides: endpointing, expiry, timeouts. In a live car it is
the monotonic clock; in a replay it is the position in the recording. *Wall time* only labels payloads on the bus
and log lines, and never decides anything by itself.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic time in seconds with an arbitrary zero."""

    def now(self) -> float:
        """Seconds since the clock's zero; never goes back."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()


class StreamClock:
    """A clock that stands still until told otherwise: a replay moves it with each audio frame."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """The time last set."""
        return self._now

    def advance_to(self, when: float) -> None:
        """Move to `when`; a time in the past leaves the clock where it is."""
        self._now = max(self._now, when)
