"""The scene of a decision point: what every step of decoding looks at beside the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from trm_agent.decoding.in_history import read_source
from trm_agent.decoding.prediction import Prediction, SpanCandidate
from trm_agent.types import Message, Slot, Source, Span, ToolSchema


@dataclass(frozen=True)
class Scene:
    """Where a decision is made.

    Attributes:
        tools: On offer, in the order of the prediction's tools.
        slots: Their slot table, in the order of the prediction's slots.
        history: What spans point into.
        now: What relative dates count from; None is what a system message says, else the present.
        one_entry: Whether one entry of a list is read at a time.
    """

    tools: Sequence[ToolSchema]
    slots: Sequence[Slot]
    history: Sequence[Message]
    now: datetime | None = None
    one_entry: bool = False
    _read: dict[tuple[str, Span, int], tuple[Any, Source] | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def read(self, candidate: SpanCandidate, slot: Slot) -> tuple[Any, Source] | None:
        """What a slot's value is at a span, and the very place it was read from; None if nothing can be read there.

        Every step of decoding that looks at a span asks here, so that it is parsed once.
        """
        key = slot.key, candidate.span, candidate.message
        if key not in self._read:
            source = _source(candidate, self.history)
            self._read[key] = read_source(source, slot.parameter, self.history, self.now, slot) if source else None
        return self._read[key]

    @cached_property
    def last_user(self) -> int | None:
        """The user's last message, as an index into the history."""
        return last_user(self.history)

    @property
    def request(self) -> str:
        """The text of the user's last message; empty if there is none."""
        return "" if self.last_user is None else self.history[self.last_user].text

    @property
    def user_spoke_last(self) -> bool:
        return bool(self.history) and self.history[-1].role == "user"

    def fits(self, prediction: Prediction) -> bool:
        """Whether a prediction is of these slots."""
        return len(self.slots) == len(prediction.slots)

    def answers_user(self, prediction: Prediction) -> bool:
        """Whether a prediction is of these tools and slots, at least one tool, at a point where the user spoke last."""
        whole = self.fits(prediction) and len(self.tools) == len(prediction.tools)
        return whole and bool(self.tools) and self.user_spoke_last

    def meant(self, prediction: Prediction) -> ToolSchema:
        """The likeliest of the tools, at least one; of equally likely ones the last by name."""
        return max(zip(prediction.tools, self.tools, strict=True), key=lambda pair: (pair[0], pair[1].name))[1]

    def check(self, prediction: Prediction) -> None:
        """Raises:
        ValueError: The prediction was made for other tools, slots or choices.
        """
        if len(prediction.tools) != len(self.tools) or not self.fits(prediction):
            raise ValueError(
                f"the prediction is for {len(prediction.tools)} tools and {len(prediction.slots)} slots, "
                f"got {len(self.tools)} tools and {len(self.slots)} slots"
            )
        for slot, said in zip(self.slots, prediction.slots, strict=True):
            if said.choices and len(said.choices) != len(slot.parameter.choices):
                raise ValueError(
                    f"slot {slot.key!r}: {len(said.choices)} choice probabilities "
                    f"for {len(slot.parameter.choices)} choices"
                )


def last_user(history: Sequence[Message]) -> int | None:
    """The user's last message, as an index into the history; None if the user has said nothing."""
    return next((n for n in reversed(range(len(history))) if history[n].role == "user"), None)


def _source(span: SpanCandidate, history: Sequence[Message]) -> Source | None:
    """The characters of a span, without white space around them; None if there are none."""
    if not 0 <= span.message < len(history) or not 0 <= span.start < span.end:
        return None
    text = history[span.message].text[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    text = text.strip()
    return Source("span", span.message, start, start + len(text), text) if text else None
