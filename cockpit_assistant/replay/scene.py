"""The scene of a recording: the car's state, its journey and broken parts, from the script beside the recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import ProjectError
from ..events import Seat, Value
from ..vehicle.journey import Waypoint, missteps
from ..vehicle.model import VehicleModel
from ..vehicle.simulator import Mishap


class Scene(BaseModel):
    """How the simulated car is when the recording begins, and how its sensors go on from there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: dict[str, Value] = {}
    """Values by VSS path."""
    journey: tuple[Waypoint, ...] = ()
    """In seconds of the recording."""
    fails: dict[str, Mishap] = {}
    """Actuators that misbehave, by VSS path."""
    microphones: tuple[Seat, ...] | None = None
    """Whose microphone each channel of the recording is; None where the settings say."""


def scene_of(recording: Path, model: VehicleModel) -> Scene:
    """What `state:`, `journey:` and `fails:` say in the YAML file of the recording's name; nothing without one.

    Raises:
        ProjectError: the file is not YAML, or names something that this car hasn't got.
    """
    script = recording.with_suffix(".yml")
    if not script.is_file():
        return Scene()
    try:
        scene = Scene.model_validate(yaml.safe_load(script.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(f"{script}: not a drive script: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = problem["loc"][: 3 if problem["loc"][0] == "journey" else 2]
        message = problem["msg"].removeprefix("Value error, ").removesuffix(".")
        raise ProjectError(f"{script}: {'.'.join(map(str, where))}: {message}.") from None
    for wrong in _problems(scene, model):
        raise ProjectError(f"{script}: {wrong}")
    return scene


def _problems(scene: Scene, model: VehicleModel) -> Iterator[str]:
    for path, value in scene.state.items():
        owner = model.signal_at(path)
        if wrong := owner[1].misfit(value) if owner else "this car has no such signal.":
            yield f"state.{path}: {wrong}"
    for number, wrong in missteps(scene.journey, model):
        yield f"journey.{number}: {wrong}"
    for path in scene.fails:
        if model.signal_at(path) is None:
            yield f"fails.{path}: this car has no such signal."
