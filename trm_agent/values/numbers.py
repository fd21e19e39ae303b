"""Numbers in text: digits, words, money, percentages, spans of time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from text_to_num import alpha2digit

from trm_agent.text.dates import parse_time
from trm_agent.types import Parameter
from trm_agent.values.declared import UNITS, hints

_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d{1,2}(?!\w))?)(?:(k|mn?|bn?)\b)?(?:st|nd|rd|th)?",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)\s+([^\W\d]+)")
_POWERS = frozenset(("100", "1000", "1000000", "1000000000"))
_SUFFIXES = {"k": 1000, "m": 1_000_000, "mn": 1_000_000, "b": 1_000_000_000, "bn": 1_000_000_000}
_MINUS = re.compile(r"(?<!\w)(?:minus|negative)\s+(?=\d)")
_CURRENCY = re.compile(r"[$€£¥₹]")
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)
# Words that change the number they stand beside, and that the number library does not read.
_INEXACT = re.compile(r"\b(?:half|quarter|dozens?|couple|few|several|score|between|[ap]\.?m)\b", re.IGNORECASE)
_LONGEST_NUMBER = 120
_MOST_DIGITS = 30


def read_number(text: str, language: str = "en", *, temperature: bool = False) -> int | float | None:
    """The one number that a text holds: digits, words, money, ordinals; None without one, or with several.

    Args:
        text: To read.
        language: Of number words.
        temperature: Whether 300K is a temperature rather than three hundred thousand.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    money = bool(_CURRENCY.search(text))
    digits = _MAGNITUDE.sub(lambda match: _times(match, language), _CURRENCY.sub(" ", text))
    digits = _MINUS.sub("-", _in_digits(digits, language))
    found = _NUMBER.search(digits)
    if found is None or _INEXACT.search(digits):
        return None
    if re.search(r"\d", digits[: found.start()] + digits[found.end() :]):
        return None
    literal = found[1].replace(",", "")
    factor = _factor(found[2] or "", money=money, temperature=temperature)
    if len(literal) > _MOST_DIGITS or factor is None:
        return None
    return _plain(Decimal(literal) * factor * (-1 if found[0][0] in "-−" else 1))


def _factor(suffix: str, *, money: bool, temperature: bool) -> int | None:
    """5k is 5000 and $1M a million; 5m is in metres, 5M may be either."""
    if suffix in ("k", "K"):
        return 1 if temperature else 1000
    if money or not suffix:
        return _SUFFIXES.get(suffix.lower(), 1)
    return 1 if suffix in ("m", "b") else None


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _in_digits(text: str, language: str) -> str:
    try:
        return str(alpha2digit(text, language, threshold=0.0))
    except ValueError:
        return text


def _times(match: re.Match[str], language: str) -> str:
    """`2 million` in digits; the number library reads only `two million`."""
    power = _in_digits(match[2], language)
    return f"{Decimal(match[1]) * int(power):f}" if power in _POWERS else match[0]


def number_readings(
    text: str, parameter: Parameter, kind: str, now: datetime | None, language: str
) -> Iterable[int | float | None]:
    """What a text is as the number that a parameter asks for; `kind` is `integer` or `number`."""
    asked = hints(parameter)
    if asked.day_hours and (hour := _day_hour(text, now, language)) is not None:
        yield hour
        return
    if asked.unit and language == "en" and (length := _length(text, asked.unit)) is not None:
        number = length.number
    else:
        number = read_number(text, language, temperature=asked.temperature)
    if number is None:
        return
    if kind == "number" and _PERCENT.search(text) and asked.fraction and not _above_one(parameter):
        yield _plain(Decimal(str(number)) / 100)
    elif kind == "number" or isinstance(number, int):
        yield number


def _above_one(parameter: Parameter) -> bool:
    default = parameter.default if parameter.has_default else None
    return isinstance(default, int | float) and default > 1


_CLOCK = re.compile(
    r"\d\s*[ap]\.?\s?m\b|o'?clock\b|\b(?:noon|midnight|morning|afternoon|evening|night)\b", re.IGNORECASE
)


def _day_hour(text: str, now: datetime | None, language: str) -> int | None:
    """`11 PM` is 23; only full hours."""
    if not _CLOCK.search(text):
        return None
    clock = parse_time(text, (now or datetime.now()).replace(microsecond=0, tzinfo=None), language)
    return clock.hour if clock is not None and not (clock.minute or clock.second) else None


_LENGTHS = dict(zip(UNITS, (1, 60, 3600, 86_400, 604_800, 1, 12, 120, 1200), strict=True))
_CLOCK_UNITS = frozenset(UNITS[:5])
_NAMES = {
    **{name: unit for unit in UNITS for name in (unit, f"{unit}s")},
    "centuries": "century",
    **dict.fromkeys(("sec", "secs"), "second"),
    **dict.fromkeys(("min", "mins"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs"), "hour"),
    **dict.fromkeys(("wk", "wks"), "week"),
    **dict.fromkeys(("yr", "yrs"), "year"),
}
_UNIT = rf"({'|'.join(sorted(_NAMES, key=len, reverse=True))})\b"
_QUANTITY = re.compile(rf"(?<![\w.,/:-])(\d+(?:\.\d+)?)[\s-]*{_UNIT}\.?")
_BETWEEN = re.compile(r"\s*(?:,|and|,\s*and)?\s*")
_ONE_UNIT = re.compile(
    r"(?:(?:for|in|within|over|during|after) )?"
    rf"(?:(?:the )?(?:next|coming|following|upcoming|past|last|previous) |(half an? )|an? |another ){_UNIT}"
)


class _Length:
    """How long a text says, in a unit; `number` is None where the two cannot be converted (months into days)."""

    def __init__(self, parts: list[tuple[Decimal, str]], unit: str) -> None:
        exact = all((part in _CLOCK_UNITS) == (unit in _CLOCK_UNITS) for _, part in parts)
        total = sum((amount * _LENGTHS[part] for amount, part in parts), Decimal(0)) / _LENGTHS[unit]
        self.number = _plain(total) if exact else None


def _length(text: str, unit: str) -> _Length | None:
    """`an hour and 30 minutes`, `next week` in a unit of time; None if the text names no length of time."""
    if len(text) > _LONGEST_NUMBER:
        return None
    text = " ".join(text.casefold().split()).strip(" .,;!?")
    if one := _ONE_UNIT.fullmatch(text):
        return _Length([(Decimal("0.5") if one[1] else Decimal(1), _NAMES[one[2]])], unit)
    if _INEXACT.search(text):
        return None
    text = re.sub(rf"^an? (?={_UNIT})", "1 ", _in_digits(text, "en"))
    found = list(_QUANTITY.finditer(text))
    between = [text[a.end() : b.start()] for a, b in pairwise(found)]
    if not found or not all(map(_BETWEEN.fullmatch, between)) or re.search(r"\d", _QUANTITY.sub(" ", text)):
        return None
    return _Length([(Decimal(part[1]), _NAMES[part[2]]) for part in found], unit)
