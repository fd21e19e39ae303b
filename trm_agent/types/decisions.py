"""What the router says: a decision, its calls, every value with its source, and the state to go on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from trm_agent.types.messages import Message
from trm_agent.types.spans import Span

DecisionKind = Literal["tool_call", "direct_answer"]
SpeechAct = Literal[
    "request", "answer", "correct", "confirm", "refuse", "hesitate", "give_up", "question", "state", "small_talk"
]
SPEECH_ACTS: tuple[SpeechAct, ...] = get_args(SpeechAct)
"""What a user does with a turn: asks for something to be done, answers what was asked, takes another value, agrees,
says not to, waits, lets it be, asks about something, tells or quotes something, chats."""
SourceKind = Literal["span", "choice", "state", "default", "dontcare"]

DONTCARE = "dontcare"


@dataclass(frozen=True)
class Source:
    """Where a value comes from.

    Attributes:
        kind: `span` (characters of a message), `choice` (an entry of the closed list), `state` (carried from an
            earlier turn), `default` (declared), `dontcare` (the user leaves it open).
        message: Index into the history, for `span`; for `state` the message it was first read from.
        start: First character in `Message.text`, for `span` and `state`.
        end: One past the last character.
        text: The very characters, before any parsing.
    """

    kind: SourceKind
    message: int | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None

    @property
    def span(self) -> Span | None:
        """Its characters in the message; None if it stands nowhere."""
        if self.message is None or self.start is None or self.end is None:
            return None
        return Span(self.start, self.end)

    def overlaps(self, other: Source) -> bool:
        """Whether both stand in one message, with a character in common."""
        own, its = self.span, other.span
        return own is not None and its is not None and self.message == other.message and own.overlaps(its)

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        return cls(**{key: data.get(key) for key in ("kind", "message", "start", "end", "text")})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Value:
    """A value with its confidence (calibrated, in [0, 1]) and its source."""

    value: Any
    confidence: float
    source: Source

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "confidence": self.confidence, "source": self.source.to_json()}


STATE_VERSION = 1
# Made once: `json.dumps` makes an encoder for every message.
_CANONICAL = json.JSONEncoder(sort_keys=True, default=str)


@dataclass(frozen=True)
class SlotState:
    """The slot state after a number of messages, as plain JSON: what the next turn resumes from.

    Attributes:
        fingerprint: Of tools, slot fields and weights together; a state from others is not trusted.
        messages: How many messages it has read.
        prefix: Hash of those messages.
        values: Slot key → the value held, with its source.
        version: Of this layout.
    """

    fingerprint: str
    messages: int
    prefix: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: int = STATE_VERSION

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def prefix_hashes(messages: Sequence[Message]) -> list[str]:
    """The hash of every prefix of a history, from the empty one to the whole; equal for equal messages."""
    digest = hashlib.sha256()
    out = [digest.hexdigest()[:32]]
    for message in messages:
        digest.update(_CANONICAL.encode(message.to_json()).encode())
        out.append(digest.hexdigest()[:32])
    return out


def history_hash(messages: Sequence[Message]) -> str:
    """Hash of a history, equal for equal messages."""
    return prefix_hashes(messages)[-1]


@dataclass(frozen=True)
class ToolCall:
    """One call as it leaves.

    Attributes:
        tool: To call.
        arguments: Typed as its schema wants, nested where it nests.
        argument_values: Parameter name (dotted for leaves) → value, confidence and source.
    """

    tool: str
    arguments: dict[str, Any]
    argument_values: dict[str, Value] = field(default_factory=dict)

    def places(self, message: int) -> list[Span]:
        """Where its values stand in a message of the history."""
        sources = [value.source for value in self.argument_values.values() if value.source.message == message]
        return [span for source in sources if (span := source.span) is not None]

    def to_json(self) -> dict[str, Any]:
        values = {name: value.to_json() for name, value in self.argument_values.items()}
        return {"tool": self.tool, "arguments": self.arguments, "argument_values": values}


@dataclass(frozen=True)
class Decision:
    """What to do next, and why.

    Attributes:
        decision: `tool_call` or `direct_answer`.
        tool: The tool to call; None for a direct answer.
        arguments: Of the call, typed as the tool's schema wants, nested where it nests; empty for a direct answer.
        slots: Slot key → value, for every filled slot.
        missing: Required parameters of `intended_tool` that no slot fills, in declared order.
        content: Words for a direct answer, where the router has any.
        confidence: Probability that decision and tool are right, where it is `calibrated`.
        call_confidence: Probability that the emitted call is right in whole; None without a call.
        probabilities: {"tool_call", "direct_answer", "tools": {name: probability}}, and "speech_acts":
            {act: probability} where the weights know them and the user spoke last.
        argument_values: Parameter name (dotted for leaves) → value, confidence and source.
        slot_values: Slot key → value, confidence and source.
        intended_tool: The tool the conversation is about, called or not; None when there is none.
        supervision_steps: Supervision steps the TRM took.
        state: To resume from, plain JSON (`SlotState.to_json`).
        latency_ms: {"encoder", "trm", "decoding", "total"} in milliseconds.
        scores: What the model said before calibration (`trm_agent.decoding.calibration.DecisionScores`), flat.
        calls: Every call of the turn, in order; the first is `tool` with `arguments`. Empty for a direct answer.
        answer_state: What the words of a direct answer are chosen by, an array; never part of the record.
        calibrated: Whether the confidences were fitted on held-out samples; if not, they rank and promise nothing.
    """

    decision: DecisionKind
    tool: str | None
    arguments: dict[str, Any]
    slots: dict[str, Any]
    missing: tuple[str, ...]
    content: str | None
    confidence: float
    call_confidence: float | None
    probabilities: dict[str, Any]
    argument_values: dict[str, Value]
    slot_values: dict[str, Value]
    intended_tool: str | None
    supervision_steps: int
    state: dict[str, Any]
    latency_ms: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    calls: tuple[ToolCall, ...] = ()
    answer_state: Any = field(default=None, compare=False, repr=False)
    calibrated: bool = True

    @property
    def speech_acts(self) -> dict[SpeechAct, float]:
        """Probability of each thing the user may do with the turn; empty where the weights do not say."""
        return self.probabilities.get("speech_acts") or {}

    @property
    def speech_act(self) -> SpeechAct | None:
        """What the user most likely does with the turn; None where the weights do not say."""
        acts = self.speech_acts
        return max(acts.items(), key=lambda pair: pair[1])[0] if acts else None

    @property
    def lets_go(self) -> bool:
        """Whether the user refuses or gives up what was about to be done."""
        return self.speech_act in ("refuse", "give_up")

    @property
    def made(self) -> tuple[ToolCall, ...]:
        """Every call of the turn, in order, also where only `tool` and `arguments` were given; none for an answer."""
        if self.decision != "tool_call" or self.tool is None:
            return ()
        return self.calls or (ToolCall(self.tool, self.arguments, self.argument_values),)

    def with_calls(self, calls: Sequence[ToolCall]) -> Decision:
        """The same decision with other calls, at least one; the first is `tool` with `arguments`."""
        first = calls[0]
        return replace(
            self,
            calls=tuple(calls),
            tool=first.tool,
            arguments=first.arguments,
            argument_values=first.argument_values,
        )

    def to_json(self) -> dict[str, Any]:
        """The decision record: the same fields as plain JSON."""
        out = {key: value for key, value in vars(self).items() if key != "answer_state"}
        out["missing"] = list(self.missing)
        out["calls"] = [call.to_json() for call in self.calls]
        for key in ("argument_values", "slot_values"):
            out[key] = {name: value.to_json() for name, value in out[key].items()}
        return out
