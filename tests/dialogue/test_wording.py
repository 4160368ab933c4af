"""Responses: which variation is said, and how it is filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.dialogue.tracker import Manner
from cockpit_assistant.dialogue.wording import Wording, together
from cockpit_assistant.errors import ProjectError
from cockpit_assistant.events import Say
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.model import VehicleModel

DOMAIN = """
version: "3.1"
intents: [open_window, {chat: {use_entities: []}}]
entities: [zone, {place: {roles: [origin]}}]
responses:
  utter_open_window:
  - condition: [{type: slot, name: language, value: zh}]
    text: "{zone}车窗开了"
  - condition: [{type: slot, name: language, value: en}, {type: slot, name: scope, value: several}]
    text: "The {zone} windows are open."
  - text: "The {zone} window is open."
  utter_set_temperature:
  - text: "{value} degrees."
  utter_greet:
  - text: "Hello."
  - text: "Hi."
"""


@pytest.fixture
def domain(tmp_path: Path) -> Domain:
    (tmp_path / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    return Domain.load(tmp_path)


def test_intents_and_entities_with_options_are_read_by_name(domain: Domain) -> None:
    assert domain.intents == {"open_window", "chat"}
    assert domain.entities == {"zone", "place"}


def test_language_chooses_the_variation(domain: Domain) -> None:
    wording = Wording(domain)
    assert wording.of(Say("utter_open_window", (("zone", "副驾"),)), "zh") == "副驾车窗开了"


def test_conditions_win_over_plain_variations(domain: Domain) -> None:
    wording = Wording(domain)
    assert wording.of(Say("utter_open_window", (("zone", "rear"), ("scope", "several"))), "en") == (
        "The rear windows are open."
    )
    assert wording.of(Say("utter_open_window", (("zone", "rear"), ("scope", "one"))), "en") == (
        "The rear window is open."
    )


@pytest.mark.parametrize(("value", "said"), [(24.0, "24 degrees."), (22.5, "22.5 degrees."), (3, "3 degrees.")])
def test_numbers_are_said_without_needless_decimals(domain: Domain, value: float, said: str) -> None:
    assert Wording(domain).of(Say("utter_set_temperature", (("value", value),)), "en") == said


def test_variations_take_turns(domain: Domain) -> None:
    wording = Wording(domain)
    said = [wording.of(Say("utter_greet"), "en") for _ in range(4)]
    assert said[0] != said[1]
    assert sorted(said) == ["Hello.", "Hello.", "Hi.", "Hi."]


def test_unknown_response_is_silence(domain: Domain) -> None:
    assert Wording(domain).of(Say("utter_absent"), "en") == ""


@pytest.mark.parametrize(
    ("sentences", "language", "whole"),
    [
        (["空调开了", "副驾车窗开了"], "zh", "空调开了。副驾车窗开了。"),
        (["空调开了。", "好！"], "zh", "空调开了。好！"),
        (["空调开了"], "zh", "空调开了"),
        (["Done.", "", "Done.", "Opening."], "en", "Done. Opening."),
        ([], "en", ""),
    ],
)
def test_several_replies_become_one(sentences: list[str], language: str, whole: str) -> None:
    assert together(sentences, language) == whole


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("responses: {utter_a: [{txt: x}]}", "utter_a"),
        ("responses: [", "YAML"),
        ("- a", "mapping"),
    ],
)
def test_malformed_domain_is_explained(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ProjectError, match=told) as error:
        Domain.load(tmp_path)
    assert "domain.yml" in str(error.value)


def test_missing_domain_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="--project"):
        Domain.load(tmp_path)


def test_at_speed_the_shortest_variation_is_said(domain: Domain) -> None:
    wording = Wording(domain)
    assert {wording.of(Say("utter_greet"), "en", brief=True) for _ in range(4)} == {"Hi."}
    assert {wording.of(Say("utter_greet"), "en") for _ in range(9)} == {"Hi.", "Hello."}


def test_who_says_please_is_known_by_words_of_the_language() -> None:
    model = VehicleModel.load(shipped("nlu_data"))
    assert model.is_polite("麻烦您开下窗", "zh")
    assert model.is_polite("Please open it", "en")
    assert not model.is_polite("开下窗", "zh")
    assert not model.is_polite("how pleased I am", "en")
    assert not model.is_polite("open it", "fr")


def test_the_polite_are_spoken_to_politely_and_nobody_else_is() -> None:
    wording = Wording(Domain.load(shipped("nlu_data")))
    plain = {wording.of(Say("utter_confirmation_expired"), "zh") for _ in range(6)}
    polite = {wording.of(Say("utter_confirmation_expired"), "zh", Manner.POLITE) for _ in range(6)}
    assert plain.isdisjoint(polite)
    assert all("您" in text for text in polite)
    assert not any("您" in text for text in plain)


@pytest.mark.parametrize("manner", Manner)
def test_every_response_of_the_shipped_car_has_words_for_either_manner(manner: Manner) -> None:
    domain = Domain.load(shipped("nlu_data"))
    for name, variations in domain.responses.items():
        for variation in variations:
            slots = {slot: value for slot, value in variation.conditions if value is not None}
            assert domain.variations(name, {**slots, "manner": manner.value}), (name, variation)


def test_speed_is_what_the_shipped_car_hurries_at() -> None:
    model = VehicleModel.load(shipped("nlu_data"))
    state = model.initial_state()
    assert not model.is_hurried(state)
    state.put("Vehicle.Speed", 120.0, 0.0)
    assert model.is_hurried(state)
