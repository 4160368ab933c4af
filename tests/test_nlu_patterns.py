import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.nlu.patterns import Pattern

_SIGNS = "aAbB c.天安门(|"


@pytest.mark.parametrize("case_sensitive", [True, False])
@pytest.mark.parametrize("boundaries", [True, False])
@given(
    names=st.lists(st.text(_SIGNS, min_size=1, max_size=4), min_size=1, max_size=8),
    text=st.text(_SIGNS, max_size=20),
)
def test_a_lookup_table_matches_where_rasas_alternative_of_its_names_does(
    names: list[str], text: str, boundaries: bool, case_sensitive: bool
) -> None:
    joint = r"\b|\b" if boundaries else "|"
    edge = r"\b" if boundaries else ""
    expression = f"({edge}{joint.join(map(re.escape, names))}{edge})"
    flags = 0 if case_sensitive else re.IGNORECASE
    expected = [match.span() for match in re.finditer(expression, text, flags)]
    assert Pattern(expression, case_sensitive).spans(text) == expected


def test_any_other_expression_is_left_as_it_is() -> None:
    assert Pattern(r"(\d+|x)", False).spans("12 X") == [(0, 2), (3, 4)]
