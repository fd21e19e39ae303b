"""The value of a span where it stands: what the words beside it say of it is read with it.

A network points at "90" of "90 minutes", at "Friday" of "the Friday after next", at "2" of "from 2 to 3 pm". Here the
span takes in its unit, the rest of its day or its time, the letters of its code, and what is found is read as the
parameter asks. Reading what it was widened to gives the same again, so that a value can be checked by its source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from trm_agent.text.clock import Clock, ClockRange, clock_ranges, clocks
from trm_agent.text.content import content_at, is_answer
from trm_agent.text.dates import parse_datetime
from trm_agent.text.days import DayRange, day_phrases, day_ranges, read_day, read_day_range
from trm_agent.text.language import language_of
from trm_agent.text.sentences import sentence_at
from trm_agent.text.tense import tense
from trm_agent.text.units import Quantity, kind_of, quantities, unit_names
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.date_forms import moment_base
from trm_agent.values.declared import Hints, hints, speaks_of_past
from trm_agent.values.forms import in_form
from trm_agent.values.numbers import is_code, read_number
from trm_agent.values.parse import parse_value

Place = tuple[int, int]


@dataclass(frozen=True)
class Told:
    """What a span says in its message.

    Attributes:
        value: Read for the parameter.
        start: First character of what was read.
        end: One past the last.
    """

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Where:
    """A span in its message.

    Attributes:
        text: Of the message.
        place: Start and end of the span.
        question: What the assistant said right before; empty if it did not speak.
        purposes: Name and description of each tool that takes the value.
        siblings: Names of the other parameters of those tools.
        now: What relative days count from.
    """

    text: str
    place: Place
    question: str = ""
    purposes: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    now: datetime | None = None


def read_in_message(where: Where, parameter: Parameter) -> Told | None:
    """Read the value of a parameter from a span of a message, and from what belongs to it there.

    Returns:
        None where nothing can be read, or where what stands beside the span says that it is something else.
    """
    if parameter.choices or parameter.type in ("array", "boolean", "object"):
        return _plainly(where, parameter, where.place)
    if _is_numeric(parameter):
        return _number(where, parameter)
    asked = hints(parameter)
    kind = moment_kind(parameter)
    if kind is not None:
        return _moment(where, parameter, kind)
    return _text(where, parameter, asked)


def _plainly(where: Where, parameter: Parameter, place: Place, **way: Any) -> Told | None:
    text = where.text[slice(*place)]
    value = parse_value(text, parameter, where.now, language=language_of(where.text), **way)
    return Told(value, *place) if value is not None else None


def _kinds(parameter: Parameter) -> set[str]:
    schema = parameter.schema
    branches = schema.get("anyOf") or schema.get("oneOf") or ()
    declared = schema.get("type")
    kinds = set(declared) if isinstance(declared, list) else {declared} if declared else set()
    if "type" not in schema:
        kinds |= {branch.get("type") for branch in branches if isinstance(branch, dict)}
    return {str(kind) for kind in kinds if isinstance(kind, str)}


def _is_numeric(parameter: Parameter) -> bool:
    return bool(_kinds(parameter) & {"integer", "number"})


# Numbers -------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[\w#]+(?:[-/.][\w#]+)*")
_COUNTING = re.compile(r"(?:top|under|over|sub|mid|pre|post|non)-\d+", re.IGNORECASE)
_MONEY = r"(?:dollars?|usd|us dollars|euros?|eur|pounds?|gbp|quid|bucks|yen|jpy|rupees?|inr|cents?|pence|đồng|vnd)"
_AMOUNT = re.compile(
    r"(?:[$€£¥₹]\s?)?(?<![\w.,])\d[\d,]*(?:\.\d+)?\s?"
    rf"(?:k\b|thousand|million|billion|nghìn|ngàn|triệu)?\s?(?:[$€£¥₹₫]|{_MONEY}\b)?(?: and \d\d? cents)?",
    re.IGNORECASE,
)
_SCALED = re.compile(
    r"(?:\d[\d,]*(?:\.\d+)?|(?:half a|a|an|[a-z]+)\b)\s?"
    r"(?:k\b|hundred\b|thousand\b|million\b|billion\b|dozen\b|nghìn\b|ngàn\b|triệu\b)(?:\srưỡi\b)?",
    re.IGNORECASE,
)


def _number(where: Where, parameter: Parameter) -> Told | None:
    asked, place = hints(parameter), _signed(where.text, where.place)
    code = _code(where.text, place, asked.measure, symbols=not asked.names)
    if code is not None:
        return _plainly(where, parameter, code) if "string" in _kinds(parameter) else None
    language = language_of(where.text)
    if asked.measure or asked.currency:
        wide = _with_unit(where.text, place, asked, language)
        if wide is not None and (shares := _shared_units(parameter, asked.measure, where.siblings)):
            return _share(where, parameter, wide, shares, language)
        if wide is not None:
            told = _plainly(where, parameter, wide)
            return told if told is None or not isinstance(told.value, str) else _plainly(where, parameter, place)
        if asked.measure and kind_of(asked.measure) in ("clock", "calendar") and _is_time(where.text, place):
            return None
    for found in _SCALED.finditer(where.text):
        if _meet(found.span(), place) and read_number(found[0], language) is not None and _inside(place, found.span()):
            place = found.span()
    return _plainly(where, parameter, place)


def _signed(text: str, place: Place) -> Place:
    """With the minus that stands right before a number, unless it joins two ("b = -3", not "5-3")."""
    if not re.search(r"(?:^|[^\w\s)])\s*-$|\s-$", text[: place[0]]) or not text[place[0]].isdigit():
        return place
    return place[0] - 1, place[1]


def _code(text: str, place: Place, measure: str | None, *, symbols: bool) -> Place | None:
    """The code that a span is a part of: letters and digits in one word, but for a unit; zeros in front."""
    for found in _TOKEN.finditer(text):
        if found.start() <= place[0] and place[1] <= found.end():
            word = found[0].rstrip(".")
            units = [q for q in quantities(word) if not q.short or (measure and kind_of(measure) in q.kinds())]
            number = read_number(word, symbols=symbols) is not None and word[0] != "0"
            if is_code(word) and not number and not _COUNTING.fullmatch(word) and not units:
                return found.start(), found.start() + len(word)
    return None


def _with_unit(text: str, place: Place, asked: Hints, language: str) -> Place | None:
    """The whole amount with its unit or its currency that a span is a part of."""
    if asked.currency or asked.measure == "money-cent":
        for found in _AMOUNT.finditer(text):
            span = found.start(), found.start() + len(found[0].rstrip())
            if _meet(span, place) and len(text[slice(*span)]) > place[1] - place[0]:
                return min(span[0], place[0]), max(span[1], place[1])
        if asked.currency:
            return None
    kind = kind_of(asked.measure) if asked.measure else ""
    # One letter, or a word that is more than a unit, counts as one where the parameter is of that kind.
    found_at = [q for q in quantities(text, language) if _meet((q.start, q.end), place)]
    fitting = [q for q in found_at if kind in q.kinds() or not q.short]
    if len(fitting) == 1:
        return min(fitting[0].start, place[0]), max(fitting[0].end, place[1])
    return None


def _shared_units(parameter: Parameter, measure: str | None, siblings: Sequence[str]) -> list[str]:
    """The units that an amount is shared out to, where each has a parameter of its own: `hours` and `minutes`."""
    if measure is None or identifier_words(parameter.name.rsplit(".", 1)[-1]) not in unit_names():
        return []
    others = {hints(Parameter(name, {})).measure for name in siblings if identifier_words(name) in unit_names()}
    return [measure, *(other for other in others if other and other != measure and kind_of(other) == kind_of(measure))]


def _share(where: Where, parameter: Parameter, place: Place, units: list[str], language: str) -> Told | None:
    """The part of an amount that is a parameter's own: as it was said, else the whole units that are left."""
    if len(units) == 1:
        return _plainly(where, parameter, place)
    found = [q for q in quantities(where.text, language) if _meet((q.start, q.end), place)]
    if len(found) != 1:
        return None
    share = found[0].share(units[0], units[1:])
    value = None if share is None else parse_value(f"{share:f}", parameter, where.now)
    # At the number itself: what the others take of the same amount stands elsewhere.
    return Told(value, *where.place) if value is not None else None


def _is_time(text: str, place: Place) -> bool:
    """Whether a number is a time of day ("at 9", "2 to 3 pm"), and so no length of time."""
    lower = text.lower()
    told = [(c.start, c.end) for c in clocks(lower)] + [(r.start, r.end) for r in clock_ranges(lower)]
    return any(_meet(span, place) for span in told)


def _meet(one: Place, other: Place) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _inside(one: Place, other: Place) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]


# Days and times ------------------------------------------------------------------------------------------------------

_BARE_DAY = re.compile(r"\W*(?:(?:on|for|the) )*(\d{1,2})(?:st|nd|rd|th)?\W*(?:please|thanks)?\W*", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\bin (?:\d{1,4}|an?|half an?|one|two|three|four|five|six|ten|fifteen|twenty|thirty|forty[ -]five)"
    r"(?: and a half)? (?:hour|minute|second)s?(?: and a half)?(?:['’]s? time)?\b"
    r"|\b(?:\d{1,4}|an?|half an?|one|two|three|four|five|six|ten|fifteen|twenty|thirty) (?:hour|minute)s?"
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
    spoken = tense(sentence_at(where.text, where.place[0]))
    if spoken is not None:
        return spoken == "past"
    purposes = {speaks_of_past(identifier_words(purpose)) for purpose in where.purposes}
    return purposes.pop() if len(purposes) == 1 else None


def _moment(where: Where, parameter: Parameter, kind: str) -> Told | None:
    past, last = _past(where, parameter), hints(parameter).last
    language = language_of(where.text)
    if language == "en":
        found = _found(where, kind, past, last)
        if found is not None:
            value = parse_value(found[0], parameter, where.now)
            return Told(value, *found[1]) if value is not None else None
    else:
        for place in _wider(where.text, where.place):
            told = _plainly(where, parameter, place, past=past, last=last)
            if told is not None and told.value != where.text[slice(*place)]:
                return told
    return _plainly(where, parameter, where.place, past=past, last=last)


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
    clock = _only_clock(lower, where.place, now, None) if kind != "date" else None
    if step is None or (kind != "time" and day is None) or (kind != "date" and clock is None):
        return None
    start = datetime.combine(day[0] if day else now.date(), clock[0] if clock else time())
    end = start + step
    said = {"date": end.date().isoformat(), "time": end.time().isoformat(), "date-time": end.isoformat(" ")}[kind]
    touched = [
        span for span in ((length.start, length.end), *(at[1] for at in (day, clock) if at)) if _meet(span, where.place)
    ]
    return (said, (length.start, length.end)) if touched else None


def _found(where: Where, kind: str, past: bool | None, last: bool | None) -> tuple[str, Place] | None:
    """The day, the time or both that the span belongs to, as ISO 8601 writes them, and where they are said."""
    lower = where.text.lower()
    if len(lower) != len(where.text):
        return None
    now = moment_base(where.now)
    if last and (ended := _ended(where, kind, lower, now, past)) is not None:
        return ended
    day = _day_at(lower, where, now, past, last) if kind != "time" else None
    clock = _clock_at(lower, where.place, now, last) if kind != "date" else None
    if kind == "date":
        return (day[0].isoformat(), day[1]) if day else None
    if kind == "time":
        return (clock[0].isoformat(), clock[1]) if clock else None
    if day is None and clock is None:
        return None
    if isinstance(clock, tuple) and clock[2] is not None:
        return f"{clock[2].date().isoformat()} {clock[0].isoformat()}", clock[1]
    day = day or _only_day(lower, where, now, past, last)
    clock = clock or _only_clock(lower, where.place, now, last)
    if clock is None or day is None:
        return None
    return f"{day[0].isoformat()} {clock[0].isoformat()}", (min(day[1][0], clock[1][0]), max(day[1][1], clock[1][1]))


def _day_at(lower: str, where: Where, now: datetime, past: bool | None, last: bool | None) -> tuple[date, Place] | None:
    if bare := _BARE_DAY.fullmatch(lower):
        day = read_day(f"the {bare[1]}th", now, past=past)
        return (day.date(), bare.span(1)) if day and where.question else None
    ranges = [found for found in day_ranges(lower) if _meet((found.start, found.end), where.place)]
    if len(ranges) == 1 and (read := _end_of_range(ranges[0], where.place, now, past, last)):
        return read
    if ranges:
        return None
    return _one_day(lower, [span for span in day_phrases(lower) if _meet(span, where.place)], where, now, past)


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
    days = [(day.date(), span) for span in spans if (day := read_day(lower[slice(*span)], now, past=past)) is not None]
    return days[0] if days and len({day for day, _ in days}) == 1 and len(days) == len(spans) else None


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
    touched = [_meet(first, place), _meet(last, place)]
    return touched.index(True) if touched.count(True) == 1 else None if asked is None else int(asked)


def _clock_at(lower: str, place: Place, now: datetime, last: bool | None) -> tuple[time, Place, datetime | None] | None:
    for found in _RELATIVE.finditer(lower):
        if _meet(found.span(), place) and (moment := parse_datetime(found[0], now)):
            return moment.time().replace(microsecond=0), found.span(), moment
    ranges = [found for found in clock_ranges(lower) if _meet((found.start, found.end), place)]
    if ranges:
        return _clock_of_range(ranges[0], place, last)
    single = [clock for clock in clocks(lower) if _meet((clock.start, clock.end), place)]
    return (single[0].at, (single[0].start, single[0].end), None) if len(single) == 1 else None


def _only_clock(
    lower: str, place: Place, now: datetime, last: bool | None
) -> tuple[time, Place, datetime | None] | None:
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


# Texts ---------------------------------------------------------------------------------------------------------------

_PHONE = re.compile(r"(?<![\w(])\+?\(?\d[\d\s().-]{5,}\d(?!\w)")
_ABOUT_PHONE = re.compile(r"\b(?:phone|telephone|mobile|cell|fax|contact number)\b")
_ABOUT_DAY = re.compile(r"\b(?:date|day|when)\b")
_ABOUT_TIME = re.compile(r"\btime\b")


def _text(where: Where, parameter: Parameter, asked: Hints) -> Told | None:
    text, place = where.text, where.place
    words = f"{identifier_words(parameter.name)}: {parameter.description.lower()}"
    if asked.asked_form == "duration" and (wide := _with_length(text, place)):
        return _plainly(where, parameter, wide)
    if _ABOUT_PHONE.search(words) or asked.asked_form == "phone":
        phones = [found.span() for found in _PHONE.finditer(text) if _meet(found.span(), place)]
        place = phones[0] if len(phones) == 1 and re.search(r"\d", text[slice(*place)]) else place
    elif asked.asked_form == "city, state":
        place = _with_state(text, place)
    elif parameter.schema.keys().isdisjoint(("format", "enum", "pattern")):
        place = _whole_moment(where, words) or _whole_content(where, words) or place
    return _plainly(where, parameter, place) or _plainly(where, parameter, where.place)


def _with_length(text: str, place: Place) -> Place | None:
    found = [q for q in quantities(text, language_of(text)) if _meet((q.start, q.end), place)]
    return (found[0].start, found[0].end) if len(found) == 1 else None


def _with_state(text: str, place: Place) -> Place:
    """With the state after a city, if that is one."""
    words = re.match(r"(?:,?\s+[A-Za-z]+)?(?:\s[A-Za-z]+){0,2}", text[place[1] :])
    for end in range(place[1] + (words.end() if words else 0), place[1], -1):
        ends_word = not text[end : end + 1].isalnum() and text[end - 1].isalnum()
        if ends_word and in_form(text[place[0] : end], "city, state", "", "en"):
            return place[0], end
    return place


def _whole_moment(where: Where, words: str) -> Place | None:
    """All of a day or a time of which the span is another one by itself ("Friday" of "the Friday after next")."""
    lower, now = where.text.lower(), moment_base(where.now)
    if len(lower) != len(where.text) or language_of(where.text) != "en":
        return None
    if _ABOUT_DAY.search(words):
        for span in day_phrases(lower):
            whole, part = (read_day(lower[slice(*place)], now) for place in (span, where.place))
            if _inside(where.place, span) and span != where.place and whole is not None and part != whole:
                return span
    if _ABOUT_TIME.search(words):
        for clock in clocks(lower):
            alone = [other.at for other in clocks(f"at {lower[slice(*where.place)]}")]
            if _inside(where.place, (clock.start, clock.end)) and alone and alone[0].minute != clock.at.minute:
                return clock.start, clock.end
    return None


def _whole_content(where: Where, words: str) -> Place | None:
    """All of a message, or of what it says to note, where the parameter is a free text."""
    if is_answer(where.text, where.question, words):
        start = len(where.text) - len(where.text.lstrip())
        return start, start + len(where.text.strip())
    quoted = re.search(r"['\"“‘`]\s*$", where.text[: where.place[0]]) or re.search(
        r"['\"“`]", where.text[slice(*where.place)]
    )
    return None if quoted else content_at(where.text, where.place, words)
