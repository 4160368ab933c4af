from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.vss import catalogue

SMALL_CAR = """\
vehicle: {id: pod, name: Pod}
zones:
  chef: {en: boss}
entities: {how_far: percent}
signals:
  roof:
    path: Vehicle.Private.Roof
    names: {en: roof}
    type: uint8
    min: 0
    max: 100
intents:
  lift_roof:
    - {set: roof, to: {entity: how_far, default: 100}}
"""


def load(tmp_path: Path, text: str) -> VehicleModel:
    (tmp_path / "vehicle.yml").write_text(text, encoding="utf-8")
    return VehicleModel.load(tmp_path)


def test_another_car_needs_data_only(tmp_path: Path) -> None:
    car = load(tmp_path, SMALL_CAR)
    assert car.zones == ("chef",)
    assert list(car.paths()) == ["Vehicle.Private.Roof"]
    assert car.entity_types == {"how_far": "percent"}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "set: roof",
            "set: rof",
            "vehicle.yml:14: intents.lift_roof[0].set: unknown signal `rof`. Did you mean `roof`?",
        ),
        ("entity: how_far", "entity: far", "unknown entity `far`. Did you mean `how_far`?"),
        (", default: 100", "", "nothing says what happens without `how_far`"),
        ("default: 100", "default: 101", "101 is outside 0..100"),
        ("    max: 100", "    max: -1", "vehicle.yml:6: signals.roof: min 0 is above max -1."),
        ("    max: 100", "    maximum: 100", "vehicle.yml:11: signals.roof: unknown key `maximum`"),
        (
            "Vehicle.Private.Roof",
            "Vehicle.Sped",
            "vehicle.yml:7: signals.roof.path: Vehicle.Sped is not in VSS 6.0. Did you",
        ),
        ("Vehicle.Private.Roof", "Vehicle.Speed", "Vehicle.Speed is a sensor in VSS 6.0 and can't be set"),
        ("Vehicle.Private.Roof", "Vehicle.Cabin.Sunroof.Switch", "has type string in VSS 6.0, not uint8"),
        ("Vehicle.Private.Roof", "Vehicle.Private.{zone}.Roof", "`{zone}` in the path and `zones` need each other"),
        ("    max: 100", "    rate: 5\n    coded: true", "only a number that neither moves nor drifts is `coded`"),
        ("chef:", "the boss:", "should match pattern"),
        ("type: uint8", "type: uint9", "signals.roof.type: Input should be 'boolean'"),
        ("to: {entity", "zone: atic, to: {entity", "unknown zone `atic`"),
        ("default: 100}", "default: 100, join: [how_far]}", "exactly one of these ways"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in SMALL_CAR
    with pytest.raises(ProjectError) as caught:
        load(tmp_path, SMALL_CAR.replace(old, new))
    assert complaint in str(caught.value)


def test_a_sensor_that_follows_itself_is_a_mistake(tmp_path: Path) -> None:
    loop = "  a: {path: Vehicle.Private.A, names: {}, kind: sensor, type: boolean, follows: {a: 0}}\nintents:"
    with pytest.raises(ProjectError, match="a boolean follows a number, nothing else"):
        load(tmp_path, SMALL_CAR.replace("intents:", loop))


def test_two_signals_cannot_share_a_path(tmp_path: Path) -> None:
    twin = "  hood:\n    path: Vehicle.Private.Roof\n    names: {en: hood}\n    type: boolean\nintents:"
    with pytest.raises(ProjectError, match="already belongs to `roof`"):
        load(tmp_path, SMALL_CAR.replace("intents:", twin))


def test_every_vss_path_of_the_shipped_car_is_in_the_specification(model: VehicleModel) -> None:
    public = [path for path in model.paths() if not path.startswith("Vehicle.Private.")]
    assert len(public) > 60
    assert set(public) <= set(catalogue())


def test_the_shipped_car_acts_on_every_intent_that_is_not_the_dialogues_own(model: VehicleModel) -> None:
    others = Domain.load(shipped("nlu_data")).intents - set(model.intents)
    about_the_talk = {"affirm", "deny", "cancel", "help", "repeat", "stop", "undo", "more", "less", "also_there"}
    about_the_talk |= {"correct", "switch_back_on", "switch_back_off", "choose", "refrain", "unsupported"}
    company = {"greet", "thank", "goodbye", "chat", "sleep_assistant", "change_language", "ask_time", "ask_date"}
    assert others == about_the_talk | company
    assert len(model.intents) > 150


@pytest.mark.parametrize(
    ("seats", "zh", "en"),
    [
        (["driver"], "主驾", "driver"),
        (["rear_right", "rear_left"], "后排", "rear"),
        (["driver", "rear_right"], "主驾和右后", "driver and rear right"),
        (["driver", "passenger", "rear_left"], "主驾、副驾和左后", "driver, passenger and rear left"),
        (["driver", "passenger", "rear_left", "rear_right"], "所有", "all"),
    ],
)
def test_seats_are_called_by_the_shortest_name_they_share(
    model: VehicleModel, seats: list[str], zh: str, en: str
) -> None:
    assert (model.spoken_zone(seats, "zh"), model.spoken_zone(seats, "en")) == (zh, en)


def test_an_installed_copy_of_the_project_loads_from_anywhere(tmp_path: Path) -> None:
    shutil.copy(shipped("nlu_data") / "vehicle.yml", tmp_path)
    assert VehicleModel.load(tmp_path).identity.id == "nova"
