"""Samples written in a line, decisions written in a line, and a router that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trm_agent.testing import HashingEncoder
from trm_agent.types import (
    Accept,
    Decision,
    Message,
    Sample,
    SlotField,
    SlotState,
    Source,
    ToolSchema,
    Value,
    history_hash,
    parse_history,
    parse_tools,
    slot_table,
)

TOOLS = parse_tools(
    [
        {
            "name": "book_table",
            "description": "Reserve a table",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "guests": {"type": "integer"},
                    "contact": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "phone": {"type": "string"}},
                    },
                },
                "required": ["city", "guests"],
            },
        },
        {
            "name": "get_weather",
            "description": "Tell the weather",
            "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
        },
    ]
)


def sample(
    call: tuple[str, dict[str, Any]] | None = None,
    *,
    slots: Mapping[str, Any] | None = None,
    history: Sequence[str] = ("hi",),
    accept: Accept | None = None,
    id: str | None = None,
    tools: tuple[ToolSchema, ...] = TOOLS,
    **meta: Any,
) -> Sample:
    """A call, or a direct answer; the history alternates between user and assistant."""
    return Sample(
        tools=tools,
        history=tuple(Message("assistant" if i % 2 else "user", text) for i, text in enumerate(history)),
        decision="tool_call" if call else "direct_answer",
        slots=dict(slots or {}),
        tool={"name": call[0], "arguments": call[1]} if call else None,
        content=None if call else "Hello.",
        id=id,
        accept=accept or Accept(),
        meta=meta,
    )


def decision(
    call: tuple[str, dict[str, Any]] | None = None,
    *,
    slots: Mapping[str, Any] | None = None,
    intended: str | None = None,
    confidence: float = 0.9,
    call_confidence: float = 0.8,
    state: dict[str, Any] | None = None,
) -> Decision:
    """A call, or a direct answer that may have a tool in mind."""
    slots = dict(slots or {})
    arguments = call[1] if call else {}
    return Decision(
        decision="tool_call" if call else "direct_answer",
        tool=call[0] if call else None,
        arguments=arguments,
        slots=slots,
        missing=(),
        content=None,
        confidence=confidence,
        call_confidence=call_confidence if call else None,
        probabilities={"tool_call": 0.5, "direct_answer": 0.5, "tools": {}},
        argument_values={name: Value(value, 0.7, Source("choice")) for name, value in arguments.items()},
        slot_values={name: Value(value, 0.7, Source("choice")) for name, value in slots.items()},
        intended_tool=call[0] if call else intended,
        supervision_steps=1,
        state=state or {},
        latency_ms={"encoder": 1.0, "trm": 2.0, "decoding": 0.5, "total": 3.5},
    )


class ScriptedRouter:
    """Decides by a function of the history; remembers what it was bound to and asked."""

    fingerprint = "r" * 8

    def __init__(self, script: Callable[[Sequence[Message]], Decision]) -> None:
        self.script = script
        self.encoder = HashingEncoder()
        self.bound: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.batches: list[int] = []
        self.states: list[dict[str, Any] | None] = []

    def bind(self, tools: Sequence[ToolSchema], slot_fields: Sequence[SlotField] = ()) -> ScriptedBound:
        self.bound.append((tuple(t.name for t in tools), tuple(f.name for f in slot_fields)))
        return ScriptedBound(self, parse_tools(tools), tuple(slot_fields))


class ScriptedBound:
    def __init__(self, router: ScriptedRouter, tools: tuple[ToolSchema, ...], fields: tuple[SlotField, ...]) -> None:
        self.router = router
        self.tools = tools
        self.slots = slot_table(tools, fields)

    def decide(self, history: Sequence[Any], *, state: dict[str, Any] | None = None, **options: Any) -> Decision:
        self.router.states.append(state)
        return self._decide(history)

    def decide_batch(self, histories: Sequence[Sequence[Any]], **options: Any) -> list[Decision]:
        self.router.batches.append(len(histories))
        return [self._decide(history) for history in histories]

    def _decide(self, history: Sequence[Any]) -> Decision:
        messages = parse_history(history)
        made = self.router.script(messages)
        made.state.update(SlotState("f", len(messages), history_hash(messages)).to_json())
        return made
