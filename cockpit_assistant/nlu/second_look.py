"""Doubtful sentences are read a second time: in pieces.

The network sees a whole utterance at once, which it needs for 关闭空调和座椅加热, where the second request has no
verb. But in 关上主驾车窗打开副驾车窗 it may let one request swallow the other, though each alone is plain. So where
it is in two minds about where a request begins, the pieces are also read by themselves, and the cutting wins that
is surest, in the sentence or alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

DOUBTFUL = (0.05, 0.95)
"""Probabilities of a beginning between which the network is in two minds."""
MOST_CUTS = 3
"""Places tried."""
CLEAR = 0.9
"""Surety from which a request needs no second look."""
SHORTEST = 3
"""Words of a piece that can be read by itself."""
SURENESS = 20
"""How much the surety of intents counts against that of places."""
BELIEVED = 0.1
"""How far the network is believed about places: no further than one in ten against it."""
EVEN = 0.5
"""How likely a beginning is at least after a comma."""
IDLE = 0.5
"""The surety that small talk counts with as a piece: it may hide anywhere."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words that is one request."""

    first: int
    end: int
    alone: bool
    """Whether it is to be understood by itself, not in its sentence."""


def second_look(
    opens: Floats,
    starts: Sequence[int],
    joined: Sequence[int],
    paused: Sequence[int],
    in_sentence: Callable[[int, int], Floats],
    by_itself: Callable[[int, int], Floats],
    idle: frozenset[int],
) -> list[Piece]:
    """The requests of an utterance.

    Args:
        opens: probability that each word opens a request.
        starts: where requests begin at the first look.
        joined: words that come after a joint, such as 和; where such a word begins a request there is no doubt.
        paused: words that come after a comma; there a request may begin whatever the first look says.
        in_sentence: intent probabilities of the words from first to end, read in their sentence.
        by_itself: the same, read alone.
        idle: intents that ask for nothing.
    """
    at_first = [Piece(first, end, False) for first, end in pairwise([*starts, len(opens)])]
    sure = [index for index in starts[1:] if index in joined]
    paused = [index for index in paused if index not in starts]
    places = [index for index in range(1, len(opens)) if opens[index] > DOUBTFUL[0] or index in paused]
    places = [index for index in places if index not in sure]
    places = sorted(sorted(places, key=lambda index: (index not in paused, -opens[index]))[:MOST_CUTS])
    in_doubt = any(opens[index] < DOUBTFUL[1] for index in places)
    clear = all(in_sentence(piece.first, piece.end).max() > CLEAR for piece in at_first)
    if not places or (clear and not in_doubt):
        return at_first

    @cache
    def surety(piece: Piece) -> float:
        likely = (by_itself if piece.alone else in_sentence)(piece.first, piece.end)
        limit = IDLE if piece.alone and int(likely.argmax()) in idle else 1.0
        return SURENESS * math.log(min(float(likely.max()), limit))

    def score(pieces: Sequence[Piece]) -> float:
        cut = {piece.first for piece in pieces}
        total = 0.0
        for place in places:
            least = EVEN if place in paused else BELIEVED
            likely = min(max(float(opens[place]), least), 1 - BELIEVED)
            total += math.log(likely if place in cut else 1 - likely)
        return total + sum(map(surety, pieces))

    return max(_cuttings(sure, places, len(opens), starts), key=score)


def _cuttings(sure: Sequence[int], places: Sequence[int], end: int, starts: Sequence[int]) -> Iterator[list[Piece]]:
    """Every way to cut, its pieces in their sentence and, unless the first look has cut so, alone."""
    for count in range(len(places) + 1):
        for chosen in combinations(places, count):
            begins = sorted([0, *sure, *chosen])
            edges = list(pairwise([*begins, end]))
            yield [Piece(first, last, False) for first, last in edges]
            if begins != list(starts) and all(last - first >= SHORTEST for first, last in edges):
                yield [Piece(first, last, True) for first, last in edges]
