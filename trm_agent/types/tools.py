"""Tools and their parameters, from every form in which JSON Schema is met in the wild."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trm_agent.errors import ToolError
from trm_agent.types.docstrings import read_docstring

MAX_SCHEMA_DEPTH = 64
"""Levels of JSON that a tool's schema may nest, references resolved: some thirty objects inside one another."""

TYPE_NAMES: dict[str, str | None] = {
    **{name: name for name in ("object", "array", "string", "number", "integer", "boolean", "null")},
    "dict": "object",
    "map": "object",
    "float": "number",
    "double": "number",
    "int": "integer",
    "str": "string",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "any": None,
}
"""Names of types that tools are declared with in the wild → JSON Schema's; None: any value. Letter case is ignored."""
_VALUE_KEYWORDS = frozenset(("default", "enum", "const", "examples", "example"))


@dataclass(frozen=True)
class Parameter:
    """One declared parameter, or one leaf of a nested object.

    Attributes:
        name: The declared name; nested leaves join their path with dots (`address.city`).
        schema: Its JSON Schema without `default`.
        required: Whether a call must carry it (a nested leaf: required along its whole path).
        default: The declared default, if `has_default`.
        documented: What the docstring in the tool's description says of it; no part of its declaration.

    What is told from the schema is worked out once: a schema does not change.
    """

    name: str
    schema: dict[str, Any]
    required: bool = False
    default: Any = None
    has_default: bool = False
    documented: str = ""

    @cached_property
    def description(self) -> str:
        own = str(self.schema.get("description") or "")
        if not self.documented or self.documented in own:
            return own
        return f"{self.documented}; {own}" if own else self.documented

    @cached_property
    def type(self) -> str:
        """JSON Schema type; of several, the first that is not null; without any, told from the choices."""
        kind = self.schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "string")
        if isinstance(kind, str):
            return kind
        enum = self.schema.get("enum")
        choices = enum if enum and isinstance(enum, list) else [self.schema["const"]] if "const" in self.schema else []
        if choices and all(isinstance(c, bool) for c in choices):
            return "boolean"
        if choices and all(isinstance(c, int) and not isinstance(c, bool) for c in choices):
            return "integer"
        return "object" if "properties" in self.schema else "string"

    @cached_property
    def choices(self) -> tuple[Any, ...]:
        """The closed list of values, in declared order; empty for an open parameter."""
        if "const" in self.schema:
            return (self.schema["const"],)
        enum = self.schema.get("enum")
        if enum is None and self.type == "array":
            items = self.schema.get("items")
            enum = items.get("enum") if isinstance(items, Mapping) else None
        if enum is None and self.type == "boolean":
            return (True, False)
        return tuple(c for c in enum if c is not None) if isinstance(enum, list) else ()

    @cached_property
    def declaration(self) -> str:
        """What decides whether two tools share a slot: everything declared but the default."""
        return json.dumps({"name": self.name, "schema": self.schema}, sort_keys=True, default=str)


SCHEMA_KEYS = ("parameters", "inputSchema", "input_schema")
"""Where a declaration keeps the schema of its arguments: OpenAI's, MCP's and Anthropic's key."""


@dataclass(frozen=True)
class ToolSchema:
    """One tool as it is declared.

    Attributes:
        name: Unique among the tools on offer.
        description: What it does, for encoding; may be empty.
        schema: The JSON Schema of its arguments, references resolved: what a call is validated against.
        parameters: Its leaves, in declared order.
        read_only: The MCP annotation `readOnlyHint`; None when the tool does not say.
        destructive: The MCP annotation `destructiveHint`; None when the tool does not say.
    """

    name: str
    description: str
    schema: dict[str, Any]
    parameters: tuple[Parameter, ...]
    read_only: bool | None = None
    destructive: bool | None = None

    @classmethod
    def from_json(cls, data: Any) -> ToolSchema:
        """Read an OpenAI-style tool (`{"type": "function", "function": {...}}` or the inner object alone).

        Tools as MCP servers list them (`inputSchema`) and as Anthropic's are (`input_schema`) are read, too; a title
        stands for a missing description.
        Types that are named as in Python (`dict`, `float`, `tuple`, `any`, …) are read as JSON Schema's (`TYPE_NAMES`).

        Raises:
            ToolError: No name, or parameters that are not an object schema.
        """
        if isinstance(data, ToolSchema):
            return data
        body = data.get("function", data) if isinstance(data, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(body.get("name"), str) or not body["name"].strip():
            raise ToolError(f"a tool needs a name and a JSON Schema of its parameters, got {data!r:.120}")
        name = body["name"]
        raw = next((body[key] for key in SCHEMA_KEYS if body.get(key) is not None), None)
        if raw is None:
            raw = {"type": "object", "properties": {}}
        if not isinstance(raw, Mapping) or not isinstance(raw.get("properties", {}), Mapping):
            raise ToolError(f"tool {name!r}: parameters must be a JSON Schema of type object, got {raw!r:.120}")
        if nests_deeper(raw, MAX_SCHEMA_DEPTH):
            raise ToolError(_too_deep(name))
        schema = _resolve(dict(raw), name)
        annotations = body.get("annotations") or {}
        read_only, destructive = (_hint(annotations, key) for key in ("readOnlyHint", "destructiveHint"))
        titled = annotations.get("title") if isinstance(annotations, Mapping) else None
        description = str(body.get("description") or body.get("title") or titled or "")
        leaves = _leaves(schema, records=records_parameter(schema))
        said = read_docstring(description, schema["properties"].keys())[1]
        leaves = tuple(replace(leaf, documented=said[leaf.name]) if leaf.name in said else leaf for leaf in leaves)
        return cls(name, description, schema, leaves, read_only, destructive)

    def to_json(self) -> dict[str, Any]:
        function: dict[str, Any] = {"name": self.name, "description": self.description, "parameters": self.schema}
        hints = {"readOnlyHint": self.read_only, "destructiveHint": self.destructive}
        if any(hint is not None for hint in hints.values()):
            function["annotations"] = {name: hint for name, hint in hints.items() if hint is not None}
        return {"type": "function", "function": function}

    @cached_property
    def summary(self) -> str:
        """The description without what a docstring says of the parameters."""
        return read_docstring(self.description, self.schema.get("properties", {}).keys())[0]

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.parameters if p.required)

    @cached_property
    def records(self) -> str | None:
        """The parameter that is a list of records; its leaves (`items.name`) are those of one record."""
        return records_parameter(self.schema)

    @cached_property
    def listed(self) -> str | None:
        """The one parameter whose entries are read one at a time: its records, else its only list."""
        lists = [p.name for p in self.parameters if p.type == "array" and "." not in p.name]
        return self.records or (lists[0] if len(lists) == 1 else None)


def _hint(annotations: Any, name: str) -> bool | None:
    hint = annotations.get(name) if isinstance(annotations, Mapping) else None
    return hint if isinstance(hint, bool) else None


def parse_tools(tools: Sequence[ToolSchema | Mapping[str, Any]]) -> tuple[ToolSchema, ...]:
    """Read a tool list.

    Raises:
        ToolError: A tool is malformed, or two tools have one name.
    """
    parsed = tuple(ToolSchema.from_json(tool) for tool in tools)
    seen: set[str] = set()
    for tool in parsed:
        if tool.name in seen:
            raise ToolError(f"two tools are named {tool.name!r}; names must be unique among the tools on offer")
        seen.add(tool.name)
    return parsed


def nests_deeper(value: Any, levels: int) -> bool:
    """Whether JSON nests deeper than so many levels; never by recursion."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            item
            for outer in layer
            if isinstance(outer, Mapping | list)
            for item in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
        if not layer:
            return False
    return True


def _too_deep(tool: str) -> str:
    return f"tool {tool!r}: its parameters nest deeper than {MAX_SCHEMA_DEPTH} levels of JSON; flatten its schema"


def _resolve(schema: dict[str, Any], tool: str) -> dict[str, Any]:
    """Inline local references, merge what is one schema in parts, name types as JSON Schema does: for its leaves."""
    groups = {key: schema[key] for key in ("$defs", "definitions") if isinstance(schema.get(key), Mapping)}
    definitions = {
        f"#/{key}/{name}": value
        for key, group in groups.items()
        for name, value in group.items()
        if isinstance(value, Mapping)
    }

    def walk(node: Any, open_refs: tuple[str, ...], depth: int) -> Any:
        if depth > MAX_SCHEMA_DEPTH:
            raise ToolError(_too_deep(tool))
        if isinstance(node, list):
            return [walk(item, open_refs, depth + 1) for item in node]
        if not isinstance(node, Mapping):
            return node
        if "$ref" in node:
            ref = node["$ref"]
            if ref in open_refs:
                raise ToolError(f"tool {tool!r}: {ref} refers to itself; recursive schemas cannot be filled")
            if not isinstance(ref, str) or ref not in definitions:
                raise ToolError(f"tool {tool!r}: reference {ref!r} is not defined in its own $defs")
            rest = {k: v for k, v in node.items() if k != "$ref"}
            return walk({**definitions[ref], **rest}, (*open_refs, ref), depth + 1)
        node = {
            key: {name: walk(spec, open_refs, depth + 2) for name, spec in value.items()}  # names here are no keywords
            if key == "properties" and isinstance(value, Mapping)
            else value
            if key in _VALUE_KEYWORDS
            else walk(value, open_refs, depth + 1)
            for key, value in node.items()
            if key not in ("$defs", "definitions")
        }
        return _closed_list(_without_null(_in_one(_name_type(node))))

    resolved: dict[str, Any] = walk(schema, (), 0)
    resolved.setdefault("type", "object")
    if not isinstance(resolved.setdefault("properties", {}), Mapping):
        raise ToolError(f"tool {tool!r}: properties must be an object, got {resolved['properties']!r:.120}")
    return resolved


def _in_one(node: dict[str, Any]) -> dict[str, Any]:
    """`allOf` whose parts do not contradict one another as one schema; any other is left as it is."""
    parts = node.get("allOf")
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        return node
    merged: dict[str, Any] = {}
    for part in (*parts, {key: value for key, value in node.items() if key != "allOf"}):
        if any(key in merged and merged[key] != part[key] for key in part.keys() - {"title", "description", "default"}):
            return node
        merged |= part
    return merged


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """`anyOf: [X, null]` as X."""
    options = node.get("anyOf") or node.get("oneOf")
    if not isinstance(options, list):
        return node
    real = [option for option in options if isinstance(option, Mapping) and option.get("type") != "null"]
    return {**real[0], **_without(node, "anyOf", "oneOf")} if len(real) == 1 else node


def _closed_list(node: dict[str, Any]) -> dict[str, Any]:
    """`oneOf: [{const: a}, {const: b}]` as `enum: [a, b]`."""
    options = node.get("oneOf") or node.get("anyOf")
    if not isinstance(options, list) or "enum" in node or ("oneOf" in node and "anyOf" in node):
        return node
    values: list[Any] = []
    for option in options:
        if not isinstance(option, Mapping) or not option.keys() <= {"const", "enum", "type", "title", "description"}:
            return node
        listed = [option["const"]] if "const" in option else option.get("enum")
        if not isinstance(listed, list) or any(value in values for value in listed):
            return node
        values += listed
    return {**_without(node, "anyOf", "oneOf"), "enum": values}


def _without(node: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in keys}


def _name_type(node: dict[str, Any]) -> dict[str, Any]:
    """A schema with its type named as JSON Schema does; `any` is no constraint."""
    declared = node.get("type")
    kinds = declared if isinstance(declared, list) else [declared]
    named = [TYPE_NAMES.get(kind.lower(), kind) if isinstance(kind, str) else kind for kind in kinds]
    if declared is None or named == kinds:
        return node
    if None in named:
        return {key: value for key, value in node.items() if key != "type"}
    return {**node, "type": named if isinstance(declared, list) else named[0]}


def record_schema(spec: Any) -> Mapping[str, Any] | None:
    """The schema of one record, where a schema is that of a list of objects with declared fields."""
    items = spec.get("items") if isinstance(spec, Mapping) and spec.get("type") == "array" else None
    if not isinstance(items, Mapping) or items.get("type") != "object":
        return None
    return items if isinstance(items.get("properties"), Mapping) and items["properties"] else None


def records_parameter(schema: Mapping[str, Any]) -> str | None:
    """The first property that is a list of records; further ones are filled as values in one piece."""
    return next((name for name, spec in schema.get("properties", {}).items() if record_schema(spec)), None)


def _leaves(
    schema: Mapping[str, Any], prefix: str = "", required: bool = True, records: str | None = None
) -> tuple[Parameter, ...]:
    # Draft 3 wrote `"required": true` into the property itself; such schemas are still about.
    required_names = schema.get("required")
    wanted = {n for n in required_names if isinstance(n, str)} if isinstance(required_names, list) else set()
    out: list[Parameter] = []
    for name, raw in schema.get("properties", {}).items():
        spec = dict(raw) if isinstance(raw, Mapping) else {}
        needed = required and name in wanted
        if spec.get("type") == "object" and spec.get("properties") and isinstance(spec["properties"], Mapping):
            out.extend(_leaves(spec, f"{prefix}{name}.", needed))
            continue
        record = record_schema(spec) if not prefix and name == records else None
        if record is not None:
            out.extend(_leaves(record, f"{name}.", needed))
            continue
        has_default = "default" in spec
        default = spec.pop("default", None)
        out.append(Parameter(f"{prefix}{name}", spec, needed, default, has_default))
    return tuple(out)


def argument_leaves(arguments: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Parameter name, dotted for leaves, and argument, for all that is no object itself."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from argument_leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
