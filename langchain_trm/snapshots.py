"""The slot state that rides on each AIMessage, and which one the next turn resumes from.

A snapshot is a hint and never an authority: one that does not fit the messages word for word is passed over and the
history is replayed, which gives the same decision. The router checks it once more, value by value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard, get_args

from langchain_core.messages import AIMessage, BaseMessage

from trm_agent.log import logger
from trm_agent.types import STATE_VERSION, Message, SourceKind, prefix_hashes

SNAPSHOT_KEY = "trm"


def carried_snapshots(messages: Sequence[BaseMessage]) -> list[Any]:
    """What the AIMessages carry as their snapshots, unchecked."""
    carried = [m.additional_kwargs.get(SNAPSHOT_KEY) for m in messages if isinstance(m, AIMessage)]
    return [state for state in carried if state is not None]


def latest_snapshot(candidates: Sequence[Any], history: Sequence[Message], fingerprint: str) -> dict[str, Any] | None:
    """The state that has read most of this history and fits it; None when the history must be replayed.

    Args:
        candidates: Snapshots as they came back.
        history: The conversation.
        fingerprint: Of the tools and weights in use.
    """
    if not candidates:
        return None
    prefixes = prefix_hashes(history)
    fitting = [state for state in candidates if fits(state, history, prefixes, fingerprint)]
    if not fitting:
        why = _misfit(candidates[-1], history, prefixes, fingerprint)
        logger.warning("the slot state on the messages %s; replaying %d messages instead", why, len(history))
        return None
    return dict(max(fitting, key=lambda state: state["messages"]))


def fits(state: Any, history: Sequence[Message], prefixes: Sequence[str], fingerprint: str) -> bool:
    """Whether a snapshot has this layout, has read the beginning of this history, and holds only what it says.

    Args:
        state: As it came back.
        history: The conversation.
        prefixes: Hash of each of its beginnings, from the empty one on.
        fingerprint: Of the tools and weights in use.
    """
    if not isinstance(state, Mapping) or state.get("version") != STATE_VERSION:
        return False
    read, values = state.get("messages"), state.get("values")
    if not _is_index(read, len(history) + 1) or not isinstance(values, Mapping):
        return False
    if state.get("fingerprint") != fingerprint or state.get("prefix") != prefixes[read]:
        return False
    return all(isinstance(key, str) and _is_held(value, history[:read]) for key, value in values.items())


def _misfit(state: Any, history: Sequence[Message], prefixes: Sequence[str], fingerprint: str) -> str:
    """Why a snapshot is not taken, in words."""
    if not isinstance(state, Mapping) or not isinstance(state.get("version"), int):
        return "is no slot state"
    if state["version"] != STATE_VERSION:
        return f"has layout {state['version']}, this version reads layout {STATE_VERSION}"
    if state.get("fingerprint") != fingerprint:
        return "was made with other tools or weights"
    read = state.get("messages")
    if _is_index(read, len(history) + 1) and state.get("prefix") == prefixes[read]:
        return "holds values that the messages do not"
    return "was made for other messages"


def _is_held(value: Any, seen: Sequence[Message]) -> bool:
    if not isinstance(value, Mapping) or "value" not in value or not isinstance(value.get("source"), Mapping):
        return False
    confidence, source = value.get("confidence"), value["source"]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return False
    if source.get("kind") not in get_args(SourceKind):
        return False
    message, start, end = (source.get(key) for key in ("message", "start", "end"))
    if message is None or source["kind"] in ("default", "dontcare"):
        return bool(source["kind"] != "span")
    if not _is_index(message, len(seen)):
        return False
    text = seen[message].text
    return _is_index(start, len(text)) and _is_index(end, len(text) + 1) and text[start:end] == source.get("text")


def _is_index(number: Any, size: int) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < size
