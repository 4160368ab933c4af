from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cockpit_assistant import cli
from cockpit_assistant.config import SEARCHED, tomllib

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "deploy" / "container" / "Containerfile"


def instructions() -> list[str]:
    """The recipe's instructions, each on one line, without comments."""
    text = RECIPE.read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    return [line for line in text.splitlines() if line.strip()]


def copied_sources() -> list[str]:
    words = [line.split()[1:] for line in instructions() if line.startswith("COPY ")]
    return [source for copy in words if not copy[0].startswith("--from") for source in copy[:-1]]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def array_of(instruction: str) -> list[str]:
    (line,) = (line for line in instructions() if line.startswith(instruction + " "))
    return list(json.loads(line[line.index("[") :]))


@pytest.mark.parametrize("source", copied_sources())
def test_what_the_recipe_copies_exists_and_is_not_ignored(source: str) -> None:
    ignored = (RECIPE.parent / f"{RECIPE.name}.dockerignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / source).exists()
    assert f"!{source}" in ignored


def test_nothing_else_reaches_the_build() -> None:
    ignored = (RECIPE.parent / f"{RECIPE.name}.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert sorted(copied_sources()) == sorted(line[1:] for line in ignored if line.startswith("!"))


def test_everything_the_wheel_is_made_of_is_copied() -> None:
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]
    project = pyproject()["project"]
    needed = {*wheel["packages"], *wheel["force-include"], project["readme"], *project["license-files"]}
    assert needed <= set(copied_sources())


def test_the_container_starts_a_command_that_exists() -> None:
    program, *arguments = array_of("ENTRYPOINT") + array_of("CMD")
    options = cli._parser().parse_args(arguments)
    assert program == "cockpit-assistant"
    assert options.config in SEARCHED
    assert not options.simulate


def test_the_health_check_is_a_command_that_exists() -> None:
    program, *arguments = array_of("HEALTHCHECK")
    assert program == "cockpit-assistant"
    cli._parser().parse_args(arguments)


def test_the_settings_lie_where_the_assistant_reads_them() -> None:
    (copy,) = (line.split() for line in instructions() if "deploy/cockpit.toml" in line)
    assert Path(copy[-1]) in SEARCHED


def test_the_assistant_does_not_run_as_root() -> None:
    users = [line.split()[1] for line in instructions() if line.startswith("USER ")]
    assert users == ["cockpit-assistant"]
    assert any("useradd --system --uid 990 --user-group --groups audio" in line for line in instructions())


def test_optional_parts_in_the_recipe_are_those_of_the_package() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    (chosen,) = (line.partition("=")[2] for line in instructions() if line.startswith("ARG EXTRAS="))
    assert set(chosen.split(",")) <= set(extras)
