"""Writes the multi-intent network as ONNX. Runs inside the Rasa environment.

The same arithmetic as `components/joint_network.py` of the Rasa project, for one utterance at a time.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper

from .graph import Graph, Weights, attended, numbered, positions

LONGEST = 256
"""Tokens the compiled network takes; an utterance has a few dozen."""

POSITION_WEIGHT = 0.2
"""Of the position encoding beside the embeddings, as in training."""


def write_multi_intent(weights: Weights, heads: int, file: Path, quantize: bool) -> None:
    """Write the network.

    Args:
        weights: by the names that training uses.
        heads: attention heads.
        file: where to.
        quantize: store weights as int8.
    """
    graph = Graph(quantize)
    units = weights["tokens"].shape[1]
    spelt = graph.add(
        "Mul", graph.rows(weights["pieces"], "pieces"), graph.add("Unsqueeze", "piece_weights", graph.constant([2]))
    )
    value = graph.add(
        "Add",
        graph.rows(weights["tokens"], "tokens"),
        graph.add("ReduceSum", spelt, graph.constant([1]), keepdims=0),
    )
    value = graph.add("Add", value, graph.product("marks", weights["marks"]))
    length = graph.add("Shape", "tokens")
    table = graph.constant(POSITION_WEIGHT * positions(LONGEST, units))
    value = graph.add("Add", value, graph.add("Slice", table, graph.constant([0]), length, graph.constant([0])))
    for layer in numbered(weights, "layer"):
        value = _layer(graph, value, weights, layer, heads, units)
    value = graph.normalized(value, weights, "norm")
    outputs = [graph.output(graph.dense(value, weights, head), head) for head in ("place", "intent", "tag")]
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["tokens"]),
        helper.make_tensor_value_info("pieces", TensorProto.INT64, ["tokens", "pieces"]),
        helper.make_tensor_value_info("piece_weights", TensorProto.FLOAT, ["tokens", "pieces"]),
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["tokens", len(weights["marks"])]),
    ]
    graph.save(file, "multi_intent", inputs, outputs)


def _layer(graph: Graph, value: str, weights: Weights, layer: str, heads: int, units: int) -> str:
    value = attended(graph, value, weights, layer, heads, units)
    normal = graph.normalized(value, weights, f"{layer}.feed_norm")
    # The tokens before and after: a row of zeros stands beyond either end.
    padded = graph.add("Pad", normal, graph.constant([1, 0, 1, 0]))
    neighbours = graph.add("Concat", graph.slice(padded, 0, -2), normal, graph.slice(padded, 2, 2**31 - 1), axis=1)
    wide = graph.add("Relu", graph.dense(neighbours, weights, f"{layer}.feed_in"))
    return graph.add("Add", value, graph.dense(wide, weights, f"{layer}.feed_out"))
