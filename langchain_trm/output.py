"""A settled step → AIMessage or stream chunks. Everything that must appear once appears in the last chunk."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from langchain_trm.deciding import Step
from langchain_trm.records import RECORD_KEY
from langchain_trm.snapshots import SNAPSHOT_KEY
from trm_agent.types import Message, ToolCall, history_hash

PROVIDER = "trm"

_ALPHABET = string.digits + string.ascii_letters
_ID_LENGTH = 9
_PIECE = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True)
class Frame:
    """What goes around the words of an answer.

    Attributes:
        calls: Tool and arguments of every call, in order; none for a direct answer.
        call_ids: Of the calls; nine letters and digits each, which every provider accepts.
        snapshot: The slot state to resume from.
        metadata: Model, finish reason and decision record.
        input_tokens: Read for this decision.
    """

    calls: tuple[ToolCall, ...]
    call_ids: tuple[str, ...]
    snapshot: dict[str, Any]
    metadata: dict[str, Any]
    input_tokens: int

    def message(self, text: str, output_tokens: int) -> AIMessage:
        """The whole answer at once."""
        calls = [
            tool_call(name=call.tool, args=call.arguments, id=call_id)
            for call, call_id in zip(self.calls, self.call_ids, strict=True)
        ]
        return AIMessage(
            content=text,
            tool_calls=calls,
            additional_kwargs=self._additional(),
            response_metadata=self.metadata,
            usage_metadata=self._usage(output_tokens),
        )

    def call_chunks(self) -> Iterator[ChatGenerationChunk]:
        """Call after call: name and id first, then the arguments as JSON text."""
        for index, (call, call_id) in enumerate(zip(self.calls, self.call_ids, strict=True)):
            arguments = json.dumps(call.arguments, ensure_ascii=False, default=str)
            yield _chunk(tool_call_chunks=[tool_call_chunk(name=call.tool, args="", id=call_id, index=index)])
            yield _chunk(tool_call_chunks=[tool_call_chunk(name=None, args=arguments, id=None, index=index)])

    def last_chunk(self, output_tokens: int) -> ChatGenerationChunk:
        """Usage and metadata; numbers in two chunks could not be merged."""
        return _chunk(
            additional_kwargs=self._additional(),
            response_metadata=self.metadata,
            usage_metadata=self._usage(output_tokens),
            chunk_position="last",
        )

    def _additional(self) -> dict[str, Any]:
        return {SNAPSHOT_KEY: self.snapshot} if self.snapshot else {}

    def _usage(self, output_tokens: int) -> UsageMetadata:
        return UsageMetadata(
            input_tokens=self.input_tokens,
            output_tokens=output_tokens,
            total_tokens=self.input_tokens + output_tokens,
        )


def frame(step: Step, model_name: str, input_tokens: int) -> Frame:
    """Put a step's decision into the form that messages and chunks share."""
    decision = step.decision
    is_call = decision.decision == "tool_call"
    record = {key: value for key, value in step.record.items() if key != "state"}
    calls = decision.made
    taken = {entry.call_id for entry in step.entries}
    ids: list[str] = []
    for call in calls:
        ids.append(new_call_id(step.history, call.tool, call.arguments, {*taken, *ids}))
    return Frame(
        calls=calls,
        call_ids=tuple(ids),
        snapshot=decision.state,
        metadata={
            "model_name": model_name,
            "model_provider": PROVIDER,
            "finish_reason": "tool_calls" if is_call else "stop",
            RECORD_KEY: record,
        },
        input_tokens=input_tokens,
    )


def new_call_id(
    history: Sequence[Message],
    tool: str,
    arguments: Mapping[str, Any],
    taken: set[str | None] = frozenset(),  # type: ignore[assignment]
) -> str:
    """Nine letters and digits that the history and the call determine, and that no call in it has."""
    seed = json.dumps([history_hash(history), tool, arguments], sort_keys=True, default=str)
    for attempt in range(len(taken) + 1):
        number = int.from_bytes(hashlib.sha256(f"{attempt}{seed}".encode()).digest())
        digits = [_ALPHABET[number // len(_ALPHABET) ** i % len(_ALPHABET)] for i in range(_ID_LENGTH)]
        if (call_id := "".join(digits)) not in taken:
            return call_id
    raise AssertionError("more attempts than ids taken")


def text_chunk(text: str) -> ChatGenerationChunk:
    """A piece of the answer's words."""
    return _chunk(content=text)


def pieces(text: str) -> list[str]:
    """The text word by word; joined, they are the text."""
    return _PIECE.findall(text) or ([text] if text else [])


def cut(text: str, stop: Sequence[str] | None) -> str:
    """The text up to the first stop sequence."""
    ends = [text.find(word) for word in stop or () if word and word in text]
    return text[: min(ends)] if ends else text


def _chunk(**fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(**{"content": "", **fields}))
