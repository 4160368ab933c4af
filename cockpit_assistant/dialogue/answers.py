"""Whether an utterance answers the assistant's question, and what the clause it asked about is then.

Pure functions. The answer to "which temperature?" is a number, whatever else the words may be taken for; the answer
to "Anna Meyer and Anna Schmidt: which one?" is a name, a part of it, or its place in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..events import Clause, Entity, Understanding, Value
from ..nlu.values import is_bare_number, normalise, number_in, place_in_list
from .tracker import Question

LONGEST_NAME = (10, 4)
"""Characters of a Chinese answer, words of another, that may be a name as a whole."""

Named: TypeAlias = Callable[[str, str], Value | None]
"""The value of an entity that is named in a text: entity and text go in."""


def answered(
    question: Question, understanding: Understanding, types: Mapping[str, str], named: Named | None = None
) -> Clause | None:
    """The clause that was asked about, now with the entity it lacked; None if this is no answer.

    Args:
        question: what was asked.
        understanding: what has been said since.
        types: type of each entity, as vehicle.yml has them.
        named: finds a value in words that were understood as something else: 蓝牙 of 呃，蓝牙吧.
    """
    if question.choices:
        entity = _chosen(question.choices, understanding, question.entity)
    else:
        entity = _value(question, understanding, types.get(question.entity, "text"), named)
    if entity is None:
        return None
    clause = question.clause
    kept = tuple(e for e in clause.entities if not (question.choices and e.entity == question.entity))
    return Clause(clause.text, clause.intent, clause.confidence, (*kept, entity), clause.start)


def _value(question: Question, understanding: Understanding, kind: str, named: Named | None) -> Entity | None:
    others = {clause.intent for clause in understanding.clauses} - {question.clause.intent, "correct"}
    entity = _said(understanding, question.entity)
    text, language = understanding.text, understanding.language
    number = kind in ("number", "percent")
    found = named(question.entity, text) if named and entity is None and (number or kind == "text") else None
    if found is not None and len(understanding.clauses) <= 1:
        return Entity(question.entity, found, 0, len(text), text)
    # A number with no more than its unit is the answer, whatever else the words may be taken for.
    if others and entity is None and not (number and is_bare_number(text, kind, language)):
        return None
    value: Value | None
    if number:
        value = number_in(text, kind, language)
    elif entity is None and not _short(text):
        return None  # a whole sentence that wasn't understood is no place, and no song
    else:
        value = entity.value if entity else normalise(text, kind, language)
    return Entity(question.entity, value, 0, len(text), text) if value is not None else entity


def _short(text: str) -> bool:
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text)
    return len(text) <= LONGEST_NAME[0] if chinese else len(text.split()) <= LONGEST_NAME[1]


def _chosen(choices: Sequence[str], understanding: Understanding, name: str) -> Entity | None:
    """The choice that was named, wholly or in part, or counted to."""
    text = understanding.text
    choice = _named(choices, text) or _counted(choices, _said(understanding, "option"))
    return Entity(name, choice, 0, len(text), text) if choice else None


def _named(choices: Sequence[str], text: str) -> str | None:
    lower = text.casefold()
    whole = [choice for choice in choices if choice.casefold() in lower]
    if len(whole) == 1:
        return whole[0]
    # What only one of them has: 公司 of 张伟公司 and 张伟家里, Meyer of Anna Meyer and Anna Schmidt.
    own = [[part for part in _parts(choice) if sum(part in _parts(c) for c in choices) == 1] for choice in choices]
    named = [choice for choice, parts in zip(choices, own, strict=True) if any(part in lower for part in parts)]
    return named[0] if len(named) == 1 else None


def _parts(name: str) -> list[str]:
    lower = name.casefold()
    words = lower.split()
    if len(words) > 1 or lower.isascii():
        return words
    return list(lower)


def _counted(choices: Sequence[str], said: Entity | None) -> str | None:
    if said is None:
        return None
    if said.value == "last":
        return choices[-1]
    number = int(str(said.value)) if str(said.value).isdecimal() else place_in_list(said.text)
    return choices[number - 1] if number is not None and 1 <= number <= len(choices) else None


def _said(understanding: Understanding, name: str) -> Entity | None:
    return next((found for clause in understanding.clauses if (found := clause.first(name))), None)
