"""A conversation of a log becomes samples: one for every turn in which the assistant answered or called.

An assistant's turn with several calls is one sample with all of them. Words before a call are no answer: they enter the
history with the call. A turn without words and calls decides nothing and is passed over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError, ToolError
from trm_agent.types import Message, Sample, ToolSchema
from trm_agent.utils.calls import CallCheck, listed
from trm_agent.utils.declarations import read_declarations
from trm_agent.utils.logs import langchain, langsmith, openai, sharegpt
from trm_agent.utils.logs.dates import Dates
from trm_agent.utils.logs.messages import Dialogue, LogMessage
from trm_agent.utils.logs.records import Record, read_records


@dataclass(frozen=True)
class LogFormat:
    """How the records of a format are taken apart."""

    unpack: Callable[[Any], Dialogue]
    read_message: Callable[[Any], list[LogMessage]]


READERS = {
    "openai": LogFormat(openai.unpack, openai.read_message),
    "sharegpt": LogFormat(sharegpt.unpack, sharegpt.read_message),
    "langchain": LogFormat(langchain.unpack, langchain.read_message),
}


class LogProcessor:
    """Converts the conversations of logs in one format.

    Attributes:
        skipped: Runs that show no conversation, of a LangSmith export.
        repeated: Decisions that several runs show, taken once.
        wordless: Assistant turns without words and calls, passed over.
    """

    def __init__(
        self,
        name: str,
        *,
        tools: Sequence[ToolSchema] | None = None,
        observed: Sequence[ToolSchema] = (),
        system: str | None = None,
        source: str = "logs",
        dates: Dates | None = None,
        on_broken: Callable[[DataError], None] | None = None,
    ) -> None:
        """Say what every conversation shares.

        Args:
            name: One of `READERS`.
            tools: On offer everywhere; without them those that a conversation itself declares.
            observed: On offer where neither says it.
            system: Put before a conversation that has no system message of its own.
            source: Becomes `meta.source`.
            dates: When conversations took place.
            on_broken: Gets the error of each broken conversation, which is left out; without it the first raises.
        """
        self.format = READERS[name]
        self.tools, self.observed = tools, tuple(observed)
        self.system, self.source = system, source
        self.dates = dates or Dates()
        self.on_broken = on_broken
        self.skipped = self.repeated = self.wordless = 0
        self._declared: dict[str, tuple[ToolSchema, ...]] = {}
        self._checks: dict[tuple[tuple[str, ...], ...], CallCheck] = {}
        self._seen: set[bytes] = set()

    def process_file(self, path: str | Path, dialogue: str | None = None) -> Iterator[Sample]:
        """Stream the samples of a file.

        Args:
            path: JSON or JSONL.
            dialogue: Names its conversation; with several, `#1`, `#2`, … follow. The file's stem by default.

        Raises:
            DataError: The file cannot be read; or a conversation is broken and there is no `on_broken`.
        """
        path = Path(path)
        name = path.stem if dialogue is None else dialogue
        for record in read_records(path, self.on_broken):
            if langsmith.is_other_run(record.data):
                self.skipped += 1
                continue
            try:
                yield from self._samples(record, path, name if record.number is None else f"{name}#{record.number}")
            except (DataError, ToolError) as error:
                located = DataError(f"{_place(path, record)}: {error}")
                if self.on_broken is None:
                    raise located from None
                self.on_broken(located)

    def calls(self, path: Path) -> Iterator[tuple[bool, list[tuple[str, dict[str, Any]]]]]:
        """Whether each conversation declares its tools, and what it calls; broken ones are passed over."""
        for record in read_records(path, lambda _: None):
            try:
                parts, messages = self._read(record.data)
            except DataError:
                continue  # reported when it is converted
            made = [(call.name, call.arguments) for _, message in messages for call in message.calls]
            yield not _declares_none(parts), made

    def _samples(self, record: Record, path: Path, dialogue: str) -> list[Sample]:
        parts, messages = self._read(record.data)
        if not messages:
            raise DataError("the conversation holds no messages")
        tools = self._tools(parts)
        _check(messages, self._check_of(tools))
        meta: dict[str, Any] = {"source": self.source, "dialogue": parts.thread or dialogue}
        meta["now"] = self.dates.of(record.data, path, parts.stamp)
        meta["slots_known"] = False
        history: list[Message] = []
        prompt = parts.system or self.system
        if prompt and messages[0][1].role != "system":
            history.append(Message("system", prompt))
        samples: list[Sample] = []
        for number, message in messages:
            if message.role == "assistant" and not message.text and not message.calls:
                self.wordless += 1
                continue
            if message.role == "assistant" and history and number > parts.decided_from:
                sample = _sample(tools, history, message, f"{dialogue}:{number}", meta)
                if parts.decided_from == 0 or self._is_new(sample):
                    samples.append(sample)
            history.extend(_entries(message))
        return samples

    def _read(self, data: Any) -> tuple[Dialogue, list[tuple[int, LogMessage]]]:
        """The parts of a record, and its messages with their numbers from 1."""
        parts = self.format.unpack(data)
        messages: list[tuple[int, LogMessage]] = []
        problems: list[str] = []
        for number, raw in enumerate(parts.messages, 1):
            try:
                messages.extend((number, message) for message in self.format.read_message(raw))
            except DataError as error:
                problems.append(f"message {number}: {error}")
        if problems:
            raise DataError(listed(problems))
        return parts, messages

    def _tools(self, parts: Dialogue) -> tuple[ToolSchema, ...]:
        if self.tools is not None:
            return tuple(self.tools)
        if _declares_none(parts):
            return self.observed
        key = parts.tools if isinstance(parts.tools, str) else json.dumps(parts.tools, sort_keys=True)
        if key not in self._declared:
            if len(self._declared) > 256:
                self._declared.clear()
            try:
                self._declared[key] = read_declarations(parts.tools)
            except ToolError as error:
                raise DataError(f"its tools: {error}") from None
        return self._declared[key]

    def _check_of(self, tools: tuple[ToolSchema, ...]) -> CallCheck:
        key = tuple((tool.name, *tool.schema["properties"]) for tool in tools)
        if key not in self._checks:
            self._checks[key] = CallCheck(tools)
        return self._checks[key]

    def _is_new(self, sample: Sample) -> bool:
        """Whether no earlier run showed this decision; runs of one conversation hold each other's messages."""
        shown = [[message.to_json() for message in sample.history], sample.tool, list(sample.calls), sample.content]
        digest = hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).digest()[:16]
        if digest in self._seen:
            self.repeated += 1
            return False
        self._seen.add(digest)
        return True


def _declares_none(parts: Dialogue) -> bool:
    """Whether a conversation does not say what was on offer; an empty list, also as text, says nothing."""
    tools = parts.tools.strip() if isinstance(parts.tools, str) else parts.tools
    return tools is None or tools in ([], "", "[]", "null")


def _check(messages: Sequence[tuple[int, LogMessage]], check: CallCheck) -> None:
    """Calls of declared tools only, and results of calls that were made."""
    problems: list[str] = []
    ids: set[str] = set()
    open_calls = 0
    for number, message in messages:
        for call in message.calls:
            open_calls += 1
            ids |= {call.call_id} if call.call_id else set()
            try:
                check({"name": call.name, "arguments": call.arguments})
            except DataError as error:
                problems.append(f"message {number}: {error}")
        if message.role != "tool":
            continue
        open_calls -= 1
        if open_calls < 0:
            problems.append(f"message {number}: a result without a call before it")
            open_calls = 0
        elif message.call_id and ids and message.call_id not in ids:
            problems.append(f"message {number}: a result of call {message.call_id!r}, which no message before it makes")
    if problems:
        raise DataError(listed(problems))


def _sample(
    tools: tuple[ToolSchema, ...], history: Sequence[Message], message: LogMessage, name: str, meta: dict[str, Any]
) -> Sample:
    calls = tuple({"name": call.name, "arguments": call.arguments} for call in message.calls)
    return Sample(
        tools=tools,
        history=tuple(history),
        decision="tool_call" if calls else "direct_answer",
        slots={},
        tool=calls[0] if calls else None,
        content=None if calls else message.text,
        id=name,
        meta=meta,
        calls=calls if len(calls) > 1 else (),
    )


def _entries(message: LogMessage) -> Iterator[Message]:
    """What a message puts into the history."""
    if message.role == "tool":
        yield Message("tool_response", message.result)
        return
    if message.text or not message.calls:
        yield Message(message.role, message.text)
    for call in message.calls:
        yield Message("tool_call", {"name": call.name, "arguments": call.arguments})


def _place(path: Path, record: Record) -> str:
    several = f" conversation {record.number}:" if record.number is not None else ""
    return f"{path}:{record.line}:{several}".rstrip(":")
