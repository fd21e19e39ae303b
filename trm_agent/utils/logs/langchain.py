"""LangChain messages as JSON: `messages_to_dict`, `dumpd`, `model_dump`; LangSmith runs lead here as well.

Read without LangChain: the forms are those that langchain-core 1.8 writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm_agent.data.strict_json import json_type
from trm_agent.errors import DataError
from trm_agent.utils.logs import langsmith, openai
from trm_agent.utils.logs.messages import (
    Dialogue,
    LogMessage,
    call_blocks,
    first_of,
    read_calls,
    result_value,
    spoken_text,
    without_thoughts,
)

EXPECTED = 'expected LangChain messages (a list, or an object with "messages") or a LangSmith run'
KINDS = ("system", "human", "ai", "tool", "function", "chat", "remove", "developer")


def unpack(record: Any) -> Dialogue:
    """The messages of a list, of an object that holds one (a state, an exported thread), or of a run.

    Raises:
        DataError: The record is something else.
    """
    if isinstance(record, list):
        return Dialogue(record)
    if not isinstance(record, Mapping):
        raise DataError(f"{EXPECTED}, got {json_type(record)}")
    if langsmith.is_run(record):
        return langsmith.unpack(record)
    values = record.get("values")
    messages = first_of(values if isinstance(values, Mapping) else record, ("messages", "kwargs"))
    if isinstance(messages, Mapping):  # a prompt value, as `dumpd` writes it
        messages = messages.get("messages")
    if not isinstance(messages, list):
        raise DataError(f"{EXPECTED}, got an object with {', '.join(map(repr, list(record)[:6])) or 'nothing'}")
    return Dialogue(messages, record.get("tools"), stamp=first_of(record, ("created_at", "timestamp", "ts")))


def read_message(raw: Any) -> list[LogMessage]:
    """One message; those in OpenAI's form (`role`, `content`) are read, too.

    Raises:
        DataError: Its type is unknown, or its content or its calls cannot be read.
    """
    if isinstance(raw, list) and len(raw) == 2 and all(isinstance(part, str) for part in raw):
        raw = {"type": raw[0], "content": raw[1]}
    if not isinstance(raw, Mapping):
        raise DataError(f"expected a message, got {json_type(raw)}")
    if "role" in raw and "type" not in raw and "lc" not in raw:
        return openai.read_message(raw)
    kind, body = _kind(raw)
    content = body.get("content")
    if kind == "remove":
        return []
    if kind in ("tool", "function"):
        value, call_id = result_value(content), body.get("tool_call_id")
        if body.get("status") == "error":
            value = {"error": value}
        return [LogMessage("tool", result=value, call_id=call_id if isinstance(call_id, str) else None)]
    if kind == "chat":
        return openai.read_message({"role": body.get("role"), "content": content})
    if kind == "ai":
        return [_assistant(body)]
    if content is None:
        raise DataError(f"the {kind} message has no content")
    return [LogMessage("user" if kind == "human" else "system", spoken_text(content, kind))]


def message_kind(raw: Mapping[str, Any]) -> str | None:
    """The type of a LangChain message in short (`human`, `ai`, …); None for anything else."""
    if raw.get("type") == "constructor" and isinstance(raw.get("id"), list) and raw["id"]:
        name = str(raw["id"][-1])
    elif "data" in raw or "content" in raw:
        name = str(raw.get("type"))
    else:
        return None
    name = name.removesuffix("Chunk").removesuffix("Message").lower()
    name = {"user": "human", "assistant": "ai"}.get(name, name)
    return name if name in KINDS else None


def _kind(raw: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    kind = message_kind(raw)
    if kind is None:
        said = raw.get("type") or raw.get("id")
        raise DataError(f"unknown message type {said!r:.80}; expected one of {', '.join(KINDS)}")
    body = first_of(raw, ("kwargs", "data")) if raw.get("type") == "constructor" or "data" in raw else raw
    if not isinstance(body, Mapping):
        raise DataError(f"the {kind} message holds {json_type(body)}; expected an object with content")
    return kind, body


def _assistant(body: Mapping[str, Any]) -> LogMessage:
    if body.get("invalid_tool_calls"):
        first = body["invalid_tool_calls"][0]
        raise DataError(f"a call whose arguments are no JSON: {first!r:.80}")
    extra = body.get("additional_kwargs")
    extra = extra if isinstance(extra, Mapping) else {}
    content = body.get("content")
    legacy = [extra["function_call"]] if extra.get("function_call") else []
    calls = (
        read_calls(body.get("tool_calls"))
        or read_calls(extra.get("tool_calls"))
        or read_calls(call_blocks(content))
        or read_calls(legacy)
    )
    return LogMessage("assistant", without_thoughts(spoken_text(content, "ai")), calls)
