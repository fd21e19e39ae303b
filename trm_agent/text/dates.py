"""Dates and times said in words, read against a given moment.

`dateparser` reads the days; the clock is taken out of the text first, because the library drops an hour without a
colon ("tomorrow at 7") and does not combine an hour with the part of the day before it ("evening 5:45"). Wherever
two readings differ (04/05, "next week" for a day, two hours in one text), there is none.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from dateutil.rrule import MONTHLY, rrule
from text_to_num import alpha2digit

if TYPE_CHECKING:
    from dateparser import DateDataParser

_FAR_YEARS = 10
_LONGEST = 120
# The library makes no promise about threads, and its locale data loads on first use.
_ONE_AT_A_TIME = threading.Lock()

_PART = r"(?:early |late )?(?P<part>morning|afternoon|evening|night)"
_PART_OF_DAY = re.compile(rf"\b(?:(?:in|at|during) )?(?:the |this )?{_PART}\b|\b(?P<tonight>tonight)\b")
_CLOCKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?P<word>noon|midday|midnight)\b",
        r"\b(?P<half>half) (?:past )(?P<hour>\d{1,2})(?:\s*(?P<meridiem>[ap]m))?\b",
        r"\b(?P<offset>\d{1,2}|quarter|a quarter)(?: minutes?)? (?P<side>past|to|before|after) (?P<hour>\d{1,2})"
        r"(?:\s*(?P<meridiem>[ap]m))?\b",
        r"\b(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\s*(?P<meridiem>[ap]m))?\b(?![./:]\d)",
        r"\b(?P<hour>\d{1,2})(?: (?P<minute>\d{2}))?\s*(?P<meridiem>[ap]m)\b",
        r"\b(?P<hour>\d{1,2}) o'?clock(?:\s*(?P<meridiem>[ap]m))?\b",
        r"\b(?:at|by|around|about) (?P<hour>\d{1,2})(?: (?P<minute>[0-5]\d))?(?![\w/.:-]| \d)",
    )
)
_BARE_HOUR = re.compile(r"(?P<hour>\d{1,2})(?: (?P<minute>[0-5]\d))?")
_AROUND = re.compile(r"\b(?:at|by|around|about|on|exactly|sharp)\b")
_ORDINAL = re.compile(r"(?:(?P<weekday>\w+day),? )?(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)(?: of (?:this|the) month)?")
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:[a-z]*day)?\b")
_COUNTED = re.compile(r"in\b.*|.*\b(?:from now|ago|later)")
_DAY_OR_MONTH = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class _Moment:
    """A text taken apart: its clock, and the words for the day that are left."""

    clock: time | None
    words: str


def parse_date(text: str, now: datetime, language: str = "en") -> date | None:
    """The day that a text names; the clock beside it ("tomorrow at 7") is left aside."""
    moment = _take_apart(text, language)
    if moment is None or not moment.words:
        return None
    day = _read_day(moment.words, now, language)
    return day.date() if day is not None else None


def parse_time(text: str, now: datetime, language: str = "en") -> time | None:
    """The time of day that a text names; without am, pm or a part of the day, hours count to 24."""
    moment = _take_apart(text, language)
    if moment is None:
        return None
    if moment.clock is not None:
        readable = not moment.words or _read_day(moment.words, now, language) is not None
        return moment.clock if readable else None
    counted = _read_day(moment.words, now, language)
    return counted.time() if counted is not None and _counts_hours(moment.words) else None


def parse_datetime(text: str, now: datetime, language: str = "en") -> datetime | None:
    """Day and time of day together; a time alone is its next occurrence, a day alone is not enough."""
    moment = _take_apart(text, language)
    if moment is None:
        return None
    if moment.clock is None:
        counted = _read_day(moment.words, now, language)
        return counted if counted is not None and _counts_hours(moment.words) else None
    if not moment.words:
        today = datetime.combine(now.date(), moment.clock)
        return today if today > now else today + timedelta(days=1)
    day = _read_day(moment.words, now, language)
    return datetime.combine(day.date(), moment.clock) if day is not None else None


def _counts_hours(words: str) -> bool:
    return bool(re.search(r"\b(?:now|hours?|minutes?)\b", words))


def _take_apart(text: str, language: str) -> _Moment | None:
    """Split off the clock; None if there are two, or one that cannot be."""
    if len(text) > _LONGEST:
        return None
    text = " ".join(re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text.casefold()).split()).strip(" .,;!?")
    try:
        text = str(alpha2digit(text, language, threshold=0.0))
    except ValueError:
        return None
    part = None
    if found := _PART_OF_DAY.search(text):
        part = "night" if found["tonight"] else found["part"]
        today = bool(found["tonight"]) or found[0].startswith("this ")
        text = f"{text[: found.start()]} {'today' if today else ''} {text[found.end() :]}"
    text = " ".join(text.split())
    for pattern in _CLOCKS:
        if clocks := list(pattern.finditer(text)):
            break
    else:
        bare = _BARE_HOUR.fullmatch(_words(text))
        if bare is None:
            return _Moment(None, _words(text))
        text, clocks = _words(text), [bare]
    if len(clocks) != 1:
        return None
    clock = _read_clock(clocks[0].groupdict(), part)
    rest = _words(text[: clocks[0].start()] + " " + text[clocks[0].end() :])
    return _Moment(clock, rest) if clock is not None else None


def _words(text: str) -> str:
    return " ".join(_AROUND.sub(" ", text).split()).strip(" ,.")


def _read_clock(found: dict[str, str | None], part: str | None) -> time | None:
    word = found.get("word")
    if word:
        return time(0) if word == "midnight" else time(12)
    hour, minute = int(found["hour"] or 0), int(found.get("minute") or 0)
    meridiem = found.get("meridiem") or _meridiem(part, hour)
    if meridiem is not None:
        if not 1 <= hour <= 12:
            return time(hour, minute) if part is not None and hour < 24 and minute < 60 else None
        hour = hour % 12 + (12 if meridiem == "pm" else 0)
    if hour > 23 or minute > 59 or int(found.get("second") or 0) > 59:
        return None
    at = datetime(2000, 1, 2, hour, minute, int(found.get("second") or 0))
    if found.get("half"):
        at += timedelta(minutes=30)
    if offset := found.get("offset"):
        minutes = timedelta(minutes=15 if "quarter" in offset else int(offset))
        at += minutes if found["side"] in ("past", "after") else -minutes
    return at.time()


def _meridiem(part: str | None, hour: int) -> str | None:
    if part is None:
        return None
    if part == "morning" or (part == "night" and (hour == 12 or hour < 6)):
        return "am"
    return "pm"


def _read_day(words: str, now: datetime, language: str) -> datetime | None:
    """One day (or a counted moment, "in 2 hours"), or None."""
    words = re.sub(r"\bfrom today\b", "from now", words)
    if not words or re.search(r"\bfrom (?!now\b)", words):
        return None
    ordinal = _ORDINAL.fullmatch(words)
    day = _next_day(int(ordinal["day"]), now) if ordinal else _library_day(words, now, language)
    if day is None:
        return None
    said = _WEEKDAY.findall(words)
    if said and _WEEKDAYS[day.weekday()] not in said:
        return None
    return day


def _next_day(number: int, now: datetime) -> datetime | None:
    if not 1 <= number <= 31:
        return None
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return next(iter(rrule(MONTHLY, bymonthday=number, dtstart=start, count=1)), None)


@lru_cache(maxsize=1024)
def _library_day(words: str, now: datetime, language: str) -> datetime | None:
    if not re.search(r"[^\W\d]|\d[/.-]\d", words):
        return None
    readings = []
    # Day and month can be mistaken for one another only where two numbers could be either.
    for order in ("MDY", "DMY") if len(_DAY_OR_MONTH.findall(words)) > 1 else ("MDY",):
        try:
            with _ONE_AT_A_TIME:
                data = _parser(now, language, order).get_date_data(words)
        except ValueError:
            return None  # the library knows no such language, or no such day
        day = data.date_obj
        if day is None or day.tzinfo is not None or "day" not in data.parts:
            return None
        if data.period != "day" and not _COUNTED.fullmatch(words):
            return None
        readings.append(day)
    far = abs(readings[0].year - now.year) > _FAR_YEARS and str(readings[0].year) not in words
    return readings[0] if readings[0] == readings[-1] and not far else None


@lru_cache(maxsize=16)
def _parser(now: datetime, language: str, order: str) -> DateDataParser:
    from dateparser import DateDataParser

    return DateDataParser(
        languages=[language],
        settings={
            "RELATIVE_BASE": now,
            "PREFER_DATES_FROM": "future",
            "PARSERS": ["relative-time", "absolute-time"],
            "DATE_ORDER": order,
            "PREFER_LOCALE_DATE_ORDER": False,
        },
    )
