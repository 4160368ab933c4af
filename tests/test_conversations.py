"""The form of conversations; those of the shipped project are held by `check --stories`, which `make test` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit_assistant.assembly import Project
from cockpit_assistant.config import Settings
from cockpit_assistant.dialogue.playbook.story_tests import check_stories
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.replay import conversations

GOOD = """\
conversations:
  - conversation: 副驾也是
    fails: {window.passenger: fuse}
    turns:
      - driver: 打开我这边的车窗
        answer: utter_open_window
        words: 主驾
        does: {window.driver: 100}
      - driver: 副驾也是
        answer: utter_failed_not_reached
      - fails: {window.passenger: works}
      - wait: 1
        driver: 副驾也是
        answer: utter_open_window
        does: {window.passenger: 100}
"""


ON_THE_WAY = """\
conversations:
  - conversation: 先停着，后来上路
    journey: [{at: 5, gear: 127, speed: 0, belt.passenger: true}, {at: 15, speed: 60}]
    turns:
      - driver: 打开后备箱
        answer: utter_open_tailgate
        does: {tailgate: 100}
      - wait: 6
        driver: 关上后备箱
        answer: utter_close_tailgate
        does: {tailgate: 0}
      - driver: 打开后备箱
        answer: utter_refuse_moving
      - journey: [{at: 4, speed: 0}, {at: 5, gear: 126}]
      - wait: 5
        driver: 打开后备箱
        answer: utter_open_tailgate
        does: {tailgate: 100}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "talk.yml"


@pytest.mark.broker
def test_a_conversation_that_goes_as_written_has_no_mismatch(
    project: Project, settings: Settings, file: Path
) -> None:
    file.write_text(GOOD, encoding="utf-8")
    (script,) = conversations.read(file, project.model)
    assert conversations.hold(script, project, settings) == []


@pytest.mark.broker
def test_a_car_on_its_journey_is_another_one_each_time_somebody_speaks(
    project: Project, settings: Settings, file: Path
) -> None:
    file.write_text(ON_THE_WAY, encoding="utf-8")
    (script,) = conversations.read(file, project.model)
    assert conversations.hold(script, project, settings) == []


@pytest.mark.parametrize(
    ("written", "instead", "wrong"),
    [
        ("at: 15, speed", "at: 15, sped", "talk.yml:3: conversations[0].journey[1]: `sped`"),
        ("speed: 60", "speed: fast", "conversations[0].journey[1]: `speed`: 'fast' is not a number"),
        ("belt.passenger: true", "window.passenger: 100", "journey[0]: Vehicle.Cabin.Door.Row1.PassengerSide.Win"),
        ("at: 15", "at: 5", "journey[1]: 5 s doesn't come after the 5 s before it"),
        ("{at: 5, gear: 126}", "{at: 5}", "talk.yml:14: conversations[0].turns[3].journey[1]: a way"),
        ("{at: 5, gear: 126}", "{at: 5, tailgate: 0}", "turns[3].journey[1]: Vehicle.Body.Trunk"),
    ],
)  # fmt: skip
def test_a_journey_that_can_not_be_is_told_with_file_and_line(
    project: Project, file: Path, written: str, instead: str, wrong: str
) -> None:
    assert ON_THE_WAY.count(written) == 1
    file.write_text(ON_THE_WAY.replace(written, instead), encoding="utf-8")
    with pytest.raises(ProjectError) as told:
        conversations.read(file, project.model)
    assert wrong in str(told.value)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("written", "instead", "line", "wrong"),
    [
        ("does: {window.driver: 100}", "does: {window.driver: 50}", 5, "not Vehicle.Cabin.Door"),
        ("        does: {window.driver: 100}\n", "", 5, "not nothing"),
        ("answer: utter_failed_not_reached", "answer: utter_open_window", 9, "answered utter_failed_not_reached"),
        ("words: 主驾", "words: 左后", 5, "`左后` isn't in the answer"),
    ],
)
def test_whatever_goes_another_way_is_told_with_its_line(
    project: Project, settings: Settings, file: Path, written: str, instead: str, line: int, wrong: str
) -> None:
    file.write_text(GOOD.replace(written, instead, 1), encoding="utf-8")
    (script,) = conversations.read(file, project.model)
    mismatch = conversations.hold(script, project, settings)[0]
    assert mismatch.line == line
    assert wrong in mismatch.wrong


@pytest.mark.parametrize(
    ("written", "instead", "wrong"),
    [
        ("window.driver: 100", "window.boot: 100", "talk.yml:5: conversations[0].turns[0]: `window.boot`"),
        ("window.driver: 100", "window.driver: 300", "outside 0..100"),
        ("fuse", "explode", "talk.yml:3"),
        ("driver: 副驾也是", "pilot: 副驾也是", "`pilot` is no key and no seat"),
        ("      - fails: {window.passenger: works}\n", "      - {}\n", "nobody speaks"),
        ("driver: 打开我这边的车窗", "driver: 7", "must be a text"),
    ],
)
def test_what_a_file_gets_wrong_is_told_with_file_and_line(
    project: Project, file: Path, written: str, instead: str, wrong: str
) -> None:
    file.write_text(GOOD.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(ProjectError) as told:
        conversations.read(file, project.model)
    assert wrong in str(told.value)


def test_the_shipped_project_has_many_conversations_in_both_languages(project: Project) -> None:
    count = {
        language: sum(
            len(conversations.read(file, project.model))
            for file in conversations.find(project.path)
            if file.name.startswith(language)
        )
        for language in ("zh", "en")
    }
    assert min(count.values()) >= 60


def test_the_shipped_test_stories_go_as_written(project: Project) -> None:
    results = check_stories(project.path)
    assert results
    assert [result.mistake for result in results if result.mistake] == []
