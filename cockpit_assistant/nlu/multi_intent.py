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
from .model import OUT_OF_SCOPE, REFRAIN, MultiIntentSpec, NluModel
from .network import open_network
from .parser import Parsed, ParsedEntity, ranked
from .second_look import second_look
from .spans import OUTSIDE
from .text import Text
from .token_inputs import COMMA, TokenInputs, TokenTables
from .tokens import Token, tokenizer

Floats: TypeAlias = NDArray[np.float32]

NEVER = -1e9
DOUBT = 0.02
"""Probability from which a request may begin at a word."""
MOST_CUTS = 6
"""Places tried."""
SURENESS = 6.0
"""How much the surety of intents counts against that of places."""


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the network says of each token; one row a token."""

    place: Floats
    intent: Floats
    tag: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """One request in a row of tokens."""

    intents: Floats
    """Probability of each intent."""
    words: tuple[int, ...]
    """The tokens it consists of; joints in between are left out."""
    tags: tuple[tuple[str, float], ...]
    """Entity tag of each word, with its probability."""


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
        self._idle = frozenset(index for index, intent in enumerate(model.intents) if intent in OUT_OF_SCOPE)
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
        """Every request in a text that isn't empty, as Rasa's classifier finds them at first look."""
        tokens = self._tokenize(text)
        scores = self._scored(tokens)
        words, starts = self._first_look(scores)
        groups = [words[start:end] for start, end in pairwise([*starts, len(words)])]
        return [self._parsed(self._found(scores, group, group), tokens, text, 0) for group in groups]

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
        meanings = []
        for request in self._looked_at_twice(tokens):
            origin = tokens[request.words[0]].start
            part = stretch(marked, tokens, request.words[0], request.words[-1])
            # Commas inside a request have been taken out of its stretch, so positions are counted anew.
            parsed = self._parsed(request, tokens, marked.text, origin)
            meanings.append(understand(part, _without_gaps(parsed, marked, origin, part)))
        return [meaning.content for meaning in meanings]

    def _looked_at_twice(self, tokens: Sequence[Token]) -> list[Found]:
        scores = self._scored(tokens)
        words, starts = self._first_look(scores)
        alone: dict[tuple[int, int], _Scores] = {}

        def in_sentence(first: int, end: int) -> Floats:
            return _softmax(scores.intent[words[first:end]].mean(0))

        def by_itself(first: int, end: int) -> Floats:
            if (first, end) not in alone:
                alone[first, end] = self._scored([tokens[index] for index in words[first:end]])
            return _softmax(alone[first, end].intent.mean(0))

        opens = _softmax(scores.place)[words, Place.OPENS]
        found = []
        joined = [row for row in range(1, len(words)) if words[row] - words[row - 1] > 1]
        # What is not to be done is confined to its own part of the sentence: 打开空调，别开窗.
        forbids = any(self._forbids(in_sentence(*edges)) for edges in pairwise([*starts, len(words)]))
        pauses = [row for row in range(1, len(words)) if forbids and tokens[words[row] - 1].text == COMMA]
        for piece in second_look(opens, starts, joined, pauses, in_sentence, by_itself, self._idle):
            group = words[piece.first : piece.end]
            if piece.alone:
                own = alone[piece.first, piece.end]
                found.append(self._found(own, list(range(len(group))), group))
            else:
                found.append(self._found(scores, group, group))
        return found

    def _forbids(self, intents: Floats) -> bool:
        return self._model.intents[int(intents.argmax())] == REFRAIN

    def _scored(self, tokens: Sequence[Token]) -> _Scores:
        """Run the network."""
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
        numbers = np.array(inputs.tokens, np.int64)
        feed = {"tokens": numbers, "pieces": pieces, "piece_weights": weights, "marks": marks}
        return _Scores(*self._session.run(None, feed))

    def _first_look(self, scores: _Scores) -> tuple[list[int], list[int]]:
        """The tokens that are no mere joints, and at which of these requests begin."""
        places = scores.place.argmax(-1)
        words = [index for index, place in enumerate(places) if place != Place.JOINS] or list(range(len(places)))
        return words, cuts(_softmax(scores.place)[words, Place.OPENS], scores.intent[words])

    def _found(self, scores: _Scores, rows: Sequence[int], words: Sequence[int]) -> Found:
        """The request that some rows of scores make, for the tokens they are about."""
        intents = _softmax(scores.intent[rows].mean(0))
        likely = _softmax(scores.tag[rows] + self._fitting[int(intents.argmax())])
        best = likely.argmax(-1)
        tags = tuple((self._spec.tags[tag], float(own[tag])) for own, tag in zip(likely, best, strict=True))
        return Found(intents, tuple(words), tags)

    def _parsed(self, request: Found, tokens: Sequence[Token], text: str, origin: int) -> Parsed:
        entities: list[ParsedEntity] = []
        last, last_index = OUTSIDE, -1
        for index, (tag, confidence) in zip(request.words, request.tags, strict=True):
            start, end = tokens[index].start - origin, tokens[index].end - origin
            if tag != OUTSIDE and tag.startswith("I-") and last[2:] == tag[2:] and index == last_index + 1:
                before = entities.pop()
                start, confidence = before.start, min(confidence, before.confidence)
            if tag != OUTSIDE:
                words = text[start + origin : end + origin]
                value = self._model.synonyms.get(words.lower(), words)
                entities.append(ParsedEntity(tag[2:], value, start, end, None, None, confidence))
            last, last_index = tag, index
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
