"""One turn of a raw conversation: the message it puts into the history, and the slots it states.

A raw turn's content is text, or an object that carries the message as `response` beside a reasoning trace (`think`,
never used) and the slot fields. Everything that breaks this is an error in words a person can act on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trm_agent.data.strict_json import json_type
from trm_agent.errors import DataError
from trm_agent.types import ROLES, Message

RESERVED_FIELDS = ("think", "response")


@dataclass(frozen=True)
class Turn:
    """One turn as it is understood.

    Attributes:
        message: What enters the history.
        slots: The slot fields this turn fills; those it leaves empty are absent.
    """

    message: Message
    slots: dict[str, Any]


def read_turn(raw: Any, slot_fields: Sequence[str]) -> Turn:
    """Take one raw turn.

    Raises:
        DataError: It is no turn; the message says why, but not where.
    """
    if not isinstance(raw, Mapping):
        raise DataError(f"a turn must be an object with role and content, got {json_type(raw)}")
    if "role" not in raw and ("function" in raw or "parameters" in raw):
        raise DataError("this is a tool declaration, not a turn; name its file with --tools")
    role, content = raw.get("role"), raw.get("content")
    if role not in ROLES:
        known = f"expected one of {', '.join(ROLES)}"
        raise DataError(f"unknown role {role!r:.40}; {known}" if "role" in raw else f"the turn has no role; {known}")
    if content is None:
        raise DataError(f"the {role} turn has no content")
    response = _response(role, content)
    if role == "tool_call":
        response = _call(response)
    elif role != "tool_response" and not isinstance(response, str):
        raise DataError(f"the response of a {role} turn must be text, got {json_type(response)}")
    stated = content if isinstance(content, Mapping) else {}
    slots = {name: _tidy(stated[name]) for name in slot_fields if name in stated and is_filled(stated[name])}
    return Turn(Message(role, response), slots)


def is_filled(value: Any) -> bool:
    """Whether a slot field says something: not null, and not empty or blank."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != [] and value != {}


def raw_calls(raw_data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name and arguments of every well-formed call in a raw conversation; whatever else is passed over."""
    for raw in raw_data if isinstance(raw_data, list | tuple) else ():
        if isinstance(raw, Mapping) and raw.get("role") == "tool_call":
            try:
                call = read_turn(raw, ()).message.content
            except DataError:
                continue  # reported when the conversation itself is converted
            yield call["name"], call["arguments"]


def _response(role: str, content: Any) -> Any:
    if not isinstance(content, Mapping):
        if role == "tool_call":
            raise DataError(
                f"the content of a tool_call turn must be an object with response, got {json_type(content)}"
            )
        return content
    if "response" not in content or (content["response"] is None and role != "tool_response"):
        raise DataError(f'the content of the {role} turn has no "response"')
    return content["response"]


def _call(response: Any) -> dict[str, Any]:
    name = response.get("name") if isinstance(response, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"the tool_call has no name; its response must be {{name, arguments}}, got {response!r:.80}")
    arguments = response.get("arguments")
    if arguments is not None and not isinstance(arguments, Mapping):
        raise DataError(f"the arguments of tool_call {name!r} must be an object, got {json_type(arguments)}")
    return {"name": name, "arguments": dict(arguments or {})}


def _tidy(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
