"""`run`: the assistant on a microphone."""

from __future__ import annotations

import argparse
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import FrameType

from rich.console import Console

from ..assembly import Ears, Project, assemble, connected_bus, simulated_car
from ..assistant import Observer
from ..clock import SystemClock
from ..config import Settings
from ..errors import AudioError
from ..events import Fault, Record
from ..speech import open_voice
from ..trace import TraceFile
from .common import busy, errors, results, settings_of
from .transcript import Transcript


def run(options: argparse.Namespace) -> int:
    """Listen until interrupted."""
    from ..audio.microphone import Microphone, devices
    from ..audio.playback import Loudspeaker

    if options.list_devices:
        for found in devices():
            print(found)
        return 0
    settings = settings_of(options)
    if options.device is not None:
        device = int(options.device) if options.device.isdigit() else options.device
        settings = settings.model_copy(update={"audio": settings.audio.model_copy(update={"device": device})})
    clock = SystemClock()
    console = results()
    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.ExitStack() as stack:
        # First what may be missing, then what takes long to load.
        project = Project.load(settings.project, settings.default_language)
        microphone = stack.enter_context(Microphone(settings.audio, clock))
        speaks = settings.speech.engine != "none" and settings.audio.playback
        loudspeaker = stack.enter_context(Loudspeaker()) if speaks else None
        if options.simulate:
            car = stack.enter_context(simulated_car(project, settings, clock))
            Thread(target=car.vehicle.run, name="car", daemon=True).start()
            settings = car.settings
        bus = stack.enter_context(connected_bus(project, settings, clock))
        with busy("Loading models"):
            ears = Ears(settings, settings.project)
            voice = open_voice(settings.speech)
        worker = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="speech"))
        assistant = assemble(
            project,
            settings,
            bus,
            clock,
            ears=ears,
            voice=voice,
            worker=worker,
            loudspeaker=loudspeaker,
            observers=[_faults, *_transcript(console, clock.now()), *_trace(settings, stack)],
        )
        phrases = " / ".join(phrase.text for phrase in ears.wake.phrases)
        errors.print(f"Listening. Say {phrases}. Ctrl-C ends.")
        for item in microphone:
            if isinstance(item, Fault):
                assistant.notice(item)
            else:
                assistant.hear(item)
    raise AudioError("The microphone gives no more sound. Plug it in again and restart.")


def _transcript(console: Console, zero: float) -> list[Observer]:
    """What is said is shown to a person at a terminal, and never written into a log."""
    return [Transcript(console, zero)] if console.is_terminal else []


def _faults(record: Record) -> None:
    if isinstance(record.event, Fault):
        errors.print(f"{record.event.source}: {record.event.message}")


def _trace(settings: Settings, stack: contextlib.ExitStack) -> list[Observer]:
    if settings.trace.file is None:
        return []
    trace = TraceFile(settings.trace.file, transcripts=settings.trace.transcripts)
    stack.callback(trace.close)
    return [trace]


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Treat a service manager's stop like Ctrl-C: end in order."""
    raise KeyboardInterrupt
