"""From a named response to the words that are spoken."""

from __future__ import annotations

import re
from collections import Counter
from typing import TypeAlias

from ..events import Language, Say, Value
from .domain import Domain
from .tracker import Manner

Slots: TypeAlias = tuple[tuple[str, Value], ...]
"""What fills a response's placeholders and decides its conditions, as `Say` carries it."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Wording:
    """Chooses among a response's variations, the least used first, and fills in the slots."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._used: Counter[str] = Counter()

    def __contains__(self, response: str) -> bool:
        return response in self._domain.responses

    def of(self, say: Say, language: Language, manner: Manner = Manner.PLAIN, *, brief: bool = False) -> str:
        """The sentence, the shortest if `brief`; empty where the project has no words for it in this language.

        `check` reports such gaps, so that they are found before a driver hears silence.
        """
        slots: dict[str, Value] = {**dict(say.slots), "language": language, "manner": manner.value}
        choices = self._domain.variations(say.response, slots)
        if not choices:
            return ""
        texts = [variation.text for variation in choices]
        if brief:
            texts = [text for text in texts if len(text) <= min(map(len, texts))]
        text = min(texts, key=lambda text: self._used[text])
        self._used[text] += 1
        return _PLACEHOLDER.sub(lambda match: spoken(slots.get(match[1], ""), language), text)


def together(sentences: list[str], language: Language) -> str:
    """Several replies as one, without empty ones and repetitions."""
    kept = list(dict.fromkeys(sentence.strip() for sentence in sentences if sentence.strip()))
    if language == "zh":
        return "".join(s if s[-1] in "。！？，" else s + "。" for s in kept) if len(kept) > 1 else "".join(kept)
    return " ".join(kept)


def spoken(value: Value, language: Language = "en") -> str:
    """A slot's value as it is said: 24.0 as 24, 22.5 as 22.5, -5 in Mandarin as 零下5."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value < 0 and language == "zh":
        return f"零下{-value:g}"
    return f"{value:g}"
