"""Runs the compiled DIET network: features in, intent probabilities and entity tags out.

DIET (Bunk et al. 2020, arXiv:2004.09936) shares one transformer between intents, read off the sentence position,
and entities, decoded from the token positions by a conditional random field. The network itself is ONNX, on one
thread: for a sentence of a dozen tokens more threads only cost time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .features import Counts, Features
from .model import TagSpec
from .network import open_network

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says about one sentence."""

    intents: Floats
    """Probability of each intent."""
    tags: dict[str, tuple[list[str], list[float]]]
    """Tag and its confidence at each token, by tagger; a tagger that found nothing is left out."""


class Diet:
    """The network of one compiled model."""

    def __init__(self, file: Path, taggers: tuple[TagSpec, ...]) -> None:
        """Load the network.

        Raises:
            ModelError: the file is missing or damaged.
        """
        self._session = open_network(file)
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._taggers = [
            (
                tagger,
                np.asarray(tagger.transitions, np.float32),
                np.asarray(tagger.from_entity, np.float32) if tagger.from_entity else None,
            )
            for tagger in taggers
        ]

    def predict(self, features: Features) -> Prediction:
        """Run one sentence."""
        token_rows, token_columns = _table(features.tokens)
        sentence_rows, sentence_columns = _table((features.sentence,))
        outputs = dict(
            zip(
                self._outputs,
                self._session.run(
                    None,
                    {
                        "token_counts": token_rows,
                        "token_columns": token_columns,
                        "sentence_counts": sentence_rows,
                        "sentence_columns": sentence_columns,
                    },
                ),
                strict=True,
            )
        )
        tags: dict[str, tuple[list[str], list[float]]] = {}
        entity_path: NDArray[np.intp] | None = None
        for tagger, transitions, from_entity in self._taggers:
            scores = outputs[tagger.kind]
            if from_entity is not None and entity_path is not None:
                scores = scores + from_entity[entity_path]
            states, back = _forward(scores, transitions)
            path = _path(states, back)
            if tagger.kind == "entity":
                entity_path = path
            if path.any():
                confidences = _confidences(states, transitions, int(path[-1]))
                tags[tagger.kind] = ([tagger.tags[index] for index in path], confidences)
        return Prediction(outputs["intent"][0], tags)


def _forward(scores: Floats, transitions: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Viterbi through a linear-chain CRF: best score of each tag at each step, and the tag before it.

    Args:
        scores: one row of tag scores a token; at least one row.
        transitions: score from tag (row) to tag (column).
    """
    states = np.empty_like(scores)
    back = np.zeros(scores.shape, np.intp)
    states[0] = scores[0]
    for step in range(1, len(scores)):
        candidates = states[step - 1][:, None] + transitions
        back[step] = candidates.argmax(0)
        states[step] = scores[step] + candidates.max(0)
    return states, back


def _path(states: Floats, back: NDArray[np.intp]) -> NDArray[np.intp]:
    """The best path of tags."""
    path = np.zeros(len(states), np.intp)
    path[-1] = states[-1].argmax()
    for step in range(len(states) - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path


def _confidences(states: Floats, transitions: Floats, last: int) -> list[float]:
    """Rasa's confidence in each tag of a path.

    A step's softmax over transitions is read at the next tag, or rather: Rasa scans its scores with the last score,
    cut to an integer, in place of the tag (crf.py, crf_decode_backward). The repair of inconsistent tags depends on
    it, so it is kept.
    """
    confidences = [_sureness(states[-1])] * len(states)
    column = last
    for step in range(len(states) - 1, 0, -1):
        confidences[step - 1] = _sureness(states[step - 1] + transitions[:, column])
        column = int(confidences[step - 1])
    return confidences


def _sureness(scores: Floats) -> float:
    """Softmax probability of the best."""
    return float(1 / np.exp(scores - scores.max()).sum())


def _table(rows: tuple[Counts, ...]) -> tuple[Floats, NDArray[np.int64]]:
    """Rows of counts as a matrix [rows, all features] and the columns of those features.

    Multiplied with the embeddings gathered at the columns this is the sparse product the network begins with.
    """
    columns = [column for row in rows for column, _ in row] or [0]
    counts = np.zeros((len(rows), len(columns)), np.float32)
    position = 0
    for index, row in enumerate(rows):
        for _, count in row:
            counts[index, position] = count
            position += 1
    return counts, np.asarray(columns, np.int64)
