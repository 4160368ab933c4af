"""The held-out test set: intent accuracy, entity F1, several requests, and what is taken for what.

    .venv/bin/python -m tests.benchmarks.understanding [--part test|development] [--misses] [--picture
    FOLDER] [--sweep]

The sentences in heldout/ were written for this, independently of the training sentences. `--misses` is for the
development part; the test part is for reporting.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cockpit_assistant.assembly import Project
from cockpit_assistant.nlu.examples import Example, read_examples
from cockpit_assistant.nlu.interpreter import Reading, Verdict
from cockpit_assistant.nlu.model import OUT_OF_SCOPE
from cockpit_assistant.resources import shipped

HELD_OUT = Path(__file__).with_name("heldout")
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass
class Tally:
    """Counts for one language and kind of sentence."""

    right: int = 0
    count: int = 0
    found: int = 0
    wanted: int = 0
    agreed: int = 0
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        f1 = f"   entity F1 {200 * self.agreed / max(1, self.found + self.wanted):5.1f} %" if self.wanted else ""
        return f"{100 * self.right / max(1, self.count):5.1f} % of {self.count}{f1}"


def understood(readings: Sequence[Reading]) -> list[str]:
    """The intents of the requests that count."""
    return [reading.parsed.intent for reading in readings if reading.verdict is Verdict.TAKEN]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", default="test", choices=("test", "development"))
    options.add_argument("--misses", action="store_true", help="show every sentence that goes wrong")
    options.add_argument("--picture", type=Path, help="folder for confusion-zh.svg and confusion-en.svg")
    options.add_argument("--sweep", action="store_true", help="command recall against false commands by threshold")
    chosen = options.parse_args()
    project = Project.load(shipped("nlu_data"))
    for language in ("zh", "en"):
        examples = read_examples(HELD_OUT / f"{language}_{chosen.part}.yml")
        tallies = {kind: Tally() for kind in ("one request", "several requests", "small talk")}
        for example, readings in _read(project, examples, language):
            good = _count(tallies[_kind(example)], example, readings)
            if chosen.misses and not good:
                got = " ".join(f"{r.parsed.intent}:{r.parsed.confidence:.2f}({r.verdict.name})" for r in readings)
                print(f"  {example.text}   wanted {example.intent}   got {got or 'nothing'}")
        for kind, tally in tallies.items():
            print(f"{language}  {kind:16}  {tally}")
        found, wanted, agreed = (
            sum(getattr(t, part) for t in tallies.values()) for part in ("found", "wanted", "agreed")
        )
        print(f"{language}  {'all requests':16}  entity F1 {200 * agreed / max(1, found + wanted):5.1f} %")
        if chosen.picture:
            chosen.picture.mkdir(parents=True, exist_ok=True)
            file = chosen.picture / f"confusion-{language}.svg"
            file.write_text(_picture(tallies["one request"], language), encoding="utf-8")
        if chosen.sweep:
            _sweep(project, examples, language)


def _kind(example: Example) -> str:
    if example.intent in OUT_OF_SCOPE:
        return "small talk"
    return "several requests" if "+" in example.intent else "one request"


def _read(project: Project, examples: Sequence[Example], language: str) -> Iterator[tuple[Example, list[Reading]]]:
    for example in examples:
        yield example, project.interpreter.readings(example.text, language)


def _count(tally: Tally, example: Example, readings: Sequence[Reading]) -> bool:
    wanted = [] if example.intent in OUT_OF_SCOPE else example.intent.split("+")
    intents = understood(readings)
    tally.count += 1
    tally.right += intents == wanted
    if len(wanted) == 1 and intents != wanted:
        tally.confusions[wanted[0], "+".join(intents) or "nothing"] += 1
    if wanted:
        marked = {(a.entity, a.start, a.end) for a in example.annotations}
        clauses = [reading.clause for reading in readings if reading.clause]
        found = {(e.entity, e.start, e.end) for clause in clauses for e in clause.entities}
        tally.found += len(found)
        tally.wanted += len(marked)
        tally.agreed += len(found & marked)
    return intents == wanted


def _sweep(project: Project, examples: Sequence[Example], language: str) -> None:
    """Share of requests taken rightly, and of small talk taken for a command, by threshold."""
    interpreter, before = project.interpreter, project.interpreter.threshold
    for threshold in THRESHOLDS:
        interpreter.threshold = threshold
        right, count, false, talk = 0, 0, 0, 0
        for example, readings in _read(project, examples, language):
            intents = understood(readings)
            if example.intent in OUT_OF_SCOPE:
                talk += 1
                false += bool(intents)
            else:
                count += 1
                right += intents == example.intent.split("+")
        print(
            f"{language}  threshold {threshold:.1f}: "
            f"recall {right / count:6.1%}   false commands {false / talk:6.1%}"
        )
    interpreter.threshold = before


def _picture(tally: Tally, language: str) -> str:
    """What was taken for what, as an SVG: one row for each intent that was ever missed."""
    wanted = sorted({pair[0] for pair in tally.confusions})
    got = sorted({pair[1] for pair in tally.confusions})
    longest = max(map(len, got), default=0)
    left, top, cell = 210, 70 + 6 * longest, 16
    width, height = max(460, left + cell * len(got) + 3 * longest + 20), top + cell * len(wanted) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="10" y="24" font-size="15" font-weight="bold">{language}: {tally}</text>',
        '<text x="10" y="42">rows: what was meant; columns: what was understood; right ones are left out</text>',
    ]
    for column, name in enumerate(got):
        x = left + cell * column + 12
        parts.append(f'<text transform="translate({x},{top - 6}) rotate(-60)">{name}</text>')
    for row, name in enumerate(wanted):
        y = top + cell * row
        parts.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{name}</text>')
        for column, other in enumerate(got):
            count = tally.confusions[name, other]
            shade = f"rgba(200,40,40,{min(1.0, 0.35 * count):.2f})" if count else "#f3f3f3"
            parts.append(
                f'<rect x="{left + cell * column}" y="{y}" width="{cell - 1}" height="{cell - 1}" fill="{shade}"/>'
            )
            if count:
                parts.append(f'<text x="{left + cell * column + 4}" y="{y + 12}">{count}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
