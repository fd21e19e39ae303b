"""Kept predictions: what `decode` took at a decision point, the file that holds it, and what is decided from it.

Never loads torch: a refactoring of decoding is compared with the version before it without any network.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

# Everything of the package that deciding from kept predictions needs; nothing else imports what may move.
from trm_agent.decoding.by_clause import Clause
from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import complete, decode
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.scene import Scene
from trm_agent.types import Decision, Message, Source, ToolSchema, Value, parse_tools, slot_table

PREDICTIONS = "predictions.json.gz"
DECISIONS = "decisions.jsonl"
DIGEST = "decisions.sha256"
DIGITS = 4
"""Of what is kept; confidences are compared by one fewer."""


@dataclass(frozen=True)
class Point:
    """What `decode` took at one decision point.

    Attributes:
        clauses: What it took when each of several calls was read in its own clause.
    """

    id: str
    prediction: Prediction
    tools: tuple[ToolSchema, ...]
    history: tuple[Message, ...]
    previous: dict[str, Value]
    tool_choice: str
    now: datetime
    clauses: tuple[Point, ...] = ()


def read_points(path: Path) -> tuple[list[Point], Calibration]:
    """The points of a file that `keep` wrote, and the calibration of the router that predicted."""
    data = json.loads(gzip.decompress(path.read_bytes()))
    lists = [parse_tools(tools) for tools in data["tools"]]

    def read(raw: Mapping[str, Any]) -> Point:
        return Point(
            raw["id"],
            _prediction(raw["prediction"]),
            lists[raw["tools"]],
            tuple(Message(role, content) for role, content in raw["history"]),
            {
                key: Value(value, sure, Source.from_json(source))
                for key, (value, sure, source) in raw["previous"].items()
            },
            raw["tool_choice"],
            datetime.fromisoformat(raw["now"]),
            tuple(read(clause) for clause in raw["clauses"]),
        )

    return [read(raw) for raw in data["points"]], Calibration.from_json(data["calibration"])


def write_points(path: Path, points: Iterable[Point], calibration: Calibration) -> None:
    """Write points so that equal ones give equal bytes; lists of tools stand there once."""
    lists: dict[str, int] = {}
    data = {"calibration": calibration.to_json(), "points": [_point_json(point, lists) for point in points]}
    data["tools"] = [json.loads(tools) for tools in lists]
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def decide(point: Point, calibration: Calibration) -> Decision:
    """Decide as the router does, from what is kept."""
    scene = Scene(point.tools, slot_table(point.tools), point.history, point.now)
    decision = decode(
        point.prediction, scene, previous=point.previous, calibration=calibration, tool_choice=point.tool_choice
    )

    def read(parts: Sequence[Clause]) -> list[Decision] | None:
        kept = [_kept(point, part.history, part.call.tool) for part in parts]
        known = [replace(clause, clauses=point.clauses) for clause in kept if clause is not None]
        return [decide(clause, calibration) for clause in known] if len(known) == len(parts) else None

    return complete(decision, scene, calibration, read)


def record(point: Point, calibration: Calibration) -> dict[str, Any]:
    """What is decided at a point, and what would be if a call were asked for (`any`); confidences of three digits."""
    decision = decide(point, calibration)
    forced = decide(replace(point, tool_choice="any", clauses=()), calibration) if point.tool_choice == "auto" else None
    return {
        "id": point.id,
        **_shown(decision),
        "slots": {key: _value_text(value) for key, value in decision.slot_values.items()},
        "any": None if forced is None or forced.calls == decision.calls else _shown(forced),
        "clauses": [_shown(decide(clause, calibration)) for clause in point.clauses],
    }


def line(entry: Mapping[str, Any]) -> str:
    """A record as one line of canonical JSON; what says nothing is left out."""
    said = {key: value for key, value in entry.items() if value not in (None, [], {})}
    return json.dumps(said, sort_keys=True, ensure_ascii=False) + "\n"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _prediction(raw: Mapping[str, Any]) -> Prediction:
    slots = tuple(
        SlotPrediction(empty, filled, dontcare, tuple(SpanCandidate(*span) for span in spans), tuple(choices))
        for (empty, filled, dontcare), spans, choices in raw["slots"]
    )
    tools, calls, acts = tuple(raw["tools"]), tuple(raw["calls"]), tuple(raw.get("acts", ()))
    return Prediction(raw["call"], tools, raw["no_tool"], slots, raw["halt"], raw["steps"], calls, acts=acts)


def _point_json(point: Point, lists: dict[str, int]) -> dict[str, Any]:
    tools = json.dumps([tool.to_json() for tool in point.tools], ensure_ascii=False)
    said = point.prediction
    slots = [
        [
            _rounded((slot.empty, slot.filled, slot.dontcare)),
            [[span.message, span.start, span.end, *_rounded([span.probability])] for span in slot.spans],
            _rounded(slot.choices),
        ]
        for slot in said.slots
    ]
    call, no_tool, halt = _rounded((said.call, said.no_tool, said.halt))
    return {
        "id": point.id,
        "tools": lists.setdefault(tools, len(lists)),
        "history": [[message.role, message.content] for message in point.history],
        "now": point.now.isoformat(),
        "tool_choice": point.tool_choice,
        "previous": {
            key: [value.value, round(value.confidence, DIGITS), value.source.to_json()]
            for key, value in point.previous.items()
        },
        "prediction": {
            "call": call,
            "tools": _rounded(said.tools),
            "no_tool": no_tool,
            "halt": halt,
            "steps": said.steps,
            "calls": _rounded(said.calls),
            "slots": slots,
        }
        | ({"acts": _rounded(said.acts)} if said.acts else {}),
        "clauses": [_point_json(clause, lists) for clause in point.clauses],
    }


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(number, DIGITS) for number in numbers]


def _kept(point: Point, history: Sequence[Message], tool: str) -> Point | None:
    """What was predicted when a tool's clause was read, if it was."""
    found = (clause for clause in point.clauses if clause.tool_choice == tool and clause.history == tuple(history))
    return next(found, None)


def _shown(decision: Decision) -> dict[str, Any]:
    calls = [
        {
            "tool": call.tool,
            "arguments": call.arguments,
            "values": {name: _value_text(value) for name, value in call.argument_values.items()},
        }
        for call in decision.made
    ]
    sure = decision.call_confidence
    return {
        "decision": decision.decision,
        "tool": decision.tool,
        "arguments": decision.arguments,
        "intended": decision.intended_tool,
        "missing": list(decision.missing),
        "confidence": round(decision.confidence, DIGITS - 1),
        "call_confidence": None if sure is None else round(sure, DIGITS - 1),
        "calls": calls,
    }


def _value_text(value: Value) -> list[Any]:
    """A value, its confidence and its source."""
    source = value.source
    place = "" if source.message is None else f" {source.message}:{source.start}-{source.end}"
    said = "" if source.text is None else f" {source.text}"
    return [value.value, round(value.confidence, DIGITS - 1), f"{source.kind}{place}{said}"]
