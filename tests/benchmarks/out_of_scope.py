"""Small talk and foreign requests: how many give no command.

    .venv/bin/python -m tests.benchmarks.out_of_scope FILE… [--false]

Files: `.jsonl` with a question in `q`, `query` or `text` a line, or CLINC150's `data_full.json`, of which the
out-of-scope queries are taken. A command is whatever would send a set request or ask for a yes before one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cockpit_assistant.assembly import Project
from cockpit_assistant.dialogue.wording import Wording
from cockpit_assistant.events import Route
from cockpit_assistant.resources import shipped


def texts_of(file: Path) -> list[str]:
    """The distinct utterances of a file."""
    content = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        parts = json.loads(content)
        found = [text for name, rows in parts.items() if name.startswith("oos") for text, _ in rows]
    else:
        rows = (json.loads(line) for line in content.splitlines() if line.strip())
        found = [row.get("q") or row.get("query") or row["text"] for row in rows]
    return list(dict.fromkeys(found))


def main() -> None:
    """Count and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="+", type=Path)
    options.add_argument("--false", action="store_true", help="show what was taken for a command")
    chosen = options.parse_args()
    project = Project.load(shipped("nlu_data"))
    state = project.model.initial_state()
    for file in chosen.files:
        texts = texts_of(file)
        quiet = 0
        for text in texts:
            understanding = project.interpreter.parse(text)
            dialogue = project.dialogue(Wording(project.domain))
            decision = dialogue.decide(understanding, state, 0.0)
            idle = not decision.commands and decision.route is not Route.CONFIRM
            quiet += idle
            if chosen.false and not idle:
                print(f"  {text}   {', '.join(f'{c.intent} {c.confidence:.2f}' for c in understanding.clauses)}")
        print(f"{file.parent.name}/{file.name}: no command in {quiet} of {len(texts)} ({quiet / len(texts):.1%})")


if __name__ == "__main__":
    main()
