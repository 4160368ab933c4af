"""`synth` and `train`: recordings and models made from text."""

from __future__ import annotations

import argparse

from ..assembly import understanding_dir
from ..errors import ConfigError
from ..resources import shipped
from .common import errors, settings_of


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

        print(train_nlu(settings.project, options.out or understanding_dir(settings.project), errors.print).folder)
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
