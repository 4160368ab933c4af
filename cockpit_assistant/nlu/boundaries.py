"""Finds where one request ends and the next begins: 打开空调 | 把副驾车窗打开 | 然后 | 导航回家.

A small bidirectional recurrent network reads the tokens and says of each whether it goes on with the request, opens
a new one, or only joins or fills. It learns from the project's own single requests, joined at random, so it needs
no grammar and no list of verbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .network import open_network

UNKNOWN = 1
"""Index of tokens outside the vocabulary; 0 pads."""
COMMA = ","
"""Stands for every punctuation mark."""

Probabilities: TypeAlias = NDArray[np.float32]


class Place(IntEnum):
    """What a token does."""

    INSIDE = 0
    OPENS = 1
    JOINS = 2


def shape(token: str) -> str:
    """A token as the tagger sees it: case and the value of numbers don't matter."""
    return "0" if token[:1].isdigit() else token.lower()


class BoundaryTagger:
    """The network of one compiled model."""

    def __init__(self, file: Path, vocabulary: Sequence[str]) -> None:
        """Load the network.

        Raises:
            ModelError: the file is missing or damaged.
        """
        self._session = open_network(file)
        self._index = {token: index for index, token in enumerate(vocabulary)}

    def places(self, tokens: Sequence[str]) -> Probabilities:
        """For each token the probability of each Place; shape [tokens, 3]."""
        indices = np.array([self._index.get(shape(token), UNKNOWN) for token in tokens], np.int64)
        probabilities: Probabilities = self._session.run(None, {"tokens": indices})[0]
        return probabilities
