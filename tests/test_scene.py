"""The script beside a recording: how the car is, how it goes on, and what is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.assembly import Ears, Project
from cockpit_assistant.audio import files
from cockpit_assistant.config import Settings
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import SAMPLE_RATE, Value
from cockpit_assistant.replay.runner import rig
from cockpit_assistant.replay.scene import Scene, scene_of

SPEED = "Vehicle.Speed"
SCRIPT = """\
voices: {en: af_heart}
state: {Vehicle.Speed: 20}
journey:
  - {at: 2, Vehicle.Speed: 60, Vehicle.Powertrain.Transmission.SelectedGear: 127}
  - {at: 4.5, Vehicle.Speed: 10}
fails: {Vehicle.Body.Trunk.Rear.Position: fuse}
lines: []
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Four seconds of nothing, with a script beside it."""
    file = tmp_path / "drive.flac"
    files.write(file, np.zeros(4 * SAMPLE_RATE, dtype=np.int16))
    file.with_suffix(".yml").write_text(SCRIPT, encoding="utf-8")
    return file


def test_a_script_tells_state_journey_and_failures(project: Project, recording: Path) -> None:
    scene = scene_of(recording, project.model)
    assert scene.state == {SPEED: 20}
    assert [waypoint.at for waypoint in scene.journey] == [2, 4.5]
    assert scene.fails == {"Vehicle.Body.Trunk.Rear.Position": "fuse"}


def test_a_recording_without_a_script_begins_in_a_parked_car(project: Project, tmp_path: Path) -> None:
    assert scene_of(tmp_path / "drive.flac", project.model) == Scene()


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("Speed: 60", "Sped: 60", "journey.0: Vehicle.Sped: this car has no such signal."),
        ("Speed: 60", "Speed: fast", "journey.0: Vehicle.Speed: 'fast' is not a number."),
        ("{at: 2, Vehicle.Speed: 60", "{at: 2, Vehicle.Speed: [60]", "journey.0.Vehicle.Speed"),
        ("Vehicle.Speed: 10", "Vehicle.Cabin.Sunroof.Switch: OPEN", "journey.1: Vehicle.Cabin.Sunroof.Switch: an"),
        ("at: 4.5", "at: 1.5", "journey.1: 1.5 s doesn't come after the 2 s before it. Put them in order."),
        ("at: 4.5, Vehicle.Speed: 10", "at: 4.5", "journey.1: a waypoint without a signal."),
        ("at: 4.5", "at: -1", "journey.1.at: Input should be greater than or equal to 0."),
        ("at: 4.5", "when: 4.5", "journey.1.at: Field required."),
        ("at: 4.5", 'at: "4.5"', "journey.1.at: Input should be a valid number."),
        ("Vehicle.Speed: 20", "Vehicle.Sped: 20", "state.Vehicle.Sped: this car has no such signal."),
        ("fuse", "explode", "fails.Vehicle.Body.Trunk.Rear.Position: Input should be"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_script_is_told_with_its_file(
    project: Project, recording: Path, old: str, new: str, wrong: str
) -> None:
    assert SCRIPT.count(old) == 1
    file = recording.with_suffix(".yml")
    file.write_text(SCRIPT.replace(old, new), encoding="utf-8")
    with pytest.raises(ProjectError) as told:
        scene_of(recording, project.model)
    assert str(told.value).startswith(f"{file}: {wrong}")


@pytest.mark.audio
@pytest.mark.broker
def test_the_car_goes_on_with_the_recording(project: Project, settings: Settings, recording: Path) -> None:
    """Whenever the drive began, and before each frame is heard."""
    shown: dict[float, Value | None] = {}
    with rig(project, settings, ears=Ears(settings, settings.project)) as drive:
        drive.wait(7.5)
        drive.set_scene(scene_of(recording, project.model))
        drive.play(recording, lambda at: shown.update({round(at, 2): drive.bus.state.value(SPEED)}))
    assert [shown[at] for at in (0.5, 1.0, 2.0, 3.0, 4.0)] == pytest.approx([20, 40, 60, 40, 20])
