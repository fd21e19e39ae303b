"""What was already done since the user last spoke, and what must therefore not be done again.

A call that returned is not repeated with the same arguments; a tool that failed is tried once more and then left to
someone else; what a person rejected is not tried again; a turn has a limited number of calls. So every loop ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_trm.messages import Entry

RETRIES = 1

_REJECTION = "User rejected the tool call"


@dataclass(frozen=True)
class Call:
    """A call made in this turn.

    Attributes:
        name: Of the tool.
        arguments: As they were sent.
        result: The entry that answers it, once there is one.
    """

    name: str
    arguments: Mapping[str, Any]
    result: Entry | None = None

    @property
    def failed(self) -> bool:
        return self.result is not None and self.result.failed

    @property
    def rejected(self) -> bool:
        """Whether a person refused it (in the words of LangChain's human-in-the-loop middleware)."""
        return self.result is not None and self.failed and _REJECTION in self.result.message.text

    @property
    def returned(self) -> bool:
        return self.result is not None and not self.result.failed


@dataclass(frozen=True)
class Turn:
    """The calls since the user last spoke, in order, and whether the last thing said is one of their results."""

    calls: tuple[Call, ...] = ()
    ends_with_result: bool = False

    def objection(self, tool: str, arguments: Mapping[str, Any], max_calls: int) -> str | None:
        """Why a call must not be made now; None when it may.

        Returns:
            `repeated` (it returned already), `rejected` (by a person), `failed` (it failed and was tried again),
            `limit`, or None.
        """
        if any(call.rejected for call in self.calls if call.name == tool):
            return "rejected"
        if sum(call.failed for call in self.calls if call.name == tool) > RETRIES:
            return "failed"
        if any(call.returned and call.name == tool and _same(call.arguments, arguments) for call in self.calls):
            return "repeated"
        return "limit" if len(self.calls) >= max_calls else None

    def has_returned(self, tool: str) -> bool:
        """Whether the tool was called in this turn and returned."""
        return any(call.returned for call in self.calls if call.name == tool)

    @property
    def last_result(self) -> Call | None:
        """The latest call that has a result; None before there is one."""
        return next((call for call in reversed(self.calls) if call.result is not None), None)


def read_turn(entries: Sequence[Entry]) -> Turn:
    """Pair this turn's calls with their results: by id, or in order where ids are missing."""
    start = max((i for i, entry in enumerate(entries) if entry.message.role == "user"), default=-1) + 1
    calls: list[Call] = []
    ids: list[str | None] = []
    for entry in entries[start:]:
        if entry.message.role == "tool_call":
            calls.append(Call(entry.message.content["name"], entry.message.content.get("arguments", {})))
            ids.append(entry.call_id)
        elif entry.message.role == "tool_response":
            place = _answered(entry, calls, ids)
            if place is None:
                calls.append(Call("", {}, entry))
                ids.append(entry.call_id)
            else:
                calls[place] = replace(calls[place], result=entry)
    return Turn(tuple(calls), bool(entries) and entries[-1].message.role == "tool_response")


def _answered(result: Entry, calls: Sequence[Call], ids: Sequence[str | None]) -> int | None:
    waiting = [i for i, call in enumerate(calls) if call.result is None]
    for i in waiting:
        if result.call_id is not None and ids[i] == result.call_id:
            return i
    unnamed = [i for i in waiting if ids[i] is None or result.call_id is None]
    return unnamed[0] if unnamed else None


def _same(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return json.dumps(left, sort_keys=True, default=str) == json.dumps(right, sort_keys=True, default=str)
