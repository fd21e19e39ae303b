"""Slots: the parameters of all tools as one table, equal ones once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trm_agent.types.tools import Parameter, ToolSchema


@dataclass(frozen=True)
class SlotField:
    """A slot that no tool declares but the user names (`phone`, `intent_of_user`, …).

    Attributes:
        name: Its key.
        description: What it holds, for encoding.
        choices: The closed list of its values; empty for an open field.
    """

    name: str
    description: str = ""
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "choices": list(self.choices)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SlotField:
        return cls(data["name"], data.get("description", ""), tuple(data.get("choices", ())))


@dataclass(frozen=True)
class Slot:
    """One thing to remember about a conversation.

    Attributes:
        key: Its name in `slots` (design: the parameter's name, or `<tool>.<name>` where declarations differ).
        parameter: Its declaration (of the first tool, in name order, that declares it so).
        readers: (tool name, parameter name) of every parameter whose argument is read off this slot.
        purposes: Name and description of each of those tools, in the same order.
        siblings: Names of the other parameters of those tools.
    """

    key: str
    parameter: Parameter
    readers: tuple[tuple[str, str], ...] = ()
    purposes: tuple[str, ...] = field(default=(), compare=False)
    siblings: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def tools(self) -> frozenset[str]:
        """The names of the tools that read it; none for a slot field."""
        return frozenset(tool for tool, _ in self.readers)


def slot_table(tools: Sequence[ToolSchema], slot_fields: Sequence[SlotField] = ()) -> tuple[Slot, ...]:
    """The slots that a tool list and the named slot fields give, sorted by key.

    Tools that declare a parameter identically (all but `default`) share one slot. The key is the parameter's
    name; where the tools declare one name in different ways it is `<tool>.<name>` with the first tool, in name
    order, that declares it that way. A slot field named like a parameter is that parameter's slot; where the tools
    declare the name in different ways, the field is a slot of its own, under its plain name.
    """
    groups: dict[str, dict[str, list[tuple[ToolSchema, Parameter]]]] = {}
    for tool in sorted(tools, key=lambda t: t.name):
        for parameter in tool.parameters:
            groups.setdefault(parameter.name, {}).setdefault(parameter.declaration, []).append((tool, parameter))
    slots = []
    for name, variants in groups.items():
        for owners in variants.values():
            key = name if len(variants) == 1 else f"{owners[0][0].name}.{name}"
            readers = tuple((tool.name, parameter.name) for tool, parameter in owners)
            purposes = tuple(f"{tool.name}: {tool.description}" for tool, _ in owners)
            siblings = dict.fromkeys(p.name for tool, _ in owners for p in tool.parameters if p.name != name)
            slots.append(Slot(key, owners[0][1], readers, purposes, tuple(siblings)))
    for slot_field in slot_fields:
        if len(groups.get(slot_field.name, ())) != 1:
            schema: dict[str, Any] = {"type": "string", "description": slot_field.description}
            if slot_field.choices:
                schema["enum"] = list(slot_field.choices)
            slots.append(Slot(slot_field.name, Parameter(slot_field.name, schema)))
    return tuple(sorted(slots, key=lambda slot: slot.key))
