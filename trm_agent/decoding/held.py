"""What a call was made with holds until something new is said of it.

Every slot is read anew from the whole history. So after a correction of one value, another may be read elsewhere than
before, though nobody has spoken of it since. Where a tool was called and something new is said for its next call, what
is read and nobody has spoken of since keeps the value that it had. What is not read comes back only where the user
corrects that call: another request ("send Maria 30") takes no note along that was meant for the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trm_agent.types import Message, Slot, Source, ToolSchema, Value, argument_leaves
from trm_agent.values import normalise, validates
from trm_agent.values.compare import choice_place

UNREAD = 0.5
"""Probability of a value that the last call had and that is not read now."""
SURE = 0.8
"""Probability from which on another value than that of the last call is believed."""


def held(
    read: Mapping[str, Value],
    tool: ToolSchema,
    slots: Sequence[Slot],
    history: Sequence[Message],
    *,
    corrected: bool = False,
) -> dict[str, Value]:
    """Slot key → the value of the last call of a tool, where it holds.

    Args:
        read: Slot key → value, as read anew.
        tool: Which is meant.
        slots: Of the tools on offer.
        history: So far.
        corrected: Whether the user corrects something with this turn.

    Returns:
        Nothing where the tool was not called, or where nothing new is said for it.
    """
    made = next((n for n in reversed(range(len(history))) if _calls(history[n], tool)), None)
    if made is None:
        return {}
    before = dict(argument_leaves(history[made].content.get("arguments") or {}))
    since = [message.text for message in history[made:] if message.role == "user"]
    own = {slot.key: (slot, before.get(name)) for slot in slots for owner, name in slot.readers if owner == tool.name}
    fresh = {key for key in own if key in read and _after(read[key], made) and _differs(read[key], own[key][1])}
    return {
        key: Value(value, read[key].confidence if key in read else UNREAD, Source("state", text=str(value)))
        for key, (slot, value) in own.items()
        if fresh and value is not None and validates(value, slot.parameter.schema)
        if (corrected and key not in read)
        or (
            key in read
            and read[key].confidence < SURE
            and _differs(read[key], value)
            and not _spoken_of(read[key], made, since)
        )
    }


def _calls(message: Message, tool: ToolSchema) -> bool:
    return message.role == "tool_call" and message.content["name"] == tool.name


def _after(value: Value, made: int) -> bool:
    """Whether it was read in a message after a call."""
    return value.source.message is not None and value.source.message > made


def _differs(value: Value, before: object) -> bool:
    return normalise(value.value) != normalise(before)


def _spoken_of(value: Value, made: int, since: Sequence[str]) -> bool:
    """Whether it was read in a message after a call; of an entry of a closed list, whether the user has named it."""
    if value.source.message is not None:
        return _after(value, made)
    return any(choice_place(value.value, text) is not None for text in since)
