"""Durations and times of day as people say them: 一个半小时 and "an hour and a half" are 5400 seconds, 明早六点半
is 06:30.

Days are left out: an alarm goes off the next time the clock shows its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Number = Callable[[str], "float | None"]
"""Reads a number in words or digits; `values` passes its own for the language."""

_CHINESE_PIECE = re.compile(
    r"(半|[零〇一二两俩三四五六七八九十百\d.]+|刻)(个半|个)?(小时|钟头|分钟|分|刻钟|刻|秒钟|秒)?(半)?"
)
_CHINESE_UNITS = {"小时": 3600, "钟头": 3600, "分钟": 60, "分": 60, "刻钟": 900, "刻": 900, "秒钟": 1, "秒": 1}
_ENGLISH_UNIT = re.compile(r"\b(hours?|hrs?|minutes?|mins?|seconds?|secs?)\b")
_ENGLISH_UNITS = {"h": 3600, "m": 60, "s": 1}
_LONGEST = 7 * 24 * 3600

_DIGITAL = re.compile(r"(\d{1,2})[:：.](\d{2})")
_CHINESE_TIME = re.compile(
    r"([零〇一二两三四五六七八九十\d]+)[点时](?:钟)?(半|一刻|三刻|整|[零〇一二三四五六七八九十\d]+)?"
)
_EVENING = re.compile(r"下午|傍晚|晚|夜里|今晚|\bp\.?m\b|afternoon|evening|tonight|at night", re.IGNORECASE)
_MORNING = re.compile(r"凌晨|早|上午|\ba\.?m\b|morning", re.IGNORECASE)
_MIDNIGHT = re.compile(r"半夜|午夜|夜里|凌晨|midnight", re.IGNORECASE)
_NAMED = {"noon": "12:00", "midday": "12:00", "midnight": "00:00", "正午": "12:00", "午夜": "00:00"}


def seconds_of(words: str, number: Number) -> int | None:
    """How long: seconds, or None if the words aren't a duration.

    Args:
        words: as they were said.
        number: reads the numbers in them.
    """
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in words)
    seconds = _chinese_seconds(words, number) if chinese else _english_seconds(words.lower(), number)
    return round(seconds) if seconds is not None and 0 < seconds <= _LONGEST else None


def _chinese_seconds(words: str, number: Number) -> float | None:
    total, unit, found = 0.0, 0, False
    for match in _CHINESE_PIECE.finditer(words):
        count, measure, name, half = match.groups()
        # 两分三十: what follows without a unit counts in the next smaller one.
        unit = _CHINESE_UNITS[name] if name else unit // 60
        value = 0.5 if count == "半" else number(count)
        if value is None or not unit:
            continue
        total += (value + (0.5 if measure == "个半" or half else 0)) * unit
        found = True
    return total if found else None


def _english_seconds(words: str, number: Number) -> float | None:
    total, position, unit = 0.0, 0, 0
    words = words.replace("-", " ")
    for match in _ENGLISH_UNIT.finditer(words):
        count = (
            words[position : match.start()].strip().removeprefix("and ").removesuffix(" of an").removesuffix(" an")
        )
        unit = _ENGLISH_UNITS[match.group()[0]]
        value = 1.0 if count in ("a", "an") else _share(count, number)
        if value is None:
            return None
        total += value * unit
        position = match.end()
    if not unit:
        return None
    rest = words[position:].strip()
    if rest in ("and a half", "and half"):
        return total + unit / 2
    if rest and (extra := number(rest.removeprefix("and "))) is not None:
        return total + extra * unit / 60  # two minutes thirty
    return total


def _share(count: str, number: Number) -> float | None:
    shares = {"half": 0.5, "half a": 0.5, "quarter": 0.25, "a quarter": 0.25, "three quarters": 0.75}
    if count in shares:
        return shares[count]
    if count.endswith(" and a half"):
        whole = number(count.removesuffix(" and a half"))
        return None if whole is None else whole + 0.5
    return number(count)


def clock_of(words: str, number: Number) -> str | None:
    """What time: HH:MM, or None if the words aren't a time of day.

    Where neither morning nor evening was said, the hour is taken as it stands.
    """
    words = words.strip().lower()
    for name, clock in _NAMED.items():
        if name in words and not any(sign.isdigit() for sign in words) and "点" not in words:
            return clock
    read = _digital(words) or _chinese_clock(words, number) or _english_clock(words, number)
    if read is None:
        return None
    hour, minute = read
    if _EVENING.search(words) and hour < 12 and not (_MIDNIGHT.search(words) and hour < 6):
        hour += 12
    elif (_MORNING.search(words) or _MIDNIGHT.search(words)) and hour == 12:
        hour = 0
    return f"{hour % 24:02}:{minute:02}" if hour <= 24 and 0 <= minute < 60 else None


def _digital(words: str) -> tuple[int, int] | None:
    match = _DIGITAL.search(words)
    return (int(match.group(1)), int(match.group(2))) if match else None


def _chinese_clock(words: str, number: Number) -> tuple[int, int] | None:
    match = _CHINESE_TIME.search(words)
    if match is None or (hour := number(match.group(1))) is None:
        return None
    rest = match.group(2)
    fixed = {None: 0, "整": 0, "半": 30, "一刻": 15, "三刻": 45}
    minute = fixed[rest] if rest in fixed else number((rest or "").lstrip("零〇") or "0")
    return None if minute is None else (int(hour), int(minute))


def _english_clock(words: str, number: Number) -> tuple[int, int] | None:
    words = re.sub(
        r"\b(a\.?m|p\.?m|o'?clock|in the|at|morning|afternoon|evening|tonight|tomorrow|today|night)\b\.?",
        " ",
        words,
    )
    words = re.sub(r"(\d)(am|pm)\b", r"\1", " ".join(words.replace("-", " ").split()))
    if match := re.fullmatch(
        r"(?:(half|a quarter|quarter|[\w ]+?)(?: minutes?)? )(past|after|to|before) (\w+)", words
    ):
        share, side, hour_words = match.groups()
        hour = number(hour_words)
        minutes = {"half": 30.0, "quarter": 15.0, "a quarter": 15.0}.get(share, number(share))
        if hour is None or minutes is None:
            return None
        total = int(hour) * 60 + int(minutes if side in ("past", "after") else -minutes)
        return total // 60 % 24, total % 60
    pieces = words.split()
    if not pieces or (hour := number(pieces[0])) is None or not 0 <= hour <= 24 or hour != int(hour):
        return None
    minute = number(" ".join(pieces[1:]).removeprefix("oh ")) if pieces[1:] else 0.0
    return None if minute is None else (int(hour), int(minute))
