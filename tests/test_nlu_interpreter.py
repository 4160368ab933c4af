import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit_assistant.assembly import Project, understanding_dir
from cockpit_assistant.events import Understanding
from cockpit_assistant.nlu.interpreter import LONGEST, Interpreter, Verdict
from cockpit_assistant.nlu.model import OUT_OF_SCOPE, data_hash, trained_hash


@pytest.fixture(scope="module")
def interpreter(project: Project) -> Interpreter:
    return project.interpreter


def intents(understanding: Understanding) -> list[str]:
    return [clause.intent for clause in understanding.clauses]


def value(understanding: Understanding, entity: str) -> object:
    found = understanding.clauses[0].first(entity)
    return found.value if found else None


def test_the_shipped_model_was_trained_on_the_shipped_data(project: Project) -> None:
    assert trained_hash(understanding_dir(project.path)) == data_hash(project.path)


@pytest.mark.parametrize(
    ("text", "intent", "entity", "expected"),
    [
        ("把温度调到二十四度", "set_temperature", "temperature", 24),
        ("空调调到24.5度。", "set_temperature", "temperature", 24.5),
        ("副駕溫度調到二十二度", "set_temperature", "zone", "passenger"),
        ("Set the temperature to twenty two degrees.", "set_temperature", "temperature", 22),
        ("副驾车窗打开一半", "open_window", "amount", 50),
        ("打开左后车窗", "open_window", "zone", "rear_left"),
        ("open the passenger window", "open_window", "zone", "passenger"),
        ("音量调到三十", "set_volume", "volume", 30),
        ("导航到虹桥机场", "navigate_to", "place", "虹桥机场"),
        ("导航到虹桥鸡场", "navigate_to", "place", "虹桥机场"),
        ("打电话给妈妈", "call_contact", "contact", "妈妈"),
        ("切到运动模式", "set_drive_mode", "drive_mode", "sport"),
        ("put it in sport mode", "set_drive_mode", "drive_mode", "sport"),
        ("打开露营模式", "start_scene", "scene", "camping"),
        ("倒计时十分钟", "set_timer", "duration", 600),
        ("set a timer for ten minutes", "set_timer", "duration", 600),
        ("明天早上七点半的闹钟", "set_alarm", "time", "07:30"),
        ("导航声音小一点", "lower_volume", "channel", "navigation"),
        ("关掉副驾屏", "turn_off_screen", "screen", "passenger"),
        ("左后靠背往上调一点", "raise_backrest", "zone", "rear_left"),
        ("sixty nine degrees please", "set_temperature", "temperature", 69),
    ],
)
def test_a_command_has_its_intent_and_value(
    interpreter: Interpreter, text: str, intent: str, entity: str, expected: object
) -> None:
    understood = interpreter.parse(text)
    assert intents(understood) == [intent]
    assert value(understood, entity) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打开空调，把副驾车窗打开然后导航回家", ["turn_on_climate", "open_window", "navigate_home"]),
        ("打开座椅加热关闭天窗", ["turn_on_seat_heating", "close_sunroof"]),
        ("turn on the ac and open the window", ["turn_on_climate", "open_window"]),
        ("make it warmer and open the sunroof", ["raise_temperature", "open_sunroof"]),
        ("关闭空调和座椅加热", ["turn_off_climate", "turn_off_seat_heating"]),
        ("关上主驾车窗打开副驾车窗", ["close_window", "open_window"]),
        ("warmer back here, and skip this song", ["raise_temperature", "next_track"]),
        ("turn off the ac and the seat heating", ["turn_off_climate", "turn_off_seat_heating"]),
    ],
)
def test_several_commands_in_one_sentence_are_told_apart(
    interpreter: Interpreter, text: str, expected: list[str]
) -> None:
    assert intents(interpreter.parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "把车窗打开",
        "播放我和我的祖国",
        "navigate to the museum of modern art",
        "打开主驾和副驾车窗",
        "关一下空调吧",
    ],
)
def test_one_command_is_not_cut(interpreter: Interpreter, text: str) -> None:
    assert len(interpreter.parse(text).clauses) == 1


@pytest.mark.parametrize(
    "text",
    [
        "今天心情不太好",
        "我昨天把车窗修好了",
        "turn on the kitchen lights",
        "what is the meaning of life",
        "",
        "。。。",
        "🙂",
    ],
)
def test_what_is_no_command_has_no_clauses(interpreter: Interpreter, text: str) -> None:
    assert interpreter.parse(text).clauses == ()


def test_positions_count_in_the_text_as_it_was_said(interpreter: Interpreter) -> None:
    said = "嗯，  打開副駕車窗！"
    clause = interpreter.parse(said).clauses[0]
    zone = clause.first("zone")
    assert zone is not None
    assert (zone.text, zone.value) == ("副駕", "passenger")
    assert said[zone.start : zone.end] == zone.text
    assert clause.text.endswith("打開副駕車窗")
    assert said.startswith(clause.text, clause.start)


def test_who_speaks_and_in_which_language_is_passed_on(interpreter: Interpreter) -> None:
    understood = interpreter.parse("24", "en", "rear_left")
    assert (understood.language, understood.seat) == ("en", "rear_left")


_PIECES = [
    "打开",
    "空调",
    "和",
    "，",
    "然后",
    "副驾",
    "车窗",
    "24.5",
    "°",
    " ",
    "open",
    "the window",
    "and",
    ".",
    "嗯",
    "İ",
    "ﬁ",
    "\u0000",
]


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.text(max_size=40), st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)))
def test_any_text_is_understood_without_failing_and_with_true_positions(
    interpreter: Interpreter, text: str
) -> None:
    end = 0
    for clause in interpreter.parse(text).clauses:
        assert text[clause.start : clause.start + len(clause.text)] == clause.text
        assert clause.start >= end
        end = clause.start + len(clause.text)
        assert clause.intent not in OUT_OF_SCOPE
        assert 0 <= clause.confidence <= 1
        for entity in clause.entities:
            assert text[entity.start : entity.end] == entity.text
            assert clause.start <= entity.start < entity.end <= end


def test_an_endless_text_is_cut_off(interpreter: Interpreter) -> None:
    assert len(interpreter.parse("打开空调" * 5000).clauses) <= LONGEST


@pytest.mark.parametrize(
    ("heard", "intent"),
    [
        ("刀航到首都机场", "navigate_to"),
        ("打开坐椅加热", "turn_on_seat_heating"),
        ("打開空調", "turn_on_climate"),
        ("嗯那个帮我把把车窗打开", "open_window"),
        ("打开，不是，关上车窗", "close_window"),
        ("open no close the window", "close_window"),
    ],
)
def test_what_recognisers_and_people_do_to_words_is_understood(
    interpreter: Interpreter, heard: str, intent: str
) -> None:
    assert intents(interpreter.parse(heard))[-1:] == [intent]  # a "no" before it takes back what was begun


def test_a_song_is_found_by_its_sound(interpreter: Interpreter) -> None:
    assert value(interpreter.parse("播放情甜"), "song") == "晴天"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("别开窗", "refrain"),
        ("don't open the window", "refrain"),
        ("打开自适应巡航", "unsupported"),
        ("turn on lane assist", "unsupported"),
        ("再高一点", "more"),
        ("副驾也是", "also_there"),
    ],
)
def test_what_leads_to_no_command_of_its_own_is_recognised(
    interpreter: Interpreter, text: str, intent: str
) -> None:
    assert intents(interpreter.parse(text)) == [intent]


def test_a_reading_tells_what_became_of_each_request(interpreter: Interpreter) -> None:
    taken, left = interpreter.readings("打开空调", "zh")[0], interpreter.readings("今天心情不太好", "zh")[0]
    assert taken.verdict is Verdict.TAKEN
    assert taken.parsed.ranking[0][0] == "turn_on_climate"
    assert left.verdict is not Verdict.TAKEN
    assert left.clause is None
