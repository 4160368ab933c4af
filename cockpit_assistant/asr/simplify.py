"""Simplified characters for Mandarin text: recognisers trained on mixed material return either kind."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


def simplify(text: str) -> str:
    """The text with traditional characters replaced; everything else stays as it is."""
    converted: str = _converter().convert(text)
    return converted.replace("妳", "你")  # OpenCC keeps this one, which no Mandarin command distinguishes


@functools.cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
