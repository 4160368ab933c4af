from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from cockpit_assistant import config

EXAMPLE = Path(__file__).parents[2] / "deploy" / "cockpit.toml"
KEY = re.compile(r"^(# )?([a-z_]+) = ")


def keys_of(model: type[BaseModel], section: str = "") -> set[str]:
    """Every key a settings file can have, as section.key."""
    found: set[str] = set()
    for name, known in model.model_fields.items():
        kind = known.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys_of(kind, f"{name}.")
        else:
            found.add(section + name)
    return found


def with_everything_switched_on() -> str:
    return "\n".join(
        line.removeprefix("# ") if KEY.match(line) else line
        for line in EXAMPLE.read_text(encoding="utf-8").splitlines()
    )


def named_keys() -> list[str]:
    section, found = "", []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif match := KEY.match(line):
            found.append(section + match[2])
    return found


def test_the_example_names_every_setting_once_and_no_other() -> None:
    assert sorted(named_keys()) == sorted(keys_of(config.Settings))


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert config.load(EXAMPLE, environ={}) == config.Settings()


def test_every_line_that_is_commented_out_is_valid_when_switched_on(tmp_path: Path) -> None:
    file = tmp_path / "cockpit.toml"
    file.write_text(with_everything_switched_on(), encoding="utf-8")
    settings = config.load(file, environ={})
    assert settings.bus.ca == Path("/etc/cockpit-assistant/certs/ca.crt")
    assert settings.trace.file == Path("/var/lib/cockpit-assistant/trace.jsonl")


def test_variables_that_the_example_describes_override_it() -> None:
    settings = config.load(EXAMPLE, environ={"COCKPIT_BUS_HOST": "10.0.0.2", "COCKPIT_LANGUAGE": "en"})
    assert (settings.bus.host, settings.language) == ("10.0.0.2", "en")


def test_an_explanation_stands_above_every_key() -> None:
    unexplained = []
    explained = False
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := KEY.match(line):  # keys that stand together share one explanation
            if not explained:
                unexplained.append(match[2])
        else:
            explained = line.startswith("# ")
    assert unexplained == []
