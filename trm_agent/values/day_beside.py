"""A day or a time that is said by another: "the day after", "the Friday before", "two days later", "an hour earlier".

The other one is the last that the message names before it, else the only one that the assistant has just named, else
the one that was spoken of before: what the parameter was called with last, or what a message named alone.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from trm_agent.text.days import COUNT_WORDS, day_phrases, read_day
from trm_agent.text.numbers import amount
from trm_agent.values.place import Place, Where, meet

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_ANOTHER = "next|last|tomorrow|yesterday|today|now|the|my|our|his|her|their|we|i|he|she|they"
"""Words after "before" or "later" that name the other day or time themselves."""
_BESIDE = re.compile(
    rf"(?<![\w-])(?:the (?=\w)|(?=day ))(?P<unit>day|morning|evening|night|week|{_WEEKDAY}) (?P<side>after|before)\b"
    r"(?! (?:that \w|(?:next|last|tomorrow|yesterday|the|my|our|his|her|their|we|i|he|she|they)\b|\d|[a-z]+day))"
    rf"|(?<![\w-])(?P<count>an?|{COUNT_WORDS}|\d{{1,2}}) (?P<units>day|week)s?"
    r" (?P<way>later|earlier|after(?: that)?|before(?: that)?|sooner)\b"
    rf"(?! (?:(?:{_ANOTHER})\b|\d|[a-z]+day))"
    r"|(?<![\w-])(?:the )?(?:next|following) day\b"
)
_HALVES = {"half an hour": 30, "half hour": 30, "quarter of an hour": 15, "three quarters of an hour": 45}
_LATER = re.compile(
    rf"(?<![\w-])(?:(?:a )?(?P<half>half an hour|half hour|three quarters of an hour|quarter of an hour)"
    rf"|(?P<count>an?|{COUNT_WORDS}|\d{{1,2}}) (?P<units>hour|minute|min)s?)"
    r" (?P<way>later|earlier|after(?: that)?|before(?: that)?|sooner)\b"
    rf"(?! (?:(?:{_ANOTHER}|it)\b|\d|[a-z]+day))"
)


def day_beside(where: Where, now: datetime, past: bool | None) -> tuple[date, Place] | None:
    """The day that a span says by another one, which can be told; None for any other span."""
    lower = where.text.lower()
    for found in _BESIDE.finditer(lower):
        if not meet(found.span(), where.place):
            continue
        anchor = _named(lower[: found.start()], now, past, only=False)
        if anchor is None and not day_phrases(lower[: found.start()]):
            anchor = _named(where.question.lower(), now, past, only=True) or where.before()[0]
        return None if anchor is None else (_moved(anchor, found), found.span())
    return None


def clock_beside(where: Where) -> tuple[time, int, Place] | None:
    """The time that a span says by the one spoken of before, how many days later that is, and where it is said."""
    for found in _LATER.finditer(where.text.lower()):
        anchor = where.before()[1] if meet(found.span(), where.place) else None
        if anchor is None:
            continue
        minutes = _HALVES.get(found["half"] or "", 0)
        if found["count"]:
            minutes += int(amount(found["count"]) or 1) * (60 if found["units"].startswith("h") else 1)
        moved = datetime.combine(date.min.replace(year=2000), anchor)
        moved += timedelta(minutes=minutes if found["way"].startswith(("later", "after")) else -minutes)
        return moved.time(), (moved.date() - date(2000, 1, 1)).days, found.span()
    return None


@lru_cache(maxsize=1024)
def _named(text: str, now: datetime, past: bool | None, *, only: bool) -> date | None:
    """The last day that a text names, or the only one."""
    read = [read_day(text[start:end], now, past=past) for start, end in day_phrases(text)]
    days = [day.date() if day is not None else None for day in read]
    return None if not days or (only and len(set(days)) > 1) else days[-1]


def _moved(anchor: date, found: re.Match[str]) -> date:
    if found["count"]:
        count = int(amount(found["count"]) or 1)
        days = timedelta(days=count * (7 if found["units"] == "week" else 1))
        return anchor - days if found["way"].startswith(("earlier", "before", "sooner")) else anchor + days
    unit = found["unit"] or "day"
    sign = -1 if (found["side"] or "").startswith("before") else 1
    if unit[:3] in _WEEKDAYS and unit.endswith("day") and unit != "day":
        off = (_WEEKDAYS.index(unit[:3]) - anchor.weekday()) * sign % 7
        return anchor + timedelta(days=sign * (off or 7))
    return anchor + timedelta(days=sign * (7 if unit == "week" else 1))
