"""LangChain objects as files that `trm_agent.convert` reads: the tools, and the threads of a checkpointer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from langchain_core.messages import BaseMessage, convert_to_messages, messages_to_dict

from langchain_trm.snapshots import SNAPSHOT_KEY
from langchain_trm.tools import ToolLike, read_tools
from trm_agent.errors import DataError


class Checkpoints(Protocol):
    """What is needed of a LangGraph checkpointer: its synchronous reading methods."""

    def list(self, config: Any, /) -> Iterator[Any]: ...

    def get_tuple(self, config: Any, /) -> Any: ...


def write_tools(path: str | Path, tools: Iterable[ToolLike]) -> int:
    """Write tools as a JSON list of OpenAI declarations, for `--tools`.

    Args:
        path: The file; it is replaced.
        tools: `@tool` functions, or anything else that `bind_tools` takes.

    Returns:
        How many were written.

    Raises:
        ToolError: A tool cannot be read.
        DataError: The file cannot be written.
    """
    declared = read_tools(tools)
    _write(Path(path), [json.dumps(declared, ensure_ascii=False, indent=2)])
    return len(declared)


def write_threads(path: str | Path, checkpointer: Checkpoints, *, key: str = "messages") -> int:
    """Write the messages of every thread of a checkpointer as JSONL, for `--input`.

    Args:
        path: The file; it is replaced.
        checkpointer: Of the graph whose conversations are wanted.
        key: Where the graph's state holds the messages.

    Returns:
        How many threads were written; those without messages are left out.

    Raises:
        DataError: The file cannot be written.
    """
    rows = [json.dumps(row, ensure_ascii=False, default=str) for row in read_threads(checkpointer, key=key)]
    _write(Path(path), rows)
    return len(rows)


def read_threads(checkpointer: Checkpoints, *, key: str = "messages") -> Iterator[dict[str, Any]]:
    """The last state of every thread: `{"thread_id", "created_at", "messages"}`, by thread.

    Args:
        checkpointer: See `write_threads`.
        key: Where the graph's state holds the messages.
    """
    names = {str(saved.config["configurable"]["thread_id"]) for saved in checkpointer.list(None)}
    for name in sorted(names):
        saved = checkpointer.get_tuple({"configurable": {"thread_id": name, "checkpoint_ns": ""}})
        messages = saved.checkpoint["channel_values"].get(key) if saved else None
        if messages:
            dumped = messages_to_dict([_without_snapshot(message) for message in convert_to_messages(messages)])
            yield {"thread_id": name, "created_at": saved.checkpoint["ts"], "messages": dumped}


def _without_snapshot(message: BaseMessage) -> BaseMessage:
    kept = {name: value for name, value in message.additional_kwargs.items() if name != SNAPSHOT_KEY}
    return message.model_copy(update={"additional_kwargs": kept})


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
