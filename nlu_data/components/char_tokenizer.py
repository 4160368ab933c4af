"""Tokenizer for text that mixes Chinese and English: one token is whatever its `pattern` matches.

Rasa's own tokenizers either need spaces or cut Chinese into dictionary words, which a name nobody has heard of
breaks. Single characters can always be annotated; the pattern stands in config.yml, where the compiler of the
on-board model reads it too.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class CharTokenizer(Tokenizer):
    """Cuts a text into the matches of a regular expression."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's tokenizer options, and the pattern: by default one word character or punctuation mark a token."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
            "pattern": r"\w|[^\s\w]",
        }

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._pattern = re.compile(config["pattern"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CharTokenizer:
        """Build the component for a pipeline."""
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The matches of the pattern in order; the whole text where nothing matches."""
        text = message.get(attribute)
        tokens = [Token(match.group(), match.start()) for match in self._pattern.finditer(text)]
        return self._apply_token_pattern(tokens) if tokens else [Token(text, 0)]
