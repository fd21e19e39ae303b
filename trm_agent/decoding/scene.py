"""The scene of a decision point: what every step of decoding looks at beside the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trm_agent.types import Message, Slot, ToolSchema


@dataclass(frozen=True)
class Scene:
    """Where a decision is made.

    Attributes:
        tools: On offer, in the order of the prediction's tools.
        slots: In the order of the prediction's slots.
        history: What spans point into.
    """

    tools: Sequence[ToolSchema]
    slots: Sequence[Slot]
    history: Sequence[Message]

    @property
    def user_spoke_last(self) -> bool:
        return bool(self.history) and self.history[-1].role == "user"
