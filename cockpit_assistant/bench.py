"""What the assistant costs on this machine: latency by stage, memory, start-up, idle load, model sizes.

Every figure is measured on the shipped demo drive and the shipped models, through the same code that runs in a car.
Memory and start-up are taken in processes of their own, so that one measurement does not colour the next.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from . import models
from .assembly import Ears, Project, understanding_dir
from .audio import files
from .config import Settings
from .events import SAMPLE_RATE, FinalTranscript, Record
from .nlu.examples import read_examples
from .nlu.model import training_files
from .replay.runner import rig
from .replay.scene import scene_of
from .resources import shipped
from .speech import open_voice
from .trace import TurnLatency, latencies

Report = dict[str, object]

IDLE_SECONDS = 60
SENTENCES = 300
BUDGETS: dict[str, float] = {
    "command_p50_ms": 300,
    "command_p95_ms": 600,
    "understanding_p50_ms": 1,
    "understanding_p95_ms": 2,
    "understanding_mb": 5,
    "understanding_resident_mb": 80,
    "understanding_load_seconds": 0.3,
    "idle_percent_of_core": 2,
    "resident_mb": 450,
    "start_seconds": 2,
}
"""What the project aims at on two x86 cores."""


def measure(settings: Settings, drive: Path, repeat: int, progress: Callable[[str], None]) -> Report:
    """Measure everything; `progress` is told what is being measured.

    Raises:
        AssistantError: the drive, the project or a model can't be used.
    """
    progress("loading")
    project = Project.load(settings.project, settings.default_language)
    ears = Ears(settings, settings.project)
    voice = open_voice(settings.speech)
    turns: list[TurnLatency] = []
    texts: list[str] = []
    for number in range(repeat):
        progress(f"drive {number + 1} of {repeat}")
        records: list[Record] = []
        with rig(project, settings, ears=ears, voice=voice, observers=(records.append,)) as session:
            session.set_scene(scene_of(drive, project.model))
            session.play(drive)
        turns += latencies(records)
        texts += [record.event.text for record in records if isinstance(record.event, FinalTranscript)]
    progress("understanding")
    parse = _parse_times(project, [*texts, *_sentences(project)])
    progress("idle listening")
    idle = _idle_share(ears, settings)
    progress("memory and start-up")
    fresh = _fresh_process(settings, drive)
    return {
        "machine": _machine(),
        "project": str(settings.project),
        "drive": {
            "turns": len(turns),
            "repeats": repeat,
            "seconds": round(len(files.read(drive)) / SAMPLE_RATE, 1),
        },
        "after_end_of_speech_ms": {
            field.name: _spread([value for turn in turns if (value := getattr(turn, field.name)) is not None])
            for field in fields(TurnLatency)
            if field.name != "turn"
        },
        "understanding_ms": _spread(parse),
        "idle_percent_of_core": round(idle * 100, 2),
        **_understanding_alone(project, texts),
        **fresh,
        "model_mb": _model_sizes(settings),
    }


def missed(report: Report) -> dict[str, tuple[float, float]]:
    """Budgets that were not met: name → (measured, budget)."""
    stages = report["after_end_of_speech_ms"]
    understanding = report["understanding_ms"]
    assert isinstance(stages, dict)
    assert isinstance(understanding, dict)
    measured = {
        "command_p50_ms": stages["command"].get("p50"),
        "command_p95_ms": stages["command"].get("p95"),
        "understanding_p50_ms": understanding.get("p50"),
        "understanding_p95_ms": understanding.get("p95"),
        "understanding_mb": _folder_mb(understanding_dir(Path(str(report["project"])))),
        "understanding_resident_mb": report.get("understanding_resident_mb"),
        "understanding_load_seconds": report.get("understanding_load_seconds"),
        "idle_percent_of_core": report["idle_percent_of_core"],
        "resident_mb": report["resident_mb"],
        "start_seconds": report["start_seconds"],
    }
    return {
        name: (float(value), BUDGETS[name])
        for name, value in measured.items()
        if isinstance(value, (int, float)) and value > BUDGETS[name]
    }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0}
    values = np.array(seconds) * 1000
    p50, p95 = np.percentile(values, [50, 95])
    return {"count": len(seconds), "p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def _sentences(project: Project) -> list[str]:
    """Requests of the project's own, alone and two at a time."""
    chance = random.Random(1)
    files = training_files(project.path)
    texts = [example.text for file in files for example in read_examples(file)]
    alone = chance.sample(texts, min(SENTENCES, len(texts)))
    return [*alone, *(f"{left}，{right}" for left, right in zip(alone[::2], alone[1::2], strict=False))]


def _parse_times(project: Project, texts: Iterable[str]) -> list[float]:
    times = []
    for text in dict.fromkeys(texts):
        project.interpreter.parse(text)  # what is read for the first time fills caches
        for _ in range(3):
            began = time.perf_counter()
            project.interpreter.parse(text)
            times.append(time.perf_counter() - began)
    return times


def _idle_share(ears: Ears, settings: Settings) -> float:
    """CPU seconds per second of quiet cabin: voice activity and wake word on faint noise, nobody speaking."""
    noise = np.random.default_rng(1).normal(0, 60, IDLE_SECONDS * SAMPLE_RATE).astype(np.int16)
    ears.activity.reset()
    ears.wake.reset()
    frames = list(files.frames(noise))
    began = time.process_time()
    for frame in frames:
        active = ears.activity.probability(frame.samples) >= settings.listen.speech_threshold
        ears.wake.feed(frame, active=active)
    return (time.process_time() - began) / IDLE_SECONDS


_FRESH = """
import time; began = time.monotonic()
import json, sys
from pathlib import Path
import psutil
from cockpit_assistant import config
from cockpit_assistant.assembly import Ears, Project
from cockpit_assistant.replay.runner import rig
from cockpit_assistant.speech import open_voice
settings = config.Settings.model_validate_json(sys.argv[1])
project = Project.load(settings.project)
ears = Ears(settings, settings.project)
ready = time.monotonic() - began
loaded = psutil.Process().memory_info().rss
voice = open_voice(settings.speech)
with rig(project, settings, ears=ears, voice=voice) as session:
    session.play(Path(sys.argv[2]))
    used = psutil.Process().memory_info().rss
print(json.dumps({"start_seconds": round(ready, 2), "resident_listening_mb": round(loaded / 1e6, 1),
                  "resident_mb": round(used / 1e6, 1)}))
"""


_UNDERSTANDING = """
import json, sys, time
from pathlib import Path
import numpy, onnxruntime
from cockpit_assistant.nlu.interpreter import Interpreter
began = time.monotonic()
interpreter = Interpreter.load(Path(sys.argv[1]), json.loads(sys.argv[2]))
seconds = time.monotonic() - began
for text in sys.argv[3:]:
    interpreter.parse(text)
import psutil
print(round(seconds, 3), round(psutil.Process().memory_info().rss / 1e6, 1))
"""


def _understanding_alone(project: Project, texts: Sequence[str]) -> dict[str, float]:
    """Seconds to load the interpreter, and the resident memory of a process that does nothing else."""
    types = json.dumps(dict(project.model.entity_types))
    command = [sys.executable, "-c", _UNDERSTANDING, str(understanding_dir(project.path)), types, *texts]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, resident = done.stdout.split()
    return {"understanding_load_seconds": float(seconds), "understanding_resident_mb": float(resident)}


def _fresh_process(settings: Settings, drive: Path) -> dict[str, float]:
    """Seconds from process start until it could listen, and resident memory then and after a whole drive."""
    command = [sys.executable, "-c", _FRESH, settings.model_dump_json(), str(drive)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _model_sizes(settings: Settings) -> dict[str, float]:
    known = models.store()
    used = {*models.needed(settings), *(name for name, model in known.manifest.items() if model.shipped)}
    sizes = {name: round(known.manifest[name].size / 1e6, 2) for name in sorted(used)}
    sizes["understanding"] = _folder_mb(understanding_dir(settings.project))
    sizes["wake"] = _folder_mb(shipped("onnx_models") / "wake")
    return sizes


def _folder_mb(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 2)


def _machine() -> dict[str, object]:
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor()
