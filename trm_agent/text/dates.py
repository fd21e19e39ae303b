"""Dates and times said in words, read against a given moment.

The clock is taken out of the text first (`clock`), what is left is read as a day (`days`). Wherever two readings
differ (04/05, "next week" for a day, two hours in one text), there is none. Of a range the text is its first end, or
its last where that is asked for.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from trm_agent.text.clock import bare_clock, clock_ranges, clocks, without_part
from trm_agent.text.days import day_phrases, day_ranges, read_day, read_day_range
from trm_agent.text.language import LANGUAGES, language_of, to_english
from trm_agent.text.numbers import in_digits

_LONGEST = 120
_AROUND = re.compile(
    r"\b(?:at|by|around|about|approximately|on|exactly|sharp|(?:starting|beginning|ending)(?: (?:at|from|on))?)\b"
)
_HOURS = re.compile(
    r"(?:(?P<now>(?:right )?now)|in (?P<ahead>.+?)(?:'?s?'? time)?|(?P<from>.+?) from now|(?P<ago>.+?) (?:ago|back))"
)
_GOES_TO = re.compile(r"\b(?:to|until|till|til|through)\b")
_LENGTH = re.compile(r"(?:(\d{1,4}|an?)(?: and an? (half))?|(half) an?) (hour|minute|second)s?(?: and an? (half))?")
_RELATIVE = re.compile(
    r"\b(?:today|tomorrow|yesterday|tonight|ago|from (?:now|today)|(?:this|next|last|coming|past|previous) \w+"
    r"|in (?:\d+|an?|one|two|three|four|five|six|ten|a couple(?: of)?) (?:day|week|month|year|hour|minute)s?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
# The library makes no promise about threads, and its locale data loads on first use.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class _Moment:
    """A text taken apart: its clock, and the words for the day that are left."""

    clock: time | None
    words: str


def parse_date(
    text: str, now: datetime, language: str = "en", *, past: bool | None = None, last: bool | None = None
) -> date | None:
    """The day that a text names; the clock beside it ("tomorrow at 7") is left aside.

    Args:
        text: To read.
        now: What relative days count from.
        language: Of its words.
        past: Whether the past is spoken of, where a name fits a day before and one after.
        last: Whether the last day of a range is asked for, or the first; None is the first of what goes "to" another.
    """
    moment = _take_apart(text, language, last)
    if moment is None or not moment.words:
        return None
    day = _day(moment.words, now, language, past, last)
    return day.date() if day is not None else None


def parse_time(text: str, now: datetime, language: str = "en", *, last: bool | None = None) -> time | None:
    """The time of day that a text names; without am, pm or a part of the day, hours count to 24."""
    moment = _take_apart(text, language, last)
    if moment is None:
        return None
    if moment.clock is not None:
        readable = not moment.words or _day(moment.words, now, language, None, last) is not None
        return moment.clock if readable else None
    counted = _counted_hours(moment.words, now)
    return counted.time() if counted is not None else None


def parse_datetime(
    text: str, now: datetime, language: str = "en", *, past: bool | None = None, last: bool | None = None
) -> datetime | None:
    """Day and time of day together; a time alone is its next occurrence, a day alone is not enough."""
    moment = _take_apart(text, language, last)
    if moment is None:
        return None
    if moment.clock is None:
        return _counted_hours(moment.words, now)
    if not moment.words:
        today = datetime.combine(now.date(), moment.clock)
        if past:
            return today if today <= now else today - timedelta(days=1)
        return today if today > now else today + timedelta(days=1)
    day = _day(moment.words, now, language, past, last)
    return datetime.combine(day.date(), moment.clock) if day is not None else None


def in_plain_english(text: str, language: str) -> str:
    """A text in lower case, what another language says of days and times in English."""
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text.lower().replace("’", "'"))
    text = re.sub(r"\blast (?=night|evening)", "yesterday ", text)
    return text if language == "en" else to_english(in_digits(text, language), language)


def is_relative(text: str) -> bool:
    """Whether a text names a day that only a date makes one: "tomorrow", "next Friday", "in two weeks"."""
    language = language_of(text)
    plain = in_plain_english(text, language)
    return any(
        _RELATIVE.search(plain[start:end]) and not re.search(r"\b(?:19|20)\d\d\b", plain[start:end])
        for start, end in day_phrases(plain)
    )


def _take_apart(text: str, language: str, last: bool | None) -> _Moment | None:
    """Split off the clock; None if there are two, or one that cannot be."""
    if len(text) > _LONGEST or (language not in LANGUAGES and not _known(language)):
        return None
    text = " ".join(in_plain_english(text, language).split()).strip(" .,;!?")
    ranges, single = clock_ranges(text), clocks(text)
    if len(ranges) + len(single) > 1:
        return None
    if ranges:
        found = ranges[0]
        if last is None and not _GOES_TO.search(text[found.first.end : found.last.start]):
            return None
        rest = re.sub(r"\b(?:from|between)\s*$", "", text[: found.start])
        words = _words(without_part(f"{rest} {text[found.end :]}"))
        return _Moment((found.last if last else found.first).at, words)
    if single:
        words = _words(without_part(f"{text[: single[0].start]} {text[single[0].end :]}"))
        return _Moment(single[0].at, words)
    words = _words(without_part(text))
    bare = bare_clock(words)
    if bare is None:
        return _Moment(None, words)
    part = clocks(f"at {words} in the {m[0]}") if (m := re.search(r"morning|afternoon|evening|night", text)) else ()
    return _Moment(part[0].at if part else bare.at, "today" if re.search(r"tonight|this ", text) else "")


def _words(text: str) -> str:
    return " ".join(_AROUND.sub(" ", text).split()).strip(" ,.-")


def _day(words: str, now: datetime, language: str, past: bool | None, last: bool | None) -> datetime | None:
    ranges = [found for found in day_ranges(words) if found.start == 0 and found.end == len(words)]
    if ranges:
        between = words[ranges[0].first[1] : ranges[0].last[0]]
        if last is None and not _GOES_TO.search(between):
            return None
        ends = read_day_range(ranges[0], now, past=past)
        return ends[bool(last)] if ends else None
    day = read_day(words, now, past=past)
    return day if day is not None or language == "en" else _foreign_day(words, now, language, bool(past))


def _counted_hours(words: str, now: datetime) -> datetime | None:
    """A moment counted in hours or minutes from now ("in 2 hours"); a bare length of time is none."""
    found = _HOURS.fullmatch(in_digits(words, "en"))
    if found is None:
        return None
    if found["now"]:
        return now
    length = _LENGTH.fullmatch(found["ahead"] or found["from"] or found["ago"])
    if length is None:
        return None
    number = 0.5 if length[3] else float(length[1]) if length[1].isdigit() else 1.0
    number += 0.5 if length[2] or length[5] else 0.0
    try:
        step = relativedelta(seconds=int(number * {"hour": 3600, "minute": 60, "second": 1}[length[4]]))
        return now - step if found["ago"] else now + step
    except (OverflowError, ValueError):
        return None


def _known(language: str) -> bool:
    from dateparser.data.languages_info import language_order

    return language in language_order


@lru_cache(maxsize=1024)
def _foreign_day(words: str, now: datetime, language: str, past: bool) -> datetime | None:
    """What `dateparser` reads in a language that has few words of its own here."""
    from dateparser import DateDataParser

    settings = {
        "RELATIVE_BASE": now,
        "PREFER_DATES_FROM": "past" if past else "future",
        "DATE_ORDER": "DMY",
        "PARSERS": ["relative-time", "absolute-time"],
    }
    if not re.search(r"[^\W\d]", words):
        return None
    try:
        with _ONE_AT_A_TIME:
            data = DateDataParser(languages=[language], settings=settings).get_date_data(words)
    except ValueError:
        return None
    day: datetime | None = data.date_obj
    named = day is not None and "day" in data.parts and data.period == "day"
    return day if named else None
