"""Makes what recognisers and keyboards deliver look like what the network was trained on.

Traditional characters become simplified, full-width letters plain, typographic apostrophes straight; units become
words; the polite 您 reads as 你; spaces between Chinese characters go. Every character keeps the position it came
from, so that entities can be given in the text as it was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .language import is_chinese

SimplifiedOf = Callable[[str], str]

# What Unicode offers besides the plain sign; each is one character for one.
_PLAIN: dict[int, int | str] = {0x3000: " ", 0x2018: "'", 0x2019: "'"}
_PLAIN[ord("您")] = "你"  # polite or not, the same is wanted
_PLAIN.update({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
_DEGREES = re.compile(r"\s*(?:℃|°\s*[CFcf]?(?![^\W\d_])|℉)")
_INITIALS = re.compile(r"(?<=\b[^\W\d_])[./](?=[^\W\d_]\b)")
"""The points of A.C. and the stroke of A/C."""
_PUNCTUATION = re.compile(
    # A point or comma inside a number and an apostrophe inside a word belong to them; a hyphen joins two words.
    r"(?<!\d)[.,:]|[.,:](?!\d)|(?<!\w)'|'(?!\w)|[^\w\s.,:'%+]"
)


@dataclass(frozen=True, slots=True)
class Text:
    """Characters and the position in the original where each came from."""

    text: str
    origins: tuple[int, ...]

    def __getitem__(self, part: slice) -> Text:
        """A piece of it."""
        return Text(self.text[part], self.origins[part])

    def __add__(self, other: Text) -> Text:
        """Both, one after the other."""
        return Text(self.text + other.text, self.origins + other.origins)

    def __bool__(self) -> bool:
        return bool(self.text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a piece that isn't empty stood in the original, end exclusive."""
        return self.origins[start], self.origins[end - 1] + 1

    def replaced(self, pattern: re.Pattern[str], replacement: str) -> Text:
        """With every match replaced; the new characters come from where the match began."""
        pieces: list[str] = []
        origins: list[int] = []
        position = 0
        for match in pattern.finditer(self.text):
            if match.start() == match.end():
                continue
            pieces += [self.text[position : match.start()], replacement]
            origins += self.origins[position : match.start()]
            origins += [self.origins[match.start()]] * len(replacement)
            position = match.end()
        pieces.append(self.text[position:])
        origins += self.origins[position:]
        return Text("".join(pieces), tuple(origins))

    def stripped(self) -> Text:
        """Without white space around it and with single spaces in it, none of them beside a Chinese character."""
        keep = [index for index, sign in enumerate(self.text) if not sign.isspace() or self._separates(index)]
        # Spaces of any kind become plain ones.
        signs = "".join(" " if self.text[index].isspace() else self.text[index] for index in keep)
        return Text(signs, tuple(self.origins[index] for index in keep))

    def _separates(self, index: int) -> bool:
        """Whether the white space at `index` is the first of its kind between two words."""
        if index == 0 or self.text[index - 1].isspace():
            return False
        following = self.text[index:].lstrip()
        return bool(following) and not (is_chinese(self.text[index - 1]) and is_chinese(following[0]))


class Normalizer:
    """Prepares texts; holds the table of simplified characters."""

    def __init__(self) -> None:
        import opencc

        self._simplified: SimplifiedOf = opencc.OpenCC("t2s").convert

    def __call__(self, text: str) -> Text:
        """The text as the network likes it, punctuation still in it."""
        plain = text.translate(_PLAIN)
        if not plain.isascii():
            plain = self._without_traditional(plain)
        normal = Text(plain, tuple(range(len(plain))))
        if "°" in plain or "℃" in plain or "℉" in plain:
            normal = normal.replaced(_DEGREES, "度" if any(map(is_chinese, plain)) else " degrees")
        if "." in plain or "/" in plain:
            normal = normal.replaced(_INITIALS, "")
        return normal.stripped()

    def _without_traditional(self, text: str) -> str:
        simplified = self._simplified(text)
        if len(simplified) == len(text):
            return simplified
        # Phrases may change their length; then each character on its own, which can't move the others.
        return "".join(one if len(one := self._simplified(sign)) == 1 else sign for sign in text)


def without_punctuation(text: Text) -> Text:
    """What the network reads: sentences were written without punctuation, as recognisers of old deliver them."""
    return text.replaced(_PUNCTUATION, " ").stripped()


def joined(parts: Sequence[Text]) -> Text:
    """Parts one after the other, with a space between those that need one."""
    whole = Text("", ())
    for part in parts:
        gap = whole and part and not (is_chinese(whole.text[-1]) and is_chinese(part.text[0]))
        whole = whole + (Text(" ", (part.origins[0],)) if gap else Text("", ())) + part
    return whole
