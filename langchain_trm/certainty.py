"""How sure a decision must be: what is not sure enough is refused, for a larger model or a person to take."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_trm.deciding import Step, unserved
from langchain_trm.settings import TRMSettings
from langchain_trm.thresholds import Outcome, Thresholds, tools_fingerprint
from trm_agent.errors import LowConfidenceError
from trm_agent.log import logger
from trm_agent.types import Decision, Sample


def check_certainty(step: Step, weights: str, settings: TRMSettings) -> None:
    """Refuse a decision that is not sure enough.

    Args:
        step: The settled decision.
        weights: Fingerprint of the router.
        settings: What they ask for.

    Raises:
        LowConfidenceError: A confidence is below `min_confidence`, `min_call_confidence` or a fitted threshold, or no
            tool serves what was asked and such a request is handed over.
    """
    decision, fitted = step.decision, _fitted(step, weights, settings)
    least, least_call = settings.min_confidence, settings.min_call_confidence
    if fitted is not None:
        least = fitted.threshold(decision.tool) if least is None else least
        least_call = fitted.calls if least_call is None else least_call
    if least is not None and decision.confidence < least:
        raise LowConfidenceError(step.record, least)
    if least_call is not None and decision.call_confidence is not None and decision.call_confidence < least_call:
        raise LowConfidenceError(step.record, least_call, "call_confidence")
    asked = least is not None or least_call is not None
    if (asked if settings.hand_over_unserved is None else settings.hand_over_unserved) and unserved(step):
        raise LowConfidenceError(step.record, least or 0.0, "unserved")


def _fitted(step: Step, weights: str, settings: TRMSettings) -> Thresholds | None:
    """The fitted thresholds, where one of them is asked for, and they are for these tools and weights."""
    held = settings.thresholds
    if held is None:
        return None
    asked = settings.min_confidence is None or (settings.min_call_confidence is None and held.calls is not None)
    if not asked:
        return None
    if held.fingerprint not in (weights, tools_fingerprint(step.tools, weights)):
        logger.warning("the fitted thresholds are for other tools or weights and are dropped; fit them again")
        return None
    return held


def judged(samples: Sequence[Sample], decisions: Sequence[Decision]) -> tuple[list[Outcome], list[Outcome]]:
    """What was decided on samples, for `fit_thresholds`: of every decision, and of every call as a whole."""
    from trm_agent.evaluation.metrics import judge

    outcomes, calls = [], []
    for sample, made in zip(samples, decisions, strict=True):
        gold = sample.tool["name"] if sample.tool else None
        right = made.decision == sample.decision and made.tool == gold
        outcomes.append(Outcome(made.confidence, right, made.tool))
        whole = judge(sample, made, has_state=False).call_right
        if whole is not None and made.call_confidence is not None:
            calls.append(Outcome(made.call_confidence, whole, made.tool))
    return outcomes, calls
