"""The policies a project's config.yml asks for, ready to predict: rules, memorised stories, and whom to believe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, TypeAdapter, ValidationError

from ...errors import ProjectError
from ...vehicle.document import Document
from ..domain import Domain
from .consistency import check_rules, used_in_stories
from .history import RuleOnly, states_of
from .memoization import Memoization
from .predictions import Prediction, choose
from .rules import RuleOptions, Rules
from .states import Conversation, applied_events
from .stories import Story
from .story_steps import OTHER_ACTIONS, OWN_ACTIONS


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    use_nlu_confidence_as_score: Literal[False] = False
    enable_feature_string_compression: bool = True  # has no meaning here


class _Memoization(_Policy):
    name: Literal["MemoizationPolicy", "AugmentedMemoizationPolicy"]
    priority: int = 3
    max_history: NonNegativeInt | None = None


class _Rules(_Policy):
    name: Literal["RulePolicy"]
    priority: int = 4
    core_fallback_threshold: float = Field(default=0.3, ge=0, lt=1)
    core_fallback_action_name: str = "action_default_fallback"
    enable_fallback_prediction: bool = True
    restrict_rules: bool = True
    check_for_contradictions: bool = True


_ON_BOARD = ("MemoizationPolicy", "AugmentedMemoizationPolicy", "RulePolicy")
_Configured = TypeAdapter(Annotated[_Memoization | _Rules, Field(discriminator="name")])


@dataclass(frozen=True, slots=True)
class Policies:
    """What decides about the next action."""

    rules: Rules | None
    memories: tuple[Memoization, ...]
    rules_first: bool
    """Their order in config.yml, which decides between equals."""

    @classmethod
    def learn(cls, config: Path, domain: Domain, stories: Sequence[Story]) -> Policies:
        """Set the policies of `config.yml` up with a project's rules and stories.

        Raises:
            ProjectError: a policy can't run on board, or rules and stories contradict each other.
        """
        configured = _read(config)
        told = [(story, course) for story in stories for course in story.courses]
        of_rules = [course.events for story, course in told if story.rule]
        of_stories = [course.events for story, course in told if not story.rule]
        memories: list[Memoization] = []
        rules: Rules | None = None
        for policy in configured:
            if isinstance(policy, _Memoization):
                augmented = policy.name.startswith("Augmented")
                memories.append(
                    Memoization.learn(
                        domain, of_stories, policy.max_history, augmented=augmented, priority=policy.priority
                    )
                )
                continue
            fallback = _fallback(policy, config, domain)
            if policy.restrict_rules or policy.check_for_contradictions:
                check_rules(
                    domain, told, one_message=policy.restrict_rules, complete=policy.check_for_contradictions
                )
            options = RuleOptions(policy.priority, fallback, policy.core_fallback_threshold)
            rules = Rules.learn(domain, options, of_rules, of_stories)
            if policy.check_for_contradictions:
                rules.hidden = used_in_stories(rules, domain, told)
            else:
                rules.rule_only = RuleOnly()
        if domain.forms and rules is None:
            raise ProjectError(f"{config}: domain.yml has forms, which need `- name: RulePolicy` under `policies`.")
        return cls(rules, tuple(memories), isinstance(configured[0], _Rules))

    @property
    def reach(self) -> int:
        """States of a conversation that can matter."""
        return max([self.rules.reach if self.rules else 0, *(memory.reach for memory in self.memories)])

    def predict(self, conversation: Conversation) -> Prediction:
        """The next action."""
        rule_only = self.rules.rule_only if self.rules else RuleOnly()
        predictions = [memory.predict(conversation, rule_only) for memory in self.memories]
        if self.rules:
            states = states_of(conversation.domain, applied_events(conversation.events))
            predictions.insert(
                0 if self.rules_first else len(predictions), self.rules.predict(conversation, states)
            )
        return choose(predictions, conversation.events)


def _read(config: Path) -> list[_Memoization | _Rules]:
    """The policies in their order; Rasa's own defaults that run on board where the file names none."""
    document = Document(config)
    written = document.data.get("policies")
    if written is None:
        return [_Memoization(name="MemoizationPolicy"), _Rules(name="RulePolicy")]
    if not isinstance(written, list) or not written:
        raise document.error(("policies",), "must be a list of policies: `- name: RulePolicy`.")
    found: list[_Memoization | _Rules] = []
    for number, policy in enumerate(written):
        where = ("policies", number)
        name = policy.get("name") if isinstance(policy, dict) else None
        if not isinstance(name, str):
            raise document.error(where, "give the policy's `name`.")
        if name not in _ON_BOARD:
            raise document.error(where, f"{name} can't run on board. Use {' and '.join(_ON_BOARD[::2])}.")
        if any(name == earlier.name for earlier in found):
            raise document.error(where, f"{name} stands twice. Keep one of them.")
        try:
            found.append(_Configured.validate_python(policy))
        except ValidationError as error:
            first = error.errors()[0]
            place = [step for step in first["loc"] if step != name]
            raise document.error((*where, *place), f"{first['msg']}.") from None
    return found


def _fallback(policy: _Rules, config: Path, domain: Domain) -> str | None:
    name = policy.core_fallback_action_name
    known = {*domain.responses, *domain.actions, *domain.forms, *OWN_ACTIONS}
    if name in OTHER_ACTIONS:
        raise ProjectError(f"{config}: policies: {name} can't run on board. Name a response, or leave it out.")
    if name not in known:
        raise ProjectError(f"{config}: policies: domain.yml has no action `{name}`. Declare it there.")
    return name if policy.enable_fallback_prediction else None
