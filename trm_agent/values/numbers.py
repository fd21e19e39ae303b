"""Numbers in text: digits, words, money, percentages, spans of time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from trm_agent.text.dates import parse_time
from trm_agent.text.language import knowledge
from trm_agent.text.numbers import amount, in_digits, read_aloud
from trm_agent.text.units import Quantity, kind_of, quantities, unit_at
from trm_agent.types import Parameter
from trm_agent.values.declared import hints

_NUMBER = re.compile(
    r"(?<![\w.,])(?<![^\W\d_][-/])[-+−]?(\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d{1,2}(?!\w))?)(?:(k|mn?|bn?)\b)?"
    r"(?:st|nd|rd|th|ish|x|s|'s)?(?![^\W_])",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=\d)([^\W\d_]+)(?![\w-])")
_COMPOUND = re.compile(r"(?<=\d)[^\W\d_]+(?:[/·*][^\W\d_]+|\^-?\d|[²³])+(?!\w)")
_CODE = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])[\w#][\w/#.-]*|0\d+")
_METRES = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)(?=[mcfg°]\b|°)")
_MAGNITUDE = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)\s+([^\W\d]+)")
_POWERS = frozenset(("100", "1000", "1000000", "1000000000"))
_SUFFIXES = {"k": 1000, "m": 1_000_000, "mn": 1_000_000, "b": 1_000_000_000, "bn": 1_000_000_000}
_MINUS = re.compile(r"(?<!\w)(?:minus|negative)\s+(?=\d)")
_CURRENCY = re.compile(r"[$€£¥₹]")
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)
# Words that change the number they stand beside, and that the number library does not read.
_INEXACT = re.compile(r"\b(?:half|quarter|couple|few|several|score|between|[ap]\.?m)\b", re.IGNORECASE)
_THOUSANDS_POINT = re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))(?<!\d{4}\.)")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(\d{1,2})(?!\d)")
_LONGEST_NUMBER = 120
_MOST_DIGITS = 30


def read_number(
    text: str, language: str = "en", *, temperature: bool = False, symbols: bool = False
) -> int | float | None:
    """The one number that a text holds: digits, words, money, ordinals; None without one, or with several.

    Letters and hyphens that a number is part of make a code of it (A-7, 12b), unless they are a unit (5kg).

    Args:
        text: To read.
        language: Of number words.
        temperature: Whether 300K is a temperature rather than three hundred thousand.
        symbols: Whether one letter of a physical unit may follow (5C, 4A), which elsewhere makes a code.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    if (said := _in_words(text, language)) is not None:
        return said
    text = _COMPOUND.sub("", text)
    if language != "en":
        text = _DECIMAL_COMMA.sub(r".\1", _THOUSANDS_POINT.sub("", text))
    if symbols:
        text = _GLUED.sub(lambda letters: "" if _is_symbol(letters[1]) else letters[0], text)
    money = bool(_CURRENCY.search(text))
    text = _GLUED.sub(
        lambda letters: f" {letters[1]}" if unit_at(letters[1]) and len(letters[1]) > 1 else letters[0], text
    )
    text = _METRES.sub(r"\1 ", text) if not money else text
    digits = _dozens(_CURRENCY.sub(" ", text), language)
    digits = _MAGNITUDE.sub(lambda match: _times(match, language), digits)
    digits = _MINUS.sub("-", in_digits(digits, language))
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


def _in_words(text: str, language: str) -> int | float | None:
    """A number read aloud digit by digit, or with a half behind it."""
    words = text.strip(" .,;!?")
    if (number := read_aloud(words, language)) is not None:
        return _plain(number)
    data = knowledge(language)
    halves = {} if "half_power" in data else data.get("fractions", {}).get("after", {})
    for end, part in halves.items():
        if words.casefold().endswith(f" {end}"):
            before = amount(words[: -len(end)].casefold(), language)
            return None if before is None else _plain(before + Decimal(str(part)))
    return None


def _is_symbol(letters: str) -> bool:
    """Whether letters are a physical unit that CLDR does not list, with or without a prefix: C, mH, µF."""
    symbols = knowledge("en")["symbols"]
    return letters in symbols or (letters[0] in "kMGmµμnpcd" and letters[1:] in symbols)


def is_code(text: str) -> bool:
    """Whether a text is one word of letters and digits that is no number with its unit, or has zeros in front."""
    word = text.strip().strip(".,;!?")
    return bool(_CODE.fullmatch(word)) and (read_number(word) is None or (word[0] == "0" and "." not in word))


def is_length(text: str, language: str = "en") -> bool:
    """Whether a text is a length of time and nothing else."""
    found = quantities(text, language)
    whole = " ".join(text.casefold().split()).strip(" .,;!?")
    return (
        len(found) == 1
        and bool(found[0].kinds() & {"clock", "calendar"})
        and text[found[0].start : found[0].end].casefold() == whole
    )


def is_number(text: str, language: str = "en") -> bool:
    """Whether a text is a number and nothing else, in digits or in words."""
    return amount(text.strip(" .!?").removeprefix("-").casefold(), language) is not None


def _factor(suffix: str, *, money: bool, temperature: bool) -> int | None:
    """5k is 5000 and $1M a million; 5m is in metres, 5M may be either."""
    if suffix in ("k", "K"):
        return 1 if temperature else 1000
    if money or not suffix:
        return _SUFFIXES.get(suffix.lower(), 1)
    return 1 if suffix == "m" else None


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _dozens(text: str, language: str) -> str:
    """`two dozen eggs` and `half a million` in digits."""
    for word, count in knowledge(language).get("dozens", {}).items():
        if word.startswith("couple"):
            continue  # exact enough for a length of time only
        text = re.sub(
            rf"\b(?:(half a|a|[\w-]+) )?{word}\b",
            lambda said, count=count: _counted(said, count, language),  # type: ignore[misc]
            text,
        )
    return re.sub(r"\bhalf a (?=(?:million|billion)\b)", "0.5 ", text, flags=re.IGNORECASE)


def _counted(said: re.Match[str], count: int, language: str) -> str:
    if said[1] is None or said[1] == "a":
        return str(count)
    times = Decimal("0.5") if said[1] == "half a" else amount(said[1], language)
    return f"{said[1]} {count}" if times is None else f"{(times * count).normalize():f}"


def _units(text: str, language: str) -> frozenset[str]:
    return frozenset(unit for q in quantities(text, language) for _, units in q.parts for unit in units)


def _times(match: re.Match[str], language: str) -> str:
    """`2 million` in digits; the number library reads only `two million`."""
    power = in_digits(match[2], language)
    return f"{Decimal(match[1]) * int(power):f}" if power in _POWERS else match[0]


def number_readings(
    text: str, parameter: Parameter, kind: str, now: datetime | None, language: str
) -> Iterable[int | float | None]:
    """What a text is as the number that a parameter asks for; `kind` is `integer` or `number`."""
    asked = hints(parameter)
    if asked.day_hours and (hour := _day_hour(text, now, language)) is not None:
        yield hour
        return
    measured = _measured(text, asked.measure, language) if asked.measure else None
    if measured is not None:
        number = _tidy(measured[0]) if measured[0] is not None else None
        if kind == "integer" and measured[0] is not None and measured[0] != int(measured[0]):
            return  # rounded it would be another amount
    elif asked.currency and (said := money_named(text)) and said != asked.currency:
        return
    else:
        number = read_number(text, language, temperature=asked.temperature, symbols=not asked.names)
        if number is not None and asked.currency and "money-cent" in _units(text, language):
            number = _plain(Decimal(str(number)) / 100)
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


_ONE_UNIT = re.compile(
    r"(?:(?:for|in|within|over|during|after|the|of) )*(?:next|coming|following|upcoming|past|last|previous|this) (.+)"
)


def _measured(text: str, measure: str, language: str) -> tuple[Decimal | None] | None:
    """What a text says in a unit, None in it where that cannot be told; None if it says no unit.

    A unit of another kind makes it untold, but for single letters, which may as well be none.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    if kind_of(measure) == "money":
        return _cents(text, language)
    plain = " ".join(text.casefold().split()).strip(" .,;!?")
    if (one := _ONE_UNIT.fullmatch(plain)) and kind_of(measure) in ("clock", "calendar"):
        units = unit_at(one[1])
        return (Quantity(0, 0, ((Decimal(1), units),)).into(measure),) if units else None
    found = [q for q in quantities(text, language) if not q.short or kind_of(measure) in q.kinds()]
    if not found:
        return None
    rest = "".join(in_digits(text[a:b], language) for a, b in _between(text, found))
    if len(found) > 1 or re.search(r"\d", rest):
        return (None,)
    return (found[0].into(measure),)


def _between(text: str, found: Sequence[Quantity]) -> list[tuple[int, int]]:
    ends = [0, *(q.end for q in found)]
    return list(zip(ends, [*(q.start for q in found), len(text)], strict=True))


def _cents(text: str, language: str) -> tuple[Decimal | None] | None:
    """An amount of money in its hundredths; one that names no currency stays as it is, if it is whole."""
    parts = [q for q in quantities(text, language) if "money" in q.kinds()]
    cents = sum((part.into("money-cent") or Decimal(0) for q in parts for part in [q]), Decimal(0))
    for quantity in reversed(parts):
        text = text[: quantity.start] + " " + text[quantity.end :]
    text = re.sub(r"[\s,]*\band\b\s*$", "", text)
    if not re.search(r"\d", in_digits(text, language)):
        return (cents,) if parts else None
    if money_named(text) is None:
        return None if not parts else (None,)
    number = read_number(text, language)
    return (Decimal(str(number)) * 100 + cents,) if number is not None else (None,)


def money_named(text: str) -> str | None:
    """The currency whose sign or noun a text names: `dollar`, `euro`, …; None if it names none, or several."""
    lower = text.lower()
    named = {
        noun
        for noun, names in knowledge("en")["money"].items()
        for name in names
        if (re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lower) if name.isalpha() or " " in name else name in lower)
    }
    return named.pop() if len(named) == 1 else None


def _tidy(number: Decimal) -> int | float:
    """A converted amount: exact where it has few digits, else to the second one after the point."""
    exact = number.normalize()
    if -exact.as_tuple().exponent <= 4:  # type: ignore[operator]
        return _plain(exact)
    return _plain(round(number, 2 if abs(number) >= 1 else 6))
