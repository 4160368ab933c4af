"""Rasa project in, compiled model out: trains, takes apart, compares, installs."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import yaml

from ...dialogue.domain import Domain
from ...errors import ModelError, ProjectError
from ...nlu.examples import problems_in
from ...nlu.model import (
    BOUNDARIES_FILE,
    FORMAT,
    NETWORK_FILE,
    OUT_OF_SCOPE,
    SIDE_FILE,
    TokenizerSpec,
    data_hash,
    load,
)
from ...nlu.tokens import tokenizer
from ...resources import cache_dir
from .environment import Progress, RasaEnvironment
from .joining import Example, practice
from .parity import CONFIDENCE_TOLERANCE, assert_same, compare, references
from .project import CLASSIFIER, clause_words, examples, name_of, pipeline

INT8_AGREEMENT = 0.97
"""Share of training texts on which the int8 network must say what Rasa says."""


FLOAT_NETWORK, REFERENCE = "nlu.fp32.onnx", "reference.json"
"""Files of `export`."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made."""

    folder: Path
    texts: int
    """Training texts that were compared with Rasa."""
    int8_same: int
    """On how many of them the int8 network says the same."""
    size: int
    """Bytes of all files."""


def build(project: Path, out: Path, progress: Progress, keep: Path | None = None) -> Trained:
    """Train a Rasa project and install the compiled model.

    Args:
        project: folder with config.yml and data/.
        out: folder the model goes to; an older one there is replaced only when everything has succeeded.
        progress: told what is going on.
        keep: folder for the float network and Rasa's answers, to compare with later.

    Raises:
        ProjectError: the project can't be compiled.
        ConfigError: no Python 3.10.
        ModelError: training failed, or the compiled model doesn't agree with Rasa.
    """
    project = project.resolve()
    files = examples(project)
    domain = Domain.load(project)
    if problems := list(problems_in(files, domain.intents, domain.entities)):
        raise ProjectError("\n".join(problems))
    taught = data_hash(project)
    environment = RasaEnvironment.ready(progress)
    # The same data and configuration go on where an interrupted training stopped, step by step.
    work = cache_dir() / "training" / _digest(taught, project)
    # Rasa takes every file of a folder that it is given, so it gets a folder with the NLU files only.
    data = work / "data"
    for file in files:
        copy = data / file.relative_to(project / "data")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    config = _config_copy(project, work)
    cuts_itself = CLASSIFIER in {name_of(component) for component in pipeline(project)}

    def train_rasa() -> None:
        arguments = ["train", "nlu", "--config", str(config), "--nlu", str(data), "--out", str(work / "models")]
        environment.rasa([*arguments, "--fixed-model-name", "nlu"], project, work)

    def export() -> None:
        archive = work / "models" / "nlu.tar.gz"
        environment.module(f"{__package__}.export", [str(archive), str(data), str(work)], project, work)

    def train_tagger() -> None:
        material = [str(work / "practice.json"), str(work / BOUNDARIES_FILE)]
        environment.module(f"{__package__}.tagger", material, project, work)

    _step(work, "rasa", f"Training Rasa on {len(files)} files", train_rasa, progress)
    _step(work, "export", "Taking the model apart", export, progress)
    vocabulary: list[str] | None = None
    if not cuts_itself:
        vocabulary = _practice(project, work)
        _step(work, "tagger", "Training the clause tagger", train_tagger, progress)
    progress("Comparing with Rasa")
    trained = _install(taught, vocabulary, work, out)
    if keep:
        for name in (FLOAT_NETWORK, REFERENCE):
            shutil.copyfile(work / name, keep / name)
    shutil.rmtree(work)
    return trained


def _step(work: Path, name: str, what: str, do: Callable[[], None], progress: Progress) -> None:
    """Do a step unless an earlier run has done it."""
    done = work / f"{name}.done"
    if done.exists():
        progress(f"{what}: done before")
        return
    progress(what)
    do()
    done.touch()


def _digest(taught: str, project: Path) -> str:
    config = (project / "config.yml").read_bytes()
    return hashlib.sha256(taught.encode() + config).hexdigest()[:16]


def _practice(project: Path, work: Path) -> list[str]:
    """Write the clause tagger's material; returns its vocabulary."""
    compiled = json.loads((work / "pipeline.json").read_text(encoding="utf-8"))
    cut = tokenizer(msgspec.convert(compiled["tokenizer"], TokenizerSpec))
    pairs: list[tuple[str, str]] = json.loads((work / "examples.json").read_text(encoding="utf-8"))
    single = [Example(text, intent not in OUT_OF_SCOPE) for text, intent in pairs]
    made = practice(single, clause_words(project), cut, seed=1)
    (work / "practice.json").write_text(json.dumps(asdict(made), ensure_ascii=False), encoding="utf-8")
    return made.vocabulary


def _config_copy(project: Path, work: Path) -> Path:
    """Rasa writes into a configuration that has no assistant_id, so it gets a complete copy."""
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    copy = work / "config.yml"
    for component in config["pipeline"]:
        if name_of(component) == CLASSIFIER:
            component["checkpoints"] = str(work / "checkpoints")
    whole = {"assistant_id": "assistant", "recipe": "default.v1", **config}
    copy.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return copy


def _install(taught: str, vocabulary: list[str] | None, work: Path, out: Path) -> Trained:
    """Put the files together, compare with Rasa, and copy; `vocabulary` is the clause tagger's where there
    is one.
    """
    compiled = json.loads((work / "pipeline.json").read_text(encoding="utf-8"))
    if vocabulary is not None:
        compiled["classifier"]["boundary_tokens"] = vocabulary
    side = {"format": FORMAT, "data_sha256": taught, **compiled}
    made = work / "compiled"
    made.mkdir(exist_ok=True)
    (made / SIDE_FILE).write_text(
        json.dumps(side, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    shutil.copyfile(work / NETWORK_FILE, made / NETWORK_FILE)
    if vocabulary is not None:
        shutil.copyfile(work / BOUNDARIES_FILE, made / BOUNDARIES_FILE)
    model, expected = load(made), references(work / REFERENCE)
    assert_same(compare(model, work / FLOAT_NETWORK, expected, CONFIDENCE_TOLERANCE))
    int8 = compare(model, made / NETWORK_FILE, expected, None)
    if int8.results < INT8_AGREEMENT * int8.texts:
        cases = "\n  ".join(int8.differing)
        raise ModelError(f"int8 says something else than Rasa on {int8.texts - int8.results} texts:\n  {cases}")
    out.mkdir(parents=True, exist_ok=True)
    (out / BOUNDARIES_FILE).unlink(missing_ok=True)
    for file in made.iterdir():
        shutil.copyfile(file, out / file.name)
    size = sum(file.stat().st_size for file in made.iterdir())
    return Trained(out, int8.texts, int8.results, size)
