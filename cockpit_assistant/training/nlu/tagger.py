"""Trains the clause tagger on joined sentences and writes it as ONNX. Runs inside the Rasa environment.

Arguments: the material (JSON with `vocabulary` and `sentences`, as `joining` makes it) and the file to write.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from .graph import Graph

PLACES = 3
EMBEDDING, UNITS = 32, 48
EPOCHS, BATCH = 4, 128
HELD_OUT = 2000


def main(material: Path, file: Path) -> None:
    """Train and write."""
    import tensorflow as tf

    content = json.loads(material.read_text(encoding="utf-8"))
    tokens, places, mask = _padded(content["sentences"])
    tf.keras.utils.set_random_seed(1)
    spoken = tf.keras.Input((None,), dtype="int32")
    embedded = tf.keras.layers.Embedding(len(content["vocabulary"]), EMBEDDING, mask_zero=True)(spoken)
    recurrent = tf.keras.layers.GRU(UNITS, return_sequences=True)
    both = tf.keras.layers.Bidirectional(recurrent)(tf.keras.layers.Dropout(0.2)(embedded))
    scores = tf.keras.layers.Dense(PLACES, activation="softmax")(tf.keras.layers.Dropout(0.2)(both))
    model = tf.keras.Model(spoken, scores)
    model.compile(tf.keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    held_out = (tokens[:HELD_OUT], places[:HELD_OUT], mask[:HELD_OUT])
    model.fit(
        tokens[HELD_OUT:],
        places[HELD_OUT:],
        sample_weight=mask[HELD_OUT:],
        validation_data=held_out,
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=2,
    )
    right = (model.predict(tokens[:HELD_OUT], verbose=0).argmax(-1) == places[:HELD_OUT]) | (mask[:HELD_OUT] == 0)
    print(
        f"Clause tagger: {right.all(1).mean():.1%} of {HELD_OUT} held-out sentences without a mistake", flush=True
    )
    _write([weight.numpy() for weight in model.weights], file)


def _padded(
    sentences: list[tuple[list[int], list[int]]],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    longest = max(len(indices) for indices, _ in sentences)
    tokens = np.zeros((len(sentences), longest), np.int32)
    places = np.zeros((len(sentences), longest), np.int32)
    for row, (indices, labels) in enumerate(sentences):
        tokens[row, : len(indices)] = indices
        places[row, : len(labels)] = labels
    return tokens, places, (tokens > 0).astype(np.float32)


def _write(weights: list[NDArray[np.float32]], file: Path) -> None:
    """Keras and ONNX agree on the order of a GRU's gates; Keras's second bias is ONNX's recurrent one."""
    table, forward, forward_state, forward_bias, backward, backward_state, backward_bias, kernel, bias = weights
    graph = Graph(quantize=True)
    embedded = graph.add("Unsqueeze", graph.rows(table, "tokens"), graph.constant([1]))
    # The recurrent weights are too few to be worth storing as int8.
    outputs = graph.add(
        "GRU",
        embedded,
        graph.constant(np.stack([forward.T, backward.T])),
        graph.constant(np.stack([forward_state.T, backward_state.T])),
        graph.constant(np.stack([forward_bias.reshape(-1), backward_bias.reshape(-1)])),
        direction="bidirectional",
        hidden_size=UNITS,
        linear_before_reset=1,
    )  # [tokens, direction, 1, units]
    joined = graph.add("Reshape", outputs, graph.constant([0, 2 * UNITS]))
    scores = graph.add("Add", graph.add("MatMul", joined, graph.constant(kernel)), graph.constant(bias))
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["tokens"])]
    graph.save(file, "boundaries", inputs, [graph.output(graph.add("Softmax", scores, axis=-1), "places")])


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
