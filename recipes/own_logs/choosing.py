"""How far to go from the old weights towards the trained ones, and whether to go at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.own_logs.judging import Judged

if TYPE_CHECKING:
    from trm_agent.router import Router

MIDDLE = 0.5
"""What was best again and again (docs/log.md): half way, or near it."""
PULL = 4.0
"""Decisions that a whole way from the middle must bring more: what decides with few conversations, hardly with many."""
DEVIATIONS = 1.5
"""Of what chance does, that new weights have to gain."""


@dataclass(frozen=True)
class Way:
    """A share of the way, and what the weights there get right of the held-out conversations."""

    share: float
    judged: Judged

    @property
    def right(self) -> int:
        """Recorded decisions and live turns that are right."""
        return self.judged.right


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        share: Of the way; 0: the old weights are kept.
        why: In words.
        elsewhere: Everyday figures of the ways that were looked at, by share; 0 is the old weights.
    """

    share: float
    why: str
    elsewhere: dict[float, dict[str, Any]]


def in_order(ways: Sequence[Way], before: int) -> Iterator[Way]:
    """The ways that get more right than the old weights, the best first.

    A way counts with its neighbours, since what only one of them gets right is likely to be chance, and loses `PULL`
    for its distance from the middle.
    """
    ordered = sorted(ways, key=lambda way: way.share)
    smooth = smoothed([before, *(way.right for way in ordered)])[1:]
    scores = [score - PULL * abs(way.share - MIDDLE) for score, way in zip(smooth, ordered, strict=True)]
    ranked = sorted(zip(scores, ordered, strict=True), key=lambda pair: -pair[0])
    yield from (way for _, way in ranked if way.right > before)


def smoothed(values: Sequence[float]) -> list[float]:
    """Each value with half the weight of its neighbours beside it; at the ends with one of them."""
    out = []
    for place in range(len(values)):
        near = [(values[i], 1.0 if i == place else 0.5) for i in (place - 1, place, place + 1) if 0 <= i < len(values)]
        out.append(sum(value * weight for value, weight in near) / sum(weight for _, weight in near))
    return out


def beyond_chance(before: Judged, after: Judged) -> bool:
    """Whether more was repaired than broken, by one and a half standard deviations of what chance does, or more.

    A turn of the user counts up to twice, recorded and live. So the deviation is that of twice as many changes. Three
    of three, as a handful of held-out conversations gives, is not enough (docs/log.md).
    """
    pairs = list(zip(before.outcomes, after.outcomes, strict=True))
    repaired, broken = (sum(pair == (old, not old) for pair in pairs) for old in (False, True))
    return repaired - broken >= DEVIATIONS * math.sqrt(2 * (repaired + broken)) > 0


def choose(
    ways: Sequence[Way],
    before: Judged,
    routers: Mapping[float, Router],
    elsewhere: Callable[[Router], dict[str, Any]],
    most_cost: float,
) -> Choice:
    """The best way that gains more than chance and does not cost too much elsewhere; else the old weights.

    Args:
        ways: As judged on the held-out conversations.
        before: The old weights on the same.
        routers: Of every share, 0 included.
        elsewhere: Everyday figures of a router.
        most_cost: Share of everyday decisions that may be lost.
    """
    found = {0.0: elsewhere(routers[0.0])}
    known = found[0.0]["decision"] or 0.0
    more = list(in_order(ways, before.right))
    better = [way for way in more if beyond_chance(before, way.judged)]
    for way in better:
        found[way.share] = elsewhere(routers[way.share])
        if known - (found[way.share]["decision"] or 0.0) <= most_cost:
            gained = f"{before.right} → {way.right} of {way.judged.count} held-out decisions and live turns right"
            return Choice(way.share, f"{gained}, {way.share:.0%} of the way from the old weights", found)
    if better:
        return Choice(0.0, f"every better way costs more than {most_cost:.0%} of everyday decisions", found)
    if more:
        return Choice(0.0, f"{before.right} → {more[0].right} of {before.count} held-out right may be chance", found)
    most = max((way.right for way in ways), default=0)
    return Choice(0.0, f"{before.right} of {before.count} held-out were right before, at most {most} after", found)
