"""One sentence in, one intent and its entities out: the trained pipeline as Rasa would run it.

Nothing here looks at the meaning of what was found; splitting, normalising values and deciding what is out of
scope is the interpreter's work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .boundaries import BoundaryTagger
from .clauses import ClauseSplitter, Meaning, Understood
from .diet import Diet
from .features import Features, FeatureTables
from .model import DietSpec, NluModel
from .negation import is_overlooked, without_negation
from .spans import spans
from .text import Text, without_punctuation
from .tokens import tokenizer

RANKED = 5
"""Intents that are told of a request."""


@dataclass(frozen=True, slots=True)
class ParsedEntity:
    """An entity of the parsed text."""

    entity: str
    value: str
    """The words, or the synonym value they stand for."""
    start: int
    end: int
    role: str | None
    group: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the network says about one request."""

    ranking: tuple[tuple[str, float], ...]
    """The likeliest intents with their probabilities, best first."""
    entities: tuple[ParsedEntity, ...]

    @property
    def intent(self) -> str:
        """The likeliest."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.ranking[0][1]

    @property
    def margin(self) -> float:
        """By how much it beats the next."""
        return self.confidence - (self.ranking[1][1] if len(self.ranking) > 1 else 0.0)


def ranked(
    probabilities: NDArray[np.float32], intents: Sequence[str], entities: tuple[ParsedEntity, ...]
) -> Parsed:
    """The likeliest of all intents, with their entities."""
    best = probabilities.argsort()[::-1][:RANKED]
    return Parsed(tuple((intents[int(index)], float(probabilities[index])) for index in best), entities)


class DietReader:
    """A compiled pipeline around DIETClassifier, and the clause splitter that makes several requests of a
    sentence.
    """

    def __init__(self, model: NluModel, spec: DietSpec, network: Path, boundaries: Path | None) -> None:
        """Load the networks; without `boundaries` only single requests can be parsed.

        Raises:
            ModelError: one is missing or damaged.
        """
        self._model, self._spec = model, spec
        self._tokenize = tokenizer(model.tokenizer)
        self._tables = FeatureTables(spec.featurizers)
        self._diet = Diet(network, spec.tags)
        tagger = BoundaryTagger(boundaries, spec.boundary_tokens) if boundaries else None
        self._splitter = ClauseSplitter(tagger, self._tokenize) if tagger else None

    def features(self, text: str) -> Features:
        """What the network is given for a text."""
        return self._tables.features(text, self._tokenize(text))

    def parse(self, text: str) -> Parsed:
        """Understand a text that isn't empty, as one request."""
        tokens = self._tokenize(text)
        prediction = self._diet.predict(self._tables.features(text, tokens))
        entities = tuple(
            ParsedEntity(
                span.entity,
                self._value(text[span.start : span.end]),
                span.start,
                span.end,
                span.role,
                span.group,
                span.confidence,
            )
            for span in spans(tokens, prediction.tags, self._spec.bilou, self._spec.split_entities)
        )
        return ranked(prediction.intents, self._model.intents, entities)

    def read(self, text: Text, understand: Callable[[Text, Parsed], Meaning[Understood]]) -> list[Understood]:
        """What the requests of an utterance mean; see `Reader.read`."""
        assert self._splitter is not None, "a reader without boundaries parses single requests"
        whole = without_punctuation(text)
        if whole and without_negation(whole.text):
            parsed = self.parse(whole.text)
            if is_overlooked(whole.text, parsed, self.parse):  # cut up, its pieces would be commands after all
                return [understand(whole, parsed).content]
        return self._splitter.split(text, lambda part: understand(part, self.parse(part.text)))

    def _value(self, words: str) -> str:
        return self._model.synonyms.get(words.lower(), words)
