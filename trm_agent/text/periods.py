"""Stretches of days that a text names: a month, a week, a weekend, a season, a year, the last ten days.

The grammar is English. A period is read as its first and its last day; "the end of" one is a day (`edge`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from trm_agent.text.numbers import amount

MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
)
DAY_IN_WORDS = (
    r"(?:(?:twenty|thirty)[ -](?:one|two|three|four|five|six|seven|eight|nine)"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty)"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The beginnings of their names, in order."""
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month that each begins in, as weather is counted."""
_BACK = ("last", "past", "previous")
_REL = r"(?:this|next|last|coming|following|past|previous|upcoming|current)"
_LEAD = r"(?:in|of|for|during|since|from|until|till|to|through|before|after|by|about|all|and|than|between)"
_YEAR_OF = r"(?:,? (?:of )?(?P<year>(?:19|20)\d\d)\b|,? (?:of )?(?P<rel_year>this|next|last) year\b)"
_NAMED = (
    rf"(?:(?P<rel>this|next|last|this past|this coming|the coming|the past) )?(?:the (?:month|whole) of )?"
    r"(?<!\d )(?<!\d\. )(?<!\d\.)"
    rf"(?P<month>{MONTH}|(?<=this )fall|(?<=last )fall|(?<=next )fall|spring|summer|autumn|winter)(?![\w-])"
    rf"(?:{_YEAR_OF})?(?!['’]?s? (?:the )?(?:\d|{DAY_IN_WORDS}\b))"
)
_UNIT = rf"(?:(?P<which>{_REL}|the|the {_REL}) )(?P<unit>week|weekend|month|quarter|year)(?![\w-])"
_COUNT = r"(?:the )?(?:last|past|previous) (?P<count>\d{1,3}|[a-z]+(?:-[a-z]+)?) (?P<counted>days|weeks|months|years)\b"
_YEAR = r"(?<=\b(?:in|of) )(?P<plain_year>(?:19|20)\d\d)(?![\w:/-]|\.\d)"
PERIOD = re.compile(rf"(?<![\w-])(?:{_COUNT}|{_UNIT}|{_NAMED}|{_YEAR})")
_SO_FAR = re.compile(r",? (?:so far|up to (?:now|today)|until (?:now|today)|to date|till (?:now|today))\b")
_ALONE = re.compile(r"\W*(?:please|too|then|alone)?\W*")
_WEAK = frozenset(("may", "march", "mar", "spring", "fall"))
"""Names that are other words too, so that something must lead them."""
EDGE = (
    rf"(?:the )?(?:very )?(?:end|last day|last|first day|beginning|start|middle) of "
    rf"(?:{MONTH}(?![\w-])(?:,? (?:of )?(?:19|20)\d\d\b|,? (?:of )?(?:this|next|last) year\b)?"
    rf"|(?:the|this|next|last) (?:week|month|year|quarter)(?![\w-]))"
    rf"|mid[- ]{MONTH}(?![\w-])(?:,? (?:19|20)\d\d\b)?"
)
"""A day as the edge of a period: "the end of February", "mid-November", "the start of next month"."""
_EDGE = re.compile(r"(?:the )?(?:very )?(end|last day|last|first day|beginning|start|middle) of (.+)|(mid)[- ](.+)")


@dataclass(frozen=True)
class Period:
    """A stretch of days that a text names, and where it does so."""

    start: int
    end: int
    first: date
    last: date


def periods(text: str, now: date, *, past: bool | None = None) -> Iterator[Period]:
    """Every period of a text in lower case, in order.

    Args:
        text: In lower case.
        now: What is counted from.
        past: Whether one without a year has been or is to come; None is the nearest.
    """
    for found in PERIOD.finditer(text):
        if not _is_meant(text, found):
            continue
        days = _days(found, now, past)
        if days is None:
            continue
        first, last = days
        end = found.end()
        if first <= now <= last and _SO_FAR.search(text, end):
            last = now
        yield Period(found.start(), end, first, last)


def edge(words: str, now: date, *, past: bool | None = None) -> date | None:
    """The day that words name as the edge of a period; None for any other words."""
    found = _EDGE.fullmatch(words)
    if found is None:
        return None
    which, of_period = found[1] or found[3], found[2] or found[4]
    whole = PERIOD.fullmatch(of_period)
    days = _days(whole, now, past) if whole else None
    if days is None:
        return None
    if which in ("middle", "mid"):
        return days[0] + timedelta(days=14) if (days[1] - days[0]).days < 31 else None
    return days[1] if which in ("end", "last day", "last") else days[0]


def _is_meant(text: str, found: re.Match[str]) -> bool:
    """Whether a name that is another word too ("may") stands for a month here."""
    month = found["month"]
    if month is None or month.strip(".") not in _WEAK or found["rel"] or found["year"] or found["rel_year"]:
        return True
    if re.search(rf"\b{_LEAD} $", text[: found.start()]):
        return True
    if not re.search(r"\w", text[: found.start()]) and _ALONE.fullmatch(text, found.end()):
        return True
    return bool(re.match(r" (?:to|till|until|through) |\s?[-–]", text[found.end() :]))


@lru_cache(maxsize=4096)
def _shifted(unit: str, steps: int, now: date) -> tuple[date, date]:
    """A whole unit of the calendar, so many after the one that holds a day."""
    if unit == "week":
        first = now - timedelta(days=now.weekday()) + timedelta(weeks=steps)
        return first, first + timedelta(days=6)
    if unit == "weekend":
        monday = _shifted("week", steps, now)[0]
        return monday + timedelta(days=5), monday + timedelta(days=6)
    if unit == "year":
        return date(now.year + steps, 1, 1), date(now.year + steps, 12, 31)
    months = 3 if unit == "quarter" else 1
    first = now.replace(day=1, month=(now.month - 1) // months * months + 1) + relativedelta(months=months * steps)
    return first, first + relativedelta(months=months) - timedelta(days=1)


def _days(found: re.Match[str], now: date, past: bool | None) -> tuple[date, date] | None:
    if found["count"]:
        count = amount(found["count"])
        if count is None or count != int(count):
            return None
        return now - relativedelta(**{found["counted"]: int(count)}), now  # type: ignore[arg-type]
    if found["unit"]:
        words = set(found["which"].split())
        steps = -1 if words & set(_BACK) else 0 if words & {"this", "current"} or words == {"the"} else 1
        return _shifted(found["unit"], steps, now)
    if found["plain_year"]:
        return _shifted("year", int(found["plain_year"]) - now.year, now)
    return _named(found, now, past)


def _named(found: re.Match[str], now: date, past: bool | None) -> tuple[date, date]:
    """A month or a season by its name, in the year that is said, else in the one that fits."""
    name, length = found["month"].strip("."), 3 if found["month"] in _SEASONS else 1
    month = _SEASONS[name] if length == 3 else MONTHS.index(name[:3]) + 1
    rel = (found["rel"] or "").split()
    if found["year"] or found["rel_year"]:
        year = int(found["year"] or now.year + {"last": -1, "this": 0, "next": 1}[found["rel_year"]])
    else:
        last_of = {y: _end(date(y, month, 1), length) for y in range(now.year - 2, now.year + 3)}
        begun = max(y for y in last_of if date(y, month, 1) <= now)
        over = max(y for y in last_of if last_of[y] < now)
        ahead = begun if last_of[begun] >= now else begun + 1
        if set(rel) & set(_BACK):
            year = over
        elif rel and "this" not in rel:
            year = ahead if date(ahead, month, 1) > now else ahead + 1
        elif past is None:
            near = now - last_of[over] <= date(ahead, month, 1) - now and ahead != begun
            year = over if near else ahead
        else:
            year = begun if past else ahead
    first = date(year, month, 1)
    return first, _end(first, length)


def _end(first: date, months: int) -> date:
    return first + relativedelta(months=months) - timedelta(days=1)
