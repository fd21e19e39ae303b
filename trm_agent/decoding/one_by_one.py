"""Several calls, and lists: the next one is read, its words are marked as taken up, and so on until none is left.

"Two lattes and a flat white": the first reading gives `{drink: latte, count: 2}` and says that more is to come; the
second, with those words marked, gives the flat white and says that it was the last. The network learned both from
turns that were read so (`training.one_by_one`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.scene import last_user
from trm_agent.types import Message, ToolCall, ToolSchema, Value
from trm_agent.values import choice_text

MOST = 8
"""Most calls or entries of one turn."""
LAST = 0.5
"""Probability that a call is the last from which on none is looked for."""

Place = tuple[int, int, int]
"""Message, first and one-past-last character."""


def is_last(prediction: Prediction) -> bool:
    """Whether nothing is left after the call that was read."""
    return not prediction.calls or prediction.calls[0] >= LAST


def alone(prediction: Prediction) -> Prediction:
    """The prediction for one call that is read by itself."""
    return replace(prediction, calls=(1.0, *(0.0 for _ in prediction.calls[1:])))


def taken_up(call: ToolCall, history: Sequence[Message]) -> list[Place]:
    """Where the values of a call stand; a choice that stands nowhere is looked for in the user's last message."""
    last = last_user(history)
    out: list[Place] = []
    for value in call.argument_values.values():
        source = value.source
        if source.message is not None and source.start is not None and source.end is not None:
            out.append((source.message, source.start, source.end))
        elif source.kind == "choice" and last is not None:
            entry = value.value[0] if isinstance(value.value, list) and value.value else value.value
            text = choice_text(entry).lower()
            at = history[last].text.lower().find(text) if text else -1
            if at >= 0:
                out.append((last, at, at + len(text)))
    return out


def together(calls: Sequence[ToolCall], tools: Mapping[str, ToolSchema]) -> tuple[ToolCall, ...]:
    """Calls of one entry each → one call of a tool with its whole list; others as they are, equal ones once.

    What stands beside the list is that of the first.
    """
    out: dict[str, ToolCall] = {}
    for call in calls:
        name = tools[call.tool].listed
        entries = None if name is None else call.arguments.get(name)
        if name is None or not isinstance(entries, list):
            out.setdefault(json.dumps([call.tool, call.arguments], sort_keys=True, default=str), call)
        elif (first := out.get(call.tool)) is None:
            out[call.tool] = call
        else:
            out[call.tool] = _longer(first, call, name, entries)
    return tuple(out.values())


def _longer(first: ToolCall, call: ToolCall, name: str, entries: Sequence[Any]) -> ToolCall:
    """The first call with the entries of another behind its own."""
    held = first.arguments[name]
    fresh = [entry for entry in entries if entry not in held] if not isinstance(entries[0], Mapping) else list(entries)
    arguments = {**first.arguments, name: [*held, *fresh]}
    return ToolCall(first.tool, arguments, first.argument_values | _renamed(call.argument_values, name, len(held)))


def _renamed(values: Mapping[str, Value], name: str, number: int) -> dict[str, Value]:
    """The values of an entry under its number: `items.name` is `items[1].name`."""
    return {
        f"{name}[{number}]{key.removeprefix(name)}": value
        for key, value in values.items()
        if key == name or key.startswith(f"{name}.")
    }
