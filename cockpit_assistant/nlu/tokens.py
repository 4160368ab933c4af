"""Cuts a text into tokens exactly as the Rasa pipeline did in training.

Two tokenizers are known: Rasa's WhitespaceTokenizer, and a pattern whose every match is a token (the shipped
project's `components/char_tokenizer.py`). Offsets are character positions in the text given, end exclusive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .model import TokenizerSpec


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text and where it stood."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Position after its last character."""
        return self.start + len(self.text)


Tokenizer: TypeAlias = Callable[[str], list[Token]]
"""Text in, at least one token out."""

# Rasa 3.6, nlu/tokenizers/whitespace_tokenizer.py: what isn't part of a word, and emoji that are words themselves.
_NOT_WORD = re.compile(
    r"[^\w#@&]+(?=\s|$)"
    r"|(\s|^)[^\w#@&]+(?=[^0-9\s])"
    r"|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"
)
_EMOJI = re.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff"
    "\U00002702-\U000027b0\U000024c2-\U0001f251\u200d\u200c]+"
)


def tokenizer(spec: TokenizerSpec) -> Tokenizer:
    """The tokenizer a compiled model asks for."""
    cut = _by_pattern(spec.pattern) if spec.kind == "pattern" else _by_whitespace
    return _cut_further(cut, spec.token_pattern) if spec.token_pattern else cut


def _by_pattern(pattern: str) -> Tokenizer:
    finditer = re.compile(pattern).finditer

    def cut(text: str) -> list[Token]:
        return [Token(match.group(), match.start()) for match in finditer(text)] or [Token(text, 0)]

    return cut


def _by_whitespace(text: str) -> list[Token]:
    words = [word for word in _NOT_WORD.sub(" ", text).split() if not _EMOJI.fullmatch(word)]
    tokens: list[Token] = []
    position = 0
    for word in words or [text]:
        start = text.index(word, position)
        tokens.append(Token(word, start))
        position = start + len(word)
    return tokens


def _cut_further(cut: Tokenizer, token_pattern: str) -> Tokenizer:
    """Rasa's `token_pattern` option: each token is replaced by the pattern's matches in it, if there are any."""
    findall = re.compile(token_pattern).findall

    def cut_twice(text: str) -> list[Token]:
        tokens: list[Token] = []
        for token in cut(text):
            parts = [part for part in findall(token.text) if part]
            position = 0
            for part in parts:
                position = token.text.index(part, position)
                tokens.append(Token(part, token.start + position))
                position += len(part)
            if not parts:
                tokens.append(token)
        return tokens

    return cut_twice
