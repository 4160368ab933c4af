"""The Rasa domain as the head unit needs it: which intents and entities exist, and what can be said.

Responses are Rasa's own: variations of a text, each with optional conditions on slots. The language of the speaker
is such a slot, and so are facts a sentence depends on (one window or several).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..events import Entity, Value
from ..vehicle.document import Document
from .playbook.slots import Form, Slot, read_forms, read_slots

DEFAULT_INTENTS = ("restart", "back", "out_of_scope", "session_start", "nlu_fallback")
"""Intents every Rasa project has without naming them."""


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
    slots: Mapping[str, Slot] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    """Custom actions; responses and forms are actions as well."""
    used_entities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By intent, the entities (`place`, `place#origin`) that influence a conversation."""

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
        slots = read_slots(document)
        return cls(
            intents=frozenset(_names(content.get("intents"))),
            entities=frozenset(_names(content.get("entities"))),
            responses={
                name: tuple(Variation(v.text, tuple((c.name, c.value) for c in v.condition)) for v in variations)
                for name, variations in responses.items()
            },
            slots=slots,
            forms=read_forms(document, slots),
            actions=frozenset(_names(content.get("actions"))),
            used_entities=dict(_used_entities(content.get("intents"), content.get("entities"))),
        )

    def seen_entities(self, intent: str, entities: Sequence[Entity]) -> tuple[str, ...]:
        """What the policies see of an utterance's entities: their names, and with roles and groups."""
        names = {entity.entity for entity in entities}
        names |= {f"{entity.entity}#{entity.role}" for entity in entities if entity.role is not None}
        names |= {f"{entity.entity}#{entity.group}" for entity in entities if entity.group is not None}
        return tuple(sorted(names & self.used_entities.get(intent, names)))

    def variations(self, response: str, slots: Mapping[str, Value]) -> tuple[Variation, ...]:
        """The variations that fit; conditional ones win over plain ones, as in Rasa."""
        fitting = [v for v in self.responses.get(response, ()) if v.fits(slots)]
        conditional = tuple(v for v in fitting if v.conditions)
        return conditional or tuple(fitting)


_NONE: dict[str, object] = {}


def _used_entities(intents: object, entities: object) -> Iterator[tuple[str, frozenset[str]]]:
    """For each intent, the entities that count, as `use_entities` and `ignore_entities` say."""
    labels: dict[str, set[str]] = {}
    ignored: set[str] = set()
    for name, options in _with_options(entities):
        sub = [label for key in ("roles", "groups") for label in _listed(options.get(key))]
        labels[name] = {name, *(f"{name}#{label}" for label in sub)}
        if options.get("influence_conversation") is False:
            ignored.add(name)
    for intent, options in (*((name, _NONE) for name in DEFAULT_INTENTS), *_with_options(intents)):
        used = options.get("use_entities", True)
        taken = set(labels) if used is True else set(_listed(used))
        left_out = set(_listed(options["ignore_entities"])) if "ignore_entities" in options else ignored
        counted = {label for name in taken for label in labels.get(name, {name})}
        if used is True:  # as in Rasa, which leaves out the bare names only
            counted -= ignored
        yield intent, frozenset(counted - {label for name in left_out for label in labels.get(name, {name})})


def _with_options(listed: object) -> Iterator[tuple[str, dict[str, object]]]:
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            for name, options in item.items():
                yield str(name), options if isinstance(options, dict) else {}
        else:
            yield str(item), {}


def _listed(names: object) -> list[str]:
    return [str(name) for name in names] if isinstance(names, list) else []


def _names(listed: object) -> list[str]:
    """Rasa lists plain names or one-key mappings with options."""
    return [name for name, _ in _with_options(listed)]
