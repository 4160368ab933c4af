"""Rebuilds the speech embedding network so that it can run along with the microphone.

The published network takes 76 spectra and gives one embedding; windows 80 ms apart overlap by nine tenths, and all
of that is computed again each time. But it never pads in time, and its strides multiply to the 8 spectra between
two windows. So the same weights give the same numbers when every layer remembers its last rows: 8 new spectra in,
one embedding out, for a tenth of the work. `python -m cockpit_assistant.training.wake_stream` writes
`embedding_stream.onnx` beside the published file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..resources import shipped
from ..wake.features import STREAMING

PUBLISHED = "embedding_model.onnx"


def rebuild(published: Path, streaming: Path) -> None:
    """Write the streaming form of the published network.

    Inputs are `spectra` (8·n × 32) and the layers' memories `state0`, `state1`, …; outputs are `embeddings`
    (n × 96) and `next0`, `next1`, …, the memories to go on with. The first 10 embeddings after memories of
    zeros mean nothing.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    source = onnx.shape_inference.infer_shapes(onnx.load(published)).graph
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in source.value_info}
    inputs = [helper.make_tensor_value_info("spectra", TensorProto.FLOAT, ["frames", 32])]
    outputs = [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["steps", 96])]
    numbers = {"image": [1, 1, -1, 32], "flat": [-1, 96], "time": [2], "end": [np.iinfo(np.int64).max]}
    reshape, *layers, _ = source.node
    nodes = [helper.make_node("Reshape", ["spectra", "image"], [reshape.output[0]])]
    for layer in layers:
        kernel = next((a.ints[0] for a in layer.attribute if a.name == "kernel_shape"), 1)
        if layer.op_type == "Conv" and kernel > 1:
            at, kept = len(inputs) - 1, kernel - 1
            _, channels, _, width = shapes[layer.input[0]]
            for name, values in ((f"state{at}", inputs), (f"next{at}", outputs)):
                values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, kept, width]))
            numbers[f"start{at}"] = [-kept]
            nodes.append(helper.make_node("Concat", [f"state{at}", layer.input[0]], [f"joined{at}"], axis=2))
            nodes.append(helper.make_node("Slice", [f"joined{at}", f"start{at}", "end", "time"], [f"next{at}"]))
            layer.input[0] = f"joined{at}"
        nodes.append(layer)
    nodes.append(helper.make_node("Transpose", [layers[-1].output[0]], ["by_step"], perm=[0, 2, 3, 1]))
    nodes.append(helper.make_node("Reshape", ["by_step", "flat"], ["embeddings"]))
    used = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in source.initializer if tensor.name in used]
    weights += [numpy_helper.from_array(np.array(value, dtype=np.int64), name) for name, value in numbers.items()]
    graph = helper.make_graph(nodes, "speech_embedding_stream", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    streaming.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    folder = shipped("onnx_models") / "speech_embedding"
    rebuild(folder / PUBLISHED, folder / STREAMING)
