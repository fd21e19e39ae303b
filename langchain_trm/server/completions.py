"""The router's answer in OpenAI's words: one object, or chunks of a stream. The record stands in the field `trm`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage

from langchain_trm.output import pieces
from langchain_trm.records import RECORD_KEY
from langchain_trm.server.requests import EXTENSION
from trm_agent.errors import LowConfidenceError

DONE = "data: [DONE]\n\n"


def completion(message: AIMessage, name: str, refusal: LowConfidenceError | None = None) -> dict[str, Any]:
    """A whole `chat.completion`.

    Args:
        message: The router's answer.
        name: Of the model.
        refusal: Why it would have been handed over, where that was not wanted.
    """
    calls = [
        {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": _text(call["args"])}}
        for call in message.tool_calls
    ]
    said: dict[str, Any] = {"role": "assistant", "content": message.text or (None if calls else ""), "refusal": None}
    if calls:
        said["tool_calls"] = calls
    return {
        **_head("chat.completion", name),
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": _reason(message)}],
        "usage": _usage(message),
        EXTENSION: extension(message, refusal),
    }


def stream(
    message: AIMessage, name: str, *, include_usage: bool, refusal: LowConfidenceError | None = None
) -> Iterator[str]:
    """The events of a stream: words piece by piece, calls as name and then arguments, the record with the last.

    Args:
        message: The router's answer.
        name: Of the model.
        include_usage: Whether a chunk with the usage follows the last one.
        refusal: As in `completion`.
    """
    head = _head("chat.completion.chunk", name)
    unused = {"usage": None} if include_usage else {}

    def chunk(delta: Mapping[str, Any], reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**head, "choices": [choice], **unused, **more})

    yield chunk({"role": "assistant", "content": None if message.tool_calls and not message.text else ""})
    for piece in pieces(message.text):
        yield chunk({"content": piece})
    for index, call in enumerate(message.tool_calls):
        function: dict[str, Any] = {"name": call["name"], "arguments": ""}
        yield chunk({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": function}]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": _text(call["args"])}}]})
    yield chunk({}, _reason(message), **{EXTENSION: extension(message, refusal)})
    if include_usage:
        yield event({**head, "choices": [], "usage": _usage(message)})
    yield DONE


def event(data: Any) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(data, ensure_ascii=False, default=str)}\n\n"


def extension(message: AIMessage, refusal: LowConfidenceError | None = None) -> dict[str, Any]:
    """The field `trm`: who answered, the decision record, and what would have been handed over."""
    return {
        "handled_by": "trm",
        "decision": message.response_metadata[RECORD_KEY],
        "handed_over": None if refusal is None else handed_over(refusal),
    }


def handed_over(refusal: LowConfidenceError) -> dict[str, Any]:
    """Why a decision is handed over."""
    return {"measure": refusal.measure, "threshold": refusal.threshold, "reason": str(refusal)}


def _head(kind: str, name: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": name}


def _reason(message: AIMessage) -> str:
    return str(message.response_metadata["finish_reason"])


def _usage(message: AIMessage) -> dict[str, int]:
    used = message.usage_metadata
    if used is None:
        raise ValueError("an answer of the router carries its usage")
    return {
        "prompt_tokens": used["input_tokens"],
        "completion_tokens": used["output_tokens"],
        "total_tokens": used["total_tokens"],
    }


def _text(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, ensure_ascii=False, default=str)
