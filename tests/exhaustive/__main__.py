"""Runs the whole trial with a progress bar, and prints what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cockpit_assistant.resources import shipped

from .trial import Trial


def main() -> int:
    """Run the trial with a progress bar, and print what came of it."""
    parser = argparse.ArgumentParser(description="Try every command in every state of the car.")
    parser.add_argument("--share", type=int, default=1, help="try one in so many situations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--project", type=Path, default=shipped("nlu_data"))
    parser.add_argument("--judged-by", type=Path, help="the project whose safety.yml is right")
    given = parser.parse_args()
    started = time.monotonic()
    with Progress() as progress:
        tasks = {what: progress.add_task(what) for what in ("gateway", "dialogue", "undo", "walks")}
        trial = Trial(given.project, given.judged_by, share=1 / given.share, seed=given.seed)
        report = trial.everything(
            lambda what, done, total: progress.update(tasks[what], completed=done, total=total)
        )
        trial.one_breath()
    console = Console()
    table = Table("tried", "decisions")
    for what, count in report.decisions.items():
        table.add_row(what, f"{count:,}")
    table.add_row("all", f"{report.decisions.total():,}")
    console.print(table)
    console.print(f"{time.monotonic() - started:.0f} s; {dict(report.outcomes)}")
    console.print(f"violations: {report.violations.total():,}\n{report}", markup=False)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
