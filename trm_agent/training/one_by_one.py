"""A turn with several calls, or with a list of records → the same turn once per call: read the next one, then stop.

What the calls before took up is marked in the text (`Conversation.one_at_a_time`). The labels are those of the next
call alone, and how many are left with it. A list of plain values is a list of records with one field.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trm_agent.training.episodes import (
    Episode,
    Place,
    Point,
    call_slots,
    lists_parameters_of,
    read_groups,
)
from trm_agent.types import Accept, Message, Sample, Slot, SlotField, ToolSchema
from trm_agent.values import choice_text

MOST = 8
"""Calls of one turn that are read."""
_SPEAKERS = ("user", "assistant", "tool_response")
"""In whose words a value is looked for first."""

Wordings = tuple[Any, ...]


@dataclass(frozen=True)
class Part:
    """One call with one record, of a turn.

    Attributes:
        tool: That is called.
        values: Slot key → right values, the gold one first, of all slots that the tool reads.
    """

    tool: str
    values: Mapping[str, Wordings]


def one_by_one(whole: Episode, point: Point, parts: Sequence[Part]) -> Iterator[Episode]:
    """An episode for each call of a point.

    Args:
        whole: The conversation.
        point: One of its points.
        parts: Its calls, one record each, in order.
    """
    messages = whole.messages[: point.messages]
    used: list[Place] = []
    names = tuple(dict.fromkeys(part.tool for part in parts))
    for number, part in enumerate(parts[:MOST]):
        own = {slot.key for slot in whole.slots if part.tool in slot.tools}
        others = {slot.key for slot in whole.slots if not slot.tools.isdisjoint(names)} - own
        places = _places(part.values, whole.slots, messages, used)
        slots = {key: values for key, values in point.slots.items() if key not in own | others}
        known = frozenset(slot.key for slot in whole.slots) if point.known is None else point.known | own
        single = replace(
            point,
            tool=part.tool,
            intent=part.tool,
            intent_known=True,
            slots={**slots, **{key: values for key, values in part.values.items() if values}},
            known=known - others,
            calls=len(parts) - number,
            tools=(part.tool,),
            more={},
            places=places,
        )
        yield replace(whole, messages=messages, points=(single,), used=tuple(used))
        used.extend(place for place in places.values() if place not in used)


def _places(
    values: Mapping[str, Wordings], slots: Sequence[Slot], messages: Sequence[Message], used: Sequence[Place]
) -> dict[str, Place]:
    """Where each value of a call stands: what is said once there, and of the others the mention nearest to that."""
    found = {
        slot.key: places
        for slot in slots
        if values.get(slot.key) and (places := _mentions(values[slot.key], slot, messages))
    }
    fresh = {key: [place for place in places if place not in used] or places for key, places in found.items()}
    if not fresh:
        return {}
    # The value that leaves the least choice says where the call is spoken of.
    anchor = min(fresh.values(), key=lambda places: (any(p in used for p in places), len(places)))[0]
    return {key: min(places, key=lambda place: _apart(place, anchor)) for key, places in fresh.items()}


def _apart(place: Place, anchor: Place) -> tuple[int, int]:
    return int(place[0] != anchor[0]), abs(place[1] - anchor[1])


def _mentions(wordings: Wordings, slot: Slot, messages: Sequence[Message]) -> list[Place]:
    """Where a value stands, the latest message of the user first."""
    texts = [choice_text(w) if slot.parameter.choices else str(w) for w in map(_entry, wordings)]
    for speaker in _SPEAKERS:
        out = [
            (index, match.start(), match.end())
            for index in range(len(messages) - 1, -1, -1)
            if messages[index].role == speaker
            for text in texts
            if text.strip()
            for match in re.finditer(rf"(?<!\w){re.escape(text.lower())}(?!\w)", messages[index].text.lower())
        ]
        if out:
            return list(dict.fromkeys(out))
    return []


def _entry(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def read_one_by_one(
    paths: Sequence[Path], slot_fields: Sequence[SlotField], share: float = 1.0, seed: int = 0
) -> list[Episode]:
    """The turns of sample files with several calls or with lists, one episode a call.

    Args:
        paths: Sample files.
        slot_fields: Slots beside the tools' parameters, as `read_episodes` found them.
        share: Of these turns.
        seed: Draws them.
    """
    fields, out = tuple(slot_fields), list[Episode]()
    rng = random.Random(f"one by one/{seed}")
    for path in paths:
        groups = list(read_groups(path))
        lists_parameters = lists_parameters_of(groups)
        for group in groups:
            tools = {tool.name: tool for tool in group.tools}
            calls = [_parts(sample, tools) for sample in group.samples]
            if not any(calls):
                continue
            whole = group.episode(fields, lists_parameters)
            for made, point in zip(calls, whole.points, strict=True):
                parts = [Part(call["name"], call_slots(call, accept, whole.slots)) for call, accept in made]
                alike = len({str((part.tool, sorted(part.values.items()))) for part in parts}) < len(parts)
                if parts and not alike and rng.random() < share:
                    out.extend(one_by_one(whole, point, parts))
    return out


def _parts(sample: Sample, tools: Mapping[str, ToolSchema]) -> list[tuple[Mapping[str, Any], Accept]]:
    """The calls of a turn with one entry of their lists each; nothing where there is but one call without a list."""
    out: list[tuple[Mapping[str, Any], Accept]] = []
    lists = False
    for call, accept in sample.gold_calls:
        tool = tools[call["name"]]
        name = tool.listed
        held = None if name is None else call["arguments"].get(name)
        if name is None or not isinstance(held, list) or not held:
            out.append((call, accept))
            continue
        lists = True
        for place, entry in enumerate(held):
            alone = entry if tool.records == name else [entry]
            arguments = {**call["arguments"], name: alone}
            out.append(({**call, "arguments": arguments}, accept.of_entry(name, place)))
    return out if lists or len(out) > 1 else []
