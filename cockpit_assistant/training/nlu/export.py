"""Takes a trained Rasa model apart: weights, feature tables, and what Rasa itself says to every training text.

Runs inside the Rasa environment, on the archive Rasa has trained there; `project` has made sure beforehand that
the pipeline holds nothing without a counterpart on board. Writes into one folder:

- `nlu.fp32.onnx`, `nlu.int8.onnx`: the network
- `pipeline.json`: tokenizer, labels, the classifier's tables, synonyms, lookups and thresholds for the side file
- `examples.json`: training texts with their intents
- `reference.json`: per training text Rasa's features, intents and entities, to compare with
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diet_graph import write_diet
from .fuzz import fuzz
from .multi_intent_graph import write_multi_intent

Pipeline = list[tuple[str, Any, dict[str, Any]]]
"""Name, component and configuration of each step."""

Answer = Callable[[Any, Pipeline], dict[str, Any]]
"""The features of a message, for the reference."""

FUZZED = 2000
"""Texts that are compared besides those of the project."""

LONGEST = 256
"""Positions the compiled network takes; an utterance has a few dozen."""


def main(archive: Path, data: Path, out: Path) -> None:
    """Export the model in `archive`, trained on `data`, into `out`."""
    from rasa.core.agent import Agent
    from rasa.shared.nlu.training_data.loading import load_data

    pipeline = list(_pipeline(Agent.load(archive)))
    training_data = load_data(str(data))
    examples = sorted({(example.get("text"), example.get("intent")) for example in training_data.intent_examples})
    texts = sorted({text for text, _ in examples})
    texts += fuzz(texts, FUZZED, seed=1)
    classifiers = {name: component for name, component, _ in pipeline}
    if "DIETClassifier" in classifiers:
        intents, classifier, reference = _diet(classifiers["DIETClassifier"], pipeline, texts, out)
    else:
        intents, classifier, reference = _multi_intent(classifiers["MultiIntentClassifier"], pipeline, texts, out)
    side = {
        "versions": {name: metadata.version(name) for name in ("rasa", "tensorflow", "scikit-learn", "onnx")},
        **_tables(pipeline),
        "intents": intents,
        "classifier": classifier,
        "lookups": _lookups(training_data),
    }
    for name, content in (("pipeline", side), ("examples", examples), ("reference", reference)):
        (out / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _diet(
    diet: Any, pipeline: Pipeline, texts: list[str], out: Path
) -> tuple[list[str], dict[str, Any], list[dict[str, Any]]]:
    """Intents, tables and Rasa's answers of a DIET pipeline, whose network is written."""
    weights, taggers = _weights(diet)
    reference = list(_references(texts, pipeline, _diet_reference))
    used = np.zeros(len(weights["token.kernel"]), np.bool_)
    used[[column for answer in reference for _, column, _ in answer["tokens"]]] = True
    heads = int(diet.component_config["number_of_attention_heads"])
    for kind in ("fp32", "int8"):
        write_diet(weights, heads, LONGEST, used, out / f"nlu.{kind}.onnx", quantize=kind == "int8")
    tables = {
        "kind": "diet",
        "featurizers": _featurizers(pipeline),
        "tags": taggers,
        "bilou": bool(diet.component_config["BILOU_flag"]),
        "split_entities": dict(diet.split_entities_config),
    }
    return (
        [diet.index_label_id_mapping[index] for index in range(len(diet.index_label_id_mapping))],
        tables,
        reference,
    )


def _multi_intent(
    classifier: Any, pipeline: Pipeline, texts: list[str], out: Path
) -> tuple[list[str], dict[str, Any], list[dict[str, Any]]]:
    """The same for the project's own classifier."""
    weights = {name: np.asarray(value) for name, value in classifier.weights.items()}
    for kind in ("fp32", "int8"):
        write_multi_intent(weights, classifier.config["heads"], out / f"nlu.{kind}.onnx", quantize=kind == "int8")
    sounds: dict[str, str] = {}
    for character, sound in sorted(classifier.features.sounds.items()):
        sounds[sound] = sounds.get(sound, "") + character
    tables = {
        "kind": "multi_intent",
        "vocabulary": classifier.features.vocabulary,
        "sounds": sounds,
        "buckets": classifier.features.buckets,
        "names": classifier.names,
        "tags": classifier.tags,
        "entities": classifier.entities,
    }
    return classifier.intents, tables, list(_references(texts, pipeline, _multi_intent_reference))


def _pipeline(agent: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Name, component and configuration of each step, in order: Rasa numbers its graph nodes."""
    nodes = agent.processor.graph_runner._instantiated_nodes
    numbered = {}
    for name, node in nodes.items():
        if match := re.fullmatch(r"run_.*?(\d+)", name):
            numbered[int(match.group(1))] = node
    for number in sorted(numbered):
        node = numbered[number]
        yield type(node._component).__name__, node._component, node._component_config


def _tables(pipeline: Pipeline) -> dict[str, Any]:
    tables: dict[str, Any] = {"synonyms": {}, "threshold": 0.0, "ambiguity": 0.0}
    for name, component, config in pipeline:
        if name.endswith("Tokenizer"):
            tables["tokenizer"] = {
                "kind": "whitespace" if name == "WhitespaceTokenizer" else "pattern",
                "pattern": config.get("pattern", ""),
                "token_pattern": config["token_pattern"],
            }
        elif name == "EntitySynonymMapper":
            tables["synonyms"] = dict(component.synonyms)
        elif name == "FallbackClassifier":
            tables["threshold"], tables["ambiguity"] = config["threshold"], config["ambiguity_threshold"]
    return tables


def _featurizers(pipeline: Pipeline) -> list[dict[str, Any]]:
    specs: list[dict[str, Any]] = []
    for name, component, config in pipeline:
        if name == "RegexFeaturizer" and component.known_patterns:
            patterns = [pattern["pattern"] for pattern in component.known_patterns]
            specs.append({"kind": "regex", "patterns": patterns, "case_sensitive": bool(config["case_sensitive"])})
        elif name == "LexicalSyntacticFeaturizer":
            columns = [
                [place, feature, value, column]
                for (place, feature), values in component._feature_to_idx_dict.items()
                for value, column in values.items()
            ]
            specs.append({"kind": "lexical", "window": config["features"], "columns": columns})
        elif name == "CountVectorsFeaturizer":
            vocabulary = component.vectorizers["text"].vocabulary_
            specs.append(
                {
                    "kind": "counts",
                    "analyzer": config["analyzer"],
                    "ngrams": [config["min_ngram"], config["max_ngram"]],
                    "lowercase": bool(config["lowercase"]),
                    "oov": component.OOV_token,
                    "vocabulary": sorted(vocabulary, key=vocabulary.__getitem__),
                }
            )
    return specs


def _lookups(training_data: Any) -> dict[str, list[str]]:
    """Names by entity; a table may be spread over several files."""
    from rasa.nlu.utils.pattern_utils import read_lookup_table_file

    tables: dict[str, dict[str, None]] = {}
    for table in training_data.lookup_tables:
        names = (
            table["elements"] if isinstance(table["elements"], list) else read_lookup_table_file(table["elements"])
        )
        tables.setdefault(table["name"], {}).update(dict.fromkeys(names))
    return {name: list(names) for name, names in tables.items()}


def _weights(diet: Any) -> tuple[dict[str, NDArray[np.float32]], list[dict[str, Any]]]:
    """The network's weights by the names `graph.write_diet` reads, and the taggers for the side file."""
    model = diet.model
    weights: dict[str, NDArray[np.float32]] = {}

    def dense(name: str, layer: Any) -> None:
        layer = getattr(layer, "_dense", layer)
        kernel = layer.kernel.numpy()
        mask = getattr(layer, "kernel_mask", None)
        weights[f"{name}.kernel"] = kernel if mask is None else kernel * mask.numpy()
        if layer.bias is not None:
            weights[f"{name}.bias"] = layer.bias.numpy()

    def norm(name: str, layer: Any) -> None:
        weights[f"{name}.gamma"], weights[f"{name}.beta"] = layer.gamma.numpy(), layer.beta.numpy()

    layers = model._tf_layers
    text = layers["sequence_layer.text"]._tf_layers
    combining = text["feature_combining"]._tf_layers
    dense("token", combining["sparse_dense.sequence"]._tf_layers["sparse_to_dense"])
    dense("sentence", combining["sparse_dense.sentence"]._tf_layers["sparse_to_dense"])
    hidden = [layer for layer in text["ffnn"]._ffn_layers if hasattr(layer, "kernel")]
    for number, layer in enumerate(hidden):
        dense(f"hidden{number}", layer)
    transformer = text["transformer"]
    dense("embedding", transformer._embedding)
    for number, layer in enumerate(transformer._enc_layers):
        name = f"layer{number}"
        norm(f"{name}.attention_norm", layer._layer_norm)
        attention = layer._mha
        dense(f"{name}.query", attention._query_dense_layer)
        dense(f"{name}.key", attention._key_dense_layer)
        dense(f"{name}.value", attention._value_dense_layer)
        dense(f"{name}.output", attention._output_dense_layer)
        feed_norm, feed_in, _, feed_out, _ = layer._ffn_layers
        norm(f"{name}.feed_norm", feed_norm)
        dense(f"{name}.feed_in", feed_in)
        dense(f"{name}.feed_out", feed_out)
    norm("norm", transformer._layer_norm)
    dense("intent", layers["embed.text"])
    weights["labels"] = model.all_labels_embed.numpy()

    units = transformer.units
    taggers = []
    for spec in model._entity_tag_specs:
        if spec.num_tags == 0:
            continue
        kind = spec.tag_name
        dense(kind, layers[f"embed.{kind}.logits"])
        tagger = {
            "kind": kind,
            "tags": [spec.ids_to_tags[index] for index in range(spec.num_tags)],
            "transitions": layers[f"crf.{kind}"].transition_params.numpy().tolist(),
        }
        if kind != "entity":
            # Roles and groups also read the predicted entity tag, embedded and appended to the transformer's
            # output: split that part of the layer off as a row for each tag.
            dense("tags", layers[f"embed.{kind}.tags"])
            embedded = weights.pop("tags.kernel") + weights.pop("tags.bias", np.float32(0))
            kernel = weights[f"{kind}.kernel"]
            weights[f"{kind}.kernel"] = kernel[:units]
            tagger["from_entity"] = (embedded @ kernel[units:]).tolist()
        taggers.append(tagger)
    return weights, taggers


def _references(texts: list[str], pipeline: Pipeline, answer: Answer) -> Iterator[dict[str, Any]]:
    for count, text in enumerate(texts, 1):
        yield _reference(text, pipeline, answer)
        if count % 5000 == 0 or count == len(texts):
            print(f"Rasa has answered {count} of {len(texts)} texts", flush=True)


def _reference(text: str, pipeline: Pipeline, answer: Answer) -> dict[str, Any]:
    """What Rasa makes of one text."""
    from rasa.shared.nlu.constants import TEXT
    from rasa.shared.nlu.training_data.message import Message

    message = Message(data={TEXT: text})
    best: dict[str, Any] = {}
    for name, component, _ in pipeline:
        component.process([message])
        if name in ("DIETClassifier", "MultiIntentClassifier"):
            best = dict(message.get("intent"))  # before FallbackClassifier replaces it
    return {
        "text": text,
        **answer(message, pipeline),
        "intent": best["name"],
        "confidence": best["confidence"],
        "entities": [
            [
                entity["entity"],
                entity["value"],
                entity["start"],
                entity["end"],
                entity.get("role"),
                entity.get("group"),
            ]
            for entity in message.get("entities", [])
        ],
    }


def _diet_reference(message: Any, pipeline: Pipeline) -> dict[str, Any]:
    tokens, sentence = message.get_sparse_features("text", [])
    return {"tokens": _sparse(tokens), "sentence": _sparse(sentence)}


def _multi_intent_reference(message: Any, pipeline: Pipeline) -> dict[str, Any]:
    classifier = next(component for name, component, _ in pipeline if name == "MultiIntentClassifier")
    sentence = classifier.sentence(message.get("text_tokens"))
    pieces = [[row, column, 1.0] for row, own in enumerate(sentence.pieces) for column in own]
    marks = [[row, column, 1.0] for row, column in sentence.marks]
    tokens = [[row, column, 1.0] for row, column in enumerate(sentence.tokens)]
    return {"tokens": sorted(tokens), "sentence": sorted(pieces), "marks": sorted(marks)}


def _sparse(features: Any) -> list[list[float]]:
    """Row, column, count of what isn't zero, in order."""
    if features is None:
        return []
    matrix = features.features.tocoo()
    cells = zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist())  # noqa: B905
    return sorted([row, column, float(count)] for row, column, count in cells if count)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
