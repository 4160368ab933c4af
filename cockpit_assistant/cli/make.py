"""`synth` and `train`: recordings and models made from text."""

from __future__ import annotations

import argparse

from ..assembly import understanding_dir
from ..errors import ConfigError
from ..resources import shipped
from .common import errors, make_folder, settings_of


def synth(options: argparse.Namespace) -> int:
    """Make a labelled recording from a script."""
    from ..training.synth import synthesise

    for file in synthesise(options.script, options.out, errors):
        print(file)
    return 0


def train(options: argparse.Namespace) -> int:
    """Train one kind of model."""
    settings = settings_of(options)
    if options.kind == "nlu":
        from ..training.nlu import train as train_nlu

        keep = make_folder(options.keep) if options.keep else None
        out = options.out or understanding_dir(settings.project)
        made = train_nlu(settings.project, out, errors.print, keep)
        errors.print(
            f"Rasa and the int8 network agree on {made.int8_same} of {made.texts} texts; {made.size / 1e6:.1f} MB."
        )
        print(made.folder)
    else:
        try:
            from ..training.wake import train as train_wake
        except ImportError as error:
            raise ConfigError(
                f"train wake: {error.name} is not installed. Run: pip install 'cockpit-assistant[train]'"
            ) from None
        language = options.lang or ("zh" if any("\u4e00" <= c <= "\u9fff" for c in options.phrase) else "en")
        folder = options.out or shipped("onnx_models") / "wake"
        print(train_wake(options.phrase, language, folder, noise=options.noise, console=errors))
    return 0
