"""Which format a log is in, told from its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError
from trm_agent.utils.declarations import declared_in
from trm_agent.utils.logs import langsmith
from trm_agent.utils.logs.langchain import message_kind
from trm_agent.utils.logs.records import LINES, Record, read_records

FORMATS = ("raw", "openai", "sharegpt", "langchain")
SAMPLES, TOOLS = "samples", "tools"
_RAW_ROLES = ("tool_call", "tool_response")
_OPENAI_ROLES = ("tool", "function", "developer")


def file_format(path: Path) -> str:
    """The format of a file: one of `FORMATS`, `samples` for one that is converted already, `tools` for a tool list.

    What shows no format is raw: the same messages without calls are the same in every format. A file that cannot
    be read is raw, too, where its ending is `.json`; what is wrong with it is said when it is converted.
    """
    otherwise = "openai" if path.suffix.lower() in LINES else "raw"
    try:
        return next((found for record in _read(path) if (found := record_format(record.data))), otherwise)
    except DataError:
        return otherwise


def record_format(data: Any) -> str | None:
    """The format of one record; None where its messages show none."""
    if isinstance(data, Mapping):
        if {"history", "decision", "tools"} <= data.keys():
            return SAMPLES
        if declared_in(data):
            return TOOLS
        if langsmith.is_run(data) or isinstance(data.get("values"), Mapping) or "lc" in data:
            return "langchain"
        if isinstance(data.get("conversations"), list):
            return "sharegpt"
        messages = data.get("messages")
        if isinstance(messages, list):
            found = _messages_format(messages)
            return "openai" if found in (None, "raw") else found
        return "openai" if {"request", "choices", "body"} & data.keys() else None
    return _messages_format(data) if isinstance(data, list) else None


def _read(path: Path) -> Iterable[Record]:
    return read_records(path, on_error=lambda _: None)


def _messages_format(messages: Iterable[Any]) -> str | None:
    return next((found for message in messages if (found := _message_format(message))), None)


def _message_format(message: Any) -> str | None:
    if not isinstance(message, Mapping):
        return None
    if "from" in message and "value" in message:
        return "sharegpt"
    role, content = message.get("role"), message.get("content")
    if "role" not in message:
        return "langchain" if message_kind(message) else None
    if role in _RAW_ROLES or (isinstance(content, Mapping) and "response" in content):
        return "raw"
    calls = message.get("tool_calls") or message.get("function_call")
    return "openai" if role in _OPENAI_ROLES or calls or isinstance(content, list) else None
