"""Reads rules, stories and test stories, and spells them out as events.

The files are Rasa's: everything under `data/` that has `rules:` or `stories:`, and `tests/**/test_*.yml` with test
stories. What they leave unsaid is added here as Rasa adds it: that the assistant listens before the user speaks and
at the end, that a rule may begin anywhere, and that entities fill slots. A story with `or` has several courses.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import ProjectError
from ...vehicle.document import Document, Key
from ..domain import Domain
from .filling import told_by_entities
from .states import LISTEN, SNIPPET, Acted, Event, Heard, SlotSet
from .story_steps import StepReader

COURSES = 1000
"""Ways through one story that `or` may make."""

_HAS_STORIES = re.compile(rb"^\s*[\"']?(stories|rules)[\"']?\s*:", re.MULTILINE)
_STEPS = ("intent", "user", "or", "action", "bot", "checkpoint", "slot_was_set", "active_loop", "metadata")


@dataclass(frozen=True, slots=True)
class Course:
    """One way through a story."""

    events: tuple[Event, ...]
    lines: tuple[int, ...]
    """Where each event stands; for what the file leaves unsaid, the line of what it belongs to."""


@dataclass(frozen=True, slots=True)
class Story:
    """A rule or story."""

    name: str
    file: Path
    line: int
    rule: bool
    courses: tuple[Course, ...]


def training_stories(project: Path, domain: Domain) -> tuple[Story, ...]:
    """The rules and stories under `data/`.

    Raises:
        ProjectError: something in them is malformed, unknown to the domain, or can't run on board; a line for each,
            with file and line.
    """
    return _read(sorted((project / "data").rglob("*.y*ml")), domain)


def test_stories(project: Path, domain: Domain) -> tuple[Story, ...]:
    """The test stories under `tests/`; raises ProjectError as `training_stories` does."""
    return _read(sorted((project / "tests").rglob("test_*.y*ml")), domain)


def _read(files: Sequence[Path], domain: Domain) -> tuple[Story, ...]:
    problems: list[str] = []
    found: list[Story] = []
    for file in files:
        if file.suffix not in (".yml", ".yaml") or not file.is_file():
            continue
        try:
            if not _HAS_STORIES.search(file.read_bytes()):
                continue
            document = Document(file)
            for kind, title in (("stories", "story"), ("rules", "rule")):
                found += _items(document, kind, title, domain, problems)
        except OSError as error:
            problems.append(f"{file}: can't be read ({error.strerror}).")
        except ProjectError as error:
            problems.append(str(error))
    if problems:
        raise ProjectError("\n".join(problems))
    return tuple(found)


def _items(document: Document, kind: str, title: str, domain: Domain, problems: list[str]) -> Iterator[Story]:
    items = document.data.get(kind) or []
    if not isinstance(items, list):
        problems.append(str(document.error((kind,), f"must be a list; begin each item with `- {title}:`.")))
        return
    for number, item in enumerate(items):
        try:
            yield _Reader(document, (kind, number), domain, title).read(item)
        except ProjectError as error:
            problems.append(str(error))


class _Draft:
    """A course while it is being read."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.lines: list[int] = []
        self.part = 0
        """Where the part after the last `or` begins."""
        self.decided = False
        """Whether it is known if the story begins with an action."""

    def copy(self) -> _Draft:
        copied = _Draft()
        copied.events, copied.lines = [*self.events], [*self.lines]
        copied.part, copied.decided = self.part, self.decided
        return copied

    def add(self, event: Event, line: int, domain: Domain) -> None:
        if isinstance(event, Heard):
            self.listen(line)
            self.decided = True
        elif isinstance(event, Acted) and not self.decided:
            event, self.decided = replace(event, unpredictable=True), True
        self._append(event, line)
        if isinstance(event, Heard):
            for slot, value in told_by_entities(domain.slots, event.entities):
                self._append(SlotSet(slot, value), line)

    def listen(self, line: int) -> None:
        last = self.events[-1] if len(self.events) > self.part else None
        if not (isinstance(last, Acted) and last.action == LISTEN):
            self._append(Acted(LISTEN), line)

    def branched(self) -> None:
        self.part, self.decided = len(self.events), True

    def _append(self, event: Event, line: int) -> None:
        self.events.append(event)
        self.lines.append(line)


class _Reader:
    """Reads one rule or story."""

    def __init__(self, document: Document, where: tuple[Key, ...], domain: Domain, title: str) -> None:
        self._document = document
        self._where = where
        self._domain = domain
        self._title = title
        self._rule = title == "rule"
        self._steps = StepReader(document, domain, rule=self._rule)
        self._drafts = [_Draft()]
        self._ends_open = False

    def read(self, item: object) -> Story:
        title, where = self._title, self._where
        if not isinstance(item, dict):
            raise self._document.error(where, f"must be a mapping that begins with `{title}:`.")
        options = {"condition", "conversation_start", "wait_for_user_input"} if self._rule else set()
        self._steps.known(item, where, {title, "steps", "metadata", *options})
        name = item.get(title)
        if not isinstance(name, str) or not name.strip():
            raise self._document.error(where, f"give it a name: `{title}: …`.")
        steps = item.get("steps")
        if not isinstance(steps, list) or not steps:
            raise self._document.error(where, "`steps` is missing: a list of what is said and done.")
        if self._rule:
            self._begin_rule(item)
        for number, step in enumerate(steps):
            self._step((*where, "steps", number), step)
        if self._ends_open:
            raise self._document.error(
                (*where, "steps", len(steps) - 1), "nothing follows this `or`. Add a step after it."
            )
        end = self._document.line(*where, "steps", len(steps) - 1)
        if self._flag(item, "wait_for_user_input", default=True) is False:
            self._add(Acted(SNIPPET), end)
        for draft in self._drafts:
            draft.listen(end)
        courses = tuple(Course(tuple(draft.events), tuple(draft.lines)) for draft in self._drafts)
        return Story(name, self._document.file, self._document.line(*where), self._rule, courses)

    def _begin_rule(self, item: dict[str, object]) -> None:
        conditions = item.get("condition") or []
        where = (*self._where, "condition")
        if not isinstance(conditions, list):
            raise self._document.error(where, "must be a list of `slot_was_set` and `active_loop`.")
        for number, step in enumerate(conditions):
            if not isinstance(step, dict) or not {"slot_was_set", "active_loop"} & set(step):
                raise self._document.error((*where, number), "a condition is a `slot_was_set` or an `active_loop`.")
            self._step((*where, number), step)
        if not self._flag(item, "conversation_start", default=False):
            self._add(Acted(SNIPPET), self._document.line(*self._where))

    def _step(self, where: tuple[Key, ...], step: object) -> None:
        if not isinstance(step, dict):
            raise self._document.error(
                where, f"a step is a mapping that begins with one of {', '.join(_STEPS[:-1])}."
            )
        line = self._document.line(*where)
        kind = next((key for key in _STEPS if key in step), None)
        if kind != "metadata":
            self._ends_open = False
        match kind:
            case "intent" | "user":
                self._add(self._steps.heard(where, step), line)
            case "or":
                self._branch(where, step["or"])
            case "action":
                self._add(self._steps.acted((*where, "action"), step["action"]), line)
            case "slot_was_set":
                for event in self._steps.slots_set((*where, "slot_was_set"), step["slot_was_set"]):
                    self._add(event, line)
            case "active_loop":
                self._add(self._steps.loop_set((*where, "active_loop"), step["active_loop"]), line)
            case "checkpoint":
                raise self._document.error(
                    where, "checkpoints can't run on board. Write the story out, or use rules."
                )
            case "bot":
                raise self._document.error(where, "texts can't be learned on board. Name a response to act with.")
            case None:
                known = [key for key in step if isinstance(key, str)]
                close = [hit for key in known for hit in difflib.get_close_matches(key, _STEPS, 1)]
                remedy = (
                    f" Did you mean `{close[0]}`?" if close else f" A step has one of {', '.join(_STEPS[:-1])}."
                )
                raise self._document.error(where, f"unknown step.{remedy}")
        allowed = {kind, "metadata"} | ({"intent", "user", "entities"} if kind in ("intent", "user") else set())
        self._steps.known(step, where, allowed)

    def _branch(self, where: tuple[Key, ...], items: object) -> None:
        where = (*where, "or")
        if not isinstance(items, list) or not items:
            raise self._document.error(where, "must be a list of intents or of `slot_was_set`.")
        alternatives: list[tuple[Event, int]] = []
        for number, item in enumerate(items):
            here = (*where, number)
            line = self._document.line(*here)
            if isinstance(item, dict) and ("intent" in item or "user" in item):
                self._steps.known(item, here, {"intent", "user", "entities"})
                alternatives.append((self._steps.heard(here, item), line))
            elif isinstance(item, dict) and "slot_was_set" in item:
                self._steps.known(item, here, {"slot_was_set"})
                found = self._steps.slots_set((*here, "slot_was_set"), item["slot_was_set"])
                alternatives += [(event, line) for event in found]
            else:
                raise self._document.error(here, "`or` chooses between intents or `slot_was_set`.")
        if len(alternatives) == 1:
            self._add(*alternatives[0])
            return
        if len(alternatives) * len(self._drafts) > COURSES:
            raise self._document.error(where, f"makes more than {COURSES} ways through the story. Split it.")
        drafts: list[_Draft] = []
        for draft in self._drafts:
            for event, line in alternatives:
                copied = draft.copy()
                copied.add(event, line, self._domain)
                copied.branched()
                drafts.append(copied)
        self._drafts, self._ends_open = drafts, True

    def _flag(self, item: dict[str, object], key: str, *, default: bool) -> bool:
        value = item.get(key, default) if self._rule else default
        if not isinstance(value, bool):
            raise self._document.error((*self._where, key), f"is true or false, not {value!r}.")
        return value

    def _add(self, event: Event, line: int) -> None:
        for draft in self._drafts:
            draft.add(event, line, self._domain)
