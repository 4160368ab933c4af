"""Reads annotated sentences as Rasa's NLU files write them: 打开[副驾](zone)车窗.

For checking a project's data, where every complaint names the file and the line, and for measuring on test
sets. Rasa itself reads the files for training.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProjectError
from ..vehicle.document import Document

_MARK = re.compile(r"\[([^\[\]]+)\](?:\(([^():]+)(?::([^()]+))?\)|(\{[^{}]*\}))")
_LEFT_OVER = re.compile(r"[\[\]]|\}\s*$")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A marked piece of a sentence."""

    entity: str
    start: int
    end: int
    value: str | None = None
    """What it stands for, where the file says so."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence and what it means."""

    text: str
    intent: str
    """Several requests are joined by `+`."""
    annotations: tuple[Annotation, ...]
    file: Path
    line: int


def annotated(written: str) -> tuple[str, tuple[Annotation, ...]]:
    """A sentence without its marks, and the marks.

    Raises:
        ValueError: a mark isn't well-formed; says which.
    """
    text, position = "", 0
    found: list[Annotation] = []
    for match in _MARK.finditer(written):
        text += _plain(written[position : match.start()])
        start = len(text)
        text += match.group(1)
        entity, value = match.group(2), match.group(3)
        if match.group(4):
            entity, value = _dictionary(match.group(4))
        found.append(Annotation(entity.strip(), start, len(text), value))
        position = match.end()
    return text + _plain(written[position:]), tuple(found)


def read_examples(file: Path) -> list[Example]:
    """All sentences of an NLU file.

    Raises:
        ProjectError: the file is no NLU file, or a mark isn't well-formed; names file and line.
    """
    problems: list[str] = []
    found = list(_examples(Document(file), problems))
    if problems:
        raise ProjectError("\n".join(problems))
    return found


def problems_in(files: Collection[Path], intents: Collection[str], entities: Collection[str]) -> Iterator[str]:
    """One sentence a mistake in a project's NLU files: marks, unknown intents and entities, one sentence twice."""
    seen: dict[str, Example] = {}
    for file in files:
        problems: list[str] = []
        for example in _examples(Document(file), problems):
            where = f"{example.file}:{example.line}"
            for intent in example.intent.split("+"):
                if intent not in intents:
                    yield f"{where}: domain.yml has no intent `{intent}`.{_close(intent, intents)}"
            for annotation in example.annotations:
                if (entity := annotation.entity) not in entities:
                    yield f"{where}: domain.yml has no entity `{entity}`.{_close(entity, entities)}"
            first = seen.setdefault(example.text, example)
            if first.intent != example.intent:
                yield (
                    f"{where}: “{example.text}” is {example.intent} here and {first.intent} in "
                    f"{first.file}:{first.line}. Keep one of them."
                )
        yield from problems


def _examples(document: Document, problems: list[str]) -> Iterator[Example]:
    items = document.data.get("nlu")
    for number, item in enumerate(items if isinstance(items, list) else []):
        if not isinstance(item, dict) or not isinstance(item.get("intent"), str):
            continue
        written = item.get("examples")
        if not isinstance(written, str):
            problems.append(str(document.error(("nlu", number), "`examples` is missing: a text with a line each.")))
            continue
        first = document.line("nlu", number, "examples") + 1
        for offset, line in enumerate(written.split("\n")):
            if not line.strip():
                continue
            try:
                if not line.lstrip().startswith("- "):
                    raise ValueError("an example begins with `- `")
                text, annotations = annotated(line.strip()[2:].strip())
            except ValueError as error:
                problems.append(f"{document.file}:{first + offset}: {error}.")
                continue
            yield Example(text, item["intent"], annotations, document.file, first + offset)


def _plain(text: str) -> str:
    if match := _LEFT_OVER.search(text):
        raise ValueError(
            f"`{text.strip()}`: the bracket `{match.group().strip()}` has no partner or no (entity) after it"
        )
    return text


def _dictionary(written: str) -> tuple[str, str | None]:
    try:
        content = json.loads(written)
    except json.JSONDecodeError as error:
        raise ValueError(f"`{written}`: not valid JSON ({error.msg})") from None
    if not isinstance(content, dict) or not isinstance(content.get("entity"), str):
        raise ValueError(f'`{written}`: "entity" is missing')
    value = content.get("value")
    return content["entity"], value if isinstance(value, str) else None


def _close(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean `{close[0]}`?" if close else " Add it there, or correct it here."
