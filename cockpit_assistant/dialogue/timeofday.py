"""The time of day and the date as people say them."""

from __future__ import annotations

from datetime import datetime

from ..events import Language
from .wording import Slots

_PARTS_ZH = ((5, "凌晨"), (9, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
"""The hour each part of the day ends with."""


def time_slots(now: datetime, language: Language) -> Slots:
    """The slot `time`: 下午3点20分, 上午9点半, 3:20 pm, 9 am."""
    hour, minute = now.hour, now.minute
    if language == "zh":
        part = next(name for end, name in _PARTS_ZH if hour < end)
        minutes = {0: "", 30: "半"}.get(minute, f"零{minute}分" if minute < 10 else f"{minute}分")
        return (("time", f"{part}{hour - 12 if hour > 12 else hour}点{minutes}"),)
    clock = hour % 12 or 12
    half = "am" if hour < 12 else "pm"
    return (("time", f"{clock} {half}" if minute == 0 else f"{clock}:{minute:02} {half}"),)


_WEEKDAYS_ZH = "一二三四五六日"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def date_slots(now: datetime, language: Language) -> Slots:
    """The slot `date`: 11月24号，星期二; Tuesday, November 24."""
    if language == "zh":
        return (("date", f"{now.month}月{now.day}号，星期{_WEEKDAYS_ZH[now.weekday()]}"),)
    return (("date", f"{_WEEKDAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}"),)
