"""Reads a whole utterance with one run of the network: where its requests are, their intents and entities.

The network gives each token three rows of scores: its place (inside a request, opening one, joining or filling),
the intent of the request it is in, and its entity tag. A request's intent is the mean of its tokens' scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .boundaries import Place
from .clauses import COMMA_GAP, PUNCTUATION, Meaning, Understood, stretch
from .model import MultiIntentSpec, NluModel
from .network import open_network
from .parser import Parsed, ParsedEntity, ranked
from .spans import OUTSIDE
from .text import Text
from .token_inputs import TokenInputs, TokenTables
from .tokens import Token, tokenizer

Floats: TypeAlias = NDArray[np.float32]

NEVER = -1e9
DOUBT = 0.02
"""Probability from which a request may begin at a word."""
MOST_CUTS = 6
"""Places tried."""
EAGERNESS = 2.0
"""By how much the odds are raised that a request begins: one that is swallowed is worse than one cut in two."""
SURENESS = 6.0
"""How much the surety of intents counts against that of places."""


@dataclass(frozen=True, slots=True)
class Found:
    """One request in a row of tokens."""

    intents: Floats
    """Probability of each intent."""
    first: int
    last: int


class MultiIntentReader:
    """A compiled MultiIntentClassifier."""

    def __init__(self, model: NluModel, spec: MultiIntentSpec, network: Path) -> None:
        """Load the network.

        Raises:
            ModelError: it is missing or damaged.
        """
        self._model, self._spec = model, spec
        self._tokenize = tokenizer(model.tokenizer)
        self._tables = TokenTables(spec)
        self._session = open_network(network)
        self._fitting = np.array(
            [_fitting(spec, spec.entities.get(intent, ())) for intent in model.intents], np.float32
        )

    def inputs(self, text: str) -> TokenInputs:
        """What the network is given for a text."""
        return self._tables.inputs([token.text for token in self._tokenize(text)])

    def parse(self, text: str) -> Parsed:
        """Understand a text as its first request."""
        return self.requests(text)[0]

    def requests(self, text: str) -> list[Parsed]:
        """Every request in a text that isn't empty, in spoken order, positions counted in the text."""
        tokens = self._tokenize(text)
        found, tags = self._run(tokens)
        return [self._parsed(request, tokens, tags, text, 0) for request in found]

    def read(self, text: Text, understand: Callable[[Text, Parsed], Meaning[Understood]]) -> list[Understood]:
        """What the requests of an utterance mean; nothing for one without words.

        Args:
            text: normalised, with its punctuation.
            understand: what a request means: its stretch of the text, and what the network says of it.
        """
        marked = text.replaced(PUNCTUATION, COMMA_GAP).stripped()
        tokens = [token for token in self._tokenize(marked.text) if token.text.strip()]
        if not any(token.text[0].isalnum() for token in tokens):
            return []
        found, tags = self._run(tokens)
        meanings = []
        for request in found:
            part = stretch(marked, tokens, request.first, request.last)
            # Commas inside a request have been taken out of its stretch, so positions are counted anew.
            parsed = self._parsed(request, tokens, tags, marked.text, tokens[request.first].start)
            meanings.append(understand(part, _without_gaps(parsed, marked, tokens[request.first].start, part)))
        return [meaning.content for meaning in meanings]

    def _run(self, tokens: Sequence[Token]) -> tuple[list[Found], list[tuple[str, float]]]:
        """The requests, and a tag with its confidence for each token."""
        inputs = self._tables.inputs([token.text for token in tokens])
        most = max(1, *map(len, inputs.pieces))
        pieces = np.zeros((len(tokens), most), np.int64)
        weights = np.zeros((len(tokens), most), np.float32)
        for row, own in enumerate(inputs.pieces):
            pieces[row, : len(own)] = own
            weights[row, : len(own)] = 1 / len(own) if own else 0
        marks = np.zeros((len(tokens), self._tables.width), np.float32)
        for row, column in inputs.marks:
            marks[row, column] = 1
        place, intent, tag = self._session.run(
            None,
            {
                "tokens": np.array(inputs.tokens, np.int64),
                "pieces": pieces,
                "piece_weights": weights,
                "marks": marks,
            },
        )
        places = place.argmax(-1)
        words = [index for index in range(len(tokens)) if places[index] != Place.JOINS] or list(range(len(tokens)))
        starts = cuts(_softmax(place)[words, Place.OPENS], intent[words])
        groups = [words[start:end] for start, end in pairwise([*starts, len(words)])]
        found = [Found(_softmax(intent[group].mean(0)), group[0], group[-1]) for group in groups]
        tags = [(OUTSIDE, 1.0)] * len(tokens)
        for group, request in zip(groups, found, strict=True):
            likely = _softmax(tag[group] + self._fitting[int(request.intents.argmax())])
            for index, own in zip(group, likely, strict=True):
                best = int(own.argmax())
                tags[index] = (self._spec.tags[best], float(own[best]))
        return found, tags

    def _parsed(
        self, request: Found, tokens: Sequence[Token], tags: Sequence[tuple[str, float]], text: str, origin: int
    ) -> Parsed:
        entities: list[ParsedEntity] = []
        last = OUTSIDE
        for index in range(request.first, request.last + 1):
            tag, confidence = tags[index]
            start, end = tokens[index].start - origin, tokens[index].end - origin
            if tag != OUTSIDE and tag.startswith("I-") and last[2:] == tag[2:]:
                before = entities.pop()
                start, confidence = before.start, min(confidence, before.confidence)
            if tag != OUTSIDE:
                words = text[start + origin : end + origin]
                value = self._model.synonyms.get(words.lower(), words)
                entities.append(ParsedEntity(tag[2:], value, start, end, None, None, confidence))
            last = tag
        return ranked(request.intents, self._model.intents, tuple(entities))


def _without_gaps(parsed: Parsed, marked: Text, origin: int, part: Text) -> Parsed:
    """Entity positions in the stretch without punctuation."""
    places = {place: index for index, place in reversed(list(enumerate(part.origins)))}

    def moved(position: int) -> int | None:
        return places.get(marked.origins[origin + position])

    entities = []
    for entity in parsed.entities:
        start, last = moved(entity.start), moved(entity.end - 1)
        if start is not None and last is not None:  # a lone quotation mark is no entity
            entities.append(replace(entity, start=start, end=last + 1))
    return replace(parsed, entities=tuple(entities))


def _fitting(spec: MultiIntentSpec, entities: Sequence[str]) -> list[float]:
    """Added to tag scores: nothing for the tags a request can have, an impossible amount for others."""
    return [0.0 if tag == OUTSIDE or tag[2:] in entities else NEVER for tag in spec.tags]


def cuts(opens: Floats, intents: Floats) -> list[int]:
    """Where requests begin, among the words of an utterance: the likeliest cutting by places and intents together.

    Where the network is in two minds whether a request begins, the cutting wins whose requests are surest of their
    intents (dynamic programming over the doubtful places).

    Args:
        opens: probability that each word opens a request.
        intents: intent scores of each word; shape [words, intents].
    """
    opens = EAGERNESS * opens / (1 + (EAGERNESS - 1) * opens)
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


def _softmax(values: Floats) -> Floats:
    powers: Floats = np.exp(values - values.max(-1, keepdims=True))
    shares: Floats = powers / powers.sum(-1, keepdims=True)
    return shares
