"""What the network is told about a token: its place in the vocabulary, its pieces, and which lists it is in.

A Chinese character's piece is its toneless pinyin syllable, so that a character which a recogniser has confused
with another of the same sound is still half known; a word's pieces are its letter trigrams, which do the same for
names and misspellings. The on-board counterpart is `nlu/token_inputs.py` of the package.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence

PADDING, UNKNOWN = 0, 1
COMMA = ","
"""Stands for every punctuation mark."""
NUMBER = "0"
"""Stands for every number in digits."""
MOST_PIECES = 10
"""Pieces of a token that are looked at."""


def shape(token: str) -> str:
    """A token as the network sees it: neither case nor the value of a number matters."""
    return NUMBER if token[:1].isdigit() else token.lower()


def is_chinese(token: str) -> bool:
    """Whether a token is a Chinese character."""
    return "\u3400" <= token[:1] <= "\u9fff"


def syllables(characters: Iterable[str]) -> dict[str, str]:
    """The toneless pinyin of each character, out of context."""
    from pypinyin import lazy_pinyin

    read = {character: lazy_pinyin(character)[0] for character in characters}
    return {character: syllable for character, syllable in read.items() if syllable.isascii()}


def common_characters() -> list[str]:
    """The 6,763 characters of GB 2312, which covers what is written in daily life."""
    found = []
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.append(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return found


class TokenFeatures:
    """The tables behind the network's input."""

    def __init__(self, vocabulary: Sequence[str], sounds: Mapping[str, str], buckets: int) -> None:
        """Take the tables.

        Args:
            vocabulary: shapes by index; the first two stand for no token and unknown tokens.
            sounds: pinyin syllable of each Chinese character.
            buckets: rows of the table of pieces; the first stands for no piece.
        """
        self.vocabulary = list(vocabulary)
        self.sounds = dict(sounds)
        self.buckets = buckets
        self._index = {token: index for index, token in enumerate(vocabulary)}
        self._pieces: dict[str, list[int]] = {}

    def index(self, shaped: str) -> int:
        """Row of a token's shape in the vocabulary."""
        return self._index.get(shaped, UNKNOWN)

    def pieces(self, token: str) -> list[int]:
        """Rows of a token's pieces."""
        if token not in self._pieces:
            self._pieces[token] = [
                1 + zlib.crc32(piece.encode()) % (self.buckets - 1) for piece in self._spelt(token)
            ][:MOST_PIECES]
        return self._pieces[token]

    def _spelt(self, token: str) -> list[str]:
        if is_chinese(token):
            return [f"pinyin {self.sounds[token]}"] if token in self.sounds else []
        if token[:1].isdigit():
            return [f"digits {len(token)}"]
        word = f"<{token.lower()}>"
        return [word[start : start + 3] for start in range(len(word) - 2)] if token[:1].isalpha() else []


class Lookups:
    """Finds the names of lookup tables in a row of tokens."""

    def __init__(self, names: Mapping[str, Iterable[Sequence[str]]]) -> None:
        """Take each table's names as rows of lower-case tokens."""
        self.entities = sorted(names)
        self._tables = []
        for entity in self.entities:
            table = {tuple(name) for name in names[entity] if name}
            self._tables.append((table, {name[0]: 0 for name in table}))
            for name in table:
                starts = self._tables[-1][1]
                starts[name[0]] = max(starts[name[0]], len(name))

    @property
    def width(self) -> int:
        """Columns of `marks`: begin and inside of each table."""
        return 2 * len(self.entities)

    def marks(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """Token and column of every mark; the longest name wins, from left to right."""
        found = []
        for number, (table, longest) in enumerate(self._tables):
            position = 0
            while position < len(tokens):
                reach = min(longest.get(tokens[position], 0), len(tokens) - position)
                length = next(
                    (n for n in range(reach, 0, -1) if tuple(tokens[position : position + n]) in table), 0
                )
                found += [(position + offset, 2 * number + bool(offset)) for offset in range(length)]
                position += length or 1
        return found
