"""The demo drive through everything: wake phrase, recognition, understanding, bus, car, spoken replies.

Its voices were never heard in training. What the recogniser writes may differ a little between processors, so
what is asserted is what happened in the car.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cockpit_assistant.assembly import Ears, Project
from cockpit_assistant.cli.replay import turns_of
from cockpit_assistant.config import Settings
from cockpit_assistant.events import (
    CommandConfirmed,
    CommandFailed,
    CommandSent,
    Record,
    Reply,
    ReplySpoken,
    Value,
    WakeDetected,
)
from cockpit_assistant.replay.runner import rig
from cockpit_assistant.replay.scene import scene_of
from cockpit_assistant.speech import open_voice
from cockpit_assistant.trace import latencies

pytestmark = [pytest.mark.audio, pytest.mark.broker]

DRIVE = Path(__file__).parents[1] / "nlu_data" / "demo" / "drive.flac"

BROKEN_WINDOW = "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position"

AFTERWARDS = {
    "Vehicle.Cabin.HVAC.IsAirConditioningActive": True,
    "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature": 22.0,
    "Vehicle.Cabin.HVAC.Station.Row1.Passenger.Temperature": 25.0,
    "Vehicle.Cabin.Door.Row2.PassengerSide.Window.Position": 0,
    "Vehicle.Cabin.Sunroof.Position": 0,
    "Vehicle.Private.Infotainment.Navigation.Destination": "首都机场",
    "Vehicle.Body.Trunk.Rear.Position": 0,
    "Vehicle.Cabin.Light.AmbientLight.Row1.DriverSide.IsLightOn": True,
}


@pytest.fixture(scope="module")
def ears(settings: Settings) -> Ears:
    return Ears(settings, settings.project)


def play(project: Project, settings: Settings, ears: Ears, *, speak: bool) -> tuple[list[Record], dict[str, Value]]:
    records: list[Record] = []
    voice = open_voice(settings.speech) if speak else None
    with rig(project, settings, ears=ears, voice=voice, observers=(records.append,)) as session:
        session.set_scene(scene_of(DRIVE, project.model))
        session.play(DRIVE)
        return records, dict(session.car.vehicle.state.items())


@pytest.fixture(scope="module")
def drive(project: Project, settings: Settings, ears: Ears) -> tuple[list[Record], dict[str, Value]]:
    return play(project, settings, ears, speak=True)


def test_every_line_of_the_drive_is_heard_as_a_turn(drive: tuple[list[Record], dict[str, Value]]) -> None:
    records, _ = drive
    lines = yaml.safe_load(DRIVE.with_suffix(".yml").read_text(encoding="utf-8"))["lines"]
    woken = sum(isinstance(record.event, WakeDetected) for record in records)
    assert woken == sum("wake" in line for line in lines)
    turns = turns_of(records, DRIVE)
    assert [turn["lang"] for turn in turns] == [line["lang"] for line in lines]


@pytest.mark.parametrize("path", AFTERWARDS)
def test_the_car_ends_up_as_the_driver_wanted(drive: tuple[list[Record], dict[str, Value]], path: str) -> None:
    _, car = drive
    assert car[path] == AFTERWARDS[path]


def test_the_tailgate_of_the_moving_car_is_refused(drive: tuple[list[Record], dict[str, Value]]) -> None:
    records, _ = drive
    sent = {record.event.command.path for record in records if isinstance(record.event, CommandSent)}
    assert "Vehicle.Body.Trunk.Rear.Position" not in sent
    assert "refuse" in {turn["route"] for turn in turns_of(records, DRIVE)}


def test_a_yes_without_the_wake_phrase_opens_the_sunroof_and_undo_closes_it(
    drive: tuple[list[Record], dict[str, Value]],
) -> None:
    records, _ = drive
    sunroof = [
        record.event.command.value
        for record in records
        if isinstance(record.event, CommandConfirmed)
        and record.event.command.path == "Vehicle.Cabin.Sunroof.Switch"
    ]
    assert sunroof == ["ONE_SHOT_OPEN", "ONE_SHOT_CLOSE"]


def test_the_window_without_power_is_told_and_nothing_else_fails(
    drive: tuple[list[Record], dict[str, Value]],
) -> None:
    records, _ = drive
    failed = {record.event.command.path for record in records if isinstance(record.event, CommandFailed)}
    assert failed == {BROKEN_WINDOW}
    replies = [record.event for record in records if isinstance(record.event, Reply)]
    told = [reply.text for reply in replies if "utter_failed_partly" in reply.responses]
    assert len(told) == 1
    assert "左后" in told[0]


def test_every_turn_is_answered_aloud(drive: tuple[list[Record], dict[str, Value]]) -> None:
    records, _ = drive
    spoken = {
        record.turn for record in records if isinstance(record.event, ReplySpoken) and len(record.event.samples)
    }
    assert spoken == {turn["turn"] for turn in turns_of(records, DRIVE)}


def test_the_trace_tells_the_latency_of_every_turn(drive: tuple[list[Record], dict[str, Value]]) -> None:
    records, _ = drive
    measured = latencies(records)
    assert len(measured) == len(turns_of(records, DRIVE))
    for turn in measured:
        assert turn.endpoint is not None
        assert turn.transcript is not None
        assert 0 < turn.endpoint <= turn.transcript


def test_the_same_recording_leads_to_the_same_turns(
    drive: tuple[list[Record], dict[str, Value]], project: Project, settings: Settings, ears: Ears
) -> None:
    records, car = drive
    again, car_again = play(project, settings, ears, speak=False)
    measured = {"latency": None, "time": None}
    assert [{**turn, **measured} for turn in turns_of(again, DRIVE)] == [
        {**turn, **measured} for turn in turns_of(records, DRIVE)
    ]
    assert car_again == car
