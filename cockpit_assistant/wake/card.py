"""A wake phrase's card: what `train wake` writes beside the head, and what the detector has to know of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ..events import Language


class WakePhrase(BaseModel):
    """A phrase and how sure one has to be of it. Unknown keys are measurements and kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    text: str
    language: Language
    threshold: float = Field(ge=0, le=1)
    """The head's score from which the recogniser is asked."""
    likelihood: float = Field(default=-3.5, le=0)
    """The recogniser's mean log probability of a token, from which the phrase counts as said."""
