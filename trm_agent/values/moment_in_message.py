"""A day, a time or both where they stand: the whole phrase, the end of a range that is asked for, a length said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from trm_agent.text.clock import Clock, ClockRange, bare_clock, clock_ranges, clocks, times
from trm_agent.text.dates import parse_datetime
from trm_agent.text.days import COUNT_WORDS, DayRange, day_phrases, day_ranges, read_day, read_day_range
from trm_agent.text.in_english import in_english
from trm_agent.text.language import knowledge
from trm_agent.text.sentences import sentence_at
from trm_agent.text.tense import tense
from trm_agent.text.units import Quantity, quantities
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.date_forms import moment_base
from trm_agent.values.day_beside import clock_beside, day_beside
from trm_agent.values.declared import hints, speaks_of_past
from trm_agent.values.parse import parse_value
from trm_agent.values.period_in_message import edge_of_period
from trm_agent.values.place import Place, Told, Where, meet, plainly

_MIDDLES = {"morning": time(9), "afternoon": time(15), "evening": time(19), "night": time(21)}
"""Hours in the midst of the parts of a day."""
_BARE_DAY = re.compile(r"\W*(?:(?:on|for|the) )*(\d{1,2})(?:st|nd|rd|th)?\W*(?:please|thanks)?\W*", re.IGNORECASE)
_COUNT = rf"{COUNT_WORDS}|(?:twenty|thirty|forty|fifty)[ -]five|forty|fifty"
_RELATIVE = re.compile(
    rf"\bin (?:\d{{1,4}}|an?|half an?|{_COUNT})"
    r"(?: and a half)? (?:hour|minute|second)s?(?: and a half)?(?:['’]s? time)?\b"
    rf"|\b(?:\d{{1,4}}|an?|half an?|{_COUNT}) (?:hour|minute)s?"
    r" (?:from now|ago|back)\b"
)


def moment_kind(parameter: Parameter) -> str | None:
    """Whether a parameter takes a `date`, a `time` or a `date-time`; None if none of them."""
    asked = hints(parameter)
    kind = parameter.schema.get("format")
    if kind in ("date", "time", "date-time"):
        return str(kind)
    if kind is None and asked.form:
        return "date" if "%H" not in asked.form else "date-time" if "%Y" in asked.form else "time"
    return None


def _past(where: Where, parameter: Parameter) -> bool | None:
    """The parameter's own words, then the tense of the sentence, then the tools' words, where they agree."""
    declared = hints(parameter).past
    if declared is not None:
        return declared
    sentence = sentence_at(where.text, where.place[0])
    spoken = tense(sentence)
    if spoken is not None:
        return spoken == "past"
    said = knowledge(where.language).get("past_tense", ())
    if not {word.lower() for word in re.findall(r"[^\W\d_]+", sentence)}.isdisjoint(said):
        return True
    purposes = {speaks_of_past(identifier_words(purpose)) for purpose in where.purposes}
    return purposes.pop() if len(purposes) == 1 else None


def moment_at(where: Where, parameter: Parameter, kind: str) -> Told | None:
    past, last = _past(where, parameter), hints(parameter).last
    if kind == "date" and "d" not in (hints(parameter).form or "d"):
        return _month_at(where, parameter, past)
    language = where.language
    if language == "en":
        found = _found(where, kind, past, last)
        if found is not None:
            value = parse_value(found[0], parameter, where.now)
            return Told(value, *found[1]) if value is not None else None
    else:
        if (known := _in_other_language(where, parameter, kind, language, past, last)) is not None:
            return known
        for place in _wider(where.text, where.place):
            told = plainly(where, parameter, place, past=past, last=last)
            if told is not None and told.value != where.text[slice(*place)]:
                return told
    return plainly(where, parameter, where.place, past=past, last=last)


def _in_other_language(
    where: Where, parameter: Parameter, kind: str, language: str, past: bool | None, last: bool | None
) -> Told | None:
    """The same of what a message in another language says, by what the language's data knows of days and times."""
    english = in_english(where.text, language)
    place = english.place_of(where.place) if english is not None else None
    if english is None or place is None:
        return None
    found = _found(replace(where, text=english.text, place=place), kind, past, last)
    value = parse_value(found[0], parameter, where.now) if found is not None else None
    return Told(value, *english.said_at(found[1])) if found is not None and value is not None else None


def _month_at(where: Where, parameter: Parameter, past: bool | None) -> Told | None:
    """A whole month ("in March", "this month"), or the one of a day, where no day is asked for."""
    lower, now = where.text.lower(), moment_base(where.now)
    month = edge_of_period(lower, where.place, now, past, False, months=True) if len(lower) == len(where.text) else None
    if month is None:
        day = re.search(r"\d", lower[slice(*where.place)]) or any(meet(d, where.place) for d in day_phrases(lower))
        return plainly(where, parameter, where.place, past=past) if day else None
    value = parse_value(month[0].isoformat(), parameter, where.now)
    return Told(value, *month[1]) if value is not None else None


_LED = re.compile(r"\b(?:for|lasting|lasts|staying|stay|takes|taking|of)\s+(?:about |around |a total of )?$")
_ONE_DAY = re.compile(r"\b(?:off|all day|(?:just|only) (?:the|that|for)|for (?:the|one|a) day|one[- ]day|single day)\b")


def place_of_end(text: str, kind: str) -> Place | None:
    """What a message that names a start says of its end: the last day of a range, a length, one day and no more."""
    lower = text.lower()
    ranges = day_ranges(lower) if kind == "date" else clock_ranges(lower)
    if len(ranges) == 1:
        last = ranges[0].last
        return last if isinstance(last, tuple) else (last.start, last.end)
    if (length := _length(lower, kind)) is not None:
        return length.start, length.end
    days = day_phrases(lower)
    return days[0] if kind == "date" and len(days) == 1 and _ONE_DAY.search(lower) else None


def _length(lower: str, kind: str) -> Quantity | None:
    """The one length of time that something is said to last ("for three nights"); of days where days are asked for."""
    led = [q for q in quantities(lower, "en") if _LED.search(lower[: q.start]) and q.kinds() & {"clock", "calendar"}]
    if len(led) != 1:
        return None
    whole = led[0].into("duration-day") if "clock" in led[0].kinds() else None
    return led[0] if kind != "date" or whole is None or whole == int(whole) else None


def _ended(where: Where, kind: str, lower: str, now: datetime, past: bool | None) -> tuple[str, Place] | None:
    """The start that a message names and the length that it says, together: where it ends."""
    length = _length(lower, kind)
    if length is None or day_ranges(lower) or clock_ranges(lower):
        return None
    if "calendar" in length.kinds():
        months = length.into("duration-month")
        step: relativedelta | timedelta | None = relativedelta(months=int(months)) if months is not None else None
    else:
        seconds = length.into("duration-second")
        step = timedelta(seconds=float(seconds)) if seconds is not None else None
    day = _only_day(lower, where, now, past, None) if kind != "time" else None
    clock = _only_clock(lower, None) if kind != "date" else None
    if step is None or (kind != "time" and day is None) or (kind != "date" and clock is None):
        return None
    start = datetime.combine(day[0] if day else now.date(), clock[0] if clock else time())
    end = start + step
    said = {"date": end.date().isoformat(), "time": end.time().isoformat(), "date-time": end.isoformat(" ")}[kind]
    touched = [
        span for span in ((length.start, length.end), *(at[1] for at in (day, clock) if at)) if meet(span, where.place)
    ]
    return (said, (length.start, length.end)) if touched else None


_Day = tuple[date, Place]
_Clock = tuple[time, Place, datetime | None]


def _found(where: Where, kind: str, past: bool | None, last: bool | None) -> tuple[str, Place] | None:
    """The day, the time or both that the span belongs to, as ISO 8601 writes them, and where they are said."""
    lower = where.text.lower()
    if len(lower) != len(where.text):
        return None
    now = moment_base(where.now)
    if last and (ended := _ended(where, kind, lower, now, past)) is not None:
        return ended
    if kind != "date" and (later := _later(where, kind)) is not None:
        return later
    day = _day_at(lower, where, now, past, last) if kind != "time" else None
    clock = _clock_at(lower, where.place, now, last) if kind != "date" else None
    clock = clock or (_bare_clock(lower, where.place) if kind != "date" and day is None else None)
    clock = _nearest(clock, lower, where) if clock else None
    if kind == "date":
        return (day[0].isoformat(), day[1]) if day else None
    if kind == "time":
        return (clock[0].isoformat(), clock[1]) if clock else None
    if day is None and clock is None:
        return None
    if isinstance(clock, tuple) and clock[2] is not None:
        return f"{clock[2].date().isoformat()} {clock[0].isoformat()}", clock[1]
    day = day or _only_day(lower, where, now, past, last)
    clock = clock or _only_clock(lower, last)
    if (day is None) != (clock is None):
        day, clock = _completed(day, clock, where)
    if clock is None or day is None:
        return None
    if last and clock[0] == time() and "midnight" in lower[slice(*clock[1])]:
        day = day[0] + timedelta(days=1), day[1]
    return f"{day[0].isoformat()} {clock[0].isoformat()}", (min(day[1][0], clock[1][0]), max(day[1][1], clock[1][1]))


def _later(where: Where, kind: str) -> tuple[str, Place] | None:
    """A time said by the one spoken of before ("half an hour later"), on the day spoken of before."""
    beside = clock_beside(where)
    if beside is None:
        return None
    clock, days, place = beside
    if kind == "time":
        return clock.isoformat(), place
    day = where.before()[0]
    return None if day is None else (f"{(day + timedelta(days=days)).isoformat()} {clock.isoformat()}", place)


def _completed(day: _Day | None, clock: _Clock | None, where: Where) -> tuple[_Day | None, _Clock | None]:
    """A day or a time alone, with the time or the day that was spoken of before."""
    known_day, known_clock = where.before()
    if day is None and clock is not None and known_day is not None:
        day = known_day, clock[1]
    elif clock is None and day is not None and known_clock is not None:
        clock = known_clock, day[1], None
    return day, clock


def _bare_clock(lower: str, place: Place) -> _Clock | None:
    """A span that is an hour and nothing else, where the message does not say that it is one ("eight")."""
    found = bare_clock(lower[slice(*place)])
    return (found.at, place, None) if found is not None else None


def _nearest(clock: _Clock, lower: str, where: Where) -> _Clock:
    """Of a time that nothing tells from its twin twelve hours away, the one nearer to the time spoken of before."""
    at, place, moment = clock
    told = any(found.told for found in times(lower) if (found.start, found.end) == place)
    if told or moment is not None or at.hour % 12 == 0 or lower[place[0]] == "0":
        return clock
    known = where.before()[1] or _MIDDLES.get(where.part() or "")
    if known is None:
        return clock
    twin = at.replace(hour=(at.hour + 12) % 24)
    return min(at, twin, key=lambda one: _apart(one, known)), place, moment


def _apart(one: time, other: time) -> int:
    """Minutes between two times of day, the shorter way round the clock."""
    minutes = abs(60 * (one.hour - other.hour) + one.minute - other.minute)
    return min(minutes, 24 * 60 - minutes)


def _day_at(lower: str, where: Where, now: datetime, past: bool | None, last: bool | None) -> tuple[date, Place] | None:
    if bare := _BARE_DAY.fullmatch(lower):
        day = read_day(f"the {bare[1]}th", now, past=past)
        return (day.date(), bare.span(1)) if day and where.question else None
    ranges = [found for found in day_ranges(lower) if meet((found.start, found.end), where.place)]
    if len(ranges) == 1 and (read := _end_of_range(ranges[0], where.place, now, past, last)):
        return read
    if ranges:
        return None
    if (other := day_beside(where, now, past)) is not None:
        return other
    spans = [span for span in day_phrases(lower) if meet(span, where.place)]
    if last and len(spans) == 1 and _is_since(lower, spans[0]):
        return now.date(), spans[0]  # what has gone on since a day has done so until today
    return _one_day(lower, spans, where, now, past) if spans else edge_of_period(lower, where.place, now, past, last)


def _only_day(
    lower: str, where: Where, now: datetime, past: bool | None, last: bool | None
) -> tuple[date, Place] | None:
    """The one day of the sentence, beside a time of day."""
    if ranges := day_ranges(lower):
        return _end_of_range(ranges[0], (ranges[0].start, ranges[0].end), now, past, last) if len(ranges) == 1 else None
    return _one_day(lower, list(day_phrases(lower)), where, now, past)


def _one_day(
    lower: str, spans: Sequence[Place], where: Where, now: datetime, past: bool | None
) -> tuple[date, Place] | None:
    days = [
        (day.date(), span)
        for span in spans
        if (day := read_day(lower[slice(*span)], now, past=past or _is_since(lower, span))) is not None
    ]
    return days[0] if days and len({day for day, _ in days}) == 1 and len(days) == len(spans) else None


def _is_since(lower: str, span: Place) -> bool:
    """Whether a day is one that something has gone on since."""
    return bool(re.search(r"\bsince\s+$", lower[: span[0]]) or lower[span[0] : span[1]].startswith("since "))


def _end_of_range(
    found: DayRange, place: Place, now: datetime, past: bool | None, last: bool | None
) -> tuple[date, Place] | None:
    """The end that the span touches; of both, the one that is asked for."""
    ends = read_day_range(found, now, past=past)
    which = _which(found.first, found.last, place, last)
    if ends is None or which is None:
        return None
    return ends[which].date(), (found.first, found.last)[which]


def _which(first: Place, last: Place, place: Place, asked: bool | None) -> int | None:
    touched = [meet(first, place), meet(last, place)]
    return touched.index(True) if touched.count(True) == 1 else None if asked is None else int(asked)


def _clock_at(lower: str, place: Place, now: datetime, last: bool | None) -> tuple[time, Place, datetime | None] | None:
    for found in _RELATIVE.finditer(lower):
        if meet(found.span(), place) and (moment := parse_datetime(found[0], now)):
            return moment.time().replace(microsecond=0), found.span(), moment
    # Where the start or the end of a stretch is asked for, "two till six" needs no "from".
    ranges = [found for found in clock_ranges(lower, plain=last is not None) if meet((found.start, found.end), place)]
    if ranges:
        return _clock_of_range(ranges[0], place, last)
    single = [clock for clock in clocks(lower) if meet((clock.start, clock.end), place)]
    return (single[0].at, (single[0].start, single[0].end), None) if len(single) == 1 else None


def _only_clock(lower: str, last: bool | None) -> tuple[time, Place, datetime | None] | None:
    ranges: Sequence[ClockRange] = clock_ranges(lower)
    single: Sequence[Clock] = clocks(lower)
    if len(ranges) + len(single) != 1:
        return None
    if ranges:
        return _clock_of_range(ranges[0], (ranges[0].start, ranges[0].end), bool(last))
    return single[0].at, (single[0].start, single[0].end), None


def _clock_of_range(found: ClockRange, place: Place, last: bool | None) -> tuple[time, Place, None] | None:
    ends = (found.first, found.last)
    which = _which((found.first.start, found.first.end), (found.last.start, found.last.end), place, last)
    return None if which is None else (ends[which].at, (ends[which].start, ends[which].end), None)


def _wider(text: str, place: Place) -> list[Place]:
    """The span with some words before and after it, the widest first."""
    starts = [m.start() for m in re.finditer(r"\S+", text[: place[0]])][-3:]
    ends = [place[1] + m.end() for m in re.finditer(r"\S+", text[place[1] :])][:4]
    spans = [(a, b) for a in (*starts, place[0]) for b in (*ends, place[1])]
    return sorted(spans, key=lambda span: (span[0] - span[1], span[0]))
