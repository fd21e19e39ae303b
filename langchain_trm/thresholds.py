"""Thresholds on the confidence that keep a promised precision, from a finite number of samples.

For a grid of thresholds, "precision is at or below the target" is tested against the errors among the decisions that
pass (exact binomial tail, i.e. Clopper-Pearson), from the strictest threshold down, from several starting points that
share the error budget: fixed-sequence testing of "Learn then Test" (Angelopoulos, Bates, Candès, Jordan, Lei 2021,
arXiv:2110.01052, section 2.3). With probability 1 - delta over the samples, every threshold that is certified has at
least the target precision. Samples must be independent: several turns of one conversation count for less.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from trm_agent.errors import DataError
from trm_agent.types import ToolSchema

_GRID = 200
_STARTS = (0.995, 0.95, 0.9, 0.8, 0.6)


@dataclass(frozen=True)
class Outcome:
    """One decision on a sample: how sure it was, whether decision and tool were right, and the tool it called."""

    confidence: float
    right: bool
    tool: str | None


@dataclass(frozen=True)
class Thresholds:
    """The least confidence that keeps the target precision.

    Attributes:
        overall: For direct answers, and for tools without a threshold of their own.
        tools: For calls of the tools that have enough samples.
        calls: The least confidence that a call is right in whole; None where that was not asked for.
        target_precision: Promised for the decisions that pass.
        delta: Probability, for each threshold, that the promise does not hold.
        samples: Decisions they were fitted on.
        fingerprint: Of the tools and weights they hold for.
    """

    overall: float
    tools: dict[str, float] = field(default_factory=dict)
    target_precision: float = 0.95
    delta: float = 0.05
    samples: int = 0
    fingerprint: str = ""
    calls: float | None = None

    def threshold(self, tool: str | None) -> float:
        """What a call of this tool (None: a direct answer) must reach."""
        return self.tools.get(tool, self.overall) if tool is not None else self.overall

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Thresholds:
        return cls(**data)


def fit_thresholds(
    outcomes: Sequence[Outcome],
    calls: Sequence[Outcome] | None = None,
    *,
    target_precision: float = 0.95,
    delta: float = 0.05,
    fingerprint: str = "",
) -> Thresholds:
    """The lowest certified threshold, over all decisions and for the calls of each tool, and over whole calls.

    Args:
        outcomes: Of decisions.
        calls: Of the calls made, with the confidence that they are right in whole; None: nothing is asked of them.
        target_precision: Wanted of what passes, inside (0, 1).
        delta: Probability, for each threshold, that the promise does not hold, inside (0, 1).
        fingerprint: Of the tools and weights they hold for.

    Raises:
        DataError: No threshold can be certified for all decisions together, or for all calls.
    """
    if not 0 < target_precision < 1 or not 0 < delta < 1:
        raise DataError(f"target_precision and delta must be inside (0, 1), got {target_precision} and {delta}")
    overall = _reached(outcomes, target_precision, delta, "decisions")
    whole = None if calls is None else _reached(calls, target_precision, delta, "calls")
    by_tool: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.tool is not None:
            by_tool[outcome.tool].append(outcome)
    found = {name: certified_threshold(chosen, target_precision, delta) for name, chosen in sorted(by_tool.items())}
    tools = {name: threshold for name, threshold in found.items() if threshold is not None}
    return Thresholds(overall, tools, target_precision, delta, len(outcomes), fingerprint, whole)


def _reached(outcomes: Sequence[Outcome], target_precision: float, delta: float, what: str) -> float:
    threshold = certified_threshold(outcomes, target_precision, delta)
    if threshold is None:
        needed = math.ceil(math.log(delta / len(_STARTS)) / math.log(target_precision))
        wrong = sum(not outcome.right for outcome in outcomes)
        raise DataError(
            f"no threshold reaches precision {target_precision:g}: {wrong} of {len(outcomes)} {what} are wrong; "
            f"at least {needed} confident and right ones are needed, or a lower target_precision"
        )
    return threshold


def certified_threshold(outcomes: Sequence[Outcome], target_precision: float, delta: float) -> float | None:
    """The lowest threshold whose precision is certified; None when there is none."""
    ranked = sorted(outcomes, key=lambda outcome: -outcome.confidence)
    errors_among = [0, *accumulate(not outcome.right for outcome in ranked)]
    certified: list[float] = []
    for start in _STARTS:
        for step in range(round(start * _GRID), -1, -1):
            threshold = step / _GRID
            passing = bisect_right(ranked, -threshold, key=lambda outcome: -outcome.confidence)
            if binomial_tail(errors_among[passing], passing, 1 - target_precision) > delta / len(_STARTS):
                break
            certified.append(threshold)
    return min(certified, default=None)


def binomial_tail(successes: int, trials: int, probability: float) -> float:
    """P(X ≤ successes) for X ~ Binomial(trials, probability): the p-value of "the error rate is at least that"."""
    if trials == 0:
        return 1.0
    log_terms = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(probability)
        + (trials - k) * math.log1p(-probability)
        for k in range(successes + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in log_terms))


def tools_fingerprint(tools: Sequence[ToolSchema], weights: str) -> str:
    """Equal for the same declarations, in any order, and the same weights."""
    declared = sorted(json.dumps(tool.to_json(), sort_keys=True, default=str) for tool in tools)
    return hashlib.sha256(json.dumps([declared, weights]).encode()).hexdigest()[:32]
