"""The errors a user can meet. Each message says what happened, where, and what to do about it.

Every class carries the exit status the command line ends with, so a script can tell a typing error in a
configuration file from a broker that is down.
"""

from __future__ import annotations


class AssistantError(Exception):
    """Base of all errors this package raises on purpose."""

    exit_status = 1


class ConfigError(AssistantError):
    """A configuration file, an environment variable or a command-line value is wrong."""

    exit_status = 2


class ProjectError(AssistantError):
    """A project's data (Rasa files, vehicle.yml, safety.yml, catalogues) is wrong; names file and line."""

    exit_status = 2


class ModelError(AssistantError):
    """A model is missing, damaged or of the wrong kind."""

    exit_status = 3


class AudioError(AssistantError):
    """An audio file or device can't be read or written."""

    exit_status = 4


class BusError(AssistantError):
    """The MQTT broker can't be reached, refuses us, or the connection was lost."""

    exit_status = 5
