"""Turns the words of an entity into a value: 二十四点五 and "twenty four and a half" into 24.5, 三分之一 into 33.

Six types of entities exist (vehicle.yml says which has which): `number`, `percent`, `duration` (seconds),
`time` (HH:MM),
`zone` and `text`. Zones and the words max and min come from the project's synonyms and are left alone.
"""

from __future__ import annotations

import math
import re

from ..events import Language, Value
from .times import clock_of, seconds_of

EXTREMES = ("max", "min")
"""Words that stand for the end of a range, whatever the range is."""

LONGEST_ANSWER = 24

_CHINESE_NUMBER = re.compile(r"[零〇一二两俩三四五六七八九十百千万亿点\d.]+")
_BELOW_ZERO = re.compile(r"零下|负|(?:minus|negative)\s", re.IGNORECASE)
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")
_FRACTION_OF = re.compile(r"(.+)分之(.+)")
_TENTHS = re.compile(r"([一二两三四五六七八九\d])成(半?)")
_FRACTIONS = {"half": 1 / 2, "third": 1 / 3, "thirds": 1 / 3, "quarter": 1 / 4, "quarters": 1 / 4}
_DIGIT_WORD = re.compile(r"[0-9]+|[^\W\d_\u3400-\u9fff]+|\S")
_DIGIT_NAMES = {
    **{name: str(digit) for digit, name in enumerate("零一二三四五六七八九")},
    **{"〇": "0", "幺": "1", "两": "2", "oh": "0", "o": "0", "zero": "0", "one": "1", "two": "2", "three": "3"},
    **{"four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"},
}
_TIMES = {"double": 2, "triple": 3}
SHORTEST_NUMBER = 3
"""Digits of the shortest telephone number: 110, 911."""
_COUNTS = {"a": 1.0, "an": 1.0, "couple": 2.0, "few": 3.0}


def normalise(words: str, kind: str, language: Language) -> Value | None:
    """The value of an entity's words; None if they aren't of that kind.

    Args:
        words: as they were said, or the synonym value they stand for.
        kind: `number`, `percent`, `duration`, `time`, `zone` or `text`.
        language: of the utterance.
    """
    words = words.strip()
    if kind == "text":
        return _digits(words.lower()) or words or None
    if kind == "zone":
        return None
    if words.lower() in EXTREMES:
        return words.lower()
    if kind in ("duration", "time"):
        read = seconds_of if kind == "duration" else clock_of
        return read(words, lambda number: _read(number, percent=False, language=language))
    value = _read(words, kind == "percent", language)
    if value is None:
        return None
    value = round(value, 2)
    return int(value) if value.is_integer() else value


def _read(words: str, percent: bool, language: Language) -> float | None:
    """A finite number, or None."""
    try:
        value = _number(words, percent, language)
    except (ValueError, KeyError, OverflowError, ZeroDivisionError):  # cn2an raises KeyError on odd digits
        return None
    return value if value is not None and math.isfinite(value) else None


def _digits(words: str) -> str | None:
    """A number said digit by digit, as telephone numbers are: 一三八零零, "five double two", 138 0013 8000."""
    row: list[str] = []
    times = 1
    for word in _DIGIT_WORD.findall(words):
        if word in _TIMES:
            times = _TIMES[word]
            continue
        digits = word if word.isdecimal() else _DIGIT_NAMES.get(word)
        if digits is None:
            return None
        row.append(digits * times)
        times = 1
    number = "".join(row)
    return number if len(row) > 1 and len(number) >= SHORTEST_NUMBER else None


def number_in(text: str, kind: str, language: Language) -> Value | None:
    """The longest stretch of a short answer that is a number: 12 of 十二度, 22.5 of "twenty two point five please".

    Args:
        text: what was answered; only its first LONGEST_ANSWER characters or words are looked at.
        kind: `number` or `percent`.
        language: of the answer.

    Returns:
        None where there is none.
    """
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text)
    pieces = (list(text) if chinese else text.split())[:LONGEST_ANSWER]
    gap = "" if chinese else " "
    for length in range(len(pieces), 0, -1):
        for first in range(len(pieces) - length + 1):
            if not chinese and not _begins_and_ends_with_number(pieces[first : first + length]):
                continue
            value = normalise(gap.join(pieces[first : first + length]).strip(" ,.，。!?！？"), kind, language)
            if value is not None:
                return value
    return None


def _begins_and_ends_with_number(words: list[str]) -> bool:
    """Whether nothing but a number stands in these English words: twenty one and a half, not "er twenty one"."""
    ends = [word.strip(" ,.!?") for word in (words[0], words[-1])]
    return all(
        word.lower() in (*_FRACTIONS, *_COUNTS, "percent", "minus", *EXTREMES)
        or _plain_english(word.replace("-", " ").replace("%", ""), "en") is not None
        for word in ends
    )


def place_in_list(text: str) -> int | None:
    """The number of 第二个 and "the third one"; None where no place is counted to."""
    if any("\u4e00" <= sign <= "\u9fff" for sign in text):
        number = _read(text, percent=False, language="zh")
    else:
        from text_to_num import alpha2digit

        found = _DIGITS.search(alpha2digit(text.lower(), "en", ordinal_threshold=0))
        number = float(found.group()) if found else None
    return int(number) if number is not None else None


def is_bare_number(text: str, kind: str, language: Language) -> bool:
    """Whether an answer is a number and hardly more, its unit or one word: 二十度, "twenty degrees"."""
    text = text.strip(" ,.，。!?！？")
    if any("\u4e00" <= sign <= "\u9fff" for sign in text):
        rest: list[str] = list(_CHINESE_NUMBER.sub("", text, count=1).replace(" ", ""))
    else:
        rest = [word for word in text.split() if normalise(word, kind, language) is None]
    return len(rest) <= 1 and number_in(text, kind, language) is not None


def _number(words: str, percent: bool, language: Language) -> float | None:
    """The number meant, of a hundred if `percent`: then 半 and "a third" are parts of the whole."""
    if match := _BELOW_ZERO.match(words):
        below = _number(words[match.end() :].strip(), percent, language)
        return None if below is None else -below
    whole = 100.0 if percent else 1.0
    if match := _DIGITS.fullmatch(words.replace("%", "").replace("percent", "").strip()):
        return float(match.group())
    if any("\u4e00" <= sign <= "\u9fff" for sign in words):
        return _chinese(words, whole)
    return _english(words.lower().replace("-", " "), whole, language)


def _chinese(words: str, whole: float) -> float | None:
    if match := _FRACTION_OF.fullmatch(words):
        below, above = _plain_chinese(match.group(1)), _plain_chinese(match.group(2))
        # 百分之三十 is thirty of a hundred, whatever the scale is.
        return None if below is None or above is None else above if below == 100 else above / below * whole
    if match := _TENTHS.fullmatch(words):
        tenths = _plain_chinese(match.group(1))
        return None if tenths is None else (tenths + (0.5 if match.group(2) else 0)) * 10
    if words.startswith(("一半", "半")):
        return whole / 2
    number = _plain_chinese(words)
    return None if number is None else number + (0.5 if "半" in words else 0)


def _plain_chinese(words: str) -> float | None:
    """The first number in the words, in Chinese or Arabic numerals or both."""
    match = _CHINESE_NUMBER.search(words)
    if match is None:
        return None
    import cn2an

    numeral = match.group().replace("两", "二").replace("俩", "二").strip(".点")
    # A bare 百 as in 百分之 means one hundred.
    numeral = f"一{numeral}" if numeral and numeral[0] in "百千万亿" else numeral
    return float(cn2an.cn2an(numeral, "smart")) if numeral else None


def _english(words: str, whole: float, language: Language) -> float | None:
    names = words.replace("percent", "").split()
    if names[:1] == ["half"]:  # half a degree, half way
        return whole / 2
    fraction = _FRACTIONS.get(names[-1]) if names else None
    if fraction is None:
        return _plain_english(" ".join(names), language)
    mixed = "and" in names  # twenty two and a half
    number = _plain_english(" ".join(name for name in names[:-1] if name not in ("and", "a", "of")), language)
    if number is None:
        return fraction * whole
    return number + fraction if mixed else number * fraction * whole


def _plain_english(words: str, language: Language) -> float | None:
    """The first number in the words, spelt or in digits; articles count where no number stands."""
    from text_to_num import alpha2digit, text2num

    speech = "en" if language == "zh" else language
    try:
        return float(text2num(words, speech))
    except ValueError:
        pass
    spoken = alpha2digit(words, speech)
    number = next((float(found) for found in _DIGITS.findall(spoken)), None)
    return (
        number
        if number is not None
        else next((_COUNTS[name] for name in reversed(words.split()) if name in _COUNTS), None)
    )
