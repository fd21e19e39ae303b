"""Two evaluations of the same samples, side by side: differences with an interval that a chance draw could explain.

Decisions of one dialogue are not independent, so whole dialogues are drawn again and again (paired bootstrap). Nothing
here loads torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trm_agent.evaluation.metrics import Verdict, share
from trm_agent.types import Sample

Label = Callable[[Verdict], bool | None]


def _over(v: Verdict) -> bool | None:
    return v.called if v.gold_call is False else None


def _under(v: Verdict) -> bool | None:
    return None if v.called is None or not v.gold_call else not v.called


def _call_exact(v: Verdict) -> bool | None:
    known = v.gold_call and v.called is not None and v.tool_right is not None
    return v.call_right is True if known else None


LABELS: Mapping[str, Label] = {
    "decision_accuracy": lambda v: v.decision_right,
    "over_trigger_rate": _over,
    "under_trigger_rate": _under,
    "tool_accuracy": lambda v: v.tool_right,
    "call_exact": _call_exact,
    "joint_goal_accuracy": lambda v: v.state_right,
    "joint_goal_accuracy_active": lambda v: v.active_state_right,
}
"""Figure of a report, a share of true → whether it is true of a verdict; None where a verdict has no say."""


def dialogue_names(samples: Sequence[Sample]) -> list[str]:
    """What is drawn together: the dialogue of each sample; one that names none stands alone."""
    names = [sample.meta.get("dialogue") for sample in samples]
    return [
        f"alone/{i}" if name is None else f"{sample.meta.get('source')}/{name}"
        for i, (sample, name) in enumerate(zip(samples, names, strict=True))
    ]


@dataclass(frozen=True)
class Difference:
    """One figure of two evaluations.

    Attributes:
        before: The figure before; None without labels.
        after: The figure after.
        difference: `after - before`; None where either is not known.
        low: Lower end of its interval.
        high: Upper end.
    """

    before: float | None
    after: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        return dict(vars(self))


def compare(
    before: Sequence[Verdict],
    after: Sequence[Verdict],
    dialogues: Sequence[str],
    *,
    draws: int = 2000,
    percent: float = 95,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare every figure of `LABELS`.

    Args:
        before: One verdict a sample.
        after: Of the same samples, in the same order.
        dialogues: What is drawn together: the dialogue of each sample.
        draws: How often whole dialogues are drawn anew.
        percent: Width of the interval: the percentiles that leave out as much on both sides.
        seed: Of the draws.

    Raises:
        ValueError: The three are not of one length, or are empty.
    """
    if not len(before) == len(after) == len(dialogues) or not dialogues:
        raise ValueError(
            f"expected as many verdicts before and after as dialogues, and at least one, got {len(before)}, "
            f"{len(after)} and {len(dialogues)}"
        )
    names = {name: i for i, name in enumerate(dict.fromkeys(dialogues))}
    group = np.array([names[name] for name in dialogues])
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return {name: _difference(label, before, after, group, times, percent) for name, label in LABELS.items()}


def _difference(
    label: Label,
    before: Sequence[Verdict],
    after: Sequence[Verdict],
    group: np.ndarray,
    times: np.ndarray,
    percent: float,
) -> Difference:
    """`times` [draws, dialogues]: how often each dialogue is drawn."""
    labels = [[label(verdict) for verdict in verdicts] for verdicts in (before, after)]
    one, other = share(labels[0]), share(labels[1])
    if one is None or other is None:
        return Difference(one, other)
    drawn = [_drawn_shares(found, group, times) for found in labels]
    spread = drawn[1] - drawn[0]
    low, high = np.nanpercentile(spread, [50 - percent / 2, 50 + percent / 2])
    return Difference(one, other, other - one, float(low), float(high))


def _drawn_shares(labels: Sequence[bool | None], group: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The share of true in each draw; not a number where a draw holds no label."""
    true = np.bincount(group, [found is True for found in labels], times.shape[1])
    known = np.bincount(group, [found is not None for found in labels], times.shape[1])
    with np.errstate(invalid="ignore"):
        shares: np.ndarray = (times @ true) / (times @ known)
    return shares
