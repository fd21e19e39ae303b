"""A call: its arguments put together from slot values, and whether the same call was made already.

Arguments are read off the slots of the tool, nested as its schema nests. An optional argument without a value is
left out, also where a default is declared; a required one takes its default, or is missing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trm_agent.decoding.scene import last_user
from trm_agent.types import (
    DONTCARE,
    Message,
    Parameter,
    Slot,
    Source,
    ToolSchema,
    Value,
    argument_leaves,
    record_schema,
)
from trm_agent.values import normalise, validates

Made = Literal["new", "retry", "answered", "failed"]


@dataclass(frozen=True)
class Call:
    """A call as far as it could be put together.

    Attributes:
        tool: To call.
        arguments: Nested as the schema nests.
        values: Parameter name (dotted for leaves) → the value given, with its source.
        slots: Parameter name → key of the slot it was read off; defaults have none.
        missing: Required parameters that nothing fills, in declared order.
    """

    tool: ToolSchema
    arguments: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def legal(self) -> bool:
        """Whether it may be made: nothing is missing, and the tool's schema allows it."""
        return not self.missing and validates(self.arguments, self.tool.schema)


def assemble(tool: ToolSchema, slots: Sequence[Slot], values: Mapping[str, Value]) -> Call:
    """Put a call together from the values of the slots (slot key → value)."""
    parameters = {parameter.name: parameter for parameter in tool.parameters}
    read: dict[str, list[tuple[str, Value]]] = {}
    for slot in slots:
        if slot.key in values:
            for owner, name in slot.readers:
                if owner == tool.name:
                    read.setdefault(name, []).append((slot.key, values[slot.key]))
    return _object(Call(tool), tool.schema, "", parameters, read)


def _object(
    whole: Call,
    schema: Mapping[str, Any],
    prefix: str,
    parameters: Mapping[str, Parameter],
    read: Mapping[str, list[tuple[str, Value]]],
) -> Call:
    """The part of a call that one object schema describes."""
    arguments: dict[str, Any] = {}
    values: dict[str, Value] = {}
    keys: dict[str, str] = {}
    missing: list[str] = []
    required = schema.get("required")
    wanted = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    for name, spec in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if path in parameters:
            filled = _fill(parameters[path], name in wanted, read.get(path, ()))
            if filled is not None:
                key, value = filled
                arguments[name], values[path] = copy.deepcopy(value.value), value
                keys |= {path: key} if key is not None else {}
            elif name in wanted:
                missing.append(path)
        elif (inner := _inner(spec, name, prefix, whole.tool)) is not None:
            part = _object(whole, inner, f"{path}.", parameters, read)
            # An optional object is given whole or not at all, and never for its defaults alone.
            if name in wanted or (part.slots and not part.missing):
                arguments[name] = part.arguments if inner is spec else [part.arguments]
                values |= part.values
                keys |= part.slots
                missing.extend(part.missing)
    return Call(whole.tool, arguments, values, keys, tuple(missing))


def _inner(spec: Any, name: str, prefix: str, tool: ToolSchema) -> Mapping[str, Any] | None:
    """The object schema whose leaves are parameters: the property's own, or that of one of its records."""
    if not isinstance(spec, Mapping):
        return None
    if spec.get("type") == "object" and isinstance(spec.get("properties"), Mapping):
        return spec
    return record_schema(spec) if not prefix and name == tool.records else None


def _fill(parameter: Parameter, required: bool, found: Sequence[tuple[str, Value]]) -> tuple[str | None, Value] | None:
    for key, value in found:
        if value.source.kind != "dontcare":
            if validates(value.value, parameter.schema):
                return key, value
        elif required:
            for choice in parameter.choices:
                if choice == DONTCARE and validates(choice, parameter.schema):
                    return key, value
    if required and parameter.has_default and validates(parameter.default, parameter.schema):
        return None, Value(parameter.default, 1.0, Source("default"))
    return None


def made_before(call: Call, history: Sequence[Message], *, ever: bool = False) -> Made:
    """What became of the same call since the last user message.

    Args:
        call: To be made.
        history: So far.
        ever: Look at the whole conversation.

    Returns:
        `new`: not made, or not answered yet. `retry`: it failed once. `failed`: it failed more than once.
        `answered`: it has its result.
    """
    asked = last_user(history)
    start = 0 if asked is None or ever else asked + 1
    open_calls: list[Message] = []
    failures = 0
    wanted = _call_text(call.tool, call.arguments)
    for message in history[start:]:
        if message.role == "tool_call":
            open_calls.append(message)
        elif message.role == "tool_response" and open_calls:
            made = open_calls.pop(0).content
            if made["name"] != call.tool.name or not _same_call(call, wanted, made.get("arguments", {})):
                continue
            if not _is_error(message.content):
                return "answered"
            failures += 1
    return "new" if failures == 0 else "retry" if failures == 1 else "failed"


def _same_call(call: Call, wanted: str, made: Mapping[str, Any]) -> bool:
    """Whether a call was made by these arguments.

    Read as one record, a message with several may give a record whose fields are those of different ones. So a list of
    records is the same if each of its values stands in the other list, under its name.
    """
    name = call.tool.records
    if name is None or not (isinstance(made.get(name), list) and isinstance(call.arguments.get(name), list)):
        return _call_text(call.tool, made) == wanted
    rest = _call_text(call.tool, {key: value for key, value in made.items() if key != name})
    own = _call_text(call.tool, {key: value for key, value in call.arguments.items() if key != name})
    known = {leaf for record in made[name] for leaf in _leaf_texts(record)}
    return rest == own and all(known.issuperset(_leaf_texts(record)) for record in call.arguments[name])


def _leaf_texts(record: Any) -> set[tuple[str, str]]:
    leaves = argument_leaves(record) if isinstance(record, Mapping) else ()
    return {(name, normalise(value)) for name, value in leaves}


def _call_text(tool: ToolSchema, arguments: Mapping[str, Any]) -> str:
    """Arguments to compare two calls by; leaving a default out is the same as giving it."""
    leaves = {name: normalise(value) for name, value in argument_leaves(arguments)}
    for parameter in tool.parameters:
        if parameter.has_default and leaves.get(parameter.name) == normalise(parameter.default):
            del leaves[parameter.name]
    return json.dumps({name: text for name, text in leaves.items() if text}, sort_keys=True, ensure_ascii=False)


def _is_error(content: Any) -> bool:
    if isinstance(content, str):
        if content.lstrip().startswith("{"):
            try:
                content = json.loads(content)
            except ValueError:
                return False
        else:
            return content.lstrip().startswith("Error")
    return isinstance(content, Mapping) and bool(content.get("error"))
