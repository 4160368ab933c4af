"""Cuts an utterance into the requests it consists of.

The tagger says how likely a request begins at each token, the parser how sure it is of each stretch, and the
cutting that is likeliest by both wins. A stretch that is no confident request can't stand, so a sentence that makes
sense only as a whole stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import prod
from typing import Generic, TypeVar

from .boundaries import COMMA, BoundaryTagger, Place
from .text import Text, without_punctuation
from .tokens import Token, Tokenizer

Understood = TypeVar("Understood")

PUNCTUATION = re.compile(r"(?<!\d)[.,:]|[.,:](?!\d)|[!?;、。…~·\-—]+")
COMMA_GAP = " , "

_PLAUSIBLE = 0.02
"""Probability from which the tagger's doubt is worth a try."""
_PLACES = 5
"""Places tried, the likeliest: every further one doubles the stretches."""
_LEAST, _MOST = 0.3, 0.7
"""How far the tagger is believed: whatever it says, the parser can overrule it."""
_STRICTNESS = 4
"""Power of a stretch's confidence: half-sure stretches count for little, so that few sentences fall to pieces."""


@dataclass(frozen=True, slots=True)
class Meaning(Generic[Understood]):
    """What a stretch of text means."""

    content: Understood
    confidence: float
    """0 where it is no request that could stand beside others."""


class ClauseSplitter:
    """Finds the best cutting."""

    def __init__(self, tagger: BoundaryTagger, tokenize: Tokenizer) -> None:
        self._tagger = tagger
        self._tokenize = tokenize

    def split(self, text: Text, understand: Callable[[Text], Meaning[Understood]]) -> list[Understood]:
        """What the stretches of an utterance mean, in spoken order; nothing for one without words.

        Args:
            text: normalised, with its punctuation.
            understand: what a stretch without punctuation means.
        """
        marked = text.replaced(PUNCTUATION, COMMA_GAP).stripped()
        tokens = [token for token in self._tokenize(marked.text) if token.text.strip()]
        if not tokens:
            return []
        words, places = self._places(tokens)
        known: dict[tuple[int, int], Meaning[Understood]] = {}

        def meaning(first: int, last: int) -> Meaning[Understood]:
            if (first, last) not in known:
                known[first, last] = understand(stretch(marked, tokens, first, last))
            return known[first, last]

        best, cutting = -1.0, [(words[0], words[-1])]
        for count in range(len(places) + 1):
            for cuts in combinations(places, count):
                score = prod(likely if place in cuts else 1 - likely for place, likely in places.items())
                stretches = _stretches(words, cuts)
                for first, last in stretches:
                    if score <= best:
                        break
                    score *= meaning(first, last).confidence ** _STRICTNESS
                if score > best:
                    best, cutting = score, stretches
        return [meaning(first, last).content for first, last in cutting]

    def _places(self, tokens: Sequence[Token]) -> tuple[list[int], dict[int, float]]:
        """The tokens that are no mere joints, and where a request may begin, in order, with how likely that is."""
        probabilities = self._tagger.places([token.text for token in tokens])
        words: list[int] = []
        begins: dict[int, float] = {}
        joined = False
        for index, token in enumerate(tokens):
            if token.text == COMMA:
                continue
            if Place(probabilities[index].argmax()) is Place.JOINS:
                joined = True
                continue
            likely = 1.0 if joined else float(probabilities[index, Place.OPENS])
            if words and likely >= _PLAUSIBLE:
                begins[index] = likely
            words.append(index)
            joined = False
        if not words:  # nothing but fillers: then they are what was said
            return list(range(len(tokens))), {}
        tried = sorted(begins, key=lambda index: begins[index], reverse=True)[:_PLACES]
        return words, {index: _LEAST + (_MOST - _LEAST) * begins[index] for index in sorted(tried)}


def _stretches(words: Sequence[int], cuts: Sequence[int]) -> list[tuple[int, int]]:
    """First and last token of each stretch between cuts, joints at its ends left out."""
    edges = [words[0], *cuts, words[-1] + 1]
    return [(first, max(word for word in words if word < following)) for first, following in pairwise(edges)]


def stretch(text: Text, tokens: Sequence[Token], first: int, last: int) -> Text:
    """The text from one token to another, without punctuation."""
    return without_punctuation(text[tokens[first].start : tokens[last].end])
