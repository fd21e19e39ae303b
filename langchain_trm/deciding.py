"""From a message list to the decision that leaves: the router's own, corrected by what the turn has already seen and
by what the caller forces.

With an agent's `response_format` on offer, the other tools are asked first, as if nothing were forced: the output tool
stands in the place of the direct answer, once there is nothing to call and nothing to ask.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from langchain_trm.confirming import WANTS, Policy, agreed, asks_first, without_asking
from langchain_trm.forcing import force_call
from langchain_trm.messages import Entry
from langchain_trm.records import make_record
from langchain_trm.snapshots import latest_snapshot
from langchain_trm.tools import is_output, tool_name
from langchain_trm.turns import Turn, read_turn
from trm_agent.types import BoundDecider, Decider, Decision, Message, SlotField, ToolCall, ToolSchema, history_hash


@dataclass(frozen=True)
class Question:
    """One decision to make.

    Attributes:
        router: Who decides.
        tools: On offer, converted.
        slot_fields: Remembered beside the tools' parameters; None means those of the checkpoint.
        choice: `auto`, `any`, `none` or a tool's name.
        entries: The conversation.
        snapshots: Slot states that came with it, unchecked.
        now: What relative dates count from; None is the present.
        max_calls: Calls allowed in one turn.
        parallel: Whether one answer may hold several calls.
        confirm: Before which calls the user is asked.
    """

    router: Decider
    tools: tuple[dict[str, Any], ...]
    slot_fields: tuple[SlotField, ...] | None
    choice: str
    entries: tuple[Entry, ...]
    snapshots: tuple[Any, ...]
    now: datetime | None
    max_calls: int
    parallel: bool = True
    confirm: Policy = "auto"

    @cached_property
    def history(self) -> list[Message]:
        return [entry.message for entry in self.entries]

    @cached_property
    def asked(self) -> tuple[tuple[dict[str, Any], ...], str]:
        """The tools and the choice that are put to the router first."""
        real = tuple(tool for tool in self.tools if not is_output(tool))
        if self.choice == "any" and real and len(real) < len(self.tools):
            return real, "auto"
        return self.tools, self.choice

    @property
    def output_only(self) -> bool:
        """Whether all that is on offer carries an answer: a text in it that nobody said is missing."""
        return all(is_output(tool) for tool in self.tools)

    @cached_property
    def offer(self) -> tuple[str, str]:
        """The asked tools and the slot fields as JSON text."""
        fields = None if self.slot_fields is None else [field.to_json() for field in self.slot_fields]
        return json.dumps(self.asked[0]), json.dumps(fields)

    @cached_property
    def bound(self) -> BoundDecider:
        """The router with the tools that are asked first."""
        return _bind(self.router, *self.offer)

    @cached_property
    def state(self) -> dict[str, Any] | None:
        """To resume from; None to replay."""
        return latest_snapshot(self.snapshots, self.history, self.bound.fingerprint)

    @property
    def group(self) -> str:
        """Equal for questions that one batch can answer."""
        return json.dumps([id(self.router), self.offer, self.asked[1]])

    @cached_property
    def key(self) -> tuple[str, str]:
        return self.group, history_hash(self.history)


@dataclass(frozen=True)
class Step:
    """A settled decision and what is needed to word it.

    Attributes:
        decision: What leaves.
        record: The same as plain JSON, sources counted as in the caller's list.
        tools: On offer.
        turn: What was done since the user last spoke.
        entries: The conversation.
    """

    decision: Decision
    record: dict[str, Any]
    tools: tuple[ToolSchema, ...]
    turn: Turn
    entries: tuple[Entry, ...]

    @property
    def history(self) -> list[Message]:
        return [entry.message for entry in self.entries]


@lru_cache(maxsize=128)
def _bind(router: Decider, tools: str, slot_fields: str) -> BoundDecider:
    """Binding parses every schema; agents bind the same tools at every step."""
    fields = json.loads(slot_fields)
    return router.bind(json.loads(tools), None if fields is None else [SlotField.from_json(field) for field in fields])


def ask(question: Question) -> Decision:
    """The router's own decision."""
    return ask_all([question])[0]


def ask_all(questions: Sequence[Question]) -> list[Decision]:
    """The router's own decisions on questions of one group, in one forward."""
    first = questions[0]
    bound, choice = first.bound, first.asked[1]
    if not bound.tools and not bound.slots:
        return [_nothing_to_decide() for _ in questions]
    if len(questions) == 1:
        return [bound.decide(first.history, state=first.state, tool_choice=choice, now=first.now)]
    states = [question.state for question in questions]
    histories = [question.history for question in questions]
    return list(bound.decide_batch(histories, states=states, tool_choice=choice, now=first.now))


def settle(question: Question, decision: Decision) -> Step:
    """Correct a decision by what this turn has done and by what is forced."""
    turn = read_turn(question.entries)
    note: str | None = None
    if decision.decision == "tool_call" and decision.tool is not None:
        decision, note = _permitted(decision, turn, question)
    if decision.decision == "direct_answer":
        if question.asked[0] != question.tools:
            if note in (None, "repeated") and not _asks(decision, turn):
                decision, note = _output_call(question, decision, note)
        elif note is None and question.choice not in ("auto", "none"):
            decision, note = _forced_call(question, decision, turn)
        elif note is None and question.choice == "auto":
            decision, note = _unasked(question, decision, turn)
    return Step(decision, make_record(decision, question.entries, note), question.bound.tools, turn, question.entries)


def unserved(step: Step) -> bool:
    """Whether the user wants or asks something that no tool serves: nothing is called, asked for or told of a result.

    Small talk, refusals and the like are answered here; without speech acts nothing is said of a turn. Where no tool is
    on offer, nothing is read, and every message of the user is such.
    """
    decision = step.decision
    if decision.decision == "tool_call" or decision.missing or step.turn.ends_with_result or decision.content:
        return False
    if not step.tools:
        return True
    if decision.intended_tool is not None:
        return False
    return decision.speech_act in (WANTS | {"question"}) - {"confirm"}


def _permitted(decision: Decision, turn: Turn, question: Question) -> tuple[Decision, str | None]:
    """The calls that may be made now; a direct answer, and why, if none may."""
    calls = decision.made
    kept: list[ToolCall] = []
    notes: list[str] = []
    for call in calls if question.parallel else calls[:1]:
        note = turn.objection(call.tool, call.arguments, question.max_calls - len(kept))
        if note is None and question.choice == "auto" and _must_ask(question, decision, call):
            note = "confirm"
        if note is None:
            kept.append(call)
        else:
            notes.append(note)
    if not kept:
        return _overruled(decision, notes[0]), notes[0]
    if len(kept) == len(calls):
        return decision, None
    return decision.with_calls(kept), None


def _must_ask(question: Question, decision: Decision, call: ToolCall) -> bool:
    tool = next((tool for tool in question.bound.tools if tool.name == call.tool), None)
    if tool is None or not asks_first(question.confirm, tool, call.arguments):
        return False
    return not agreed(decision, question.history)


def _unasked(question: Question, decision: Decision, turn: Turn) -> tuple[Decision, str | None]:
    """A call in the place of the question before it, where the policy says that nothing is asked."""
    if question.history[-1].role != "user":
        return decision, None
    made = without_asking(decision, question.bound.tools, question.bound.slots)
    if made is None or made.tool is None:
        return decision, None
    tool = next(tool for tool in question.bound.tools if tool.name == made.tool)
    if asks_first(question.confirm, tool, made.arguments) is not False:
        return decision, None
    objection = turn.objection(tool.name, made.arguments, question.max_calls)
    return (decision, None) if objection else (made, "unasked")


def _asks(decision: Decision, turn: Turn) -> bool:
    """Whether the work waits for something the user has to say."""
    return bool(decision.missing) and not (decision.intended_tool and turn.has_returned(decision.intended_tool))


def _overruled(decision: Decision, note: str) -> Decision:
    """A direct answer in the place of a call that must not be made."""
    return replace(
        decision,
        decision="direct_answer",
        tool=None,
        arguments={},
        argument_values={},
        calls=(),
        call_confidence=None,
        missing=(),
        confidence={"repeated": _remaining(decision), "confirm": decision.confidence}.get(note, 0.0),
    )


def _remaining(decision: Decision) -> float:
    """P(direct answer), given that it is not this call: what is left of the distribution without it."""
    tools = decision.probabilities["tools"]
    share = tools.get(decision.tool, 0.0) / (sum(tools.values()) or 1.0)
    direct, call = decision.probabilities["direct_answer"], decision.probabilities["tool_call"]
    rest = direct + call * (1 - share)
    return min(1.0, direct / rest) if rest > 0 else 0.0


def _forced_call(question: Question, decision: Decision, turn: Turn) -> tuple[Decision, str]:
    bound = question.bound
    named = question.choice if question.choice != "any" else decision.intended_tool
    scores = decision.probabilities["tools"]
    tool = next((t for t in bound.tools if t.name == named), None) or max(
        bound.tools, key=lambda t: scores.get(t.name, 0.0)
    )
    single = question.choice != "any" or len(bound.tools) == 1
    fill, texts = single, not question.output_only
    call = force_call(decision, tool, bound.slots, question.history, fill=fill, texts=texts, now=question.now)
    if call is None:
        return replace(decision, confidence=0.0), "illegal"
    objection = turn.objection(tool.name, call.arguments, question.max_calls)
    return (_overruled(call, objection), objection) if objection else (call, "forced")


def _output_call(question: Question, decision: Decision, note: str | None) -> tuple[Decision, str | None]:
    """Answer through the output tool; in words, should its arguments not come together."""
    outputs = [tool for tool in question.tools if is_output(tool)]
    bound = question.router.bind(outputs, ())
    scored = bound.decide(question.history, tool_choice="any", now=question.now)
    wanted = scored.tool or scored.intended_tool or tool_name(outputs[0])
    tool = next(tool for tool in bound.tools if tool.name == wanted)
    call = scored if scored.decision == "tool_call" else None
    if call is None:
        call = force_call(scored, tool, bound.slots, question.history, fill=True, now=question.now)
    if call is None or call.missing:
        return replace(decision, confidence=0.0), "incomplete output"
    kept = replace(
        call,
        slots=decision.slots,
        slot_values=decision.slot_values,
        state=decision.state,
        probabilities=decision.probabilities,
        confidence=min(call.confidence, decision.confidence),
    )
    return kept, note


def _nothing_to_decide() -> Decision:
    """Without tools and slot fields there is one thing to do."""
    return Decision(
        decision="direct_answer",
        tool=None,
        arguments={},
        slots={},
        missing=(),
        content=None,
        confidence=1.0,
        call_confidence=None,
        probabilities={"tool_call": 0.0, "direct_answer": 1.0, "tools": {}},
        argument_values={},
        slot_values={},
        intended_tool=None,
        supervision_steps=0,
        state={},
        latency_ms={"encoder": 0.0, "trm": 0.0, "decoding": 0.0, "total": 0.0},
    )
