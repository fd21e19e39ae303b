"""From what the model predicts to a legal decision; the only place where a call leaves.

A call that leaves here validates against its tool's JSON Schema, every value in it comes from a named place, and
the order of the tools does not matter. What cannot be filled honestly is missing, and then there is no call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from trm_agent.decoding.by_clause import Clause, clauses, reread
from trm_agent.decoding.calibration import Calibration, DecisionScores
from trm_agent.decoding.calls import Call, assemble, made_before
from trm_agent.decoding.coverage import rate
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate, units
from trm_agent.decoding.records import gather
from trm_agent.decoding.rules import RULES, Rule, refine
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.several import Context, several_calls
from trm_agent.decoding.slots import CALL_THRESHOLD, INACTIVE, Reading, fold, read_slots
from trm_agent.errors import ToolError
from trm_agent.types import SPEECH_ACTS, Decision, Message, Slot, SpeechAct, ToolCall, ToolSchema, Value

__all__ = [
    "CALL_THRESHOLD",
    "INACTIVE",
    "Prediction",
    "SlotPrediction",
    "SpanCandidate",
    "check_tool_choice",
    "complete",
    "decode",
    "fold",
]

NAMED_IN_ERRORS = 20

ASKING: frozenset[SpeechAct] = frozenset(("request", "answer", "confirm", "correct"))
"""What a user does with a turn that may call for something to be done."""

_KEYWORDS = ("auto", "any", "none")
_Fate = Literal["new", "retry", "answered", "failed", "missing", "illegal", "unwanted"]
_NOTHING: Mapping[str, Value] = MappingProxyType({})


def decode(
    prediction: Prediction,
    scene: Scene,
    *,
    previous: Mapping[str, Value] = _NOTHING,
    calibration: Calibration,
    tool_choice: str = "auto",
    rules: Sequence[Rule] = RULES,
) -> Decision:
    """Decide, legally.

    Args:
        prediction: For this decision point.
        scene: Where it was made.
        previous: Slot key → value before this decision point.
        calibration: For every confidence.
        tool_choice: `auto`; `none` (never call); `any` (call the best tool); or the name of the tool to call. A
            call that lacks a required argument is never made.
        rules: See `refine`.

    Returns:
        The decision, without `state` and `latency_ms`.

    Raises:
        ToolError: `tool_choice` names no tool on offer.
        ValueError: The prediction was made for other tools, slots or choices.
    """
    scene.check(prediction)
    tools, slots, history = scene.tools, scene.slots, scene.history
    prediction = refine(prediction, scene, rules)
    reading = read_slots(prediction, scene, previous, calibration)
    odds = _Odds.of(prediction, tools)
    call, fate = _choose(tools, odds, tool_choice, slots, reading.values, history)
    if call is not None and fate == "new" and tool_choice == "auto" and not _asks(prediction, history):
        # What was done and has its result is not done once more for a "thanks".
        fate = "answered" if made_before(call, history, ever=True) == "answered" else fate
    made = call is not None and fate in ("new", "retry")
    calls: tuple[Call, ...] = (call,) if call is not None and made else ()
    if calls and fate == "new" and tool_choice in _KEYWORDS and odds.call >= CALL_THRESHOLD:
        calls = several_calls(calls[0], Context(prediction, scene, reading.values, calibration))
        call = calls[0]
    scores = _scores(call, fate, odds, tool_choice, _filled(call, slots, prediction), reading)
    decision = Decision(
        decision="tool_call" if made else "direct_answer",
        tool=call.tool.name if call is not None and made else None,
        arguments=call.arguments if call is not None and made else {},
        slots={key: value.value for key, value in reading.values.items()},
        missing=call.missing if call is not None else (),
        content=None,
        confidence=calibration.decision_confidence(scores),
        call_confidence=None,
        calibrated=calibration.calibrated,
        probabilities={"tool_call": odds.call, "direct_answer": 1 - odds.call, "tools": odds.tools}
        | _speech_acts(prediction, history),
        argument_values=call.values if call is not None and made else {},
        slot_values=reading.values,
        intended_tool=call.tool.name if call is not None else None,
        supervision_steps=prediction.steps,
        state={},
        scores=scores.to_json(),
        calls=tuple(ToolCall(made.tool.name, made.arguments, made.values) for made in calls),
    )
    return rate(decision, tools, history, calibration)


def complete(
    decision: Decision,
    scene: Scene,
    calibration: Calibration,
    read: Callable[[Sequence[Clause]], Sequence[Decision] | None],
) -> Decision:
    """A decision with its several calls, if it has such, as they leave.

    Args:
        decision: As it was decoded.
        scene: With all tools on offer and all their slots.
        calibration: For the confidence of the calls.
        read: Decides each clause as a message of its own, with its tool asked for; None where that is not known.

    Returns:
        Each of several calls read in the clause that speaks of it, and those that differ in nothing but their records
        put together.
    """
    parts = clauses(decision.calls, scene.history)
    said = read(parts) if parts else None
    if said is not None:
        tools = {tool.name: tool for tool in scene.tools}
        calls = reread(parts, [next(iter(one.made), None) for one in said], tools, scene.slots)
        decision = rate(decision.with_calls(calls), scene.tools, scene.history, calibration)
    return gather(decision, scene.tools)


def check_tool_choice(tool_choice: str, tools: Sequence[ToolSchema]) -> None:
    """Raises:
    ToolError: It is no keyword and names no tool on offer.
    """
    if tool_choice in _KEYWORDS or any(tool.name == tool_choice for tool in tools):
        return
    names = [tool.name for tool in tools[:NAMED_IN_ERRORS]]
    more = f", … and {len(tools) - len(names)} more" if len(tools) > len(names) else ""
    raise ToolError(
        f"tool_choice {tool_choice!r} is none of {', '.join(_KEYWORDS)} and no tool on offer "
        f"({', '.join(names) + more or 'there are none'})"
    )


@dataclass(frozen=True)
class _Odds:
    """The model's view of the outcomes, by name, so that tool order cannot matter."""

    call: float
    no_tool: float
    halt: float
    tools: dict[str, float]

    @classmethod
    def of(cls, prediction: Prediction, tools: Sequence[ToolSchema]) -> _Odds:
        named = sorted(zip((tool.name for tool in tools), units(prediction.tools), strict=True))
        call, no_tool, halt = units((prediction.call, prediction.no_tool, prediction.halt))
        return cls(call, no_tool, halt, dict(named))

    def ranked(self, tools: Sequence[ToolSchema]) -> list[ToolSchema]:
        return sorted(tools, key=lambda tool: (-self.tools[tool.name], tool.name))

    def given_call(self, name: str) -> float:
        """Probability of a tool if some tool is called."""
        total = math.fsum(self.tools.values())
        return self.tools[name] / total if total > 0 else 1 / len(self.tools)

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
        check_tool_choice(tool_choice, tools)
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
    filled = units(said.filled for said in prediction.slots)
    return {
        name: p
        for slot, p in zip(slots, filled, strict=True)
        for owner, name in slot.readers
        if owner == call.tool.name
    }


def _scores(
    call: Call | None,
    fate: _Fate,
    odds: _Odds,
    tool_choice: str,
    filled: Mapping[str, float],
    reading: Reading,
) -> DecisionScores:
    to_call = 0.0 if tool_choice == "none" or not odds.tools else odds.call if tool_choice == "auto" else 1.0
    if call is None:
        return DecisionScores(1 - to_call, 1.0, odds.margin(None), odds.halt, values=reading.raw)
    tool = odds.given_call(call.tool.name) if tool_choice in _KEYWORDS else 1.0
    if fate in ("new", "retry"):
        omitted = math.prod(1 - p for name, p in filled.items() if name not in call.values)
        margin = odds.margin(call.tool.name)
        return DecisionScores(to_call, tool, margin, odds.halt, omitted=omitted, values=reading.raw)
    # A call to this tool is ruled out as far as the values read are right: one that it needs is missing, or it
    # would repeat a call that has its answer. What remains stands against the direct answer.
    ruled_out = 0.0
    if call.missing:
        ruled_out = 1 - math.prod(filled.get(name, 0.0) for name in call.missing)
    elif fate == "answered":
        ruled_out = math.prod(reading.raw.get(key, call.values[name].confidence) for name, key in call.slots.items())
    against = to_call * (1 - tool * ruled_out)
    return DecisionScores(1 - against, 1.0, odds.margin(None), odds.halt, values=reading.raw)


def _asks(prediction: Prediction, history: Sequence[Message]) -> bool:
    """Whether the user may want something done with the turn; so it is where the weights do not say."""
    return prediction.act is None or history[-1].role != "user" or prediction.act in ASKING


def _speech_acts(prediction: Prediction, history: Sequence[Message]) -> dict[str, dict[SpeechAct, float]]:
    """What the user does with the turn, where the user spoke last and the weights say."""
    if not prediction.acts or history[-1].role != "user":
        return {}
    return {"speech_acts": dict(zip(SPEECH_ACTS, prediction.acts, strict=True))}
