import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.errors import ProjectError
from cockpit_assistant.nlu.examples import annotated, problems_in, read_examples

GOOD = """version: "3.1"
nlu:
  - intent: open_window
    examples: |
      - 打开[副驾](zone)车窗
      - open the [left]{"entity": "zone", "value": "driver"} window
  - synonym: passenger
    examples: |
      - 副驾
"""


def written(folder: Path, content: str) -> Path:
    file = folder / "nlu.yml"
    file.write_text(content, encoding="utf-8")
    return file


def test_examples_come_with_their_marks_and_lines(tmp_path: Path) -> None:
    first, second = read_examples(written(tmp_path, GOOD))
    assert (first.text, first.intent, first.line) == ("打开副驾车窗", "open_window", 5)
    assert [(a.entity, first.text[a.start : a.end]) for a in first.annotations] == [("zone", "副驾")]
    assert second.annotations[0].value == "driver"
    assert second.line == 6


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("- 打开[副驾](zone车窗", r"nlu.yml:5: .*bracket"),
        ("- 打开[副驾]车窗", r"nlu.yml:5: .*bracket"),
        ("- 打开副驾](zone)车窗", r"nlu.yml:5: .*bracket"),
        ('- 打开[副驾]{"entity" "zone"}车窗', r"nlu.yml:5: .*JSON"),
        ("打开车窗", r"nlu.yml:5: .*begins with"),
    ],
)
def test_a_mark_that_is_not_well_formed_is_named_with_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(ProjectError, match=complaint):
        read_examples(written(tmp_path, GOOD.replace("- 打开[副驾](zone)车窗", line)))


def test_unknown_names_and_contradictions_are_found(tmp_path: Path) -> None:
    content = GOOD.replace("](zone)", "](zona)") + "  - intent: open_windo\n    examples: |\n      - 打开副驾车窗\n"
    problems = list(problems_in([written(tmp_path, content)], {"open_window"}, {"zone"}))
    assert len(problems) == 3
    assert "nlu.yml:5: domain.yml has no entity `zona`. Did you mean `zone`?" in problems[0]
    assert "nlu.yml:12: domain.yml has no intent `open_windo`. Did you mean `open_window`?" in problems[1]
    assert "“打开副驾车窗” is open_windo here and open_window in" in problems[2]


@given(st.text(alphabet='ab开窗[](){}":,zone ', max_size=40))
def test_any_line_is_read_without_its_marks_or_refused(line: str) -> None:
    text, marks = "", ()
    with contextlib.suppress(ValueError):
        text, marks = annotated(line)
    assert "[" not in text
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
