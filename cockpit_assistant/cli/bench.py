"""`bench`: figures of this machine, as a table or as JSON."""

from __future__ import annotations

import argparse
import json

from rich.table import Table

from .. import bench as benchmark
from .common import errors, results, settings_of


def bench(options: argparse.Namespace) -> int:
    """Measure and print."""
    settings = settings_of(options)
    drive = settings.project / "demo" / "drive.flac"
    with errors.status("Measuring") as status:
        report = benchmark.measure(
            settings, drive, options.repeat, lambda what: status.update(f"Measuring: {what}")
        )
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
        return 0
    console = results()
    table = Table(box=None, padding=(0, 2))
    for heading in ("after the end of speech", "p50", "p95", "turns"):
        table.add_column(heading, justify="left" if heading.startswith("after") else "right")
    stages = report["after_end_of_speech_ms"]
    assert isinstance(stages, dict)
    for stage, spread in stages.items():
        table.add_row(stage, *(f"{spread.get(p, 0):.0f} ms" for p in ("p50", "p95")), str(spread["count"]))
    console.print(table)
    for name in ("machine", "understanding_ms", "idle_percent_of_core", "start_seconds"):
        console.print(f"{name}: {report[name]}")
    alone = ("understanding_load_seconds", "understanding_resident_mb")
    for name in (*alone, "resident_listening_mb", "resident_mb", "model_mb"):
        console.print(f"{name}: {report.get(name)}")
    for name, (measured, budget) in benchmark.missed(report).items():
        console.print(f"[yellow]over budget: {name} {measured:g} (aim {budget:g})[/yellow]")
    return 0
