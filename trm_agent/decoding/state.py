"""Which slot states may be trusted: a state comes from outside, so nothing in it is taken on its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trm_agent.decoding.in_history import read_source
from trm_agent.types import DONTCARE, STATE_VERSION, Message, Slot, Source, Value, argument_leaves, prefix_hashes
from trm_agent.values import normalise


def trusted_values(
    state: Mapping[str, Any],
    fingerprint: str,
    slots: Mapping[str, Slot],
    history: Sequence[Message],
    now: datetime | None,
) -> dict[str, Value] | None:
    """The values of a state, or None if anything in it does not fit.

    It fits if it was made by the same tools and weights, for the beginning of this very history, and if every value
    is one that its source gives: the characters it names, an entry of the closed list, a declared default, an argument
    of a call that was made (`decoding.held`).

    Args:
        state: `Decision.state` as it came back.
        fingerprint: Of the tools and weights in use.
        slots: Their slot table, by key.
        history: Whose beginning the state has read.
        now: What relative dates count from; a date that reads differently now does not fit.
    """
    if (
        not isinstance(state, Mapping)
        or state.get("version") != STATE_VERSION
        or state.get("fingerprint") != fingerprint
    ):
        return None
    read, values = state.get("messages"), state.get("values")
    if not isinstance(read, int) or isinstance(read, bool) or not 0 <= read <= len(history):
        return None
    if state.get("prefix") != prefix_hashes(history[:read])[-1] or not isinstance(values, Mapping):
        return None
    out: dict[str, Value] = {}
    for key, raw in values.items():
        value = _value(raw)
        if value is None or key not in slots or not _holds(value, slots[key], history[:read], now):
            return None
        out[key] = value
    return out


def _value(raw: Any) -> Value | None:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("source"), Mapping) or "value" not in raw:
        return None
    confidence = raw.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return None
    return Value(raw["value"], float(confidence), Source.from_json(raw["source"]))


def _holds(value: Value, slot: Slot, history: Sequence[Message], now: datetime | None) -> bool:
    """Whether the source of a value gives that value."""
    source, parameter = value.source, slot.parameter
    if source.kind == "dontcare":
        return value.value == DONTCARE
    if source.kind == "default":
        return parameter.has_default and bool(value.value == parameter.default)
    if source.message is None:
        entries = value.value if isinstance(value.value, list) and len(value.value) > 1 else [value.value]
        if source.kind == "state" and _called_with(value, slot, history):
            return True
        offered = {normalise(choice) for choice in _offered(slot)}
        return source.kind in ("choice", "state") and all(normalise(entry) in offered for entry in entries)
    if source.kind not in ("span", "state") or not _is_span(source, history):
        return False
    read = read_source(source, parameter, history, now, slot)
    return read is not None and bool(read[0] == value.value)


def _called_with(value: Value, slot: Slot, history: Sequence[Message]) -> bool:
    """Whether a call of one of the slot's tools had this very value for it."""
    names = dict(slot.readers)
    return any(
        dict(argument_leaves(message.content.get("arguments") or {})).get(names[message.content["name"]]) == value.value
        for message in history
        if message.role == "tool_call" and message.content["name"] in names
    )


def _offered(slot: Slot) -> list[Any]:
    choices = list(slot.parameter.choices)
    return [*choices, *([choice] for choice in choices), DONTCARE]


def _is_span(source: Source, history: Sequence[Message]) -> bool:
    message, start, end = source.message, source.start, source.end
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (message, start, end)):
        return False
    assert message is not None
    assert start is not None
    assert end is not None
    if not 0 <= message < len(history) or not 0 <= start < end:
        return False
    return history[message].text[start:end] == source.text
