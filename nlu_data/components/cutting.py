"""Decides where the requests of an utterance begin, from the network's scores.

`nlu/multi_intent.py` of the package does the same on board; the compiler compares both on every training text.
"""

from __future__ import annotations

import numpy as np

DOUBT = 0.02
"""Probability from which a request may begin at a word."""
MOST_CUTS = 6
"""Places tried."""
SURENESS = 6.0
"""How much the surety of intents counts against that of places."""


def cuts(opens: np.ndarray, intents: np.ndarray) -> list[int]:
    """Where requests begin, among the words of an utterance: the likeliest cutting by places and intents together.

    Where the network is in two minds whether a request begins, the cutting wins whose requests are surest of their
    intents (dynamic programming over the doubtful places).

    Args:
        opens: probability that each word opens a request.
        intents: intent scores of each word; shape [words, intents].
    """
    doubtful = [index for index in range(1, len(opens)) if opens[index] > DOUBT]
    doubtful = sorted(sorted(doubtful, key=lambda index: -opens[index])[:MOST_CUTS])
    if not doubtful:
        return [0]
    edges = [0, *doubtful, len(opens)]
    likely = np.clip(opens[doubtful], DOUBT, 1 - DOUBT)
    sums = np.concatenate([np.zeros_like(intents[:1]), intents.cumsum(0)])
    pairs = [(left, right) for right in range(1, len(edges)) for left in range(right)]
    lefts, rights = (np.array([edges[pair[side]] for pair in pairs]) for side in (0, 1))
    means = (sums[rights] - sums[lefts]) / (rights - lefts)[:, None]
    sure = -np.log(np.exp(means - means.max(1, keepdims=True)).sum(1))
    stays = np.concatenate([[0.0], np.log(1 - likely).cumsum()])
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for right in range(1, len(edges)):
        options = []
        for left in range(right):
            score = best[left][0] + SURENESS * float(sure[pairs.index((left, right))])
            score += float(stays[right - 1] - stays[left]) + (float(np.log(likely[left - 1])) if left else 0.0)
            options.append((score, [*best[left][1], edges[left]]))
        best.append(max(options))
    return best[-1][1]


def softmax(values: np.ndarray) -> np.ndarray:
    """Scores as probabilities, row by row."""
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
