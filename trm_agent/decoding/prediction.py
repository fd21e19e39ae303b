"""What the model says of one decision point, as plain numbers: what refining weighs and reading reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trm_agent.types import SPEECH_ACTS, Span, SpeechAct


@dataclass(frozen=True)
class SpanCandidate:
    """Characters `start` to `end` of `history[message].text`, and how probable they are given that it is filled."""

    message: int
    start: int
    end: int
    probability: float

    @property
    def span(self) -> Span:
        """Its characters in the message."""
        return Span(self.start, self.end)

    def overlaps(self, other: SpanCandidate) -> bool:
        """Whether both stand in one message, with a character in common."""
        return self.message == other.message and self.span.overlaps(other.span)

    def within(self, other: SpanCandidate) -> bool:
        """Whether all of it lies in the other."""
        return self.message == other.message and self.span.within(other.span)


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
        calls: If a call is made, the probabilities of one, two, … calls; the last is that of so many or more.
        answer_state: What the words of a direct answer are chosen by (`responses.head.answer_state`), an array.
        acts: Probability of each of `SPEECH_ACTS`; empty where the weights do not say.
    """

    call: float
    tools: tuple[float, ...]
    no_tool: float
    slots: tuple[SlotPrediction, ...]
    halt: float
    steps: int
    calls: tuple[float, ...] = (1.0,)
    answer_state: Any = field(default=None, compare=False, repr=False)
    acts: tuple[float, ...] = ()

    @property
    def act(self) -> SpeechAct | None:
        """The likeliest of what the user does with the turn; None where the weights do not say."""
        return max(zip(self.acts, SPEECH_ACTS, strict=True), key=lambda act: act[0])[1] if self.acts else None


def units(ps: Iterable[float]) -> list[float]:
    """Each of some probabilities as `unit` keeps it."""
    return [min(1.0, max(0.0, p)) if p == p else 0.0 for p in ps]


def unit(p: float) -> float:
    """A probability kept within [0, 1]; not a number counts as none."""
    return min(1.0, max(0.0, p)) if p == p else 0.0
