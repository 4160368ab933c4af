"""Other projects than the shipped one: a delivery van and a coffee counter, made of data alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.cli import main
from cockpit_assistant.cli.text import explain
from cockpit_assistant.config import Settings
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import CommandConfirmed, CommandSent, Decision, Record, Reply, Route, Value
from cockpit_assistant.replay.runner import Rig, rig

PROJECTS = Path(__file__).parent / "projects"
VAN = PROJECTS / "van"
COFFEE = PROJECTS / "coffee"

CARGO_DOOR = "Vehicle.Cabin.Door.Row2.PassengerSide.Position"
CARGO_LOCK = "Vehicle.Cabin.Door.Row2.PassengerSide.IsLocked"
CARGO_LIGHT = "Vehicle.Body.Trunk.Rear.IsLightOn"
CARGO_TEMPERATURE = "Vehicle.Private.Cargo.Heating.TargetTemperature"
CARGO_HEATING = "Vehicle.Private.Cargo.Heating.IsOn"
TAIL_LIFT = "Vehicle.Private.Cargo.TailLift.Position"
BEACON = "Vehicle.Private.Exterior.Beacon.IsOn"
CAB_TEMPERATURE = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature"
CAB_LIGHT = "Vehicle.Cabin.Light.IsDomeOn"
STATION = "Vehicle.Private.Infotainment.Radio.Station"
NEXT_STOP = "Vehicle.Private.Tour.NextStop"
DRIVER_WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
PASSENGER_WINDOW = "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position"

ON_THE_ROAD: dict[str, Value] = {
    "Vehicle.Speed": 80.0,
    "Vehicle.Powertrain.Transmission.SelectedGear": 127,
    "Vehicle.Chassis.ParkingBrake.IsEngaged": False,
}


class Session:
    """A rig, and what its observers saw of the last turn."""

    def __init__(self, rig: Rig, records: list[Record]) -> None:
        self.rig = rig
        self.records = records

    def say(self, text: str, seat: str = "driver") -> str:
        """One turn; returns everything that was said in it."""
        self.records.clear()
        self.rig.read(text, seat)
        return " ".join(record.event.text for record in self.records if isinstance(record.event, Reply))

    @property
    def route(self) -> Route:
        """What kind of answer the last turn got."""
        (decision,) = [r.event for r in self.records if isinstance(r.event, Decision)]
        return decision.route

    @property
    def sent(self) -> dict[str, Value]:
        """What the last turn put on the bus."""
        commands = [record.event.command for record in self.records if isinstance(record.event, CommandSent)]
        return {command.path: command.value for command in commands}

    @property
    def confirmed(self) -> set[str]:
        """What the vehicle has shown to be done."""
        return {r.event.command.path for r in self.records if isinstance(r.event, CommandConfirmed)}

    def value(self, path: str) -> Value | None:
        """What the vehicle itself holds to be true."""
        return self.rig.car.vehicle.state.value(path)


@pytest.fixture(scope="module")
def van_project() -> Project:
    return Project.load(VAN)


@pytest.fixture(scope="module")
def coffee_project() -> Project:
    return Project.load(COFFEE)


@pytest.fixture
def van(van_project: Project, settings: Settings) -> Iterator[Session]:
    records: list[Record] = []
    with rig(van_project, settings, observers=(records.append,)) as running:
        yield Session(running, records)


# --- the van ---------------------------------------------------------------------------------------------------


@pytest.mark.broker
@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("打开货厢门", {CARGO_DOOR: 100}),
        ("请把侧滑门打开一半", {CARGO_DOOR: 50}),
        ("货厢温度调到六度", {CARGO_TEMPERATURE: 6.0, CARGO_HEATING: True}),
        ("货厢升高三度", {CARGO_TEMPERATURE: 11.0, CARGO_HEATING: True}),
        ("驾驶室温度调到二十三度", {CAB_TEMPERATURE: 23.0}),
        ("把货厢的灯打开", {CARGO_LIGHT: True}),
        ("开灯", {CAB_LIGHT: True}),
        ("打开车顶警示灯", {BEACON: True}),
        ("听交通广播", {STATION: "交通广播"}),
        ("下一站送第十七站", {NEXT_STOP: 17}),
        ("open the sliding door please", {CARGO_DOOR: 100}),
        ("set the cargo area to eleven degrees", {CARGO_TEMPERATURE: 11.0, CARGO_HEATING: True}),
        ("lock the cargo door", {CARGO_LOCK: True}),
        ("switch on the light in the cargo area", {CARGO_LIGHT: True}),
        ("turn the beacon on", {BEACON: True}),
        ("go to stop thirteen", {NEXT_STOP: 13}),
        ("tune to Jazz Corner", {STATION: "Jazz Corner"}),
    ],
)
def test_the_van_does_what_its_own_files_say(van: Session, text: str, done: dict[str, Value]) -> None:
    said = van.say(text)
    assert van.sent == done
    assert van.confirmed == done.keys()
    assert {path: van.value(path) for path in done} == done
    assert said


@pytest.mark.broker
def test_a_window_opens_where_the_speaker_sits(van: Session) -> None:
    van.say("roll the window down", seat="passenger")
    assert van.sent == {PASSENGER_WINDOW: 100}
    van.say("摇下车窗")
    assert van.sent == {DRIVER_WINDOW: 100}


@pytest.mark.broker
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("打开货厢门", "先停稳，挂P挡拉手刹，我再动货厢门。"),
        ("放下尾板", "先停稳，挂P挡拉手刹，我再动尾板。"),
        ("open the cargo door", "Park and set the brake first."),
        ("lower the tail lift", "Park and set the brake first."),
        ("unlock the cargo", "Park and set the brake first."),
    ],
)
def test_on_the_road_nothing_opens_at_the_back(van: Session, text: str, words: str) -> None:
    van.rig.arrange(ON_THE_ROAD)
    before = dict(van.rig.car.vehicle.state.items())
    assert van.say(text) == words
    assert van.route is Route.REFUSE
    assert van.sent == {}
    assert dict(van.rig.car.vehicle.state.items()) == before


@pytest.mark.broker
def test_a_released_parking_brake_alone_keeps_the_cargo_door_shut(van: Session) -> None:
    van.rig.arrange({"Vehicle.Chassis.ParkingBrake.IsEngaged": False})
    van.say("open the cargo door")
    assert (van.route, van.sent) == (Route.REFUSE, {})
    van.rig.arrange({"Vehicle.Chassis.ParkingBrake.IsEngaged": True})
    van.say("open the cargo door")
    assert van.sent == {CARGO_DOOR: 100}


@pytest.mark.broker
@pytest.mark.parametrize("text", ["lower the tail lift", "turn the beacon on"])
def test_what_belongs_to_the_driver_is_refused_to_the_passenger(van: Session, text: str) -> None:
    assert van.say(text, seat="passenger") == "The driver has to ask for that."
    assert van.sent == {}


@pytest.mark.broker
@pytest.mark.parametrize(("order", "yes"), [("放下尾板", "可以"), ("lower the tail lift", "yes")])
def test_the_tail_lift_comes_down_after_a_yes(van: Session, order: str, yes: str) -> None:
    van.say(order)
    assert (van.route, van.sent) == (Route.CONFIRM, {})
    van.say(yes)
    assert van.sent == {TAIL_LIFT: 0}
    assert van.value(TAIL_LIFT) == 0


@pytest.mark.broker
@pytest.mark.parametrize(("order", "no"), [("放下尾板", "先别"), ("lower the tail lift", "no")])
def test_the_tail_lift_stays_up_after_a_no(van: Session, order: str, no: str) -> None:
    van.say(order)
    van.say(no)
    assert van.sent == {}
    van.say("yes")
    assert van.sent == {}, "the question has been answered"
    assert van.value(TAIL_LIFT) == 100


@pytest.mark.broker
def test_the_beacon_needs_a_yes_at_speed_only(van: Session) -> None:
    van.rig.arrange(ON_THE_ROAD)
    assert van.say("打开警示灯") == "车还在快跑，真要开警示灯吗？"
    assert van.sent == {}
    van.say("确定")
    assert van.sent == {BEACON: True}


@pytest.mark.broker
@pytest.mark.parametrize(
    ("order", "question", "answer", "done"),
    [
        ("set the cargo temperature", "How many degrees?", "six", {CARGO_TEMPERATURE: 6.0, CARGO_HEATING: True}),
        ("调一下货厢温度", "调到多少度？", "十二度", {CARGO_TEMPERATURE: 12.0, CARGO_HEATING: True}),
        ("change the next stop", "Which stop?", "twenty one", {NEXT_STOP: 21}),
        ("换个站点", "去第几站？", "第八站", {NEXT_STOP: 8}),
        ("换个台", "听哪个台？", "音乐之声", {STATION: "音乐之声"}),
    ],
)
def test_a_question_takes_the_next_words_as_its_answer(
    van: Session, order: str, question: str, answer: str, done: dict[str, Value]
) -> None:
    assert van.say(order) == question
    assert (van.route, van.sent) == (Route.QUESTION, {})
    van.say(answer)
    assert van.sent == done


@pytest.mark.broker
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("现在装了多少货", "货有500公斤，连车一共2890公斤。"),
        ("how heavy is the load", "500 kilos of cargo, 2890 in all."),
        ("胎压正常吗", "前胎最低3.4巴，后胎最低4.1巴。"),
        ("is the cargo door open", "The cargo door's shut."),
        ("how far can we go", "187 kilometres to go."),
    ],
)
def test_questions_are_answered_from_the_vans_state(van: Session, text: str, answer: str) -> None:
    van.rig.arrange({"Vehicle.Private.Cargo.Load": 500})
    assert van.say(text) == answer
    assert (van.route, van.sent) == (Route.QUESTION, {})


@pytest.mark.broker
def test_the_door_sensor_follows_the_door(van: Session) -> None:
    van.say("open the cargo door")
    assert van.say("is the cargo door open") == "The cargo door's open."


@pytest.mark.broker
def test_undo_and_repeat_work_with_the_vans_own_words(van: Session) -> None:
    van.say("set the cab to twenty two degrees")
    assert van.say("undo that") == "The cab temperature is back as it was."
    assert van.value(CAB_TEMPERATURE) == 20.0
    assert van.say("say that again") == "The cab temperature is back as it was."


@pytest.mark.broker
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("cargo to forty degrees", "It only goes from 2 to 25."),
        ("驾驶室四十度", "只能在16到28之间。"),
    ],
)
def test_a_value_the_van_has_not_got_is_named_and_not_bent(van: Session, text: str, answer: str) -> None:
    assert van.say(text) == answer
    assert (van.route, van.sent) == (Route.REFUSE, {})


@pytest.mark.broker
@pytest.mark.parametrize("text", ["昨天尾板坏了一整天", "my brother drives a van too"])
def test_talk_moves_nothing_in_the_van(van: Session, text: str) -> None:
    before = dict(van.rig.car.vehicle.state.items())
    assert van.say(text)
    assert (van.route, van.sent) == (Route.CHAT, {})
    assert dict(van.rig.car.vehicle.state.items()) == before


def test_parse_explains_the_vans_sentences(van_project: Project) -> None:
    answer = explain(van_project, "打开货厢灯", None, "driver")
    assert answer["route"] == "command"
    assert answer["commands"] == [{"path": CARGO_LIGHT, "value": True}]
    assert answer["reply"] == "货厢灯亮了。"
    (intent,) = answer["intents"]  # type: ignore[misc]
    assert intent["name"] == "light_on"
    assert intent["entities"] == [{"entity": "where", "value": "cargo", "start": 2, "end": 4}]


def test_parse_knows_the_vans_seats_and_no_others(van_project: Project) -> None:
    with pytest.raises(ProjectError, match="rear_left"):
        explain(van_project, "open the window", None, "rear_left")


def test_check_finds_no_mistake_in_the_van(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["check", "--project", str(VAN)])
    assert status == 0, capsys.readouterr().out


def test_the_vans_model_is_small() -> None:
    assert sum(file.stat().st_size for file in (VAN / "onnx_models").rglob("*") if file.is_file()) <= 1_500_000


# --- mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "right", "wrong", "place", "complaint"),
    [
        ("vehicle.yml", "set: tail_lift,", "set: tale_lift,", "tale_lift", "Did you mean `tail_lift`?"),
        ("vehicle.yml", "SelectedGear", "SelectdGear", "SelectdGear", "not in VSS 6.0"),
        ("vehicle.yml", "lag: 0.5", "leg: 0.5", "leg: 0.5", "Did you mean `lag`?"),
        ("vehicle.yml", "allowed: [STOP, PLAY]", "allowed: [ON, PLAY]", "[ON, PLAY]", "put quotes around the word"),
        ("vehicle.yml", "initial: 187000", "initial: -1", "  range:", "-1 is outside"),
        ("safety.yml", "signal: parking_brake", "signal: handbrake", "handbrake", "unknown signal `handbrake`"),
        ("safety.yml", "when: quick", "when: rapid", "rapid", "unknown state `rapid`"),
        (
            "safety.yml",
            "refuse: utter_refuse_driver",
            "reject: utter_refuse_driver",
            "reject",
            "unknown key `reject`",
        ),
        ("domain.yml", 'text: "Okay."', "text: [Okay]", "[Okay]", "should be a valid string"),
        ("domain.yml", 'text: "Okay."', 'text: "Okay." then', '"Okay." then', "not valid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    right: str,
    wrong: str,
    place: str,
    complaint: str,
) -> None:
    project = tmp_path / "van"
    shutil.copytree(VAN, project)
    written = (project / file).read_text(encoding="utf-8")
    broken = written.replace(right, wrong, 1)
    assert broken != written
    (project / file).write_text(broken, encoding="utf-8")
    assert main(["check", "--project", str(project)]) == 2
    told = capsys.readouterr().err
    line = broken[: broken.index(place)].count("\n") + 1
    assert f"{project / file}:{line}: " in told
    assert complaint in told


def test_check_names_a_response_nobody_has_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "van"
    shutil.copytree(VAN, project)
    domain = project / "domain.yml"
    domain.write_text(
        domain.read_text(encoding="utf-8").replace("  utter_confirm_tail_lift:", "  utter_confirm_lift:")
    )
    assert main(["check", "--project", str(project)]) == 1
    told = " ".join(capsys.readouterr().out.split())  # lines are wrapped
    assert f"{domain}: responses: utter_confirm_tail_lift is missing." in told


def test_check_tells_when_the_examples_have_changed_since_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "van"
    shutil.copytree(VAN, project)
    with (project / "data" / "nlu.yml").open("a", encoding="utf-8") as examples:
        examples.write("  - synonym: cargo\n    examples: |\n      - trunk\n")
    assert main(["check", "--project", str(project)]) == 1
    assert "train nlu" in " ".join(capsys.readouterr().out.split())


def test_a_vehicle_without_safety_rules_is_not_driven(tmp_path: Path) -> None:
    project = tmp_path / "van"
    shutil.copytree(VAN, project)
    (project / "safety.yml").unlink()
    with pytest.raises(ProjectError, match=r"safety\.yml"):
        Project.load(project)


# --- the coffee counter ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent", "entities"),
    [
        (
            "a large cappuccino with oat milk",
            "order_drink",
            [("size", "large", None), ("drink", "cappuccino", None), ("milk", "oat", None)],
        ),
        ("could I get a small latte please", "order_drink", [("size", "small", None), ("drink", "latte", None)]),
        (
            "two shots in a tall mocha",
            "order_drink",
            [("shots", "2", None), ("size", "large", None), ("drink", "mocha", None)],
        ),
        (
            "an espresso with cream and without sugar",
            "order_drink",
            [("drink", "espresso", None), ("extra", "cream", "with"), ("extra", "sugar", "without")],
        ),
        ("how much is a flat white", "ask_price", [("drink", "flat white", None)]),
        ("make it small instead", "change_order", [("size", "small", None)]),
    ],
)
def test_any_rasa_project_has_its_intents_entities_and_roles_parsed(
    coffee_project: Project, text: str, intent: str, entities: list[tuple[str, str, str | None]]
) -> None:
    answer = explain(coffee_project, text, None, "driver")
    assert answer["lang"] == "en"
    assert answer["commands"] == []
    (understood,) = answer["intents"]  # type: ignore[misc]
    assert understood["name"] == intent
    assert [(e["entity"], e["value"], e.get("role")) for e in understood["entities"]] == entities
    for entity in understood["entities"]:
        assert 0 <= entity["start"] < entity["end"] <= len(text)


def test_a_project_answers_in_its_own_words(coffee_project: Project) -> None:
    assert explain(coffee_project, "good morning", None, "driver")["reply"] == "Hello! What can I make you?"
    assert explain(coffee_project, "a small tea please", None, "driver")["reply"] == "Coming right up."


def test_what_a_project_calls_out_of_scope_is_no_intent(coffee_project: Project) -> None:
    answer = explain(coffee_project, "what's the weather like", None, "driver")
    assert (answer["intents"], answer["commands"], answer["route"]) == ([], [], "chat")


@pytest.mark.broker
def test_turns_run_without_a_car(coffee_project: Project, settings: Settings) -> None:
    records: list[Record] = []
    with rig(coffee_project, settings, observers=(records.append,)) as running:
        session = Session(running, records)
        assert session.say("a large latte with soy milk") == "Coming right up."
        assert session.sent == {}


def test_parse_takes_a_project_without_a_car_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "--project", str(COFFEE), "hello"]) == 0
    assert json.loads(capsys.readouterr().out)["intents"][0]["name"] == "greet"


def test_check_finds_no_mistake_in_a_project_without_a_car(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["check", "--project", str(COFFEE)])
    assert status == 0, capsys.readouterr().out
