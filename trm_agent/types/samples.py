"""Samples: a decision point of a conversation, with what was decided there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from trm_agent.errors import DataError, HistoryError, ToolError
from trm_agent.types.decisions import DecisionKind
from trm_agent.types.messages import Message, parse_history
from trm_agent.types.tools import ToolSchema, parse_tools


@dataclass(frozen=True)
class Accept:
    """Values counted as right beside the gold one.

    Attributes:
        arguments: Parameter → further right values.
        optional: Parameters whose absence (or presence) is right either way.
        slots: Slot → further right values.
        calls: `arguments` and `optional` of every call of `Sample.calls`, in its order; empty for the exact values.

    Entries of lists have their own further values under `items[0].name` or `items[0]`.
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

    def of_entry(self, name: str, number: int) -> Accept:
        """What is right where a list has this one entry alone."""
        prefix = f"{name}[{number}]"
        own = {f"{name}{key.removeprefix(prefix)}": v for key, v in self.arguments.items() if key.startswith(prefix)}
        return replace(self, arguments={k: v for k, v in self.arguments.items() if k != name} | own)

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
        accepts = (*(self.accept.calls or (self.accept,)), *[Accept()] * len(calls))
        return tuple(zip(calls, accepts, strict=False))

    def dated(self, now: str | None) -> Sample:
        """The sample with `meta.now`, ISO 8601, where it carries no date of its own."""
        return self if now is None or self.meta.get("now") else replace(self, meta={**self.meta, "now": now})

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
