"""The wake phrase as text: found at the beginning of a transcript by its sound, and cut off.

Recognisers spell a name they don't know in many ways: 你好小诺 comes back as 你好，小罗 or 你好小糯, "hey Nova" as
"Hanover", "hey no va" or 嘿诺娃. So text is compared in a coarse alphabet of sounds, pinyin without tones for Han
characters and a reduced spelling for Latin words, by a weighted edit distance in which sounds that speakers and
recognisers confuse (n and l, v and w, one vowel and another) cost little. A found phrase is also the second
opinion on a wake detection: the words were really there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

NEEDED = 0.7
"""Similarity from which a phrase counts as spoken."""

NEEDED_HAN = 0.8
"""The same for a phrase in Han characters, whose recognised spelling is closer to the sound than English is."""

NAME_NEEDED = 0.65
"""The same for a phrase's last word, or last Han character: the greeting before the name is everybody's."""

_VOWELS = frozenset("aeiou")
_ALIKE = (
    frozenset("nl"), frozenset("mn"), frozenset("vw"), frozenset("vb"), frozenset("vf"), frozenset("bp"),
    frozenset("dt"), frozenset("gk"), frozenset("zs"), frozenset("sc"), frozenset("lr"), frozenset("hf"),
    frozenset("zc"), frozenset("rn"),
)  # fmt: skip
_SKIP = 0.12
"""Cost of a sound before the phrase: an "uh" or the end of something said before."""
_SKIPPED = 6
_PINYIN = (
    ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("uo", "o"), ("ao", "au"), ("ue", "e"), ("v", "u"),
    ("q", "c"), ("x", "s"), ("j", "z"), ("y", "i"), ("w", "u"), ("iu", "iou"),
)  # fmt: skip
_SPELLING = (
    ("ph", "f"), ("gh", ""), ("ck", "k"), ("kn", "n"), ("wr", "r"), ("sh", "s"), ("ch", "c"), ("th", "t"),
    ("ng", "n"), ("qu", "kw"), ("x", "s"), ("ce", "se"), ("ci", "si"), ("c", "k"), ("q", "k"), ("j", "z"),
    ("ey", "ei"), ("ay", "ei"), ("ow", "ou"), ("y", "i"),
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z']+|[\u3400-\u9fff]")
_TRAILING = "，,。.、！!？?：:；;~～—-… \t\n"


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A wake phrase at the beginning of a transcript."""

    phrase: str
    similarity: float
    """1 for the same sounds, 0 for nothing in common; at least what is needed."""
    rest: str
    """What was said after it, without the punctuation between; empty when nothing was."""


def find_phrase(text: str, phrases: Iterable[str]) -> PhraseMatch | None:
    """The phrase a transcript begins with, or None; of several the most similar. A repeated one is cut whole."""
    best = max(
        (match for phrase in phrases if (match := _match(text, phrase))),
        key=lambda match: match.similarity,
        default=None,
    )
    while best is not None and (again := _match(best.rest, best.phrase, skip=False)):
        best = PhraseMatch(best.phrase, best.similarity, again.rest)
    return best


def strip_phrase(text: str, phrases: Iterable[str]) -> str:
    """The transcript without the wake phrase at its beginning; unchanged where there is none."""
    match = find_phrase(text, phrases)
    return text if match is None else match.rest


def syllables_differ(one: str, other: str) -> bool:
    """Whether two Han characters sound clearly different, tones aside."""
    return _align(_sounds(one), _sounds(other), name=0, skip=False)[-1].cost >= 0.8


@dataclass(frozen=True, slots=True, order=True)
class _Path:
    """An alignment of the phrase with a beginning of what was heard."""

    cost: float
    before_name: float = 0.0
    """The part of the cost that came up before the name."""


def _match(text: str, phrase: str, *, skip: bool = True) -> PhraseMatch | None:
    wanted = _sounds(phrase)
    if not wanted:
        return None
    name = len(_sounds(_WORD.findall(phrase)[-1]))
    needed = NEEDED if phrase.isascii() else NEEDED_HAN
    heard, ends = "", {}
    for word in _WORD.finditer(text):
        heard += _sounds(word.group())
        ends[len(heard)] = word.end()
        if len(heard) > len(wanted) * 2 + _SKIPPED:
            break
    paths = _align(wanted, heard, name=len(wanted) - name, skip=skip)
    good = [
        (path.cost, -at)
        for at, path in enumerate(paths)
        if at in ends
        and path.cost <= (1 - needed) * len(wanted)
        and path.cost - path.before_name <= (1 - NAME_NEEDED) * name
    ]
    if not good:
        return None
    # Of equally near places the later one: its last sounds belong to the phrase, not to the command.
    cost, place = min((round(cost, 3), at) for cost, at in good)
    return PhraseMatch(phrase, 1 - cost / len(wanted), text[ends[-place] :].lstrip(_TRAILING))


def _align(wanted: str, heard: str, *, name: int, skip: bool) -> list[_Path]:
    """The cheapest path to each beginning of what was heard; its first sounds cost little if `skip`.

    `name` is the place in the phrase where its name begins.
    """
    row = [_Path((_SKIP if skip and at <= _SKIPPED else 1.0) * at) for at in range(len(heard) + 1)]
    for count, sound in enumerate(wanted, 1):
        above, row = row, [_Path(row[0].cost + _lost(sound), row[0].before_name)]
        for at, other in enumerate(heard, 1):
            ways = (
                (above[at], _lost(sound)),
                (row[at - 1], _lost(other)),
                (above[at - 1], _exchanged(sound, other)),
            )
            row.append(min(_Path(path.cost + cost, path.before_name) for path, cost in ways))
        if count == name:
            row = [_Path(path.cost, path.cost) for path in row]
    return row


def _lost(sound: str) -> float:
    return 0.7 if sound in _VOWELS else {"h": 0.3, "r": 0.5}.get(sound, 1.0)


def _exchanged(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        return 0.35
    if any(one in pair and other in pair for pair in _ALIKE):
        return 0.3
    return 1.0


@lru_cache(maxsize=4096)
def _sounds(text: str) -> str:
    """你好 → "nihau", "Hey Nova" → "heinova"."""
    return "".join(
        _reduced(word.lower().replace("'", ""), _SPELLING) if word.isascii() else _reduced(_toneless(word), _PINYIN)
        for word in _WORD.findall(text)
    )


def _toneless(character: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(character, style=Style.NORMAL))


def _reduced(letters: str, rules: tuple[tuple[str, str], ...]) -> str:
    for old, new in rules:
        letters = letters.replace(old, new)
    return re.sub(r"(.)\1+", r"\1", letters)
