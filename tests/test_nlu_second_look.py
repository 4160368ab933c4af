import numpy as np

from cockpit_assistant.nlu.second_look import Piece, second_look


def likely(intent: int, surety: float) -> np.ndarray:
    """Probabilities of three intents, one of them likely."""
    row = np.full(3, (1 - surety) / 2, np.float32)
    row[intent] = surety
    return row


def look(
    opens: list[float],
    starts: list[int],
    joined: list[int],
    sentence: object,
    alone: object,
    paused: tuple[int, ...] = (),
) -> list[Piece]:
    return second_look(
        np.array(opens, np.float32),
        starts,
        joined,
        paused,
        sentence,  # type: ignore[arg-type]
        alone,  # type: ignore[arg-type]
        frozenset({2}),
    )


def test_a_comma_counts_as_much_as_the_first_look() -> None:
    def alone(first: int, end: int) -> np.ndarray:
        return likely(first // 3, 0.99)

    opens = [1, 0, 0, 0.001, 0, 0]
    assert look(opens, [0], [], lambda *_: likely(0, 0.95), alone) == [Piece(0, 6, False)]
    cut = look(opens, [0], [], lambda *_: likely(0, 0.95), alone, paused=(3,))
    assert cut == [Piece(0, 3, True), Piece(3, 6, True)]


def test_a_plain_sentence_is_not_looked_at_twice() -> None:
    def alone(first: int, end: int) -> np.ndarray:
        raise AssertionError("read again")

    found = look([1, 0, 0, 0.99, 0, 0], [0, 3], [], lambda *_: likely(0, 0.99), alone)
    assert found == [Piece(0, 3, False), Piece(3, 6, False)]


def test_a_request_that_swallowed_another_is_cut_where_its_pieces_are_plain_alone() -> None:
    found = look([1, 0, 0, 0.2, 0, 0], [0], [], lambda *_: likely(0, 0.7), lambda *_: likely(1, 0.99))
    assert found == [Piece(0, 3, True), Piece(3, 6, True)]


def test_small_talk_is_no_reason_to_cut() -> None:
    found = look([1, 0, 0, 0.2, 0, 0], [0], [], lambda *_: likely(0, 0.8), lambda *_: likely(2, 0.99))
    assert found == [Piece(0, 6, False)]


def test_a_beginning_after_a_joint_stays() -> None:
    found = look([1, 0, 0, 0.9, 0, 0], [0, 3], [3], lambda *_: likely(0, 0.8), lambda *_: likely(1, 0.99))
    assert found == [Piece(0, 3, False), Piece(3, 6, False)]
