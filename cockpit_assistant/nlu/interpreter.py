"""What an utterance means: text in, clauses with intents and values out.

    text → normalised → cut into parts → each parsed by the network → values, names, zones → clauses

An utterance out of scope has no clauses: small talk, anything the network isn't sure of, anything without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..events import Clause, Language, Seat, Understanding
from .boundaries import BoundaryTagger
from .catalogue import Catalogue
from .clauses import ClauseSplitter, Meaning
from .entities import EntityReader
from .language import language_of
from .model import BOUNDARIES_FILE, NETWORK_FILE, NluModel, load
from .negation import torn_off, without_negation
from .parser import Parsed, Parser
from .text import Normalizer, Text, without_punctuation
from .tokens import tokenizer

OUT_OF_SCOPE = frozenset({"chat", "out_of_scope", "nlu_fallback"})
"""Intents that ask for nothing, by the names Rasa projects use."""

LONGEST = 200
"""Characters of an utterance that are looked at: half a minute of speech."""


class Interpreter:
    """A project's understanding."""

    def __init__(
        self, model: NluModel, folder: Path, entity_types: Mapping[str, str], default_language: Language
    ) -> None:
        self._parser = Parser(model, folder / NETWORK_FILE)
        tagger = BoundaryTagger(folder / BOUNDARIES_FILE, model.boundary_tokens)
        self._splitter = ClauseSplitter(tagger, tokenizer(model.tokenizer))
        self._normalized = Normalizer()
        self._reader = EntityReader(Catalogue(model.lookups), entity_types, model.synonyms)
        self._threshold, self._ambiguity = model.threshold, model.ambiguity
        self._default_language = default_language

    @classmethod
    def load(
        cls, model_dir: Path, entity_types: Mapping[str, str], default_language: Language = "zh"
    ) -> Interpreter:
        """Load a compiled model.

        Args:
            model_dir: folder that `train nlu` wrote.
            entity_types: type of each entity (number, percent, zone, text); text for those that aren't named.
            default_language: for utterances that don't tell.

        Raises:
            ModelError: a file is missing, damaged or of another format.
        """
        return cls(load(model_dir), model_dir, entity_types, default_language)

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
        normal = self._normalized(text[:LONGEST])
        whole = without_punctuation(normal).text
        if without_negation(whole) and self._forbidden(whole, self._parser.parse(whole)):
            return Understanding(text, language, seat, ())  # cut up, its pieces would be commands after all
        clauses = self._splitter.split(normal, lambda part: self._clause(part, text, language))
        return Understanding(text, language, seat, tuple(clause for clause in clauses if clause is not None))

    def _clause(self, part: Text, original: str, language: Language) -> Meaning[Clause | None]:
        """The clause a part makes; None if it is out of scope."""
        parsed = self._parser.parse(part.text)
        if not self._sure(parsed):
            return Meaning(None, 0.0)
        start, end = part.span(0, len(part.text))
        if torn_off(original, start, end) or self._forbidden(part.text, parsed):
            return Meaning(None, 0.0)
        entities = self._reader.entities(parsed.entities, part, original, language)
        return Meaning(
            Clause(original[start:end], parsed.intent, parsed.confidence, entities, start), parsed.confidence
        )

    def _forbidden(self, text: str, parsed: Parsed) -> bool:
        """Whether the network has overlooked that the sentence forbids what it was taken for."""
        rest = without_negation(text)
        if not rest:
            return False
        bare = self._parser.parse(rest)
        return bare.intent == parsed.intent and bare.confidence >= parsed.confidence

    def _sure(self, parsed: Parsed) -> bool:
        return (
            parsed.intent not in OUT_OF_SCOPE
            and parsed.confidence >= self._threshold
            and parsed.margin >= self._ambiguity
        )
