"""What several commands share: settings, the project, and how engines that take a while are loaded."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from .. import config
from ..config import Settings
from ..errors import ConfigError

errors = Console(stderr=True, highlight=False)
"""Progress and remarks; standard output stays free for results."""

NARROWEST = 110
"""Columns that tables need; what isn't a terminal has them."""


def results() -> Console:
    """Standard output for people."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(console.width, NARROWEST))


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings, with what the command line overrides."""
    settings = config.load(options.config)
    project: Path | None = getattr(options, "project", None)
    return settings.model_copy(update={"project": project}) if project else settings


@contextlib.contextmanager
def busy(what: str) -> Iterator[None]:
    """Show that something takes a while, where a person is watching."""
    if sys.stderr.isatty():
        with errors.status(what):
            yield
    else:
        yield


def make_folder(folder: Path) -> Path:
    """Make a folder for results. Raises ConfigError where it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: can't be made ({error.strerror}). Choose another folder.") from None
    return folder
