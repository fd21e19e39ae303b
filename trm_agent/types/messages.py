"""Messages of a conversation, of five roles, and the text that each is read as."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

from trm_agent.errors import HistoryError

Role = Literal["system", "user", "assistant", "tool_call", "tool_response"]

ROLES: tuple[str, ...] = get_args(Role)

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Message:
    """One turn of a history.

    Attributes:
        role: Who speaks.
        content: Text; for `tool_call` a mapping with `name` and `arguments`; for `tool_response` any JSON value.
    """

    role: Role
    content: Any

    @classmethod
    def from_json(cls, data: Any) -> Message:
        """Check and take one history entry.

        Raises:
            HistoryError: The entry is no mapping, its role is unknown, or its content does not fit the role.
        """
        if not isinstance(data, Mapping):
            raise HistoryError(f"a message must be an object with role and content, got {type(data).__name__}")
        role, content = data.get("role"), data.get("content")
        if role not in ROLES:
            raise HistoryError(f"unknown role {role!r}; expected one of {', '.join(ROLES)}")
        if "content" not in data:
            raise HistoryError(f"the {role} message has no content")
        if role == "tool_call":
            if not isinstance(content, Mapping) or not isinstance(content.get("name"), str) or not content["name"]:
                raise HistoryError(f"a tool_call needs content {{name, arguments}}, got {content!r:.80}")
            if not isinstance(content.get("arguments", {}), Mapping):
                raise HistoryError(f"the arguments of tool_call {content['name']!r} must be an object")
        elif role != "tool_response" and not isinstance(content, str):
            raise HistoryError(f"the content of a {role} message must be text, got {type(content).__name__}")
        return cls(role, content)

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content}

    @cached_property
    def text(self) -> str:
        """The text that is read, and that character spans of a source point into.

        Plain text stays as it is. A call or a result becomes `field: value` pairs, one after the other, nested
        names joined by spaces, so that a value stands beside its label. A result given as a JSON string is
        rendered like the value it holds.
        """
        content = self.content
        if self.role == "tool_call":
            pairs = _flatten(content.get("arguments", {}))
            head = identifier_words(content["name"])
            return f"{head} | {_join(pairs)}" if pairs else head
        if self.role == "tool_response":
            if isinstance(content, str) and content[:1] in "[{":
                try:
                    content = json.loads(content)
                except (ValueError, RecursionError):
                    return str(self.content)
            if isinstance(content, Mapping | list):
                return _join(_flatten(content))
            return "" if content is None else str(content)
        return str(content)


@lru_cache(maxsize=16_384)
def identifier_words(name: str) -> str:
    """An identifier (`snake_case`, `camelCase`, `kebab-case`, dotted) as lower-case words, for encoding."""
    return re.sub(r"[_\-./\s]+", " ", _WORD_START.sub(" ", name)).strip().lower()


def _flatten(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [
            pair
            for key, item in value.items()
            for pair in _flatten(item, f"{path} {identifier_words(str(key))}".strip())
        ]
    if isinstance(value, list):
        return [pair for item in value for pair in _flatten(item, path)]
    return [(path, "" if value is None else str(value))]


def _join(pairs: Sequence[tuple[str, str]]) -> str:
    return " | ".join(f"{key}: {value}" if key else value for key, value in pairs)


def parse_history(history: Sequence[Message | Mapping[str, Any]]) -> list[Message]:
    """Take a history given as messages or as plain JSON.

    Raises:
        HistoryError: It is empty, or a message is wrong (its position is named).
    """
    messages = []
    for position, item in enumerate(history):
        try:
            messages.append(item if isinstance(item, Message) else Message.from_json(item))
        except HistoryError as error:
            raise HistoryError(f"message {position}: {error}") from None
    if not messages:
        raise HistoryError("the history is empty; a decision needs at least one message")
    return messages
