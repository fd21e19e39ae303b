"""The value of a span in a history: what its message, and the question before it, say of it is read with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import Any

from trm_agent.text.clock import part_of_day, times
from trm_agent.text.days import day_phrases, read_day
from trm_agent.text.in_english import in_english
from trm_agent.text.language import language_of, marked_language
from trm_agent.text.present import present, stated_present
from trm_agent.types import Message, Parameter, Slot, Source, Span, Value, argument_leaves
from trm_agent.values.date_forms import moment_base
from trm_agent.values.declared import hints
from trm_agent.values.in_message import read_in_message
from trm_agent.values.moment_in_message import moment_kind, place_of_end
from trm_agent.values.place import Where

LOOKED_BACK = 8
"""Messages before one that may say which day it speaks of."""
_SPEAKERS = frozenset(("user", "assistant"))
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?|\d\d:\d\d(?::\d\d)?")
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
    present = moment(history, now)
    before = partial(spoken_of, history, message, parameter, present)
    spoken = "en" if marked_language(text) else language_spoken(history[:message])
    part = partial(part_spoken_of, history, message)
    told = read_in_message(Where(text, place, question, purposes, siblings, present, spoken, before, part), parameter)
    if told is None:
        return None
    return told.value, Source(source.kind, message, told.start, told.end, text[told.start : told.end])


def language_spoken(history: Sequence[Message]) -> str:
    """The language of the last message that has small words of one; English where none has."""
    said = (marked_language(m.text) for m in reversed(history) if m.role in _SPEAKERS)
    return next(filter(None, said), "en")


def spoken_of(
    history: Sequence[Message], index: int, parameter: Parameter, now: datetime | None
) -> tuple[date | None, time | None]:
    """The day and the time that were spoken of last before a message, None for what was not.

    The latest call that filled the parameter says both. What people and assistant say counts where it names one day,
    or one time, and no more.
    """
    day: date | None = None
    clock: time | None = None
    for message in history[max(0, index - LOOKED_BACK) : index][::-1]:
        if message.role == "tool_call" and isinstance(told := message.content.get("arguments"), Mapping):
            said_day, said_clock = _iso_parts(dict(argument_leaves(told)).get(parameter.name))
        elif message.role in _SPEAKERS:
            said_day, said_clock = _one_of_each(message.text, moment_base(now))
        else:
            continue
        day, clock = day or said_day, clock or said_clock
        if day is not None and clock is not None:
            break
    return day, clock


def part_spoken_of(history: Sequence[Message], index: int) -> str | None:
    """The part of the day that people or assistant named last before a message ("tonight" is night)."""
    said = (m.text.lower() for m in history[max(0, index - LOOKED_BACK) : index][::-1] if m.role in _SPEAKERS)
    return next(filter(None, map(part_of_day, said)), None)


def _iso_parts(value: Any) -> tuple[date | None, time | None]:
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None, None
    try:
        if "-" not in value[:8]:
            return None, time.fromisoformat(value).replace(tzinfo=None)
        read = datetime.fromisoformat(value)
    except ValueError:
        return None, None
    return read.date(), read.time().replace(tzinfo=None) if ":" in value else None


def _one_of_each(text: str, now: datetime) -> tuple[date | None, time | None]:
    language = language_of(text)
    lower = text.lower() if language == "en" else (read.text if (read := in_english(text, language)) else "")
    days = {day.date() for span in day_phrases(lower) if (day := read_day(lower[slice(*span)], now)) is not None}
    clocks = {found.at for found in times(lower)}
    return (days.pop() if len(days) == 1 else None), (clocks.pop() if len(clocks) == 1 else None)


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
