"""Small Rasa projects for tests, written to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

Written: TypeAlias = Callable[..., Path]

DOMAIN = """
version: "3.1"
intents: [greet, bye, order, inform, affirm, deny, chitchat, stop]
entities: [drink, size, {place: {roles: [from, to]}}]
slots:
  drink: {type: text, mappings: [{type: from_entity, entity: drink}]}
  size: {type: categorical, values: [small, large], mappings: [{type: from_entity, entity: size}]}
  mood: {type: bool, mappings: [{type: custom}]}
  stops: {type: list, mappings: [{type: custom}]}
forms:
  coffee: {required_slots: [drink, size], ignored_intents: [chitchat]}
actions: [action_brew]
responses:
  utter_greet: [{text: Hello.}]
  utter_bye: [{text: Bye.}]
  utter_chat: [{text: Sure.}]
  utter_happy: [{text: Fine.}]
  utter_done: [{text: Done.}]
  utter_sure: [{text: Are you sure?}]
  utter_ask_drink: [{text: Which drink?}]
  utter_ask_coffee_size: [{text: Small or large?}]
  utter_ask_size: [{text: Which size?}]
"""

CONFIG = """
policies:
  - {name: MemoizationPolicy, max_history: 5}
  - {name: RulePolicy}
"""

RULES = """
rules:
  - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
  - {rule: bye, steps: [{intent: bye}, {action: utter_bye}]}
  - {rule: chat, steps: [{intent: chitchat}, {action: utter_chat}]}
  - {rule: coffee, steps: [{intent: order}, {action: coffee}, {active_loop: coffee}]}
  - rule: coffee is there
    condition: [{active_loop: coffee}]
    steps: [{action: coffee}, {active_loop: null}, {action: action_brew}, {action: utter_done}]
  - rule: no coffee
    condition: [{active_loop: coffee}]
    steps: [{intent: stop}, {action: action_deactivate_loop}, {active_loop: null}, {action: utter_bye}]
"""


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a project; what isn't given is that of a small coffee shop."""

    def write(
        *, domain: str = DOMAIN, config: str = CONFIG, rules: str = RULES, stories: str = "", tests: str = ""
    ) -> Path:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "tests").mkdir(exist_ok=True)
        files = {
            "domain.yml": domain,
            "config.yml": config,
            "data/rules.yml": rules,
            "data/stories.yml": stories,
            "tests/test_stories.yml": tests,
        }
        for name, text in files.items():
            (tmp_path / name).write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return write
