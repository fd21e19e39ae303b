"""Which field goes to which record: "2 lattes, a flat white without sugar and 3 teas"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.slots import readings, same_words
from trm_agent.text.language import language_of
from trm_agent.text.sentences import count_joiners
from trm_agent.types import Slot, Span, ToolSchema, Value

LEAST_FILLED = 0.2
"""Least probability of being filled for a field that is looked for beside records."""
LEAST_SHARE = 0.02
"""Least part of that probability that a field beside a record needs."""


def one_record_each(
    tool: ToolSchema,
    found: Mapping[str, Sequence[Value]],
    values: Mapping[str, Value],
    prediction: Prediction,
    scene: Scene,
    sure: Callable[[Value], Value],
) -> list[dict[str, Value]]:
    """The slots of a call for each record of a tool's list: only the fields of the records differ.

    A field that has fewer values than there are records belongs to the records beside which it is said. A required one
    that is said once belongs to all of them.

    Args:
        tool: With a list of records.
        found: Slot key → its values in the order of the text.
        values: Slot key → value, as read for a single record.
        prediction: For this decision point.
        scene: Where it was made.
        sure: Calibrates what is read here; `found` and `values` are.

    Returns:
        Slot key → value, for each record in the order of the text; `values` alone where there is one record.
    """
    fields = [(slot, said) for slot, said in zip(scene.slots, prediction.slots, strict=True) if is_field(slot, tool)]
    columns = {slot.key: found[slot.key] for slot, _ in fields if found.get(slot.key)}
    lead = leading(column for column in columns.values() if column[0].source.message is not None)
    if len(lead) < 2:
        return [dict(values)]
    shared = {key: value for key, value in values.items() if key not in columns}
    taken = [*shared.values(), *(value for column in columns.values() for value in column)]
    records = [dict(shared) for _ in lead]
    for slot, said in fields:
        column = columns.get(slot.key, ())
        elsewhere = bool(column) and column[0].source.message != lead[0].source.message
        if len(column) == len(lead):
            for record, value in zip(records, column, strict=True):
                record[slot.key] = value
        elif len(column) == 1 and (slot.parameter.required or elsewhere):
            for record in records:
                record[slot.key] = column[0]
        else:
            for value in (*column, *map(sure, _further(slot, said, taken, scene))):
                if value.source.message == lead[0].source.message:
                    number = _nearest(value, lead, scene)
                    records[number].setdefault(slot.key, value)
    return records


def is_field(slot: Slot, tool: ToolSchema) -> bool:
    """Whether a field of a tool's records reads a slot; never where the tool has none."""
    return any(owner == tool.name and name.startswith(f"{tool.records}.") for owner, name in slot.readers)


def leading(columns: Iterable[Sequence[Value]]) -> Sequence[Value]:
    """The first column with as many values as most columns with several have; empty where none has several."""
    several = [column for column in columns if len(column) > 1]
    sizes = [len(column) for column in several]
    count = max(sizes, key=lambda size: (sizes.count(size), size), default=0)
    return next((column for column in several if len(column) == count), ())


def _further(slot: Slot, said: SlotPrediction, taken: Sequence[Value], scene: Scene) -> list[Value]:
    """Readings of a field in words that nothing else takes, the likeliest first."""
    others = [
        value
        for value in readings(said, slot, scene, least=LEAST_FILLED)
        if value.confidence > LEAST_SHARE * said.filled and not any(same_words(value, other) for other in taken)
    ]
    return sorted(others, key=lambda value: -value.confidence)


def _nearest(value: Value, lead: Sequence[Value], scene: Scene) -> int:
    """The record whose lead is said nearest: with the fewest joiners between them, then the fewest characters."""
    text = scene.history[lead[0].source.message or 0].text
    language = language_of(text)
    place = value.source.span or Span(0, 0)

    def apart(number: int) -> tuple[int, int]:
        between = place.between(lead[number].source.span or Span(0, 0), text)
        return count_joiners(between, language), len(between)

    return min(range(len(lead)), key=apart)
