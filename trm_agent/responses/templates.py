"""An answer → a template: its values taken out and their names put in.

Values are matched longest first, on whole words, whatever their letter case. Numbers match in digits and in words,
times and dates in the forms in which people say them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from trm_agent.text.dates import parse_date, parse_time
from trm_agent.values import choice_text, normalise, read_number

PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")
SENTENCE = re.compile(r"[^.!?…。！？]+")
"""A sentence without the mark at its end."""
CLOCK = re.compile(r"(?<![\w:.,])\d{1,2}(?:[:h.]\d{2})?(?:\s?[ap](?:\.\s?m\.|\s?m\b))?(?![\w:])", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME_LIKE = re.compile(r"\d{1,2}:\d{2}(:\d{2})?|.{0,24}\d\s?[ap]\.?m\.?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,:/\-])\d[\d,]*(?:\.\d+)?(?![\w:/\-]|[.,]\d)")
_BASE = datetime(2019, 3, 1, 9)
_FURTHER = timedelta(days=45)
_YEAR = re.compile(r"\d{4}\W?")
_DATE_WORDS = 4
_AROUND = 24
_FAR = float("inf")
_LONGEST_VALUE = 200
_LONGEST_TIME = 24


@dataclass(frozen=True)
class _Match:
    """Characters `start` to `end` say the value of a name; a lower rank is preferred."""

    start: int
    end: int
    rank: int
    name: str


def make_template(
    text: str, facts: Mapping[str, Sequence[Any]], *, language: str = "en", now: datetime | None = None
) -> str:
    """Replace every value in a text by `{name}`.

    Args:
        text: An answer; braces in it are dropped.
        facts: Name → its wordings.
        language: Of number words and dates (ISO 639-1).
        now: What relative dates count from.
    """
    text = _SPACE.sub(" ", text.replace("{", "").replace("}", "")).strip()
    taken: list[_Match] = []
    found = _matches(text, facts, language, (now or _BASE).replace(tzinfo=None))
    for match in sorted(found, key=lambda m: (m.start - m.end, m.rank)):
        if all(match.end <= other.start or match.start >= other.end for other in taken):
            taken.append(match)
    for match in sorted(taken, key=lambda m: -m.start):
        text = f"{text[: match.start]}{{{match.name}}}{text[match.end :]}"
    return text


def placeholders(text: str) -> list[str]:
    """The names in a template, in order, each once."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def record_of(names: Iterable[str]) -> int | None:
    """The number of the record that names speak of, 1 for `name`; None where they list several."""
    numbers: dict[str, int] = {}
    for name in names:
        base, _, mark = name.partition("#")
        if numbers.setdefault(base, int(mark or 1)) != int(mark or 1):
            return None
    return max(numbers.values(), default=1)


def in_record(name: str, number: int) -> str:
    """The name of the same field in another record."""
    base = name.partition("#")[0]
    return base if number == 1 else f"{base}#{number}"


def with_one_record(text: str, facts: Mapping[str, Sequence[Any]], kept: Collection[str] = ()) -> str:
    """A template that speaks of a further record, with that record's names for values that it shares with another one.

    Args:
        text: The template.
        facts: Name → its wordings.
        kept: Names that stay, such as those of slots.
    """
    number = record_of(placeholders(text))
    if number in (None, 1):
        return text

    def own(match: re.Match[str]) -> str:
        name = match[1]
        there = in_record(name, number)
        shared = name not in kept and any(same_value(a, b) for a in facts[name] for b in facts.get(there, ()))
        return f"{{{there if shared else name}}}"

    return PLACEHOLDER.sub(own, text)


def spoken(text: str) -> str:
    """A template as it is encoded: names as words."""
    return PLACEHOLDER.sub(lambda match: match[1].partition("#")[0].replace("_", " "), text)


def comparison_key(text: str) -> str:
    """Equal for templates that differ in letter case, punctuation and spaces only."""
    words = PLACEHOLDER.sub(lambda match: f" \ue000{match[1]}\ue001 ", text.casefold())
    return " ".join("".join(c if c.isalnum() or c in "\ue000\ue001_#" else " " for c in words).split()) or text


def same_value(one: Any, other: Any, language: str = "en") -> bool:
    """Whether two values are equal, or the same day or time of day."""
    a, b = normalise(one), normalise(other)
    if a == b:
        return True
    if _ISO_DATE.fullmatch(a) or _ISO_DATE.fullmatch(b):
        return (day := _as_date(a, _BASE, language)) is not None and day == _as_date(b, _BASE, language)
    if _TIME_LIKE.fullmatch(a) or _TIME_LIKE.fullmatch(b):
        return (clock := _as_time(a, _BASE, language)) is not None and clock == _as_time(b, _BASE, language)
    return False


@lru_cache(maxsize=16_384)
def time_of(text: str) -> str | None:
    """A time of day in ISO form; None for what is none, numbers alone among it."""
    if len(text) > _LONGEST_TIME or not any(mark in text.casefold() for mark in (":", "m", "h")):
        return None
    try:
        read = parse_time(text, _BASE)
    except (ValueError, OverflowError):
        return None
    return None if read is None else read.isoformat()


@lru_cache(maxsize=16_384)
def said_times(text: str) -> frozenset[str]:
    """The times of day that stand in a text, in ISO form."""
    return frozenset(time for match in CLOCK.finditer(text) if (time := time_of(match[0])) is not None)


def _matches(text: str, facts: Mapping[str, Sequence[Any]], language: str, now: datetime) -> Iterator[_Match]:
    numbers: dict[str, list[tuple[int, str]]] = {}
    clocks: dict[time, tuple[int, str]] = {}
    days: dict[date, tuple[int, str]] = {}
    for rank, (name, values) in enumerate(facts.items()):
        for value in values:
            plain = normalise(value)
            if plain.replace(".", "", 1).isdecimal():
                names = numbers.setdefault(plain, [])
                if (rank, name) not in names:
                    names.append((rank, name))
                continue
            for wording in dict.fromkeys(w for w in (str(value), choice_text(value)) if 1 < len(w) <= _LONGEST_VALUE):
                yield from (_Match(*m.span(), rank, name) for m in _pattern(wording).finditer(text))
            if _ISO_DATE.fullmatch(plain) and (day := _as_date(plain, now, language)):
                days.setdefault(day, (rank, name))
            elif _TIME_LIKE.fullmatch(plain) and (clock := _as_time(plain, now, language)):
                clocks.setdefault(clock, (rank, name))
    if numbers:
        yield from _number_matches(text, numbers, language)
    if clocks:
        for m in CLOCK.finditer(text):
            read = _as_time(m[0], now, language)
            if read in clocks:
                yield _Match(m.start(), m.end(), *clocks[read])
    if days:
        yield from _date_matches(text, days, now, language)


def _number_matches(text: str, numbers: Mapping[str, list[tuple[int, str]]], language: str) -> Iterator[_Match]:
    """Numbers in digits and words; one that several names hold is the one whose name is said beside it, or none."""
    clocks = [m.span() for m in CLOCK.finditer(text) if not m[0].isdecimal()]
    others = {name for names in numbers.values() for _, name in names}
    found = [(m, normalise(m[0])) for m in _NUMBER.finditer(text) if not _inside(m.start(), clocks)]
    for m in _WORD.finditer(text):
        # The word for 1 is an article or a pronoun in many languages.
        if (number := _as_number(m[0].casefold(), language)) not in (None, "0", "1"):
            found.append((m, str(number)))
    for m, number in found:
        names = numbers.get(number, [])
        away = sorted((_distance(text, m, name), rank, name) for rank, name in names)
        # Another name is said beside it: a value of that, which nothing here holds.
        nearer = any(_distance(text, m, name) < away[0][0] for name in others) if away else True
        if not nearer and (len(names) == 1 or away[0][0] < _FAR):
            yield _Match(m.start(), m.end(), *away[0][1:])


def _inside(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _distance(text: str, number: re.Match[str], name: str) -> float:
    """Characters between a number and the nearest beginning of a word of a name; `_FAR` where none is near."""
    before = text[max(0, number.start() - _AROUND) : number.start()].casefold()
    after = text[number.end() : number.end() + _AROUND].casefold()
    stems = [word[:4] for word in name.partition("#")[0].split("_") if len(word) > 3 and word != "number"]
    gaps = [float(after.find(stem)) for stem in stems if stem in after]
    gaps += [float(len(before) - before.rfind(stem)) for stem in stems if stem in before]
    return min(gaps, default=_FAR)


def _date_matches(text: str, days: Mapping[date, tuple[int, str]], now: datetime, language: str) -> Iterator[_Match]:
    """Spans of a few words that name a day, without words around them that say nothing of it."""
    words = [m.span() for m in re.finditer(r"\S+", text)]

    def named(first: int, last: int) -> date | None:
        said = text[words[first][0] : words[last][1]].strip(".,;:!?()") if first <= last else ""
        if not any(c.isdigit() for c in said):
            return None
        # A day that depends on the present, such as "4th", is named in part only.
        day = _as_date(said, now, language)
        other = _as_date(said, now + _FURTHER, language)
        return day if day and other and (day.month, day.day) == (other.month, other.day) else None

    for first in range(len(words)):
        for last in range(first, min(first + _DATE_WORDS, len(words))):
            day = named(first, last)
            if day is None or day not in days:
                continue
            outer = text[slice(*words[first])], text[slice(*words[last])]
            loose = (named(first + 1, last) == day, named(first, last - 1) == day)
            if not any(idle and not _YEAR.fullmatch(word) for word, idle in zip(outer, loose, strict=True)):
                said = text[words[first][0] : words[last][1]].rstrip(".,;:!?()")
                yield _Match(words[first][0], words[first][0] + len(said), *days[day])


@lru_cache(maxsize=65_536)
def _pattern(wording: str) -> re.Pattern[str]:
    body = r"\s+".join(map(re.escape, wording.split()))
    before = r"(?<!\w)" if wording[:1].isalnum() else ""
    after = r"(?!\w)(?!:\d)(?![.,]\d)" if wording[-1:].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


@lru_cache(maxsize=65_536)
def _as_time(text: str, now: datetime, language: str) -> time | None:
    try:
        return parse_time(text, now, language)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=65_536)
def _as_date(text: str, now: datetime, language: str) -> date | None:
    try:
        return parse_date(text, now, language)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=65_536)
def _as_number(word: str, language: str) -> str | None:
    number = read_number(word, language)
    return None if number is None else normalise(number)
