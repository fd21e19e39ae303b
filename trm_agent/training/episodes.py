"""Samples of one conversation → one episode: what training reads.

The samples of a conversation share their tools, and each history is a prefix of the next. An episode keeps the
longest history once, with the decision points in it, so that tokens are read once for all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from trm_agent.data.digest import file_sha256
from trm_agent.errors import DataError
from trm_agent.types import (
    SPEECH_ACTS,
    Accept,
    Message,
    Sample,
    Slot,
    SlotField,
    SpeechAct,
    ToolSchema,
    parse_tools,
    slot_table,
)
from trm_agent.values import matches

Place = tuple[int, int, int]
"""Message, first and one-past-last character."""

MOST_CHOICES = 24
"""A slot field with more distinct values than this is open."""


@dataclass(frozen=True)
class Point:
    """One decision point of an episode.

    Attributes:
        messages: Length of its history.
        decision: Gold decision; None where it is not known.
        tool: The gold call's tool; None for a direct answer.
        intent: The tool that the conversation is about; None for no tool. Only meaningful if `intent_known`.
        intent_known: Whether `intent` is given or follows from a later call.
        slots: Slot key → right values, the gold one first; unfilled slots are absent.
        known: Slots that the data speaks of here; None: all of them. The others are neither filled nor empty.
        calls: How many calls are made here; 0 for a direct answer.
        tools: The tools that are called here, each once, in order.
        more: Slot key → its right values in each further call where they differ from the first.
        act: What the user does with the turn (`meta.speech_act`); None where it is not given.
        places: Slot key → where its value stands, where only that place is meant.
    """

    messages: int
    decision: str | None
    tool: str | None
    intent: str | None
    intent_known: bool
    slots: dict[str, tuple[Any, ...]]
    known: frozenset[str] | None = None
    calls: int = 0
    tools: tuple[str, ...] = ()
    more: dict[str, tuple[tuple[Any, ...], ...]] = field(default_factory=dict)
    act: SpeechAct | None = None
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Episode:
    """Tools, one history and the decision points in it.

    Attributes:
        tools: On offer at every point.
        messages: The history of the last point.
        points: In order of their history's length.
        slot_fields: Slots that no tool declares.
        used: Where calls are read one at a time, what those before took up; None as ever.
    """

    tools: tuple[ToolSchema, ...]
    messages: tuple[Message, ...]
    points: tuple[Point, ...]
    slot_fields: tuple[SlotField, ...] = ()
    used: tuple[Place, ...] | None = None

    @cached_property
    def length(self) -> int:
        """Characters of all messages: what batches are sorted by."""
        return sum(len(message.text) for message in self.messages)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        return slot_table(self.tools, self.slot_fields)


def read_episodes(paths: Sequence[Path], slot_fields: Sequence[SlotField] | None = None) -> list[Episode]:
    """Read sample files and group consecutive samples of one conversation.

    Args:
        paths: Sample files; see the data format.
        slot_fields: Slots beside the tools' parameters; None gathers them from the data.

    Raises:
        DataError: A line that is no sample, with file and line.
    """
    files = [list(read_groups(path)) for path in paths]
    everything = [group for groups in files for group in groups]
    fields = gather_slot_fields(everything) if slot_fields is None else tuple(slot_fields)
    return [
        group.episode(fields, lists) for groups in files for lists in [lists_parameters_of(groups)] for group in groups
    ]


@dataclass
class Group:
    """An episode in the making: the samples of a conversation, and how many messages each has read."""

    tools: tuple[ToolSchema, ...]
    raw_history: list[Any]
    messages: list[Message]
    samples: list[Sample]
    lengths: list[int]

    def episode(self, slot_fields: tuple[SlotField, ...], lists_parameters: bool) -> Episode:
        table = slot_table(self.tools, slot_fields)
        points = [
            _point(sample, length, table, lists_parameters)
            for sample, length in zip(self.samples, self.lengths, strict=True)
        ]
        return Episode(self.tools, tuple(self.messages), tuple(_hindsight(points)), slot_fields)


def read_groups(path: Path) -> Iterator[Group]:
    """The samples of a file by conversation."""
    tools_cache: dict[str, tuple[ToolSchema, ...]] = {}
    group: Group | None = None
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                if not isinstance(raw, dict) or not isinstance(raw.get("history"), list) or "tools" not in raw:
                    Sample.from_json(raw)
                key = json.dumps(raw["tools"])
                if key not in tools_cache:
                    if len(tools_cache) > 64:
                        tools_cache.clear()
                    tools_cache[key] = parse_tools(raw["tools"])
                tools, history = tools_cache[key], raw["history"]
                known = len(group.raw_history) if group else 0
                if group is None or tools != group.tools or not _continues(group.raw_history, history):
                    if group is not None:
                        yield group
                    group, known = Group(tools, [], [], [], []), 0
                sample = Sample.from_json({**raw, "tools": tools, "history": history[known:] or history[-1:]})
                if len(history) > known:
                    group.messages.extend(sample.history)
                    group.raw_history = history
                group.samples.append(sample)
                group.lengths.append(len(history))
            except (ValueError, TypeError) as error:
                raise DataError(f"{path}:{number}: {error}") from None
    if group is not None:
        yield group


def _continues(known: Sequence[Any], history: Sequence[Any]) -> bool:
    return bool(known) and len(history) >= len(known) and list(history[: len(known)]) == list(known)


def gather_slot_fields(groups: Iterable[Group]) -> tuple[SlotField, ...]:
    """Slots that the samples fill though no tool of theirs declares them; few, repeated values make a closed field."""
    values: dict[str, Counter[str]] = {}
    for group in groups:
        declared = {slot.key for slot in slot_table(group.tools)}
        for sample in group.samples:
            for name, value in sample.slots.items():
                if name not in declared:
                    values.setdefault(name, Counter()).update([str(value)] if value not in ("", None) else [])
    return tuple(SlotField(name, "", _closed(name, counts)) for name, counts in sorted(values.items()))


def _closed(name: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The choices of a field whose values are labels (`rent_bike`, `greeting`), not text of the conversation."""
    repeated = len(counts) <= MOST_CHOICES and all(count > 1 for count in counts.values())
    return tuple(sorted(counts)) if len(counts) > 1 and repeated and "intent" in name else ()


def lists_parameters_of(groups: Iterable[Group]) -> bool:
    """Whether the samples of a file state every filled slot, or only slot fields.

    Converted logs list the same fields at every point, empty ones as "": what they do not list is not known. The
    corpora list what is filled, so what they do not list is empty.
    """
    filled_parameter = False
    for group in groups:
        declared = {slot.key for slot in slot_table(group.tools)}
        for sample in group.samples:
            if any(value in ("", None) for value in sample.slots.values()):
                return False
            filled_parameter = filled_parameter or not declared.isdisjoint(sample.slots)
    return filled_parameter


def _point(sample: Sample, length: int, table: Sequence[Slot], lists_parameters: bool) -> Point:
    slots = {
        key: (value, *sample.accept.slots.get(key, ()))
        for key, value in sample.slots.items()
        if value not in ("", None)
    }
    calls, accepts = _one_record_each(sample.gold_calls, table)
    known: frozenset[str] | None = None
    if not (lists_parameters and sample.meta.get("slots_known", True)):
        called = call_slots(calls[0], accepts[0], table) if calls else {}
        known = frozenset([*sample.slots, *called])
        slots = {**{key: values for key, values in called.items() if values}, **slots}
    tool = calls[0]["name"] if calls else None
    return Point(
        messages=length,
        decision=sample.decision if sample.meta.get("decision_known", True) else None,
        tool=tool,
        intent=tool or sample.meta.get("intent"),
        intent_known="intent" in sample.meta or tool is not None,
        slots=slots,
        known=known,
        calls=len(calls),
        tools=tuple(dict.fromkeys(call["name"] for call in calls)),
        more=_further_values(calls, accepts, table, slots),
        act=_speech_act(sample),
    )


def _speech_act(sample: Sample) -> SpeechAct | None:
    act = sample.meta.get("speech_act")
    if act is not None and act not in SPEECH_ACTS:
        raise DataError(f'"meta": speech_act must be one of {", ".join(SPEECH_ACTS)}, got {act!r}')
    return act


def _one_record_each(
    calls: Sequence[tuple[Mapping[str, Any], Accept]], table: Sequence[Slot]
) -> tuple[list[Mapping[str, Any]], list[Accept]]:
    """Calls of one record each, and what each accepts: a call with a list of three records is read as three."""
    leaves = {name for slot in table for _, name in slot.readers}
    out: list[Mapping[str, Any]] = []
    accepts: list[Accept] = []
    for call, own in calls:
        records = next(
            (
                (name, value)
                for name, value in call["arguments"].items()
                if isinstance(value, list) and value and name not in leaves and isinstance(value[0], Mapping)
            ),
            None,
        )
        one_each = [call]
        if records is not None:
            one_each = [{**call, "arguments": {**call["arguments"], records[0]: record}} for record in records[1]]
        out.extend(one_each)
        accepts.extend(own if records is None else own.of_entry(records[0], i) for i in range(len(one_each)))
    return out, accepts


def _further_values(
    calls: Sequence[Mapping[str, Any]],
    accepts: Sequence[Accept],
    table: Sequence[Slot],
    slots: Mapping[str, tuple[Any, ...]],
) -> dict[str, tuple[tuple[Any, ...], ...]]:
    """Slot key → right values of each further call that fills it differently."""
    out: dict[str, tuple[tuple[Any, ...], ...]] = {}
    for call, accept in zip(calls[1:], accepts[1:], strict=True):
        for key, values in call_slots(call, accept, table).items():
            known = [slots.get(key, ()), *out.get(key, ())]
            if values and not any(matches(values[0], others) for others in known):
                out[key] = (*out.get(key, ()), values)
    return out


def call_slots(call: Mapping[str, Any], accept: Accept, table: Sequence[Slot]) -> dict[str, tuple[Any, ...]]:
    """What a gold call says of the slots its tool reads: their right values, none for a parameter left out."""
    out: dict[str, tuple[Any, ...]] = {}
    for slot in table:
        for tool, parameter in slot.readers:
            if tool == call["name"]:
                value = _argument(call["arguments"], parameter)
                out[slot.key] = () if value is None else (value, *accept.arguments.get(parameter, ()))
    return out


def _argument(arguments: Mapping[str, Any], parameter: str) -> Any:
    """An argument by its dotted name; None where it is not given."""
    if parameter in arguments:
        return arguments[parameter]
    value: Any = arguments
    for part in parameter.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _hindsight(points: Sequence[Point]) -> list[Point]:
    """Where the intent is not given, it is the tool of the next call of the conversation, if one comes."""
    out: list[Point] = []
    upcoming: str | None = None
    for point in reversed(points):
        upcoming = point.tool or upcoming
        if not point.intent_known and upcoming is not None:
            point = replace(point, intent=upcoming, intent_known=True)
        out.append(point)
    return out[::-1]


def fingerprint(paths: Sequence[Path]) -> dict[str, str]:
    """File name → sha256, for the training record."""
    return {path.name: file_sha256(path) for path in paths}
