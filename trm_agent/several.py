"""Several calls in one turn: "the weather in Rome and in Oslo", "… and book me a taxi".

The model says whether there may be more than one; which tools share the pointer, and which readings share a slot, says
how many there are. A slot with several readings differs from call to call, every other one is the same in all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trm_agent.calibration import Calibration
from trm_agent.calls import Call, assemble, made_before
from trm_agent.reading import SEVERAL, Prediction, meant_tools, readings
from trm_agent.types import Message, Slot, ToolSchema, Value

EVEN = 0.4
"""Part of an even share that a reading needs to count as one of several."""
MOST = 8
"""Most calls of one turn."""


@dataclass(frozen=True)
class Context:
    """What calls are put together from.

    Attributes:
        prediction: For this decision point.
        tools: In the order of `prediction.tools`.
        slots: In the order of `prediction.slots`.
        values: Slot key → value, as read for a single call.
        history: What the spans point into.
        now: What relative dates count from.
        calibration: For the confidence of values.
    """

    prediction: Prediction
    tools: Sequence[ToolSchema]
    slots: Sequence[Slot]
    values: Mapping[str, Value]
    history: Sequence[Message]
    now: datetime | None
    calibration: Calibration

    @property
    def several(self) -> bool:
        """Whether there may be more than one call."""
        return self.prediction.calls[0] < SEVERAL


def several_calls(first: Call, context: Context) -> tuple[Call, ...]:
    """All calls of a turn, in the order in which their values are said; just `first` where one is meant.

    Args:
        first: The call that a single one would be; it may be made.
        context: Of the decision point.
    """
    tools = meant_tools(context.prediction, context.tools)
    if not context.several and len(tools) == 1:
        return (first,)
    found = [call for tool in tools for call in _calls_of(tool, first, context)]
    out: dict[str, Call] = {}
    for call in sorted(found, key=_place):
        if call.legal and made_before(call, context.history) == "new":
            out.setdefault(json.dumps([call.tool.name, call.arguments], sort_keys=True, default=str), call)
    return tuple(out.values())[:MOST] or (first,)


def _calls_of(tool: ToolSchema, first: Call, context: Context) -> Iterator[Call]:
    """The calls of one tool: as many as the slot with most readings."""
    choices = {key: found for key, found in _alternatives(tool, context).items() if len(found) > 1}
    count = max(map(len, choices.values()), default=1)
    for number in range(count):
        different = {key: found[min(number, len(found) - 1)] for key, found in choices.items()}
        call = assemble(tool, context.slots, {**context.values, **different})
        yield first if count == 1 and tool.name == first.tool.name else call


def _alternatives(tool: ToolSchema, context: Context) -> dict[str, list[Value]]:
    """Slot key → readings that are likely enough to be one of several, in the order in which they are said."""
    own = {slot.key for slot in context.slots for owner, _ in slot.readers if owner == tool.name}
    taken = {key: value for key, value in context.values.items() if key in own}
    out: dict[str, list[Value]] = {}
    for slot, said in zip(context.slots, context.prediction.slots, strict=True):
        if slot.key not in taken:
            continue
        apart: list[Value] = []
        elsewhere = [value for key, value in taken.items() if key != slot.key]
        for value in readings(said, slot.parameter, context.history, context.now):
            if len(apart) < MOST and not any(_same(value, other) for other in (*apart, *elsewhere)):
                apart.append(value)
        kept = apart[: _share_count([value.confidence / max(said.filled, 1e-6) for value in apart])]
        sure = [min(1.0, value.confidence * len(kept)) for value in kept]
        values = [
            replace(value, confidence=context.calibration.value_confidence(share))
            for value, share in zip(kept, sure, strict=True)
        ]
        out[slot.key] = sorted(values, key=_start)
    return out


def _share_count(shares: Sequence[float]) -> int:
    """The most readings of which the last still has `EVEN` of an even share; at least one."""
    return max((k for k in range(2, len(shares) + 1) if shares[k - 1] > EVEN / k), default=1)


def _same(value: Value, other: Value) -> bool:
    """Whether two readings are of the same words, or of the same choice."""
    a, b = value.source, other.source
    if a.message is None or a.start is None or a.end is None:
        return b.message is None and value.value == other.value
    if b.message != a.message or b.start is None or b.end is None:
        return False
    return a.start < b.end and b.start < a.end


def _start(value: Value) -> tuple[int, int]:
    source = value.source
    return (-1 if source.message is None else source.message, source.start or 0)


def _place(call: Call) -> tuple[int, int]:
    """Where the latest of a call's values is said; what differs between two calls is said apart."""
    return max((_start(value) for value in call.values.values()), default=(-1, 0))
