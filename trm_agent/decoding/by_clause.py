"""Several calls in one message, each read in its own clause.

"Find rock concerts in Rome this week and jazz concerts in Oslo in May": once the values say that there are two calls,
the message falls into two clauses, and each is read as a message of its own. What a clause does not say, or hardly,
was said for all calls, and stays as the whole message was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trm_agent.decoding.calls import assemble
from trm_agent.text.sentences import clause_end
from trm_agent.types import Message, Slot, Span, ToolCall, ToolSchema, Value

SURE = 0.5
"""Confidence from which on a clause's value counts, rather than what the whole message was read as."""
LEAST_WORDS = 4
"""Words of a clause that is worth reading by itself; "5" of "1, 5 and 10 years" is none."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Clause:
    """What a message says of one of several calls.

    Attributes:
        call: The call as it was read from the whole message.
        message: Which one, in the history.
        start: First character.
        end: One past the last.
        history: The conversation with nothing but the clause in the message's place.
    """

    call: ToolCall
    message: int
    start: int
    end: int
    history: tuple[Message, ...]


def clauses(calls: Sequence[ToolCall], history: Sequence[Message]) -> list[Clause]:
    """A clause for each of a turn's calls, in their order; nothing where they are not said one after the other.

    Args:
        calls: What the last user message was read as.
        history: What their values point into; the user spoke last.
    """
    last = len(history) - 1
    if len(calls) < 2 or history[last].role != "user":
        return []
    text = history[last].text
    places = [_own_places(call, calls, last) for call in calls]
    if not all(places):
        return []
    order = sorted(range(len(calls)), key=lambda n: min(places[n]))
    starts = [0]
    for before, after in pairwise(order):
        cut = clause_end(text, max(end for _, end in places[before]), min(start for start, _ in places[after]))
        if cut is None:
            return []
        starts.append(cut)
    found: dict[int, Clause] = {}
    for n, start, end in zip(order, starts, [*starts[1:], len(text)], strict=True):
        said = text[start:end]
        if len(_WORD.findall(said)) < LEAST_WORDS:
            return []
        found[n] = Clause(calls[n], last, start, end, (*history[:last], replace(history[last], content=said)))
    return [found[n] for n in range(len(calls))]


def reread(
    parts: Sequence[Clause],
    said: Sequence[ToolCall | None],
    tools: Mapping[str, ToolSchema],
    slots: Sequence[Slot],
) -> tuple[ToolCall, ...]:
    """Every call with what its clause says, in order, equal ones once; one that could not be made so stays as it was.

    Args:
        parts: The clauses of a turn.
        said: What each of them alone was read as, if as a call.
        tools: By name.
        slots: Of all tools.
    """
    calls: list[ToolCall] = []
    for part, own in zip(parts, said, strict=True):
        call = part.call if own is None else _with(part, own, tools[part.call.tool], slots)
        if not any(call.tool == other.tool and call.arguments == other.arguments for other in calls):
            calls.append(call)
    return tuple(calls)


def _with(part: Clause, said: ToolCall, tool: ToolSchema, slots: Sequence[Slot]) -> ToolCall:
    readers = {name: slot.key for slot in slots for owner, name in slot.readers if owner == tool.name}
    held = {**part.call.argument_values, **dict(_sure(said, part))}
    call = assemble(tool, slots, {readers[name]: value for name, value in held.items() if name in readers})
    return ToolCall(tool.name, call.arguments, call.values) if call.legal else part.call


def _sure(said: ToolCall, part: Clause) -> Iterator[tuple[str, Value]]:
    """What a clause says beyond doubt, at its place in the whole message."""
    for name, value in said.argument_values.items():
        source = value.source
        if source.kind in ("default", "dontcare") or value.confidence < SURE:
            continue
        if source.message == part.message and source.start is not None and source.end is not None:
            source = replace(source, start=source.start + part.start, end=source.end + part.start)
        yield name, replace(value, source=source)


def _own_places(call: ToolCall, calls: Sequence[ToolCall], last: int) -> list[Span]:
    """Where the values of a call stand that no other call has."""
    theirs = {place for other in calls if other is not call for place in other.places(last)}
    return [place for place in call.places(last) if place not in theirs]
