"""Tells whether a sentence forbids what it seems to ask for: 别开窗, "don't open the window".

A network trained on requests may overlook the little word. So the sentence is understood once more without it: if
that means the same and even more surely, the word was overlooked, and the speaker wants the opposite of what would
be done. 别放了 is less sure without it: there the word has been heard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parser import Parsed

_NEGATION = re.compile(
    r"千万别|(?<!要)不要|别(?![的人处墅针])|甭|不许|不准|不用"
    r"|(?<!why )\b(?:don'?t|do not|doesn'?t|never|must not|mustn'?t|shouldn'?t|not)\b",
    re.IGNORECASE,
)
_EDGES = " ,，。.!！?？"


def without_negation(text: str) -> str | None:
    """The text without its negations; None if it has none."""
    rest, count = _NEGATION.subn(" ", text)
    return re.sub(r"\s+", " ", rest).strip(_EDGES) if count else None


def is_overlooked(text: str, parsed: Parsed, parse: Callable[[str], Parsed]) -> bool:
    """Whether the network has overlooked that a request forbids what it was taken for.

    Args:
        text: the request.
        parsed: what it was taken for.
        parse: the network, to ask again without the negation.
    """
    rest = without_negation(text)
    if not rest:
        return False
    bare = parse(rest)
    return bare.intent == parsed.intent and bare.confidence >= parsed.confidence


def torn_off(text: str, start: int, end: int) -> bool:
    """Whether a stretch has been cut off from a negation before it, or from what its own negation forbids."""
    for match in _NEGATION.finditer(text):
        before = match.start() < start and not text[match.end() : start].strip()
        after = (
            start <= match.start() < end and match.end() >= len(text[:end].rstrip()) and text[end:].strip(_EDGES)
        )
        if before or after:
            return True
    return False
