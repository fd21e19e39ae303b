"""What tool results have shown: the names of their fields, and the values that a span may stand for."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trm_agent.text.field_names import DEPTH, field_names
from trm_agent.types import Message, identifier_words

_NAME = re.compile(r"[^\W\d_]{2}")
LONGEST = 100
"""Characters of a value."""
MOST_ROWS = 20


def shown_names(history: Iterable[Message]) -> set[str]:
    """The names of the fields that tool results have shown so far, in words."""
    return {name for m in history if m.role == "tool_response" for name in field_names(m.content)}


def shown_values(history: Iterable[Message]) -> dict[str, set[str]]:
    """Field of a tool result, in words → the texts it has held so far; numbers, dates and flags are left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for message in history:
        if message.role == "tool_response":
            for name, text in _texts(message.content):
                found[name].add(text)
    return found


def _texts(value: Any, name: str = "", depth: int = DEPTH) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, str):
        if name and len(value) <= LONGEST and _NAME.search(value):
            yield name, value.strip()
    elif isinstance(value, Mapping) and depth:
        for key, item in value.items():
            yield from _texts(item, identifier_words(str(key)), depth - 1)
    elif isinstance(value, list) and depth:
        for item in value[:MOST_ROWS]:
            yield from _texts(item, name, depth - 1)
