"""The value that a span's text has for a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from trm_agent.types import Parameter
from trm_agent.values.choices import described_form, entries, find_currency
from trm_agent.values.compare import normalise
from trm_agent.values.currencies import currency_code
from trm_agent.values.date_forms import read_moment, write_moment
from trm_agent.values.declared import hints
from trm_agent.values.lists import as_declared, is_separated, literal, split, split_range, without_brackets
from trm_agent.values.numbers import number_readings, read_number
from trm_agent.values.schema import Identity, validates


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
        yield _read_choice(text, parameter, language)
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
            yield from _text_readings(text, parameter, now, language)
        elif kind in ("integer", "number"):
            yield from number_readings(text, parameter, kind, now, language)
        elif kind == "boolean":
            yield read_boolean(text)
        elif kind == "array":
            yield _read_list(text, parameter, now, language)


def _text_readings(text: str, parameter: Parameter, now: datetime | None, language: str) -> Iterator[str | None]:
    """What the description asks for, where the text can be read as that; else the very text."""
    if "format" not in parameter.schema:
        asked = hints(parameter)
        if asked.form:
            yield write_moment(text, asked.form, now, language)
        if asked.currency_code:
            yield currency_code(text, language)
        yield described_form(text, parameter, language)
    yield text
    yield read_moment(text, parameter.schema.get("format"), now, language)


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


def _read_choice(text: str, parameter: Parameter, language: str) -> Any | None:
    choices = parameter.choices
    listed = entries(Identity(parameter.schema), language)
    found = listed.same(text)
    if not found:
        number = read_number(text, language)
        found = [c for c in choices if number is not None and normalise(c) == normalise(number)]
    if not found and all(isinstance(c, bool) for c in choices):
        found = [c for c in choices if c is read_boolean(text)]
    found = found or listed.alike(text)
    if not found:
        return find_currency(text, choices, language)
    return found[0] if len(found) == 1 else None


_ANY_TEXT = {"type": "string"}


@lru_cache(maxsize=4096)
def _item(name: str, key: Identity) -> Parameter:
    """An item of a list; what the list's description asks for, it asks for its items."""
    items = key.schema.get("items")
    schema = dict(items) if isinstance(items, dict) else dict(_ANY_TEXT)
    said = [str(part) for part in (key.schema.get("description"), schema.get("description")) if part]
    return Parameter(name, {**schema, "description": " ".join(said)} if said else schema)


def _read_list(text: str, parameter: Parameter, now: datetime | None, language: str) -> list[Any] | None:
    schema = parameter.schema
    item = _item(parameter.name, Identity(schema))
    written = literal(text)
    if written is not None:
        written = as_declared(written, schema.get("items"))
        if validates(written, schema):
            return written
    if item.type in ("object", "array"):
        return None
    values = _read_items(without_brackets(text), item, now, language)
    if values is None and item.type in ("integer", "number") and hints(parameter).range:
        ends = [parse_value(end, item, now, language=language) for end in split_range(text)]
        values = None if any(end is None for end in ends) else ends
    if not values:
        return None
    if schema.get("uniqueItems") is True:
        values = [v for i, v in enumerate(values) if v not in values[:i]]
    return as_declared(values, schema.get("items"))


def _read_items(text: str, item: Parameter, now: datetime | None, language: str) -> list[Any] | None:
    # One item may hold a separator of its own: an entry of the closed list, "one hundred and five", "1,000".
    if item.choices or (item.type != "string" and not is_separated(text)):
        whole = parse_value(text, item, now, language=language)
        if whole is not None:
            return [whole]
    values = [parse_value(part, item, now, language=language) for part in split(text)]
    return None if any(value is None for value in values) else values
