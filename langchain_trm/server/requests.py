"""The body of `/v1/chat/completions` → what the router is asked. Everything that is wrong is a 400 that says where.

Messages are read here and not by LangChain's converter: that one also takes serialised objects, which no client of an
OpenAI-compatible server has a reason to send.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_trm.server.errors import ApiError, bad_request
from langchain_trm.server.settings import Limits
from langchain_trm.tools import read_tool_choice, read_tools, tool_name
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError, ToolError

EXTENSION = "trm"

_SETTINGS = ("now", "min_confidence", "min_call_confidence", "confirm", "hand_over")
_WORDS = ("text", "refusal")

Beyond = Literal["content", "response_format"]


@dataclass(frozen=True)
class ChatRequest:
    """One request.

    Attributes:
        raw: The body as it came, to be passed on.
        model: The name asked for.
        messages: The conversation.
        tools: On offer, converted.
        tool_choice: `auto`, `any`, `none` or a tool's name.
        parallel: Whether one answer may hold several calls.
        stop: Words at which a direct answer is cut off.
        stream: Whether the answer is streamed.
        include_usage: Whether a stream ends with the usage.
        overrides: Settings of `ChatTRM` for this request alone.
        hand_over: Whether an unsure decision is handed over; otherwise it is answered, and marked.
        beyond: What the router cannot do at all: read the newest message, or write the format asked for.
    """

    raw: Mapping[str, Any]
    model: str
    messages: list[BaseMessage]
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: str = "auto"
    parallel: bool = True
    stop: list[str] | None = None
    stream: bool = False
    include_usage: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    hand_over: bool = True
    beyond: Beyond | None = None


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds.

    Raises:
        ApiError: It holds something else (400).
    """
    try:
        data = parse_json(body)
    except DataError as error:
        raise bad_request(f"the body is {error}", code="invalid_json") from None
    if not isinstance(data, dict):
        raise bad_request(f"the body must be a JSON object, got {type(data).__name__}", code="invalid_json")
    return data


def read_request(data: Mapping[str, Any], limits: Limits) -> ChatRequest:
    """Check and take a request.

    Raises:
        ApiError: A field cannot be read (400), or the request is too large (413).
    """
    for legacy, modern in (("functions", "tools"), ("function_call", "tool_choice")):
        if data.get(legacy) is not None:
            raise bad_request(f"`{legacy}` is not supported; use `{modern}`", legacy, "unsupported_parameter")
    if data.get("n") not in (None, 1):
        raise bad_request(f"`n` must be 1, got {data['n']!r}: one decision is made", "n")
    tools, choice = read_offer(data.get("tools"), data.get("tool_choice"), limits)
    options, extension = (data[key] if data.get(key) is not None else {} for key in ("stream_options", EXTENSION))
    if not isinstance(options, Mapping) or not isinstance(extension, Mapping):
        wrong = "stream_options" if not isinstance(options, Mapping) else EXTENSION
        raise bad_request(f"`{wrong}` must be an object", wrong)
    return ChatRequest(
        raw=data,
        model=_text(data.get("model"), "model"),
        messages=read_conversation(data.get("messages"), limits),
        tools=tools,
        tool_choice=choice,
        parallel=_flag(data, "parallel_tool_calls", default=True),
        stop=_stop(data.get("stop")),
        stream=_flag(data, "stream"),
        include_usage=_flag(options, "include_usage", "stream_options."),
        overrides=_overrides(extension),
        hand_over=_flag(extension, "hand_over", "trm.", default=True),
        beyond=_beyond(data),
    )


def read_offer(tools: Any, choice: Any, limits: Limits) -> tuple[list[dict[str, Any]], str]:
    """Tools and choice, converted; `allowed_tools` leaves only the tools it names.

    Raises:
        ApiError: They cannot be read (400), or are too many (413).
    """
    listed = [] if tools is None else tools
    if not isinstance(listed, list):
        raise bad_request(f"`tools` must be a list, got {type(listed).__name__}", "tools")
    if len(listed) > limits.tools:
        raise _too_many("tools", len(listed), limits.tools)
    try:
        converted = read_tools(listed)
    except ToolError as error:
        raise bad_request(str(error), "tools") from None
    if isinstance(choice, Mapping) and choice.get("type") == "allowed_tools":
        converted, choice = _allowed(converted, choice)
    if choice is not None and not isinstance(choice, str | Mapping):
        raise bad_request(f"`tool_choice` must be a word or an object, got {choice!r:.80}", "tool_choice")
    try:
        return converted, read_tool_choice(choice, [tool_name(tool) for tool in converted])
    except (ToolError, TypeError) as error:
        raise bad_request(str(error), "tool_choice") from None


def read_conversation(messages: Any, limits: Limits) -> list[BaseMessage]:
    """The messages.

    Raises:
        ApiError: One of them cannot be read (400), or they are too many (413).
    """
    if not isinstance(messages, list) or not messages:
        raise bad_request("`messages` must be a list of at least one message", "messages")
    if len(messages) > limits.messages:
        raise _too_many("messages", len(messages), limits.messages)
    return [_message(message, f"messages[{index}]") for index, message in enumerate(messages)]


def _message(data: Any, place: str) -> BaseMessage:
    if not isinstance(data, Mapping):
        raise bad_request(f"`{place}` must be an object, got {type(data).__name__}", place)
    role, content = data.get("role"), _content(data.get("content"), place)
    if role in ("system", "developer"):
        return SystemMessage(content)
    if role == "user":
        return HumanMessage(content)
    if role == "assistant":
        return AIMessage(content, tool_calls=_calls(data.get("tool_calls"), f"{place}.tool_calls"))
    if role == "tool":
        return ToolMessage(content, tool_call_id=_text(data.get("tool_call_id"), f"{place}.tool_call_id"))
    raise bad_request(f"`{place}.role` must be system, developer, user, assistant or tool, got {role!r:.80}", place)


def _content(content: Any, place: str) -> str | list[str | dict[str, Any]]:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        raise bad_request(f"`{place}.content` must be text or a list of parts", f"{place}.content")
    return [dict(part) for part in content]


def _calls(calls: Any, place: str) -> list[Any]:
    if calls is None:
        return []
    if not isinstance(calls, list):
        raise bad_request(f"`{place}` must be a list, got {type(calls).__name__}", place)
    return [_call(call, f"{place}[{index}]") for index, call in enumerate(calls)]


def _call(call: Any, place: str) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        raise bad_request(f"`{place}.function` must be an object", place)
    arguments = function.get("arguments") or "{}"
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise bad_request(f"`{place}.function.arguments` must be a JSON object as text", place)
    name = _text(function.get("name"), f"{place}.function.name")
    return {"name": name, "args": parsed, "id": _text(call.get("id"), f"{place}.id"), "type": "tool_call"}


def _allowed(tools: Sequence[dict[str, Any]], choice: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Any]:
    inner = choice.get("allowed_tools", choice)
    listed = inner.get("tools") if isinstance(inner, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(tool, Mapping) for tool in listed):
        raise bad_request("`tool_choice.allowed_tools.tools` must be a list of tools", "tool_choice")
    bodies = [tool.get("function", tool) for tool in listed]
    names = {body.get("name") for body in bodies if isinstance(body, Mapping)}
    if unknown := sorted(map(repr, names - {tool_name(tool) for tool in tools})):
        raise bad_request(f"`tool_choice` allows tools that are not on offer: {', '.join(unknown)}", "tool_choice")
    return [tool for tool in tools if tool_name(tool) in names], inner.get("mode", "auto")


def _overrides(extension: Mapping[str, Any]) -> dict[str, Any]:
    """The extension's settings, checked: they are put into the model as they are."""
    if unknown := sorted(map(str, extension.keys() - set(_SETTINGS))):
        raise bad_request(f"`trm` does not take {', '.join(unknown)}; expected {', '.join(_SETTINGS)}", EXTENSION)
    settings: dict[str, Any] = {}
    for key in ("min_confidence", "min_call_confidence"):
        if key in extension:
            value = extension[key]
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise bad_request(f"`trm.{key}` must be a number from 0 to 1 or null, got {value!r:.80}", f"trm.{key}")
            if value is not None and not 0 <= value <= 1:
                raise bad_request(f"`trm.{key}` must lie between 0 and 1, got {value}", f"trm.{key}")
            settings[key] = value
    if extension.get("now") is not None:
        try:
            settings["now"] = datetime.fromisoformat(extension["now"])
        except (ValueError, TypeError):
            raise bad_request(f"`trm.now` must be ISO 8601, got {extension['now']!r:.80}", "trm.now") from None
    if extension.get("confirm") is not None:
        settings["confirm"] = _confirm(extension["confirm"])
    return settings


def _confirm(policy: Any) -> str | tuple[str, ...]:
    if policy in ("auto", "always", "never"):
        return str(policy)
    if isinstance(policy, list) and all(isinstance(name, str) for name in policy):
        return tuple(policy)
    raise bad_request(
        f"`trm.confirm` must be auto, always, never or a list of tool names, got {policy!r:.80}", "trm.confirm"
    )


def _beyond(data: Mapping[str, Any]) -> Beyond | None:
    form = data.get("response_format")
    if isinstance(form, Mapping) and form.get("type") not in (None, "text"):
        return "response_format"
    last = data["messages"][-1]
    parts = last.get("content")
    if last.get("role") == "user" and isinstance(parts, list):
        return "content" if any(part.get("type") not in _WORDS for part in parts) else None
    return None


def _stop(stop: Any) -> list[str] | None:
    if stop is None:
        return None
    words = [stop] if isinstance(stop, str) else stop
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise bad_request("`stop` must be text or a list of texts", "stop")
    return words


def _flag(data: Mapping[str, Any], key: str, prefix: str = "", *, default: bool = False) -> bool:
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        raise bad_request(f"`{prefix}{key}` must be true or false, got {value!r:.80}", f"{prefix}{key}")
    return default if value is None else value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise bad_request(f"`{place}` must be text, got {value!r:.80}", place)
    return value


def _too_many(what: str, got: int, most: int) -> ApiError:
    return ApiError(413, f"{got} {what}; this server takes {most} in a request", "request_too_large", param=what)
