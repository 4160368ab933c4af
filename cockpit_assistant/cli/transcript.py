"""A drive as a person reads it: turn by turn, what was heard, understood, sent, confirmed and said."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from ..dialogue.wording import spoken
from ..events import (
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Event,
    Fault,
    FinalTranscript,
    NothingHeard,
    Record,
    Reply,
    ReplySpoken,
    SpeechEnded,
    Understanding,
    WakeDetected,
)


class Transcript:
    """An observer that prints each turn as it happens, each step with its time since the end of speech."""

    def __init__(self, console: Console, zero: float = 0.0) -> None:
        """Times are shown from `zero`, in stage time: a recording's beginning, or when listening began."""
        self._console = console
        self._zero = zero
        self._turn = 0
        self._ended: float | None = None

    def __call__(self, record: Record) -> None:
        """Print what the record adds to its turn."""
        if record.turn != self._turn:
            self._turn = record.turn
            self._ended = None
            self._console.print()
        event = record.event
        if isinstance(event, SpeechEnded):
            self._ended = event.time
        line = _line(event)
        if line is None:
            return
        label, text, style = line
        since = f"+{(record.time - self._ended) * 1000:6.0f} ms" if self._ended is not None else " " * 10
        at = record.time - self._zero
        clock = f"{int(at) // 60}:{at % 60:04.1f}"
        number = f"{record.turn:>3}" if label == "wake" else "   "
        when = f"[dim]{number} {clock} {since}[/dim]"
        self._console.print(f"{when}  {label:<11}[{style}]{escape(text)}[/{style}]", soft_wrap=True)


def _line(event: Event) -> tuple[str, str, str] | None:
    """Label, text and style of an event; None for those a reader can do without."""
    match event:
        case WakeDetected():
            return "wake", f"{event.phrase}  ({event.score:.2f}, {event.seat})", "dim"
        case FinalTranscript():
            return "heard", event.text, "bold"
        case Understanding():
            clauses = " | ".join(
                " ".join([f"{c.intent} {c.confidence:.2f}", *(f"{e.entity}={spoken(e.value)}" for e in c.entities)])
                for c in event.clauses
            )
            return "understood", clauses or "no command", "cyan"
        case CommandSent():
            return "sent", f"{event.command.path} = {_value(event.command.value)}", "blue"
        case CommandConfirmed():
            return "confirmed", f"{event.command.path} = {_value(event.command.value)}", "green"
        case CommandFailed():
            return "failed", f"{event.command.path}: {event.failure.value} {event.reason}".rstrip(), "red"
        case Reply():
            return "reply", event.text, "bold magenta"
        case ReplySpoken():
            return "spoken", f"{len(event.samples) / event.sample_rate:.1f} s of speech", "dim"
        case NothingHeard():
            return "silence", "nobody went on speaking", "dim"
        case Fault():
            return "fault", f"{event.source}: {event.message}", "red"
    return None


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
