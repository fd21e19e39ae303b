"""Amounts with units as they are said, and what they are in another unit: "an hour and a half" is 90 minutes.

The names of units are CLDR's, in every language that has a file here (`babel`), the few that it lacks are the
language's own data, factors stand in `units.json`. Units are named as CLDR does: `duration-minute`, `mass-kilogram`.
Nothing is converted between months and days, of which neither holds a whole number of the other.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from trm_agent.text.language import LANGUAGES, knowledge
from trm_agent.text.numbers import amount

_TABLE: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "units.json").read_text(encoding="utf-8"))
_KINDS = {"clock": "duration", "calendar": "duration"}
_FACTORS = {
    f"{_KINDS.get(kind, kind)}-{unit}": (kind, Decimal(factor))
    for kind, factors in _TABLE.items()
    for unit, factor in factors.items()
}
_FACTORS["money-cent"] = ("money", Decimal(1))
_MINOR = {
    "duration-hour": ("duration-minute", 60),
    "length-foot": ("length-inch", 12),
    "mass-stone": ("mass-pound", 14),
    "duration-minute": ("duration-second", 60),
}
"""What a bare number after an amount is counted in: "2h30", "5 foot 10"."""
_TOKENS = 6
_TENS = "(?:ten|fifteen|twenty|thirty|forty|fifty)"
_NOT_COMPOUND = r"(?![^\W\d_])(?!\s?(?:/|\^|²|³|·|\*\s?[a-z]|per\b|squared\b|cubed\b))"
_JOINED = re.compile(r"\s*(?:,|\band\b|,\s*and\b|\bund\b|\bet\b|\by\b|\bvà\b|&)?\s*")
_MINUS = re.compile(r"(?:(?<![\w)])\s?[-−]|\b(?:minus|negative|âm)\s)$")
_WORD_BEFORE = re.compile(r"(?:[^\s,;:()]|(?<=\d),(?=\d))+[\s-]*$")
_OWN_SHORT = 3
"""Letters from which a unit's name in another language than English counts in every language."""
_WORDS = frozenset(("in", "st", "t", "q", "a", "to", "an"))
"""Short names that are words, or endings of ordinals."""
_MEANT = {
    "m": ("length-meter", "duration-minute"),
    "°": ("temperature-generic",),
    "kb": ("digital-kilobyte",),
    "mb": ("digital-megabyte",),
    "gb": ("digital-gigabyte",),
    "b": ("digital-byte",),
    "c": ("temperature-celsius",),
    "s": ("duration-second",),
}
"""What a short name means that CLDR gives to several units."""


@dataclass(frozen=True)
class Quantity:
    """An amount with its unit, or several that are one ("1 hour 30 minutes").

    Attributes:
        start: First character.
        end: One past the last.
        parts: Each amount, and the units that its name may be.
        short: Whether a unit is one letter, which may as well be none.
    """

    start: int
    end: int
    parts: tuple[tuple[Decimal, frozenset[str]], ...]
    short: bool = False

    def kinds(self) -> frozenset[str]:
        """What it may be an amount of: `clock`, `calendar`, `length`, …"""
        return frozenset.intersection(*(frozenset(_FACTORS[unit][0] for unit in units) for _, units in self.parts))

    def into(self, unit: str) -> Decimal | None:
        """The amount in a unit; None where it cannot be told."""
        kind, factor = _FACTORS[unit]
        total = Decimal(0)
        for number, units in self.parts:
            if unit in units:
                total += number
                continue
            fitting = [name for name in units if _FACTORS[name][0] == kind]
            if len(fitting) != 1:
                return None
            if kind == "temperature":
                total += _temperature(number, fitting[0].split("-")[1], unit.split("-")[1])
            else:
                total += number * _FACTORS[fitting[0]][1] / factor
        return total

    def share(self, unit: str, others: Sequence[str]) -> Decimal | None:
        """What of it is told in a unit where others are told apart; None where nothing is.

        As it was said, if all of it is said in these units, else as many whole units as there are, the largest first.
        """
        listed = {unit, *others}
        if all(len(units & listed) == 1 and number == int(number) for number, units in self.parts):
            own = [number for number, units in self.parts if unit in units]
            return sum(own, Decimal(0)) if own else None
        smallest = min(listed, key=lambda name: _FACTORS[name][1])
        left = self.into(smallest)
        for name in sorted(listed, key=lambda name: -_FACTORS[name][1]):
            if left is None:
                return None
            size = _FACTORS[name][1] / _FACTORS[smallest][1]
            count = left if name == smallest else left // size
            if name == unit:
                return count.normalize() if count else None
            left -= count * size
        return None


def kind_of(unit: str) -> str:
    """`clock`, `calendar`, `length`, `mass`, `digital`, `volume`, `speed`, `temperature` or `money`."""
    return _FACTORS[unit][0]


@lru_cache(maxsize=4096)
def quantities(text: str, language: str = "en") -> tuple[Quantity, ...]:
    """The amounts with units that a text says, in order; what is counted by another unit ("a week") is none."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text
    found: list[Quantity] = []
    for one in _single(lower, language):
        before = found[-1] if found else None
        if before is not None and one.start < before.end:
            if one.start <= before.start:
                found[-1] = one  # "three quarters of an hour" are no quarters of a year
            continue
        gap = lower[before.end : one.start] if before is not None else ""
        if before is not None and _JOINED.fullmatch(gap) and before.kinds() & one.kinds():
            if _smaller(one, before):
                whole = (*before.parts, *one.parts)
                found[-1] = Quantity(before.start, one.end, whole, before.short or one.short)
                continue
            if not gap.strip() and one.parts[0][0] == 1 and not lower[one.start].isdigit():
                continue  # a rate, "5 days a week"
        found.append(one)
    return tuple(found)


def unit_names(language: str = "en") -> Mapping[str, frozenset[str]]:
    """Every name of a unit in a language, and the units that it may be."""
    return _names((language,))


def unit_at(text: str) -> frozenset[str]:
    """The units that a whole text names ("kg", "Minutes"); none if it names no unit."""
    return _names(LANGUAGES).get(" ".join(text.lower().split()), frozenset())


def _smaller(one: Quantity, before: Quantity) -> bool:
    kinds = one.kinds() & before.kinds()
    sizes = [max(_FACTORS[u][1] for u in q.parts[i][1] if _FACTORS[u][0] in kinds) for q, i in ((one, 0), (before, -1))]
    return sizes[0] < sizes[1]


def _single(text: str, language: str) -> Iterator[Quantity]:
    for match in _unit_pattern().finditer(text):
        units = _names(LANGUAGES)[" ".join(match[0].split())]
        said = _amount_before(text, match.start(), language, short=len(match[0]) < 3)
        if said is None:
            continue
        number, start = said
        end = match.end()
        for phrase, share in _fractions("after", language):
            if after := re.match(rf"\s+{re.escape(phrase)}\b", text[end:]):
                number, end = number + share, end + after.end()
                break
        parts = [(number, units)]
        for unit in units & _MINOR.keys():
            minor, most = _MINOR[unit]
            alone = "" if unit in ("length-foot", "mass-stone") else r"(?!\s*\w)"
            trailing = re.match(
                rf"(?:\s|\s?and\s)(\d{{1,2}}|{_TENS}(?:[\s-][a-z]+)?)(?![\w:/%-]|[.,]\d|\s*[ap]\.?m\b){alone}",
                text[end:],
            )
            glued = re.match(r"(\d{2})(?!\w)", text[end:])
            tail = glued or trailing
            more = amount(tail[1], language) if tail else None
            if tail and more is not None and more < most and number == int(number):
                parts, end = [*parts, (more, frozenset((minor,)))], end + tail.end()
                break
        yield Quantity(start, end, tuple(parts), len(match[0]) == 1)


def _amount_before(text: str, end: int, language: str, *, short: bool) -> tuple[Decimal, int] | None:
    """The number that stands right before a place, and where it starts."""
    left = re.sub(r"[\s-]+$", "", text[:end])
    if short and not left[-1:].isdigit() and left[-1:] not in "½¼¾":
        return None
    for phrase, share in _fractions("inside", language):
        if left.endswith(phrase) and (whole := _number_ending(left[: -len(phrase)].rstrip(), language)):
            return whole[0] + share, whole[1]
    for phrase, share in _fractions("before", language):
        if re.search(rf"(?<![^\W_]){re.escape(phrase)}$", left):
            return share, len(left) - len(phrase)
    for phrase, count in knowledge(language).get("dozens", {}).items():
        if found := re.search(rf"(?<!\w)(?:(a|half a|[\w-]+)\s)?{phrase}$", left):
            times = {"a": Decimal(1), "half a": Decimal("0.5"), None: Decimal(1)}.get(found[1]) or amount(
                found[1], language
            )
            return (times * count, found.start()) if times is not None else None
    if number := _number_ending(left, language):
        return number
    for word in knowledge(language).get("one", ()):
        if re.search(rf"(?<![^\W_]){word}$", left):
            return Decimal(1), len(left) - len(word)
    return None


def _number_ending(left: str, language: str) -> tuple[Decimal, int] | None:
    """The number that a text ends with, the longest that is one, with its sign."""
    best: tuple[Decimal, int] | None = None
    start = len(left)
    for _ in range(_TOKENS):
        token = _WORD_BEFORE.search(left[:start])
        if token is None:
            break
        start = token.start()
        said = re.sub(r"^[-−~$€£]+", "", left[start:])
        number = amount(said, language) if not said.startswith("and ") else None
        if number is not None:
            best = number, len(left) - len(said)
        elif best is not None and not re.search(r"(?:and|[-\w]+ty|hundred|thousand|million)\b|\d$", left[start:]):
            break
    if best is not None and (minus := _MINUS.search(left[: best[1]])):
        return -best[0], best[1] - len(minus[0].lstrip())
    return best


@lru_cache(maxsize=64)
def _fractions(where: str, language: str) -> tuple[tuple[str, Decimal], ...]:
    said = knowledge(language).get("fractions", {}).get(where, {})
    return tuple((phrase, Decimal(str(said[phrase]))) for phrase in sorted(said, key=len, reverse=True))


@lru_cache(maxsize=8)
def _names(languages: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    from babel import Locale

    names: defaultdict[str, set[str]] = defaultdict(set)
    for language in languages:
        for unit, widths in Locale.parse(language)._data["unit_patterns"].items():
            if unit not in _FACTORS:
                continue
            for width in ("long", "short", "narrow"):
                for form in dict(widths.get(width) or {}).values():
                    if isinstance(form, str) and "{0}" in form:
                        name = " ".join(form.replace("{0}", " ").lower().split()).rstrip(".")
                        plain = re.fullmatch(r"[^\W\d_°]+(?:[ /][^\W\d_]+)*|°[cfk]?|µ[^\W\d_]+", name)
                        if plain and name not in _WORDS and (language == "en" or len(name) >= _OWN_SHORT):
                            names[name].add(unit)
        for unit, more in knowledge(language).get("units", {}).items():
            for name in more:
                names[name].add(unit)
    return {name: frozenset(_MEANT.get(name, units)) for name, units in names.items()}


@lru_cache(maxsize=1)
def _unit_pattern() -> re.Pattern[str]:
    names = sorted(_names(LANGUAGES), key=len, reverse=True)
    listed = "|".join(re.escape(name).replace(r"\ ", r"\s") for name in names)
    return re.compile(rf"(?<![^\W\d_])(?:{listed}){_NOT_COMPOUND}")


def _temperature(number: Decimal, said: str, asked: str) -> Decimal:
    """Degrees that name no scale are taken as those that are asked for."""
    if "generic" in (said, asked) or said == asked:
        return number
    celsius = {
        "celsius": lambda: number,
        "fahrenheit": lambda: (number - 32) * 5 / 9,
        "kelvin": lambda: number - Decimal("273.15"),
    }[said]()
    return {
        "celsius": lambda: celsius,
        "fahrenheit": lambda: celsius * 9 / 5 + 32,
        "kelvin": lambda: celsius + Decimal("273.15"),
    }[asked]()
