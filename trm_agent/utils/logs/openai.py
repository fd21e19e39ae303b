"""Chat completions: `messages` with `tool_calls` and role `tool`, alone or as a request with its response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm_agent.data.strict_json import json_type
from trm_agent.errors import DataError
from trm_agent.utils.logs.messages import (
    Dialogue,
    LogMessage,
    call_blocks,
    first_of,
    read_call,
    read_calls,
    result_blocks,
    result_value,
    spoken_text,
    thread_of,
    without_thoughts,
)

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
EXPECTED = 'expected a list of messages, or an object that holds it under "messages" (and tools under "tools")'
_STAMPS = ("created_at", "created", "timestamp")


def unpack(record: Any) -> Dialogue:
    """The messages of a record: a list of them, an object with `messages`, or a request with its response.

    Of a request with its response only the response is a decision: the turns before it were decided by earlier
    requests.

    Raises:
        DataError: The record is something else.
    """
    if isinstance(record, list):
        return Dialogue(record)
    if not isinstance(record, Mapping):
        raise DataError(f"{EXPECTED}, got {json_type(record)}")
    request = first_of(record, ("request", "body"))
    request = request if isinstance(request, Mapping) else record
    messages = request.get("messages")
    if not isinstance(messages, list):
        raise DataError(f"{EXPECTED}, got an object with {', '.join(map(repr, list(record)[:6])) or 'nothing'}")
    answered = _answered(record)
    tools = first_of(request, ("tools", "functions"))
    tools = first_of(record, ("tools", "functions")) if tools is None else tools
    stamp = first_of(record, _STAMPS)
    if not answered:
        return Dialogue(messages, tools, stamp=stamp)
    thread = thread_of(record, request, record.get("metadata"), request.get("metadata"))
    return Dialogue([*messages, *answered], tools, decided_from=len(messages), stamp=stamp, thread=thread)


def read_message(raw: Any) -> list[LogMessage]:
    """One message.

    Raises:
        DataError: Its role is unknown, or its content or its calls cannot be read.
    """
    if not isinstance(raw, Mapping):
        raise DataError(f"expected a message with role and content, got {json_type(raw)}")
    role, content = raw.get("role"), raw.get("content")
    if role in ("tool", "function"):
        if content is None:
            raise DataError(f"the {role} message has no content; expected the result of the call")
        call_id = raw.get("tool_call_id")
        return [LogMessage("tool", result=result_value(content), call_id=call_id if isinstance(call_id, str) else None)]
    if role == "assistant":
        return [_assistant(raw)]
    if role not in ROLES:
        said = f"unknown role {role!r:.40}" if "role" in raw else "the message has no role"
        raise DataError(f"{said}; expected one of {', '.join(ROLES)}")
    if content is None:
        raise DataError(f"the {role} message has no content; expected text or a list of parts")
    results = [
        LogMessage("tool", result=result_value(block.get("content")), call_id=block.get("tool_use_id"))
        for block in result_blocks(content)
    ]
    text = spoken_text(content, role)
    return [*results, LogMessage("user" if role == "user" else "system", text)] if text or not results else results


def _assistant(raw: Mapping[str, Any]) -> LogMessage:
    content = raw.get("content")
    text = spoken_text(content, "assistant") or spoken_text(raw.get("refusal"), "assistant")
    calls = read_calls(raw.get("tool_calls")) or read_calls(call_blocks(content))
    if not calls and raw.get("function_call"):
        calls = (read_call(raw["function_call"]),)
    return LogMessage("assistant", without_thoughts(text), calls)


def _answered(record: Mapping[str, Any]) -> list[Any]:
    """The message of a response, where the record holds one."""
    response = first_of(record, ("response", "output", "completion"))
    response = response.get("body", response) if isinstance(response, Mapping) else record
    choices = response.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) and "message" in choices[0]:
        return [choices[0]["message"]]
    return []
