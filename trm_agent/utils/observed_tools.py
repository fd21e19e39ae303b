"""Tool declarations read off the calls themselves, for logs that come without declarations.

They know names, argument names and types, and nothing of what a tool is for; so they make a first conversion
possible, not a good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trm_agent.types import ToolSchema
from trm_agent.utils.raw_turns import raw_calls


class ObservedTools:
    """What the calls seen so far show; grows with the number of tools, not with that of calls."""

    def __init__(self) -> None:
        self._calls: dict[str, _Calls] = {}

    def add(self, raw_data: Any) -> None:
        """Take in the calls of a raw conversation."""
        for name, arguments in raw_calls(raw_data):
            self.add_call(name, arguments)

    def add_call(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Take in one call."""
        self._calls.setdefault(name, _Calls()).add(arguments)

    def declare(self) -> tuple[ToolSchema, ...]:
        """The tools called so far, by name; a parameter that no call lacked is declared as required."""
        return tuple(
            ToolSchema.from_json({"name": name, "parameters": calls.schema()})
            for name, calls in sorted(self._calls.items())
        )


@dataclass
class _Calls:
    count: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    types: dict[str, set[str]] = field(default_factory=dict)

    def add(self, arguments: Mapping[str, Any]) -> None:
        self.count += 1
        for name, value in arguments.items():
            self.seen[name] = self.seen.get(name, 0) + 1
            self.types.setdefault(name, set()).update(_schema_type(value))

    def schema(self) -> dict[str, Any]:
        properties = {name: _declared(types) for name, types in self.types.items()}
        required = [name for name, times in self.seen.items() if times == self.count]
        return {"type": "object", "properties": properties, "required": required}


def _declared(types: set[str]) -> dict[str, Any]:
    if types == {"integer", "number"}:
        types = {"number"}
    return {"type": next(iter(types))} if len(types) == 1 else {}


def _schema_type(value: Any) -> set[str]:
    """The JSON Schema type of a value; nothing for null, which says nothing."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return {names[type(value)]} if type(value) in names else set()
