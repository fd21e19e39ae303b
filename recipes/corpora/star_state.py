"""What is known of every slot at a point of a STAR dialogue, told from the queries around it.

A slot is filled from the message on in which the user says the value of the next query, and empty (or what the
query before said) up to there. Where the value is not found in the user's words, nothing is known in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.corpora.mentions import small_number, stands
from trm_agent.types import Message, Slot, ToolSchema, slot_table

UNKNOWN = object()
EMPTY = ""


@dataclass(frozen=True)
class Call:
    """A call as it stands in the history.

    Attributes:
        at: Its place in the history.
        tool: Name of the tool.
        values: Parameter → right values, the preferred one first.
        sure: Whether its values are the user's.
    """

    at: int
    tool: str
    values: dict[str, list[Any]]
    sure: bool = True


class States:
    """The slots of one dialogue at every length of its history.

    Args:
        messages: The whole dialogue.
        calls: In order.
        tools: On offer.
        own: Tools that the wizard had: where one is never called, the user may have spoken of its parameters
            all the same.
    """

    def __init__(
        self, messages: Sequence[Message], calls: Sequence[Call], tools: Sequence[ToolSchema], own: Sequence[ToolSchema]
    ) -> None:
        self.slots = slot_table(tools)
        self._said = [(i, message.content) for i, message in enumerate(messages) if message.role == "user"]
        self._calls = calls
        called = {call.tool for call in calls}
        families = {tuple(p.name for p in tool.parameters) for tool in own if tool.name in called}
        self._open = {
            (tool.name, p.name)
            for tool in own
            if tuple(p.name for p in tool.parameters) not in families
            for p in tool.parameters
        }

    def at(self, length: int, call: Call | None = None) -> dict[str, list[Any]]:
        """Slot key → right values, [""] where it is empty; what is not known is left out.

        Args:
            length: Of the history.
            call: The call that is decided here.
        """
        out: dict[str, list[Any]] = {}
        for slot in self.slots:
            given = self._values(slot, call) if call else None
            if given is not None:
                out[slot.key] = given
                continue
            value = self._value(slot, length)
            read = call is not None and call.tool in slot.tools
            if value is not UNKNOWN and (value == EMPTY or not read):
                out[slot.key] = [value]
        return out

    def _values(self, slot: Slot, call: Call) -> list[Any] | None:
        return next((call.values[p] for tool, p in slot.readers if tool == call.tool and p in call.values), None)

    def _value(self, slot: Slot, length: int) -> Any:
        """The value, `EMPTY` or `UNKNOWN`."""
        events = [(call, values[0]) for call in self._calls if (values := self._values(slot, call))]
        before = [event for event in events if event[0].at < length]
        after = [event for event in events if event[0].at >= length]
        start, now = -1, EMPTY if self._open.isdisjoint(slot.readers) else UNKNOWN
        if before:
            start = before[-1][0].at
            now = before[-1][1] if before[-1][0].sure else UNKNOWN
        elif after:
            now = EMPTY
        if not after or (before and after[0][1] == now):
            return now
        upcoming, value = after[0]
        if not upcoming.sure:
            return UNKNOWN
        said = [i for i, text in self._said if start < i < upcoming.at and self._stands(slot, value, text, upcoming)]
        if not said or said[0] < length <= (said[-1] if small_number(value) else said[0]):
            return UNKNOWN
        return now if length <= said[0] else value

    def _stands(self, slot: Slot, value: Any, text: str, call: Call) -> bool:
        others = [v for values in call.values.values() for v in values if not isinstance(v, list)]
        return stands(value, text, slot.parameter.choices or (), others)
