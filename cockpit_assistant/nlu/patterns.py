"""Finds where a regular expression or a lookup table of the pipeline matches, as Rasa's RegexFeaturizer would.

Rasa turns a lookup table into one alternative of all its names. Written like that, each of hundreds of names is
tried at every position; here names are grouped by their first sign, which finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


class Pattern:
    """One expression."""

    def __init__(self, expression: str, case_sensitive: bool) -> None:
        names = _listed_names(expression)
        # Lower case on both sides costs less than ignoring case in the search.
        self._lower = names is not None and not case_sensitive
        if names is not None:
            expression = _by_first_sign([name.lower() for name in names] if self._lower else names)
        ignoring = not case_sensitive and not self._lower
        self._finditer = re.compile(expression, re.IGNORECASE if ignoring else 0).finditer

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end of every match."""
        if self._lower and len(lower := text.lower()) == len(text):  # İ becomes two characters
            text = lower
        return [match.span() for match in self._finditer(text)]


def _listed_names(pattern: str) -> list[str] | None:
    """The escaped names of a lookup table, with the word boundaries around them; None for any other expression."""
    if not (pattern.startswith("(") and pattern.endswith(")")):
        return None
    names = pattern[1:-1].split("|")
    plain = [re.sub(r"\\(.)", r"\1", name.removeprefix(r"\b").removesuffix(r"\b")) for name in names]
    literal = all(
        re.escape(text) in (name, name.removeprefix(r"\b").removesuffix(r"\b"))
        for text, name in zip(plain, names, strict=True)
    )
    return names if literal and all(plain) else None


def _by_first_sign(names: Sequence[str]) -> str:
    """An expression with the same matches that tries only the names that begin with the sign at hand.

    Tables have hundreds of names, and an alternative of all of them tries each at every position. Names that begin
    differently never match at one place, so only the order among those that begin alike must stay.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        begin = re.match(r"(?:\\b)?\\?.", name, re.DOTALL)
        groups.setdefault(begin.group() if begin else "", []).append(name)
    return "|".join(
        f"{begin}(?:{'|'.join(name[len(begin) :] for name in alike)})" for begin, alike in groups.items()
    )
