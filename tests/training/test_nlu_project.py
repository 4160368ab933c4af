from pathlib import Path

import pytest
import yaml

from cockpit_assistant.errors import ProjectError
from cockpit_assistant.resources import shipped
from cockpit_assistant.training.nlu.project import clause_words, examples, pipeline

GOOD = [
    {"name": "WhitespaceTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "DIETClassifier", "epochs": 1},
]


def _project(folder: Path, components: object) -> Path:
    (folder / "config.yml").write_text(yaml.safe_dump({"pipeline": components}), encoding="utf-8")
    return folder


def test_the_shipped_pipeline_can_be_compiled() -> None:
    assert [component["name"] for component in pipeline(shipped("nlu_data"))][-1] == "FallbackClassifier"


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"name": "SpacyEntityExtractor"}, "SpacyEntityExtractor"),
        ({"name": "my.module.Guesser"}, "Guesser"),
        ({"name": "DIETClassifier"}, "DIETClassifier"),
        ({"name": "WhitespaceTokenizer"}, "exactly one"),
        ({"name": "CountVectorsFeaturizer", "strip_accents": "ascii"}, "strip_accents"),
        ({"name": "LexicalSyntacticFeaturizer", "features": [["pos"]]}, "part-of-speech"),
        ({"epochs": 3}, "name"),
        ("DIETClassifier", "name"),
    ],
)
def test_what_cannot_run_on_board_is_refused_by_name(tmp_path: Path, extra: object, named: str) -> None:
    with pytest.raises(ProjectError, match=named):
        pipeline(_project(tmp_path, [*GOOD, extra]))


@pytest.mark.parametrize("option", ["use_key_relative_attention", "unidirectional_encoder"])
def test_options_that_change_the_network_are_refused(tmp_path: Path, option: str) -> None:
    components = [*GOOD[:2], {"name": "DIETClassifier", option: True}]
    with pytest.raises(ProjectError, match=option):
        pipeline(_project(tmp_path, components))


@pytest.mark.parametrize("components", [None, [], "x", [{"name": "DIETClassifier"}], GOOD[:2]])
def test_an_incomplete_pipeline_is_refused(tmp_path: Path, components: object) -> None:
    with pytest.raises(ProjectError, match=r"config\.yml"):
        pipeline(_project(tmp_path, components))


def test_a_folder_without_examples_is_refused_with_the_place_for_them(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="data"):
        examples(tmp_path)


def test_a_project_may_bring_its_own_connectives(tmp_path: Path) -> None:
    assert "然后" in clause_words(tmp_path)["zh"].connectives
    (tmp_path / "clauses.yml").write_text("de: {connectives: [und, dann]}\n", encoding="utf-8")
    assert clause_words(tmp_path)["de"].connectives == ("und", "dann")


def test_a_wrong_key_in_the_connectives_is_named(tmp_path: Path) -> None:
    (tmp_path / "clauses.yml").write_text("de: {conectives: [und]}\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="conectives"):
        clause_words(tmp_path)
