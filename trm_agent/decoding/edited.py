"""What becomes of the records of the last call when the user goes on from it: "two tenths", "the third without milk".

The words of such a message name what changes, not the list. So what they say (`decoding.rows`) is laid against the list
of the call before: it may be records of their own, take the place of fields in records that they name, stand beside
these, or take records away. Which of these is meant is told by what the user does with the turn, by whether a record is
named and by where the network points; `WEIGHTS` were fitted on records of training domains (docs/log.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trm_agent.decoding.held import UNREAD
from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.types import SPEECH_ACTS, Message, Source, ToolSchema, Value, argument_leaves
from trm_agent.values import normalise

WEIGHTS: Mapping[str, tuple[float, float, float, float]] = {
    "new": (0.2, -1.6, 0.3, 1.7),
    "kept": (1.6, -1.3, -1.7, -1.2),
    "merged": (-2.3, 2.9, 0.8, 1.6),
    "removed": (1.2, -0.3, 1.2, -2.0),
    "changed": (-0.6, 0.2, -0.6, 0.0),
}
"""What may be meant → its weight, alone and by each of `signs`. Records of their own; the list as it was; the list with
what was said; the list without the records that were named; these records alone, with what was said."""
SHORTEST = 3
"""Letters of a word that may name a record in part."""

Record = Mapping[str, Any]
"""Name of a field → value."""
Row = Mapping[str, Value]
"""Name of a field → value, as it was read."""


@dataclass(frozen=True)
class Entry:
    """A record of the list that comes out.

    Attributes:
        before: What the last call had there; empty for a new record.
        said: What was read of it.
    """

    before: Record
    said: Row

    def values(self) -> dict[str, Value]:
        """Name of a field → value: what is said goes before what was there."""
        kept = {name: Value(value, UNREAD, Source("state", text=str(value))) for name, value in self.before.items()}
        return kept | dict(self.said)


def made_with(tool: ToolSchema, history: Sequence[Message]) -> list[Record]:
    """The records of the last call of a tool, their fields by dotted name; none where it was not called."""
    for message in reversed(history):
        if message.role == "tool_call" and message.content["name"] == tool.name:
            records = (message.content.get("arguments") or {}).get(tool.records)
            found = records if isinstance(records, list) else []
            return [dict(argument_leaves(record)) for record in found if isinstance(record, Mapping)]
    return []


def readings(before: Sequence[Record], rows: Sequence[Row], fields: Sequence[str]) -> dict[str, list[Entry]]:
    """What may be meant → the list that comes out.

    Args:
        before: The records of the last call.
        rows: What the message says, record by record.
        fields: Names of a record's fields, in declared order.
    """
    old = [Entry(record, {}) for record in before]
    out = {"kept": old}
    key = naming_field(before, fields)
    places = [_place(row, before, key) for row in rows]
    if not rows or any(
        place is None and key is not None and key not in row for place, row in zip(places, rows, strict=True)
    ):
        return out
    merged = list(old)
    for row, place in zip(rows, places, strict=True):
        if place is None:
            merged.append(Entry({}, row))
        else:
            said = {**merged[place].said, **row}
            merged[place] = Entry(before[place], {name: value for name, value in said.items() if name != key})
    named = {place for place in places if place is not None}
    if named:
        out["changed"] = [entry for i, entry in enumerate(merged) if i in named or i >= len(old)]
        if len(named) < len(old) and len(named) == len(rows):
            out["removed"] = [entry for i, entry in enumerate(old) if i not in named]
    return {**out, "merged": merged}


def naming_field(records: Sequence[Record], fields: Sequence[str]) -> str | None:
    """The first field in which every record has another value, a text before a number: what they are told apart by."""
    texts = [name for name in fields if all(isinstance(record.get(name), str) for record in records)]
    for name in dict.fromkeys([*texts, *fields]):
        values = [record.get(name) for record in records]
        plain = all(value is not None and not isinstance(value, bool | list) for value in values)
        if plain and len({normalise(value) for value in values}) == len(records):
            return name
    return None


def _place(row: Row, records: Sequence[Record], key: str | None) -> int | None:
    """The one record that a row names; a row that names none belongs to the only one there is."""
    if key is None or key not in row:
        return 0 if len(records) == 1 else None
    said = normalise(row[key].value)
    names = [normalise(record[key]) for record in records]
    found = [i for i, name in enumerate(names) if name == said]
    found = found or [i for i, name in enumerate(names) if _in_part(name, said)]
    return found[0] if len(found) == 1 else None


def _in_part(name: str, said: str) -> bool:
    """Whether two names share a word, or the beginning of one ("rolls", "seeded roll")."""
    words = [word for word in said.split() if len(word) >= SHORTEST]
    return any(
        one.startswith(word) or word.startswith(one) for one in name.split() if len(one) >= SHORTEST for word in words
    )


def signs(prediction: Prediction, said: Sequence[SlotPrediction], last: int, named: bool) -> tuple[float, ...]:
    """What tells one reading from another: 1; the probability of a correction; whether a record is named; how much of
    what is read of the records' fields stands in the user's last message.

    Args:
        prediction: For this decision point.
        said: Of it, the fields of the records.
        last: The user's last message.
        named: Whether it names a record of the call before.
    """
    acts = dict(zip(SPEECH_ACTS, prediction.acts, strict=True)) if prediction.acts else {}
    inside = [sum(span.probability for span in one.spans if span.message == last) for one in said if not one.choices]
    return 1.0, acts.get("correct", 0.0), float(named), sum(inside) / len(inside) if inside else 0.0


def likeliest(found: Mapping[str, Sequence[Entry]], has_rows: bool, told: Sequence[float]) -> str:
    """Which of the readings is meant.

    Args:
        found: As `readings` gives them.
        has_rows: Whether the message says any records; without, they are no records of their own.
        told: The `signs`.
    """
    may = [name for name in WEIGHTS if name in found or (name == "new" and has_rows)]
    return max(may, key=lambda name: sum(w * s for w, s in zip(WEIGHTS[name], told, strict=True)))
