"""Makes what the network learns from: the project's single requests, varied and joined at random.

Each epoch is made anew. Names and values are exchanged for others of their kind, characters for others of the same
sound, as recognisers do; two or three requests are put into one sentence, with and without a word between them, and
what they share is said once (关闭空调和座椅加热, "turn the radio and the lights off"). Sometimes the speaker begins
with something else and corrects himself; then only the correction counts.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .sentence import INSIDE, JOINS, OPENS, Sentence
from .token_features import COMMA, UNKNOWN, Lookups, TokenFeatures, is_chinese, shape

OUTSIDE = "O"
IDLE_SHARE = 0.18
"""Of sentences that ask for nothing: more than among the examples, for there is more to be known of the world."""
LONGEST = 56
"""Tokens of a training sentence."""
WIDELY = 0.075
"""Share of the intents that must have examples with a beginning or an end before requests share it: then it says
what to do (打开, "turn off the") and not to what."""


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
    together: Sequence[tuple[str, ...]] = ()
    """Come before what two requests share at their end: 天窗和车窗都打开."""


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
        by_edge: dict[tuple[str, ...], list[Request]] = defaultdict(list)
        for request in requests:
            if request.intent not in idle and len(request.tokens) > 2:
                for edge in _edges(request):
                    by_edge[edge].append(request)
        enough = max(2, WIDELY * len(intents))
        self._by_edge = {
            edge: own for edge, own in by_edge.items() if len({request.intent for request in own}) >= enough
        }
        self._values = self._exchange(requests, names)
        self._alike: dict[str, list[str]] = defaultdict(list)
        common = Counter(token for request in requests for token in request.tokens if is_chinese(token))
        for character in common:
            if sound := features.sounds.get(character):
                self._alike[sound].append(character)
                self._alike[_blurred(sound)].append(character)

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
            if number + 1 < len(requests) and chance.random() < 0.35:
                parts = self._sharing(request, len(requests) - number, words.together, chance)
                if parts and len(row.tokens) + sum(len(part.tokens) for part in parts) <= LONGEST:
                    for position, part in enumerate(parts):
                        joined = 0.7 if position + 1 == len(parts) else 0.3
                        if position and words.connectives and chance.random() < joined:
                            row.join(chance.choice(words.connectives))
                        row.add(self._varied(part, chance), chance)
                    number += len(parts)
                    continue
            if len(row.tokens) + len(request.tokens) > LONGEST:
                break
            row.add(self._varied(request, chance), chance)
            number += 1

    def _sharing(
        self, request: Request, most: int, together: Sequence[tuple[str, ...]], chance: random.Random
    ) -> list[Request] | None:
        """The request and one or two others that begin or end like it, with what they share said once."""
        edges = [edge for edge in _edges(request) if edge in self._by_edge]
        if not edges:
            return None
        others = self._by_edge[chance.choice(edges)]
        count = 3 if most > 2 and chance.random() < 0.4 else 2
        for _ in range(4):
            chosen = [request, *(chance.choice(others) for _ in range(count - 1))]
            if parts := _shared(chosen, frozenset(self._by_edge), together, chance):
                return parts
        return None

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
                sound = self._features.sounds.get(token, "")
                alike = self._alike.get(_blurred(sound) if chance.random() < 0.3 else sound, ())
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
    """How a request begins and ends: two tokens, or the last word of an English one."""
    last = -2 if request.language == "zh" else -1
    return [("", *request.tokens[:2]), (*request.tokens[last:], "")]


def _blurred(sound: str) -> str:
    """What is left of a syllable where speakers and recognisers mix up zh and z, n and l, ing and in."""
    for clear, blurred in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")):
        if sound.startswith(clear):
            sound = blurred + sound[len(clear) :]
            break
    return f"~{sound.removesuffix('g') if sound.endswith(('ang', 'eng', 'ing')) else sound}"


def _shared(
    requests: Sequence[Request],
    edges: Collection[tuple[str, ...]],
    together: Sequence[tuple[str, ...]],
    chance: random.Random,
) -> list[Request] | None:
    """Requests that begin or end alike, with what they share said once: by the first, and by the last.

    Args:
        requests: two or more.
        edges: beginnings and ends that may be shared.
        together: words that may come before a shared end.
        chance: to choose by.
    """
    if len({request.intent for request in requests}) < len(requests):
        return None
    begins, ends = (all(_edges(request)[side] in edges for request in requests) for side in (0, 1))
    most = min(len(request.tokens) for request in requests) - 1
    cut = _alike_up_to(requests, range(most)) if begins and chance.random() < 0.8 else 0
    tail = _alike_up_to(requests, range(-1, cut - most - 1, -1)) if ends and chance.random() < 0.8 else 0
    parts = []
    for number, request in enumerate(requests):
        first, last = cut if number else 0, len(request.tokens) - tail
        parts.append(replace(request, tokens=request.tokens[first:last], tags=request.tags[first:last]))
    end = requests[-1].tokens[len(requests[-1].tokens) - tail :]
    # What also begins requests is a verb.
    both = chance.choice(together) if together and ("", *end[:2]) in edges and chance.random() < 0.5 else ()
    parts[-1] = replace(
        parts[-1],
        tokens=(*parts[-1].tokens, *both, *end),
        tags=(*parts[-1].tags, *[OUTSIDE] * (len(both) + len(end))),
    )
    shortest = 2 if requests[0].language == "zh" else 5
    enough = all(sum(map(len, part.tokens)) >= shortest for part in parts)
    return parts if enough and (cut or tail) else None


def _alike_up_to(requests: Sequence[Request], positions: range) -> int:
    """At how many positions in a row all requests have the same token, outside of entities."""
    for count, position in enumerate(positions):
        alike = len({request.tokens[position] for request in requests}) == 1
        if not alike or any(request.tags[position] != OUTSIDE for request in requests):
            return count
    return len(positions)
