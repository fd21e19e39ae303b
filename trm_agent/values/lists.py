"""Taking an enumeration apart: "Rome, Paris and the Hague", "[1, 2, 3]", "from x=1 to x=3"."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from trm_agent.text.language import HAN, knowledge

_ENGLISH_AND = r"(?:and|or)\s+(?:(?:also|then)\s+)?(?:(?:the|an?)\s+(?=\S))?"
_COMMA = r",(?!\d{3}(?!\d))"
"""One that belongs to no number: thousands have three digits after it."""
_SURE_SEPARATOR = re.compile(rf"[;\n]|{_COMMA}")
_DECIMAL_COMMA = frozenset(("de", "es", "fr", "pt", "vi"))
"""Languages (ISO 639-1) whose numbers have a comma before their decimals."""
_QUOTES = "'\"`“”‘’"
_EDGES = re.compile(rf"^[\s{_QUOTES}]+|[\s{_QUOTES}]+$")
_RANGE = re.compile(r"\s+(?:to|and|until|through)\s+|\s*–\s*|(?<=\d)\s*-\s*(?=\d)", re.IGNORECASE)
_FROM = re.compile(r"^(?:from|between)\s+", re.IGNORECASE)


def literal(text: str) -> list[Any] | None:
    """A JSON array of plain values or of arrays, as it stands in the text."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and value and _plain(value) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_plain, value))
    return not isinstance(value, Mapping) and (not isinstance(value, float) or math.isfinite(value))


def without_brackets(text: str) -> str:
    """`[1, 2]`, `(1, 2)`, also with one bracket lost, as `1, 2`."""
    if text[:1] in "[(" and not re.search(r"[\[(]", text[1:]):
        return text[1:].removesuffix("]" if text[0] == "[" else ")").strip()
    if text[-1:] in "])" and not re.search(r"[\[(]", text):
        return text[:-1].strip()
    return text


def is_separated(text: str) -> bool:
    """Whether it holds a separator that no single item can hold."""
    return bool(_SURE_SEPARATOR.search(text))


def split(text: str, language: str = "en") -> list[str]:
    """The items of an enumeration, without the quotes around them.

    Args:
        text: Of the enumeration.
        language: Whose words for "and" and "or" stand between items (ISO 639-1).
    """
    return [item for part in _separator(language).split(text) if (item := _EDGES.sub("", part))]


@lru_cache(maxsize=64)
def _separator(language: str) -> re.Pattern[str]:
    words = "|".join(map(re.escape, knowledge(language).get("joiners", ())))
    joined = _ENGLISH_AND if language == "en" or not words else rf"(?:{words})\s+"
    comma = r"(?:(?<!\d),|,(?!\d))" if language in _DECIMAL_COMMA else _COMMA
    return re.compile(rf"\s*(?:{comma}|[;\n、，；])\s*(?:{joined})?|\s+(?:{joined}|[&+]\s+)|(?<=[{HAN}])[和跟与](?=\S)")


def split_range(text: str) -> list[str]:
    """The two ends of a range; empty if it has not just two."""
    ends = _RANGE.split(_FROM.sub("", text.strip()))
    return ends if len(ends) == 2 else []


def as_declared(values: Sequence[Any], items: Any) -> list[Any]:
    """Items of a declared `number` as floats, as far as that changes nothing."""
    if not isinstance(items, Mapping):
        return list(values)
    if items.get("type") == "array":
        return [as_declared(v, items.get("items")) if isinstance(v, list) else v for v in values]
    return [_as_float(v) for v in values] if items.get("type") == "number" else list(values)


def _as_float(value: Any) -> Any:
    try:
        return float(value) if type(value) is int and float(value) == value else value
    except OverflowError:
        return value
