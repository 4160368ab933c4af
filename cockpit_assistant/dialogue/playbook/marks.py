"""Entities marked in the text of a user step, as Rasa marks them: 去[外滩](place), /inform{"place": "外滩"}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ...events import Entity

# rasa/shared/nlu/training_data/entities_parser.py: [text](entity:value), [text]{"entity": …}, [text][{…}, {…}]
_MARK = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(\((?P<entity>[^:)]+?)(?:\:(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<many>.*?)\])"
)
_OBJECT = re.compile(r"{(?P<one>[^}]+?)\}")
_DIRECT = re.compile(r"^/(?P<intent>[^{@]+)(?P<confidence>@[0-9.]+)?(?P<entities>{.+})?")


def marked(text: str) -> tuple[str, tuple[Entity, ...]]:
    """A text without its marks, and the entities they stand for.

    Raises:
        ValueError: a mark isn't well-formed; says which.
    """
    if direct := directly(text):
        return text, direct[1]
    entities: list[Entity] = []
    plain, position = "", 0
    for match in _MARK.finditer(text):
        plain += text[position : match.start()]
        start, words = len(plain), match["text"]
        plain += words
        position = match.end()
        if match["entity"]:
            value = match["value"] or words
            entities.append(Entity(match["entity"], value, start, len(plain), words))
        else:
            written = (
                [match["one"]] if match["one"] else [inner["one"] for inner in _OBJECT.finditer(match["many"])]
            )
            entities += [_from_object(part, start, words) for part in written]
    return plain + text[position:], tuple(entities)


def directly(text: str) -> tuple[str, tuple[Entity, ...]] | None:
    """The intent and entities of a text that spells them out: `/inform{"place": "外滩"}`; None for other texts.

    Raises:
        ValueError: what follows the intent is no JSON object of values.
    """
    match = _DIRECT.match(text)
    if match is None:
        return None
    return match["intent"].strip(), tuple(_listed(match["entities"], match) if match["entities"] else ())


def _listed(written: str, match: re.Match[str]) -> Iterator[Entity]:
    for name, values in _object(written).items():
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, (bool, int, float, str)):
                raise ValueError(f"{value!r} in {written} is no value of an entity")
            yield Entity(name, value, match.start("entities"), match.end("entities"), written)


def _from_object(written: str, start: int, words: str) -> Entity:
    parts = _object("{" + written + "}")
    unknown = parts.keys() - {"entity", "value", "role", "group"}
    if unknown or not all(isinstance(part, str) for part in parts.values()) or "entity" not in parts:
        raise ValueError(f'{{{written}}} must have "entity" and may have "value", "role" and "group", all texts')
    entity, value = str(parts["entity"]), str(parts.get("value", words))
    role, group = (str(parts[key]) if key in parts else None for key in ("role", "group"))
    return Entity(entity, value, start, start + len(words), words, role, group)


def _object(written: str) -> dict[str, object]:
    try:
        parts = json.loads(written)
    except (ValueError, RecursionError):
        raise ValueError(f"{written} is no JSON object") from None
    if not isinstance(parts, dict):
        raise ValueError(f"{written} is no JSON object")
    return parts
