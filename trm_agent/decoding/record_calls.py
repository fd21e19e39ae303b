"""A call with its records, put together from what the user's last message says and what the call before held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.calls import assemble
from trm_agent.decoding.edited import Record, likeliest, made_with, readings, signs
from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.record_fields import is_field
from trm_agent.decoding.records import is_of, renamed, with_list
from trm_agent.decoding.rows import Reader, as_many
from trm_agent.decoding.scene import Scene
from trm_agent.types import ToolCall, ToolSchema, Value
from trm_agent.values import validates


def call_with_records(
    whole: ToolCall, tool: ToolSchema, prediction: Prediction, scene: Scene, calibration: Calibration
) -> ToolCall | None:
    """A call with all its records.

    Args:
        whole: As it was read; what stands beside its records stays.
        tool: It is a call of; it has records.
        prediction: For this decision point, refined.
        scene: Where it was made.
        calibration: For the confidence of values.

    Returns:
        None where the message says no records, where one lacks what it needs, or where there are not as many as the
        network thinks likeliest.
    """
    before = made_with(tool, scene.history)
    if before and (edited := _edited(before, tool, prediction, scene)) is not None:
        return _call(whole, tool, edited, scene, calibration)
    rows = Reader(tool, prediction, scene).rows()
    if not rows or not (before or as_many(len(rows), prediction.calls)):
        return None
    return _call(whole, tool, rows, scene, calibration)


def _edited(
    before: Sequence[Record], tool: ToolSchema, prediction: Prediction, scene: Scene
) -> list[dict[str, Value]] | None:
    """Slot key → value for each record, where the list of the call before is gone on from; None for a list anew."""
    if (last := scene.last_user) is None:
        return None
    names = _field_names(tool, scene)
    rows = [
        {names[key]: value for key, value in row.items()} for row in Reader(tool, prediction, scene, alone=False).rows()
    ]
    found = readings(before, rows, list(names.values()))
    fields = [said for slot, said in zip(scene.slots, prediction.slots, strict=True) if is_field(slot, tool)]
    told = signs(prediction, fields, last, "changed" in found)
    meant = likeliest(found, bool(rows), told)
    if meant == "new":
        return None
    keys = {name: key for key, name in names.items()}
    return [{keys[name]: value for name, value in entry.values().items() if name in keys} for entry in found[meant]]


def _field_names(tool: ToolSchema, scene: Scene) -> dict[str, str]:
    """Slot key → name of the field in a record, in declared order."""
    keys = {
        name: slot.key
        for slot in scene.slots
        if is_field(slot, tool)
        for owner, name in slot.readers
        if owner == tool.name
    }
    own = [parameter.name for parameter in tool.parameters if parameter.name in keys]
    return {keys[name]: name.removeprefix(f"{tool.records}.") for name in own}


def _call(
    whole: ToolCall, tool: ToolSchema, rows: Sequence[Mapping[str, Value]], scene: Scene, calibration: Calibration
) -> ToolCall | None:
    """The call with these records in the place of its own; None where one lacks something or the schema forbids it."""
    name = tool.records
    if name is None:
        return None
    entries: list[Any] = []
    values: dict[str, Value] = {}
    for number, row in enumerate(rows):
        one = assemble(tool, scene.slots, {key: calibration.sure(value) for key, value in row.items()})
        if name not in one.arguments or any(is_of(path, name) for path in one.missing):
            return None
        entries += one.arguments[name]
        read = {key: value for key, value in one.values.items() if is_of(key, name)}
        values |= renamed(read, name, number) if number else read
    call = with_list(whole, name, entries, values)
    return call if validates(call.arguments, tool.schema) else None
