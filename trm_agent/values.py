"""Values: how two of them compare, how one is read from text, and what a JSON Schema allows.

Nothing is guessed. Text that cannot be read in one way only gives None, and whatever is returned validates against
the parameter's schema.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jsonschema
from jsonschema.validators import validator_for
from referencing import Registry
from text_to_num import alpha2digit

from trm_agent.dates import parse_date, parse_datetime, parse_time
from trm_agent.log import logger
from trm_agent.types import Parameter, identifier_words

_WRAPPING = re.compile(r"^[\s'\"`“”‘’]+|[\s'\"`“”‘’.,;:!?]+$")
_DECIMAL = re.compile(r"[-+]?\d+\.\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)+|[a-z]+([A-Z][a-z0-9]+)+")


def normalise(value: Any) -> str:
    """The text that two values are compared by.

    Letter case, runs of white space, quotes around and punctuation after the value do not matter; `2.0` is `2`,
    `1,000` is `1000`, True is `true`. Lists keep their order, objects do not.
    """
    if isinstance(value, Mapping):
        return json.dumps({str(k): normalise(v) for k, v in value.items()}, sort_keys=True, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return json.dumps([normalise(item) for item in value], ensure_ascii=False)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(value)).casefold())
    text = " ".join(text.split())
    text = _WRAPPING.sub("", text) or text
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return text.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(text) else text


def matches(value: Any, accepted: Iterable[Any]) -> bool:
    """Whether a value equals one of the accepted ones in its normalised text."""
    text = normalise(value)
    return any(normalise(item) == text for item in accepted)


def choice_text(choice: Any) -> str:
    """An entry of a closed list in words: `very_hot` is "very hot", True is "true", an object its JSON."""
    if isinstance(choice, str):
        return identifier_words(choice) if _IDENTIFIER.fullmatch(choice) else choice
    return json.dumps(choice, ensure_ascii=False, sort_keys=True, default=str)


def validates(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a JSON Schema allows the value.

    A schema that cannot be evaluated (a broken pattern, a type that does not exist) allows nothing; a warning
    names it once.
    """
    return _checked(_Identity(schema)).allows(value)


def parse_value(text: str, parameter: Parameter, now: datetime | None = None, *, language: str = "en") -> Any | None:
    """Read the value of a parameter from the text of a span.

    Args:
        text: The characters of the span.
        parameter: What it is read for.
        now: What relative dates count from; None is the present, in the local time zone.
        language: Of number words and dates: an ISO 639-1 code (English, French, Spanish, German, Italian,
            Portuguese and Dutch have number words).

    Returns:
        A value that validates against `parameter.schema`; None if the text cannot be read in one way only.
    """
    text = text.strip()
    if not text:
        return None
    for value in _readings(text, parameter, now, language):
        if value is not None and validates(value, parameter.schema):
            return value
    return None


def _readings(text: str, parameter: Parameter, now: datetime | None, language: str) -> Iterable[Any]:
    """Candidate values, the most literal first; they are not validated yet."""
    schema = parameter.schema
    if parameter.choices and parameter.type != "array":
        yield _read_choice(text, parameter.choices, language)
        return
    branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if isinstance(branches, list) and "type" not in schema:
        for branch in branches:
            if isinstance(branch, dict):
                yield parse_value(text, Parameter(parameter.name, branch), now, language=language)
        return
    declared = schema.get("type")
    for kind in declared if isinstance(declared, list) else [parameter.type]:
        if kind == "string":
            yield text
            yield _read_moment(text, schema.get("format"), now, language)
        elif kind in ("integer", "number"):
            yield from _read_number(text, schema, kind, language)
        elif kind == "boolean":
            yield read_boolean(text)
        elif kind == "array":
            yield _read_list(text, schema, now, language)


def _read_moment(text: str, kind: Any, now: datetime | None, language: str) -> str | None:
    """ISO 8601; in the time zone of `now`, without one where `now` has none."""
    base = (now or datetime.now()).replace(second=0, microsecond=0, tzinfo=None)
    try:
        if kind == "date":
            day = parse_date(text, base, language)
            return day.isoformat() if day is not None else None
        if kind == "time":
            clock = parse_time(text, base, language)
            return clock.isoformat() if clock is not None else None
        moment = parse_datetime(text, base, language) if kind == "date-time" else None
        if moment is None:
            return None
        return (moment.astimezone() if now is None else moment.replace(tzinfo=now.tzinfo)).isoformat()
    except OverflowError:
        return None  # beyond the calendar


_YES = re.compile(r"yes|yeah|yep|yup|y|true|on|sure|ok|okay|absolutely|definitely|certainly|correct")
_NO = re.compile(r"no|nope|nah|n|false|off|not|never|don't|dont")
_POLITE = re.compile(r"please|thanks|thank|you|i|do|it|is|that's|of|course|would|like")


def read_boolean(text: str) -> bool | None:
    """A plain yes or no, with courtesies; None for anything else, or for both at once."""
    words = re.findall(r"[\w']+", text.casefold().replace("’", "'"))
    said = [word for word in words if not _POLITE.fullmatch(word)]
    if said and all(map(_YES.fullmatch, said)):
        return True
    if said and all(map(_NO.fullmatch, said)):
        return False
    return None


def _read_choice(text: str, choices: tuple[Any, ...], language: str) -> Any | None:
    wanted = {normalise(text), normalise(choice_text(text))}
    found = [c for c in choices if wanted & {normalise(c), normalise(choice_text(c))}]
    if not found:
        number = read_number(text, language)
        found = [c for c in choices if number is not None and normalise(c) == normalise(number)]
    if not found and all(isinstance(c, bool) for c in choices):
        found = [c for c in choices if c is read_boolean(text)]
    return found[0] if len(found) == 1 else None


_NUMBER = re.compile(r"(?<![\w.,])[-+−]?(\d+(?:,\d{3})*(?:\.\d+)?)(k\b)?(?:st|nd|rd|th)?", re.IGNORECASE)
_MAGNITUDE = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)\s+([^\W\d]+)")
_POWERS = frozenset(("100", "1000", "1000000", "1000000000"))
_MINUS = re.compile(r"(?<!\w)(?:minus|negative)\s+(?=\d)")
_CURRENCY = re.compile(r"[$€£¥₹]")
# Words that change the number they stand beside, and that the number library does not read.
_INEXACT = re.compile(r"\b(?:half|quarter|dozens?|couple|few|several|score|between|[ap]\.?m)\b", re.IGNORECASE)
_LONGEST_NUMBER = 120
_MOST_DIGITS = 30


def read_number(text: str, language: str = "en") -> int | float | None:
    """The one number that a text holds: digits, words, money, ordinals; None without one, or with several."""
    if len(text) > _LONGEST_NUMBER:
        return None
    digits = _MAGNITUDE.sub(lambda match: _times(match, language), _CURRENCY.sub(" ", text))
    digits = _MINUS.sub("-", _in_digits(digits, language))
    found = _NUMBER.search(digits)
    if found is None or _INEXACT.search(digits):
        return None
    if re.search(r"\d", digits[: found.start()] + digits[found.end() :]):
        return None
    literal = found[1].replace(",", "")
    if len(literal) > _MOST_DIGITS:
        return None
    number = Decimal(literal) * (1000 if found[2] else 1) * (-1 if found[0][0] in "-−" else 1)
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


def _read_number(text: str, schema: Mapping[str, Any], kind: str, language: str) -> Iterable[int | float | None]:
    number = read_number(text, language)
    if number is None:
        return
    maximum = schema.get("maximum")
    fraction = isinstance(maximum, int | float) and maximum <= 1
    if kind == "number" and fraction and re.search(r"%|\bper ?cent\b", text, re.IGNORECASE):
        yield number / 100
    elif kind == "number" or isinstance(number, int):
        yield number


_SEPARATOR = re.compile(r"\s*[,;\n]\s*(?:(?:and|or)\s+)?|\s+(?:and|&)\s+", re.IGNORECASE)


_SURE_SEPARATOR = re.compile(r"[;\n]|,(?!\d{3}(?!\d))")
_ANY_TEXT = {"type": "string"}


def _read_list(text: str, schema: Mapping[str, Any], now: datetime | None, language: str) -> list[Any] | None:
    items = schema.get("items")
    item = Parameter("item", items if isinstance(items, dict) else _ANY_TEXT)
    if item.type in ("object", "array"):
        return None
    # One item may hold a separator of its own: an entry of the closed list, "one hundred and five", "1,000".
    if item.choices or (item.type != "string" and not _SURE_SEPARATOR.search(text)):
        whole = parse_value(text, item, now, language=language)
        if whole is not None:
            return [whole]
    values = [parse_value(part, item, now, language=language) for part in _SEPARATOR.split(text) if part]
    if not values or any(value is None for value in values):
        return None
    if schema.get("uniqueItems") is True:
        values = [v for i, v in enumerate(values) if v not in values[:i]]
    return values


_ANNOTATIONS = frozenset(("title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment"))
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_TIME = re.compile(_CLOCK)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T" + _CLOCK)
_FORMATS = jsonschema.FormatChecker(
    formats=sorted(jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers.keys() - {"time", "date-time"})
)


@_FORMATS.checks("date-time", raises=ValueError)
def _is_datetime(value: object) -> bool:
    return not isinstance(value, str) or bool(_DATETIME.fullmatch(value) and datetime.fromisoformat(value))


@_FORMATS.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or (bool(_TIME.fullmatch(value)) and time.fromisoformat(value) is not None)


class _Checked:
    """A schema with its validator, told apart by identity: schemas are dicts and live as long as their tool."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._any_text = schema.get("type") == "string" and not schema.keys() - _ANNOTATIONS - {"type"}
        self._validator: Any = None

    def allows(self, value: Any) -> bool:
        if self._any_text:
            return isinstance(value, str)
        # A foreign schema can make the library raise almost anything, while building or while validating.
        try:
            if self._validator is None:
                kind = validator_for(self._schema, default=jsonschema.Draft202012Validator)
                self._validator = kind(self._schema, format_checker=_FORMATS, registry=Registry())
            return bool(self._validator.is_valid(value))
        except Exception as error:
            _warn(f"{type(error).__name__}: {error}".splitlines()[0])
            return False


@lru_cache(maxsize=256)
def _warn(problem: str) -> None:
    """Say it once: the same broken tool comes with every turn."""
    logger.warning("a schema cannot be evaluated, so it allows no value: %s", problem)


class _Identity:
    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.schema is self.schema


@lru_cache(maxsize=8192)
def _checked(key: _Identity) -> _Checked:
    return _Checked(key.schema)
