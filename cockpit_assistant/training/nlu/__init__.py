"""Trains a Rasa project and compiles it for on-board use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .build import Trained
    from .environment import Progress


def train(project: Path, out: Path, progress: Progress = print, keep: Path | None = None) -> Trained:
    """Train a Rasa project and install the compiled model in `out`; see `build.build`."""
    # Imported late: parts of this package run inside the Rasa environment, which lacks what `build` needs.
    from .build import build

    return build(project, out, progress, keep)
