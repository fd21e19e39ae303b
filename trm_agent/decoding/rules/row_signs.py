"""What speaks for each row of a list of results: words, days and times in it, its place, that it has least or most."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from trm_agent.decoding.in_history import language_spoken, moment
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.shown_rows import Row
from trm_agent.text.clock import part_of_day, times
from trm_agent.text.days import day_phrases, read_day
from trm_agent.text.in_english import in_english
from trm_agent.text.language import HAN, knowledge, language_of, word_list
from trm_agent.text.nouns import singular
from trm_agent.values.date_forms import moment_base

_TOKEN = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")
_POSSESSIVE = re.compile(r"['’]s\b")
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_CLOCK = re.compile(r"(?<![\d:])(\d\d?):(\d\d)(?![\d:]*-)")
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?(?:['’]?s)?\b")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = re.compile(
    r"\b(?:(jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec)(?:uary|ruary|il|e|y|ust|ember|tember|ober)?"
    r"|(?:in|of|for|from) (march|may))\b"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS: Mapping[str, range] = {
    "morning": range(4, 12),
    "afternoon": range(12, 18),
    "evening": range(17, 24),
    "night": range(20, 24),
}
"""Hours of the parts of the day."""
_TRUE = frozenset(("true", "yes"))
_SHORTEST = 4
"""Letters of a word that may stand in a longer one ("Lindenweg", "Tyres")."""

Signs = list[dict[str, float]]
"""For each row what speaks for it, by name."""
Cells = Sequence[Sequence[tuple[str, str]]]
"""Field and text of every value, row by row."""


def signs(rows: Sequence[Row], message: int, scene: Scene) -> Signs:
    """What speaks for each row of a result, each sign counting one over the rows that have it.

    Args:
        rows: Of the result.
        message: Its place in the history.
        scene: Of the decision.
    """
    history = scene.history
    text = history[message].text
    cells = [[(cell.field, text[cell.place.start : cell.place.end]) for cell in row.cells] for row in rows]
    now = moment_base(moment(history, scene.now))
    last = scene.last_user or 0
    language = language_of(scene.request, language_spoken(history[:last]))
    # The assistant's first words after a result retell all of it.
    since = [m for m in range(message + 1, last) if history[m].role in ("user", "assistant")]
    answers = [m for m in since if history[m].role == "assistant"][1:]
    before = [m for m in since if history[m].role == "user"]
    named, numbered = _named(scene.request, cells)
    recalled = _mentioned(history[answers[-1]].text, cells, now) if answers else [0.0] * len(rows)
    spoken = _mentioned(history[before[-1]].text, cells, now) if before else [0.0] * len(rows)
    calls = [str(m.content.get("arguments", "")) for m in history[message + 1 :] if m.role == "tool_call"]
    told = _with_own_values(cells, [m.text for m in history[last - 1 : last] if m.role == "assistant"])
    met = [a + b for a, b in zip(recalled, _with_own_values(cells, calls), strict=True)]
    other = _other(scene.request, language, met)
    if any(other):  # what was spoken of before is what is not meant
        recalled = spoken = told = [0.0] * len(rows)
    found = {
        "named": named,
        "numbered": numbered,
        "dated": _dated(_english(scene.request, language), cells, now),
        "placed": _placed(scene.request, language, len(rows)),
        "extreme": _extreme(scene.request, language, cells),
        "other": other,
        "told": told if sum(told) == 1 else [0.0] * len(rows),
        "recalled": recalled,
        "spoken": spoken,
    }
    return [{name: values[i] for name, values in found.items()} for i in range(len(rows))]


def _mentioned(text: str, cells: Cells, now: datetime) -> list[float]:
    named, numbered = _named(text, cells)
    dated = _dated(_english(text, language_of(text)), cells, now)
    return [sum(found) for found in zip(named, numbered, dated, strict=True)]


def _named(text: str, cells: Cells) -> tuple[list[float], list[float]]:
    """For each row the words, and the numbers, of a text that stand in it; each counts one over the rows that do."""
    held = [
        frozenset(word for field, value in row for word in _words(field if value.casefold() in _TRUE else value))
        for row in cells
    ]
    named, numbered = [0.0] * len(cells), [0.0] * len(cells)
    for word in _words(text) - word_list("small"):
        rows = [i for i, words in enumerate(held) if _holds(words, word)]
        if 0 < len(rows) < len(cells):
            for i in rows:
                (numbered if word.isdigit() else named)[i] += 1 / len(rows)
    return named, numbered


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    """Words in lower case without plurals; of Chinese, pairs of characters."""
    out: set[str] = set()
    for token in _TOKEN.findall(_POSSESSIVE.sub("", text).casefold()):
        if re.match(f"[{HAN}]", token):
            out.update(token[i : i + 2] for i in range(max(1, len(token) - 1)))
        elif len(token) > 1 or token.isdigit():
            out.add(singular(token))
    return frozenset(out)


def _holds(words: Set[str], word: str) -> bool:
    if word in words or len(word) < _SHORTEST or not word.isalpha():
        return word in words
    return any(len(other) >= _SHORTEST and (other.startswith(word) or word.startswith(other)) for other in words)


def _english(text: str, language: str) -> str:
    """Days and times in English, lower case."""
    if language == "en":
        return text.lower()
    return read.text if (read := in_english(text, language)) else ""


def _dated(english: str, cells: Cells, now: datetime) -> list[float]:
    """For each row how many of the days, months, weekdays, times and parts of the day that are said it holds.

    Each counts one over the rows that hold it.
    """
    days = (read_day(english[slice(*span)], now) for span in day_phrases(english))
    said: set[object] = {day.date() for day in days if day is not None}
    said |= {("weekday", _WEEKDAYS.index(name)) for name in _WEEKDAY.findall(english)}
    said |= {("month", _MONTHS.index((short or long)[:3]) + 1) for short, long in _MONTH.findall(english)}
    said |= {found.at.replace(second=0) for found in times(english)}
    held = [set(_moments(row)) for row in cells]
    if part := part_of_day(english):
        said.add(("part", part))
    out = [0.0] * len(cells)
    for one in said:
        rows = [i for i, moments in enumerate(held) if one in moments]
        if 0 < len(rows) < len(cells):
            for i in rows:
                out[i] += 1 / len(rows)
    return out


def _moments(row: Sequence[tuple[str, str]]) -> Iterator[object]:
    """The days, months, weekdays, times and parts of the day that a row holds in digits."""
    for _, value in row:
        for year, month, day in _ISO_DAY.findall(value):
            try:
                on = date(int(year), int(month), int(day))
            except ValueError:
                continue
            yield from (on, ("weekday", on.weekday()), ("month", on.month))
        for hour, minute in _CLOCK.findall(value):
            if int(hour) < 24 and int(minute) < 60:
                yield time(int(hour), int(minute))
                yield from (("part", name) for name, hours in _PARTS.items() if int(hour) in hours)


def _with_own_values(cells: Cells, texts: Sequence[str]) -> list[float]:
    """For each row whether one of some texts has a value that no other row has."""
    shared: dict[str, int] = defaultdict(int)
    for row in cells:
        for value in {value.casefold() for _, value in row}:
            shared[value] += 1
    own = [{value.casefold() for _, value in row if shared[value.casefold()] == 1 and len(value) > 1} for row in cells]
    lower = [text.casefold() for text in texts]
    return [float(any(_stands(value, text) for value in values for text in lower)) for values in own]


def _stands(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _placed(text: str, language: str, rows: int) -> list[float]:
    """For each row whether its place in the list is said: "the second", "the last one"."""
    places: Mapping[str, int] = _choosing(language).get("places", {})
    said = {places[word] for word in _found(text, tuple(places))}
    wanted = {place - 1 if place > 0 else rows + place for place in said}
    return [float(i in wanted) if len(wanted) == 1 else 0.0 for i in range(rows)]


def _extreme(text: str, language: str, cells: Cells) -> list[float]:
    """For each row whether it has least or most of what is said: "the cheapest", "the later one"."""
    known: Mapping[str, Mapping[str, Any]] = _choosing(language).get("extremes", {})
    out = [0.0] * len(cells)
    for kind in known.values():
        if not _found(text, tuple(kind["words"])):
            continue
        columns = [column for column in _measured(cells) if _fits(column[0], column[2], kind)]
        if len(columns) != 1 and not (columns and kind["fields"]):
            continue
        values = columns[0][1]
        best = (max if kind["most"] else min)(values)
        rows = [i for i, value in enumerate(values) if value == best]
        if len(rows) < len(cells):
            out = [value + float(i in rows) / len(rows) for i, value in enumerate(out)]
    return out


def _measured(cells: Cells) -> list[tuple[str, list[float], bool]]:
    """(field, value of each row, whether these are moments) of the columns that can be put in order."""
    out = []
    for field in dict.fromkeys(field for row in cells for field, _ in row):
        texts = [dict(row).get(field, "") for row in cells]
        for read, moments in ((_number, False), (_instant, True)):
            values = [read(text) for text in texts]
            if all(value is not None for value in values) and len(set(values)) > 1:
                out.append((field, [value or 0.0 for value in values], moments))
                break
    return out


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(?:\.\d+)?", text) else None


def _instant(text: str) -> float | None:
    """Seconds, of a day, a time or both."""
    try:
        if re.fullmatch(r"\d\d:\d\d", text):
            return float(int(text[:2]) * 3600 + int(text[3:]) * 60)
        return datetime.fromisoformat(text).timestamp() if _ISO_DAY.match(text) else None
    except (ValueError, OverflowError):
        return None


def _fits(field: str, moments: bool, kind: Mapping[str, Any]) -> bool:
    words = set(field.split())
    if kind["fields"]:
        return (kind.get("moments", False) and moments) or not words.isdisjoint(kind["fields"])
    return not moments and words.isdisjoint(("id", "no", "number", "code", "ref", "key"))


def _other(text: str, language: str, met: Sequence[float]) -> list[float]:
    """For each row whether it is the other one: not the one that was spoken of, or called with, before."""
    if not any(met) or not _found(text, tuple(_choosing(language).get("other", ()))):
        return [0.0] * len(met)
    return [float(not value) for value in met]


def _choosing(language: str) -> Mapping[str, Any]:
    return knowledge(language).get("choosing") or {}


def _found(text: str, words: tuple[str, ...]) -> list[str]:
    """Which of some words stand in a text."""
    return [word for word in words if _stands(word, text.casefold())] if words else []
