"""What a parameter's name and description ask for: a fraction, a unit of time, a form of dates, a currency code.

Only plain words are taken: where a description says two things, it says nothing. Descriptions are read in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trm_agent.text.language import knowledge, word_list
from trm_agent.text.units import kind_of, unit_names
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.schema import Identity

UNITS = ("second", "minute", "hour", "day", "week", "month", "year", "decade", "century")
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
_FORMS = (set("Ym"), set("Ymd"), set("HM"), set("HMS"), set("YmdHM"), set("YmdHMS"))


@dataclass(frozen=True)
class Hints:
    """What a declaration asks for.

    Attributes:
        fraction: A percentage is meant as a fraction of one.
        temperature: So that 300K is not three hundred thousand.
        unit: Of time, that it is counted in.
        measure: The same for every unit, as `text.units` names it.
        day_hours: An hour of the day, to 24.
        range: Two numbers, the first and the last of a range.
        form: Of dates and times, as `strftime` writes it.
        currency_code: ISO 4217.
        currency: Of an amount: `dollar`, `euro`, … as the declaration has it.
        past: Whether days before now are meant, or days after it; None where the declaration does not say.
        last: Whether the end of a range is meant, or its start.
        asked_form: Of texts: `duration` (ISO 8601), `phone` (E.164), `city, state`, `country2`, `country3`, `language`,
            `lower`, `upper`.
        names: A number only names something (an id, a seat): a letter after it is a part of it, and no unit.
    """

    fraction: bool
    temperature: bool
    unit: str | None
    measure: str | None
    day_hours: bool
    range: bool
    form: str | None
    currency_code: bool
    currency: str | None
    past: bool | None
    last: bool | None
    asked_form: str | None
    names: bool


def hints(parameter: Parameter) -> Hints:
    """What name and description ask for; read once per schema."""
    return _read(parameter.name, Identity(parameter.schema))


@lru_cache(maxsize=8192)
def _read(name: str, key: Identity) -> Hints:
    schema = key.schema
    description = str(schema.get("description") or "")
    words = identifier_words(name.rsplit(".", 1)[-1])
    text = f"{words}: {description.casefold()}"
    measure = _measure(words, text, schema)
    return Hints(
        fraction=_asks_fraction(text, schema),
        temperature=bool(_TEMPERATURE.search(text)),
        unit=_time_unit(measure),
        measure=measure,
        day_hours=bool(_DAY_HOURS.search(text)) or ("hour" in words.split() and schema.get("maximum") == 23),
        range=bool(_RANGE.search(text)) or schema.get("minItems") == schema.get("maxItems") == 2,
        form=_form(description),
        currency_code=_asks_currency_code(text, description, schema),
        currency=_currency(text) if measure is None else None,
        past=speaks_of_past(text),
        last=_last(words, description.casefold()),
        names=not _NAMING.isdisjoint(words.split()),
        asked_form=_asked_form(f"{words}: {description}", schema),
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


_COUNTED_IN = re.compile(
    r"(?:\b(?:in|of|as)|\bmeasured in|\bnumber of|\bhow many) "
    r"(?=(°[cfk]?|[a-z]+/[a-z]+|[a-z]+(?: [a-z]+){0,3}))"
    r"|[(\[](?:in )?(?=(°[cfk]?|[a-z]+/[a-z]+|[a-z]+(?: [a-z]+){0,3})\s?[)\]])"
    r"|(?:^|[,;:] )(?=(°[cfk]?|[a-z]+(?: [a-z]+){0,3})"
    r"(?:$|[.,;)]| to | that | for | before | after | since | until ))"
)
_SINGULAR = re.compile(r"[a-z]{4,}(?<!s)(?<!feet)")
_LETTERS = {"temperature": ("c", "f", "k"), "clock": ("s", "h"), "length": ("m",), "mass": ("g",)}
_ABOUT = {
    "temperature": re.compile(r"\btemp"),
    "clock": re.compile(r"\b(?:duration|timeout|delay|time|fade|interval|length|wait|ttl|period|elapsed)\b"),
    "length": re.compile(r"\b(?:height|distance|length|width|depth|radius|altitude|elevation)\b"),
    "mass": re.compile(r"\b(?:weight|mass)\b"),
}
_POUNDS = re.compile(r"\bpounds?\b")
_ABOUT_MONEY = re.compile(
    r"\b(?:tip|price|prices|cost|costs|amount|fee|fees|rate|fare|budget|payment|pay|paid|total|wage|deposit|rent|spend)\b"
)
_CENTS = re.compile(r"\b(?:cents?|pence|minor units?|smallest currency unit)\b")


def _measure(words: str, text: str, schema: Mapping[str, Any]) -> str | None:
    """The one unit that a number is declared in: the name says it best, then the schema, then the description."""
    if _POUNDS.search(text) and _ABOUT_MONEY.search(words):
        return None
    if _CENTS.search(text) and not re.search(r"\b(?:not|dollars and) cents\b", text):
        return "money-cent"
    for said in (_units_of_name(words), _units_of(str(schema.get("unit") or schema.get("x-unit") or ""))):
        if len(said) == 1:
            return next(iter(said))
    described = text.partition(": ")[2]
    found: set[str] = set()
    for match in _COUNTED_IN.finditer(described):
        name = next(filter(None, match.groups()))
        rest = described[match.end() + len(name) :]
        units = _units_of_phrase(name, rest)
        if not units and match[0].startswith(("number of", "how many")):
            units = _units_of_phrase(name.partition(" ")[2], rest)
        found |= units
    return found.pop() if len(found) == 1 else None


def _units_of_phrase(phrase: str, rest: str) -> frozenset[str]:
    """The unit that a phrase begins with, the longest name first; one in the singular or "per" another is none."""
    words = phrase.split(" ")
    for count in range(len(words), 0, -1):
        name, after = " ".join(words[:count]), " ".join([*words[count:], rest])
        units = _units_of(name)
        if units:
            per = re.match(r"\s*(?:per\b|/|\^|squared|cubed|²|³)", after)
            other = re.match(r"\s*(?:or|and)\s+([a-z]+)", after)
            several = other is not None and bool(_units_of(other[1]))
            return frozenset() if per or several or _SINGULAR.fullmatch(name) else units
    return frozenset()


def _units_of(name: str) -> frozenset[str]:
    """The units that a name stands for in English; of a single letter none."""
    name = name.casefold().strip()
    return unit_names("en").get(name, frozenset()) if len(name) > 1 else frozenset()


def _units_of_name(words: str) -> frozenset[str]:
    said = words.split()
    for count in (3, 2, 1):
        for at in range(len(said) - count + 1):
            name = " ".join(said[at : at + count])
            plural = (
                count > 1 or len(name) < 4 or name.endswith("s") or name in ("feet", "celsius", "fahrenheit", "kelvin")
            )
            # "min" is the least of something where it leads, or of what is no time; "per day" is no unit.
            of_other = any(_ABOUT[kind].search(words) for kind in _ABOUT if kind != "clock")
            least = name == "min" and (at < len(said) - 1 or of_other or bool(_ABOUT_MONEY.search(words)))
            units = _units_of(name) if plural and not least and not name.startswith("per ") else frozenset()
            if units and not (set(said) & {"per", "to", "from"} and count == 1 and len(said) > 1):
                return units
    last = said[-1] if said else ""
    for kind, letters in _LETTERS.items():
        if len(said) > 1 and last in letters and _ABOUT[kind].search(words):
            return frozenset(unit for unit in unit_names("en").get(last, ()) if kind_of(unit) == kind)
    return frozenset()


@lru_cache(maxsize=8192)
def speaks_of_past(text: str) -> bool | None:
    """Whether a declaration in lower case is of what has been, or of what will be; None if it is of neither or both."""
    said = set(re.findall(r"[a-z]+", text))
    past, future = (bool(said & set(knowledge("en")[time])) for time in ("past", "future"))
    return past if past != future else None


_NAMING = word_list("numbered_things")
_ENDS = re.compile(
    r"\b(?:end|ending|ends|until|till|to|before|finish|check ?out|return|returning|last|latest|closing)\b"
)
_STARTS = re.compile(
    r"\b(?:start|starting|starts|from|begin|beginning|check ?in|first|earliest|opening|since|after|departure)\b"
)


_NAMED_ENDS = frozenset(("den", "đến", "toi", "tới", "bis", "hasta", "ate", "até", "fin", "fim"))
_NAMED_STARTS = frozenset(("tu", "từ", "von", "ab", "desde", "debut", "début", "inicio", "início"))


def _last(words: str, description: str) -> bool | None:
    """The name says it best, in other languages than English too, then the first words of the description."""
    ends, starts = (not names.isdisjoint(words.split()) for names in (_NAMED_ENDS, _NAMED_STARTS))
    if ends != starts or words in ("a", "de"):
        return ends or words == "a"
    for text in (words, " ".join(re.split(r"[\s-]+", description)[:4])):
        ends, starts = bool(_ENDS.search(text)), bool(_STARTS.search(text))
        if ends != starts:
            return ends
    return None


_TEXT_FORMS = {
    "duration": re.compile(r"\biso[- ]?8601 duration|\bPT\d+[HMS]", re.IGNORECASE),
    "phone": re.compile(r"\bE\.?164\b", re.IGNORECASE),
    "city, state": re.compile(
        r"\bcity, (?:st|state)\b|\bcity and (?:the )?state\b|[A-Z][a-z]+, [A-Z]{2}\b", re.IGNORECASE
    ),
    "country3": re.compile(
        r"\balpha-?3\b(?=.*\bcountr)"
        r"|\bcountr.*(?:\balpha-?3\b|\b(?:three|3)[- ]letter)|\b(?:three|3)[- ]letter.*\bcountr",
        re.IGNORECASE,
    ),
    "country2": re.compile(
        r"\bcountry[ _-]?codes?\b|\biso[- ]?3166|\balpha-?2\b"
        r"|\b(?:two|2)[- ]letter (?:\w+ )?country|\bcountr(?:y|ies)\b.*\b(?:two|2)[- ]letter",
        re.IGNORECASE,
    ),
    "language": re.compile(
        r"\blanguage[ _-]?codes?\b|\biso[- ]?639|\blanguages?\b.*\b(?:two|2)[- ]letter|\b(?:two|2)[- ]letter language",
        re.IGNORECASE,
    ),
    "lower": re.compile(r"\b(?:in|all) lower[- ]?case\b|\blower[- ]?case(?:d)?\b", re.IGNORECASE),
    "upper": re.compile(r"\b(?:in|all) upper[- ]?case\b|\bupper[- ]?case(?:d)?\b|\bcapital letters\b", re.IGNORECASE),
}
_CALLING = re.compile(r"\b(?:dial|calling|phone|telephone)\b", re.IGNORECASE)


def _asked_form(text: str, schema: Mapping[str, Any]) -> str | None:
    """The one form of texts, but of dates, that a declaration names."""
    if schema.get("format") == "duration":
        return "duration"
    forms = [form for form, pattern in _TEXT_FORMS.items() if pattern.search(text)]
    if "city, state" in forms and not re.search(r"\bcity\b|\blocation\b", text, re.IGNORECASE):
        forms.remove("city, state")
    if any(form.startswith("country") for form in forms) and _CALLING.search(text):
        forms = [form for form in forms if not form.startswith("country")]
    return forms[0] if forms else None


def _currency(text: str) -> str | None:
    """The one currency that amounts are declared in: "in dollars", "(USD)", `amount_eur`."""
    words = set(re.findall(r"[^\W\d_]+|[$€£¥₹₫]", text))
    named = {noun for noun, names in knowledge("en")["money"].items() if words & set(names)}
    return named.pop() if len(named) == 1 else None


def _time_unit(measure: str | None) -> str | None:
    return measure.partition("-")[2] if measure and measure.startswith("duration-") else None


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
    whole = set(seen) in _FORMS and (seen == "Ym" or set(seen) != {"Y", "m"})
    return written if len(set(seen)) == len(seen) and whole else None


def _asks_currency_code(text: str, description: str, schema: Mapping[str, Any]) -> bool:
    if not re.search(r"\bcurrenc(?:y|ies)\b", text):
        return False
    exact = schema.get("minLength") == schema.get("maxLength") == 3
    examples = " ".join(map(str, schema["examples"])) if isinstance(schema.get("examples"), list) else ""
    return exact or bool(_CODE.search(text)) or bool(_CODE_EXAMPLE.search(f"{description} {examples}"))
