"""Lists, one entry at a time: the next one is read, its words are marked as taken up, and so on until none is left.

"Two lattes and a flat white": the first reading gives `{drink: latte, count: 2}` and says that more is to come; the
second, with those words marked, gives the flat white and says that it was the last. The network learned both from
turns that were read so (`training.one_by_one`). It learned several calls so as well; there the rules of `several` are
better, and serve.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.record_fields import is_field
from trm_agent.decoding.records import is_of, renamed, with_list
from trm_agent.decoding.scene import last_user
from trm_agent.text.language import language_of
from trm_agent.text.sentences import count_joiners
from trm_agent.types import Message, Slot, Span, ToolCall, ToolSchema
from trm_agent.values.compare import choice_place

MOST = 8
"""Most calls or entries of one turn."""
FILLED, SHARE = 0.5, 0.3
"""Least probability of being filled, and part of its likeliest span, for a field to say where a record begins."""
NOTHING, SOMETHING = 0.15, 0.45
"""Below the one, nothing is left of a field; from the other on, in the last message, something is, whatever the count
says."""
APART = 0.3
"""What a comma or a joining word between two fields of a record leaves of a span's probability."""

Place = tuple[int, int, int]
"""Message, first and one-past-last character."""


def is_last(prediction: Prediction, left: Left | None = None) -> bool:
    """Whether nothing is left after the call that was read.

    Args:
        prediction: Of that reading: most likely it was the last.
        left: What no record took up; None where no field is read off the text.
    """
    likely = not prediction.calls or prediction.calls[0] >= max(prediction.calls)
    return likely if left is None else left.anywhere < NOTHING or (likely and left.said < SOMETHING)


@dataclass(frozen=True)
class Left:
    """How much of the probability of a record's fields lies on words that were not taken up; the field with most.

    Attributes:
        anywhere: In the conversation.
        said: In the user's last message.
    """

    anywhere: float
    said: float


def left_over(
    prediction: Prediction, slots: Sequence[Slot], tool: ToolSchema, history: Sequence[Message], used: Sequence[Place]
) -> Left | None:
    """What is left; None where no field is read off the text.

    Args:
        prediction: With all records read at once: each has its share of a field's spans.
        slots: In its order.
        tool: With records.
        history: What spans point into.
        used: What was taken up.
    """
    fields = [said for slot, said in zip(slots, prediction.slots, strict=True) if is_field(slot, tool)]
    free = [_free(said, used) for said in fields if said.filled > FILLED and said.spans]
    if not free:
        return None
    last = last_user(history)
    return Left(
        max(sum(span.probability for span in spans) for spans in free),
        max(sum(span.probability for span in spans if span.message == last) for spans in free),
    )


def _free(said: SlotPrediction, used: Sequence[Place]) -> list[SpanCandidate]:
    places = [(span, (span.message, span.start, span.end)) for span in said.spans]
    return [span for span, place in places if not any(_overlap(place, other) for other in used)]


def alone(prediction: Prediction) -> Prediction:
    """The prediction for one call that is read by itself."""
    return replace(prediction, calls=(1.0, *(0.0 for _ in prediction.calls[1:])))


def near_together(
    prediction: Prediction, slots: Sequence[Slot], tool: ToolSchema, history: Sequence[Message], used: Sequence[Place]
) -> Prediction:
    """The prediction with the fields of one record read where its first value is said.

    Each comma or joining word between a span and the first one that no entry before took up makes it less likely.

    Args:
        prediction: Of one reading.
        slots: In its order.
        tool: With records.
        history: What spans point into.
        used: What the entries before took up.
    """
    last = last_user(history)
    if tool.records is None or last is None:
        return prediction
    fields = [i for i, slot in enumerate(slots) if is_field(slot, tool)]
    free = [
        span
        for i in fields
        if prediction.slots[i].filled > FILLED
        for span in _free(prediction.slots[i], used)
        if span.message == last and span.probability > SHARE * prediction.slots[i].spans[0].probability
    ]
    if not free:
        return prediction
    first = min(free, key=lambda span: (span.start, -span.probability))
    text = history[last].text
    language = language_of(text)
    out = list(prediction.slots)
    for i in fields:
        spans = [_weighed(span, first, text, last, language) for span in out[i].spans]
        total, before = sum(s.probability for s in spans), sum(s.probability for s in out[i].spans)
        if total > 0:
            spans = [replace(s, probability=s.probability * before / total) for s in spans]
            out[i] = replace(out[i], spans=tuple(sorted(spans, key=lambda s: -s.probability)))
        if out[i].choices:
            out[i] = replace(out[i], choices=_choices(out[i].choices, slots[i], first, text, used, last, language))
    return replace(prediction, slots=tuple(out))


def _choices(
    odds: Sequence[float],
    slot: Slot,
    first: SpanCandidate,
    text: str,
    used: Sequence[Place],
    last: int,
    language: str,
) -> tuple[float, ...]:
    """Entries of a closed list, those that are named beside other records less likely; their sum stays."""
    taken = [Span(start, end) for message, start, end in used if message == last]
    weighed = []
    for probability, choice in zip(odds, slot.parameter.choices, strict=True):
        place = choice_place(choice, text)
        if place is not None:
            away = count_joiners(first.span.between(place, text), language)
            probability *= APART ** (away + any(map(Span(*place).overlaps, taken)))
        weighed.append(probability)
    total = sum(weighed)
    return tuple(one * sum(odds) / total for one in weighed) if total > 0 else tuple(odds)


def _weighed(span: SpanCandidate, first: SpanCandidate, text: str, last: int, language: str) -> SpanCandidate:
    if span.message != last:
        return span
    apart = count_joiners(first.span.between(span.span, text), language)
    return replace(span, probability=span.probability * APART**apart)


def taken_up(call: ToolCall, history: Sequence[Message], parameter: str | None = None) -> list[Place]:
    """Where the values of a call stand; a choice that stands nowhere is looked for in the user's last message.

    Args:
        call: As it was read.
        history: What its values point into.
        parameter: Only of this one, a list, and of what its entries hold.
    """
    last = last_user(history)
    out: list[Place] = []
    for name, value in call.argument_values.items():
        source = value.source
        if parameter is not None and not is_of(name, parameter):
            continue
        if source.message is not None and source.start is not None and source.end is not None:
            out.append((source.message, source.start, source.end))
        elif source.kind == "choice" and last is not None:
            entry = value.value[0] if isinstance(value.value, list) and value.value else value.value
            if (place := choice_place(entry, history[last].text)) is not None:
                out.append((last, *place))
    return out


def is_new(call: ToolCall, tool: ToolSchema, history: Sequence[Message], used: Sequence[Place]) -> bool:
    """Whether a call, or the entry of its list, takes up anything that no call before did."""
    places = taken_up(call, history, tool.listed)
    return any(not any(_overlap(place, other) for other in used) for place in places)


def _overlap(left: Place, right: Place) -> bool:
    return left[0] == right[0] and left[1] < right[2] and right[1] < left[2]


def together(
    calls: Sequence[ToolCall], whole: Sequence[ToolCall], tools: Mapping[str, ToolSchema]
) -> tuple[ToolCall, ...]:
    """Calls of one entry each → one call of a tool with its whole list; others as they are, equal ones once.

    Args:
        calls: As they were read one at a time.
        whole: As they were read all at once: what stands beside a list is taken from there.
        tools: By name.
    """
    beside = {call.tool: call for call in reversed(whole)}
    out: dict[str, ToolCall] = {}
    for call in calls:
        name = tools[call.tool].listed
        entries = None if name is None else call.arguments.get(name)
        if name is None or not isinstance(entries, list):
            out.setdefault(json.dumps([call.tool, call.arguments], sort_keys=True, default=str), call)
        elif (first := out.get(call.tool)) is None:
            own = {key: value for key, value in call.argument_values.items() if is_of(key, name)}
            out[call.tool] = with_list(beside.get(call.tool, call), name, entries, own)
        else:
            out[call.tool] = _longer(first, call, name, entries)
    return tuple(out.values())


def _longer(first: ToolCall, call: ToolCall, name: str, entries: Sequence[Any]) -> ToolCall:
    """The first call with the entries of another behind its own."""
    held = first.arguments[name]
    fresh = [entry for entry in entries if entry not in held] if not isinstance(entries[0], Mapping) else list(entries)
    arguments = {**first.arguments, name: [*held, *fresh]}
    return ToolCall(first.tool, arguments, first.argument_values | renamed(call.argument_values, name, len(held)))
