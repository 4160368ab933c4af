"""What reads an utterance: one protocol over the two kinds of classifier a Rasa project can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .clauses import Meaning, Understood
from .model import BOUNDARIES_FILE, NETWORK_FILE, MultiIntentSpec, NluModel
from .multi_intent import MultiIntentReader
from .parser import DietReader, Parsed
from .text import Text


class Reader(Protocol):
    """Finds the requests of an utterance."""

    def parse(self, text: str) -> Parsed:
        """Understand a text that isn't empty, as one request."""
        ...

    def read(self, text: Text, understand: Callable[[Text, Parsed], Meaning[Understood]]) -> list[Understood]:
        """What the requests of an utterance mean, in spoken order; nothing for one without words.

        Args:
            text: normalised, with its punctuation.
            understand: what a request means: its stretch of the text, and what the network says of it. Of several
                ways to cut the utterance, the one whose meanings are surest wins.
        """
        ...


def open_reader(model: NluModel, folder: Path) -> Reader:
    """The reader of a compiled model.

    Raises:
        ModelError: a network is missing or damaged.
    """
    if isinstance(model.classifier, MultiIntentSpec):
        return MultiIntentReader(model, model.classifier, folder / NETWORK_FILE)
    return DietReader(model, model.classifier, folder / NETWORK_FILE, folder / BOUNDARIES_FILE)
