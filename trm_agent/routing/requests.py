"""Histories to decide → which of their decision points are still to be read, and which histories are read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trm_agent.types import Message, Value, prefix_hashes


@dataclass(frozen=True)
class Request:
    """One history to decide, with what is already known of it."""

    history: list[Message]
    done: int
    values: dict[str, Value]

    @property
    def points(self) -> list[int]:
        """Decision points still to be read: those after the state, and the end."""
        return sorted({n for n in decision_points(self.history) if n > self.done} | {len(self.history)})

    def read(self, carry: bool) -> set[int]:
        """The points that enter the model: these, and the one before where its y is carried."""
        earlier = [n for n in decision_points(self.history) if n < self.points[0]]
        return {*self.points, *(earlier[-1:] if carry else ())}


def decision_points(history: Sequence[Message]) -> list[int]:
    """Lengths at which something may be decided: after every user message and every result.

    What comes later has no say in it, so that a state taken at the end of a history fits whatever continues it.
    """
    return [n for n, message in enumerate(history, 1) if message.role in ("user", "tool_response")]


def continuations(requests: Sequence[Request]) -> list[list[int]]:
    """Group requests whose histories are prefixes of one another, the longest first in each group."""
    if len(requests) == 1:
        return [[0]]
    groups: list[list[int]] = []
    known: dict[str, int] = {}
    for i in sorted(range(len(requests)), key=lambda i: -len(requests[i].history)):
        hashes = prefix_hashes(requests[i].history)
        if hashes[-1] in known:
            groups[known[hashes[-1]]].append(i)
            continue
        for prefix in hashes:
            known.setdefault(prefix, len(groups))
        groups.append([i])
    return groups
