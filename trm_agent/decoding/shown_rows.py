"""Rows of a result that people choose from: where each of its values stands in the text that is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trm_agent.types import Message, Span, identifier_words

MOST = 30
"""Rows of a list that are told apart."""
_BETWEEN = len(" | ")


@dataclass(frozen=True)
class Cell:
    """One value of a row.

    Attributes:
        field: Its name in words, with those that it is nested in.
        place: Its characters in `Message.text`.
    """

    field: str
    place: Span


@dataclass(frozen=True)
class Row:
    """One entry of a list of records in a result.

    Attributes:
        cells: In the order of the text.
    """

    cells: tuple[Cell, ...]


def shown_rows(message: Message) -> list[Row]:
    """The rows of a result; none where it holds no list of two records or more, or several such lists."""
    if message.role != "tool_response":
        return []
    content: Any = message.content
    if isinstance(content, str):
        if content[:1] not in ("[", "{"):
            return []
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            return []
    lists: list[list[list[Cell]]] = []
    at = 0
    for label, value, owner in _pairs(content, "", None, lists):
        start = at + (len(label) + 2 if label else 0)
        at = start + len(value) + _BETWEEN
        if owner is not None and value:
            owner.append(Cell(label, Span(start, start + len(value))))
    return [Row(tuple(cells)) for cells in lists[0][:MOST]] if len(lists) == 1 else []


def _pairs(
    value: Any, path: str, owner: list[Cell] | None, lists: list[list[list[Cell]]]
) -> Iterator[tuple[str, str, list[Cell] | None]]:
    """(label, text, its row) in the order of `Message.text`; every list of records found goes into `lists`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(item, f"{path} {identifier_words(str(key))}".strip(), owner, lists)
    elif isinstance(value, list):
        rows: list[list[Cell]] | None = None
        if owner is None and len(value) > 1 and all(isinstance(item, Mapping) for item in value):
            rows = [[] for _ in value]
            lists.append(rows)
        for i, item in enumerate(value):
            yield from _pairs(item, path, owner if rows is None else rows[i], lists)
    else:
        yield path, "" if value is None else str(value), owner
