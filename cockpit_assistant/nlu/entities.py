"""Makes entities with values out of what the taggers found in a clause.

Taggers look at tokens, so they stumble over names: they cut 李克勤 after its first character and take "sixty nine"
for two numbers. What stands side by side is joined, a piece of a name that the project lists grows to the whole
name, and what should be a number and isn't one is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..events import Entity, Language, Value
from .catalogue import Catalogue
from .language import is_chinese
from .parser import ParsedEntity
from .text import Text
from .values import EXTREMES, normalise

NUMBERS = ("number", "percent", "duration")
"""Types whose words must be a number, or are nothing."""


class EntityReader:
    """Reads the entities of a clause."""

    def __init__(
        self,
        catalogue: Catalogue,
        types: Mapping[str, str],
        synonyms: Mapping[str, str],
        words: Mapping[str, frozenset[Value]],
        asked_about: frozenset[str] = frozenset(),
    ) -> None:
        self._catalogue = catalogue
        self._types = types
        self._synonyms = synonyms
        self._words = words
        self._asked_about = asked_about

    def entities(
        self, parsed: Sequence[ParsedEntity], clause: Text, original: str, language: Language
    ) -> tuple[Entity, ...]:
        """Entities in spoken order, none overlapping another.

        Args:
            parsed: what was found in the clause.
            clause: as the network read it.
            original: the whole utterance as it was said; positions count there.
            language: of the utterance.
        """
        found = self._grown(self._joined(parsed, clause.text), clause.text)
        read = []
        for entity in found:
            words = clause.text[entity.start : entity.end]
            value = self._value(entity, words, language)
            if value is None:
                continue
            start, end = clause.span(entity.start, entity.end)
            choices = self._choices(entity.entity, words) if value == words else ()
            if len(choices) == 1:
                value, choices = choices[0], ()
            named = self._catalogue.match(entity.entity, words) if self._catalogue.lists(entity.entity) else None
            match = named.score if named and named.name == value else None
            read.append(
                Entity(
                    entity.entity,
                    value,
                    start,
                    end,
                    original[start:end],
                    entity.role,
                    entity.group,
                    match,
                    choices if match is None else (),
                )
            )
        return tuple(read)

    def named(self, entity: str, text: str) -> Value | None:
        """The value that a text has a word for: a name of the entity's table, or a value that vehicle.yml lists.

        A number may be named as well, by the end of its range: 最低.
        """
        if self._catalogue.lists(entity):
            return self._catalogue.within(entity, text)
        numeric = self._types.get(entity) in NUMBERS
        values: frozenset[Value] = frozenset(EXTREMES) if numeric else self._words.get(entity, frozenset())
        spoken = {word: value for word, value in self._synonyms.items() if value in values}
        spoken |= {str(value): str(value) for value in values}
        lower = f" {text.lower()} "
        found = [word for word in spoken if (word if not word.isascii() else f" {word.lower()} ") in lower]
        return spoken[max(found, key=len)] if found else None

    def _choices(self, entity: str, words: str) -> tuple[str, ...]:
        """The names that the speaker must be asked about."""
        return self._catalogue.choices(entity, words) if entity in self._asked_about else ()

    def _joined(self, parsed: Sequence[ParsedEntity], text: str) -> list[ParsedEntity]:
        """Neighbours of one kind become one, except zones, of which people do name several in a row."""
        found: list[ParsedEntity] = []
        for entity in parsed:
            last = found[-1] if found else None
            if last and self._belong_together(last, entity, text):
                found[-1] = self._stretched(last, last.start, entity.end, text)
            else:
                found.append(entity)
        return found

    def _belong_together(self, left: ParsedEntity, right: ParsedEntity, text: str) -> bool:
        alike = (left.entity, left.role, left.group) == (right.entity, right.role, right.group)
        if not alike or self._types.get(left.entity) == "zone" or text[left.end : right.start].strip():
            return False
        return not any(self._catalogue.exact(left.entity, text[one.start : one.end]) for one in (left, right))

    def _grown(self, found: Sequence[ParsedEntity], text: str) -> list[ParsedEntity]:
        grown: list[ParsedEntity] = []
        for entity in found:
            start, end = self._catalogue.whole_name(entity.entity, text, entity.start, entity.end)
            if (start, end) != (entity.start, entity.end) and _at_word_ends(text, start, end):
                entity = self._stretched(entity, start, end, text)
            if grown and entity.start < grown[-1].end:
                # Two claims to the same words: the longer name has more to say for itself.
                if entity.end - entity.start <= grown[-1].end - grown[-1].start:
                    continue
                grown.pop()
            grown.append(entity)
        return grown

    def _stretched(self, entity: ParsedEntity, start: int, end: int, text: str) -> ParsedEntity:
        words = text[start:end]
        return replace(entity, start=start, end=end, value=self._synonyms.get(words.lower(), words))

    def _value(self, entity: ParsedEntity, words: str, language: Language) -> Value | None:
        """The value from synonyms, numbers and names; None for a number that is none.

        Rasa's synonyms don't know entities: 红 is the colour red, but also a song, and 洗车 a scene, but also a
        kind of
        place. A synonym counts for an entity that can have its value: one of those vehicle.yml lists, or one of the
        entity's names; and a name that the project lists for this very entity stays what it is.
        """
        kind = self._types.get(entity.entity, "text")
        if kind in NUMBERS:
            value = normalise(entity.value, kind, language)
            return value if value in EXTREMES or not isinstance(value, str) else None
        if kind == "time":
            return normalise(words, kind, language)
        name = self._catalogue.exact(entity.entity, words)
        if name is not None and self._catalogue.exact(entity.entity, entity.value) is None:
            return name
        if entity.value != words and self._can_be(entity.entity, entity.value):
            return self._catalogue.exact(entity.entity, entity.value) or entity.value
        if match := self._catalogue.match(entity.entity, words):
            return match.name
        if words.lower() in self._words.get(entity.entity, ()):
            return words.lower()
        return words if kind == "zone" else normalise(words, kind, language)

    def _can_be(self, entity: str, value: str) -> bool:
        """Whether a synonym's value is one of this entity's, as far as the project tells."""
        if self._types.get(entity) == "zone":
            return True
        if (words := self._words.get(entity)) is not None:
            return value in words
        return not self._catalogue.lists(entity) or self._catalogue.exact(entity, value) is not None


def _at_word_ends(text: str, start: int, end: int) -> bool:
    """Whether no word of letters is cut: Chinese has no such words."""

    def inside(position: int) -> bool:
        left, right = text[position - 1 : position], text[position : position + 1]
        return all(sign.isalnum() and not is_chinese(sign) for sign in (left, right) if sign) and bool(
            left and right
        )

    return not inside(start) and not inside(end)
