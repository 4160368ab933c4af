import shutil
from pathlib import Path

import pytest

from cockpit_assistant.assembly import Project, understanding_dir
from cockpit_assistant.errors import ModelError
from cockpit_assistant.nlu.interpreter import Interpreter
from cockpit_assistant.nlu.model import BOUNDARIES_FILE, NETWORK_FILE, SIDE_FILE, data_hash

VAN = Path(__file__).parent / "projects" / "van"


@pytest.fixture
def folder(project: Project, tmp_path: Path) -> Path:
    copy = tmp_path / "nlu"
    shutil.copytree(understanding_dir(project.path), copy)
    return copy


@pytest.fixture(params=["shipped", "van"])
def any_folder(project: Project, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a compiled model of either kind."""
    copy = tmp_path / "nlu"
    shutil.copytree(understanding_dir(project.path if request.param == "shipped" else VAN), copy)
    return copy


@pytest.mark.parametrize("name", [SIDE_FILE, NETWORK_FILE, BOUNDARIES_FILE])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\x01garbage", None])
def test_a_missing_or_damaged_file_is_named_with_the_remedy(
    any_folder: Path, name: str, damage: bytes | None
) -> None:
    folder = any_folder
    if not (folder / name).exists():
        assert name == BOUNDARIES_FILE  # a model that cuts utterances by itself has none
        return
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(damage)
    with pytest.raises(ModelError, match=name) as caught:
        Interpreter.load(folder, {})
    assert "cockpit-assistant train nlu" in str(caught.value)


def test_a_model_of_another_format_is_refused(folder: Path) -> None:
    side = folder / SIDE_FILE
    side.write_text(side.read_text(encoding="utf-8").replace('"format":2', '"format":99'), encoding="utf-8")
    with pytest.raises(ModelError, match="format"):
        Interpreter.load(folder, {})


def test_a_compiled_model_is_small(project: Project) -> None:
    size = sum(file.stat().st_size for file in understanding_dir(project.path).iterdir())
    assert size <= 5_000_000


def _project(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "config.yml").write_text("pipeline: []\n", encoding="utf-8")
    (folder / "data" / "nlu.yml").write_text("version: '3.1'\nnlu:\n- intent: a\n", encoding="utf-8")
    (folder / "data" / "stories.yml").write_text("version: '3.1'\nstories: []\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["data/nlu.yml", "config.yml", "clauses.yml", "data/more.yml"])
def test_whatever_changes_the_model_changes_the_hash(tmp_path: Path, name: str) -> None:
    project = _project(tmp_path)
    before = data_hash(project)
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("nlu: []\n")
    assert data_hash(project) != before


def test_line_ends_and_stories_do_not_change_the_hash(tmp_path: Path) -> None:
    project = _project(tmp_path)
    before = data_hash(project)
    examples = project / "data" / "nlu.yml"
    examples.write_bytes(examples.read_bytes().replace(b"\n", b"\r\n"))
    (project / "data" / "stories.yml").write_text("stories: [1]\n", encoding="utf-8")
    assert data_hash(project) == before
