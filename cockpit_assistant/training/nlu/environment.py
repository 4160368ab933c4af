"""The Python environment that Rasa trains in.

Rasa 3.6 wants Python 3.10 and two gigabytes of pinned packages that would fight with everything else, so it gets
a virtual environment of its own in the cache, made once and reused as long as the requirements stay the same.
`RASA_PYTHON` names the interpreter of an existing environment instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import ConfigError, ModelError
from ...resources import cache_dir

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PACKAGE = Path(__file__).resolve().parents[2]

Progress = Callable[[str], None]
"""Gets a line for each step that takes long."""

# Runs one of our modules under a Python that doesn't have this package installed, without letting that Python see
# the other packages beside it, which are built for another version.
_BOOTSTRAP = """
import importlib.util, runpy, sys
root, module = sys.argv[1:3]
spec = importlib.util.spec_from_file_location(
    "cockpit_assistant", root + "/__init__.py", submodule_search_locations=[root])
package = importlib.util.module_from_spec(spec)
sys.modules["cockpit_assistant"] = package
spec.loader.exec_module(package)
sys.argv = sys.argv[2:]
runpy.run_module(module, run_name="__main__", alter_sys=False)
"""


class RasaEnvironment:
    """A Python interpreter with Rasa 3.6."""

    def __init__(self, python: Path) -> None:
        self._python = python

    @classmethod
    def ready(cls, progress: Progress) -> RasaEnvironment:
        """The environment, created if need be.

        Raises:
            ConfigError: there is no Python 3.10 to make it from, or `RASA_PYTHON` is wrong.
            ModelError: installing Rasa failed.
        """
        if named := os.environ.get("RASA_PYTHON"):
            if not Path(named).is_file():
                raise ConfigError(
                    f"RASA_PYTHON: {named} is no file. Name the interpreter of an environment with Rasa."
                )
            return cls(Path(named))
        requirements = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
        folder = cache_dir() / f"rasa-{requirements[:12]}"
        python = folder / "bin" / "python"
        finished = folder / "complete"
        if not finished.is_file():
            base = _python310()
            progress(f"Creating the Rasa environment in {folder} (once, 2.7 GB)")
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            _call([str(base), "-m", "venv", str(folder)], "making the environment")
            install = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
            _call([*install, "-r", str(REQUIREMENTS)], "installing Rasa")
            finished.touch()
        return cls(python)

    def rasa(self, arguments: Sequence[str], project: Path, work: Path) -> None:
        """Run Rasa's command line in a project's folder, its output passed on, its cache in `work`."""
        _call([str(self._python), "-m", "rasa", *arguments], "Rasa's training", project, work)

    def module(self, name: str, arguments: Sequence[str], project: Path, work: Path) -> None:
        """Run a module of this package in a project's folder."""
        _call([str(self._python), "-c", _BOOTSTRAP, str(PACKAGE), name, *arguments], name, project, work)


def _python310() -> Path:
    """A Python 3.10, from the PATH, pyenv, uv, or because this one is."""
    if sys.version_info[:2] == (3, 10):
        return Path(sys.executable)
    candidates = [shutil.which("python3.10")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [str(version / "bin" / "python") for version in sorted(pyenv.glob("3.10.*"), reverse=True)]
    if uv := shutil.which("uv"):
        found = subprocess.run([uv, "python", "find", "3.10"], capture_output=True, text=True, check=False)
        candidates.append(found.stdout.strip() or None)
    for candidate in candidates:
        if candidate and _version(candidate) == "3.10":
            return Path(candidate)
    raise ConfigError(
        "Training needs Python 3.10, because Rasa 3.6 does. Install it (`uv python install 3.10`, "
        "`pyenv install 3.10`, or your system's python3.10 with its venv module), or set RASA_PYTHON to the "
        "interpreter of an environment that has Rasa 3.6."
    )


def _version(python: str) -> str:
    """`major.minor`; empty if it doesn't start (a pyenv shim without that version, for instance)."""
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _call(command: Sequence[str], what: str, folder: Path | None = None, work: Path | None = None) -> None:
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if work:
        environment["RASA_CACHE_DIRECTORY"] = str(work / "cache")
    status = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if status:
        raise ModelError(f"{what} ended with status {status}. The lines above say why.")
