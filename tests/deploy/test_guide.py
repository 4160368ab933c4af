from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cockpit_assistant import cli

GUIDE = Path(__file__).parents[2] / "deploy" / "README.md"
TEXT = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_links_lead_somewhere(link: str) -> None:
    assert (GUIDE.parent / link).exists()


@pytest.mark.parametrize("command", re.findall(r"/bin/cockpit-assistant +([^`\n]+)", TEXT))
def test_commands_in_the_guide_exist(command: str) -> None:
    cli._parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("file", sorted(set(re.findall(r"(?<![\w/])deploy/[\w./-]+", TEXT))))
def test_files_named_in_the_guide_exist(file: str) -> None:
    assert (GUIDE.parents[1] / file).exists()
