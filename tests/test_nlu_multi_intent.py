import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.nlu.multi_intent import DOUBT, cuts


def scores(*best: int, surety: float = 6.0) -> np.ndarray:
    """Intent scores of words, each sure of one intent."""
    table = np.zeros((len(best), 4), np.float32)
    table[range(len(best)), best] = surety
    return table


def test_where_no_word_may_open_a_request_there_is_one() -> None:
    assert cuts(np.array([1.0, DOUBT / 2, 0.0], np.float32), scores(0, 1, 2)) == [0]


def test_a_sure_opening_is_a_cut() -> None:
    assert cuts(np.array([1.0, 0.0, 0.97, 0.0], np.float32), scores(0, 0, 1, 1)) == [0, 2]


def test_in_doubt_the_cutting_with_the_surest_intents_wins() -> None:
    opens = np.array([1.0, 0.0, 0.3, 0.0], np.float32)
    assert cuts(opens, scores(0, 0, 1, 1)) == [0, 2]
    assert cuts(opens, scores(0, 0, 0, 0)) == [0]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30), st.integers(0, 2**31))
def test_any_scores_give_an_ordered_cutting_that_begins_at_the_first_word(opens: list[float], seed: int) -> None:
    intents = np.random.default_rng(seed).normal(size=(len(opens), 5)).astype(np.float32)
    found = cuts(np.array(opens, np.float32), intents)
    assert found[0] == 0
    assert found == sorted(set(found))
    assert found[-1] < len(opens)
