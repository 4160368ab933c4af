"""Cuts an utterance into the requests it may consist of.

The tagger proposes; the parser decides whether a cut stands: a part that is no confident request on its own is put
back together with its neighbour, across the weaker boundary first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .boundaries import COMMA, BoundaryTagger, Place
from .text import Text, without_punctuation
from .tokens import Token, Tokenizer

Understood = TypeVar("Understood")

_PUNCTUATION = re.compile(r"(?<!\d)[.,:]|[.,:](?!\d)|[!?;、。…~·\-—]+")
_COMMA_GAP = " , "


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the utterance that may be a request."""

    text: Text
    """Without punctuation."""
    boundary: float
    """How sure the tagger is that it begins here; 1 for the first part."""


class ClauseSplitter:
    """Proposes where to cut."""

    def __init__(self, tagger: BoundaryTagger, tokenize: Tokenizer) -> None:
        self._tagger = tagger
        self._tokenize = tokenize

    def parts(self, text: Text) -> list[Part]:
        """The utterance cut wherever the tagger thinks it possible; at least one part unless there are no words.

        Args:
            text: normalised, with its punctuation.
        """
        marked = text.replaced(_PUNCTUATION, _COMMA_GAP).stripped()
        tokens = [token for token in self._tokenize(marked.text) if token.text.strip()]
        if not tokens:
            return []
        probabilities = self._tagger.places([token.text for token in tokens])
        parts: list[Part] = []
        first = last = -1  # tokens of the part that is being read
        strength = 1.0
        joined = False  # whether a connective stands between that part and this token
        for index, token in enumerate(tokens):
            place = Place(probabilities[index].argmax())
            if place is Place.JOINS or token.text == COMMA:
                joined |= token.text != COMMA
                continue
            if first >= 0 and (place is Place.OPENS or joined):
                parts.append(_part(marked, tokens, first, last, strength))
                first, strength = -1, float(probabilities[index, Place.OPENS])
            if first < 0:
                first = index
            last, joined = index, False
        if first < 0:  # nothing but fillers: then they are what was said
            first, last = 0, len(tokens) - 1
        parts.append(_part(marked, tokens, first, last, strength))
        return [part for part in parts if part.text]


def _part(text: Text, tokens: Sequence[Token], first: int, last: int, boundary: float) -> Part:
    return Part(without_punctuation(text[tokens[first].start : tokens[last].end]), boundary)


def confirmed(
    parts: Sequence[Part], understand: Callable[[Text], tuple[Understood, bool]], whole: Text
) -> list[Understood]:
    """What the parts mean, after every part that isn't a request of its own has been given back to a neighbour.

    Args:
        parts: as proposed.
        understand: what a text means, and whether that is a confident request.
        whole: the text the parts were cut from.
    """
    remaining = list(parts)
    known: dict[tuple[int, ...], tuple[Understood, bool]] = {}

    def meaning(part: Part) -> tuple[Understood, bool]:
        if part.text.origins not in known:
            known[part.text.origins] = understand(part.text)
        return known[part.text.origins]

    while len(remaining) > 1:
        failing = [index for index, part in enumerate(remaining) if not meaning(part)[1]]
        if not failing:
            break
        beside = {boundary for index in failing for boundary in (index, index + 1) if 0 < boundary < len(remaining)}
        weakest = min(beside, key=lambda boundary: remaining[boundary].boundary)
        remaining[weakest - 1 : weakest + 1] = [_merged(remaining[weakest - 1], remaining[weakest], whole)]
    return [meaning(part)[0] for part in remaining]


def _merged(left: Part, right: Part, whole: Text) -> Part:
    """Both parts with what stood between them."""
    first = whole.origins.index(left.text.origins[0])
    last = len(whole.origins) - 1 - whole.origins[::-1].index(right.text.origins[-1])
    return Part(without_punctuation(whole[slice(first, last + 1)]), left.boundary)
