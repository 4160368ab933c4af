"""Compares the compiled model with Rasa, text by text: features, intents, entities.

The float network has to agree on everything. The int8 network may differ on texts that Rasa itself is in two minds
about; how many is counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ...errors import ModelError
from ...nlu.features import Counts
from ...nlu.model import NluModel
from ...nlu.parser import Parser

CONFIDENCE_TOLERANCE = 1e-3
"""Two implementations of the same float32 arithmetic differ by less."""


class Reference(BaseModel):
    """What Rasa said to one training text; written by `export`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    tokens: list[tuple[int, int, float]]
    sentence: list[tuple[int, int, float]]
    intent: str
    confidence: float
    entities: list[tuple[str, str, int, int, str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Parity:
    """The outcome for one network."""

    texts: int
    features: int
    """Texts with identical features."""
    results: int
    """Texts with the same intent and the same entities."""
    differing: tuple[str, ...]
    """The first few that differ, each with what differs."""


def references(file: Path) -> list[Reference]:
    """Read `reference.json`."""
    return [Reference.model_validate(item) for item in json.loads(file.read_text(encoding="utf-8"))]


def compare(model: NluModel, network: Path, expected: list[Reference], tolerance: float | None) -> Parity:
    """Parse every text and compare.

    Args:
        model: the side file.
        network: the ONNX file.
        expected: Rasa's answers.
        tolerance: allowed difference in confidence; None compares no confidences.
    """
    parser = Parser(model, network)
    same_features = same_results = 0
    differing: list[str] = []
    for reference in expected:
        features = parser.features(reference.text)
        rows = [(row, *cell) for row, counts in enumerate(features.tokens) for cell in counts]
        sentence: Counts = features.sentence
        equal = sorted(rows) == reference.tokens and [(0, *cell) for cell in sorted(sentence)] == reference.sentence
        same_features += equal
        if not equal:
            differing.append(f"{reference.text!r}: features")
        parsed = parser.parse(reference.text)
        found = [(e.entity, e.value, e.start, e.end, e.role, e.group) for e in parsed.entities]
        close = tolerance is None or abs(parsed.confidence - reference.confidence) <= tolerance
        agrees = parsed.intent == reference.intent and found == reference.entities and close
        same_results += agrees
        if equal and not agrees:
            ours = (parsed.intent, round(parsed.confidence, 4), found)
            rasas = (reference.intent, round(reference.confidence, 4), reference.entities)
            differing.append(f"{reference.text!r}: here {ours}, Rasa {rasas}")
    return Parity(len(expected), same_features, same_results, tuple(differing[:10]))


def assert_same(parity: Parity) -> None:
    """Insist on full agreement.

    Raises:
        ModelError: something differs; the message shows the first cases.
    """
    if parity.features != parity.texts or parity.results != parity.texts:
        cases = "\n  ".join(parity.differing)
        raise ModelError(
            f"The compiled model differs from Rasa: same features on {parity.features} and same results on "
            f"{parity.results} of {parity.texts} texts. It was not installed. First cases:\n  {cases}"
        )
