"""A small trained model lies beside its project, with what Rasa said to every training text.

It was made with `train(PROJECT, MODEL, keep=MODEL)`; the slow test makes it anew. Of the reference of the shipped
project (`cockpit-assistant train nlu --keep DIR`) every 120th text is here.
"""

from pathlib import Path

import pytest

from cockpit_assistant.nlu.interpreter import Interpreter
from cockpit_assistant.nlu.model import NETWORK_FILE, data_hash, load, trained_hash
from cockpit_assistant.resources import shipped
from cockpit_assistant.training.nlu import train
from cockpit_assistant.training.nlu.build import INT8_AGREEMENT
from cockpit_assistant.training.nlu.parity import CONFIDENCE_TOLERANCE, compare, references

PROJECT = Path(__file__).parent / "project"
MODEL = Path(__file__).parent / "model"


def test_the_model_belongs_to_the_project() -> None:
    assert trained_hash(MODEL) == data_hash(PROJECT)


def test_features_and_results_are_those_of_rasa() -> None:
    expected = references(MODEL / "reference.json")
    parity = compare(load(MODEL), MODEL / "nlu.fp32.onnx", expected, CONFIDENCE_TOLERANCE)
    assert parity.differing == ()
    assert parity.features == parity.results == parity.texts > 40


def test_the_reference_covers_roles_and_groups() -> None:
    entities = [entity for reference in references(MODEL / "reference.json") for entity in reference.entities]
    assert {role for *_, role, _ in entities} == {None, "departure", "destination"}
    assert {group for *_, group in entities} == {None, "1"}


def test_int8_says_the_same_as_float() -> None:
    expected = references(MODEL / "reference.json")
    parity = compare(load(MODEL), MODEL / NETWORK_FILE, expected, None)
    assert parity.results >= 0.95 * parity.texts


def test_a_foreign_project_is_understood_in_its_own_words() -> None:
    interpreter = Interpreter.load(MODEL, {}, "en")
    understood = interpreter.parse("Deliver to Paris!")
    assert [clause.intent for clause in understood.clauses] == ["deliver"]
    city = understood.clauses[0].first("city")
    assert city is not None
    assert (city.value, city.role, city.start, city.end) == ("Paris", "destination", 11, 16)


@pytest.mark.slow
def test_training_from_the_project_gives_a_model_that_agrees_with_rasa(tmp_path: Path) -> None:
    lines: list[str] = []
    trained = train(PROJECT, tmp_path / "out", lines.append)
    assert trained.texts > 40
    assert trained_hash(tmp_path / "out") == data_hash(PROJECT)
    assert "Comparing with Rasa" in lines


def test_the_shipped_network_says_what_rasa_says_of_a_sample_of_its_texts() -> None:
    folder = shipped("onnx_models") / "nlu"
    expected = references(Path(__file__).with_name("shipped_reference.json"))
    parity = compare(load(folder), folder / NETWORK_FILE, expected, None)
    assert parity.texts >= 400
    assert parity.features == parity.texts
    assert parity.results >= INT8_AGREEMENT * parity.texts, parity.differing
