"""A known calibration moved towards what a few held-out decisions say, and whether its promises hold there.

A full fit needs hundreds of decisions. Here each of the three models keeps its coefficients and gets one scale and one
offset. The known calibration weighs as much as `PRIOR` decisions that came out just as it says, so three conversations
hardly move it and three hundred do.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.decoding.calibration import (
    Calibration,
    CalibrationRecord,
    DecisionScores,
    Logistic,
    labelled,
)
from trm_agent.errors import requires_extra
from trm_agent.evaluation.confidence import Scored
from trm_agent.evaluation.report import Case

PRIOR = 40.0
"""Decisions that the known calibration weighs as much as: the fewest that `fit_calibration` would fit on."""
DOUBT = 0.05
"""A promise is broken where so few right ones have no more than this probability under it."""

Pairs = Sequence[tuple[tuple[float, ...], bool]]


@dataclass(frozen=True)
class Promise:
    """What confidences said of some decisions, and what came of them.

    Attributes:
        passing: Decisions over the threshold.
        right: Of these.
        promised: Mean of their confidences; None without any.
    """

    passing: int
    right: int
    promised: float | None

    @property
    def kept(self) -> bool:
        """Whether as many right ones, or fewer, are probable enough if the confidences mean what they say."""
        return self.promised is None or at_most(self.right, self.passing, self.promised) > DOUBT


def records_of(cases: Sequence[Case]) -> list[CalibrationRecord]:
    """What a calibration is fitted on, of decisions that were judged."""
    return [
        CalibrationRecord(DecisionScores.of(case.decision), case.verdict.outcome_right, case.verdict.call_right, slots)
        for case, slots in zip(cases, slot_outcomes(cases), strict=True)
    ]


def slot_outcomes(cases: Sequence[Case]) -> list[dict[str, bool]]:
    """Of each decision, slot key → whether it was read right.

    Logs list some fields and not others. What the router fills beyond the fields that any sample lists is not judged:
    nobody wrote down whether it is right.
    """
    listed = {key for case in cases for key in (*case.sample.slots, *case.sample.accept.slots)}
    return [
        {
            key: finding == "right"
            for key, finding in (case.verdict.slots or {}).items()
            if finding != "extra" or key in listed
        }
        for case in cases
    ]


def recalibrated(known: Calibration, records: Sequence[CalibrationRecord], prior: float = PRIOR) -> Calibration:
    """The known calibration, each of its models with a scale and an offset of its own.

    Args:
        known: Counts as `prior` decisions. What it has not fitted stays so.
        records: Of held-out decisions, made with `known`'s ordinary words.
        prior: More of it keeps closer to `known`.
    """
    moved: dict[str, Any] = {
        name: _moved(getattr(known, name), pairs, prior) for name, pairs in labelled(records).items()
    }
    return replace(known, **moved, holds=True)


def promise(scored: Sequence[Scored], least: float) -> Promise:
    """What is promised of the decisions with at least this confidence, and what came of them."""
    passing = [(confidence, right) for confidence, right in scored if confidence >= least]
    promised = math.fsum(confidence for confidence, _ in passing) / len(passing) if passing else None
    return Promise(len(passing), sum(right for _, right in passing), promised)


def held_out_confidences(
    known: Calibration, records: Sequence[CalibrationRecord], groups: Sequence[Hashable], prior: float = PRIOR
) -> tuple[list[Scored], list[Scored]]:
    """Confidences of decisions, and of calls, each by a calibration that was not fitted on its own conversation.

    Args:
        known: See `recalibrated`.
        records: Likewise.
        groups: The conversation of each record.
        prior: See `recalibrated`.
    """
    decisions: list[Scored] = []
    calls: list[Scored] = []
    for group in dict.fromkeys(groups):
        others = [record for record, own in zip(records, groups, strict=True) if own != group]
        calibration = recalibrated(known, others, prior)
        for record, own in zip(records, groups, strict=True):
            if own != group:
                continue
            if record.decision_right is not None:
                decisions.append((calibration.decision_confidence(record.scores), record.decision_right))
            if record.call_right is not None:
                calls.append((calibration.call_confidence(record.scores), record.call_right))
    return decisions, calls


def at_most(right: int, count: int, share: float) -> float:
    """Probability of `right` or fewer of `count`, each right with probability `share`."""
    return math.fsum(math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(right + 1))


def _moved(known: Logistic | None, pairs: Pairs, prior: float) -> Logistic | None:
    if known is None or not pairs:
        return known
    import numpy as np

    with requires_extra("train", "fitting a calibration"):
        from sklearn.linear_model import LogisticRegression

    said = np.array([known.score(features) for features, _ in pairs])
    expected = 1 / (1 + np.exp(-np.clip(said, -30, 30)))
    each = prior / len(pairs)
    # Decisions that come out as `known` says: each counts as right and as wrong, by the shares that it expects.
    features = np.concatenate([said, said, said])[:, None]
    labels = np.concatenate([[right for _, right in pairs], np.ones(len(pairs)), np.zeros(len(pairs))]).astype(int)
    weights = np.concatenate([np.ones(len(pairs)), each * expected, each * (1 - expected)])
    model = LogisticRegression(C=1e6, max_iter=1000).fit(features, labels, sample_weight=weights)
    scale, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Logistic(tuple(scale * c for c in known.coefficients), scale * known.intercept + offset)
