"""Tells Mandarin and English apart by script.

People mix both: 播放 Hello Kitty, navigate to 外滩. The language is the one most of the words are in, and when
neither dominates, the one the sentence begins in, because that is where the verb stands.
"""

from __future__ import annotations

import re

from ..events import Language

_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[^\W\d_\u3400-\u9fff\uf900-\ufaff]+")
_DOMINANT = 4
"""So many times more words (a Chinese character counting as one) settle it."""


def is_chinese(sign: str) -> bool:
    """Whether a character is a Chinese one."""
    return "\u3400" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff"


def language_of(text: str, default: Language) -> Language:
    """`zh` or `en`; the default for a text without letters."""
    chinese = _CHINESE.search(text)
    latin = _LATIN_WORD.search(text)
    if not chinese or not latin:
        return "zh" if chinese else "en" if latin else default
    characters, words = len(_CHINESE.findall(text)), len(_LATIN_WORD.findall(text))
    if characters >= _DOMINANT * words:
        return "zh"
    if words >= _DOMINANT * characters:
        return "en"
    return "zh" if chinese.start() < latin.start() else "en"
