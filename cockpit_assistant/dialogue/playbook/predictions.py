"""What a policy thinks comes next, and which policy is believed: Rasa's `DefaultPolicyPredictionEnsemble`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .states import LISTEN, Acted, Event, Rejected


@dataclass(frozen=True, slots=True)
class Prediction:
    """The next action by one policy."""

    action: str
    confidence: float
    policy: str
    priority: int = 0
    otherwise: tuple[str, float] = (LISTEN, 0.0)
    """The policy's second choice and its confidence; followed where the first has been rejected."""
    whatever_was_said: bool = False
    """The action is due without a look at what the user said, as while a form is filled; overrules all others."""
    interrupted: bool = False
    """The active form is come back to after something else."""
    hidden: bool = False
    """A rule led to it that no story shows."""


def nothing(policy: str, priority: int) -> Prediction:
    """The prediction of a policy that has none: all actions have confidence 0, and the first is to listen."""
    return Prediction(LISTEN, 0.0, policy, priority)


def choose(predictions: Sequence[Prediction], events: Iterable[Event]) -> Prediction:
    """The prediction to follow; an action that has just been rejected isn't believed again."""
    last = next((event for event in reversed(list(events)) if isinstance(event, (Acted, Rejected))), None)
    if isinstance(last, Rejected):
        predictions = [_without(prediction, last.action) for prediction in predictions]
    certain = [prediction for prediction in predictions if prediction.whatever_was_said]
    best = max(certain or predictions, key=lambda prediction: (prediction.confidence, prediction.priority))
    return replace(best, interrupted=any(prediction.interrupted for prediction in predictions))


def _without(prediction: Prediction, rejected: str) -> Prediction:
    if prediction.action != rejected:
        return prediction
    action, confidence = prediction.otherwise if prediction.otherwise[0] != rejected else (LISTEN, 0.0)
    return replace(prediction, action=action, confidence=confidence)
