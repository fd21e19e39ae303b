"""Who decides: the two protocols that `trm_agent.router` fulfils, for everything that can do with another router.

A `Decider` binds tools; the `BoundDecider` that it returns decides histories.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from trm_agent.types.decisions import Decision
from trm_agent.types.messages import Message
from trm_agent.types.slots import Slot, SlotField
from trm_agent.types.tools import ToolSchema


class BoundDecider(Protocol):
    """A decider that knows its tools: `trm_agent.router.BoundRouter`, or another."""

    @property
    def tools(self) -> tuple[ToolSchema, ...]:
        """On offer."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What it remembers: the slot table of the tools."""

    @property
    def fingerprint(self) -> str:
        """Equal where states may be exchanged: the same decider with the same tools."""

    def decide(
        self,
        history: Sequence[Message],
        *,
        state: Mapping[str, Any] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> Decision:
        """Decide what comes after a history.

        Args:
            history: What was said and done.
            state: `Decision.state` of an earlier turn of the same conversation; it saves work and changes nothing.
            tool_choice: `auto`, `any`, `none`, or the name of the tool to call.
            now: What relative dates count from.
        """

    def decide_batch(
        self,
        histories: Sequence[Sequence[Message]],
        *,
        states: Sequence[Mapping[str, Any] | None] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> list[Decision]:
        """Decide several histories, in their order."""


class Decider(Hashable, Protocol):
    """Who decides: `trm_agent.router.Router`, or another that binds tools. What it bound is remembered by it."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal behaviour."""

    def bind(
        self, tools: Sequence[ToolSchema | Mapping[str, Any]], slot_fields: Sequence[SlotField] | None = None
    ) -> BoundDecider:
        """Make ready for a tool list.

        Args:
            tools: On offer, parsed or as plain JSON.
            slot_fields: Slots beside the tools' parameters; None: those that the decider knows.
        """
