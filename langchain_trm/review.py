"""When a person should look at a call before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage

from langchain_trm.records import record_of


def low_confidence(threshold: float = 0.9, *, unknown: bool = True) -> Callable[[Any], bool]:
    """A predicate for the `when` of LangChain's human-in-the-loop middleware.

    Args:
        threshold: Interrupt below it; compared with the confidence that the whole call is right.
        unknown: What to say of calls without a decision record: another model made them.

    Returns:
        A function from a tool call request (with `state` and `tool_call`) to whether to interrupt.
    """

    def when(request: Any) -> bool:
        record = _record_behind(request.state, request.tool_call.get("id"))
        if record is None:
            return unknown
        confidence = record.get("call_confidence")
        return bool((record["confidence"] if confidence is None else confidence) < threshold)

    return when


def _record_behind(state: Any, call_id: str | None) -> dict[str, Any] | None:
    messages = state.get("messages", ()) if isinstance(state, Mapping) else getattr(state, "messages", ())
    for message in reversed(messages):
        if isinstance(message, AIMessage) and (
            call_id is None or call_id in {call.get("id") for call in message.tool_calls}
        ):
            return record_of(message)
    return None
