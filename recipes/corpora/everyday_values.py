"""Written values of the everyday corpus: marked days, every right form of a value, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice, permutations, product
from typing import Any

from trm_agent.errors import DataError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


MOST_FORMS = 64
"""Right forms of one argument that are kept."""


_MARKED_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d)?)? (mon|tue|wed|thu|fri|sat|sun)")


_SHORT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def marked_day(text: str) -> str:
    """`2026-03-13 fri` → `2026-03-13`, the weekday checked; `2026-03-13T09:15 fri` alike."""
    match = _MARKED_DAY.fullmatch(text)
    if not match:
        if re.search(r"^\d{4}-\d\d-\d\d\S* [a-z]{3}$", text):
            raise DataError(f"not a day with its weekday: {text!r}")
        return text
    day = date.fromisoformat(match.group(1))
    if WEEKDAYS[day.weekday()] != match.group(3):
        raise DataError(f"{match.group(1)} is a {WEEKDAYS[day.weekday()]}, not a {match.group(3)}")
    return match.group(1) + (match.group(2) or "")


def expand(value: Any) -> Iterator[Any]:
    """Every right form of a written value, the gold one first, each once."""
    kept: list[Any] = []
    for form in _forms(value):
        if not any(type(form) is type(other) and form == other for other in kept):
            kept.append(form)
            yield form


def as_numbers(value: Any, schema: Mapping[str, Any]) -> Any:
    """`10 | 12` is written as text; where numbers are declared, its parts are numbers."""
    kind = schema.get("type")
    if isinstance(value, str) and kind in ("integer", "number") and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [as_numbers(item, schema["items"]) for item in value]
    if isinstance(value, Mapping) and isinstance(schema.get("properties"), Mapping):
        return {key: as_numbers(part, schema["properties"].get(key, {})) for key, part in value.items()}
    return value


def _forms(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        for part in value.split(" | "):
            text = marked_day(part.strip())
            yield text
            if _SHORT_TIME.fullmatch(text):
                yield f"{text}:00"
    elif isinstance(value, Mapping) and set(value) == {"any"}:
        for part in value["any"]:
            yield from _forms(part) if not isinstance(part, str) else (part,)
    elif isinstance(value, Mapping):
        options = [_field_forms(str(key), part) for key, part in value.items()]
        for chosen in islice(product(*options), MOST_FORMS):
            yield {key: part for option in chosen for key, part in option}
    elif isinstance(value, list):
        rows = [list(row) for row in islice(product(*(list(expand(part)) for part in value)), MOST_FORMS)]
        yield from rows
        if 2 <= len(value) <= 3:
            yield from (list(other) for row in rows[:8] for other in permutations(row))
    else:
        yield value


def _field_forms(key: str, value: Any) -> list[list[tuple[str, Any]]]:
    name = key.rstrip("~?*")
    given = [[(name, form)] for form in expand(value)]
    if key.endswith("*"):
        return [[], *given]
    return [*given, []] if key.endswith(("~", "?")) else given


_PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
}  # fmt: skip


_PATTERNS = {
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d(:\d\d)?",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?",
}


def faults(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    """What is wrong with a value by its schema, in words."""
    kind = schema.get("type")
    if kind in _PYTHON and (not isinstance(value, _PYTHON[kind]) or isinstance(value, bool) != (kind == "boolean")):
        yield f"{where}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not in {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if schema.get("format") in _PATTERNS and not re.fullmatch(_PATTERNS[schema["format"]], value):
        yield f"{where}: {value!r} is no {schema['format']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value!r} is below {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{where}: {value!r} is above {schema['maximum']}"
    if kind == "array":
        for item in value:
            yield from faults(item, schema.get("items", {}), f"{where}[]")
    if kind == "object" and "properties" in schema:
        yield from (f"{where} lacks {key}" for key in schema.get("required", ()) if key not in value)
        for key, part in value.items():
            if key in schema["properties"]:
                yield from faults(part, schema["properties"][key], f"{where}.{key}")
            else:
                yield f"{where}: undeclared {key!r}"
