"""Routers without weights: one that follows a script, one that follows a few rules.

Both speak the protocol of `trm_agent.router.Router`, count what they are asked, and keep the slot state as it does:
resumed where it fits, replayed where it does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from trm_agent.types import (
    Decision,
    Message,
    Slot,
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
from trm_agent.values import normalise, parse_value


@dataclass(frozen=True)
class Plan:
    """What a script wants: a tool with arguments, or no tool (an intended one, perhaps)."""

    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 0.97
    intended: str | None = None
    content: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


Script = Callable[[list[Message], Sequence[ToolSchema], str], Plan]


class ScriptedRouter:
    """Decides as its script says; counts calls, batches and messages read."""

    def __init__(self, script: Script, name: str = "scripted") -> None:
        self.script = script
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()
        self.encoder = SimpleNamespace(fingerprint="words")
        self.decided = 0
        self.batches: list[int] = []
        self.read = 0
        self.moments: list[datetime | None] = []
        self.lock = threading.Lock()

    def bind(self, tools: Iterable[Any], slot_fields: Sequence[SlotField] | None = None) -> ScriptedBound:
        return ScriptedBound(self, parse_tools(list(tools)), tuple(slot_fields or ()))

    def token_ids(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def save_pretrained(self, path: str | Path) -> None:
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / "model.safetensors").write_bytes(b"scripted")


class ScriptedBound:
    """A scripted router with tools."""

    def __init__(self, router: ScriptedRouter, tools: tuple[ToolSchema, ...], fields: tuple[SlotField, ...]) -> None:
        self.router = router
        self.tools = tools
        self.slots: tuple[Slot, ...] = slot_table(tools, fields)
        declared = [[tool.to_json() for tool in tools], [f.to_json() for f in fields], router.fingerprint]
        self.fingerprint = hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()

    def decide(
        self,
        history: Sequence[Any],
        *,
        state: dict[str, Any] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> Decision:
        messages = parse_history(history)
        fresh = len(messages) - (state["messages"] if state and self._trusts(state, messages) else 0)
        with self.router.lock:
            self.router.decided += 1
            self.router.read += fresh
            self.router.moments.append(now)
        plan = self.router.script(messages, self.tools, tool_choice)
        return self._decision(plan, messages, tool_choice)

    def decide_batch(
        self,
        histories: Sequence[Sequence[Any]],
        *,
        states: Sequence[dict[str, Any] | None] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> list[Decision]:
        self.router.batches.append(len(histories))
        before = self.router.decided
        states = states or [None] * len(histories)
        made = [
            self.decide(history, state=state, tool_choice=tool_choice, now=now)
            for history, state in zip(histories, states, strict=True)
        ]
        self.router.decided = before
        return made

    def _trusts(self, state: Mapping[str, Any], messages: list[Message]) -> bool:
        seen = messages[: state["messages"]]
        return state["fingerprint"] == self.fingerprint and state["prefix"] == history_hash(seen)

    def _decision(self, plan: Plan, messages: list[Message], tool_choice: str) -> Decision:
        tools = {tool.name: tool for tool in self.tools}
        named = tool_choice if tool_choice in tools else None
        subject = tools.get(named or plan.tool or plan.intended or "")
        if tool_choice == "any" and subject is None:
            subject = self.tools[0]
        known = {} if subject is None else {p.name: p for p in subject.parameters}
        values = {name: _value(name, value, messages) for name, value in plan.arguments.items() if name in known}
        missing = tuple(name for name in (subject.required if subject else ()) if name not in values)
        wanted = subject is not None and (plan.tool is not None or tool_choice not in ("auto", "none"))
        called = subject if wanted and not missing and tool_choice != "none" else None
        keys = {(owner, name): slot.key for slot in self.slots for owner, name in slot.readers}
        held = {} if subject is None else {keys[subject.name, name]: value for name, value in values.items()}
        sure = plan.confidence
        scores = {name: (sure if subject and name == subject.name else (1 - sure) / 2) for name in tools} | dict(
            plan.scores
        )
        state = SlotState(
            self.fingerprint, len(messages), history_hash(messages), {k: v.to_json() for k, v in held.items()}
        )
        return Decision(
            decision="tool_call" if called else "direct_answer",
            tool=called.name if called else None,
            arguments={name: value.value for name, value in values.items()} if called else {},
            slots={key: value.value for key, value in held.items()},
            missing=missing if not called else (),
            content=plan.content,
            confidence=sure,
            call_confidence=sure * 0.9 if called else None,
            probabilities={
                "tool_call": sure if called else 1 - sure,
                "direct_answer": 1 - sure if called else sure,
                "tools": scores,
            },
            argument_values=values if called else {},
            slot_values=held,
            intended_tool=subject.name if subject else None,
            supervision_steps=2,
            state=state.to_json(),
            latency_ms={"encoder": 1.0, "trm": 1.0, "decoding": 1.0, "total": 3.0},
        )


def _value(name: str, value: Any, messages: list[Message]) -> Value:
    """A value with the newest span that says it; a choice where nothing does."""
    for index in range(len(messages) - 1, -1, -1):
        start = messages[index].text.lower().find(normalise(value))
        if messages[index].role != "tool_call" and start >= 0:
            end = start + len(normalise(value))
            return Value(value, 0.9, Source("span", index, start, end, messages[index].text[start:end]))
    return Value(value, 0.8, Source("choice"))


_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_CAPITALS = re.compile(r"(?<=\s)[A-Z][\w.]*(?:,?\s+[A-Z][\w.]*)*")
_WORD = re.compile(r"[a-z]{3,}")
_NUMBER = re.compile(r"\d+")


def follow_rules(messages: list[Message], tools: Sequence[ToolSchema], tool_choice: str) -> Plan:
    """Enough sense for a conformance suite: shared words pick the tool; numbers, quotes and names fill it."""
    said = next((m.text for m in reversed(messages) if m.role == "user"), "")
    if messages[-1].role == "tool_response" and tool_choice == "auto":
        return Plan()
    words = set(_WORD.findall(said.lower()))

    def overlap(tool: ToolSchema) -> int:
        return len(words & set(_WORD.findall(f"{tool.name} {tool.description}".replace("_", " ").lower())))

    best = max(tools, key=overlap, default=None)
    if tool_choice in {tool.name for tool in tools}:
        best = next(tool for tool in tools if tool.name == tool_choice)
    if best is None or (overlap(best) == 0 and tool_choice == "auto"):
        return Plan()
    arguments: dict[str, Any] = {}
    spans = [m.group(1) or m.group(2) for m in _QUOTED.finditer(said)] + _CAPITALS.findall(said) + _NUMBER.findall(said)
    for parameter in best.parameters:
        for span in spans:
            read = parse_value(span, parameter)
            if read is not None and span not in {str(v) for v in arguments.values()}:
                arguments[parameter.name] = read
                break
        if parameter.name not in arguments and parameter.type == "string" and tool_choice == best.name:
            arguments[parameter.name] = said
    return Plan(best.name, arguments)


def rule_router() -> ScriptedRouter:
    """A router that follows `follow_rules`."""
    return ScriptedRouter(follow_rules, "rules")


def by_last_user(plans: Mapping[str, Plan], otherwise: Plan | None = None) -> Script:
    """A script that looks at the last user message; after a tool result it answers."""

    def script(messages: list[Message], tools: Sequence[ToolSchema], tool_choice: str) -> Plan:
        said = next((m.text for m in reversed(messages) if m.role == "user"), "")
        plan = plans.get(said, otherwise or Plan())
        return Plan(confidence=plan.confidence) if messages[-1].role == "tool_response" else plan

    return script
