"""Makes what the network learns from: the project's single requests, varied and joined at random.

Each epoch is made anew. Names and values are exchanged for others of their kind, characters for others of the same
sound, as recognisers do; two or three requests are put into one sentence, with and without a word between them, and
what they share is said once (关闭空调和座椅加热, "turn the radio and the lights off"). Sometimes the speaker begins
with something else and corrects himself; then only the correction counts.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .sentence import INSIDE, JOINS, OPENS, Sentence
from .token_features import COMMA, UNKNOWN, Lookups, TokenFeatures, is_chinese, shape

OUTSIDE = "O"
IDLE_SHARE = 0.18
"""Of sentences that ask for nothing: more than among the examples, for there is more to be known of the world."""
LONGEST = 56
"""Tokens of a training sentence."""


@dataclass(frozen=True)
class Request:
    """One training example."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    """Entity of each token with B- or I- before it."""
    intent: str

    @property
    def language(self) -> str:
        """`zh` if there is a Chinese character in it."""
        return "zh" if any(map(is_chinese, self.tokens)) else "en"


@dataclass(frozen=True)
class Words:
    """Words of one language that ask for nothing, as tokens."""

    connectives: Sequence[tuple[str, ...]] = ()
    fillers: Sequence[tuple[str, ...]] = ()
    corrections: Sequence[tuple[str, ...]] = ()
    """Come between what was said by mistake and what is meant: 不对, no wait."""


@dataclass
class _Row:
    """A sentence in the making."""

    tokens: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def join(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            self.tokens.append(token)
            self.places.append(JOINS)
            self.requests.append(-1)
            self.tags.append(OUTSIDE)

    def add(self, request: Request, chance: random.Random) -> None:
        number = len(self.intents)
        self.intents.append(request.intent)
        for position, (token, tag) in enumerate(zip(request.tokens, request.tags, strict=True)):
            if position and chance.random() < 0.02:
                self.join([COMMA])
            self.tokens.append(token)
            self.places.append(OPENS if not position else INSIDE)
            self.requests.append(number)
            self.tags.append(tag)


class Practice:
    """Makes sentences."""

    def __init__(
        self,
        requests: Sequence[Request],
        idle: frozenset[str],
        words: Mapping[str, Words],
        features: TokenFeatures,
        lookups: Lookups,
        names: Mapping[str, Sequence[tuple[str, ...]]],
        intents: Mapping[str, int],
        tags: Mapping[str, int],
    ) -> None:
        """Take the material.

        Args:
            requests: the training examples.
            idle: intents that ask for nothing; these are seldom joined to anything.
            words: what may stand between and before requests, by language.
            features: the network's view of tokens.
            lookups: tables whose names are marked.
            names: rows of tokens of each lookup table.
            intents: number of each intent.
            tags: number of each tag.
        """
        self._words, self._features, self._lookups = words, features, lookups
        self._intents, self._tags, self._idle = intents, tags, idle
        by_intent: dict[tuple[str, str], list[Request]] = defaultdict(list)
        for request in requests:
            by_intent[request.language, request.intent].append(request)
        # Rare intents are practised more often than their share, frequent ones less.
        self._by_intent = by_intent
        self._pools: dict[tuple[str | None, bool], tuple[list[tuple[str, str]], list[float]]] = {}
        for language in (None, *{group[0] for group in by_intent}):
            for asks_nothing in (False, True):
                groups = [
                    group
                    for group in sorted(by_intent)
                    if language in (None, group[0]) and (group[1] in idle) == asks_nothing
                ]
                if groups:
                    weights = [len(by_intent[group]) ** 0.6 for group in groups]
                    self._pools[language, asks_nothing] = (groups, weights)
        self._by_edge: dict[tuple[str, ...], list[Request]] = defaultdict(list)
        for request in requests:
            if request.intent not in idle and len(request.tokens) > 2:
                for edge in _edges(request):
                    self._by_edge[edge].append(request)
        self._values = self._exchange(requests, names)
        self._alike: dict[str, list[str]] = defaultdict(list)
        common = Counter(token for request in requests for token in request.tokens if is_chinese(token))
        for character in common:
            if sound := features.sounds.get(character):
                self._alike[sound].append(character)

    def _exchange(
        self, requests: Sequence[Request], names: Mapping[str, Sequence[tuple[str, ...]]]
    ) -> dict[tuple[str, str], list[tuple[str, ...]]]:
        """The words of each entity by language."""
        values: dict[tuple[str, str], dict[tuple[str, ...], None]] = defaultdict(dict)
        for request in requests:
            for start, end in _spans(request.tags):
                values[request.tags[start][2:], request.language][request.tokens[start:end]] = None
        for entity, rows in names.items():
            for row in rows:
                language = "zh" if any(map(is_chinese, row)) else "en"
                values[entity, language][row] = None
        return {key: list(found) for key, found in values.items()}

    def epoch(self, count: int, seed: int) -> list[Sentence]:
        """So many sentences."""
        chance = random.Random(seed)
        return [self._numbers(self._sentence(chance), chance) for _ in range(count)]

    def plain(self, request: Request) -> Sentence:
        """An example as it is."""
        row = _Row()
        row.add(request, _Never())
        return self._numbers(row, _Never())

    def _pick(self, chance: random.Random, language: str | None = None, idle: bool = False) -> Request:
        """A request, or a sentence that asks for nothing if there is one."""
        groups, weights = self._pools.get((language, idle)) or self._pools[language, False]
        return chance.choice(self._by_intent[chance.choices(groups, weights)[0]])

    def _sentence(self, chance: random.Random) -> _Row:
        row = _Row()
        first = self._pick(chance, idle=chance.random() < IDLE_SHARE)
        words = self._words.get(first.language, Words())
        count = 1 if first.intent in self._idle else chance.choices((1, 2, 3), (42, 38, 20))[0]
        requests = [first]
        while len(requests) < count:
            requests.append(self._pick(chance, first.language, idle=chance.random() < 0.08))
        if count == 1 and first.intent in self._idle and chance.random() < 0.08:
            requests.append(self._pick(chance, first.language))
        if words.fillers and chance.random() < 0.12:
            row.join(chance.choice(words.fillers))
        if words.corrections and len(requests) == 1 and chance.random() < 0.05:
            mistaken = self._varied(self._pick(chance, first.language), chance)
            row.join(mistaken.tokens[: chance.randint(2, max(2, len(mistaken.tokens)))])
            row.join(chance.choice(words.corrections))
        self._fill(row, requests, words, chance)
        return row

    def _fill(self, row: _Row, requests: list[Request], words: Words, chance: random.Random) -> None:
        """Write the requests one after the other."""
        number = 0
        while number < len(requests):
            request = requests[number]
            if number and chance.random() < 0.15:
                row.join([COMMA])
            if number and words.connectives and chance.random() < 0.35:
                row.join(chance.choice(words.connectives))
            if number + 1 < len(requests) and len(request.tokens) > 2 and chance.random() < 0.4:
                partners = self._by_edge[chance.choice(_edges(request))] or [request]
                pair = _shared(request, chance.choice(partners), chance)
                if pair:
                    row.add(self._varied(pair[0], chance), chance)
                    if words.connectives and chance.random() < 0.7:
                        row.join(chance.choice(words.connectives))
                    row.add(self._varied(pair[1], chance), chance)
                    number += 2
                    continue
            if len(row.tokens) + len(request.tokens) > LONGEST:
                break
            row.add(self._varied(request, chance), chance)
            number += 1

    def _varied(self, request: Request, chance: random.Random) -> Request:
        """With other names and values in it, some characters misheard, or a word said twice."""
        tokens, tags = list(request.tokens), list(request.tags)
        for start, end in reversed(_spans(tags)):
            others = self._values.get((tags[start][2:], request.language), ())
            if others and chance.random() < 0.4:
                words = chance.choice(others)
                entity = tags[start][2:]
                tokens[start:end] = words
                tags[start:end] = [f"B-{entity}", *[f"I-{entity}"] * (len(words) - 1)]
        if chance.random() < 0.15:
            for position, token in enumerate(tokens):
                alike = self._alike.get(self._features.sounds.get(token, ""), ())
                if alike and chance.random() < 0.15:
                    tokens[position] = chance.choice(alike)
        if chance.random() < 0.03 and tags[0] == OUTSIDE:
            tokens.insert(0, tokens[0])
            tags.insert(0, OUTSIDE)
        return replace(request, tokens=tuple(tokens), tags=tuple(tags))

    def _numbers(self, row: _Row, chance: random.Random) -> Sentence:
        tokens = []
        for token in row.tokens:
            # Names nobody has heard of will come up: now and then a token is known by its pieces only.
            tokens.append(self._features.index(shape(token)) if chance.random() > 0.04 else UNKNOWN)
        marks = self._lookups.marks([token.lower() for token in row.tokens])
        # Not every name is listed.
        if chance.random() < 0.25:
            marks = []
        tags = [self._tags[tag] for tag in row.tags]
        return Sentence(
            tokens,
            [self._features.pieces(token) for token in row.tokens],
            marks,
            row.places,
            row.requests,
            [self._intents[intent] for intent in row.intents],
            tags,
        )


class _Never(random.Random):
    """Chance that never strikes."""

    def random(self) -> float:
        return 1.0


def _spans(tags: Sequence[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for position, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((position, position + 1))
        elif tag.startswith("I-"):
            found[-1] = (found[-1][0], position + 1)
    return found


def _edges(request: Request) -> list[tuple[str, ...]]:
    """How a request begins and ends: two tokens each."""
    return [("", *request.tokens[:2]), (*request.tokens[-2:], "")]


def _shared(left: Request, right: Request, chance: random.Random) -> tuple[Request, Request] | None:
    """Two requests that begin or end alike, with what they share said once."""
    if left.intent == right.intent:
        return None
    most = min(len(left.tokens), len(right.tokens)) - 1
    begin = next((n for n in range(most) if left.tokens[n] != right.tokens[n] or _tagged(left, right, n)), most)
    end = next(
        (
            n
            for n in range(most - begin)
            if left.tokens[-1 - n] != right.tokens[-1 - n] or _tagged(left, right, -1 - n)
        ),
        most - begin,
    )
    cut = begin if chance.random() < 0.8 else 0
    tail = end if chance.random() < 0.8 else 0
    first = replace(left, tokens=left.tokens[: len(left.tokens) - tail], tags=left.tags[: len(left.tags) - tail])
    second = replace(right, tokens=right.tokens[cut:], tags=right.tags[cut:])
    shortest = 3 if left.language == "zh" else 2
    enough = len(second.tokens) >= shortest - 1 and len(first.tokens) >= shortest
    return (first, second) if enough and (cut or tail) else None


def _tagged(left: Request, right: Request, position: int) -> bool:
    return left.tags[position] != OUTSIDE or right.tags[position] != OUTSIDE
