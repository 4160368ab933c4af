"""`replay`: recordings through the whole assistant, turn by turn."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..assembly import Ears, Project
from ..dialogue.wording import together
from ..errors import AudioError
from ..events import (
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Decision,
    FinalTranscript,
    Record,
    Reply,
    Understanding,
)
from ..replay.runner import rig
from ..replay.scene import scene_of
from ..speech import open_voice
from ..trace import TraceFile, latencies
from .common import busy, make_folder, results, settings_of
from .demo import Replies
from .transcript import Transcript

_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}


def replay(options: argparse.Namespace) -> int:
    """Play each recording from a parked car (or the state its script gives) and list its turns.

    Exit status 1 where a command failed.
    """
    settings = settings_of(options)
    recordings = [file for path in options.paths for file in _recordings(path)]
    report: Path | None = make_folder(options.report) if options.report else None
    with busy("Loading models"):
        project = Project.load(settings.project, settings.default_language)
        ears = Ears(settings, settings.project, wake=not options.no_wake)
        voice = open_voice(settings.speech) if report else None
    console = results()
    failed = 0
    for recording in recordings:
        records: list[Record] = []
        observers = [records.append]
        if not options.jsonl:
            console.print(f"\n[bold]{recording}[/bold]")
            observers.append(Transcript(console))
        trace = None
        if report:
            folder = make_folder(report / recording.stem)
            (folder / "trace.jsonl").unlink(missing_ok=True)
            trace = TraceFile(folder / "trace.jsonl", transcripts=True)
            observers += [trace, Replies(folder)]
        with rig(project, settings, ears=ears, voice=voice, observers=tuple(observers)) as drive:
            drive.set_scene(scene_of(recording, project.model))
            drive.play(recording)
        if trace:
            trace.close()
        turns = list(turns_of(records, recording))
        if options.jsonl:
            for turn in turns:
                print(json.dumps(turn, ensure_ascii=False), flush=True)
        if report:
            lines = "".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in turns)
            (report / recording.stem / "turns.jsonl").write_text(lines, encoding="utf-8")
        failed += sum(isinstance(record.event, CommandFailed) for record in records)
    return 1 if failed else 0


def _recordings(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if not found:
        raise AudioError(f"{path}: no recordings in this folder ({', '.join(sorted(_SUFFIXES))}).")
    return found


def turns_of(records: list[Record], recording: Path) -> list[dict[str, object]]:
    """One plain mapping a turn that had an utterance."""
    latency = {turn.turn: turn for turn in latencies(records)}
    turns: list[dict[str, object]] = []
    for number in sorted({record.turn for record in records if isinstance(record.event, FinalTranscript)}):
        events = [record.event for record in records if record.turn == number]
        heard = next(event for event in events if isinstance(event, FinalTranscript))
        understood = next((event for event in events if isinstance(event, Understanding)), None)
        decided = next((event for event in events if isinstance(event, Decision)), None)
        timing = latency.get(number)
        turns.append(
            {
                "audio": str(recording),
                "turn": number,
                "time": round(next(r.time for r in records if r.event is heard), 3),
                "text": heard.text,
                "lang": heard.language,
                "speaker": heard.seat,
                "route": decided.route.value if decided else None,
                "intents": [
                    {
                        "name": clause.intent,
                        "confidence": round(clause.confidence, 4),
                        "entities": [
                            {"entity": e.entity, "value": e.value, "start": e.start, "end": e.end}
                            for e in clause.entities
                        ],
                    }
                    for clause in (understood.clauses if understood else ())
                ],
                "commands": [
                    {"path": e.command.path, "value": e.command.value} for e in events if isinstance(e, CommandSent)
                ],
                "confirmed": [e.command.path for e in events if isinstance(e, CommandConfirmed)],
                "failed": [
                    {"path": e.command.path, "failure": e.failure.value, "reason": e.reason}
                    for e in events
                    if isinstance(e, CommandFailed)
                ],
                "reply": together([e.text for e in events if isinstance(e, Reply)], heard.language),
                "latency": {
                    name: round(value, 4)
                    for name in ("endpoint", "transcript", "command", "reply")
                    if timing and (value := getattr(timing, name)) is not None
                },
            }
        )
    return turns
