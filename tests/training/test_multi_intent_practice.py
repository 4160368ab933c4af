"""The shipped project's classifier, as far as it runs without Rasa: what it learns from and is told."""

import random
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit_assistant.nlu import multi_intent
from cockpit_assistant.nlu.model import MultiIntentSpec
from cockpit_assistant.nlu.token_inputs import TokenTables
from cockpit_assistant.resources import shipped


@pytest.fixture(scope="module", autouse=True)
def _project_on_path() -> Iterator[None]:
    sys.path.insert(0, str(shipped("nlu_data")))
    yield
    sys.path.remove(str(shipped("nlu_data")))


SOUNDS = {
    "打": "da",
    "开": "kai",
    "大": "da",
    "车": "che",
    "窗": "chuang",
    "关": "guan",
    "空": "kong",
    "调": "diao",
}
VOCABULARY = ["", "<unknown>", "0", "window", "打", "开", "关", "空", "调", "车", "窗", "和", ","]
NAMES = {"place": [["东", "方", "明", "珠"], ["东", "方"]], "song": [["let", "it", "be"]]}


@given(
    st.lists(
        st.sampled_from([*"打开大车窗关龘东方明珠12", "window", "Let", "it", "be", "Ünïcode", ",", "👍", "2024"])
    )
)
@settings(max_examples=200)
def test_training_and_the_head_unit_see_the_same_of_a_text(tokens: list[str]) -> None:
    from components.token_features import COMMA, Lookups, TokenFeatures, shape

    features, lookups = TokenFeatures(VOCABULARY, SOUNDS, 64), Lookups(NAMES)
    spec = MultiIntentSpec(
        vocabulary=tuple(VOCABULARY),
        sounds={"da": "打大", **{sound: sign for sign, sound in SOUNDS.items() if sound != "da"}},
        buckets=64,
        names={entity: tuple(map(tuple, rows)) for entity, rows in NAMES.items()},
        tags=("O",),
        entities={},
    )
    seen = TokenTables(spec).inputs(tokens)
    shapes = [shape(token) if any(map(str.isalnum, token)) else COMMA for token in tokens]
    assert list(seen.tokens) == [features.index(one) for one in shapes]
    assert [list(own) for own in seen.pieces] == [features.pieces(token) for token in tokens]
    assert sorted(seen.marks) == sorted(lookups.marks([token.lower() for token in tokens]))


def _practice():  # type: ignore[no-untyped-def]
    from components.practice import Practice, Request, Words
    from components.token_features import Lookups, TokenFeatures

    def request(text: str, intent: str, entity: str = "", at: slice = slice(0, 0)) -> Request:
        tags = ["O"] * len(text)
        for position in range(*at.indices(len(text))):
            tags[position] = f"{'I' if position > at.start else 'B'}-{entity}"
        return Request(tuple(text), tuple(tags), intent)

    requests = [
        request("打开空调", "on"),
        request("打开车窗", "open"),
        request("关闭空调", "off"),
        request("关闭车窗", "close"),
        request("去东方明珠", "go", "place", slice(1, 5)),
        request("你好吗", "chat"),
    ]
    words = {"zh": Words([("然", "后")], [("嗯",)], [("不", "对")], [("都",)])}
    tags = {"O": 0, "B-place": 1, "I-place": 2}
    intents = {name: number for number, name in enumerate(sorted({one.intent for one in requests}))}
    features = TokenFeatures(VOCABULARY, SOUNDS, 64)
    names = {entity: [tuple(row) for row in rows] for entity, rows in NAMES.items()}
    return Practice(requests, frozenset({"chat"}), words, features, Lookups(NAMES), names, intents, tags)


def test_every_made_sentence_is_labelled_consistently() -> None:
    from components.sentence import INSIDE, JOINS, OPENS

    for sentence in _practice().epoch(500, seed=3):
        assert len(sentence.tokens) == len(sentence.places) == len(sentence.requests) == len(sentence.tags)
        opened = [
            number for place, number in zip(sentence.places, sentence.requests, strict=True) if place == OPENS
        ]
        assert opened == list(range(len(sentence.intents)))
        for place, number, tag in zip(sentence.places, sentence.requests, sentence.tags, strict=True):
            assert (number == -1) == (place == JOINS)
            assert place in (INSIDE, OPENS) or tag == 0


def test_the_same_seed_makes_the_same_sentences() -> None:
    assert _practice().epoch(50, seed=7) == _practice().epoch(50, seed=7)
    assert _practice().epoch(50, seed=7) != _practice().epoch(50, seed=8)


def test_requests_that_begin_alike_share_their_beginning() -> None:
    from components.practice import Request, _shared

    pair = [Request(tuple("关闭空调"), ("O",) * 4, "off"), Request(tuple("关闭车窗"), ("O",) * 4, "close")]
    made = [parts for seed in range(20) if (parts := _shared(pair, {("", "关", "闭")}, (), random.Random(seed)))]
    assert made
    assert all(["".join(part.tokens) for part in parts] == ["关闭空调", "车窗"] for parts in made)


def test_requests_that_end_alike_share_their_end_if_it_says_what_to_do() -> None:
    from components.practice import Request, _shared

    three = [Request((*thing, "打", "开"), ("O",) * 4, thing) for thing in ("空调", "车窗", "天窗")]
    edges = {("打", "开", ""), ("", "打", "开")}
    made = [parts for seed in range(20) if (parts := _shared(three, edges, [("都",)], random.Random(seed)))]
    said = {"".join("".join(part.tokens) for part in parts) for parts in made}
    assert said == {"空调车窗天窗打开", "空调车窗天窗都打开"}
    alike = [Request(tuple("打开空调"), ("O",) * 4, "on"), Request(tuple("关闭空调"), ("O",) * 4, "off")]
    assert all(_shared(alike, edges, (), random.Random(seed)) is None for seed in range(20))


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12),
    st.integers(2, 5),
    st.integers(0, 2**32 - 1),
)
def test_training_and_the_head_unit_cut_alike(opens: list[float], intents: int, seed: int) -> None:
    from components.cutting import cuts

    scores = np.random.default_rng(seed).normal(0, 3, (len(opens), intents)).astype(np.float32)
    likely = np.array(opens, np.float32)
    assert cuts(likely, scores) == multi_intent.cuts(likely, scores)
