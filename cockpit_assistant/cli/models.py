"""`models`: list, pull and verify the models of the manifest."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.table import Table

from .. import models as store
from .common import errors, results, settings_of


def models(options: argparse.Namespace) -> int:
    """List, pull or verify; `verify` ends with 3 where a model is damaged."""
    known = store.store()
    if options.action == "pull":
        return _pull(known, options.names or store.needed(settings_of(options)))
    return {"list": _list, "verify": _verify}[options.action](known, options.names)


def _list(known: store.ModelStore, names: Sequence[str]) -> int:
    table = Table(box=None, padding=(0, 2))
    for heading in ("name", "state", "size", "licence", "for"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    for name in names or known.manifest:
        state = known.state(name)
        model = known.manifest[name]
        colour = {store.State.MISSING: "yellow", store.State.DAMAGED: "red"}.get(state, "green")
        size = f"{model.size / 1e6:.1f} MB"
        table.add_row(name, f"[{colour}]{state.value}[/{colour}]", size, model.licence, model.purpose)
    results().print(table)
    return 0


def _pull(known: store.ModelStore, names: Sequence[str]) -> int:
    for folder in known.pull(names, errors):
        print(folder)
    return 0


def _verify(known: store.ModelStore, names: Sequence[str]) -> int:
    """Without names: every model that is on this machine."""
    present = [name for name in known.manifest if known.state(name) is not store.State.MISSING]
    damaged = 0
    for name in names or present:
        problems = known.verify(name)
        damaged += bool(problems)
        print(f"{name}: {problems[0] if problems else 'intact'}")
    return 3 if damaged else 0
