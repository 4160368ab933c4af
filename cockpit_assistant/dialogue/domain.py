"""The Rasa domain as the head unit needs it: which intents and entities exist, and what can be said.

Responses are Rasa's own: variations of a text, each with optional conditions on slots. The language of the speaker
is such a slot, and so are facts a sentence depends on (one window or several).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..events import Value
from ..vehicle.document import Document


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: str
    name: str
    value: bool | int | float | str | None


class _Variation(BaseModel):
    model_config = ConfigDict(extra="ignore")  # Rasa allows buttons, images, channels: not for a voice
    text: str
    condition: list[_Condition] = []


_Responses = TypeAdapter(dict[str, list[_Variation]])


@dataclass(frozen=True, slots=True)
class Variation:
    """One way to say a response, and the slots it is meant for."""

    text: str
    conditions: tuple[tuple[str, Value | None], ...]

    def fits(self, slots: Mapping[str, Value]) -> bool:
        """Whether every condition holds."""
        return all(slots.get(name) == value for name, value in self.conditions)


@dataclass(frozen=True, slots=True)
class Domain:
    """What a project's domain.yml declares."""

    intents: frozenset[str]
    entities: frozenset[str]
    responses: Mapping[str, tuple[Variation, ...]]

    @classmethod
    def load(cls, project: Path) -> Domain:
        """Read `domain.yml` of a Rasa project.

        Raises:
            ProjectError: the file is missing, not YAML, or a response is malformed; names file and line.
        """
        document = Document(project / "domain.yml")
        content = document.data
        try:
            responses = _Responses.validate_python(content.get("responses") or {})
        except ValidationError as error:
            first = error.errors()[0]
            raise document.error(("responses", *first["loc"]), f"{first['msg']}.") from None
        return cls(
            intents=frozenset(_names(content.get("intents"))),
            entities=frozenset(_names(content.get("entities"))),
            responses={
                name: tuple(Variation(v.text, tuple((c.name, c.value) for c in v.condition)) for v in variations)
                for name, variations in responses.items()
            },
        )

    def variations(self, response: str, slots: Mapping[str, Value]) -> tuple[Variation, ...]:
        """The variations that fit; conditional ones win over plain ones, as in Rasa."""
        fitting = [v for v in self.responses.get(response, ()) if v.fits(slots)]
        conditional = tuple(v for v in fitting if v.conditions)
        return conditional or tuple(fitting)


def _names(listed: object) -> list[str]:
    """Rasa lists plain names or one-key mappings with options."""
    if not isinstance(listed, list):
        return []
    return [next(iter(item)) if isinstance(item, dict) else str(item) for item in listed]
