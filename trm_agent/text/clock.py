"""Times of day as they are said: "quarter to nine", "half two", "7ish", "2h30", "from 2 to 3 pm".

Everything is found in a whole message too, so that a part of what was said ("10" of "10 to 4") is read with the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

_NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_SMALL = {word: n for n, word in enumerate(_NUMBERS, 1)}
_HOUR_WORD = "|".join(sorted(_NUMBERS[:12], key=len, reverse=True))
_MINUTE_WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_NUMBERS[:9])}))?|{'|'.join(_NUMBERS[9:])})"
_HOUR = rf"(?:\d{{1,2}}|{_HOUR_WORD})"
_MINUTES = rf"(?:\d{{1,2}}|{_MINUTE_WORD}|five|ten)"
_MERIDIEM = r"(?:\s*(?P<meridiem>[ap])\.?\s?m\b\.?)"
_END = r"(?![\w/]|[.:-]\d|,\d)"
_START = r"(?<![\w.,:/$€£-])"
_ASK = r"(?:at|by|around|about|approximately|until|till|til|before|after|since)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:12 )?(?P<word>noon|midday|midnight)\b",
        rf"\bhalf (?P<past>past )?(?P<hour>{_HOUR}){_MERIDIEM}?{_END}",
        rf"\b(?:a )?(?P<offset>quarter|(?<![\w.:])(?:{_MINUTES}))(?P<unit>(?:\s|-)min(?:ute)?s?)? "
        rf"(?P<side>past|to|before|after|till|of) (?P<hour>{_HOUR})(?: o'?clock)?{_MERIDIEM}?{_END}",
        rf"(?:{_START}(?=\d{{1,2}}:\d\d|\d{{1,2}}\.\d\d\s?[ap]\.?m)|(?<=\bat )(?=\d{{1,2}}\.\d\d))"
        rf"(?P<hour>\d{{1,2}})[:.](?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?"
        rf"(?:{_MERIDIEM}|(?: (?:hours|hrs|h|o'?clock)\b))?(?![\w/%]|[.:,]\d)",
        rf"{_START}(?P<hour>\d{{1,2}})h(?P<minute>\d{{2}})?(?!\w)",
        rf"(?<![\w.,:/$€£-])(?P<hour>{_HOUR})"
        rf"(?:[ -](?P<minute>\d{{2}}|{_MINUTE_WORD}|oh (?:{_HOUR_WORD})))?{_MERIDIEM}",
        rf"{_START}(?P<hour>{_HOUR}) ?o['’]?clock(?:{_MERIDIEM})?\b",
        rf"{_START}(?P<hour>{_HOUR})-?ish\b",
        rf"(?<![\w.,:/$€£-])(?P<hour>{_HOUR})"
        r"(?= (?:(?:in|at) )?(?:the |this |tomorrow |early )?"
        r"(?:morning|afternoon|evening|night|tonight)\b)",
        r"(?<![\w.,:/$€£-])(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?: ?(?:hours|hrs|h)\b)",
        rf"\b{_ASK} (?P<hour>{_HOUR})(?: (?P<minute>[0-5]\d|{_MINUTE_WORD}))?"
        r"(?![\w/.:-](?!\s|$)|,\d|\s?%| \d|[-/]\d|\.\d"
        r"| (?:people|persons|guests|of|minutes?|hours?|days?|weeks?|months?|years?|mins?|hrs?"
        r"|percent|dollars|euros|am|pm)\b)",
    )
)
_PART = re.compile(
    r"\b(?:(?:in|at|during|by) )?(?:the |this )?(?:early |late )?(?P<part>morning|afternoon|evening|night)\b"
    r"|\b(?P<tonight>tonight)\b"
)
_BESIDE = rf"(?:half (?:past )?|(?:a )?(?:quarter|{_MINUTES}) (?:past|to) )"
_SIMPLE = (
    rf"(?:noon|midday|midnight|{_BESIDE}?{_HOUR}(?:[:.]\d{{2}}|h\d{{2}}| (?:thirty|fifteen|forty-five|forty five))?"
    r"(?:\s*[ap]\.?\s?m\b\.?)?(?: o'?clock)?)"
)
_NO_DATE = (
    r"(?!(?:st|nd|rd|th)?\s+(?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)"
    r"(?!\s+(?:of )?(?:this|next) month)"
)
_RANGE = re.compile(
    rf"(?:\b(?P<from>from|between)\s+)?(?<![\w.,:/$€£-])(?P<first>{_SIMPLE})"
    rf"\s*(?:\b(?:to|until|till|til|and|through)\b|-|–)\s*(?P<last>{_SIMPLE})(?![\w/%]|[.:,-]\d)"
    r"(?! (?:people|persons|guests|minutes?|hours?|days?|nights?|weeks?|months?|years?|percent|dollars|euros)\b)"
    + _NO_DATE
)
_AFTERNOON_HOURS = range(1, 6)
"""Hours that mean the afternoon where nothing says otherwise: few people meet, book or deliver at three at night."""
_MINUTES_TO = frozenset((5, 10, 15, 20, 25))


@dataclass(frozen=True)
class Clock:
    """A time of day in a text.

    Attributes:
        start: First character.
        end: One past the last.
        at: The time.
        told: Whether it is told apart from its twin twelve hours away.
    """

    start: int
    end: int
    at: time
    told: bool


@dataclass(frozen=True)
class ClockRange:
    """A time of day up to another one; the end lends the start its morning or afternoon, and the other way."""

    first: Clock
    last: Clock

    @property
    def start(self) -> int:
        return self.first.start

    @property
    def end(self) -> int:
        return self.last.end


@lru_cache(maxsize=4096)
def clocks(text: str) -> tuple[Clock, ...]:
    """Times of day in a text in lower case, but for those of ranges; none overlaps another."""
    taken = [(found.start, found.end) for found in clock_ranges(text)]
    out: list[Clock] = []
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            span = _tight(found)
            if any(span[0] < end and start < span[1] for start, end in taken):
                continue
            clock = _read(found, part_of_day(text))
            if clock is not None:
                told = _told(found, clock, text)
                said = "" if told or re.search(r"\dh|\b5[:.]\d", found[0]) else found["hour"]
                out.append(Clock(*span, _by_day(clock, said), told))
                taken.append(span)
    return tuple(sorted(out, key=lambda clock: clock.start))


@lru_cache(maxsize=4096)
def clock_ranges(text: str, *, plain: bool = False) -> tuple[ClockRange, ...]:
    """Ranges in a text in lower case; "10 to 4" is one only after "from" or "between", or where `plain` says so."""
    return tuple(filter(None, (_range(found, part_of_day(text), plain) for found in _RANGE.finditer(text))))


def part_of_day(text: str) -> str | None:
    """The one part of the day that a text names; "tonight" is night."""
    parts = {"night" if found["tonight"] else found["part"] for found in _PART.finditer(text)}
    return parts.pop() if len(parts) == 1 else None


def without_part(text: str) -> str:
    """A text whose part of the day is left out; "this evening" and "tonight" are today."""
    return _PART.sub(lambda f: " today " if f["tonight"] or "this " in f[0] else " ", text)


def bare_clock(text: str) -> Clock | None:
    """A time of day that is nothing but an hour ("7", "seven thirty", "1430")."""
    found = re.fullmatch(
        rf"(?P<hour>{_HOUR})(?:[ .](?P<minute>[0-5]\d|{_MINUTE_WORD}))?"
        r"|(?P<hours>[01]\d|2[0-3])(?P<minutes>[0-5]\d)",
        text,
    )
    if found is None:
        return None
    hour, minute = found["hour"] or found["hours"], found["minute"] or found["minutes"]
    at = _time(_value(hour), _value(minute or "0"))
    return Clock(0, len(text), _by_day(at, hour), _value(hour) > 12) if at else None


def _range(found: re.Match[str], part: str | None, plain: bool) -> ClockRange | None:
    start_at, end_at = _simple(found["first"]), _simple(found["last"])
    if start_at is None or end_at is None:
        return None
    (first, of_first), (last, of_last) = start_at, end_at
    marked = of_first or of_last or ":" in found["first"] + found["last"] or "h" in found["last"][-3:-1]
    joined = found[0][found.end("first") - found.start() : found.start("last") - found.start()].strip()
    if not found["from"]:
        to_hour = first.minute == 0 and first.hour in _MINUTES_TO and joined == "to" and not of_first
        if not (marked or plain) or to_hour or joined == "and":
            return None
    if found["from"] == "from" and joined == "and":
        return None
    if of_first == "n" and not of_last:
        last = _with(last, "p" if first.hour else "a")
    elif of_last == "n" and not of_first:
        first = _with(first, "a" if last.hour else "p")
    elif of_last and not of_first:
        lent = _with(first, of_last)
        other = _with(first, "a" if of_last == "p" else "p")
        until = _with(last, of_last)
        first, of_first = (lent, of_last) if lent < until or first.hour > 12 else (other, of_last)
        last = until
    elif of_first and not of_last:
        first, same = _with(first, of_first), _with(last, of_first)
        last = same if same > first or last.hour > 12 else _with(last, "p" if of_first == "a" else "a")
    elif of_first and of_last:
        first, last = _with(first, of_first), _with(last, of_last)
    elif part is not None:
        letter = (_meridiem(part, first.hour), _meridiem(part, last.hour))
        first, last = _with(first, letter[0]), _with(last, letter[1])
    told = bool(of_first or of_last or part or first.hour > 12 or last.hour > 12)
    if not (of_first or of_last or part):
        first = _by_day(first, re.sub(rf"^{_BESIDE}", "", found["first"]))
        last = last.replace(hour=last.hour + 12) if last <= first and last.hour < 12 else last
    start = Clock(found.start("first"), found.end("first"), first, told)
    return ClockRange(start, Clock(found.start("last"), found.end("last"), last, told))


def _simple(text: str) -> tuple[time, str | None] | None:
    if text in ("noon", "midday"):
        return time(12), "n"
    if text == "midnight":
        return time(0), "n"
    found = re.match(
        rf"(?:(?:a )?(?P<beside>half|quarter|{_MINUTES}) (?:(?P<side>past|to) )?(?={_HOUR}))?(?P<hour>{_HOUR})"
        rf"(?:[:.h](?P<minute>\d{{2}})| (?P<words>thirty|fifteen|forty[- ]five))?\s*(?P<letter>[ap])?",
        text,
    )
    minute = int(found["minute"] or _value(found["words"] or "0")) if found else 0
    at = _time(_value(found["hour"]), minute) if found else None
    if found is None or at is None:
        return None
    said = found["beside"]
    beside = 0 if said is None else 30 if said == "half" else 15 if said == "quarter" else _value(said)
    moved = datetime.combine(datetime(2000, 1, 2), at) + timedelta(minutes=-beside if found["side"] == "to" else beside)
    return moved.time(), found["letter"]


def _with(at: time, letter: str | None) -> time:
    if letter in (None, "n") or at.hour > 12:
        return at
    return at.replace(hour=at.hour % 12 + (12 if letter == "p" else 0))


def _by_day(at: time, hour: str) -> time:
    """A time that nothing tells from its twin, by day: "at three" is in the afternoon, "03:00" is not.

    Args:
        at: As it was read.
        hour: As it was said; empty where it needs no choice.
    """
    # "5:45" may be on a ticket, and "quarter to six" is told by six.
    early = at.hour == max(_AFTERNOON_HOURS) and (hour == "six" or (hour.isdigit() and at.minute != 0))
    ambiguous = hour != "" and hour[0] != "0" and not early and (at.hour == 0 or at.hour in _AFTERNOON_HOURS)
    return at.replace(hour=at.hour + 12) if ambiguous else at


def _tight(found: re.Match[str]) -> tuple[int, int]:
    """Without the preposition before."""
    led = re.match(rf"{_ASK} ", found[0])
    return found.start() + (led.end() if led else 0), found.end()


def _read(found: re.Match[str], part: str | None) -> time | None:
    said = found.groupdict()
    if said.get("word"):
        return time(0) if said["word"] == "midnight" else time(12)
    hour, minute = _value(said["hour"] or "0"), _value((said.get("minute") or "0").removeprefix("oh "))
    second = int(said.get("second") or 0)
    letter = said.get("meridiem")
    if letter is not None and not 1 <= hour <= 12:
        return None
    letter = letter or (_meridiem(part, hour) if hour <= 12 else None)
    if hour > 23 or minute > 59 or second > 59:
        return None
    at = datetime.combine(datetime(2000, 1, 2), _with(time(hour, minute, second), letter))
    if found[0].startswith("half"):
        at += timedelta(minutes=30)
    if offset := said.get("offset"):
        minutes = 15 if offset == "quarter" else _value(offset)
        exact = offset == "quarter" or bool(said.get("unit")) or minutes in _MINUTES_TO or said["side"] == "past"
        if not exact or minutes > 59 or (said["side"] == "of" and offset != "quarter"):
            return None
        at += timedelta(minutes=minutes if said["side"] in ("past", "after") else -minutes)
    return at.time()


def _told(found: re.Match[str], at: time, text: str) -> bool:
    said = found.groupdict()
    return bool(said.get("word") or said.get("meridiem") or part_of_day(text) or at.hour > 12)


def _meridiem(part: str | None, hour: int) -> str | None:
    if part is None:
        return None
    return "a" if part == "morning" or (part == "night" and (hour == 12 or hour < 6)) else "p"


def _value(word: str) -> int:
    if word.isdigit():
        return int(word)
    return sum(_SMALL.get(piece, 0) + _TENS.get(piece, 0) for piece in re.split(r"[ -]", word))


def _time(hour: int, minute: int) -> time | None:
    return time(hour, minute) if hour < 24 and minute < 60 else None


def times(text: str) -> Iterator[Clock]:
    """Every time of day of a text in lower case, the ends of ranges too."""
    yield from clocks(text)
    for found in clock_ranges(text):
        yield found.first
        yield found.last
