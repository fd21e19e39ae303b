"""Where days are named in a text, and which day a name is: "the friday after next", "the 2nd of this month".

The grammar is English; other languages come through `language.to_english`. `dateparser` reads months, years and plain
weekdays; what it reads against its sense, or not at all, is counted here.
"""

from __future__ import annotations

import calendar
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from trm_agent.text.language import knowledge
from trm_agent.text.numbers import in_digits
from trm_agent.text.periods import DAY_IN_WORDS, EDGE, edge
from trm_agent.text.periods import MONTH as _MONTH

if TYPE_CHECKING:
    from dateparser import DateDataParser

_FAR_YEARS = 10
# The library makes no promise about threads, and its locale data loads on first use.
_ONE_AT_A_TIME = threading.Lock()
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WD = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tues?|thurs?|mon|wed|thu|fri|sat|sun"
COUNT_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|twenty|thirty"
"""Words that count days, hours and minutes."""
_NUM = rf"(?:\d{{1,3}}|an?|{COUNT_WORDS}|a couple(?: of)?)"
_ORDINAL_WORDS = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    r"|thirtieth"
)
_ORD = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{_ORDINAL_WORDS})"
_REL = r"(?:this|next|last|coming|following|past|previous|upcoming|current)"
_UNIT = r"(?:day|week|month|year|fortnight)s?"
_YEAR = r"(?:(?:,? |,)(?:(?:of )?(?:19|20)\d\d\b|(?:of )?(?:this|next|last) year\b))"
_SOME_MONTH = rf"(?:(?:(?:in|of) )?{_MONTH}{_YEAR}?|(?:of )?(?:the |{_REL} ){{1,2}}month)"
_LED = rf"(?:(?:{_WD}),? )?(?:the )?"
_HOLIDAYS = "|".join(sorted(knowledge("en")["holidays"], key=len, reverse=True))
_DAY = "|".join(
    (
        r"\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{1,2}\.\d{1,2}\.(?=,|\s+[a-z])|\d{1,2}/\d{1,2}",
        r"(?:the )?day (?:after|before) (?:tomorrow|yesterday)",
        rf"{_NUM} {_UNIT} (?:ago|back|earlier|later|hence|(?:from|after|before) (?:now|today|tomorrow|yesterday"
        rf"|(?:(?:{_REL}) )?(?:{_WD})))",
        rf"in {_NUM} {_UNIT}(?:['’]?s?['’]? time)?",
        rf"{_LED}{_ORD} {_SOME_MONTH}",
        rf"{_LED}\d{{1,2}} (?:of )?{_MONTH}{_YEAR}?(?!\w)",
        rf"{_LED}{_MONTH} (?:the )?(?:{_ORD}|\d{{1,2}}(?![\w:])|(?<!may ){DAY_IN_WORDS}(?![\w-])){_YEAR}?",
        EDGE,
        rf"{_REL} week(?:['’]?s)?(?: on)? (?:{_WD})",
        rf"(?:the )?(?:{_REL} ){{0,2}}(?:{_WD})(?:,? (?:after next|before last|the {_ORD}"
        rf"|(?:of )?(?:the )?{_REL} week|in {_NUM} weeks?|{_NUM} weeks? (?:ago|back|from (?:now|today))|week(?!\w)))?",
        r"today|tomorrow|yesterday|tonight",
        _HOLIDAYS,
        rf"the {_ORD}(?! (?!(?:of|at|on|in|for|from|to|until|and|off|please|till)\b)[a-z])",
    )
)
_FOUND = re.compile(rf"(?<![\w/.-])(?:{_DAY})(?![\w/]|-\d)")
_PLAIN_END = rf"(?:(?:the )?{_ORD}|\d{{1,2}}(?![\d:]))"
_RANGE = re.compile(
    rf"(?:\b(?P<from>from|between) )?(?<![\w/.-])(?:(?P<first>{_DAY}|{_PLAIN_END})"
    rf"(?: to | until | till | through | and |\s?[-–]\s?)"
    rf"(?P<last>{_DAY}|{_PLAIN_END}))(?![\w/:]|\s?(?:[ap]\.?m\b|o'?clock))"
)
_DOTTED = re.compile(r"(\d{1,2})\.(0?[1-9]|1[0-2])\.")
"""Day before month: where a year follows, some write them the other way round."""
_COUNTED = re.compile(r"in\b.*|.*\b(?:from now|ago|later)")
_DAY_OR_MONTH = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_SAID_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:[a-z]*day)?\b")


@dataclass(frozen=True)
class DayRange:
    """Two days in a text, from one to the other: where each stands, and its words made whole by the other's."""

    start: int
    end: int
    first: tuple[int, int]
    last: tuple[int, int]
    words: tuple[str, str]


@lru_cache(maxsize=4096)
def day_phrases(text: str) -> tuple[tuple[int, int], ...]:
    """Where a text in lower case names a day."""
    return tuple(found.span() for found in _FOUND.finditer(text))


@lru_cache(maxsize=4096)
def day_ranges(text: str) -> tuple[DayRange, ...]:
    """Ranges of days in a text in lower case; one end lends the other its month or year."""
    return tuple(found for match in _RANGE.finditer(text) if (found := _range(match)) is not None)


def read_day(words: str, now: datetime, *, past: bool | None = None) -> datetime | None:
    """The day (or the counted moment) that words in lower case name; None if it is not one only.

    Args:
        words: Without a time of day.
        now: What is counted from.
        past: Where a name fits one day before and one after now: the one before. None is the one after.
    """
    words = _DOTTED.sub(_named_month, words) if _DOTTED.fullmatch(words) else words
    words = re.sub(r"[’]", "'", " ".join(words.split()).strip(" .,"))
    words = re.sub(r"^(?:on|by|for|of|until|till|at|from|since) (?!now\b)", "", words)
    words = in_digits(words, "en")
    if not words:
        return None
    try:
        day = _counted(words, now, bool(past)) or _library_day(words, now, bool(past))
    except (OverflowError, ValueError):
        return None
    said = _SAID_WEEKDAY.findall(words)
    if day is not None and said and _WEEKDAYS[day.weekday()] not in said and " from " not in words:
        return None
    return day


def read_day_range(found: DayRange, now: datetime, *, past: bool | None = None) -> tuple[datetime, datetime] | None:
    """The two days of a range, the last never before the first."""
    first, last = (read_day(words, now, past=past) for words in found.words)
    if first is None or last is None:
        return None
    if last < first:
        year = re.search(r"\b(?:19|20)\d\d\b", found.words[1])
        step = relativedelta(years=1) if re.search(_MONTH, found.words[1]) else relativedelta(months=1)
        if year and re.search(r"\b(?:19|20)\d\d\b", found.words[0]):
            first -= relativedelta(years=1)
        elif _SAID_WEEKDAY.search(found.words[1]) and not re.search(r"\d", found.words[1]):
            last += timedelta(days=7)
        elif past:
            first -= step
        else:
            last += step
    return (first, last) if first <= last else None


def _range(match: re.Match[str]) -> DayRange | None:
    first, last = match["first"], match["last"]
    months = [re.search(rf"\b{_MONTH}", end) for end in (first, last)]
    years = [re.search(r"\b(?:19|20)\d\d\b", end) for end in (first, last)]
    plain = [re.fullmatch(_PLAIN_END, end) is not None for end in (first, last)]
    ordinal = [bool(re.search(_ORD, end)) for end in (first, last)]
    joint = match[0][match.end("first") - match.start() : match.start("last") - match.start()].strip()
    if joint == "and" and match["from"] != "between":
        return None
    if plain[0] and plain[1] and not (ordinal[0] or ordinal[1]):
        return None
    if plain[0] and not plain[1]:
        relative = re.search(rf"(?:of )?(?:the |{_REL} )+month", last)
        lent = months[1][0] if months[1] else relative[0] if relative else None
        if lent is None and not ordinal[0]:
            return None
        year = f" {years[1][0]}" if years[1] else ""
        first = _with_month(first, lent, year) if lent else first
    elif plain[1] and not plain[0]:
        if months[0] is None and not ordinal[1]:
            return None
        year = f" {years[0][0]}" if years[0] else ""
        last = _with_month(last, months[0][0], year) if months[0] else last
    else:
        if plain[0]:
            first, last = (end if re.search(r"[a-z]", end) else f"{end}th" for end in (first, last))
        if years[1] and not years[0] and months[0] is not None:
            first = f"{first} {years[1][0]}"
    return DayRange(match.start(), match.end(), match.span("first"), match.span("last"), (first, last))


def _with_month(day: str, month: str, year: str) -> str:
    number = re.sub(r"^the ", "", day)
    if "month" in month:
        return f"the {number if re.search('[a-z]', number) else number + 'th'} {month}"
    return f"{month} {number}{year}"


_AGO = re.compile(rf"({_NUM}) ({_UNIT}) (ago|back|earlier|later|hence|from now|from today|before now)")
_IN = re.compile(rf"in ({_NUM}) ({_UNIT})(?:'?s?'? time)?")
_FROM = re.compile(rf"({_NUM}) ({_UNIT}) (from|after|before) (.+)")
_OFF_WEEK = re.compile(rf"(?:the )?({_WD}),? (?:of )?(?:the )?({_REL}) week|({_REL}) week(?:'?s)?(?: on)? ({_WD})")
_WEEKS_OFF = re.compile(rf"(?:the )?({_WD}),? (?:in ({_NUM}) weeks?|({_NUM}) weeks? (from now|from today|ago|back))")
_REL_DAY = re.compile(rf"(?:the )?((?:{_REL} ){{0,2}})({_WD})( after next| before last| week)?")
_DAY_OF_MONTH = re.compile(
    rf"(?:(?P<weekday>{_WD}),? )?(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)"
    rf"(?: (?:of )?(?P<month>(?:the |{_REL} ){{1,2}})month)?"
)
_BACK = ("last", "past", "previous")
_LATER = {"day": "days", "week": "weeks", "month": "months", "year": "years"}


def _counted(words: str, now: datetime, past: bool) -> datetime | None:
    """What is counted from now by days, weeks and months, rather than named."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    fixed = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
    fixed |= {f"{the}day after tomorrow": 2 for the in ("the ", "")}
    fixed |= {f"{the}day before yesterday": -2 for the in ("the ", "")}
    if words in fixed:
        return now + timedelta(days=fixed[words])
    if found := _AGO.fullmatch(words):
        sign = -1 if found[3] in ("ago", "back", "earlier", "before now") else 1
        return now + _length(found[1], found[2]) * sign
    if found := _IN.fullmatch(words):
        return now + _length(found[1], found[2])
    if found := _FROM.fullmatch(words):
        day = _counted(found[4], now, past) or _library_day(found[4], now, past)
        step = _length(found[1], found[2])
        return None if day is None else day - step if found[3] == "before" else day + step
    if found := _OFF_WEEK.fullmatch(words):
        rel, weekday = found[2] or found[3], found[1] or found[4]
        return _in_week(today, _shift(rel), weekday)
    if found := _WEEKS_OFF.fullmatch(words):
        sign = -1 if found[4] in ("ago", "back") else 1
        return _in_week(today, sign * _number(found[2] or found[3]), found[1])
    if found := _REL_DAY.fullmatch(words):
        return _weekday(today, found[1].split(), found[2], (found[3] or "").strip(), past)
    if found := _DAY_OF_MONTH.fullmatch(words):
        return _day_of_month(today, int(found["day"]), (found["month"] or "").split(), past)
    if (at_edge := edge(words, today.date(), past=past)) is not None:
        return datetime.combine(at_edge, today.time())
    if words in (holidays := knowledge("en")["holidays"]):
        month, number = holidays[words]
        day = today.replace(month=month, day=number)
        return day.replace(year=day.year + (day < today and not past) - (day > today and past))
    if found := re.fullmatch(r"(.+?),? (?:of )?(this|next|last) year", words):
        year = today.year + _shift(found[2])
        return _library_day(f"{found[1]} {year}", now, past)
    return None


def _named_month(found: re.Match[str]) -> str:
    return f"{found[1]} {calendar.month_name[int(found[2])].lower()}"


def _number(word: str) -> int:
    return int(word) if word.isdigit() else 2 if word.startswith("a couple") else 1


def _length(number: str, unit: str) -> relativedelta:
    single = unit.rstrip("s")
    count = _number(number) * (2 if single == "fortnight" else 1)
    return relativedelta(**{"weeks" if single == "fortnight" else _LATER[single]: count})  # type: ignore[arg-type]


def _shift(rel: str) -> int:
    return -1 if rel in _BACK else 0 if rel in ("this", "current", "the") else 1


def _in_week(today: datetime, weeks: int, weekday: str) -> datetime:
    return today + timedelta(days=_WEEKDAYS.index(weekday[:3]) - today.weekday(), weeks=weeks)


def _weekday(today: datetime, rels: list[str], weekday: str, after: str, past: bool) -> datetime:
    """The one before or after today; today itself only where "this" says so."""
    ahead = (_WEEKDAYS.index(weekday[:3]) - today.weekday()) % 7
    following = today + timedelta(days=ahead or 7)
    before = following - timedelta(days=7 if ahead else 14)
    if after in ("after next", "week"):
        return following + timedelta(days=7)
    if after == "before last":
        return before - timedelta(days=7)
    if set(rels) & set(_BACK):
        return before
    if rels == ["this"]:
        return today if not ahead else before if past else following
    return before if past and not rels else following


def _day_of_month(today: datetime, number: int, rels: list[str], past: bool) -> datetime | None:
    if not 1 <= number <= 31:
        return None
    named = [rel for rel in rels if rel != "the"]
    if named:
        month = today.replace(day=1) + relativedelta(months=_shift(named[-1]))
        day = month + timedelta(days=number - 1)
        return day if day.month == month.month else None
    if past:
        days = (today - timedelta(days=back) for back in range(62))
        return next((day for day in days if day.day == number), None)
    return next(iter(rrule(MONTHLY, bymonthday=number, dtstart=today, count=1)), None)


@lru_cache(maxsize=1024)
def _library_day(words: str, now: datetime, past: bool) -> datetime | None:
    if not re.search(r"[^\W\d]|\d[/.-]\d", words) or re.fullmatch(r"[a-z]{1,2}", words):
        return None
    if re.search(r"\bfrom (?!now\b)|\bnow .", words):
        return None
    if re.fullmatch(rf"{_NUM} {_UNIT}", words) or (
        re.search(r"\b(?:week|month|year)s?\b", words) and not _COUNTED.fullmatch(words)
    ):
        return None  # a length of time is no day
    readings = []
    # Day and month can be mistaken for one another only where two numbers could be either.
    orders = ("MDY", "DMY") if len(_DAY_OR_MONTH.findall(words)) > 1 else ("MDY",)
    for order in orders:
        try:
            with _ONE_AT_A_TIME:
                data = _parser(now, order, past).get_date_data(words)
        except ValueError:
            return None  # no such day
        day = data.date_obj
        if day is not None and (day.month, day.day) == (now.month, now.day) and abs(day.year - now.year) == 1:
            day = day if str(day.year) in words or "year" in words else day.replace(year=now.year)
        if day is None or day.tzinfo is not None or "day" not in data.parts:
            return None
        if data.period != "day" and not _COUNTED.fullmatch(words):
            return None
        readings.append(day)
    far = abs(readings[0].year - now.year) > _FAR_YEARS and str(readings[0].year) not in words
    return readings[0] if readings[0] == readings[-1] and not far else None


@lru_cache(maxsize=16)
def _parser(now: datetime, order: str, past: bool) -> DateDataParser:
    from dateparser import DateDataParser

    return DateDataParser(
        languages=["en"],
        settings={
            "RELATIVE_BASE": now,
            "PREFER_DATES_FROM": "past" if past else "future",
            "PARSERS": ["relative-time", "absolute-time"],
            "DATE_ORDER": order,
            "PREFER_LOCALE_DATE_ORDER": False,
        },
    )


def days(text: str, now: datetime, *, past: bool | None = None) -> Iterator[date]:
    """Every day that a text in lower case names, in order."""
    for start, end in day_phrases(text):
        day = read_day(text[start:end], now, past=past)
        if day is not None:
            yield day.date()
