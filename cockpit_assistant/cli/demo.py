"""`demo`: a recorded drive through the whole assistant, with a broker and a simulated car."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..assembly import Ears, Project
from ..audio import files
from ..events import SAMPLE_RATE, Record, ReplySpoken, Value
from ..replay.runner import rig
from ..replay.scene import scene_of
from ..speech import open_voice
from ..trace import TraceFile, TurnLatency, latencies
from .common import busy, make_folder, results, settings_of
from .transcript import Transcript


def demo(options: argparse.Namespace) -> int:
    """Play the drive, print the transcript, write the spoken replies."""
    settings = settings_of(options)
    drive: Path = options.drive or settings.project / "demo" / "drive.flac"
    recording = files.read(drive)
    console = results()
    with busy("Loading models"):
        began = time.perf_counter()
        project = Project.load(settings.project, settings.default_language)
        ears = Ears(settings, settings.project)
        voice = open_voice(settings.speech)
        loaded = time.perf_counter() - began
    records: list[Record] = []
    replies = Replies(options.out)
    trace_file = options.out / "trace.jsonl"
    trace_file.unlink(missing_ok=True)
    trace = TraceFile(trace_file, transcripts=True)
    observers = (records.append, trace, replies, Transcript(console))
    seconds = len(recording) / SAMPLE_RATE
    console.print(f"[bold]{drive.name}[/bold]: {seconds:.0f} s of driving. Models loaded in {loaded:.1f} s.")
    with rig(project, settings, ears=ears, voice=voice, observers=observers) as car:
        car.set_scene(scene_of(drive, project.model))
        before = dict(car.bus.state.items())
        began = time.perf_counter()
        car.play(drive)
        took = time.perf_counter() - began
        after = dict(car.bus.state.items())
    trace.close()
    console.print()
    _show_car(console, before, after)
    _show_latencies(console, latencies(records))
    console.print(
        f"\n{seconds:.0f} s of driving in {took:.1f} s ({seconds / took:.1f}x real time). "
        f"{replies.count} spoken replies and trace.jsonl are in {options.out}/"
    )
    return 0 if replies.count else 1


class Replies:
    """An observer that writes each spoken reply as FLAC into a folder, numbered by turn."""

    def __init__(self, folder: Path) -> None:
        """Raises AudioError where the folder can't be made."""
        self._folder = make_folder(folder)
        self.count = 0

    def __call__(self, record: Record) -> None:
        """Write the record's sound, if it has any."""
        event = record.event
        if isinstance(event, ReplySpoken) and len(event.samples):
            self.count += 1
            file = self._folder / f"reply-{record.turn:02}-{self.count:02}.flac"
            files.write(file, event.samples, event.sample_rate)


def _show_car(console: Console, before: dict[str, Value], after: dict[str, Value]) -> None:
    table = Table(title="The car before and after", title_justify="left", box=None, padding=(0, 2))
    for heading in ("signal", "before", "after"):
        table.add_column(heading)
    for path in sorted(after):
        if before.get(path) != after[path]:
            table.add_row(path, str(before.get(path, "")), str(after[path]))
    console.print(table)


def _show_latencies(console: Console, turns: list[TurnLatency]) -> None:
    table = Table(title="\nMilliseconds after the end of speech", title_justify="left", box=None, padding=(0, 2))
    steps = ("endpoint", "transcript", "understanding", "command", "confirmed", "reply", "speech")
    for heading in ("turn", *steps):
        table.add_column(heading, justify="right")
    for turn in turns:
        table.add_row(str(turn.turn), *(_milliseconds(getattr(turn, step)) for step in steps))
    console.print(table)


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f}"
