"""What an utterance means: text in, clauses with intents and values out.

    text → normalised → its requests by the network → values, names, zones → clauses

An utterance out of scope has no clauses: small talk, anything the network isn't sure of, anything without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from ..events import Clause, Language, Seat, Understanding, Value
from .catalogue import Catalogue
from .clauses import Meaning
from .entities import EntityReader
from .language import language_of
from .model import OUT_OF_SCOPE, REFRAIN, NluModel, load
from .negation import is_overlooked, torn_off
from .parser import Parsed
from .reader import open_reader
from .text import Normalizer, Text, without_punctuation

LONGEST = 200
"""Characters of an utterance that are looked at: half a minute of speech."""


class Verdict(str, Enum):
    """Whether a request counts, and if not, why."""

    TAKEN = "taken"
    OUT_OF_SCOPE = "out of scope"
    UNSURE = "below the confidence threshold"
    AMBIGUOUS = "too close to the next intent"
    FORBIDDEN = "forbids what it seems to ask for"


@dataclass(frozen=True, slots=True)
class Reading:
    """One request of an utterance as the network sees it, and what became of it."""

    text: str
    parsed: Parsed
    verdict: Verdict
    clause: Clause | None
    """What it means; None unless taken."""


class Interpreter:
    """A project's understanding."""

    def __init__(
        self,
        model: NluModel,
        folder: Path,
        entity_types: Mapping[str, str],
        default_language: Language,
        entity_words: Mapping[str, frozenset[Value]],
        asked_about: frozenset[str],
    ) -> None:
        self._reader = open_reader(model, folder)
        self._normalized = Normalizer()
        self._entities = EntityReader(
            Catalogue(model.lookups), entity_types, model.synonyms, entity_words, asked_about
        )
        # A network that has learned what is not to be done is believed; one that hasn't is asked twice.
        self._hears_negation = REFRAIN in model.intents
        self.threshold, self.ambiguity = model.threshold, model.ambiguity
        self._default_language = default_language

    @classmethod
    def load(
        cls,
        model_dir: Path,
        entity_types: Mapping[str, str],
        default_language: Language = "zh",
        entity_words: Mapping[str, frozenset[Value]] = MappingProxyType({}),
        asked_about: frozenset[str] = frozenset(),
    ) -> Interpreter:
        """Load a compiled model.

        Args:
            model_dir: folder that `train nlu` wrote.
            entity_types: type of each entity (number, percent, duration, time, zone, text); text if it isn't named.
            default_language: for utterances that don't tell.
            entity_words: the values of entities that have a closed set of them.
            asked_about: entities whose value has choices where several names fit.

        Raises:
            ModelError: a file is missing, damaged or of another format.
        """
        return cls(load(model_dir), model_dir, entity_types, default_language, entity_words, asked_about)

    def language_of(self, text: str) -> Language:
        """The language a text is in."""
        return language_of(text, self._default_language)

    def parse(self, text: str, language: Language | None = None, seat: Seat = "driver") -> Understanding:
        """Understand an utterance.

        Args:
            text: as recognised or typed; only its first LONGEST characters count.
            language: of the speaker; None tells it from the text.
            seat: who speaks.
        """
        language = language or self.language_of(text)
        readings = self.readings(text, language)
        return Understanding(text, language, seat, tuple(one.clause for one in readings if one.clause))

    def named(self, entity: str, text: str) -> Value | None:
        """The value of an entity that is named in a text, whatever else the text may mean."""
        return self._entities.named(entity, self.normalised(text))

    def normalised(self, text: str) -> str:
        """A text as the network reads it."""
        return without_punctuation(self._normalized(text[:LONGEST])).text

    def readings(self, text: str, language: Language) -> list[Reading]:
        """Every request in an utterance, also those that don't count."""
        normal = self._normalized(text[:LONGEST])
        found = self._reader.read(normal, lambda part, parsed: self._meaning(part, parsed, text, language))
        return _once(found, text)

    def _meaning(self, part: Text, parsed: Parsed, original: str, language: Language) -> Meaning[Reading]:
        if not part:  # nothing but punctuation
            return Meaning(Reading("", parsed, Verdict.OUT_OF_SCOPE, None), 0.0)
        start, end = part.span(0, len(part.text))
        verdict = self._verdict(part.text, parsed)
        if verdict is Verdict.TAKEN and torn_off(original, start, end):
            verdict = Verdict.FORBIDDEN
        if verdict is not Verdict.TAKEN:
            return Meaning(Reading(original[start:end], parsed, verdict, None), 0.0)
        entities = self._entities.entities(parsed.entities, part, original, language)
        clause = Clause(original[start:end], parsed.intent, parsed.confidence, entities, start)
        return Meaning(Reading(clause.text, parsed, verdict, clause), parsed.confidence)

    def _verdict(self, text: str, parsed: Parsed) -> Verdict:
        if parsed.intent in OUT_OF_SCOPE:
            return Verdict.OUT_OF_SCOPE
        if parsed.confidence < self.threshold:
            return Verdict.UNSURE
        if parsed.margin < self.ambiguity:
            return Verdict.AMBIGUOUS
        overlooked = not self._hears_negation and is_overlooked(text, parsed, self._reader.parse)
        return Verdict.FORBIDDEN if overlooked else Verdict.TAKEN


def _once(readings: list[Reading], original: str) -> list[Reading]:
    """Neighbours that ask for the same thing as one request: "mix them up, play randomly".

    Where both say a value they stay two: 温度调高两度，再调高一度.
    """
    kept: list[Reading] = []
    for reading in readings:
        before, clause = kept[-1].clause if kept else None, reading.clause
        if before and clause and before.intent == clause.intent and not (before.entities and clause.entities):
            end = clause.start + len(clause.text)
            whole = replace(
                before,
                text=original[before.start : end],
                confidence=max(before.confidence, clause.confidence),
                entities=before.entities + clause.entities,
            )
            kept[-1] = replace(kept[-1], text=whole.text, clause=whole)
        else:
            kept.append(reading)
    return kept
