"""A call that the caller forces although the router would not make it.

Nothing is invented here either: the call carries what the slots hold, and where a single tool is forced, what the
newest message can be read as. Its confidence is 0, and what is still missing stays missing. A call that lacks nothing
and that the tool's schema forbids all the same (`oneOf` at its top, say) is not made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from trm_agent.decoding.calls import assemble
from trm_agent.decoding.in_history import read_source
from trm_agent.types import Decision, Message, Parameter, Slot, Source, ToolCall, ToolSchema, Value

_NUMBER = re.compile(r"[-+]?\d(?:[\d.,]*\d)?")


def force_call(
    decision: Decision,
    tool: ToolSchema,
    slots: Sequence[Slot],
    history: Sequence[Message],
    *,
    fill: bool,
    texts: bool = True,
    now: datetime | None = None,
) -> Decision | None:
    """A call of `tool` with whatever the conversation holds for it.

    Args:
        decision: The router's own, without a call.
        tool: To be called.
        slots: Of the tools on offer.
        history: Where last-resort values are read from: its newest message of the user or of a tool.
        fill: Whether required parameters without a slot value may be read from that message as a whole.
        texts: Whether that holds for a text, too, where it is the only thing missing (a search query, say).
        now: What relative dates count from.

    Returns:
        A `tool_call` decision; `missing` names the required parameters that could not be filled. None where nothing
        is missing and the schema forbids the call.
    """
    call = assemble(tool, slots, decision.slot_values)
    if fill and call.missing:
        read = _last_resort(tool, call.missing, slots, history, now, texts=texts and len(call.missing) == 1)
        call = assemble(tool, slots, {**decision.slot_values, **read})
    if not call.missing and not call.legal:
        return None
    return replace(
        decision,
        decision="tool_call",
        tool=tool.name,
        intended_tool=tool.name,
        arguments=call.arguments,
        argument_values=call.values,
        calls=(ToolCall(tool.name, call.arguments, call.values),),
        missing=call.missing,
        content=None,
        confidence=0.0,
        call_confidence=0.0,
    )


def _last_resort(
    tool: ToolSchema,
    missing: Collection[str],
    slots: Sequence[Slot],
    history: Sequence[Message],
    now: datetime | None,
    *,
    texts: bool,
) -> Mapping[str, Value]:
    """Slot key → what the newest message can be read as; a number is given to one parameter only."""
    spoken = [i for i, m in enumerate(history) if m.role in ("user", "tool_response") and m.text.strip()]
    values: dict[str, Value] = {}
    if not spoken:
        return values
    index, text = spoken[-1], history[spoken[-1]].text
    used: set[Source] = set()
    for slot in slots:
        if not any(owner == tool.name and name in missing for owner, name in slot.readers):
            continue
        if slot.parameter.type in ("string", "array", "object") and not slot.parameter.choices and not texts:
            continue
        for start, end in _spans(text, slot.parameter):
            source = Source("span", index, start, end, text[start:end])
            read = None if source in used else read_source(source, slot.parameter, history, now, slot)
            if read is not None:
                values[slot.key] = Value(read[0], 0.0, read[1])
                used |= set() if isinstance(read[0], str) else {source}
                break
    return values


def _spans(text: str, parameter: Parameter) -> Iterable[tuple[int, int]]:
    start = len(text) - len(text.lstrip())
    yield start, start + len(text.strip())
    if parameter.type in ("integer", "number"):
        yield from (match.span() for match in _NUMBER.finditer(text))
