"""The compiled model's side file, `nlu.json`: everything besides the network's weights that understanding needs.

The compiler (`cockpit-assistant train nlu`) writes it from the trained Rasa pipeline; here it is read and checked.
A new FORMAT means that old models have to be trained again.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from ..errors import ModelError

FORMAT: Literal[2] = 2
SIDE_FILE = "nlu.json"
NETWORK_FILE = "nlu.int8.onnx"
BOUNDARIES_FILE = "boundaries.onnx"
CLAUSE_WORDS = Path(__file__).with_name("clauses.yml")
"""Connectives and fillers for projects without a clauses.yml of their own."""
OUT_OF_SCOPE = frozenset({"chat", "out_of_scope", "nlu_fallback"})
"""Intents that ask for nothing, by the names Rasa projects use."""
REFRAIN = "refrain"
"""The intent of a request not to do something: 别开窗."""
REMEDY = "Run `cockpit-assistant train nlu` for this project."


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A checked piece of the side file."""


class TokenizerSpec(_Part, frozen=True):
    """How texts are cut."""

    kind: Literal["pattern", "whitespace"]
    pattern: str = ""
    """Each match is a token; only with kind `pattern`."""
    token_pattern: str | None = None
    """Rasa's option of that name: cuts tokens further."""


class RegexSpec(_Part, frozen=True, tag_field="kind", tag="regex"):
    """RegexFeaturizer."""

    patterns: tuple[str, ...]
    case_sensitive: bool


class LexicalSpec(_Part, frozen=True, tag_field="kind", tag="lexical"):
    """LexicalSyntacticFeaturizer."""

    window: tuple[tuple[str, ...], ...]
    """Property names for each place around a token."""
    columns: tuple[tuple[int, str, str, int], ...]
    """Place in the window, property, value, column."""


class CountSpec(_Part, frozen=True, tag_field="kind", tag="counts"):
    """CountVectorsFeaturizer."""

    analyzer: Literal["word", "char", "char_wb"]
    ngrams: tuple[int, int]
    lowercase: bool
    oov: str | None
    vocabulary: tuple[str, ...]
    """Terms by column."""


FeaturizerSpec: TypeAlias = RegexSpec | LexicalSpec | CountSpec


class TagSpec(_Part, frozen=True):
    """One tagger on top of the network: entities, or the roles or groups of entities."""

    kind: Literal["entity", "role", "group"]
    tags: tuple[str, ...]
    """Tag by index; BILOU-prefixed if the model says so. The first is `O`."""
    transitions: tuple[tuple[float, ...], ...]
    """Score of going from tag (row) to tag (column)."""
    from_entity: tuple[tuple[float, ...], ...] = ()
    """What each predicted entity tag (row) adds to this tagger's scores; not for entities themselves."""


class DietSpec(_Part, frozen=True, tag_field="kind", tag="diet"):
    """Rasa's DIETClassifier over sparse features, and the tagger that cuts utterances for it."""

    featurizers: tuple[FeaturizerSpec, ...]
    tags: tuple[TagSpec, ...]
    bilou: bool
    split_entities: dict[str, bool]
    """Whether entities are cut at commas, by entity; `split_entities_by_comma` is the default."""
    boundary_tokens: tuple[str, ...]
    """Vocabulary of the clause tagger, by its index; the first two stand for no token and unknown tokens."""


class MultiIntentSpec(_Part, frozen=True, tag_field="kind", tag="multi_intent"):
    """The project's own MultiIntentClassifier, which reads a whole utterance at once."""

    vocabulary: tuple[str, ...]
    """Token shapes by index; the first two stand for no token and unknown tokens."""
    sounds: dict[str, str]
    """Chinese characters by their toneless pinyin, in one string."""
    buckets: Annotated[int, msgspec.Meta(gt=1)]
    """Rows of the table of pieces."""
    names: dict[str, tuple[tuple[str, ...], ...]]
    """Lookup tables whose names are marked for the network, as rows of lower-case tokens."""
    tags: tuple[str, ...]
    """Entity tags by index, with B- or I-; the first is `O`."""
    entities: dict[str, tuple[str, ...]]
    """The entities that each intent can have."""


class NluModel(_Part, frozen=True):
    """A project's understanding, without the weights."""

    format: Literal[2]
    versions: dict[str, str]
    """What it was trained with."""
    data_sha256: str
    """`data_hash` of the project it was trained on."""
    tokenizer: TokenizerSpec
    intents: tuple[str, ...]
    """By index of the network's output."""
    classifier: DietSpec | MultiIntentSpec
    synonyms: dict[str, str]
    """Lower-case words to the value they stand for."""
    lookups: dict[str, tuple[str, ...]]
    """Names the project lists, by entity."""
    threshold: float
    """Confidence below which nothing was understood (FallbackClassifier)."""
    ambiguity: float
    """Confidence by which the best intent must beat the next."""


def load(folder: Path) -> NluModel:
    """Read and check the side file of a compiled model.

    Raises:
        ModelError: missing, damaged, or of another format.
    """
    file = folder / SIDE_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=NluModel)
    except OSError as error:
        raise ModelError(f"{file}: can't be read ({error.strerror}). {REMEDY}") from None
    except msgspec.MsgspecError as error:
        raise ModelError(f"{file}: {error}. {REMEDY}") from None


def trained_hash(folder: Path) -> str:
    """`data_hash` of the project that a compiled model was trained on.

    Raises:
        ModelError: there is no usable model.
    """
    return load(folder).data_sha256


def data_hash(project: Path) -> str:
    """SHA-256 over all that decides what a model learns: training examples, config.yml, and the clause words."""
    digest = hashlib.sha256()
    for file in [*training_files(project), project / "config.yml", clause_words_file(project)]:
        if file.is_file():
            # Line ends may change on checkout.
            digest.update(file.name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def training_files(project: Path) -> list[Path]:
    """The project's YAML files with training examples, sorted by path."""
    found = (file for file in (project / "data").rglob("*") if file.suffix in (".yml", ".yaml") and file.is_file())
    return sorted(file for file in found if re.search(rb"^nlu\s*:", file.read_bytes(), re.MULTILINE))


def clause_words_file(project: Path) -> Path:
    """The project's own clauses.yml, else the one that comes with the package."""
    own = project / "clauses.yml"
    return own if own.is_file() else CLAUSE_WORDS
