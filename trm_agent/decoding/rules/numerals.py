"""Numbers as they are written: where a whole one starts and ends, what its mark says, and which are told in one breath.

"$8.5 million" is one numeral, "5%" says that it is a share, "10 years" a time, and "3, 4 and 5" are an enumeration.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from trm_agent.text.language import word_list
from trm_agent.types import Parameter, Span, identifier_words
from trm_agent.values.declared import UNITS, hints

PERCENT, MONEY, TIME = "%", "$", "time"

_NUMERAL = re.compile(
    r"(?:(?<!\w)(?P<money>[$€£¥₹])\s?)?(?<![\w.,:/^])(?<!\d-)"
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[-+]?\d{1,2}(?!\w))?)(?!\d|[.,:/-]\d|x\d)"
    r"(?:k\b|\s+(?:hundred|thousand|million|billion)\b|(?P<suffix>(?:K|[mM][nN]?|[bB][nN]?)\b))?"
)
_PERCENT = re.compile(r"\s?(?:%|per ?cent\b)", re.IGNORECASE)
_MONEY = re.compile(r"\s?(?:dollars?|usd|euros?|eur|pounds? sterling|gbp|yen|rupees?|bucks)\b|\s?[€£¥₹]", re.IGNORECASE)
_TIME = re.compile(rf"[\s-]*(?:{'|'.join(UNITS)}|centurie|yr|hr|min|sec)s?\b(?!\s?(?:/|\^|squared))", re.IGNORECASE)
_POWER = re.compile(r"\s?[^\W\d_]+(?:/[^\W\d_]+)?\^-?\d(?!\w)")
_UNIT = r"\s?(?:[^\W\d_]+\d?|[%°µ]\s?[^\W\d_]?)?"
_JOINED = re.compile(rf"(?P<unit>{_UNIT})\s*(?:,\s*(?:and|or)?|and|or|to|&|[x×]|by)\s*[-−]?", re.IGNORECASE)
_RATES = word_list("rates")
_MONIES = word_list("monies")
_TIMES = word_list("times")


@dataclass(frozen=True)
class Numeral:
    """Characters `start` to `end`, with currency and magnitude, and what the marks beside it say that it is."""

    start: int
    end: int
    mark: str | None


@lru_cache(maxsize=1024)
def numerals(text: str) -> tuple[Numeral, ...]:
    """The numbers written in digits, in order; parts of dates, times of day, ratios and identifiers are none."""
    return tuple(_numeral(text, found) for found in _NUMERAL.finditer(text))


def _numeral(text: str, found: re.Match[str]) -> Numeral:
    start, end = found.span()
    if found["suffix"] and not found["money"]:
        end = found.start("suffix")
    if found["money"] or _MONEY.match(text, end):
        return Numeral(start, end, MONEY)
    mark = PERCENT if _PERCENT.match(text, end) else TIME if _TIME.match(text, end) else None
    return Numeral(start, end, mark)


def touched(text: str, start: int, end: int) -> tuple[int, ...]:
    """Places in `numerals(text)` of those that characters `start` to `end` overlap."""
    found = numerals(text)
    first = bisect_left(found, start + 1, key=lambda numeral: numeral.end)
    return tuple(i for i in range(first, len(found)) if found[i].start < end)


def quantity_at(text: str, start: int, end: int) -> Numeral | None:
    """Of characters that end in the power of a unit ("3" or all of "10 m^3") the numeral that is counted in it."""
    for (first, last), i in _powers(text):
        if first < end <= last and set(touched(text, start, end)) <= {i}:
            return numerals(text)[i]
    return None


def extent(text: str, place: Span) -> Span:
    """From where to where a span goes with all of the numerals that it overlaps."""
    if (whole := quantity_at(text, *place)) is not None:
        return Span(whole.start, whole.end)
    found = [numerals(text)[i] for i in touched(text, *place)]
    return Span(min([place.start, *(n.start for n in found)]), max([place.end, *(n.end for n in found)]))


@lru_cache(maxsize=1024)
def _powers(text: str) -> tuple[tuple[tuple[int, int], int], ...]:
    found = ((_POWER.match(text, numeral.end), i) for i, numeral in enumerate(numerals(text)))
    return tuple((power.span(), i) for power, i in found if power is not None)


@lru_cache(maxsize=1024)
def enumerated(text: str) -> tuple[tuple[int, ...], ...]:
    """Numerals told in one breath, "3, 4 and 5" or "6 cm and 10 cm", as places in `numerals(text)`; at least two."""
    runs: list[list[int]] = []
    found = numerals(text)
    for i, (one, other) in enumerate(pairwise(found)):
        joined = _JOINED.fullmatch(text, one.end, other.start)
        if joined is None or one.mark != other.mark:
            continue
        if runs and runs[-1][-1] == i:
            runs[-1].append(i + 1)
        else:
            runs.append([i, i + 1])
    return tuple(map(tuple, runs))


def marks(parameter: Parameter) -> frozenset[str]:
    """What a parameter's name says of the marks that its number may have."""
    return _marks(parameter.name, hints(parameter).unit is not None)


@lru_cache(maxsize=4096)
def _marks(name: str, counts_time: bool) -> frozenset[str]:
    words = set(identifier_words(name).split())
    if words & _RATES:
        return frozenset((PERCENT,))
    if words & _MONIES:
        return frozenset((MONEY,))
    return frozenset((TIME,) if words & _TIMES or counts_time else ())


_FIRST = word_list("range_starts")
_LAST = word_list("range_ends")


@lru_cache(maxsize=4096)
def place_in_row(name: str) -> tuple[str, str] | None:
    """What a name counts and where it comes: ("num", "001") of `num1`, ("year", "0") of `start_year`, ("", "x")."""
    words = identifier_words(name).split()
    if len(words) == 1 and len(words[0]) == 1:
        return "", words[0]
    for at, word in enumerate(words):
        rest = [*words[:at], *words[at + 1 :]]
        if word in _FIRST or word in _LAST:
            return " ".join(rest), "0" if word in _FIRST else "1"
        if numbered := re.fullmatch(r"(\D*)(\d+)", word):
            return " ".join((*rest, numbered[1])), numbered[2].zfill(3)
    return None
