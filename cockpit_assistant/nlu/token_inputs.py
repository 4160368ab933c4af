"""What the multi-intent network is told about tokens: place in the vocabulary, pieces, and the lists they are in.

A Chinese character's piece is its toneless pinyin, so one that a recogniser has confused with another of the same
sound is still half known; a word's pieces are its letter trigrams. The counterpart at training is
`components/token_features.py` of the Rasa project; the compiler compares both on every training text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .language import is_chinese
from .model import MultiIntentSpec

UNKNOWN = 1
COMMA = ","
NUMBER = "0"
MOST_PIECES = 10

_SPOKEN = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class TokenInputs:
    """A text as the network takes it."""

    tokens: tuple[int, ...]
    pieces: tuple[tuple[int, ...], ...]
    """Rows of each token's pieces."""
    marks: tuple[tuple[int, int], ...]
    """Token and column of every mark."""


class TokenTables:
    """The tables behind the network's input."""

    def __init__(self, spec: MultiIntentSpec) -> None:
        self._index = {token: index for index, token in enumerate(spec.vocabulary)}
        self._sounds = {character: sound for sound, characters in spec.sounds.items() for character in characters}
        self._buckets = spec.buckets
        self._tables = [_Table(spec.names[entity]) for entity in sorted(spec.names)]
        self._known: dict[str, tuple[int, ...]] = {}

    def inputs(self, tokens: Sequence[str]) -> TokenInputs:
        """The network's view of a row of tokens."""
        shapes = [self._shape(token) for token in tokens]
        lower = [token.lower() for token in tokens]
        marks = [
            (position, 2 * number + inside)
            for number, table in enumerate(self._tables)
            for position, inside in table.marks(lower)
        ]
        return TokenInputs(
            tuple(self._index.get(shape, UNKNOWN) for shape in shapes),
            tuple(self._pieces(token) for token in tokens),
            tuple(marks),
        )

    @property
    def width(self) -> int:
        """Columns of marks: begin and inside of each table, at least one."""
        return max(1, 2 * len(self._tables))

    @staticmethod
    def _shape(token: str) -> str:
        if not _SPOKEN.match(token):
            return COMMA
        return NUMBER if token[:1].isdigit() else token.lower()

    def _pieces(self, token: str) -> tuple[int, ...]:
        if (known := self._known.get(token)) is None:
            rows = (1 + zlib.crc32(piece.encode()) % (self._buckets - 1) for piece in self._spelt(token))
            known = tuple(rows)[:MOST_PIECES]
            if len(self._known) < 10_000:
                self._known[token] = known
        return known

    def _spelt(self, token: str) -> list[str]:
        if is_chinese(token[:1]) and "\u3400" <= token[:1] <= "\u9fff":
            return [f"pinyin {self._sounds[token]}"] if token in self._sounds else []
        if token[:1].isdigit():
            return [f"digits {len(token)}"]
        word = f"<{token.lower()}>"
        return [word[start : start + 3] for start in range(len(word) - 2)] if token[:1].isalpha() else []


class _Table:
    """Finds one lookup table's names."""

    def __init__(self, names: Iterable[Sequence[str]]) -> None:
        self._names = {tuple(name) for name in names if name}
        self._longest: dict[str, int] = {}
        for name in self._names:
            self._longest[name[0]] = max(self._longest.get(name[0], 0), len(name))

    def marks(self, tokens: Sequence[str]) -> list[tuple[int, bool]]:
        """Each token in a name, and whether it goes on with it; the longest name wins, from left to right."""
        found: list[tuple[int, bool]] = []
        position = 0
        while position < len(tokens):
            reach = min(self._longest.get(tokens[position], 0), len(tokens) - position)
            name = (n for n in range(reach, 0, -1) if tuple(tokens[position : position + n]) in self._names)
            length = next(name, 0)
            found += [(position + offset, bool(offset)) for offset in range(length)]
            position += length or 1
        return found
