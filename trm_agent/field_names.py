"""Names of fields, in words: of what tool results show and calls are given, and of the parameters they may fill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trm_agent.types import identifier_words

DEPTH = 4
ROWS = 8
"""Rows of a list that are looked at; the others have the same fields nearly always."""


def field_names(value: Any, depth: int = DEPTH) -> set[str]:
    """The names of fields that hold something, in words (`identifier_words`), at any depth down to `depth`.

    Args:
        value: Mappings, lists, or such as JSON text; anything else has no fields.
        depth: How many levels of mappings and lists are looked at.
    """
    if isinstance(value, str) and value[:1] in "[{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return set()
    if depth == 0 or not isinstance(value, Mapping | list):
        return set()
    if isinstance(value, list):
        return {name for item in value[:ROWS] for name in field_names(item, depth - 1)}
    held = {identifier_words(str(key)) for key, item in value.items() if item not in (None, "")}
    return held.union(*(field_names(item, depth - 1) for item in value.values()))


def parameter_words(name: str) -> str:
    """A parameter's name as `field_names` spells it: of a path such as `stay.check_in` its last part, in words."""
    return identifier_words(name.rsplit(".", 1)[-1])
