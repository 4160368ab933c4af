"""Writes the trained DIET network as ONNX. Runs inside the Rasa environment.

The sparse input is a product of a small matrix of counts with embeddings gathered from a table, so no input is as
wide as the vocabulary.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from .graph import Graph, Weights, attended, numbered, positions


def write_diet(
    weights: Weights, heads: int, longest: int, used: NDArray[np.bool_], file: Path, quantize: bool
) -> None:
    """Write the network.

    Args:
        weights: as `export` collects them.
        heads: attention heads.
        longest: positions (tokens and the sentence) the network shall take.
        used: which token features some training text has. The others (n-grams that reach over several tokens, say)
            were never trained, so they are left out and count nothing.
        file: where to.
        quantize: store weights as int8.
    """
    graph = Graph(quantize)
    units = weights["embedding.kernel"].shape[1]

    def summed(side: str, table: NDArray[np.float32], columns: str) -> str:
        counted = graph.add("MatMul", f"{side}_counts", graph.rows(table, columns))
        return graph.add("Add", counted, graph.constant(weights[f"{side}.bias"]))

    kept, place = _without_unused(weights["token.kernel"], used)
    places = graph.add("Cast", graph.add("Gather", graph.constant(place), "token_columns"), to=TensorProto.INT64)
    sentences = summed("sentence", weights["sentence.kernel"], "sentence_columns")
    value = graph.add("Concat", summed("token", kept, places), sentences, axis=0)
    for layer in numbered(weights, "hidden"):
        value = graph.gelu(graph.dense(value, weights, layer))
    value = graph.add("Mul", graph.dense(value, weights, "embedding"), graph.constant(float(np.sqrt(units))))
    length = graph.add("Slice", graph.add("Shape", value), graph.constant([0]), graph.constant([1]))
    table = graph.matrix(positions(longest, units))
    value = graph.add("Add", value, graph.add("Slice", table, graph.constant([0]), length, graph.constant([0])))
    for layer in numbered(weights, "layer"):
        value = _transformer_layer(graph, value, weights, layer, heads, units)
    # DIET's own call wraps the transformer's output in a GELU.
    value = graph.gelu(graph.normalized(value, weights, "norm"))

    outputs = []
    sentence, tokens = graph.slice(value, -1, 2**31 - 1), graph.slice(value, 0, -1)
    if "labels" in weights:
        similarity = graph.product(graph.dense(sentence, weights, "intent"), weights["labels"].T.copy())
        outputs.append(graph.output(graph.add("Softmax", similarity, axis=-1), "intent"))
    for tagger in ("entity", "role", "group"):
        if f"{tagger}.kernel" in weights:
            outputs.append(graph.output(graph.dense(tokens, weights, tagger), tagger))
    inputs = [
        helper.make_tensor_value_info("token_counts", TensorProto.FLOAT, ["tokens", "token_features"]),
        helper.make_tensor_value_info("token_columns", TensorProto.INT64, ["token_features"]),
        helper.make_tensor_value_info("sentence_counts", TensorProto.FLOAT, [1, "sentence_features"]),
        helper.make_tensor_value_info("sentence_columns", TensorProto.INT64, ["sentence_features"]),
    ]
    graph.save(file, "diet", inputs, outputs)


def _transformer_layer(graph: Graph, value: str, weights: Weights, layer: str, heads: int, units: int) -> str:
    value = attended(graph, value, weights, layer, heads, units)
    normal = graph.normalized(value, weights, f"{layer}.feed_norm")
    wide = graph.gelu(graph.dense(normal, weights, f"{layer}.feed_in"))
    return graph.add("Add", value, graph.dense(wide, weights, f"{layer}.feed_out"))


def _without_unused(
    table: NDArray[np.float32], used: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int16 | np.int64]]:
    """The used rows and a row of zeros, and for each row of the whole table which of these it is."""
    kept = np.vstack([table[used], np.zeros((1, table.shape[1]), np.float32)])
    place: NDArray[np.int16 | np.int64] = np.full(
        len(table), len(kept) - 1, np.int16 if len(kept) < 2**15 else np.int64
    )
    place[used] = np.arange(len(kept) - 1)
    return kept, place
