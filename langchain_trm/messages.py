"""LangChain messages → the history that the router reads.

Everything LangChain, OpenAI and Anthropic put into a message list is taken; nothing raises for its form. Each entry
remembers which message it came from, so that sources can point back into the caller's own list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from trm_agent.types import Message, Role

SUMMARY_SOURCE = "summarization"

_CALL_BLOCKS = frozenset(("tool_use", "tool_call", "function_call"))
_SILENT_BLOCKS = _CALL_BLOCKS | {
    *("thinking", "redacted_thinking", "reasoning", "reasoning_content", "signature", "non_standard"),
    *("tool_result", "function_call_output", "tool_call_chunk", "invalid_tool_call", "input_json_delta"),
    *("server_tool_call", "server_tool_call_chunk", "server_tool_result", "server_tool_use"),
}
_SYSTEM_ROLES = frozenset(("system", "developer"))
_ASSISTANT_ROLES = frozenset(("assistant", "ai", "model", "bot"))
_EDIT_NOTICE, _EDIT_MARK = "Note: a human reviewer", "\n\nTool response:\n"
_MAX_DEPTH = 32


@dataclass(frozen=True)
class Entry:
    """One history entry and where it came from.

    Attributes:
        message: What the router reads.
        position: Index of its message in the list the caller gave; None for one that is no longer there.
        call_id: Of a tool call, or of the call that a result answers.
        failed: Whether a result reports an error.
    """

    message: Message
    position: int | None
    call_id: str | None = None
    failed: bool = False


def read_messages(messages: Sequence[BaseMessage], earlier: Sequence[Mapping[str, Any]] = ()) -> list[Entry]:
    """Convert a message list.

    Args:
        messages: As LangChain hands them to a chat model.
        earlier: History entries (`entry_to_json`) that came before them, after the leading system messages, and were
            removed since. With them, the summary that stands in their place is left out.
    """
    entries: list[Entry] = []
    before = [_entry_from_json(data) for data in earlier]
    for position, message in enumerate(messages):
        if before and not isinstance(message, SystemMessage):
            entries.extend(before)
            before = []
        if not (earlier and is_summary(message)):
            entries.extend(_read(message, position))
    return [*entries, *before]


def is_summary(message: BaseMessage) -> bool:
    """Whether LangChain's summarization wrote this message in place of older ones."""
    return message.additional_kwargs.get("lc_source") == SUMMARY_SOURCE


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """An entry as plain JSON, to be handed back as `earlier`."""
    return {**entry.message.to_json(), "call_id": entry.call_id, "failed": entry.failed}


def plain_text(content: Any) -> str:
    """The words of a message's content, whatever its form; media become `[image]`, thoughts and calls nothing."""
    if isinstance(content, str):
        return _printable(content)
    blocks = content if isinstance(content, list) else [content]
    return "\n".join(text for text in map(_block_text, blocks) if text)


def _entry_from_json(data: Mapping[str, Any]) -> Entry:
    return Entry(Message.from_json(data), None, data.get("call_id"), bool(data.get("failed")))


def _read(message: BaseMessage, position: int) -> Iterator[Entry]:
    if isinstance(message, RemoveMessage):
        return
    if isinstance(message, ToolMessage):
        yield _result(message.content, position, message.tool_call_id, message.status == "error")
    elif isinstance(message, FunctionMessage):
        yield _result(message.content, position, None, False)
    elif isinstance(message, AIMessage):
        yield from _read_ai(message, position)
    elif (role := _spoken_role(message)) != "user":
        yield Entry(Message(role, plain_text(message.content)), position)
    else:
        yield from _read_user(message, position)


def _spoken_role(message: BaseMessage) -> Role:
    """Who speaks, of the messages that are neither calls nor results."""
    role = message.role.lower() if isinstance(message, ChatMessage) else ""
    if isinstance(message, SystemMessage) or role in _SYSTEM_ROLES:
        return "system"
    return "assistant" if role in _ASSISTANT_ROLES or is_summary(message) else "user"


def _read_user(message: BaseMessage, position: int) -> Iterator[Entry]:
    results = [block for block in _blocks(message.content) if block.get("type") == "tool_result"]
    for block in results:
        yield _result(block.get("content", ""), position, block.get("tool_use_id"), bool(block.get("is_error")))
    text = plain_text(message.content)
    if text or not results:
        yield Entry(Message("user", text), position)


def _read_ai(message: AIMessage, position: int) -> Iterator[Entry]:
    calls = list(_calls(message))
    text = plain_text(message.content)
    if text or not calls:
        yield Entry(Message("assistant", text), position)
    for name, arguments, call_id in calls:
        yield Entry(Message("tool_call", {"name": name, "arguments": _bounded(arguments)}), position, call_id)


def _calls(message: AIMessage) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    if message.tool_calls:
        for call in message.tool_calls:
            if call["name"]:
                yield _printable(call["name"]), call["args"], call.get("id")
        return
    blocks = [block for block in _blocks(message.content) if block.get("type") in _CALL_BLOCKS]
    legacy = message.additional_kwargs.get("function_call")
    for block in [*blocks, *([legacy] if isinstance(legacy, Mapping) else [])]:
        name = block.get("name")
        raw: Any = next((block[key] for key in ("input", "args", "arguments") if key in block), {})
        arguments = _parsed(raw) if isinstance(raw, str) else raw
        if isinstance(name, str) and name:
            call_id = block.get("call_id") or block.get("id")
            yield _printable(name), dict(arguments) if isinstance(arguments, Mapping) else {}, call_id


def _result(content: Any, position: int, call_id: Any, failed: bool) -> Entry:
    value = _result_value(content)
    if failed:
        value = {"error": value}
    return Entry(Message("tool_response", value), position, call_id if isinstance(call_id, str) else None, failed)


def _result_value(content: Any) -> Any:
    """The value of a result: JSON text is parsed, blocks are read, rows without a block type stay rows."""
    if isinstance(content, str):
        return _bounded(_parsed(_without_notice(_printable(content))))
    blocks = content if isinstance(content, list) else [content]
    if blocks and not any(
        isinstance(block, str) or "type" in block for block in blocks if isinstance(block, str | dict)
    ):
        return _bounded(content)
    for block in blocks:
        if isinstance(block, Mapping) and block.get("type") == "json" and "json" in block:
            return _bounded(block["json"])
    return _bounded(_parsed(_without_notice(plain_text(content))))


def _without_notice(text: str) -> str:
    """A result without the note that LangChain puts before it when a reviewer edited the call."""
    notice, mark, result = text.partition(_EDIT_MARK)
    return result if mark and notice.startswith(_EDIT_NOTICE) else text


def _parsed(text: str) -> Any:
    """What JSON text holds; numbers and other scalars stay as they were written (`1.10` is not `1.1`).

    A tool that returns None says `null` in LangChain.
    """
    if text.strip() == "null":
        return None
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        return text.lstrip("[{ \n\t")


def _bounded(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """The value with printable strings; what nests deeper than `depth` becomes text."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, Mapping):
        if depth == 0:
            return str(value)
        return {_printable(str(key)): _bounded(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return str(value) if depth == 0 else [_bounded(item, depth - 1) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _blocks(content: Any) -> Iterable[Mapping[str, Any]]:
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return _printable(block)
    if not isinstance(block, Mapping):
        return ""
    for key in ("text", "refusal"):
        if isinstance(block.get(key), str):
            return _printable(block[key])
    kind = block.get("type")
    return "" if not isinstance(kind, str) or kind in _SILENT_BLOCKS else f"[{kind.removesuffix('_url')}]"


def _printable(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced: tokenizers refuse them."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
