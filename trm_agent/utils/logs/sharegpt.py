"""ShareGPT: `conversations` of `from` and `value`, with `function_call` and `observation`, or calls in XML tags.

Calls between `<tool_call>` tags, results between `<tool_response>` tags and a tool list between `<tools>` tags in the
system prompt are read as well: data sets for function calling have them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trm_agent.data.strict_json import json_type, parse_json
from trm_agent.errors import DataError
from trm_agent.utils.logs.messages import (
    Dialogue,
    LogCall,
    LogMessage,
    first_of,
    read_call,
    result_value,
    spoken_text,
    without_thoughts,
)

EXPECTED = 'expected an object that holds a list of {"from", "value"} under "conversations"'
_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "model", "chatgpt", "bing", "bard", "bot"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call"), "call"),
    **dict.fromkeys(("observation", "tool", "tool_response", "function_response", "ipython"), "tool"),
    "system": "system",
}
_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_RESULT = re.compile(r"<tool_response>\s*(.*?)\s*</tool_response>", re.DOTALL)
_TOOLS = re.compile(r"<tools>\s*(.*?)\s*</tools>", re.DOTALL)


def unpack(record: Any) -> Dialogue:
    """The turns of a record, with `system` and `tools` where they stand beside them.

    Raises:
        DataError: The record is something else.
    """
    if isinstance(record, list):
        return _with_listed_tools(Dialogue(record))
    turns = first_of(record, ("conversations", "conversation", "messages")) if isinstance(record, Mapping) else None
    if not isinstance(turns, list):
        raise DataError(f"{EXPECTED}, got {json_type(record)}")
    system = record.get("system")
    stamp = first_of(record, ("created_at", "timestamp"))
    tools = record.get("tools") or None
    return _with_listed_tools(Dialogue(turns, tools, system if isinstance(system, str) and system else None, 0, stamp))


def read_message(raw: Any) -> list[LogMessage]:
    """One turn; a turn with several results becomes several messages.

    Raises:
        DataError: Its speaker is unknown, or its value cannot be read.
    """
    if not isinstance(raw, Mapping):
        raise DataError(f"expected a turn with from and value, got {json_type(raw)}")
    said = first_of(raw, ("from", "role"))
    role = _ROLES.get(said.lower()) if isinstance(said, str) else None
    if role is None:
        raise DataError(f"unknown speaker {said!r:.40}; expected one of {', '.join(_ROLES)}")
    value = raw.get("value", raw.get("content"))
    if value is None and not (role == "assistant"):
        raise DataError(f"the turn of {said!r} has no value")
    if role == "call":
        return [LogMessage("assistant", calls=_calls(value))]
    if role == "tool":
        return _results(value)
    text = spoken_text(value, str(said))
    if role == "assistant":
        calls = tuple(call for body in _CALL.findall(text) for call in _calls(body))
        return [LogMessage("assistant", without_thoughts(_CALL.sub("", text)).strip(), calls)]
    return [LogMessage("user" if role == "user" else "system", _TOOLS.sub("", text) if role == "system" else text)]


def _calls(value: Any) -> tuple[LogCall, ...]:
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except DataError as error:
            raise DataError(f"the call is text that is {error}; expected {{name, arguments}}") from None
    return tuple(read_call(item) for item in (value if isinstance(value, list) else [value]))


def _results(value: Any) -> list[LogMessage]:
    tagged = _RESULT.findall(value) if isinstance(value, str) else []
    return [LogMessage("tool", result=_named(result_value(body))) for body in tagged or [value]]


def _named(value: Any) -> Any:
    """A result without the name that some logs put around it."""
    if isinstance(value, Mapping) and "content" in value and value.keys() <= {"name", "content", "tool_call_id"}:
        return value["content"]
    return value


def _with_listed_tools(dialogue: Dialogue) -> Dialogue:
    """With the tools that its system prompt lists between tags, where nothing else says which they are."""
    if dialogue.tools is not None:
        return dialogue
    first = dialogue.messages[0] if dialogue.messages else None
    is_system = isinstance(first, Mapping) and first_of(first, ("from", "role")) == "system"
    text = first_of(first, ("value", "content")) if is_system and isinstance(first, Mapping) else dialogue.system
    found = _TOOLS.search(text) if isinstance(text, str) else None
    if found is None or not found[1].startswith(("[", "{")):
        return dialogue
    listed = found[1] if found[1].startswith("[") else f"[{','.join(found[1].splitlines())}]"
    return Dialogue(dialogue.messages, listed, dialogue.system, dialogue.decided_from, dialogue.stamp)
