"""Why a decision was made, as a table for people and as JSON for everything else."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from langchain_trm.records import record_of
from trm_agent.errors import LowConfidenceError
from trm_agent.types import Decision

_MAX_TOOLS = 8


@dataclass(frozen=True)
class Explanation:
    """A decision record that prints as a table (`rich.print`, `str`).

    Attributes:
        record: The decision record.
    """

    record: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return dict(self.record)

    def __rich__(self) -> RenderableType:
        return Group(*[part for part in (self._head(), self._tools(), *self._values()) if part is not None])

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=100, color_system=None)
        console.print(self)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    def _head(self) -> Table:
        record = self.record
        names = [call["tool"] for call in record.get("calls") or ()] or [record["tool"]]
        call = f"call {', '.join(names)}" if record["decision"] == "tool_call" else "direct answer"
        fitted = "" if record.get("calibrated", True) else ", not calibrated"
        rows = {"decision": call, "confidence": f"{_percent(record['confidence'])}{fitted}"}
        if record.get("call_confidence") is not None:
            rows["whole call right"] = _percent(record["call_confidence"])
        if record.get("intended_tool") and record.get("intended_tool") != record.get("tool"):
            rows["about"] = record["intended_tool"]
        if record.get("missing"):
            rows["missing"] = ", ".join(record["missing"])
        if record.get("note"):
            rows["note"] = record["note"]
        latency = (record.get("latency_ms") or {}).get("total")
        rows["steps"] = f"{record.get('supervision_steps', 0)}" + (
            f" in {latency:.1f} ms" if latency is not None else ""
        )
        table = Table(show_header=False, title="Decision", title_justify="left")
        for name, value in rows.items():
            table.add_row(name, Text(value))
        return table

    def _tools(self) -> Table | None:
        scores = sorted(self.record["probabilities"].get("tools", {}).items(), key=lambda item: -item[1])
        if not scores:
            return None
        table = Table("tool", "probability", title="Tools", title_justify="left")
        for name, score in scores[:_MAX_TOOLS]:
            table.add_row(Text(name), _percent(score))
        if len(scores) > _MAX_TOOLS:
            table.add_row(f"… {len(scores) - _MAX_TOOLS} more", _percent(sum(s for _, s in scores[_MAX_TOOLS:])))
        return table

    def _values(self) -> list[Table]:
        record = self.record
        if record["decision"] != "tool_call":
            return _table("Slots", record["slot_values"])
        calls = record.get("calls") or ()
        if len(calls) < 2:
            return _table("Arguments", record["argument_values"])
        return [table for call in calls for table in _table(f"Arguments of {call['tool']}", call["argument_values"])]


def _table(title: str, values: Mapping[str, Any]) -> list[Table]:
    """One table, or none where there is nothing to show."""
    if not values:
        return []
    table = Table("name", "value", "confidence", "source", title=title, title_justify="left")
    for name, value in values.items():
        table.add_row(
            Text(name), Text(str(value["value"])), _percent(value["confidence"]), Text(_place(value["source"]))
        )
    return [table]


def explain(decided: BaseMessage | Decision | LowConfidenceError | Mapping[str, Any]) -> Explanation:
    """The decision record behind a message, a decision, a refusal, or the record itself.

    Raises:
        ValueError: The message carries no record: another model wrote it.
    """
    if isinstance(decided, Decision):
        return Explanation(decided.to_json())
    if isinstance(decided, LowConfidenceError):
        return Explanation(decided.record)
    record = record_of(decided) if isinstance(decided, BaseMessage) else dict(decided)
    if record is None:
        raise ValueError(f"{type(decided).__name__}: no decision record; only messages of ChatTRM can be explained")
    return Explanation(record)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _place(source: Mapping[str, Any]) -> str:
    parts = [str(source["kind"])]
    if source.get("message") is not None:
        parts.append(f"of message {source['message']}")
    if source.get("start") is not None:
        parts.append(f"[{source['start']}:{source['end']}]")
    if source.get("text"):
        parts.append(f"“{source['text']}”")
    return " ".join(parts)
