"""Asking before a tool is called: whose policy it is, and when the user has agreed.

`auto` asks where a tool declares that it destroys something, never where it declares that it only reads, and leaves the
rest to what the router learned from conversations. Everything else is the user's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from trm_agent.decoding.calls import assemble
from trm_agent.types import Decision, Message, Slot, ToolCall, ToolSchema

Predicate = Callable[[Mapping[str, Any]], bool]
Policy = Literal["auto", "always", "never"] | tuple[str, ...] | Predicate
"""`auto`, `always` (all tools that do not say that they only read), `never`, the names of tools, or a function from a
call (`{"name", "args"}`) to whether the user is asked first."""

WANTS = frozenset(("request", "answer", "correct", "confirm"))
"""Speech acts after which something is wanted."""
AGREED = 0.9
"""Least probability that an answer is a yes. What is less is asked again: a call that waits does less harm."""


def asks_first(policy: Policy, tool: ToolSchema, arguments: Mapping[str, Any]) -> bool | None:
    """Whether the user is asked before this call; None leaves it to the router."""
    if policy == "auto":
        return True if tool.destructive else False if tool.read_only else None
    if policy == "always":
        return not tool.read_only
    if policy == "never":
        return False
    if callable(policy):
        return bool(policy({"name": tool.name, "args": dict(arguments)}))
    return tool.name in policy


def agreed(decision: Decision, history: Sequence[Message]) -> bool:
    """Whether the user has just agreed to what the assistant asked; without speech acts, the router's call says so."""
    if len(history) < 2 or history[-1].role != "user" or history[-2].role != "assistant":
        return False
    asked = history[-2].text.rstrip(" )\"'”").endswith(("?", "？"))
    return asked and (not decision.speech_acts or decision.speech_acts["confirm"] >= AGREED)


def without_asking(decision: Decision, tools: Sequence[ToolSchema], slots: Sequence[Slot]) -> Decision | None:
    """The call that the router would make once the user has agreed, where nothing is missing; else None."""
    tool = next((tool for tool in tools if tool.name == decision.intended_tool), None)
    acts = decision.speech_acts
    wanted = sum(p for act, p in acts.items() if act in WANTS) if acts else 1.0
    if tool is None or decision.missing or wanted < 0.5:
        return None
    call = assemble(tool, slots, decision.slot_values)
    if call.missing or not call.legal or not call.arguments:
        return None
    sure = min((value.confidence for value in call.values.values()), default=1.0)
    return replace(
        decision,
        decision="tool_call",
        tool=tool.name,
        arguments=call.arguments,
        argument_values=call.values,
        calls=(ToolCall(tool.name, call.arguments, call.values),),
        content=None,
        confidence=decision.probabilities["tools"].get(tool.name, 0.0) * wanted,
        call_confidence=decision.probabilities["tools"].get(tool.name, 0.0) * wanted * sure,
    )
