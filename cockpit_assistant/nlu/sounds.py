"""How alike two names sound, in Mandarin or English.

Mandarin is compared syllable by syllable without tones, each character in its usual reading; the confusions that
speakers from the south and recognisers make (n/l, zh/z, an/ang …) count half. English is compared by a spelling
reduced to its sounds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from .language import is_chinese

PINYIN = Path(__file__).with_name("pinyin.txt")

_INITIAL = re.compile(r"zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]")
_CONFUSED = [
    *(frozenset(pair) for pair in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"), ("r", "l"))),
    *(frozenset(pair) for pair in (("an", "ang"), ("en", "eng"), ("in", "ing"), ("ian", "iang"), ("uan", "uang"))),
]
_HALF = 0.5
_SCRIPTS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\u3400-\u9fff\uf900-\ufaff]+")
_SPELLINGS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^a-z]", ""),
        (r"^kn|^gn", "n"),
        (r"^wr", "r"),
        (r"ph", "f"),
        (r"sch|sh|tch|ch", "x"),
        (r"gh", ""),
        (r"c(?=[eiy])", "s"),
        (r"[cqk]+", "k"),
        (r"z", "s"),
        (r"th", "t"),
        (r"w|v", "v"),
        (r"(?<=[aeiouy])h", ""),
        (r"[aeiouy]+", "a"),
        (r"(.)\1+", r"\1"),
        (r"(?<=.)a$", ""),
    )
]


_LETTERS = (
    "ay", "bee", "see", "dee", "ee", "ef", "jee", "aitch", "eye", "jay", "kay", "el", "em",
    "en", "oh", "pee", "cue", "ar", "es", "tee", "you", "vee", "double you", "ex", "why", "zee",
)  # fmt: skip
_LONGEST_INITIALS = 4
"""Capitals up to here are initials, read letter by letter: recognisers write Emma as MA."""


@lru_cache(maxsize=4096)
def sounds(name: str) -> tuple[str, ...]:
    """A name as a row of sounds: a pinyin syllable for each Chinese character, a letter for each other sound."""
    row: list[str] = []
    for piece in _SCRIPTS.findall(name):
        row.extend(_syllables(piece) if is_chinese(piece[0]) else _spelt(piece))
    return tuple(row)


def _syllables(characters: str) -> list[str]:
    """Each character's usual reading; a rare one sounds like itself."""
    table = _table()
    return [table.get(character, character) for character in characters]


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    """Reading of each character of GB 2312, generated with pypinyin, whose own dictionary takes 58 MB."""
    readings = {}
    for line in PINYIN.read_text(encoding="utf-8").splitlines():
        syllable, characters = line.split(" ")
        readings.update(dict.fromkeys(characters, syllable))
    return readings


def similarity(left: Sequence[str], right: Sequence[str]) -> float:
    """1 for the same sounds, 0 for nothing in common: edit distance over the longer of both."""
    longest = max(len(left), len(right))
    return 1 - _distance(left, right) / longest if longest else 1.0


def _spelt(word: str) -> str:
    if word.isupper() and word.isalpha() and len(word) <= _LONGEST_INITIALS:
        word = "".join(_LETTERS[ord(letter) - ord("A")] for letter in word if letter.isascii())
    word = word.lower()
    for pattern, sound in _SPELLINGS:
        word = pattern.sub(sound, word)
    return word


def _distance(left: Sequence[str], right: Sequence[str]) -> float:
    row: list[float] = list(range(len(right) + 1))
    for count, sound in enumerate(left, 1):
        previous, row[0] = row[0], count
        for index, other in enumerate(right, 1):
            changed = previous + _change(sound, other)
            previous = row[index]
            row[index] = min(changed, row[index] + 1, row[index - 1] + 1)
    return row[-1]


@lru_cache(maxsize=16384)
def _change(left: str, right: str) -> float:
    if left == right:
        return 0.0
    if len(left) == 1 or len(right) == 1:
        return 1.0
    (initial, final), (other_initial, other_final) = _split(left), _split(right)
    return min(1.0, _part(initial, other_initial) + _part(final, other_final))


def _split(syllable: str) -> tuple[str, str]:
    match = _INITIAL.match(syllable)
    initial = match.group() if match else ""
    return initial, syllable[len(initial) :]


def _part(left: str, right: str) -> float:
    if left == right:
        return 0.0
    return _HALF / 2 if frozenset((left, right)) in _CONFUSED else _HALF
