"""Texts that nobody wrote, to compare two implementations on: training texts joined, cut, shuffled and soiled."""

from __future__ import annotations

import random
from collections.abc import Sequence

_DIRT = ("🙂", "…", "\u200b", "é", "12", "3.5", "-", "'", "“", " ", "ｱ", "龘", "ok", "%", "\t", "，")


def fuzz(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """So many texts with at least one letter or digit; the same seed gives the same texts."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        text = _soiled(chance.choice(texts), chance.choice(texts), chance)
        if any(sign.isalnum() for sign in text):
            made[text] = None
    return list(made)


def _soiled(left: str, right: str, chance: random.Random) -> str:
    kind = chance.randrange(5)
    if kind == 0:
        return f"{left}{chance.choice(('', ' ', ', ', '然后', ' and '))}{right}"
    if kind == 1:
        return left[: chance.randint(1, len(left))]
    if kind == 2:
        signs = list(left)
        chance.shuffle(signs)
        return "".join(signs)
    position = chance.randint(0, len(left))
    dirt = "".join(chance.choices(_DIRT, k=chance.randint(1, 4)))
    return (
        (left[:position] + dirt + left[position:]).upper()
        if kind == 3
        else left[:position] + dirt + right[position:]
    )
