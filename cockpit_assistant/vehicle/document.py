"""A YAML file that people write, read so that every complaint can name the line it is about.

YAML is checked for what its parser lets through: a key that stands twice, and bare words such as `OFF` that turn
into booleans. What the file means is checked against a pydantic model.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import ProjectError

Key = str | int

_Loader = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml, where PyYAML was built with it, is 8 times as fast
Model = TypeVar("Model", bound=BaseModel)


class Document:
    """One file's data, and the line on which each key stands."""

    def __init__(self, file: Path) -> None:
        """Read it.

        Raises:
            ProjectError: the file can't be read, is no YAML, is no mapping, or has a key twice.
        """
        self.file = file
        self._lines: dict[tuple[Key, ...], int] = {}
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise ProjectError(f"{file}: can't be read ({error.strerror}). Check --project.") from None
        except UnicodeDecodeError:
            raise ProjectError(f"{file}: not UTF-8 text. Save the file as UTF-8.") from None
        try:
            loader = _Loader(text)
            root = loader.get_single_node()
            self._walk(root, ())
            data = loader.construct_document(root) if root else None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ProjectError(f"{file}:{line}: not valid YAML: {error.problem}.") from None
        except (yaml.YAMLError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
            # The last three come from PyYAML itself, on lists as keys and on tags that don't fit their value.
            raise ProjectError(f"{file}: not valid YAML: {error}.") from None
        if not isinstance(data, dict):
            raise ProjectError(f"{file}:1: must be a mapping of keys to values.")
        self.data: dict[str, object] = data

    def parse(self, model: type[Model]) -> Model:
        """The data as `model`.

        Raises:
            ProjectError: something is missing, unknown or of the wrong kind; one line for each.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            problems = dict.fromkeys(self._explain(dict(problem), model) for problem in error.errors())
            raise ProjectError("\n".join(problems)) from None

    def line(self, *path: Key) -> int:
        """Where a key stands; where its nearest known parent stands if it is not there itself."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def error(self, path: Sequence[Key], message: str, line: int | None = None) -> ProjectError:
        """A ProjectError about the key at `path`, on its own line unless another one is given."""
        return ProjectError(f"{self.file}:{line or self.line(*path)}: {_spelled(path)}: {message}")

    def _walk(self, node: yaml.Node | None, path: tuple[Key, ...]) -> None:
        if node is None or path in self._lines:
            return
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            for key_node, value in node.value:
                key = (*path, int(key_node.value) if _is_number(key_node) else key_node.value)
                if key in self._lines and key_node.tag != "tag:yaml.org,2002:merge":
                    line = key_node.start_mark.line + 1
                    raise ProjectError(
                        f"{self.file}:{line}: `{key[-1]}` stands twice (first on line {self._lines[key]}). "
                        "Keep one of them."
                    )
                self._walk(value, key)
                self._lines[key] = key_node.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))

    def _explain(self, problem: Mapping[str, object], model: type[BaseModel]) -> str:
        loc = problem["loc"]
        assert isinstance(loc, tuple)
        path = self._in_file(loc)
        kind, message, given = str(problem["type"]), str(problem["msg"]), problem["input"]
        if kind == "extra_forbidden":
            key = str(path[-1])
            close = difflib.get_close_matches(key, _field_names(model), n=1)
            remedy = f"Did you mean `{close[0]}`?" if close else "Remove it, or check its spelling and indentation."
            return str(self.error(path[:-1], f"unknown key `{key}`. {remedy}", line=self.line(*path)))
        if kind == "missing":
            return str(self.error(path, f"`{loc[-1]}` is missing. Add it."))
        if kind == "value_error":
            return str(self.error(path, message.removeprefix("Value error, ")))
        hint = (
            " YAML reads bare ON, OFF, YES and NO as true and false: put quotes around the word."
            if (isinstance(given, bool) and "string" in message)
            else ""
        )
        return str(self.error(path, f"{message}, not {given!r}.{hint}"))

    def _in_file(self, loc: tuple[Key, ...]) -> tuple[Key, ...]:
        """A pydantic location without the steps that don't stand in the file (members of unions, wrappers)."""
        path: tuple[Key, ...] = ()
        for step in loc:
            if (*path, step) in self._lines:
                path = (*path, step)
        return path


def _is_number(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:int"


def _spelled(path: Sequence[Key]) -> str:
    """("intents", "open_window", 0, "to") → intents.open_window[0].to."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "file"


def _field_names(model: type[BaseModel]) -> list[str]:
    """Every key the file's model knows anywhere, by the name it has in the file."""
    names: dict[str, None] = {}
    queue: list[type[BaseModel]] = [model]
    seen: set[type[BaseModel]] = set()
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.add(current)
        for name, field in current.model_fields.items():
            names[field.alias or name] = None
            queue.extend(_models_in(field.annotation))
    return list(names)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
