"""Reads a Rasa project's own files before training: its examples, its pipeline, its clause words.

Works without Rasa. A pipeline that the on-board interpreter can't reproduce is refused here, with the component's
name, before an hour of training is spent on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ...errors import ProjectError
from ...nlu.model import clause_words_file, training_files

Component = dict[str, object]


class LanguageWords(BaseModel):
    """Words of a language that join requests or fill time, and ask for nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connectives: tuple[str, ...] = ()
    """Come between two requests: and, then, 然后."""
    fillers: tuple[str, ...] = ()
    """Come before a request: um, 那个."""


_WORDS = TypeAdapter(dict[str, LanguageWords])

CLASSIFIER = "MultiIntentClassifier"
"""The project's own classifier, which finds several requests in an utterance by itself."""

_TOKENIZERS = {"WhitespaceTokenizer", "CharTokenizer"}
_IGNORED = {"ResponseSelector"}
"""Trained by Rasa, not needed: chooses among answers, and answers are made elsewhere."""
_SUPPORTED = {
    *_TOKENIZERS,
    *_IGNORED,
    "RegexFeaturizer",
    "LexicalSyntacticFeaturizer",
    "CountVectorsFeaturizer",
    "DIETClassifier",
    CLASSIFIER,
    "EntitySynonymMapper",
    "FallbackClassifier",
}
_FIXED_OPTIONS: dict[str, dict[str, object]] = {
    "CountVectorsFeaturizer": {"use_shared_vocab": False, "strip_accents": None, "stop_words": None},
    "DIETClassifier": {
        "use_key_relative_attention": False,
        "use_value_relative_attention": False,
        "unidirectional_encoder": False,
        "intent_classification": True,
        "entity_recognition": True,
        "renormalize_confidences": False,
        "featurizers": [],
    },
    "WhitespaceTokenizer": {"intent_tokenization_flag": False},
    "CharTokenizer": {"intent_tokenization_flag": False},
}
"""Options the compiled model can't follow when they differ from Rasa's default."""


def examples(project: Path) -> list[Path]:
    """The files with training examples.

    Raises:
        ProjectError: there are none.
    """
    files = training_files(project)
    if not files:
        raise ProjectError(
            f"{project}: no training examples. Put YAML files with an `nlu:` key into {project / 'data'}."
        )
    return files


def pipeline(project: Path) -> list[Component]:
    """The components of `config.yml` with their options, checked.

    Raises:
        ProjectError: no pipeline, or it can't run on board; the message names the component.
    """
    config = project / "config.yml"
    if not config.is_file():
        raise ProjectError(f"{config}: not there. `--project` wants the folder of a Rasa project.")
    components = _mapping(config).get("pipeline")
    if not isinstance(components, list) or not components:
        raise ProjectError(f"{config}: has no `pipeline`.")
    checked = [_checked(component, config) for component in components]
    names = [name_of(component) for component in checked]
    if sum(name in _TOKENIZERS for name in names) != 1:
        raise ProjectError(f"{config}: the pipeline needs exactly one of {', '.join(sorted(_TOKENIZERS))}.")
    if names.count("DIETClassifier") + names.count(CLASSIFIER) != 1:
        raise ProjectError(f"{config}: the pipeline needs exactly one DIETClassifier or {CLASSIFIER}.")
    return checked


def clause_words(project: Path) -> dict[str, LanguageWords]:
    """Connectives and fillers by language: the project's `clauses.yml`, else those that come with the package.

    Raises:
        ProjectError: the file is wrong; the message names the key.
    """
    file = clause_words_file(project)
    try:
        return _WORDS.validate_python(_mapping(file))
    except ValidationError as error:
        first = error.errors()[0]
        raise ProjectError(f"{file}: `{'.'.join(map(str, first['loc']))}`: {first['msg']}.") from None


def _checked(component: object, config: Path) -> Component:
    if not isinstance(component, dict) or not isinstance(component.get("name"), str):
        raise ProjectError(f"{config}: each component of the pipeline needs a `name`, got {component!r}.")
    name = name_of(component)
    if name not in _SUPPORTED:
        known = ", ".join(sorted(_SUPPORTED))
        raise ProjectError(f"{config}: {name} can't be compiled for on-board use. These can: {known}.")
    for option, needed in _FIXED_OPTIONS.get(name, {}).items():
        if component.get(option, needed) != needed:
            raise ProjectError(
                f"{config}: {name} with `{option}: {component[option]}` can't be compiled. Leave it at {needed}."
            )
    if name == "LexicalSyntacticFeaturizer" and any("pos" in names for names in _lists(component.get("features"))):
        raise ProjectError(f"{config}: {name} with part-of-speech features needs spaCy and can't be compiled.")
    return component


def name_of(component: Component) -> str:
    """A component's class name: pipelines may give a module path before it."""
    return str(component["name"]).rsplit(".", 1)[-1]


def _lists(value: object) -> Iterator[list[object]]:
    for item in value if isinstance(value, list) else []:
        if isinstance(item, list):
            yield ["pos" if name in ("pos", "pos2") else name for name in item]


def _mapping(file: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: can't be read ({error}).") from None
    except yaml.YAMLError as error:
        raise ProjectError(f"{file}: not valid YAML: {error}") from None
    return content if isinstance(content, dict) else {}
