"""One sentence in, one intent and its entities out: the trained pipeline as Rasa would run it.

Nothing here looks at the meaning of what was found; splitting, normalising values and deciding what is out of
scope is the interpreter's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .diet import Diet
from .features import Features, FeatureTables
from .model import NluModel
from .spans import spans
from .tokens import tokenizer


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
    """The best intent and how sure the network is."""

    intent: str
    confidence: float
    margin: float
    """By how much it beats the next intent."""
    entities: tuple[ParsedEntity, ...]


class Parser:
    """A compiled pipeline."""

    def __init__(self, model: NluModel, network: Path) -> None:
        """Load the network.

        Raises:
            ModelError: it is missing or damaged.
        """
        self._model = model
        self._tokenize = tokenizer(model.tokenizer)
        self._tables = FeatureTables(model.featurizers)
        self._diet = Diet(network, model.tags)

    def features(self, text: str) -> Features:
        """What the network is given for a text."""
        return self._tables.features(text, self._tokenize(text))

    def parse(self, text: str) -> Parsed:
        """Understand a text that isn't empty."""
        tokens = self._tokenize(text)
        prediction = self._diet.predict(self._tables.features(text, tokens))
        ranking = prediction.intents.argsort()[::-1]
        best = float(prediction.intents[ranking[0]])
        second = float(prediction.intents[ranking[1]]) if len(ranking) > 1 else 0.0
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
            for span in spans(tokens, prediction.tags, self._model.bilou, self._model.split_entities)
        )
        return Parsed(self._model.intents[int(ranking[0])], best, best - second, entities)

    def _value(self, words: str) -> str:
        return self._model.synonyms.get(words.lower(), words)
