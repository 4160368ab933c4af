"""One utterance as the network takes it, with what it is to say about it."""

from __future__ import annotations

from dataclasses import dataclass

INSIDE, OPENS, JOINS = range(3)
"""Places of a token."""


@dataclass
class Sentence:
    """One utterance as numbers."""

    tokens: list[int]
    pieces: list[list[int]]
    marks: list[tuple[int, int]]
    places: list[int]
    requests: list[int]
    """The number of the request each token belongs to; -1 for joints."""
    intents: list[int]
    """The intent of each request."""
    tags: list[int]
