"""The decision record: what was decided and why, as plain JSON, on every message and in every refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_trm.messages import Entry
from trm_agent.types import Decision

RECORD_KEY = "decision"


def make_record(decision: Decision, entries: Sequence[Entry], note: str | None = None) -> dict[str, Any]:
    """The record of a decision; its sources count messages as the caller's list does.

    Args:
        decision: As settled.
        entries: What the decision's message indices point into.
        note: Why it differs from the router's own, if it does.
    """
    record = decision.to_json()
    for holder, key in (
        (record, "argument_values"),
        (record, "slot_values"),
        *((c, "argument_values") for c in record["calls"]),
    ):
        holder[key] = {name: _placed(value, entries) for name, value in holder[key].items()}
    if note is not None:
        record["note"] = note
    return record


def record_of(message: BaseMessage) -> dict[str, Any] | None:
    """The decision record a message carries; None for messages of other models."""
    record = message.response_metadata.get(RECORD_KEY) if hasattr(message, "response_metadata") else None
    return dict(record) if isinstance(record, Mapping) and "confidence" in record and "decision" in record else None


def _placed(value: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    source = dict(value["source"])
    index = source.pop("message", None)
    if index is not None and 0 <= index < len(entries) and entries[index].position is not None:
        source["message"] = entries[index].position
    return {**value, "source": source}
