"""Where the files that belong to the assistant lie: the shipped project, small models, and the model cache."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """A folder that comes with the package: `nlu_data` or `onnx_models`.

    An installed wheel carries them inside the package, a checkout beside it.
    """
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def cache_dir() -> Path:
    """Where pulled models and interrupted trainings are kept.

    `COCKPIT_CACHE`, else `$XDG_CACHE_HOME/cockpit-assistant`, else `~/.cache/cockpit-assistant`.
    """
    if chosen := os.environ.get("COCKPIT_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cockpit-assistant"


def release_memory() -> None:
    """Give back to the system what loading models has freed: glibc keeps some 80 MB of it otherwise.

    Does nothing where the C library has no `malloc_trim`.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
