"""The nouns that every layer shares: messages, tools, slots, samples and decisions.

Nothing here loads torch. Everything that leaves the process has `to_json`, everything that enters it a
`from_json` that names what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from trm_agent.errors import DataError, HistoryError, ToolError

Role = Literal["system", "user", "assistant", "tool_call", "tool_response"]
DecisionKind = Literal["tool_call", "direct_answer"]
SourceKind = Literal["span", "choice", "state", "default", "dontcare"]

ROLES: tuple[str, ...] = get_args(Role)
DONTCARE = "dontcare"
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

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Message:
    """One turn of a history.

    Attributes:
        role: Who speaks.
        content: Text; for `tool_call` a mapping with `name` and `arguments`; for `tool_response` any JSON value.
    """

    role: Role
    content: Any

    @classmethod
    def from_json(cls, data: Any) -> Message:
        """Check and take one history entry.

        Raises:
            HistoryError: The entry is no mapping, its role is unknown, or its content does not fit the role.
        """
        if not isinstance(data, Mapping):
            raise HistoryError(f"a message must be an object with role and content, got {type(data).__name__}")
        role, content = data.get("role"), data.get("content")
        if role not in ROLES:
            raise HistoryError(f"unknown role {role!r}; expected one of {', '.join(ROLES)}")
        if "content" not in data:
            raise HistoryError(f"the {role} message has no content")
        if role == "tool_call":
            if not isinstance(content, Mapping) or not isinstance(content.get("name"), str) or not content["name"]:
                raise HistoryError(f"a tool_call needs content {{name, arguments}}, got {content!r:.80}")
            if not isinstance(content.get("arguments", {}), Mapping):
                raise HistoryError(f"the arguments of tool_call {content['name']!r} must be an object")
        elif role != "tool_response" and not isinstance(content, str):
            raise HistoryError(f"the content of a {role} message must be text, got {type(content).__name__}")
        return cls(role, content)

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content}

    @cached_property
    def text(self) -> str:
        """The text that is read, and that character spans of a source point into.

        Plain text stays as it is. A call or a result becomes `field: value` pairs, one after the other, nested
        names joined by spaces, so that a value stands beside its label. A result given as a JSON string is
        rendered like the value it holds.
        """
        content = self.content
        if self.role == "tool_call":
            pairs = _flatten(content.get("arguments", {}))
            head = identifier_words(content["name"])
            return f"{head} | {_join(pairs)}" if pairs else head
        if self.role == "tool_response":
            if isinstance(content, str) and content[:1] in "[{":
                try:
                    content = json.loads(content)
                except (ValueError, RecursionError):
                    return str(self.content)
            if isinstance(content, Mapping | list):
                return _join(_flatten(content))
            return "" if content is None else str(content)
        return str(content)


def identifier_words(name: str) -> str:
    """An identifier (`snake_case`, `camelCase`, `kebab-case`, dotted) as lower-case words, for encoding."""
    return re.sub(r"[_\-./\s]+", " ", _WORD_START.sub(" ", name)).strip().lower()


def _flatten(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [
            pair
            for key, item in value.items()
            for pair in _flatten(item, f"{path} {identifier_words(str(key))}".strip())
        ]
    if isinstance(value, list):
        return [pair for item in value for pair in _flatten(item, path)]
    return [(path, "" if value is None else str(value))]


def _join(pairs: Sequence[tuple[str, str]]) -> str:
    return " | ".join(f"{key}: {value}" if key else value for key, value in pairs)


def parse_history(history: Sequence[Message | Mapping[str, Any]]) -> list[Message]:
    """Take a history given as messages or as plain JSON.

    Raises:
        HistoryError: It is empty, or a message is wrong (its position is named).
    """
    messages = []
    for position, item in enumerate(history):
        try:
            messages.append(item if isinstance(item, Message) else Message.from_json(item))
        except HistoryError as error:
            raise HistoryError(f"message {position}: {error}") from None
    if not messages:
        raise HistoryError("the history is empty; a decision needs at least one message")
    return messages


@dataclass(frozen=True)
class Parameter:
    """One declared parameter, or one leaf of a nested object.

    Attributes:
        name: The declared name; nested leaves join their path with dots (`address.city`).
        schema: Its JSON Schema without `default`.
        required: Whether a call must carry it (a nested leaf: required along its whole path).
        default: The declared default, if `has_default`.
    """

    name: str
    schema: dict[str, Any]
    required: bool = False
    default: Any = None
    has_default: bool = False

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @property
    def type(self) -> str:
        """JSON Schema type; of several, the first that is not null; without any, told from the choices."""
        kind = self.schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "string")
        if isinstance(kind, str):
            return kind
        choices = self.schema.get("enum") or ([self.schema["const"]] if "const" in self.schema else [])
        if choices and all(isinstance(c, bool) for c in choices):
            return "boolean"
        if choices and all(isinstance(c, int) and not isinstance(c, bool) for c in choices):
            return "integer"
        return "object" if "properties" in self.schema else "string"

    @property
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

    @property
    def declaration(self) -> str:
        """What decides whether two tools share a slot: everything declared but the default."""
        return json.dumps({"name": self.name, "schema": self.schema}, sort_keys=True, default=str)


@dataclass(frozen=True)
class ToolSchema:
    """One tool as it is declared.

    Attributes:
        name: Unique among the tools on offer.
        description: What it does, for encoding; may be empty.
        schema: The JSON Schema of its arguments, references resolved: what a call is validated against.
        parameters: Its leaves, in declared order.
        read_only: The MCP annotation `readOnlyHint`; None when the tool does not say.
    """

    name: str
    description: str
    schema: dict[str, Any]
    parameters: tuple[Parameter, ...]
    read_only: bool | None = None

    @classmethod
    def from_json(cls, data: Any) -> ToolSchema:
        """Read an OpenAI-style tool (`{"type": "function", "function": {...}}` or the inner object alone).

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
        raw = body.get("parameters")
        if raw is None:
            raw = {"type": "object", "properties": {}}
        if not isinstance(raw, Mapping) or not isinstance(raw.get("properties", {}), Mapping):
            raise ToolError(f"tool {name!r}: parameters must be a JSON Schema of type object, got {raw!r:.120}")
        if nests_deeper(raw, MAX_SCHEMA_DEPTH):
            raise ToolError(_too_deep(name))
        schema = _resolve(dict(raw), name)
        annotations = body.get("annotations") or {}
        hint = annotations.get("readOnlyHint") if isinstance(annotations, Mapping) else None
        description = str(body.get("description") or "")
        return cls(name, description, schema, _leaves(schema), hint if isinstance(hint, bool) else None)

    def to_json(self) -> dict[str, Any]:
        function: dict[str, Any] = {"name": self.name, "description": self.description, "parameters": self.schema}
        if self.read_only is not None:
            function["annotations"] = {"readOnlyHint": self.read_only}
        return {"type": "function", "function": function}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.parameters if p.required)


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


def _leaves(schema: Mapping[str, Any], prefix: str = "", required: bool = True) -> tuple[Parameter, ...]:
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
        has_default = "default" in spec
        default = spec.pop("default", None)
        out.append(Parameter(f"{prefix}{name}", spec, needed, default, has_default))
    return tuple(out)


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
    """

    key: str
    parameter: Parameter
    readers: tuple[tuple[str, str], ...] = ()


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
            slots.append(Slot(key, owners[0][1], tuple((tool.name, parameter.name) for tool, parameter in owners)))
    for slot_field in slot_fields:
        if len(groups.get(slot_field.name, ())) != 1:
            schema: dict[str, Any] = {"type": "string", "description": slot_field.description}
            if slot_field.choices:
                schema["enum"] = list(slot_field.choices)
            slots.append(Slot(slot_field.name, Parameter(slot_field.name, schema)))
    return tuple(sorted(slots, key=lambda slot: slot.key))


@dataclass(frozen=True)
class Source:
    """Where a value comes from.

    Attributes:
        kind: `span` (characters of a message), `choice` (an entry of the closed list), `state` (carried from an
            earlier turn), `default` (declared), `dontcare` (the user leaves it open).
        message: Index into the history, for `span`; for `state` the message it was first read from.
        start: First character in `Message.text`, for `span` and `state`.
        end: One past the last character.
        text: The very characters, before any parsing.
    """

    kind: SourceKind
    message: int | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        return cls(**{key: data.get(key) for key in ("kind", "message", "start", "end", "text")})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Value:
    """A value with its confidence (calibrated, in [0, 1]) and its source."""

    value: Any
    confidence: float
    source: Source

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "confidence": self.confidence, "source": self.source.to_json()}


STATE_VERSION = 1
# Made once: `json.dumps` makes an encoder for every message.
_CANONICAL = json.JSONEncoder(sort_keys=True, default=str)


@dataclass(frozen=True)
class SlotState:
    """The slot state after a number of messages, as plain JSON: what the next turn resumes from.

    Attributes:
        fingerprint: Of tools, slot fields and weights together; a state from others is not trusted.
        messages: How many messages it has read.
        prefix: Hash of those messages.
        values: Slot key → the value held, with its source.
        version: Of this layout.
    """

    fingerprint: str
    messages: int
    prefix: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: int = STATE_VERSION

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def prefix_hashes(messages: Sequence[Message]) -> list[str]:
    """The hash of every prefix of a history, from the empty one to the whole; equal for equal messages."""
    digest = hashlib.sha256()
    out = [digest.hexdigest()[:32]]
    for message in messages:
        digest.update(_CANONICAL.encode(message.to_json()).encode())
        out.append(digest.hexdigest()[:32])
    return out


def history_hash(messages: Sequence[Message]) -> str:
    """Hash of a history, equal for equal messages."""
    return prefix_hashes(messages)[-1]


@dataclass(frozen=True)
class ToolCall:
    """One call as it leaves.

    Attributes:
        tool: To call.
        arguments: Typed as its schema wants, nested where it nests.
        argument_values: Parameter name (dotted for leaves) → value, confidence and source.
    """

    tool: str
    arguments: dict[str, Any]
    argument_values: dict[str, Value] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        values = {name: value.to_json() for name, value in self.argument_values.items()}
        return {"tool": self.tool, "arguments": self.arguments, "argument_values": values}


@dataclass(frozen=True)
class Decision:
    """What to do next, and why.

    Attributes:
        decision: `tool_call` or `direct_answer`.
        tool: The tool to call; None for a direct answer.
        arguments: Of the call, typed as the tool's schema wants, nested where it nests; empty for a direct answer.
        slots: Slot key → value, for every filled slot.
        missing: Required parameters of `intended_tool` that no slot fills, in declared order.
        content: Words for a direct answer, where the router has any.
        confidence: Probability that decision and tool are right, where it is `calibrated`.
        call_confidence: Probability that the emitted call is right in whole; None without a call.
        probabilities: {"tool_call", "direct_answer", "tools": {name: probability}}.
        argument_values: Parameter name (dotted for leaves) → value, confidence and source.
        slot_values: Slot key → value, confidence and source.
        intended_tool: The tool the conversation is about, called or not; None when there is none.
        supervision_steps: Supervision steps the TRM took.
        state: To resume from, plain JSON (`SlotState.to_json`).
        latency_ms: {"encoder", "trm", "decoding", "total"} in milliseconds.
        scores: What the model said before calibration (`trm_agent.calibration.DecisionScores`), flat.
        calls: Every call of the turn, in order; the first is `tool` with `arguments`. Empty for a direct answer.
        answer_state: What the words of a direct answer are chosen by, an array; never part of the record.
        calibrated: Whether the confidences were fitted on held-out samples; if not, they rank and promise nothing.
    """

    decision: DecisionKind
    tool: str | None
    arguments: dict[str, Any]
    slots: dict[str, Any]
    missing: tuple[str, ...]
    content: str | None
    confidence: float
    call_confidence: float | None
    probabilities: dict[str, Any]
    argument_values: dict[str, Value]
    slot_values: dict[str, Value]
    intended_tool: str | None
    supervision_steps: int
    state: dict[str, Any]
    latency_ms: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    calls: tuple[ToolCall, ...] = ()
    answer_state: Any = field(default=None, compare=False, repr=False)
    calibrated: bool = True

    @property
    def made(self) -> tuple[ToolCall, ...]:
        """Every call of the turn, in order, also where only `tool` and `arguments` were given; none for an answer."""
        if self.decision != "tool_call" or self.tool is None:
            return ()
        return self.calls or (ToolCall(self.tool, self.arguments, self.argument_values),)

    def to_json(self) -> dict[str, Any]:
        """The decision record: the same fields as plain JSON."""
        out = {key: value for key, value in vars(self).items() if key != "answer_state"}
        out["missing"] = list(self.missing)
        out["calls"] = [call.to_json() for call in self.calls]
        for key in ("argument_values", "slot_values"):
            out[key] = {name: value.to_json() for name, value in out[key].items()}
        return out


@dataclass(frozen=True)
class Accept:
    """Values counted as right beside the gold one.

    Attributes:
        arguments: Parameter → further right values.
        optional: Parameters whose absence (or presence) is right either way.
        slots: Slot → further right values.
        calls: `arguments` and `optional` of every call of `Sample.calls`, in its order; empty for the exact values.
    """

    arguments: dict[str, list[Any]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    slots: dict[str, list[Any]] = field(default_factory=dict)
    calls: tuple[Accept, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Accept:
        return cls(
            dict(data.get("arguments") or {}),
            tuple(data.get("optional") or ()),
            dict(data.get("slots") or {}),
            tuple(cls.from_json(call) for call in data.get("calls") or ()),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what says something."""
        out = {
            "arguments": self.arguments,
            "optional": list(self.optional),
            "slots": self.slots,
            "calls": [accept.to_json() for accept in self.calls],
        }
        return {key: value for key, value in out.items() if value}


@dataclass(frozen=True)
class Sample:
    """One decision point: the history up to it, and what was decided (design: "Contracts").

    Attributes:
        tools: On offer.
        history: Ends just before the decision.
        decision: What was decided.
        slots: Slot key → value, for every filled slot.
        tool: The (first) call, as `{name, arguments}`; None for a direct answer.
        content: Words of a direct answer.
        id: To name it by.
        accept: What else is right.
        meta: Source, subset, domain, dialogue, seen, …
        calls: Every call of the turn in order, where there are several; `tool` is the first of them.
    """

    tools: tuple[ToolSchema, ...]
    history: tuple[Message, ...]
    decision: DecisionKind
    slots: dict[str, Any]
    tool: dict[str, Any] | None
    content: str | None
    id: str | None = None
    accept: Accept = field(default_factory=Accept)
    meta: dict[str, Any] = field(default_factory=dict)
    calls: tuple[dict[str, Any], ...] = ()

    @property
    def gold_calls(self) -> tuple[tuple[dict[str, Any], Accept], ...]:
        """Every call that is right here, each with what else is right; none for a direct answer."""
        if self.tool is None:
            return ()
        calls = self.calls or (self.tool,)
        accepts = self.accept.calls or (self.accept, *[Accept()] * (len(calls) - 1))
        return tuple(zip(calls, accepts, strict=True))

    @classmethod
    def from_json(cls, data: Any) -> Sample:
        """Check and take one sample.

        Raises:
            DataError: Every mistake the record holds, joined by `; `.
        """
        if not isinstance(data, Mapping):
            raise DataError(f"a sample must be an object, got {type(data).__name__}")
        problems = [f'"{key}" is missing' for key in ("tools", "history", "decision", "slots") if key not in data]
        tools, history = _attempt(parse_tools, data.get("tools", []), problems), _read_history(data, problems)
        decision: Any = data.get("decision")
        tool: Any = data.get("tool")
        slots: Any = data.get("slots", {})
        if "decision" in data and decision not in get_args(DecisionKind):
            problems.append(f'"decision" must be tool_call or direct_answer, got {decision!r}')
        if not isinstance(slots, Mapping):
            problems.append(f'"slots" must be an object, got {type(slots).__name__}')
        if decision == "tool_call":
            problems.extend(_tool_problems(tool, tools or ()))
            problems.extend(_calls_problems(data.get("calls") or [], tool, tools or ()))
        elif tool is not None and not isinstance(tool, Mapping):
            problems.append(f'"tool" must be null or an object, got {type(tool).__name__}')
        accept = data.get("accept") or {}
        problems.extend(_accept_problems(accept))
        if not isinstance(data.get("meta") or {}, Mapping):
            problems.append(f'"meta" must be an object, got {type(data["meta"]).__name__}')
        if problems:
            raise DataError("; ".join(problems))
        gold = _call(tool) if decision == "tool_call" else None
        return cls(
            tools=tuple(tools or ()),
            history=tuple(history),
            decision=decision,
            slots=dict(slots),
            tool=gold,
            content=data.get("content"),
            id=data.get("id"),
            accept=Accept.from_json(accept),
            meta=dict(data.get("meta") or {}),
            calls=tuple(_call(call) for call in data.get("calls") or ()) if decision == "tool_call" else (),
        )

    def to_json(self) -> dict[str, Any]:
        """The sample in the published key order; `id`, `accept` and `meta` only where they say something."""
        out: dict[str, Any] = {
            "tools": [tool.to_json() for tool in self.tools],
            "history": [message.to_json() for message in self.history],
            "decision": self.decision,
            "slots": self.slots,
            "tool": self.tool,
            "content": self.content,
        }
        if self.id is not None:
            out["id"] = self.id
        if self.calls:
            out["calls"] = list(self.calls)
        if self.accept != Accept():
            out["accept"] = self.accept.to_json()
        if self.meta:
            out["meta"] = self.meta
        return out


def _attempt(read: Any, value: Any, problems: list[str]) -> Any:
    if not isinstance(value, list | tuple):
        problems.append(f'"tools" must be a list, got {type(value).__name__}')
        return None
    try:
        return read(value)
    except ToolError as error:
        problems.append(str(error))
        return None


def _read_history(data: Mapping[str, Any], problems: list[str]) -> list[Message]:
    if "history" not in data:
        return []
    history = data["history"]
    if not isinstance(history, list | tuple):
        problems.append(f'"history" must be a list, got {type(history).__name__}')
        return []
    if not history:
        problems.append('"history" is empty; a sample needs at least one message')
        return []
    try:
        return parse_history(history)
    except HistoryError as error:
        problems.append(f'"history": {error}')
        return []


def _accept_problems(accept: Any) -> list[str]:
    if not isinstance(accept, Mapping):
        return [f'"accept" must be an object, got {type(accept).__name__}']
    problems = []
    for key in ("arguments", "slots"):
        wanted = accept.get(key) or {}
        if not isinstance(wanted, Mapping) or not all(isinstance(values, list) for values in wanted.values()):
            problems.append(f'"accept": {key} must be an object of lists of values')
    if not isinstance(accept.get("calls") or [], list):
        problems.append('"accept": calls must be a list of accepts')
    else:
        problems.extend(problem for call in accept.get("calls") or [] for problem in _accept_problems(call))
    optional = accept.get("optional") or []
    if not isinstance(optional, list) or not all(isinstance(name, str) for name in optional):
        problems.append('"accept": optional must be a list of names')
    return problems


def _call(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": tool["name"], "arguments": dict(tool.get("arguments") or {})}


def _calls_problems(calls: Any, first: Any, tools: Sequence[ToolSchema]) -> list[str]:
    if not isinstance(calls, list | tuple):
        return [f'"calls" must be a list of calls, got {type(calls).__name__}']
    problems = [problem for call in calls for problem in _tool_problems(call, tools)]
    if calls and not problems and isinstance(first, Mapping) and _call(first) != _call(calls[0]):
        problems.append('"calls" must begin with the call that is "tool"')
    return problems


def _tool_problems(tool: Any, tools: Sequence[ToolSchema]) -> list[str]:
    if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
        return [f'decision is tool_call but "tool" is {tool!r:.80}; expected {{name, arguments}}']
    if tool["name"] not in {t.name for t in tools}:
        return [f'tool {tool["name"]!r} is not among "tools" ({", ".join(t.name for t in tools) or "none"})']
    if not isinstance(tool.get("arguments", {}), Mapping):
        return [f"the arguments of {tool['name']!r} must be an object"]
    return []
