"""Finds every request in an utterance, its intent and its entities, with one small network.

Trained on single requests only: `practice` varies and joins them. What it finds is given to Rasa in Rasa's own
terms: several requests are one intent joined by `+` (turn_on_climate+close_window), and an entity's group is the
number of its request. `cockpit-assistant train nlu` compiles a trained classifier to ONNX.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from .cutting import cuts, softmax
from .joint_network import Size, arrays, initial, scores, train
from .practice import OUTSIDE, Practice, Request, Words
from .sentence import JOINS, OPENS, Sentence
from .token_features import COMMA, Lookups, TokenFeatures, common_characters, is_chinese, shape, syllables

_SPOKEN = re.compile(r"\w")
NEVER = -1e9


@dataclass(frozen=True)
class Found:
    """One request of an utterance."""

    intent: str
    confidence: float
    first: int
    last: int
    """Its first and last token."""


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR],
    is_trainable=True,
)
class MultiIntentClassifier(IntentClassifier, EntityExtractorMixin, GraphComponent):
    """Classifier and extractor in one."""

    @classmethod
    def required_components(cls) -> list[type]:
        """It reads tokens."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Besides Rasa's own."""
        return ["tensorflow", "pypinyin"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Options with their defaults.

        Training: `epochs` of `sentences` made sentences in batches of `batch_size`, with the highest
        `learning_rate` and
        a `dropout`; `random_seed`; `checkpoints`, a folder in which an interrupted training goes on.
        Network: `units`, `layers`, attention `heads`, `buckets` for pieces of words.
        Language: `idle_intents` ask for nothing; `connectives`, `fillers`, `corrections` and `together` are words
        by language, see `practice.Words`.
        """
        return {
            "epochs": 12,
            "sentences": 60_000,
            "batch_size": 32,
            "learning_rate": 2e-3,
            "dropout": 0.1,
            "random_seed": 1,
            "checkpoints": None,
            "units": 128,
            "layers": 3,
            "heads": 4,
            "buckets": 4096,
            "idle_intents": ["chat"],
            "connectives": {},
            "fillers": {},
            "corrections": {},
            "together": {},
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        features: TokenFeatures | None = None,
        lookups: Lookups | None = None,
        names: dict[str, list[list[str]]] | None = None,
        intents: list[str] | None = None,
        tags: list[str] | None = None,
        entities: dict[str, list[str]] | None = None,
        weights: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.config = config
        self._model_storage, self._resource = model_storage, resource
        self.features, self.lookups, self.names = features, lookups, names or {}
        self.intents, self.tags = intents or [], tags or []
        self.entities = entities or {}
        self._fitting = _fitting(self.intents, self.tags, self.entities)
        self._scores = tf.function(
            lambda batch: scores(self.weights, self._size(), batch), reduce_retracing=True, autograph=False
        )
        self.weights = {name: tf.constant(value) for name, value in (weights or {}).items()}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MultiIntentClassifier:
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    # --- training ----------------------------------------------------------------------------------------------

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples and lookup tables."""
        requests = [request for message in training_data.intent_examples if (request := _request(message))]
        tokenizer = _AnyTokenizer(training_data)
        words = self._words(tokenizer)
        self.names = {
            entity: [[token.lower() for token in tokenizer(name)] for name in names]
            for entity, names in _lookup_names(training_data).items()
        }
        self.lookups = Lookups(self.names)
        self.features = _features(requests, words, self.names, self.config["buckets"])
        self.intents = sorted({request.intent for request in requests})
        entities = sorted({tag[2:] for request in requests for tag in request.tags if tag != OUTSIDE})
        self.tags = [OUTSIDE, *(f"{place}-{entity}" for entity in entities for place in "BI")]
        self.entities = _entities_of(requests)
        practice = Practice(
            requests,
            frozenset(self.config["idle_intents"]),
            words,
            self.features,
            self.lookups,
            {entity: [tuple(name) for name in names] for entity, names in self.names.items()},
            {intent: number for number, intent in enumerate(self.intents)},
            {tag: number for number, tag in enumerate(self.tags)},
        )
        tf.random.set_seed(self.config["random_seed"])
        size = self._size()
        variables = initial(size, self.config["random_seed"])
        done = self._resumed(variables)
        train(
            variables,
            size,
            lambda epoch: practice.epoch(self.config["sentences"], 1000 * self.config["random_seed"] + epoch),
            self.config["epochs"],
            self.config["learning_rate"],
            self.config["dropout"],
            self.config["batch_size"],
            lambda epoch, losses: self._report(epoch, losses, variables),
            done,
        )
        self.weights = {name: variable.numpy() for name, variable in variables.items()}
        self._persist()
        return self._resource

    def _words(self, tokenizer: _AnyTokenizer) -> dict[str, Words]:
        kinds = [field.name for field in fields(Words)]

        def cut(kind: str, language: str) -> list[tuple[str, ...]]:
            return [tuple(tokenizer(phrase)) for phrase in self.config[kind].get(language, ())]

        languages = sorted({language for kind in kinds for language in self.config[kind]})
        return {language: Words(*(cut(kind, language) for kind in kinds)) for language in languages}

    def _size(self) -> Size:
        options = {name: self.config[name] for name in ("units", "layers", "heads")}
        return Size(
            tokens=len(self.features.vocabulary),
            buckets=self.features.buckets,
            marks=self.lookups.width,
            intents=len(self.intents),
            tags=len(self.tags),
            wide=2 * options["units"],
            **options,
        )

    def _report(self, epoch: int, losses: dict[str, float], variables: dict[str, tf.Variable]) -> None:
        told = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
        print(f"Epoch {epoch} of {self.config['epochs']}: loss {told}", flush=True)
        if folder := self.config["checkpoints"]:
            Path(folder).mkdir(parents=True, exist_ok=True)
            np.savez(
                Path(folder) / "next.npz", epoch=epoch, **{name: one.numpy() for name, one in variables.items()}
            )
            (Path(folder) / "next.npz").replace(Path(folder) / "weights.npz")

    def _resumed(self, variables: dict[str, tf.Variable]) -> int:
        """Take up the weights of an interrupted training; returns the epochs it has done."""
        file = Path(self.config["checkpoints"] or "") / "weights.npz"
        if not self.config["checkpoints"] or not file.is_file():
            return 0
        kept = np.load(file)
        for name, variable in variables.items():
            variable.assign(kept[name])
        print(f"Going on after epoch {int(kept['epoch'])}", flush=True)
        return int(kept["epoch"])

    # --- use ---------------------------------------------------------------------------------------------------

    def process(self, messages: list[Message]) -> list[Message]:
        """Find the requests of each message."""
        for message in messages:
            tokens = message.get(TOKENS_NAMES[TEXT])
            requests, entities = self.understand(tokens)
            name = "+".join(request.intent for request in requests)
            confidence = min(request.confidence for request in requests)
            message.set(INTENT, {"name": name, "confidence": confidence}, add_to_output=True)
            message.set("intent_ranking", [{"name": name, "confidence": confidence}], add_to_output=True)
            message.set("requests", [asdict(request) for request in requests])
            found = [
                *message.get(ENTITIES, []),
                *self.add_extractor_name(self._spans(message, tokens, entities, requests)),
            ]
            message.set(ENTITIES, found, add_to_output=True)
        return messages

    def sentence(self, tokens: list[Token]) -> Sentence:
        """The network's view of a text."""
        spoken = [token.text for token in tokens]
        shapes = [shape(token) if _SPOKEN.match(token) else COMMA for token in spoken]
        return Sentence(
            [self.features.index(one) for one in shapes],
            [self.features.pieces(token) for token in spoken],
            self.lookups.marks([token.lower() for token in spoken]),
            [0] * len(tokens),
            [-1] * len(tokens),
            [],
            [0] * len(tokens),
        )

    def understand(self, tokens: list[Token]) -> tuple[list[Found], list[tuple[str, float]]]:
        """The requests in a text, and a tag with its confidence for each token."""
        batch = {
            name: tf.constant(value) for name, value in arrays([self.sentence(tokens)], self.lookups.width).items()
        }
        place, intent, tag = (part.numpy()[0] for part in self._scores(batch))
        places = place.argmax(-1)
        words = [index for index in range(len(tokens)) if places[index] != JOINS] or list(range(len(tokens)))
        starts = cuts(softmax(place)[words, OPENS], intent[words])
        groups = [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]
        found = []
        for group in groups:
            likely = softmax(intent[group].mean(0))
            found.append(Found(self.intents[int(likely.argmax())], float(likely.max()), group[0], group[-1]))
        tags = [(OUTSIDE, 1.0)] * len(tokens)
        for group, request in zip(groups, found, strict=True):
            likely = softmax(tag[group] + self._fitting[self.intents.index(request.intent)])
            for index, own in zip(group, likely, strict=True):
                tags[index] = (self.tags[int(own.argmax())], float(own.max()))
        return found, tags

    def _spans(
        self, message: Message, tokens: list[Token], tags: list[tuple[str, float]], requests: list[Found]
    ) -> list[dict[str, Any]]:
        text, spans = message.get(TEXT), []
        last, last_number = OUTSIDE, 0
        for index, (tag, confidence) in enumerate(tags):
            if tag == OUTSIDE:
                last = OUTSIDE
                continue
            number = next(n for n, request in enumerate(requests, 1) if request.last >= index)
            if tag[:2] == "I-" and last[2:] == tag[2:] and number == last_number:
                spans[-1]["end"] = tokens[index].end
                spans[-1]["confidence_entity"] = min(confidence, spans[-1]["confidence_entity"])
            else:
                group = {"group": str(number)} if len(requests) > 1 else {}
                place = {"start": tokens[index].start, "end": tokens[index].end}
                spans.append({"entity": tag[2:], **place, "confidence_entity": confidence, **group})
            last, last_number = tag, number
        for span in spans:
            span["value"] = text[span["start"] : span["end"]]
        return spans

    # --- storage -----------------------------------------------------------------------------------------------

    def _persist(self) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / "weights.npz", **self.weights)
            tables = {
                "vocabulary": self.features.vocabulary,
                "sounds": self.features.sounds,
                "names": self.names,
                "intents": self.intents,
                "tags": self.tags,
                "entities": self.entities,
            }
            (folder / "tables.json").write_text(json.dumps(tables, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MultiIntentClassifier:
        """A trained classifier."""
        with model_storage.read_from(resource) as folder:
            tables = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
            weights = dict(np.load(folder / "weights.npz"))
        features = TokenFeatures(tables["vocabulary"], tables["sounds"], config["buckets"])
        lookups = Lookups(tables["names"])
        names, intents, tags, entities = (tables[name] for name in ("names", "intents", "tags", "entities"))
        return cls(config, model_storage, resource, features, lookups, names, intents, tags, entities, weights)


class _AnyTokenizer:
    """Cuts phrases as the pipeline's tokenizer cut the examples, which are all there is to see of it here."""

    def __init__(self, training_data: TrainingData) -> None:
        tokens = [
            token.text for message in training_data.intent_examples for token in message.get(TOKENS_NAMES[TEXT])
        ]
        self._characters = all(len(token) == 1 for token in tokens if is_chinese(token))

    def __call__(self, phrase: str) -> list[str]:
        chinese = "[\\u3400-\\u9fff]|" if self._characters else ""
        return re.findall(rf"{chinese}\d+(?:\.\d+)?|[^\W\d_\u3400-\u9fff]+(?:'[^\W\d_\u3400-\u9fff]+)*|\w+", phrase)


def _request(message: Message) -> Request | None:
    tokens = [token for token in message.get(TOKENS_NAMES[TEXT]) if _SPOKEN.match(token.text)]
    entities = sorted(message.get(ENTITIES, []), key=lambda entity: entity["start"])
    tags = []
    for token in tokens:
        entity = next((e for e in entities if e["start"] <= token.start and token.end <= e["end"]), None)
        begins = entity is not None and (not tags or tags[-1] == OUTSIDE or token.start == entity["start"])
        tags.append(OUTSIDE if entity is None else f"{'B' if begins else 'I'}-{entity['entity']}")
    if not tokens:
        return None
    return Request(tuple(token.text for token in tokens), tuple(tags), message.get(INTENT))


def _lookup_names(training_data: TrainingData) -> dict[str, list[str]]:
    from rasa.nlu.utils.pattern_utils import read_lookup_table_file

    names: dict[str, dict[str, None]] = {}
    for table in training_data.lookup_tables:
        elements = table["elements"]
        listed = elements if isinstance(elements, list) else read_lookup_table_file(elements)
        names.setdefault(table["name"], {}).update(dict.fromkeys(listed))
    return {entity: list(listed) for entity, listed in sorted(names.items())}


def _entities_of(requests: list[Request]) -> dict[str, list[str]]:
    """The entities that occur at least twice with each intent; others are not looked for there."""
    counts = Counter(
        (r.intent, entity) for r in requests for entity in {tag[2:] for tag in r.tags if tag != OUTSIDE}
    )
    found: dict[str, list[str]] = {request.intent: [] for request in requests}
    for (intent, entity), count in sorted(counts.items()):
        if count > 1:
            found[intent].append(entity)
    return found


def _fitting(intents: list[str], tags: list[str], entities: dict[str, list[str]]) -> np.ndarray:
    """Added to tag scores: nothing for the tags an intent can have, an impossible amount for others."""
    return np.array(
        [[0.0 if tag == OUTSIDE or tag[2:] in entities[intent] else NEVER for tag in tags] for intent in intents],
        np.float32,
    )


def _features(
    requests: list[Request], words: dict[str, Words], names: dict[str, list[list[str]]], buckets: int
) -> TokenFeatures:
    """The vocabulary: what occurs twice in the examples, the characters of names, and what joins requests."""
    counts = Counter(shape(token) for request in requests for token in request.tokens)
    for rows in names.values():
        counts.update(token for row in rows for token in row if is_chinese(token))
    for spoken in words.values():
        for phrase in (*spoken.connectives, *spoken.fillers, *spoken.corrections, *spoken.together):
            counts.update({shape(token): 2 for token in phrase})
    vocabulary = ["", "<unknown>", *sorted(token for token, count in counts.items() if count > 1), COMMA]
    characters = {*common_characters(), *(token for token in counts if is_chinese(token) and len(token) == 1)}
    return TokenFeatures(vocabulary, syllables(sorted(characters)), buckets)
