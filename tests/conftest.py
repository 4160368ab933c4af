"""What many tests need: the shipped project, loaded once."""

from __future__ import annotations

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.config import Settings
from cockpit_assistant.resources import shipped


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Defaults, whatever file or variable the machine has."""
    return Settings()


@pytest.fixture(scope="session")
def project() -> Project:
    """The shipped project with its trained model."""
    return Project.load(shipped("nlu_data"))
