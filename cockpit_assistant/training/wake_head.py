"""The head of a wake word: a small convolutional network over 16 × 96 embeddings, trained and written as ONNX.

Two members look at the same window and their opinions are averaged, which is steadier than one net of twice the
size; they are the groups of one grouped network. 20 000 numbers, some 20 µs a window.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..wake.features import WIDTH, WINDOW
from .wake_examples import Examples

MEMBERS = 2
_HIDDEN = 20
_DENSE = 16
_BATCH_BAGS = 64
_BATCH_NEGATIVES = 512
_SEARCHED = 40_000
"""Negatives looked through for hard ones at a time."""


class WakeNet(nn.Module):
    """Windows (n × 16 × 96) in, members' logits (n × MEMBERS) out."""

    def __init__(self, mean: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.mean = mean
        self.scale = scale
        self.convolutions = [
            nn.Conv1d(WIDTH, MEMBERS * _HIDDEN, 3),
            nn.Conv1d(MEMBERS * _HIDDEN, MEMBERS * _HIDDEN, 3, groups=MEMBERS),
            nn.Conv1d(MEMBERS * _HIDDEN, MEMBERS * _DENSE, WINDOW - 4, groups=MEMBERS),
            nn.Conv1d(MEMBERS * _DENSE, MEMBERS, 1, groups=MEMBERS),
        ]
        self.layers = nn.ModuleList(self.convolutions)
        self.dropout = nn.Dropout(0.4)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Each member's logit for each window."""
        values = ((windows - self.mean) / self.scale).transpose(1, 2)
        *hidden, last = self.convolutions
        for layer in hidden:
            values = self.dropout(torch.relu(layer(values)))
        logits: torch.Tensor = last(values)
        return logits.squeeze(-1)


def train_head(
    examples: Examples, steps: int, seed: int, progress: Callable[[int, float], None] = lambda step, loss: None
) -> WakeNet:
    """Fit a head; negatives that it still takes for the phrase come up more and more often.

    `progress` gets the step and the running loss.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    rows = examples.embeddings[chance.integers(0, len(examples.embeddings), 20_000)]
    net = WakeNet(torch.from_numpy(rows.mean(axis=0)), torch.from_numpy(rows.std(axis=0) + 1e-3))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=5e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps)
    hard = examples.negatives
    running = 0.0
    for step in range(steps):
        if step and step % 300 == 0:
            hard = _hardest(net, examples, chance)
        bags = examples.bags[chance.integers(0, len(examples.bags), _BATCH_BAGS)]
        some = chance.choice(examples.negatives, _BATCH_NEGATIVES // 2)
        worst = chance.choice(hard, _BATCH_NEGATIVES // 2)
        positive = _noisy(examples.windows(bags).reshape(-1, WINDOW, WIDTH), net, chance)
        negative = _noisy(examples.windows(np.concatenate([some, worst])), net, chance)
        net.train()
        best = net(positive).reshape(_BATCH_BAGS, -1, MEMBERS).topk(2, dim=1).values.mean(dim=1)
        loss = nn.functional.softplus(-best).mean() + nn.functional.softplus(net(negative)).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        progress(step + 1, running)
    return net.eval()


def scores(net: WakeNet, examples: Examples, ends: np.ndarray) -> np.ndarray:
    """Scores 0..1 of the windows that end at the given rows, in the shape of `ends`."""
    flat = ends.reshape(-1)
    with torch.no_grad():
        parts = [
            torch.sigmoid(net(torch.from_numpy(examples.windows(flat[at : at + 8192]))).mean(dim=1)).numpy()
            for at in range(0, len(flat), 8192)
        ]
    return np.concatenate(parts).reshape(ends.shape) if parts else np.zeros(ends.shape, np.float32)


def write_onnx(net: WakeNet, file: Path) -> None:
    """The head as ONNX: `windows` (n × 16 × 96, float32) in, `score` (n) out."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, value: torch.Tensor | None) -> str:
        assert value is not None
        weights.append(numpy_helper.from_array(value.detach().numpy().astype(np.float32), name))
        return name

    weights: list[onnx.TensorProto] = []
    nodes = [
        helper.make_node("Sub", ["windows", constant("mean", net.mean)], ["centred"]),
        helper.make_node("Div", ["centred", constant("scale", net.scale)], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["values0"], perm=[0, 2, 1]),
    ]
    for number, layer in enumerate(net.convolutions):
        inputs = [
            f"values{number}",
            constant(f"weight{number}", layer.weight),
            constant(f"bias{number}", layer.bias),
        ]
        last = number == len(net.convolutions) - 1
        out = "logits" if last else f"linear{number}"
        nodes.append(helper.make_node("Conv", inputs, [out], group=layer.groups))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"values{number + 1}"]))
    nodes.append(helper.make_node("ReduceMean", ["logits"], ["logit"], axes=[1, 2], keepdims=0))
    nodes.append(helper.make_node("Sigmoid", ["logit"], ["score"]))
    graph = helper.make_graph(
        nodes,
        "wake",
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["n", WINDOW, WIDTH])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(model.SerializeToString())


def _hardest(net: WakeNet, examples: Examples, chance: np.random.Generator) -> np.ndarray:
    """Of some negatives the twentieth with the highest scores."""
    net.eval()
    some = chance.choice(examples.negatives, min(_SEARCHED, len(examples.negatives)), replace=False)
    ranked = np.argsort(scores(net, examples, some))
    return some[ranked[-max(500, len(ranked) // 20) :]]


def _noisy(windows: np.ndarray, net: WakeNet, chance: np.random.Generator) -> torch.Tensor:
    """A little jitter, so that no member learns single numbers by heart."""
    jitter = chance.standard_normal(windows.shape, dtype=np.float32) * 0.25
    return torch.from_numpy(windows + jitter * net.scale.numpy())
