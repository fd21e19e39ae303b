"""How much a confidence is worth: does it tell right from wrong, does it mean what it says, how much can be kept.

Everything reads `Scored` pairs: a confidence in [0, 1], and whether what it was given for is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Scored = tuple[float, bool]

BINS = 10


def confidence_figures(scored: Sequence[Scored]) -> dict[str, float | None]:
    """How well a confidence tells right from wrong (auroc), means what it says (ece), and pays (coverage)."""
    return {
        "auroc": auroc(scored),
        "ece": expected_calibration_error(scored),
        "coverage_at_95": coverage_at(scored, 95),
        "coverage_at_99": coverage_at(scored, 99),
    }


def auroc(scored: Sequence[Scored]) -> float | None:
    """Probability that something right has a higher confidence than something wrong, ties counting half.

    None unless both kinds are there.
    """
    right = sum(label for _, label in scored)
    wrong = len(scored) - right
    if not right or not wrong:
        return None
    below = wins = 0.0
    for _, labels in tied(scored, descending=False):
        here = sum(labels)
        wins += here * (below + (len(labels) - here) / 2)
        below += len(labels) - here
    return wins / (right * wrong)


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of about one confidence: how many, their mean confidence, the share that is right."""

    count: int
    confidence: float
    accuracy: float


def reliability(scored: Sequence[Scored], bins: int = BINS) -> list[ReliabilityBin]:
    """Equal-width bins of confidence, lowest first, empty ones left out; 1.0 falls in the last."""
    members: list[list[Scored]] = [[] for _ in range(bins)]
    for confidence, right in scored:
        members[min(bins - 1, int(confidence * bins))].append((confidence, right))
    return [
        ReliabilityBin(len(m), math.fsum(c for c, _ in m) / len(m), sum(right for _, right in m) / len(m))
        for m in members
        if m
    ]


def expected_calibration_error(scored: Sequence[Scored], bins: int = BINS) -> float | None:
    """Mean distance between confidence and accuracy over the bins of `reliability`, weighted by their counts."""
    if not scored:
        return None
    return math.fsum(b.count * abs(b.confidence - b.accuracy) for b in reliability(scored, bins)) / len(scored)


def risk_coverage(scored: Sequence[Scored]) -> list[tuple[float, float]]:
    """(share kept, share of the kept that is wrong) for every confidence one could cut at, the highest first."""
    kept = right = 0
    points = []
    for _, labels in tied(scored):
        kept += len(labels)
        right += sum(labels)
        points.append((kept / len(scored), 1 - right / kept))
    return points


def coverage_at(scored: Sequence[Scored], percent: int) -> float | None:
    """The largest share that can be kept, most confident first, with at least `percent` % of the kept right.

    What has one confidence is kept or left together. 0 if no cut reaches the precision, None without anything to keep.
    """
    if not scored:
        return None
    kept = right = best = 0
    for _, labels in tied(scored):
        kept += len(labels)
        right += sum(labels)
        if 100 * right >= percent * kept:
            best = kept
    return best / len(scored)


def tied(scored: Sequence[Scored], *, descending: bool = True) -> Iterator[tuple[float, list[bool]]]:
    """Group by equal confidence, in order."""
    groups: dict[float, list[bool]] = {}
    for confidence, right in scored:
        groups.setdefault(confidence, []).append(right)
    for confidence in sorted(groups, reverse=descending):
        yield confidence, groups[confidence]
