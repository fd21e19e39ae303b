"""The value that a span's text has for a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from trm_agent.types import Parameter
from trm_agent.values.choices import described_form, entries, find_currency, said_choices
from trm_agent.values.compare import normalise
from trm_agent.values.currencies import currency_code
from trm_agent.values.date_forms import read_moment, write_moment
from trm_agent.values.declared import hints
from trm_agent.values.forms import in_form
from trm_agent.values.lists import as_declared, is_separated, literal, split, split_range, without_brackets
from trm_agent.values.numbers import is_code, is_length, is_number, number_readings, read_number
from trm_agent.values.schema import Identity, validates


def parse_value(
    text: str,
    parameter: Parameter,
    now: datetime | None = None,
    *,
    language: str = "en",
    past: bool | None = None,
    last: bool | None = None,
) -> Any | None:
    """Read the value of a parameter from the text of a span.

    Args:
        text: The characters of the span.
        parameter: What it is read for.
        now: What relative dates count from; None is the present, in the local time zone.
        language: Of number words and dates: an ISO 639-1 code (English, French, Spanish, German, Italian,
            Portuguese, Dutch and Vietnamese have number words).
        past: Whether a day that fits before and after now is the one before; by default as the declaration says.
        last: Whether the end of a range of days or times is asked for, or its start; by default as it says.

    Returns:
        A value that validates against `parameter.schema`; None if the text cannot be read in one way only.
    """
    text = text.strip()
    if not text:
        return None
    asked = hints(parameter)
    way = _Way(now, language, asked.past if past is None else past, asked.last if last is None else last)
    for value in _readings(text, parameter, way):
        if value is not None and validates(value, parameter.schema):
            return value
    return None


@dataclass(frozen=True)
class _Way:
    """How texts are read: what relative days count from, in which language, of what has been or will be."""

    now: datetime | None
    language: str
    past: bool | None
    last: bool | None


def _readings(text: str, parameter: Parameter, way: _Way) -> Iterable[Any]:
    """Candidate values, the most literal first; they are not validated yet."""
    schema = parameter.schema
    if parameter.choices and parameter.type != "array":
        yield _read_choice(text, parameter, way.language)
        return
    branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if isinstance(branches, list) and "type" not in schema:
        # What is declared of the whole holds for its branches: "date in the past", "in minutes".
        told = {"description": schema["description"]} if "description" in schema else {}
        declared = [Parameter(parameter.name, told | branch) for branch in branches if isinstance(branch, dict)]
        for branch in _text_first(text, declared, way.language):
            yield parse_value(text, branch, way.now, language=way.language, past=way.past, last=way.last)
        return
    listed = schema.get("type")
    kinds = [kind for kind in listed if isinstance(kind, str)] if isinstance(listed, list) else [parameter.type]
    ordered = [Parameter(parameter.name, {**schema, "type": kind}) for kind in kinds] if len(kinds) > 1 else [parameter]
    for one in _text_first(text, ordered, way.language):
        if one.type == "string":
            yield from _text_readings(text, parameter, way)
        elif one.type in ("integer", "number"):
            yield from number_readings(text, parameter, one.type, way.now, way.language)
        elif one.type == "boolean":
            yield read_boolean(text)
        elif one.type == "array":
            yield _read_list(text, parameter, way)


def _text_first(text: str, branches: Sequence[Parameter], language: str) -> list[Parameter]:
    """Branches as declared; texts before numbers where a text is no number, or a code ("AB-451", "00451").

    Zeros in front are lost in a number, and what stands beside a number too, but for the unit that is asked for.
    """
    kinds = {branch.type for branch in branches}
    if "string" not in kinds or not kinds & {"integer", "number"}:
        return list(branches)
    measured = any(hints(branch).measure or hints(branch).currency for branch in branches)
    plain = (is_number(text, language) or measured) and not is_code(text)
    return list(branches) if plain else sorted(branches, key=lambda branch: branch.type in ("integer", "number"))


def _text_readings(text: str, parameter: Parameter, way: _Way) -> Iterator[str | None]:
    """What the description asks for, where the text can be read as that; else the very text."""
    asked = hints(parameter)
    kind = parameter.schema.get("format")
    if kind is None and asked.form:
        yield write_moment(text, asked.form, way.now, way.language, way.past, way.last)
        if is_length(text, way.language):
            return  # a length of time is neither a day nor a time of day
    if asked.asked_form and kind in (None, "duration"):
        yield in_form(text, asked.asked_form, parameter.description, way.language)
    if kind is None:
        if asked.currency_code:
            yield currency_code(text, way.language)
        yield described_form(text, parameter, way.language)
    yield text
    yield read_moment(text, kind, way.now, way.language, way.past, way.last)


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
    found = found or [choice for choice in said_choices(text, parameter, language) if _is_sign(choice)]
    if not found:
        return find_currency(text, choices, language)
    return found[0] if len(found) == 1 else None


def _is_sign(choice: Any) -> bool:
    """Whether an entry is a comparison, which nobody says as it is written."""
    return isinstance(choice, str) and bool(re.fullmatch(r"[<>=!≤≥≠]+|[a-z]{2,3}|[a-z]+(?:_[a-z]+)+", choice))


_ANY_TEXT = {"type": "string"}


@lru_cache(maxsize=4096)
def _item(name: str, key: Identity) -> Parameter:
    """An item of a list; what the list's description asks for, it asks for its items."""
    items = key.schema.get("items")
    schema = dict(items) if isinstance(items, dict) else dict(_ANY_TEXT)
    said = [str(part) for part in (key.schema.get("description"), schema.get("description")) if part]
    return Parameter(name, {**schema, "description": " ".join(said)} if said else schema)


def _read_list(text: str, parameter: Parameter, way: _Way) -> list[Any] | None:
    schema = parameter.schema
    item = _item(parameter.name, Identity(schema))
    written = literal(text)
    if written is not None:
        written = as_declared(written, schema.get("items"))
        if validates(written, schema):
            return written
    if item.type in ("object", "array"):
        return None
    values = _read_items(without_brackets(text), item, way)
    if values is None and item.type in ("integer", "number") and hints(parameter).range:
        ends = [parse_value(end, item, way.now, language=way.language) for end in split_range(text)]
        values = None if any(end is None for end in ends) else ends
    if not values:
        return None
    if schema.get("uniqueItems") is True:
        values = [v for i, v in enumerate(values) if v not in values[:i]]
    return as_declared(values, schema.get("items"))


def _read_items(text: str, item: Parameter, way: _Way) -> list[Any] | None:
    # One item may hold a separator of its own: an entry of the closed list, "one hundred and five", "1,000".
    if item.choices or (item.type != "string" and not is_separated(text)):
        whole = parse_value(text, item, way.now, language=way.language)
        if whole is not None:
            return [whole]
    values = [parse_value(part, item, way.now, language=way.language) for part in split(text, way.language)]
    return None if any(value is None for value in values) else values
