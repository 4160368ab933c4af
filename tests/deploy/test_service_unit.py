from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path

import pytest

from cockpit_assistant import cli, config
from cockpit_assistant.errors import AudioError, BusError, ConfigError, ModelError, ProjectError

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """The unit's settings: what stands behind each key, in order."""
    settings: dict[str, list[str]] = defaultdict(list)
    for line in (FOLDER / "cockpit-assistant.service").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            settings[key].append(value)
    return settings


def test_the_unit_starts_a_command_that_exists(unit: dict[str, list[str]]) -> None:
    (command,) = unit["ExecStart"]
    program, *arguments = shlex.split(command)
    options = cli._parser().parse_args(arguments)
    assert Path(program).name == "cockpit-assistant"
    assert options.config in config.SEARCHED
    assert not options.simulate


def test_errors_that_only_a_person_can_mend_are_not_retried(unit: dict[str, list[str]]) -> None:
    final = {int(status) for status in unit["RestartPreventExitStatus"][0].split()}
    assert final == {error.exit_status for error in (ConfigError, ProjectError, ModelError)}
    assert unit["Restart"] == ["on-failure"]


def test_errors_that_may_pass_are_retried_for_ever(unit: dict[str, list[str]]) -> None:
    final = {int(status) for status in unit["RestartPreventExitStatus"][0].split()}
    assert final.isdisjoint({BusError.exit_status, AudioError.exit_status})
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_models_are_kept_in_the_folder_that_the_unit_makes(unit: dict[str, list[str]]) -> None:
    variables = dict(item.split("=", 1) for line in unit["Environment"] for item in line.split())
    assert variables["COCKPIT_CACHE"] == f"%C/{unit['CacheDirectory'][0]}"


def test_the_variables_of_the_unit_are_accepted_as_settings(unit: dict[str, list[str]]) -> None:
    variables = dict(item.split("=", 1) for line in unit["Environment"] for item in line.split())
    assert config.load(environ=variables) == config.Settings()


def test_the_account_is_made_and_may_use_the_sound_card(unit: dict[str, list[str]]) -> None:
    account = (FOLDER / "cockpit-assistant.sysusers").read_text(encoding="utf-8").splitlines()
    (user,) = unit["User"]
    assert any(line.startswith(f"u {user} ") for line in account)
    assert f"m {user} audio" in account
    assert unit["DeviceAllow"] == ["char-alsa rw"]


@pytest.mark.parametrize(
    "protection", ["ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "CapabilityBoundingSet="]
)
def test_the_service_is_shut_in(unit: dict[str, list[str]], protection: str) -> None:
    key, _, value = protection.partition("=")
    assert unit[key] == [value]


def test_what_is_said_does_not_reach_the_journal(unit: dict[str, list[str]]) -> None:
    assert unit["StandardOutput"] == ["null"]  # `run` writes the transcript there
    assert unit["StandardError"] == ["journal"]  # and what went wrong here


def test_sound_can_not_leave_the_car(unit: dict[str, list[str]]) -> None:
    assert unit["IPAddressDeny"] == ["any"]
    (allowed,) = unit["IPAddressAllow"]
    assert "any" not in allowed.split()
