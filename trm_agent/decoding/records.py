"""Lists of records: one call with all records, out of calls that were read with one record each.

"Two lattes and a flat white" is read as two calls of `create_order`; what leaves is one call whose `items` has two
entries. The values of the first record keep their names (`items.drink`); those of the second are `items[1].drink`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trm_agent.types import Decision, ToolCall, ToolSchema, Value


def gather(decision: Decision, tools: Sequence[ToolSchema]) -> Decision:
    """The decision with calls that differ in nothing but their records put together, in order.

    Args:
        decision: As it was decoded.
        tools: On offer.
    """
    if len(decision.calls) < 2:
        return decision
    called = {call.tool for call in decision.calls}
    named = {tool.name: tool.records for tool in tools if tool.name in called}
    if not any(named.values()):
        return decision
    groups: dict[str, list[ToolCall]] = {}
    for number, call in enumerate(decision.calls):
        groups.setdefault(_outside(call, named.get(call.tool), number), []).append(call)
    return decision.with_calls([_in_one(group, named.get(group[0].tool)) for group in groups.values()])


def _outside(call: ToolCall, records: str | None, number: int) -> str:
    """What the calls of one group share: tool and arguments outside the records. Others stand alone."""
    if records is None or not isinstance(call.arguments.get(records), list):
        return str(number)
    shared = {name: value for name, value in call.arguments.items() if name != records}
    return json.dumps([call.tool, shared], sort_keys=True, default=str)


def _in_one(calls: Sequence[ToolCall], records: str | None) -> ToolCall:
    first = calls[0]
    if records is None or len(calls) == 1:
        return first
    together = [record for call in calls for record in call.arguments[records]]
    values = dict(first.argument_values)
    for number, call in enumerate(calls[1:], 1):
        values |= renamed(call.argument_values, records, number)
    return ToolCall(first.tool, {**first.arguments, records: together}, values)


def renamed(values: Mapping[str, Value], name: str, number: int) -> dict[str, Value]:
    """The values of a list's entry under its number: `items.drink` is `items[1].drink`, `people` is `people[1]`."""
    return {
        f"{name}[{number}]{key.removeprefix(name)}": value
        for key, value in values.items()
        if key == name or key.startswith(f"{name}.")
    }


def with_list(whole: ToolCall, name: str, entries: Sequence[Any], values: Mapping[str, Value]) -> ToolCall:
    """A call with another list in the place of its own.

    Args:
        whole: What stands beside the list stays.
        name: Of the list.
        entries: Of the other list.
        values: Those that its entries were read from, under their names.
    """
    others = {key: value for key, value in whole.argument_values.items() if not is_of(key, name)}
    return ToolCall(whole.tool, {**whole.arguments, name: entries}, others | dict(values))


def is_of(key: str, name: str) -> bool:
    """Whether a value's name is that of a list, of one of its entries or of a field of one."""
    return key == name or key.startswith((f"{name}.", f"{name}["))
