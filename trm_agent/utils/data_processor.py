"""Raw conversations become samples: one for every turn in which the assistant answered or called a tool.

The slots of a sample are what is known once its turn is taken: a value stated by an earlier turn, or by the decided
turn itself, stays until a later turn states another; a field left empty changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trm_agent.data.strict_json import json_type
from trm_agent.errors import DataError
from trm_agent.types import Message, Sample, ToolSchema, parse_tools
from trm_agent.utils.calls import CallCheck, listed
from trm_agent.utils.logs.dates import Dates
from trm_agent.utils.raw_files import read_conversations
from trm_agent.utils.raw_turns import RESERVED_FIELDS, Turn, read_turn

DEFAULT_SLOT_FIELDS: tuple[str, ...] = ("address", "phone", "device_number", "intent_of_user", "name", "contract_id")


class RawDataProcessor:
    """Converts raw conversations with one set of tools, slot fields and system prompt.

    Attributes:
        tools: What every sample offers.
        slot_fields: The named slots, in the order in which a sample lists them.
        system: Put before a conversation that has no system turn of its own in front.
        source: Becomes `meta.source`, by which figures are grouped.
    """

    def __init__(
        self,
        tools: Sequence[ToolSchema | Mapping[str, Any]] | None = None,
        slot_fields: Iterable[str] | None = None,
        system: str | None = None,
        source: str = "raw",
    ) -> None:
        """Check what every conversation shares.

        Raises:
            ToolError: The tools cannot be used.
            DataError: A slot field has a name that raw turns use for something else.
        """
        self.tools = parse_tools(tools or ())
        self.slot_fields = tuple(dict.fromkeys(DEFAULT_SLOT_FIELDS if slot_fields is None else slot_fields))
        for name in self.slot_fields:
            if name in RESERVED_FIELDS or not name:
                raise DataError(f"{name!r} cannot be a slot field; {' and '.join(RESERVED_FIELDS)} have their own use")
        self.system = system
        self.source = source
        self._check_call = CallCheck(self.tools)

    def process_conversation(self, raw_data: Any, dialogue: str = "conversation") -> list[Sample]:
        """The samples of one raw conversation, a list of turns.

        A decision that opens a conversation gives no sample: there is nothing to decide from.

        Args:
            raw_data: The raw turns.
            dialogue: Its name: `meta.dialogue`, and with the number of the decided turn, from 1, the sample's id.

        Raises:
            DataError: Every turn that cannot be used, with its number and the reason.
        """
        return list(self._samples(self._read(raw_data), dialogue))

    def process_file(
        self, path: str | Path, dialogue: str | None = None, dates: Dates | None = None
    ) -> Iterator[Sample]:
        """Stream the samples of a raw file: one conversation, or a list of several.

        The file is read twice, first to check it: a broken file gives no samples at all.

        Args:
            path: The JSON file.
            dialogue: Names its conversation; with several, `#1`, `#2`, … follow. The file's stem by default.
            dates: When its conversations took place; None leaves them undated.

        Raises:
            DataError: What is wrong with the file, in one line with path, turns and reasons.
        """
        path = Path(path)
        problems = list(self._file_problems(path, dates))
        if problems:
            raise DataError(f"{path}: {listed(problems)}")
        dialogue = path.stem if dialogue is None else dialogue
        for number, raw_data in read_conversations(path):
            name = dialogue if number is None else f"{dialogue}#{number}"
            meta = {"now": dates.of(raw_data, path)} if dates else {}
            yield from self._samples(self._read(raw_data), name, meta)

    def _file_problems(self, path: Path, dates: Dates | None) -> Iterator[str]:
        try:
            for number, raw_data in read_conversations(path):
                try:
                    self._read(raw_data)
                    if dates:
                        dates.find(raw_data, path)
                except DataError as error:
                    yield str(error) if number is None else f"conversation {number}: {error}"
        except DataError as error:
            yield str(error)

    def _read(self, raw_data: Any) -> list[Turn]:
        return _read_turns(raw_data, self.slot_fields, self._check_call)

    def _samples(self, turns: Sequence[Turn], dialogue: str, meta: Mapping[str, Any] | None = None) -> Iterator[Sample]:
        history = _opening(turns, self.system)
        state: dict[str, Any] = dict.fromkeys(self.slot_fields, "")
        for number, turn in enumerate(turns, 1):
            message = turn.message
            state = {**state, **turn.slots}
            if message.role in ("assistant", "tool_call") and history:
                calls = message.role == "tool_call"
                yield Sample(
                    tools=self.tools,
                    history=tuple(history),
                    decision="tool_call" if calls else "direct_answer",
                    slots=state,
                    tool=message.content if calls else None,
                    content=None if calls else message.content,
                    id=f"{dialogue}:{number}",
                    meta={"source": self.source, "dialogue": dialogue, **(meta or {})},
                )
            history.append(message)


def process_raw_conversation(
    raw_data: Any,
    tools: Sequence[ToolSchema | Mapping[str, Any]] | None = None,
    slot_fields: Iterable[str] | None = None,
    system: str | None = None,
) -> list[Sample]:
    """The samples of one raw conversation; see `RawDataProcessor`.

    Raises:
        DataError: Every turn that cannot be used, with its number and the reason.
        ToolError: The tools cannot be used.
    """
    return RawDataProcessor(tools, slot_fields, system).process_conversation(raw_data)


def build_history(raw_data: Any, system: str | None = None) -> list[Message]:
    """The whole raw conversation as history: reasoning traces and slot fields dropped.

    Args:
        raw_data: The raw turns.
        system: Put in front, unless the conversation opens with a system turn of its own.

    Raises:
        DataError: Every turn that cannot be used, with its number and the reason.
    """
    turns = _read_turns(raw_data, ())
    return _opening(turns, system) + [turn.message for turn in turns]


def _read_turns(
    raw_data: Any, slot_fields: Sequence[str], check_call: Callable[[Mapping[str, Any]], None] | None = None
) -> list[Turn]:
    if not isinstance(raw_data, list | tuple):
        raise DataError(f"a conversation must be a list of turns, got {json_type(raw_data)}")
    if not raw_data:
        raise DataError("the conversation holds no turns")
    turns: list[Turn] = []
    problems: list[str] = []
    unanswered = 0
    for number, raw in enumerate(raw_data, 1):
        role = raw.get("role") if isinstance(raw, Mapping) else None
        unanswered += (role == "tool_call") - (role == "tool_response")
        try:
            turn = read_turn(raw, slot_fields)
            if role == "tool_call" and check_call:
                check_call(turn.message.content)
            if unanswered < 0:
                raise DataError("a tool_response without a tool_call before it")
            turns.append(turn)
        except DataError as error:
            problems.append(f"turn {number}: {error}")
        unanswered = max(unanswered, 0)
    if problems:
        raise DataError(listed(problems))
    return turns


def _opening(turns: Sequence[Turn], system: str | None) -> list[Message]:
    """What stands before the first turn: the system prompt, unless the conversation brings its own."""
    return [Message("system", system)] if system and turns[0].message.role != "system" else []
