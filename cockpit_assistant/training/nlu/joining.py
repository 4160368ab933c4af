"""Makes practice material for the clause tagger: the project's single requests, joined at random.

Half of the sentences stay single, so that the tagger learns what must not be cut; the rest are two or three
requests of one language, with or without a word or a comma between them. What is no request (small talk) is never
joined to anything, and teaches that sentences about windows aren't commands.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...nlu.boundaries import COMMA, UNKNOWN, Place, shape
from ...nlu.language import language_of
from ...nlu.tokens import Tokenizer
from .project import LanguageWords

SENTENCES = 60_000


@dataclass(frozen=True, slots=True)
class Example:
    """One training sentence."""

    text: str
    is_request: bool
    """Not small talk or anything else out of scope."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What the tagger learns from."""

    vocabulary: list[str]
    sentences: list[tuple[list[int], list[int]]]
    """Token indices and the Place of each."""


def practice(
    examples: Sequence[Example], words: Mapping[str, LanguageWords], tokenize: Tokenizer, seed: int
) -> Practice:
    """Join examples; the same seed gives the same material."""
    chance = random.Random(seed)
    by_language: dict[str, list[tuple[Example, list[str]]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for example in examples:
        tokens = [shape(token.text) for token in tokenize(example.text)]
        counts.update(tokens)
        by_language[language_of(example.text, "en")].append((example, tokens))
    for spoken in words.values():
        for phrase in (*spoken.connectives, *spoken.fillers):
            counts.update(dict.fromkeys((shape(token.text) for token in tokenize(phrase)), 2))
    vocabulary = ["", "<unknown>", *sorted(token for token, count in counts.items() if count > 1), COMMA]
    index = {token: number for number, token in enumerate(vocabulary)}
    languages = list(by_language)
    weights = [len(by_language[language]) for language in languages]
    requests = {
        language: [tokens for example, tokens in found if example.is_request]
        for language, found in by_language.items()
    }
    sentences = []
    for _ in range(SENTENCES):
        language = chance.choices(languages, weights)[0]
        spoken = words.get(language, LanguageWords())
        marked = _sentence(by_language[language], requests[language], spoken, tokenize, chance)
        # Names that nobody has heard of will come up: now and then a token is unknown.
        indices = [index.get(token, UNKNOWN) if chance.random() > 0.03 else UNKNOWN for token, _ in marked]
        sentences.append((indices, [int(place) for _, place in marked]))
    return Practice(vocabulary, sentences)


def _sentence(
    all_examples: Sequence[tuple[Example, list[str]]],
    requests: Sequence[list[str]],
    words: LanguageWords,
    tokenize: Tokenizer,
    chance: random.Random,
) -> list[tuple[str, Place]]:
    parts = chance.choices((1, 2, 3), (50, 35, 15))[0] if requests else 1
    chosen = [chance.choice(all_examples)[1]] if parts == 1 else [chance.choice(requests) for _ in range(parts)]
    marked: list[tuple[str, Place]] = []
    if words.fillers and chance.random() < 0.1:
        marked += _joining(chance.choice(words.fillers), tokenize)
    for number, tokens in enumerate(chosen):
        if number:
            if chance.random() < 0.2:
                marked.append((COMMA, Place.JOINS))
            if chance.random() < 0.6 and words.connectives:
                marked += _joining(chance.choice(words.connectives), tokenize)
        for position, token in enumerate(tokens):
            marked.append((token, Place.OPENS if number and not position else Place.INSIDE))
            # Recognisers put commas where a speaker hesitates.
            if chance.random() < 0.01:
                marked.append((COMMA, Place.INSIDE))
    return marked


def _joining(phrase: str, tokenize: Tokenizer) -> list[tuple[str, Place]]:
    return [(shape(token.text), Place.JOINS) for token in tokenize(phrase)]
