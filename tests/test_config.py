"""Settings: defaults, overriding, and what a person is told about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit_assistant import config
from cockpit_assistant.errors import ConfigError


def load(text: str, tmp_path: Path, **environ: str) -> config.Settings:
    file = tmp_path / "cockpit.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, environ)


def test_no_file_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = config.load(environ={})
    assert settings.bus.port == 1883
    assert (settings.project / "domain.yml").is_file()


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    settings = load("[bus]\nhost = 'car.local'\nport = 1884\n", tmp_path, COCKPIT_BUS_PORT="8883")
    assert (settings.bus.host, settings.bus.port) == ("car.local", 8883)


def test_environment_reaches_keys_outside_sections(tmp_path: Path) -> None:
    assert load("", tmp_path, COCKPIT_DEFAULT_LANGUAGE="en").default_language == "en"


def test_environment_gives_several_wake_phrases(tmp_path: Path) -> None:
    settings = load("", tmp_path, COCKPIT_WAKE_PHRASES="你好小诺,hey Nova")
    assert settings.wake.phrases == ("你好小诺", "hey Nova")


def test_cache_variable_is_no_setting(tmp_path: Path) -> None:
    load("", tmp_path, COCKPIT_CACHE="/somewhere")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[bus]\nprot = 1\n", ["cockpit.toml", "bus.prot", "Did you mean `port`?"]),
        ("[buss]\nport = 1\n", ["cockpit.toml", "buss", "Did you mean `bus`?"]),
        ("[bus]\nport = 99999\n", ["cockpit.toml", "bus.port", "65535"]),
        ("[asr]\nengine = 'siri'\n", ["asr.engine", "whisper"]),
        ("bus = 3\n", ["cockpit.toml", "`bus`"]),
        ("[bus\n", ["cockpit.toml", "not valid TOML"]),
    ],
)
def test_mistakes_name_file_key_and_remedy(text: str, told: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(text, tmp_path)
    assert all(part in str(error.value) for part in told), str(error.value)


def test_mistake_in_a_variable_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="COCKPIT_BUS_PORT"):
        load("", tmp_path, COCKPIT_BUS_PORT="many")


def test_unknown_variable_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"COCKPIT_BUS_PROT.*Did you mean `port`"):
        load("", tmp_path, COCKPIT_BUS_PROT="1")


def test_variable_into_a_section_that_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[bus\]"):
        load("bus = 3\n", tmp_path, COCKPIT_BUS_PORT="1")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        config.load(tmp_path / "absent.toml", {})


def test_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "cockpit.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.load(file, {})
