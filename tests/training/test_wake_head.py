"""The trained part of a wake word, and the streaming form of the network below it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cockpit_assistant.resources import shipped
from cockpit_assistant.training.wake_examples import BAG, Examples
from cockpit_assistant.wake.detector import WakeHead
from cockpit_assistant.wake.features import STREAMING, WIDTH, WINDOW

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("onnx", reason="needs the train extra")


def pattern_among_noise(count: int) -> Examples:
    """A pattern over five embeddings comes up in every scene of 40; nothing else is alike."""
    chance = np.random.default_rng(7)
    pattern = 3 * chance.standard_normal((5, WIDTH))
    embeddings = chance.standard_normal((count * 40, WIDTH))
    bags, negatives = [], []
    for scene in range(count):
        end = scene * 40 + 30
        embeddings[end - 5 : end] += pattern
        bags.append(np.arange(end, end + BAG))
        negatives.append(np.arange(scene * 40 + WINDOW, end - 5))
    return Examples(embeddings.astype(np.float32), np.array(bags), np.concatenate(negatives))


def test_a_head_learns_and_its_onnx_form_scores_the_same(tmp_path: Path) -> None:
    from cockpit_assistant.training.wake_head import scores, train_head, write_onnx

    examples = pattern_among_noise(60)
    net = train_head(examples, steps=60, seed=3)
    found = scores(net, examples, examples.bags).max(axis=1)
    other = scores(net, examples, examples.negatives)
    assert np.median(found) > 0.8
    assert np.quantile(other, 0.95) < 0.2
    write_onnx(net, tmp_path / "test_phrase.onnx")
    card = {"text": "test phrase", "language": "en", "threshold": 0.5}
    (tmp_path / "test_phrase.json").write_text(json.dumps(card), encoding="utf-8")
    head = WakeHead(tmp_path / "test_phrase.onnx")
    assert np.allclose(head.scores(examples.windows(examples.negatives)), other, atol=1e-5)


def test_training_again_with_one_seed_gives_the_same_head() -> None:
    from cockpit_assistant.training.wake_head import scores, train_head

    examples = pattern_among_noise(20)
    first, second = (scores(train_head(examples, 10, 3), examples, examples.bags) for _ in range(2))
    assert np.allclose(first, second, atol=1e-5)


def test_the_shipped_streaming_network_is_what_the_published_one_is_rebuilt_into(tmp_path: Path) -> None:
    import onnxruntime

    from cockpit_assistant.training.wake_stream import PUBLISHED, rebuild

    folder = shipped("onnx_models") / "speech_embedding"
    rebuild(folder / PUBLISHED, tmp_path / STREAMING)
    rebuilt, kept = (onnxruntime.InferenceSession(str(where / STREAMING)) for where in (tmp_path, folder))
    inputs = {
        value.name: np.ones(value.shape, np.float32) for value in kept.get_inputs() if value.name != "spectra"
    }
    inputs["spectra"] = np.random.default_rng(2).standard_normal((80, 32)).astype(np.float32)
    for one, other in zip(rebuilt.run(None, inputs), kept.run(None, inputs), strict=True):
        assert np.array_equal(one, other)
