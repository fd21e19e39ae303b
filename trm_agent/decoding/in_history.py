"""The value of a span in a history: what its message, and the question before it, say of it is read with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trm_agent.text.present import present, stated_present
from trm_agent.types import Message, Parameter, Slot, Source, Span, Value
from trm_agent.values.declared import hints
from trm_agent.values.in_message import read_in_message
from trm_agent.values.moment_in_message import moment_kind, place_of_end
from trm_agent.values.place import Where

_NUMBER = re.compile(r"[-−]?\d+(?:,\d{3}(?!\d))*(?:\.\d+)?")


def read_source(
    source: Source,
    parameter: Parameter,
    history: Sequence[Message],
    now: datetime | None,
    slot: Slot | None = None,
) -> tuple[Any, Source] | None:
    """What a parameter's value is at a place of the history, and the very place that it was read from.

    Args:
        source: A span.
        parameter: What it is read for.
        history: What the span points into.
        now: What relative dates count from; None is what a system message says, else the present.
        slot: The parameter's, for what its tools are and what else they take.
    """
    message, place = source.message, source.span
    if message is None or place is None or not 0 <= message < len(history):
        return None
    text = history[message].text
    asked = message > 0 and history[message].role == "user" and history[message - 1].role == "assistant"
    question = history[message - 1].text if asked else ""
    purposes, siblings = (slot.purposes, slot.siblings) if slot is not None else ((), ())
    told = read_in_message(Where(text, place, question, purposes, siblings, moment(history, now)), parameter)
    if told is None:
        return None
    return told.value, Source(source.kind, message, told.start, told.end, text[told.start : told.end])


def number_place(value: Value) -> Span | None:
    """Where a value stands, a number without the unit that was read with it; None if it stands nowhere."""
    place, said = value.source.span, value.source.text or ""
    digits = _NUMBER.search(said) if isinstance(value.value, int | float) else None
    if place is None or digits is None:
        return place
    return Span(place.start + digits.start(), place.start + digits.end())


def moment(history: Sequence[Message], now: datetime | None) -> datetime | None:
    """What relative dates count from: what the caller says, else the latest system message that says it, else None."""
    if now is not None:
        return now
    stated = (stated_present(message.text) for message in reversed(history) if message.role == "system")
    found = next(filter(None, stated), None)
    return present(found) if found is not None else None


def ends(
    slots: Sequence[Slot],
    read: Mapping[str, Value],
    values: Mapping[str, Value],
    history: Sequence[Message],
    now: datetime | None,
) -> dict[str, Value]:
    """Slot key → the end that a message tells with the start it was read from ("from May 3rd for three nights").

    Args:
        slots: The slot table.
        read: Slot key → what was read at this point.
        values: Slot key → what is known already; nothing is added to it.
        history: What values point into.
        now: What relative dates count from.
    """
    out: dict[str, Value] = {}
    for slot in slots:
        kind = moment_kind(slot.parameter)
        if kind is None or not hints(slot.parameter).last or slot.key in read or slot.key in values:
            continue
        starts = [
            read[other.key]
            for other in slots
            if other.key in read
            and not other.tools.isdisjoint(slot.tools)
            and moment_kind(other.parameter) == kind
            and hints(other.parameter).last is False
        ]
        if len(starts) != 1 or (index := starts[0].source.message) is None or history[index].role != "user":
            continue
        text = history[index].text
        place = place_of_end(text, kind)
        source = Source("span", index, *place, text[slice(*place)]) if place else None
        found = read_source(source, slot.parameter, history, now, slot) if source else None
        if found is not None:
            out[slot.key] = Value(found[0], starts[0].confidence, found[1])
    return out
