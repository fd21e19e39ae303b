"""From what the model predicts to a legal decision; the only place where a call is put together.

A call that leaves here validates against its tool's JSON Schema, every value in it comes from a named place, and
the order of the tools does not matter. What cannot be filled honestly is missing, and then there is no call.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from trm_agent.calibration import Calibration, DecisionScores
from trm_agent.calls import Call, assemble, made_before
from trm_agent.errors import ToolError
from trm_agent.types import DONTCARE, Decision, Message, Parameter, Slot, Source, ToolSchema, Value
from trm_agent.values import normalise, parse_value, validates

INACTIVE = 0.2
CALL_THRESHOLD = 0.5
# Where a span already went to another slot of the tool, the next best must be at least this probable.
SECOND_READING = 0.1

_IDENTITY = Calibration.identity()
_Fate = Literal["new", "retry", "answered", "failed", "missing", "illegal", "unwanted"]
_NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True)
class SpanCandidate:
    """Characters `start` to `end` of `history[message].text`, and how probable they are given that it is filled."""

    message: int
    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class SlotPrediction:
    """What the model says of one slot.

    Attributes:
        empty: The user has said nothing of it.
        filled: It has a value. The three sum to 1.
        dontcare: The user leaves it open.
        spans: Best first, for open slots.
        choices: One probability per `parameter.choices` entry, for closed slots.
    """

    empty: float
    filled: float
    dontcare: float
    spans: tuple[SpanCandidate, ...] = ()
    choices: tuple[float, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """What the model says of one decision point.

    Attributes:
        call: Probability that a tool is called now.
        tools: Probability that the conversation is about each tool, in tool order.
        no_tool: That it is about none; with `tools` it sums to 1.
        slots: In the order of the slot table.
        halt: Probability that the whole decision is right, as the halting head sees it.
        steps: Supervision steps taken.
    """

    call: float
    tools: tuple[float, ...]
    no_tool: float
    slots: tuple[SlotPrediction, ...]
    halt: float
    steps: int


def fold(
    prediction: Prediction,
    tools: Sequence[ToolSchema],
    slots: Sequence[Slot],
    history: Sequence[Message],
    previous: Mapping[str, Value],
    now: datetime | None,
    *,
    calibration: Calibration = _IDENTITY,
) -> dict[str, Value]:
    """The value of every filled slot after this decision point.

    Slots are read anew from the whole history; those of tools that the conversation is clearly not about keep
    their previous value. A span that two open slots of one tool read alike goes to the surer one.

    Args:
        prediction: For this decision point.
        tools: In the order of `prediction.tools`.
        slots: In the order of `prediction.slots`.
        history: What the spans point into.
        previous: Slot key → value before this decision point, from an earlier fold.
        now: What relative dates count from.
        calibration: For the confidence of the values read here; carried values keep theirs.

    Raises:
        ValueError: The prediction was made for other tools, slots or choices.
    """
    return _fold(prediction, tools, slots, history, previous, now, calibration)[0]


def decode(
    prediction: Prediction,
    tools: Sequence[ToolSchema],
    slots: Sequence[Slot],
    history: Sequence[Message],
    *,
    previous: Mapping[str, Value] = _NOTHING,
    calibration: Calibration,
    tool_choice: str = "auto",
    now: datetime | None = None,
) -> Decision:
    """Decide, legally.

    Args:
        prediction: For this decision point.
        tools: On offer, in the order of `prediction.tools`.
        slots: Their slot table, in the order of `prediction.slots`.
        history: What the spans point into.
        previous: Slot key → value before this decision point.
        calibration: For every confidence.
        tool_choice: `auto`; `none` (never call); `any` (call the best tool); or the name of the tool to call. A
            call that lacks a required argument is never made.
        now: What relative dates count from; None is the present, in the local time zone.

    Returns:
        The decision, without `state` and `latency_ms`.

    Raises:
        ToolError: `tool_choice` names no tool on offer.
        ValueError: The prediction was made for other tools, slots or choices.
    """
    values, raw = _fold(prediction, tools, slots, history, previous, now, calibration)
    odds = _Odds.of(prediction, tools)
    call, fate = _choose(tools, odds, tool_choice, slots, values, history)
    made = call is not None and fate in ("new", "retry")
    scores = _scores(call, fate, odds, tool_choice, _filled(call, slots, prediction), values, raw)
    return Decision(
        decision="tool_call" if made else "direct_answer",
        tool=call.tool.name if call is not None and made else None,
        arguments=call.arguments if call is not None and made else {},
        slots={key: value.value for key, value in values.items()},
        missing=call.missing if call is not None else (),
        content=None,
        confidence=calibration.decision_confidence(scores),
        call_confidence=calibration.call_confidence(scores) if made else None,
        probabilities={"tool_call": odds.call, "direct_answer": 1 - odds.call, "tools": odds.tools},
        argument_values=call.values if call is not None and made else {},
        slot_values=values,
        intended_tool=call.tool.name if call is not None else None,
        supervision_steps=prediction.steps,
        state={},
        scores=scores.to_json(),
    )


@dataclass(frozen=True)
class _Odds:
    """The model's view of the outcomes, by name, so that tool order cannot matter."""

    call: float
    tools: dict[str, float]
    no_tool: float
    halt: float

    @classmethod
    def of(cls, prediction: Prediction, tools: Sequence[ToolSchema]) -> _Odds:
        named = sorted(zip((tool.name for tool in tools), map(_unit, prediction.tools), strict=True))
        return cls(_unit(prediction.call), dict(named), _unit(prediction.no_tool), _unit(prediction.halt))

    def ranked(self, tools: Sequence[ToolSchema]) -> list[ToolSchema]:
        return sorted(tools, key=lambda tool: (-self.tools[tool.name], tool.name))

    def given_call(self, name: str) -> float:
        """Probability of a tool if some tool is called."""
        total = math.fsum(self.tools.values())
        return _unit(self.tools[name] / total) if total > 0 else 1 / len(self.tools)

    def margin(self, name: str | None) -> float:
        """Lead of a tool's call (None: of the direct answer) over the best other outcome."""
        outcomes: dict[str | None, float] = {tool: self.call * self.given_call(tool) for tool in self.tools}
        outcomes[None] = 1 - self.call if self.tools else 1.0
        return outcomes.pop(name) - max(outcomes.values(), default=0.0)


def _choose(
    tools: Sequence[ToolSchema],
    odds: _Odds,
    tool_choice: str,
    slots: Sequence[Slot],
    values: Mapping[str, Value],
    history: Sequence[Message],
) -> tuple[Call | None, _Fate]:
    """The call that is meant, and whether it may be made."""
    ranked = odds.ranked(tools)
    if tool_choice == "none" or (tool_choice == "auto" and odds.call < CALL_THRESHOLD):
        candidates = []
    elif tool_choice == "auto":
        candidates = ranked[:1]
    elif tool_choice == "any":
        candidates = ranked
    else:
        candidates = [tool for tool in tools if tool.name == tool_choice]
        if not candidates:
            raise ToolError(
                f"tool_choice {tool_choice!r} is none of auto, any, none and no tool on offer "
                f"({', '.join(tool.name for tool in tools) or 'there are none'})"
            )
    chosen: tuple[Call | None, _Fate] = (None, "unwanted")
    for tool in candidates:
        call = assemble(tool, slots, values)
        if call.missing:
            return call, "missing"
        chosen = call, made_before(call, history) if call.legal else "illegal"
        # Made to call something, the model moves on from what it has already called.
        if chosen[1] not in ("answered", "failed"):
            break
    if chosen[0] is None and ranked and odds.tools[ranked[0].name] >= odds.no_tool:
        return assemble(ranked[0], slots, values), "unwanted"
    return chosen


def _filled(call: Call | None, slots: Sequence[Slot], prediction: Prediction) -> dict[str, float]:
    """Parameter of the meant tool → probability that its slot is filled, as the model sees it."""
    if call is None:
        return {}
    return {
        name: _unit(said.filled)
        for slot, said in zip(slots, prediction.slots, strict=True)
        for owner, name in slot.readers
        if owner == call.tool.name
    }


def _scores(
    call: Call | None,
    fate: _Fate,
    odds: _Odds,
    tool_choice: str,
    filled: Mapping[str, float],
    values: Mapping[str, Value],
    raw: Mapping[str, float],
) -> DecisionScores:
    forced = tool_choice not in ("auto", "none")
    to_call = 1.0 if forced else odds.call
    if call is None or fate == "unwanted":
        decision = 1 - to_call if tool_choice == "auto" and odds.tools else 1.0
        return DecisionScores(decision, 1.0, odds.margin(None), odds.halt, values=raw)
    tool = 1.0 if tool_choice == call.tool.name else odds.given_call(call.tool.name)
    certain = [raw.get(key, values[key].confidence) for key in call.slots.values()]
    if fate in ("new", "retry"):
        omitted = math.prod(1 - p for name, p in filled.items() if name not in call.values)
        margin = odds.margin(call.tool.name)
        weakest = min(certain, default=1.0)
        return DecisionScores(to_call, tool, margin, odds.halt, math.prod(certain), weakest, omitted, raw)
    # What stands against the direct answer is the chance that a call was right all the same: with a value that
    # was overlooked, or another call than the one already made.
    against = 1.0
    if fate == "missing":
        against = math.prod(filled.get(name, 0.0) for name in call.missing)
    elif fate == "answered":
        against = 1 - tool * math.prod(certain)
    return DecisionScores(1 - to_call * against, 1.0, odds.margin(None), odds.halt, values=raw)


def _fold(
    prediction: Prediction,
    tools: Sequence[ToolSchema],
    slots: Sequence[Slot],
    history: Sequence[Message],
    previous: Mapping[str, Value],
    now: datetime | None,
    calibration: Calibration,
) -> tuple[dict[str, Value], dict[str, float]]:
    """Slot key → value, and slot key → uncalibrated probability of the values read here."""
    _check_shapes(prediction, tools, slots)
    odds = {tool.name: _unit(p) for tool, p in zip(tools, prediction.tools, strict=True)}
    values: dict[str, Value] = {}
    readings: dict[str, Iterator[Value]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for slot, said in zip(slots, prediction.slots, strict=True):
        owners[slot.key] = tuple(sorted({tool for tool, _ in slot.readers}))
        if slot.readers and math.fsum(odds.get(owner, 0.0) for owner in owners[slot.key]) < INACTIVE:
            if slot.key in previous and (kept := _carry(previous[slot.key], slot.parameter, history)) is not None:
                values[slot.key] = kept
        else:
            readings[slot.key] = _readings(said, slot.parameter, history, now)
    read = _share_out(readings, owners)
    for key, value in read.items():
        values[key] = replace(value, confidence=calibration.value_confidence(value.confidence))
    ordered = {slot.key: values[slot.key] for slot in slots if slot.key in values}
    return ordered, {key: read[key].confidence for key in ordered if key in read}


def _check_shapes(prediction: Prediction, tools: Sequence[ToolSchema], slots: Sequence[Slot]) -> None:
    if len(prediction.tools) != len(tools) or len(prediction.slots) != len(slots):
        raise ValueError(
            f"the prediction is for {len(prediction.tools)} tools and {len(prediction.slots)} slots, "
            f"got {len(tools)} tools and {len(slots)} slots"
        )
    for slot, said in zip(slots, prediction.slots, strict=True):
        if said.choices and len(said.choices) != len(slot.parameter.choices):
            raise ValueError(
                f"slot {slot.key!r}: {len(said.choices)} choice probabilities for {len(slot.parameter.choices)} choices"
            )


def _carry(value: Value, parameter: Parameter, history: Sequence[Message]) -> Value | None:
    """A value from before; its place is kept only while the history still shows it there."""
    if value.source.kind == "dontcare":
        return value
    if not validates(value.value, parameter.schema):
        return None
    source = replace(value.source, kind="state")
    if source.message is not None and not _stands_there(source, history):
        source = Source("state", text=source.text)
    return replace(value, source=source)


def _stands_there(source: Source, history: Sequence[Message]) -> bool:
    if source.message is None or not 0 <= source.message < len(history):
        return False
    return history[source.message].text[source.start : source.end] == source.text


def _readings(
    said: SlotPrediction, parameter: Parameter, history: Sequence[Message], now: datetime | None
) -> Iterator[Value]:
    """What a slot can be filled with, best first, confidences uncalibrated; nothing if it is most likely empty."""
    if said.dontcare > max(said.empty, said.filled):
        yield Value(DONTCARE, _unit(said.dontcare), Source("dontcare"))
    if not said.filled > max(said.empty, said.dontcare):
        return
    if said.choices:
        listed = parameter.type == "array" and "const" not in parameter.schema and parameter.schema.get("enum") is None
        entries = sorted(zip(map(_unit, said.choices), parameter.choices, strict=True), key=lambda entry: -entry[0])
        for probability, choice in entries:
            value = [choice] if listed else choice
            if choice is not None and validates(value, parameter.schema):
                yield Value(value, _unit(said.filled * probability), Source("choice"))
    for span in said.spans:
        if (source := _source(span, history)) is not None and source.text is not None:
            value = parse_value(source.text, parameter, now)
            if value is not None:
                yield Value(value, _unit(said.filled * _unit(span.probability)), source)


def _source(span: SpanCandidate, history: Sequence[Message]) -> Source | None:
    """The characters of a span, without white space around them; None if there are none."""
    if not 0 <= span.message < len(history) or not 0 <= span.start < span.end:
        return None
    text = history[span.message].text[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    text = text.strip()
    return Source("span", span.message, start, start + len(text), text) if text else None


def _share_out(readings: Mapping[str, Iterator[Value]], owners: Mapping[str, tuple[str, ...]]) -> dict[str, Value]:
    """Give every slot its best reading; the surer of two slots of one tool keeps a span that both read alike."""
    queue: list[tuple[float, str, Value]] = []
    for key, candidates in readings.items():
        if (first := next(candidates, None)) is not None:
            heapq.heappush(queue, (-first.confidence, key, first))
    taken: set[tuple[str, int, int, int, str]] = set()
    values: dict[str, Value] = {}
    while queue:
        _, key, value = heapq.heappop(queue)
        places = _places(value, owners[key])
        if taken.isdisjoint(places):
            taken |= places
            values[key] = value
        elif (other := next(readings[key], None)) is not None and other.confidence >= SECOND_READING:
            heapq.heappush(queue, (-other.confidence, key, other))
    return values


def _places(value: Value, owners: Sequence[str]) -> set[tuple[str, int, int, int, str]]:
    source = value.source
    if source.kind != "span" or source.message is None or source.start is None or source.end is None:
        return set()
    text = normalise(value.value)
    return {(owner, source.message, source.start, source.end, text) for owner in owners}


def _unit(p: float) -> float:
    return min(1.0, max(0.0, p)) if p == p else 0.0
