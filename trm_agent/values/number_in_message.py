"""A number where it stands: with its minus, its code, its unit, its currency, its "thousand"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trm_agent.text.clock import clock_ranges, clocks
from trm_agent.text.language import HAN
from trm_agent.text.numbers import amount, number_runs
from trm_agent.text.units import kind_of, quantities, unit_names
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.declared import Hints, hints
from trm_agent.values.numbers import is_code, read_number
from trm_agent.values.parse import parse_value
from trm_agent.values.place import Place, Told, Where, inside, meet, plainly
from trm_agent.values.said_number import said_number


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema allows, those of its branches where it names none itself."""
    declared = schema.get("type")
    if declared is not None:
        return {kind for kind in (declared if isinstance(declared, list) else [declared]) if isinstance(kind, str)}
    branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or ()
    return {kind for branch in branches if isinstance(branch, Mapping) for kind in _kinds(branch)}


def is_numeric(parameter: Parameter) -> bool:
    return bool(_kinds(parameter.schema) & {"integer", "number"})


_TOKEN = re.compile(rf"(?:[^\W{HAN}]|#)+(?:[-/.](?:[^\W{HAN}]|#)+)*")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])\d+(?:\.\d{3})*,\d{1,2}(?![\w,]|\.\d)")
_COUNTING = re.compile(r"(?:top|under|over|sub|mid|pre|post|non)-\d+", re.IGNORECASE)
_MONEY = r"(?:dollars?|usd|us dollars|euros?|eur|pounds?|gbp|quid|bucks|yen|jpy|rupees?|inr|cents?|pence|đồng|vnd)"
_AMOUNT = re.compile(
    r"(?:[$€£¥₹]\s?)?(?<![\w.,])\d+(?:,\d+)*(?:\.\d+)?\s?"
    rf"(?:k\b|thousand|million|billion|nghìn|ngàn|triệu)?\s?(?:[$€£¥₹₫]|{_MONEY}\b)?(?: and \d\d? cents)?",
    re.IGNORECASE,
)
_SCALED = re.compile(
    r"(?:\d[\d,]*(?:\.\d+)?|(?:half a|a|an|[a-z]+)\b)\s?"
    r"(?:k\b|hundred\b|thousand\b|million\b|billion\b|dozen\b|nghìn\b|ngàn\b|triệu\b)(?:\srưỡi\b)?",
    re.IGNORECASE,
)


def number_at(where: Where, parameter: Parameter) -> Told | None:
    language = where.language
    if language == "en" and (told := said_number(where, parameter)) is not None:
        return told
    asked, place = hints(parameter), _signed(where.text, _all_words(where.text, where.place, language))
    code = _code(where.text, place, asked.measure, language, symbols=not asked.names)
    if code is not None:
        return plainly(where, parameter, code) if "string" in _kinds(parameter.schema) else None
    if asked.measure or asked.currency:
        wide = _with_unit(where.text, place, asked, language)
        if wide is not None and (shares := _shared_units(parameter, asked.measure, where.siblings)):
            return _share(where, parameter, wide, shares, language)
        if wide is not None:
            told = plainly(where, parameter, wide)
            return told if told is None or not isinstance(told.value, str) else plainly(where, parameter, place)
        if asked.measure and kind_of(asked.measure) in ("clock", "calendar") and _is_time(where.text, place):
            return None
    if (shared := _with_power(where.text, place, language, asked)) is not None:
        value = parse_value(f"{shared.normalize():f}", parameter, where.now)
        return Told(value, *place) if value is not None else None
    for found in _SCALED.finditer(where.text):
        if meet(found.span(), place) and read_number(found[0], language) is not None and inside(place, found.span()):
            place = found.span()
    return plainly(where, parameter, place) or _of_something(where, parameter, language)


_AMOUNTS = frozenset(("amount", "quantity", "qty", "value", "count", "size", "weight", "distance", "kg"))


def _of_something(where: Where, parameter: Parameter, language: str) -> Told | None:
    """The number of an amount whose unit is not asked for ("half a kilo" is half of what is counted)."""
    found = [q for q in quantities(where.text, language) if meet((q.start, q.end), where.place)]
    if hints(parameter).measure or len(found) != 1 or len(found[0].parts) != 1:
        return None
    names = set(identifier_words(parameter.name.rsplit(".", 1)[-1]).split())
    if found[0].short or found[0].kinds().isdisjoint(("mass", "volume", "length")) or names.isdisjoint(_AMOUNTS):
        return None
    value = parse_value(f"{found[0].parts[0][0].normalize():f}", parameter, where.now)
    return Told(value, found[0].start, found[0].end) if value is not None else None


def _all_words(text: str, place: Place, language: str) -> Place:
    """With the number words before and behind it that belong to the same number ("five" of "twenty five percent")."""
    if own := [run for run in number_runs(text, language) if inside(place, (run.start, run.end))]:
        return own[0].start, own[0].end
    if language != "en":
        literals = [m.span() for m in _DECIMAL_COMMA.finditer(text) if inside(place, m.span())]
        place = literals[0] if literals else place
    start, end = place
    first = re.match(r"[^\W\d_]+", text[start:end])
    while first and (before := re.search(r"([^\W\d_]+)[ -]$", text[:start])):
        longer = text[before.start() : start + len(first[0])]
        if amount(before[1].lower(), language) is None or amount(longer.lower(), language) is None:
            break
        start, first = before.start(), re.match(r".*", longer)
    last = re.search(r"[^\W\d_]+$", text[start:end])
    while last and (behind := re.match(r"[ -]([^\W\d_]+)", text[end:])):
        longer = text[start + last.start() : end + behind.end()]
        if amount(behind[1].lower(), language) is None or amount(longer.lower(), language) is None:
            break
        last, end = re.search(re.escape(longer) + "$", text[start : end + behind.end()]), end + behind.end()
    return start, end


_LEAST_DONG = 1000
"""Nothing is sold for less: an amount of hundreds is said in thousands."""


def _with_power(text: str, place: Place, language: str, asked: Hints) -> Decimal | None:
    """A bare number whose "thousand" or "million" is said with the other end of its range, or with none of both."""
    number = amount(text[slice(*place)], language)
    own = [run for run in number_runs(text, language) if inside(place, (run.start, run.end)) and run.power >= 1000]
    if number is None or own or number != int(number):
        return None
    joint = re.match(r"\s*(?:tới|đến|-|–|到|至)\s*", text[place[1] :])
    for run in number_runs(text, language) if joint else ():
        if run.start == place[1] + (joint.end() if joint else 0) and run.power >= 1000:
            fitting = [power for power in (run.power, 1000) if number * power < run.value]
            return number * fitting[0] if fitting and number < run.value / 10 else None
    return number * 1000 if asked.currency == "dong" and 100 <= number < _LEAST_DONG else None


def _signed(text: str, place: Place) -> Place:
    """With the minus that stands right before a number, unless it joins two ("b = -3", not "5-3")."""
    if not re.search(r"(?:^|[^\w\s)])\s*-$|\s-$", text[: place[0]]) or not text[place[0]].isdigit():
        return place
    return place[0] - 1, place[1]


def _code(text: str, place: Place, measure: str | None, language: str, *, symbols: bool) -> Place | None:
    """The code that a span is a part of: letters and digits in one word, but for a unit; zeros in front."""
    for found in _TOKEN.finditer(text):
        if found.start() <= place[0] and place[1] <= found.end():
            word = found[0].rstrip(".")
            units = [q for q in quantities(word) if not q.short or (measure and kind_of(measure) in q.kinds())]
            number = read_number(word, language, symbols=symbols) is not None and word[0] != "0"
            if is_code(word) and not number and not _COUNTING.fullmatch(word) and not units:
                return found.start(), found.start() + len(word)
    return None


def _with_unit(text: str, place: Place, asked: Hints, language: str) -> Place | None:
    """The whole amount with its unit or its currency that a span is a part of."""
    if asked.currency or asked.measure == "money-cent":
        for found in _AMOUNT.finditer(text):
            span = found.start(), found.start() + len(found[0].rstrip())
            if meet(span, place) and len(text[slice(*span)]) > place[1] - place[0]:
                return min(span[0], place[0]), max(span[1], place[1])
        if asked.currency:
            return None
    kind = kind_of(asked.measure) if asked.measure else ""
    # One letter, or a word that is more than a unit, counts as one where the parameter is of that kind.
    found_at = [q for q in quantities(text, language) if meet((q.start, q.end), place)]
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
        return plainly(where, parameter, place)
    found = [q for q in quantities(where.text, language) if meet((q.start, q.end), place)]
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
    return any(meet(span, place) for span in told)
