"""Names the project knows, and the one that was probably meant.

A recogniser writes 周结伦 or "jon smyth"; the project's lookup tables know 周杰伦 and John Smith. Only entities
with a lookup table are touched, and only when one entry clearly sounds most like what was heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .sounds import similarity, sounds

SURE = 0.75
"""Similarity from which a name counts as meant."""
MARGIN = 0.08
"""By which it must beat the next."""
SHORTEST = 2
"""Names of fewer sounds are too easily confused."""
MOST_CHOICES = 4
"""Names a listener can keep in mind."""


_Entry: TypeAlias = tuple[str, tuple[str, ...]]
"""A name and its sounds."""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of a lookup table."""

    name: str
    score: float
    """1 when it was heard exactly."""


class Catalogue:
    """The lookup tables of a project."""

    def __init__(self, tables: Mapping[str, Sequence[str]]) -> None:
        self._exact = {entity: {_key(name): name for name in names} for entity, names in tables.items()}
        self._names = {entity: [name.lower() for name in names.values()] for entity, names in self._exact.items()}
        self._index = {entity: _index(names.values()) for entity, names in self._exact.items()}

    def lists(self, entity: str) -> bool:
        """Whether there is a table for an entity."""
        return entity in self._exact

    def exact(self, entity: str, words: str) -> str | None:
        """The entry that is spelt like the words, apart from case and spaces."""
        return self._exact.get(entity, {}).get(_key(words))

    def whole_name(self, entity: str, text: str, start: int, end: int) -> tuple[int, int]:
        """Where the longest entry stands in the text that contains the words from start to end; else just these."""
        lower = text.lower()
        if len(lower) != len(text):  # a few letters change their length
            return start, end
        words, best = lower[start:end], (start, end)
        for name in self._names.get(entity, ()):
            if len(name) <= best[1] - best[0] or words not in name:
                continue
            # The first place where the entry would reach over the words.
            found = lower.find(name, max(0, end - len(name)), start + len(name))
            if found >= 0 and found <= start and found + len(name) >= end:
                best = (found, found + len(name))
        return best

    def match(self, entity: str, words: str) -> Match | None:
        """The entry that was meant; None when nothing in the table is like it, or several are equally so."""
        if (name := self.exact(entity, words)) is not None:
            return Match(name, 1.0)
        scored = self._alike(entity, words)
        if not scored or (len(scored) > 1 and scored[0][0] - scored[1][0] < MARGIN):
            return None
        return Match(scored[0][1], scored[0][0])

    def within(self, entity: str, text: str) -> str | None:
        """The longest entry that stands in a text, as whole words where it is written in letters."""
        lower = text.casefold()
        found = [name for name in self._exact.get(entity, {}).values() if _contains(lower, name.casefold())]
        return max(found, key=len, default=None)

    def choices(self, entity: str, words: str) -> tuple[str, ...]:
        """The few entries that may be meant where none fits exactly: those that contain the words, or sound alike.

        Empty where there is none, or more than anybody would want read out.
        """
        if self.exact(entity, words) is not None:
            return ()
        part = words.casefold()
        found = [name for name in self._exact.get(entity, {}).values() if _contains(name.casefold(), part)]
        if not found:
            scored = self._alike(entity, words)
            found = [name for score, name in scored if scored[0][0] - score < MARGIN]
        return tuple(found) if len(found) <= MOST_CHOICES else ()

    def _alike(self, entity: str, words: str) -> list[tuple[float, str]]:
        """Scores and names of the entries that sound like the words, the best first."""
        heard = sounds(words)
        if entity not in self._exact or len(heard) < SHORTEST:
            return []
        index = self._index[entity]
        alike = {entry for key in _keys(heard) for entry in index.get(key, ()) if _comparable(heard, entry[1])}
        scored = sorted(((similarity(heard, sound), name) for name, sound in alike), reverse=True)
        return [(score, name) for score, name in scored if score >= SURE]


def _contains(name: str, part: str) -> bool:
    """Whether a name has the words in it, whole words where it is written in letters."""
    if not part or part not in name or part == name:
        return False
    return part in name.split() or f" {part} " in f" {name} " or not part.isascii()


def _index(names: Iterable[str]) -> dict[str, list[_Entry]]:
    """Names by what they must have in common with whatever is taken for them."""
    index: dict[str, list[_Entry]] = {}
    for name in names:
        sound = sounds(name)
        for key in _keys(sound):
            index.setdefault(key, []).append((name, sound))
    return index


def _keys(sound: Sequence[str]) -> set[str]:
    """Each Chinese syllable; for other names the first sound."""
    syllables = {one for one in sound if len(one) > 1}
    return syllables or set(sound[:1])


def _key(name: str) -> str:
    return "".join(name.casefold().split())


def _comparable(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether lengths alone don't already rule out that they are alike."""
    return min(len(left), len(right)) >= SURE * max(len(left), len(right))
