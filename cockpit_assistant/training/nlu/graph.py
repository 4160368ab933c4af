"""Writes networks as ONNX (opset 17). Runs inside the Rasa environment.

In an int8 file every weight matrix is stored as int8 with one scale a row or column and turned back into floats
when the session starts; embeddings stay int8 in memory, and only the rows that a sentence needs are turned back.
Activations are never quantised: results hardly differ from float, on any machine. Where most weights are zero by
design (DIET's connection density), only the others are stored, with a bit mask that says where they belong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
"""Read by every onnxruntime since 1.13."""

SPARSE = 0.6
"""Matrices with a smaller share of weights are stored as mask and values."""

Weights = Mapping[str, NDArray[np.float32]]

_SMALL = (np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.int16))


class Graph:
    """Collects nodes and initialisers; every method returns the name of what it computes."""

    def __init__(self, quantize: bool) -> None:
        self._quantize = quantize
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: int | float | str | list[int]) -> str:
        """One node with one output."""
        name = f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def constant(self, value: NDArray[np.generic] | Sequence[int] | float) -> str:
        """An initialiser: integers as int64 and other numbers as float32, but small integer types as they are."""
        array = np.asarray(value)
        if array.dtype not in _SMALL:
            array = array.astype(np.int64 if np.issubdtype(array.dtype, np.integer) else np.float32)
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def rows(self, table: NDArray[np.float32], indices: str) -> str:
        """Rows of a table of embeddings."""
        if not self._quantize:
            return self.add("Gather", self.constant(table), indices)
        quantized, scales = _quantized(table, axis=1)
        gathered = self._floats(self.add("Gather", self.constant(quantized), indices))
        return self.add("Mul", gathered, self.add("Gather", self.constant(scales), indices))

    def matrix(self, matrix: NDArray[np.float32]) -> str:
        """A matrix that isn't indexed."""
        if not self._quantize:
            return self.constant(matrix)
        quantized, scales = _quantized(matrix, axis=0)
        sparse = np.count_nonzero(quantized) < SPARSE * quantized.size
        floats = self._scattered(quantized) if sparse else self._floats(self.constant(quantized))
        return self.add("Mul", floats, self.constant(scales))

    def _scattered(self, matrix: NDArray[np.int8]) -> str:
        """A matrix stored as its values that aren't zero and one bit for each place."""
        eights = self.add("Cast", self.constant(np.packbits(matrix != 0)[:, None]), to=TensorProto.INT32)
        powers = self.add("Cast", self.constant([128, 64, 32, 16, 8, 4, 2, 1]), to=TensorProto.INT32)
        two = self.add("Cast", self.constant([2]), to=TensorProto.INT32)
        bits = self.add("Reshape", self.add("Mod", self.add("Div", eights, powers), two), self.constant([-1]))
        mask = self.slice(bits, 0, matrix.size)
        # The value at a place is that of the how-many-eth bit set. (NonZero would be clearer, but onnxruntime
        # doesn't work it out when the session starts.)
        count = self.add("CumSum", mask, self.constant(0), exclusive=1)
        values = self._floats(self.constant(np.append(matrix[matrix != 0], np.int8(0))))
        flat = self.add("Mul", self.add("Gather", values, count), self._floats(mask))
        return self.add("Reshape", flat, self.constant(list(matrix.shape)))

    def _floats(self, value: str) -> str:
        return self.add("Cast", value, to=TensorProto.FLOAT)

    def product(self, left: str, matrix: NDArray[np.float32]) -> str:
        """`left @ matrix`."""
        return self.add("MatMul", left, self.matrix(matrix))

    def dense(self, left: str, weights: Weights, name: str) -> str:
        """A dense layer: `name.kernel`, and `name.bias` if there is one."""
        product = self.product(left, weights[f"{name}.kernel"])
        bias = weights.get(f"{name}.bias")
        return product if bias is None else self.add("Add", product, self.constant(bias))

    def normalized(self, value: str, weights: Weights, name: str) -> str:
        """Layer normalisation."""
        gamma, beta = self.constant(weights[f"{name}.gamma"]), self.constant(weights[f"{name}.beta"])
        return self.add("LayerNormalization", value, gamma, beta, axis=-1, epsilon=1e-6)

    def gelu(self, value: str) -> str:
        """GELU with the exact error function, as TensorFlow computes it by default."""
        erf = self.add("Erf", self.add("Mul", value, self.constant(2**-0.5)))
        half = self.add("Mul", value, self.constant(0.5))
        return self.add("Mul", half, self.add("Add", erf, self.constant(1.0)))

    def slice(self, value: str, start: int, end: int) -> str:
        """Rows start to end."""
        return self.add("Slice", value, self.constant([start]), self.constant([end]), self.constant([0]))

    def output(self, value: str, name: str) -> onnx.ValueInfoProto:
        """Make a value an output of the model."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None])

    def save(
        self, file: Path, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> None:
        """Check the model and write it."""
        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="cockpit-assistant"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        onnx.save(model, str(file))


def attended(graph: Graph, value: str, weights: Weights, layer: str, heads: int, units: int) -> str:
    """A value with what multi-head self-attention over its normalised rows adds to it."""
    depth = units // heads
    normal = graph.normalized(value, weights, f"{layer}.attention_norm")

    def split(name: str, order: list[int]) -> str:
        dense = graph.dense(normal, weights, f"{layer}.{name}")
        return graph.add("Transpose", graph.add("Reshape", dense, graph.constant([-1, heads, depth])), perm=order)

    query, key, content = split("query", [1, 0, 2]), split("key", [1, 2, 0]), split("value", [1, 0, 2])
    weight = graph.add("Mul", graph.add("MatMul", query, key), graph.constant(float(depth**-0.5)))
    mixed = graph.add("MatMul", graph.add("Softmax", weight, axis=-1), content)
    joined = graph.add("Reshape", graph.add("Transpose", mixed, perm=[1, 0, 2]), graph.constant([-1, units]))
    return graph.add("Add", value, graph.dense(joined, weights, f"{layer}.output"))


def numbered(weights: Weights, name: str) -> list[str]:
    """The layers of that name, in order."""
    numbers = {
        int(key.split(".")[0][len(name) :]) for key in weights if key.startswith(name) and key[len(name)].isdigit()
    }
    return [f"{name}{number}" for number in sorted(numbers)]


def positions(longest: int, units: int) -> NDArray[np.float32]:
    """Sinusoidal position encoding, interleaved, as in Rasa's TransformerEncoder."""
    dimension = np.arange(units)[None, :]
    rate = 1 / np.power(10000, (2 * (dimension // 2)) / np.float32(units))
    angle = np.arange(longest, dtype=np.float32)[:, None] * rate.astype(np.float32)
    encoding: NDArray[np.float32] = np.where(dimension % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)
    return encoding


def _quantized(matrix: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 with one scale for each line along `axis`."""
    scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), 1e-12) / 127
    return np.round(matrix / scales).astype(np.int8), scales.astype(np.float32)
