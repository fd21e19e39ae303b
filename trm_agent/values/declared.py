"""What a parameter's name and description ask for: a fraction, a unit of time, a form of dates, a currency code.

Only plain words are taken: where a description says two things, it says nothing. Descriptions are read in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trm_agent.types import Parameter, identifier_words
from trm_agent.values.schema import Identity

UNITS = ("second", "minute", "hour", "day", "week", "month", "year", "decade", "century")
_SOME_UNIT = r"seconds|minutes|hours|days|weeks|months|years|decades|centuries"
_COUNTED_IN = re.compile(
    rf"\b(?:in|of) ({_SOME_UNIT})\b(?!\s+per\b)|\bnumber of (?:\w+ )?({_SOME_UNIT})\b|\(({_SOME_UNIT})\)"
)
_UNIT_WORD = re.compile(rf"\b({_SOME_UNIT})\b")
_TEMPERATURE = re.compile(r"\b(?:kelvins?|temperatures?|temp)\b")
_DAY_HOURS = re.compile(r"\b24[- ]?h(?:ou)?rs?\b|\bhours? of (?:the )?day\b|\b0\s?(?:-|–|to)\s?23\b")
_RANGE = re.compile(
    r"\b(?:range|interval|limits|bounds|(?:start|starting|lower|minimum|from) and (?:the )?"
    r"(?:end|ending|upper|maximum|to))\b"
)
_CODE = re.compile(r"\bcodes?\b|\biso\b|\b(?:three|3)[- ]letters?\b")
_CODE_EXAMPLE = re.compile(r"\b(?:USD|EUR|GBP|JPY|CNY|INR|CHF|CAD|AUD)\b")

_ONE = r"1(?:\.0+)?(?![\d.,]*\d)"
_FRACTION = re.compile(
    r"\b(?:as a|in|as) decimals?\b(?! places)|\bdecimal (?:form|format|notation|fraction|number)\b|\bas a fraction\b"
    rf"|\bbetween 0(?:\.0+)? and {_ONE}|\b0(?:\.0+)?\s?(?:to|-|–)\s?{_ONE}|[\[(]0(?:\.0+)?,\s?{_ONE}"
    rf"|\bsums? (?:up )?to {_ONE}"
)
_PERCENT = re.compile(r"%|\bper ?cent|\b0\s?(?:-|–|to)\s?100\b")
_SMALL = re.compile(r"(?<![\d.])0?\.\d+(?![\d.]*\s?(?:%|per ?cent))")
_SHARE = re.compile(r"\b(?:rates?|probabilit(?:y|ies)|likelihood|proportions?|fractions?|ratios?)\b")

_PART = r"(?:[Yy]{4}|[Mm]{2}|[Dd]{2}|[Hh]{2}|[Ss]{2}|%[YmdHMS])"
_FORM = re.compile(rf"(?<![A-Za-z%]){_PART}(?:[-/.: T]?{_PART})+(?![A-Za-z%]|\s?(?:[AaPp]\.?[Mm]\b|[AaPp]\b))")
_EXAMPLE_FORM = re.compile(r"(?<![\w/-])\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?(?![\w/:-])")
_FORMS = (set("Ymd"), set("HM"), set("HMS"), set("YmdHM"), set("YmdHMS"))


@dataclass(frozen=True)
class Hints:
    """What a declaration asks for.

    Attributes:
        fraction: A percentage is meant as a fraction of one.
        temperature: So that 300K is not three hundred thousand.
        unit: Of time, that it is counted in.
        day_hours: An hour of the day, to 24.
        range: Two numbers, the first and the last of a range.
        form: Of dates and times, as `strftime` writes it.
        currency_code: ISO 4217.
    """

    fraction: bool
    temperature: bool
    unit: str | None
    day_hours: bool
    range: bool
    form: str | None
    currency_code: bool


def hints(parameter: Parameter) -> Hints:
    """What name and description ask for; read once per schema."""
    return _read(parameter.name, Identity(parameter.schema))


@lru_cache(maxsize=8192)
def _read(name: str, key: Identity) -> Hints:
    schema = key.schema
    description = str(schema.get("description") or "")
    words = identifier_words(name.rsplit(".", 1)[-1])
    text = f"{words}: {description.casefold()}"
    return Hints(
        fraction=_asks_fraction(text, schema),
        temperature=bool(_TEMPERATURE.search(text)),
        unit=_unit(words, text),
        day_hours=bool(_DAY_HOURS.search(text)) or ("hour" in words.split() and schema.get("maximum") == 23),
        range=bool(_RANGE.search(text)) or schema.get("minItems") == schema.get("maxItems") == 2,
        form=_form(description),
        currency_code=_asks_currency_code(text, description, schema),
    )


def _asks_fraction(text: str, schema: Mapping[str, Any]) -> bool:
    """Bounds and examples decide; then what is said outright; then whether it is a rate or the like."""
    maximum = schema.get("maximum", schema.get("exclusiveMaximum"))
    if isinstance(maximum, int | float) and not isinstance(maximum, bool):
        return maximum <= 1
    examples = schema.get("examples")
    shown = [n for n in examples if isinstance(n, int | float)] if isinstance(examples, list) else []
    if any(abs(n) > 1 for n in shown):
        return False
    if any(0 < abs(n) < 1 for n in shown) or _FRACTION.search(text):
        return True
    if _PERCENT.search(text):
        return bool(_SMALL.search(text))
    return bool(_SHARE.search(text))


def _unit(words: str, text: str) -> str | None:
    """The one unit of time that a count is declared in: the name says it best."""
    said = set(_UNIT_WORD.findall(words)) or {
        next(filter(None, found.groups())) for found in _COUNTED_IN.finditer(text)
    }
    return next(unit for unit in UNITS if said & {f"{unit}s", "centuries"}) if len(said) == 1 else None


def _form(description: str) -> str | None:
    """The one form of a date or time that is described; else the one that an example shows."""
    described = [_strftime(found[0]) for found in _FORM.finditer(description)]
    if described:
        return described[0] if len(described) == 1 else None
    shown = {
        "%Y-%m-%d" + (f"{found[1][0]}%H:%M" if found[1] else "") + (":%S" if found[2] else "")
        for found in _EXAMPLE_FORM.finditer(description)
    }
    return shown.pop() if len(shown) == 1 else None


def _strftime(form: str) -> str | None:
    """`DD/MM/YYYY HH:MM` as `%d/%m/%Y %H:%M`; None if it is no whole date or time."""
    seen = ""

    def code(found: re.Match[str]) -> str:
        nonlocal seen
        part = found[0]
        letter = part[1] if part[0] == "%" else {"Y": "Y", "D": "d", "H": "H", "S": "S", "M": "m"}[part[0].upper()]
        if letter == "m" and part[0] != "%" and seen[-1:] == "H":
            letter = "M"
        seen += letter
        return f"%{letter}"

    written = re.sub(_PART, code, form)
    return written if len(set(seen)) == len(seen) and set(seen) in _FORMS else None


def _asks_currency_code(text: str, description: str, schema: Mapping[str, Any]) -> bool:
    if not re.search(r"\bcurrenc(?:y|ies)\b", text):
        return False
    exact = schema.get("minLength") == schema.get("maxLength") == 3
    examples = " ".join(map(str, schema["examples"])) if isinstance(schema.get("examples"), list) else ""
    return exact or bool(_CODE.search(text)) or bool(_CODE_EXAMPLE.search(f"{description} {examples}"))
