"""Names of fields, in words: of what tool results show and calls are given, and of the parameters they may fill."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from trm_agent.text.language import word_list
from trm_agent.text.nouns import singular
from trm_agent.types import Parameter, identifier_words

DEPTH = 4
ROWS = 8
"""Rows of a list that are looked at; the others have the same fields nearly always."""
_LETTERS = re.compile(r"[^\W\d_]+")
_SMALL = word_list("small")
_PLACEHOLDERS = word_list("placeholders")


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


@lru_cache(maxsize=16_384)
def parameter_words(name: str) -> str:
    """A parameter's name as `field_names` spells it: of a path such as `stay.check_in` its last part, in words."""
    return identifier_words(name.rsplit(".", 1)[-1])


def says_nothing(name: str) -> bool:
    """Whether a parameter's name says no more than that it is one: `param_3`, `arg2`, `x`."""
    return all(len(word) < 2 or word in _PLACEHOLDERS for word in _LETTERS.findall(parameter_words(name)))


def meant_fields(parameter: Parameter, fields: Collection[str]) -> set[str]:
    """The fields that may fill a parameter: that of its name, else the longest whose words its description all has.

    `restaurant_name` is a field for `param_3`, "Name of the restaurant", and for `place`, described so. A parameter
    whose name says more than a field's is another thing: `new_alarm_time` is no `alarm_time`.

    Args:
        parameter: Of a tool.
        fields: Their names, as of `field_names`.
    """
    own = parameter_words(parameter.name)
    if own in fields:
        return {own}
    told, named = _content(parameter.description), _content(own)
    sizes = {f: len(words) for f in fields if (words := _content(f)) and words <= told and not words < named}
    return {field for field, size in sizes.items() if size == max(sizes.values())}


@lru_cache(maxsize=16_384)
def _content(text: str) -> frozenset[str]:
    """Its words but for small ones, without plurals."""
    return frozenset(singular(word) for word in _LETTERS.findall(text) if word.lower() not in _SMALL)
