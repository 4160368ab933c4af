"""Turns tokens into the sparse features the network was trained on.

Each featuriser reproduces one of Rasa's, from the tables the compiler took out of the trained pipeline: regular
expressions and lookup tables, lexical properties of a token and its neighbours, counts of words or character
n-grams. A feature is a column of the network's input table with a count; token features and sentence features
have tables of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

from .model import CountSpec, FeaturizerSpec, LexicalSpec, RegexSpec
from .patterns import Pattern
from .tokens import Token

Counts: TypeAlias = tuple[tuple[int, float], ...]
"""Columns and how often each occurs."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the network reads: one set of columns for each token, one for the sentence."""

    tokens: tuple[Counts, ...]
    sentence: Counts


class Featurizer(Protocol):
    """One of the pipeline's featurisers."""

    token_width: int
    """Columns it takes in the token table."""
    sentence_width: int
    """Columns it takes in the sentence table; 0 when it has no sentence features."""

    def features(self, text: str, tokens: Sequence[Token]) -> Features:
        """Columns counted from the featuriser's own first one."""
        ...


class RegexFeaturizer:
    """Which regular expressions and lookup tables match, and which tokens they touch."""

    def __init__(self, spec: RegexSpec) -> None:
        self._patterns = [Pattern(pattern, spec.case_sensitive) for pattern in spec.patterns]
        self.token_width = self.sentence_width = len(spec.patterns)

    def features(self, text: str, tokens: Sequence[Token]) -> Features:
        """One column a pattern."""
        rows: list[list[tuple[int, float]]] = [[] for _ in tokens]
        sentence = []
        for column, pattern in enumerate(self._patterns):
            spans = pattern.spans(text)
            if not spans:
                continue
            touched = [
                row
                for row, token in zip(rows, tokens, strict=True)
                if any(token.start < end and token.end > start for start, end in spans)
            ]
            for row in touched:
                row.append((column, 1.0))
            if touched:
                sentence.append((column, 1.0))
        return Features(tuple(map(tuple, rows)), tuple(sentence))


_LEXICAL: dict[str, Callable[[str], object]] = {
    "low": str.islower,
    "title": str.istitle,
    "upper": str.isupper,
    "digit": str.isdigit,
    "prefix5": lambda word: word[:5],
    "prefix2": lambda word: word[:2],
    "suffix5": lambda word: word[-5:],
    "suffix3": lambda word: word[-3:],
    "suffix2": lambda word: word[-2:],
    "suffix1": lambda word: word[-1:],
}


class LexicalFeaturizer:
    """Properties of a token and of those around it, as `name=value` in a window around each token."""

    sentence_width = 0

    def __init__(self, spec: LexicalSpec) -> None:
        self._window = spec.window
        self._columns = {(place, name, value): column for place, name, value, column in spec.columns}
        self.token_width = len(spec.columns)

    def features(self, text: str, tokens: Sequence[Token]) -> Features:
        """One column for each property value seen in training at each place of the window."""
        last = len(tokens) - 1
        # With an even window Rasa looks one token further back than ahead.
        first_place = -(len(self._window) // 2)
        rows = []
        for anchor in range(len(tokens)):
            row = []
            for place, names in enumerate(self._window):
                position = anchor + first_place + place
                if not 0 <= position <= last:
                    continue
                for name in names:
                    column = self._columns.get((place, name, self._value(name, tokens, position)))
                    if column is not None:
                        row.append((column, 1.0))
            rows.append(tuple(row))
        return Features(tuple(rows), ())

    @staticmethod
    def _value(name: str, tokens: Sequence[Token], position: int) -> str:
        if name == "BOS":
            return str(position == 0)
        if name == "EOS":
            return str(position == len(tokens) - 1)
        return str(_LEXICAL[name](tokens[position].text))


_INTEGER = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"(?u)\b\w+\b")
_SPACES = re.compile(r"\s\s+")


class CountFeaturizer:
    """Counts of words or n-grams, as scikit-learn's CountVectorizer finds them in Rasa's CountVectorsFeaturizer."""

    def __init__(self, spec: CountSpec) -> None:
        self._columns = {term: column for column, term in enumerate(spec.vocabulary)}
        self._analyze = {"word": _word_ngrams, "char": _char_ngrams, "char_wb": _char_wb_ngrams}[spec.analyzer]
        self._ngrams = spec.ngrams
        self._lowercase = spec.lowercase
        self._oov = spec.oov if spec.analyzer == "word" and spec.oov in self._columns else None
        self.token_width = self.sentence_width = len(spec.vocabulary)
        # The same few hundred tokens make up most of what is said.
        self._of_token = lru_cache(maxsize=4096)(self._count)

    def features(self, text: str, tokens: Sequence[Token]) -> Features:
        """One column a term of the vocabulary."""
        words = [self._prepared(token.text) for token in tokens]
        return Features(tuple(self._of_token(word) for word in words), self._count(" ".join(words)))

    def _prepared(self, word: str) -> str:
        word = _INTEGER.sub("__NUMBER__", word)
        if self._lowercase:
            word = word.lower()
        return self._oov if self._oov is not None and word not in self._columns else word

    def _count(self, text: str) -> Counts:
        # CountVectorizer lowers once more what Rasa has already lowered: no difference, so not repeated here.
        found = Counter(
            column for term in self._analyze(text, *self._ngrams) if (column := self._columns.get(term)) is not None
        )
        return tuple((column, float(count)) for column, count in found.items())


def _word_ngrams(text: str, low: int, high: int) -> list[str]:
    words = _WORD.findall(text)
    return [
        " ".join(words[start : start + size])
        for size in range(low, min(high, len(words)) + 1)
        for start in range(len(words) - size + 1)
    ]


def _char_ngrams(text: str, low: int, high: int) -> list[str]:
    text = _SPACES.sub(" ", text)
    return [
        text[start : start + size]
        for size in range(low, min(high, len(text)) + 1)
        for start in range(len(text) - size + 1)
    ]


def _char_wb_ngrams(text: str, low: int, high: int) -> list[str]:
    found = []
    for word in text.split():
        padded = f" {word} "
        for size in range(low, high + 1):
            if size >= len(padded):
                # A word shorter than the n-gram counts once, at the first size that covers it.
                found.append(padded)
                break
            found.extend(padded[start : start + size] for start in range(len(padded) - size + 1))
    return found


class FeatureTables:
    """All featurisers of a pipeline side by side: the network's whole input."""

    def __init__(self, specs: Sequence[FeaturizerSpec]) -> None:
        self._featurizers = [_featurizer(spec) for spec in specs]

    def features(self, text: str, tokens: Sequence[Token]) -> Features:
        """Columns of the whole tables."""
        rows: list[list[tuple[int, float]]] = [[] for _ in tokens]
        sentence: list[tuple[int, float]] = []
        token_offset = sentence_offset = 0
        for featurizer in self._featurizers:
            found = featurizer.features(text, tokens)
            for row, counts in zip(rows, found.tokens, strict=True):
                row.extend([(token_offset + column, count) for column, count in counts])
            sentence.extend([(sentence_offset + column, count) for column, count in found.sentence])
            token_offset += featurizer.token_width
            sentence_offset += featurizer.sentence_width
        return Features(tuple(map(tuple, rows)), tuple(sentence))


def _featurizer(spec: FeaturizerSpec) -> Featurizer:
    if isinstance(spec, RegexSpec):
        return RegexFeaturizer(spec)
    return LexicalFeaturizer(spec) if isinstance(spec, LexicalSpec) else CountFeaturizer(spec)
