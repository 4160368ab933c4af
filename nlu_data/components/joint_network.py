"""The network that reads a whole utterance at once: where requests begin, what each is for, and its entities.

Tokens → embeddings → layers of self-attention and convolution → three scores a token: its place (inside a request,
opening one, joining or filling), the intent of the request it is in, and its entity tag. A request's intent is read
off the mean of its tokens' scores, so two requests in one sentence see each other's words: in 关闭空调和座椅加热
the seat heating is turned off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from .sentence import OPENS, Sentence

POSITION_WEIGHT = 0.2
"""Of the position encoding beside the embeddings: what a token is matters more than where it stands."""
OPENS_WEIGHT = 4.0
"""Of mistakes where a request opens, which are rare and matter most."""
MOST_REQUESTS = 4
"""Requests of a training sentence."""


@dataclass(frozen=True)
class Size:
    """Dimensions of the network."""

    tokens: int
    buckets: int
    marks: int
    intents: int
    tags: int
    units: int = 128
    layers: int = 3
    heads: int = 4
    wide: int = 256


def initial(size: Size, seed: int) -> dict[str, tf.Variable]:
    """Random weights by name."""
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}

    def matrix(name: str, rows: int, columns: int, scale: float | None = None) -> None:
        spread = scale if scale is not None else (2 / (rows + columns)) ** 0.5
        weights[f"{name}.kernel"] = random.normal(0, spread, (rows, columns))
        weights[f"{name}.bias"] = np.zeros(columns)

    def norm(name: str) -> None:
        weights[f"{name}.gamma"], weights[f"{name}.beta"] = np.ones(size.units), np.zeros(size.units)

    weights["tokens"] = random.normal(0, 0.5, (size.tokens, size.units))
    weights["pieces"] = random.normal(0, 0.5, (size.buckets, size.units))
    weights["pieces"][0] = 0
    weights["marks"] = random.normal(0, 0.2, (max(1, size.marks), size.units))
    for layer in range(size.layers):
        norm(f"layer{layer}.attention_norm")
        for part in ("query", "key", "value", "output"):
            matrix(f"layer{layer}.{part}", size.units, size.units)
        norm(f"layer{layer}.feed_norm")
        matrix(f"layer{layer}.feed_in", 3 * size.units, size.wide)
        matrix(f"layer{layer}.feed_out", size.wide, size.units)
    norm("norm")
    for head, columns in (("place", 3), ("intent", size.intents), ("tag", size.tags)):
        matrix(head, size.units, columns)
    return {name: tf.Variable(value.astype(np.float32), name=name) for name, value in weights.items()}


def positions(length: int, units: int) -> np.ndarray:
    """Sinusoidal position encoding, interleaved."""
    dimension = np.arange(units)[None, :]
    rate = 1 / np.power(10000, (2 * (dimension // 2)) / np.float32(units))
    angle = np.arange(length, dtype=np.float32)[:, None] * rate.astype(np.float32)
    return np.where(dimension % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)


def scores(
    weights: dict[str, Any], size: Size, batch: dict[str, tf.Tensor], dropout: float = 0.0
) -> list[tf.Tensor]:
    """Place, intent and tag scores of every token; shapes [sentences, tokens, …]."""
    length = tf.shape(batch["tokens"])[1]
    mask = tf.cast(batch["tokens"] > 0, tf.float32)[:, :, None]

    def drop(value: tf.Tensor) -> tf.Tensor:
        return tf.nn.dropout(value, dropout) if dropout else value

    def dense(value: tf.Tensor, name: str) -> tf.Tensor:
        return value @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]

    def norm(value: tf.Tensor, name: str) -> tf.Tensor:
        mean, variance = tf.nn.moments(value, [-1], keepdims=True)
        return (value - mean) * tf.math.rsqrt(variance + 1e-6) * weights[f"{name}.gamma"] + weights[f"{name}.beta"]

    def heads(value: tf.Tensor) -> tf.Tensor:
        split = tf.reshape(value, (-1, length, size.heads, size.units // size.heads))
        return tf.transpose(split, (0, 2, 1, 3))

    spelt = tf.gather(weights["pieces"], batch["pieces"])
    spelt = tf.reduce_sum(spelt * batch["piece_weights"][:, :, :, None], 2)
    value = tf.gather(weights["tokens"], batch["tokens"]) + spelt + batch["marks"] @ weights["marks"]
    value = drop(value + POSITION_WEIGHT * tf.constant(positions(512, size.units))[:length])
    hidden = (1 - mask[:, None, None, :, 0]) * -1e9
    for layer in range(size.layers):
        normal = norm(value, f"layer{layer}.attention_norm")
        query, key, content = (heads(dense(normal, f"layer{layer}.{part}")) for part in ("query", "key", "value"))
        weight = tf.matmul(query, key, transpose_b=True) * (size.units // size.heads) ** -0.5 + hidden
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(weight), content), (0, 2, 1, 3))
        mixed = tf.reshape(mixed, (-1, length, size.units))
        value += drop(dense(mixed, f"layer{layer}.output"))
        normal = norm(value, f"layer{layer}.feed_norm") * mask
        before, after = (
            tf.pad(normal, [[0, 0], [1, 0], [0, 0]])[:, :-1],
            tf.pad(normal, [[0, 0], [0, 1], [0, 0]])[:, 1:],
        )
        wide = tf.nn.relu(dense(tf.concat([before, normal, after], -1), f"layer{layer}.feed_in"))
        value += drop(dense(drop(wide), f"layer{layer}.feed_out"))
    value = norm(value, "norm")
    return [dense(value, head) for head in ("place", "intent", "tag")]


def arrays(sentences: Sequence[Sentence], marks: int) -> dict[str, np.ndarray]:
    """Sentences padded to one length."""
    count, longest = len(sentences), max(len(sentence.tokens) for sentence in sentences)
    most = max(1, max(len(pieces) for sentence in sentences for pieces in sentence.pieces))
    made = {
        "tokens": np.zeros((count, longest), np.int32),
        "pieces": np.zeros((count, longest, most), np.int32),
        "piece_weights": np.zeros((count, longest, most), np.float32),
        "marks": np.zeros((count, longest, max(1, marks)), np.float32),
        "places": np.zeros((count, longest), np.int32),
        "tags": np.zeros((count, longest), np.int32),
        "requests": np.zeros((count, MOST_REQUESTS, longest), np.float32),
        "intents": np.full((count, MOST_REQUESTS), -1, np.int32),
    }
    for row, sentence in enumerate(sentences):
        length = len(sentence.tokens)
        made["tokens"][row, :length] = sentence.tokens
        made["places"][row, :length] = sentence.places
        made["tags"][row, :length] = sentence.tags
        for column, pieces in enumerate(sentence.pieces):
            if pieces:
                made["pieces"][row, column, : len(pieces)] = pieces
                made["piece_weights"][row, column, : len(pieces)] = 1 / len(pieces)
        for column, mark in sentence.marks:
            made["marks"][row, column, mark] = 1
        made["intents"][row, : len(sentence.intents)] = sentence.intents
        for request in range(len(sentence.intents)):
            own = [column for column, number in enumerate(sentence.requests) if number == request]
            made["requests"][row, request, own] = 1 / len(own)
    return made


def train(
    weights: dict[str, tf.Variable],
    size: Size,
    sample: Callable[[int], list[Sentence]],
    epochs: int,
    rate: float,
    dropout: float,
    batch_size: int,
    done: Callable[[int, dict[str, float]], None],
    start: int = 0,
) -> None:
    """Train the weights in place; each epoch sees new sentences.

    Args:
        weights: of `initial`.
        size: dimensions.
        sample: the sentences of an epoch.
        epochs: how many.
        rate: the highest learning rate; it rises for one tenth of the training and then falls to nothing.
        dropout: share of values left out.
        batch_size: sentences of one step.
        done: told after every epoch, with the mean losses.
        start: epochs done before.
    """
    optimizer = tf.keras.optimizers.legacy.Adam(rate, beta_2=0.99)
    variables = list(weights.values())

    @tf.function(reduce_retracing=True, autograph=False)
    def step(batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            place, intent, tag = scores(weights, size, batch, dropout)
            real = tf.cast(batch["tokens"] > 0, tf.float32)
            total = tf.reduce_sum(real)
            of_places = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["places"], place)
            opening = tf.cast(batch["places"] == OPENS, tf.float32)
            of_tags = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["tags"], tag)
            requests = tf.matmul(batch["requests"], intent)
            known = tf.cast(batch["intents"] >= 0, tf.float32)
            target = tf.one_hot(tf.maximum(batch["intents"], 0), size.intents, 0.95, 0.05 / size.intents)
            of_intents = tf.nn.softmax_cross_entropy_with_logits(target, requests)
            losses = (
                tf.reduce_sum(of_places * real * (1 + (OPENS_WEIGHT - 1) * opening)) / total,
                tf.reduce_sum(of_intents * known) / tf.reduce_sum(known),
                tf.reduce_sum(of_tags * real) / total,
            )
            loss = 2 * losses[0] + losses[1] + 2 * losses[2]
        gradients = tape.gradient(loss, variables)
        gradients, _ = tf.clip_by_global_norm([tf.convert_to_tensor(gradient) for gradient in gradients], 1.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return losses

    steps = 0
    for epoch in range(start, epochs):
        sentences = sorted(sample(epoch), key=lambda sentence: len(sentence.tokens))
        batches = [sentences[first : first + batch_size] for first in range(0, len(sentences), batch_size)]
        np.random.default_rng(epoch).shuffle(batches)
        sums = np.zeros(3)
        for number, batch in enumerate(batches):
            progress = (epoch + number / len(batches)) / epochs
            optimizer.learning_rate = rate * min(progress / 0.1, 0.5 * (1 + np.cos(np.pi * progress)), 1.0) + 1e-6
            made = {name: tf.constant(value) for name, value in arrays(batch, size.marks).items()}
            sums += [float(loss) for loss in step(made)]
            steps += 1
        done(epoch + 1, dict(zip(("place", "intent", "tag"), sums / len(batches), strict=True)))
