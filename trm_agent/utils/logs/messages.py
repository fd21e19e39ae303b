"""The messages of a log in one form, whatever format they came in, and the pieces that every format shares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trm_agent.data.strict_json import json_type, parse_json
from trm_agent.errors import DataError

_CALL_BLOCKS = frozenset(("tool_use", "tool_call", "function_call"))
_SILENT_BLOCKS = _CALL_BLOCKS | {
    *("thinking", "redacted_thinking", "reasoning", "reasoning_content", "signature", "non_standard"),
    *("tool_result", "function_call_output", "tool_call_chunk", "invalid_tool_call", "input_json_delta"),
}
_THREADS = ("thread_id", "session_id", "conversation_id")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>\s*", re.DOTALL)


@dataclass(frozen=True)
class LogCall:
    """One call of a tool.

    Attributes:
        name: Of the tool.
        arguments: As the log has them, JSON text already read.
        call_id: What its result refers to; None where the log has no ids.
    """

    name: str
    arguments: dict[str, Any]
    call_id: str | None = None


@dataclass(frozen=True)
class LogMessage:
    """One message of a log.

    Attributes:
        role: Who speaks; `tool` is a result.
        text: What is said; empty for a result, and for an assistant that only calls.
        calls: What the assistant calls, in order.
        result: Of a tool; any JSON value.
        call_id: Of the call that a result answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[LogCall, ...] = ()
    result: Any = None
    call_id: str | None = None


@dataclass(frozen=True)
class Dialogue:
    """One conversation of a log, still in the words of its format.

    Attributes:
        messages: Raw messages.
        tools: What the log says was on offer: declarations, or JSON text of them; None where it does not say.
        system: A system prompt that stands beside the messages.
        decided_from: Only decisions from this message on are taken (the others are of an earlier record).
        stamp: When it took place, where the format itself says so.
        thread: Names the conversation that several records are of; None where the record is all of it.
    """

    messages: Sequence[Any]
    tools: Any = None
    system: str | None = None
    decided_from: int = 0
    stamp: Any = None
    thread: str | None = None


def spoken_text(content: Any, role: str) -> str:
    """The words of a message's content: text, or a list of parts; what is no text becomes `[image]` and the like.

    Raises:
        DataError: It is something else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise DataError(f"the content of a {role} message must be text or a list of parts, got {json_type(content)}")
    return "\n".join(text for text in (_part_text(part, role) for part in content) if text)


def without_thoughts(text: str) -> str:
    """The text without reasoning traces between `<think>` tags, which are dropped as in raw conversations."""
    return _THOUGHT.sub("", text).strip() if "<think" in text else text


def call_blocks(content: Any) -> list[Mapping[str, Any]]:
    """The parts of a content that are calls (`tool_use`)."""
    return _parts_of(content, _CALL_BLOCKS)


def result_blocks(content: Any) -> list[Mapping[str, Any]]:
    """The parts of a user message's content that are results of calls (`tool_result`)."""
    return _parts_of(content, frozenset(("tool_result",)))


def read_calls(raw: Any) -> tuple[LogCall, ...]:
    """A list of calls: `{"function": {name, arguments}}`, or name with `arguments`, `args` or `input` beside it.

    Raises:
        DataError: One of them is something else.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise DataError(f"tool_calls must be a list of calls, got {json_type(raw)}")
    return tuple(map(read_call, raw))


def read_call(raw: Any) -> LogCall:
    """One call.

    Raises:
        DataError: It has no name, or arguments that are no object.
    """
    body = raw.get("function", raw) if isinstance(raw, Mapping) else None
    name = body.get("name") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(name, str) or not name.strip():
        raise DataError(f"expected a call with name and arguments, got {raw!r:.80}")
    given = next((body[key] for key in ("arguments", "args", "parameters", "input") if key in body), None)
    call_id = raw.get("id") or raw.get("call_id")
    return LogCall(name, _arguments(name, given), call_id if isinstance(call_id, str) else None)


def result_value(content: Any) -> Any:
    """What a tool gave back: JSON text of a list or an object is read, other text stays, parts become their words."""
    if isinstance(content, list) and any(isinstance(part, Mapping) and "type" in part for part in content):
        content = spoken_text(content, "tool")
    if not isinstance(content, str):
        return content
    text = content.strip()
    if text == "null":
        return None
    if text[:1] not in ("{", "["):
        return content
    try:
        return parse_json(text)
    except DataError:
        return content  # text that only looks like JSON


def first_of(raw: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """The value of the first of these keys that is there and not null."""
    return next((raw[key] for key in keys if raw.get(key) is not None), None)


def thread_of(*places: Any) -> str | None:
    """The name of the conversation that a record is part of, from the first of these objects that has one."""
    found = [first_of(place, _THREADS) for place in places if isinstance(place, Mapping)]
    return next((str(name) for name in found if isinstance(name, str | int)), None)


def _parts_of(content: Any, kinds: frozenset[str]) -> list[Mapping[str, Any]]:
    parts = content if isinstance(content, list) else []
    return [part for part in parts if isinstance(part, Mapping) and part.get("type") in kinds]


def _arguments(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        if not given.strip():
            return {}
        try:
            given = parse_json(given)
        except DataError as error:
            raise DataError(f"the arguments of {name!r} are text that is {error}; expected an object") from None
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise DataError(f"the arguments of {name!r} must be an object or JSON text of one, got {json_type(given)}")
    return dict(given)


def _part_text(part: Any, role: str) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise DataError(f"a part of a {role} message must be text or an object, got {json_type(part)}")
    for key in ("text", "refusal"):
        if isinstance(part.get(key), str):
            return str(part[key])
    kind = part.get("type")
    if not isinstance(kind, str):
        raise DataError(f"a part of a {role} message has neither text nor type, got {part!r:.80}")
    return "" if kind in _SILENT_BLOCKS else f"[{kind.removeprefix('input_').removesuffix('_url')}]"
