"""Compares the compiled model with Rasa, text by text: features, intents, entities.

The float network has to agree on everything. The int8 network may differ on texts that Rasa itself is in two minds
about; how many is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ...errors import ModelError
from ...nlu.model import MultiIntentSpec, NluModel
from ...nlu.multi_intent import MultiIntentReader
from ...nlu.parser import DietReader

CONFIDENCE_TOLERANCE = 1e-3
"""Two implementations of the same float32 arithmetic differ by less."""


Cells = list[tuple[int, int, float]]
"""Row, column and value of what isn't zero."""

EntityRow = tuple[str, str, int, int, "str | None", "str | None"]
"""Entity, value, start, end, role, group."""


class Reference(BaseModel):
    """What Rasa said to one text, and the features behind it; written by `export`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    tokens: Cells
    sentence: Cells
    """Of the whole sentence; for a multi-intent network the pieces of its tokens."""
    marks: Cells = []
    """Of names in lookup tables, for a multi-intent network."""
    intent: str
    """Several are joined by `+`."""
    confidence: float
    entities: list[EntityRow]


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
    answer = _answers(model, network)
    same_features = same_results = 0
    differing: list[str] = []
    for reference in expected:
        features, intent, confidence, found = answer(reference.text)
        equal = features == (reference.tokens, reference.sentence, reference.marks)
        same_features += equal
        if not equal:
            differing.append(f"{reference.text!r}: features")
        close = tolerance is None or abs(confidence - reference.confidence) <= tolerance
        agrees = intent == reference.intent and found == reference.entities and close
        same_results += agrees
        if equal and not agrees:
            ours = (intent, round(confidence, 4), found)
            rasas = (reference.intent, round(reference.confidence, 4), reference.entities)
            differing.append(f"{reference.text!r}: here {ours}, Rasa {rasas}")
    return Parity(len(expected), same_features, same_results, tuple(differing[:10]))


_Answer = tuple[tuple[Cells, Cells, Cells], str, float, list[EntityRow]]
"""Features, intent, confidence, entities."""


def _answers(model: NluModel, network: Path) -> Callable[[str], _Answer]:
    if isinstance(model.classifier, MultiIntentSpec):
        return partial(_of_multi_intent, MultiIntentReader(model, model.classifier, network))
    return partial(_of_diet, DietReader(model, model.classifier, network, None))


def _of_diet(reader: DietReader, text: str) -> _Answer:
    features = reader.features(text)
    rows = [(row, *cell) for row, counts in enumerate(features.tokens) for cell in counts]
    parsed = reader.parse(text)
    found: list[EntityRow] = [(e.entity, e.value, e.start, e.end, e.role, e.group) for e in parsed.entities]
    sentence = [(0, *cell) for cell in sorted(features.sentence)]
    return (sorted(rows), sentence, []), parsed.intent, parsed.confidence, found


def _of_multi_intent(reader: MultiIntentReader, text: str) -> _Answer:
    inputs = reader.inputs(text)
    requests = reader.requests(text)
    found: list[EntityRow] = []
    for number, request in enumerate(requests, 1):
        group = str(number) if len(requests) > 1 else None
        found += [(e.entity, e.value, e.start, e.end, None, group) for e in request.entities]
    cells = (
        [(row, column, 1.0) for row, column in enumerate(inputs.tokens)],
        sorted((row, column, 1.0) for row, own in enumerate(inputs.pieces) for column in own),
        sorted((row, column, 1.0) for row, column in inputs.marks),
    )
    return cells, "+".join(r.intent for r in requests), min(r.confidence for r in requests), found


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
