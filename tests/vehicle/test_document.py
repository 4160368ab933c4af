from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from cockpit_assistant.errors import ProjectError
from cockpit_assistant.vehicle.document import Document


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: str
    count: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    things: dict[str, list[Inner]]


def complaint(tmp_path: Path, text: str) -> str:
    file = tmp_path / "file.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        Document(file).parse(Outer)
    return str(caught.value).replace(str(file), "file.yml")


def test_an_unknown_key_is_named_with_its_line_and_the_likely_word(tmp_path: Path) -> None:
    text = "things:\n  a:\n    - mode: x\n      cuont: 2\n"
    assert complaint(tmp_path, text) == "file.yml:4: things.a[0]: unknown key `cuont`. Did you mean `count`?"


def test_a_missing_key_is_named_where_it_belongs(tmp_path: Path) -> None:
    assert complaint(tmp_path, "things:\n  a:\n    - count: 2\n").startswith(
        "file.yml:3: things.a[0]: `mode` is missing"
    )


def test_a_bare_off_gets_the_advice_to_quote_it(tmp_path: Path) -> None:
    said = complaint(tmp_path, "things:\n  a:\n    - mode: OFF\n")
    assert said.startswith("file.yml:3: things.a[0].mode:")
    assert "put quotes around the word" in said


def test_a_key_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    said = complaint(tmp_path, "things:\n  a: []\n  b: []\n  a: []\n")
    assert said == "file.yml:4: `a` stands twice (first on line 2). Keep one of them."


@pytest.mark.parametrize("text", ["things: [", "- 1\n- 2\n", "", "&a [*a]", "a: &x {<<: *y}", "\x00"])
def test_what_is_no_mapping_is_one_clear_error(tmp_path: Path, text: str) -> None:
    assert complaint(tmp_path, text).startswith("file.yml")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="can't be read"):
        Document(tmp_path / "nothing.yml")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "things:\n  a:\n    - {mode: 1}\n    - {mode: x, count: many}\n")
    assert [line.split(": ")[1] for line in said.splitlines()] == ["things.a[0].mode", "things.a[1].count"]


@pytest.mark.parametrize("text", ["[a, b]: 1", "{}: 1", "a: !!bool maybe", "a: !!timestamp x", "? [1]\n: 2"])
def test_keys_and_tags_that_mean_nothing_are_one_clear_error(tmp_path: Path, text: str) -> None:
    assert "not valid YAML" in complaint(tmp_path, text)
