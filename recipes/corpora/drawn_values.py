"""Values for slots whose type a publisher names and does not list: numbers, days, names, things to search for."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

VALUES: Mapping[str, Sequence[str]] = json.loads(Path(__file__).with_name("drawn_values.json").read_text("utf-8"))
"""Kind → values, written for this project."""

KINDS: tuple[tuple[str, str], ...] = (
    (r"four_?digit", "pin"),
    (r"phone", "phone"),
    (r"ordinal", "ordinal"),
    (r"number|percentage|age$|cardinal|integer", "number"),
    (r"date|dayofweek", "date"),
    (r"time$", "time"),
    (r"duration", "duration"),
    (r"last_?name", "last name"),
    (r"first_?name|given-name", "first name"),
    (r"person|actor|author|musician|artist", "person"),
    (r"country", "country"),
    (r"city|region|airport|location|geo-", "place"),
    (r"email", "email"),
    (r"address|street", "street"),
    (r"month", "month"),
    (r"color|colour", "color"),
    (r"corporation|company", "stock"),
    (r"language", "language"),
    (r"searchquery|literal|alphanumeric|any", "search"),
)
"""Pattern in a publisher's type → kind of its values."""

HINTS: Mapping[str, Sequence[tuple[str, str]]] = {
    "number": (
        (r"pin|code", "pin"),
        (r"age$|years", "age"),
        (r"percent|quality", "percent"),
        (r"amount|price|value|cost", "amount"),
    ),
    "date": ((r"birth", "birth date"), (r"past|last|since", "past date")),
    "first name": ((r"last|surname", "last name"),),
    "street": ((r"customer|account|id$", "account"),),
    "search": (
        (r"message|content|announcement|detail|transcri|query|note|description", "message"),
        (r"user|person|member", "first name"),
        (r"channel|room", "channel"),
        (r"list|opp|title|topic|event|entity", "title"),
        (r"symbol|stock|company", "stock"),
        (r"name$", "first name"),
    ),
}
"""Kind → (pattern in a parameter's name, the kind that fits it better)."""

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "number": {"type": "integer"},
    "age": {"type": "integer"},
    "amount": {"type": "number"},
    "percent": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "past date": {"type": "string"},
    "birth date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "email": {"type": "string", "format": "email"},
}
"""Kind → JSON Schema; all others are texts."""


def kind_of(published: str, parameter: str) -> str | None:
    """The kind of values that a publisher's type has, by its name and the parameter's; None if it names none."""
    bare = re.sub(r"^(AMAZON\.|@sys\.)", "", published).lower()
    kind = next((kind for pattern, kind in KINDS if re.search(pattern, bare)), None)
    if kind is None:
        return None
    name = parameter.lower()
    return next((better for pattern, better in HINTS.get(kind, ()) if re.search(pattern, name)), kind)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind."""
    return dict(SCHEMAS.get(kind, {"type": "string"}))


def draw(kind: str, rng: random.Random) -> str:
    """One value of a kind."""
    return rng.choice(VALUES[kind])
