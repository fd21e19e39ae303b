"""What a router gets right: of recorded decisions, of conversations played live, and of everyday talk elsewhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.corpora.everyday import samples_of
from recipes.corpora.everyday_format import read_domain
from recipes.evaluate_everyday import Tally, count, decide
from recipes.mix_samples import without_annotations
from recipes.own_logs.live import Turn, played
from recipes.own_logs.mix import EVERYDAY
from trm_agent.evaluation.run import evaluate

if TYPE_CHECKING:
    from trm_agent.evaluation.report import Case
    from trm_agent.router import Router
    from trm_agent.types import Sample

MIN_CONFIDENCE, MIN_CALL_CONFIDENCE = 0.9, 0.8
"""Thresholds in front of a larger model, as the README has them."""


@dataclass(frozen=True)
class Judged:
    """What a router made of some conversations.

    Attributes:
        cases: Recorded decisions: each from the log's own history.
        turns: The same conversations played live.
        groups: Figures of the recorded decisions.
    """

    cases: Sequence[Case]
    turns: list[Turn]
    groups: dict[str, Any]

    @property
    def outcomes(self) -> list[bool]:
        """Which are right: recorded decisions with their whole call, then live turns."""
        return [*map(whole, self.cases), *(turn.right for turn in self.turns)]

    @property
    def right(self) -> int:
        """So many of them."""
        return sum(self.outcomes)

    @property
    def count(self) -> int:
        """Of so many."""
        return len(self.cases) + len(self.turns)

    def figures(self) -> dict[str, Any]:
        """What the tables show; shares in [0, 1], None where nothing was counted."""
        called = [case for case in self.cases if case.verdict.called]
        passing = [case for case in called if passes(case)]
        return {
            "decisions": len(self.cases),
            "decision": self.groups["decision_accuracy"],
            "tool": self.groups["tool_accuracy"],
            "whole_call": self.groups["call_exact"],
            "calls_unasked": self.groups["over_trigger_rate"],
            "ece": self.groups["confidence"]["ece"],
            "call_ece": self.groups["call_confidence"]["ece"],
            "calls_passing": len(passing),
            "right_of_passing": sum(case.verdict.call_right is True for case in passing),
            "live_turns": len(self.turns),
            "live_right": sum(turn.right for turn in self.turns),
            "right": self.right,
            "of": self.count,
        }


def whole(case: Case) -> bool:
    """Whether a decision is right in whole: an answer where one is right, or the very call."""
    verdict = case.verdict
    return verdict.decision_right is not False and verdict.call_right is not False


def passes(case: Case) -> bool:
    """Whether a call is sure enough to be made without a larger model."""
    decision = case.decision
    return decision.confidence >= MIN_CONFIDENCE and (decision.call_confidence or 0.0) >= MIN_CALL_CONFIDENCE


def judged(router: Router, conversations: Sequence[Sequence[Sample]]) -> Judged:
    """Decide every recorded point, then play the conversations live."""
    samples = [sample for conversation in conversations for sample in conversation]
    report = evaluate(router, samples, slot_fields=router.checkpoint.slot_fields, latency_turns=0)
    return Judged(list(report.cases), played(router, conversations), report.groups["all"])


def everyday_points(count: int, folder: Path = EVERYDAY / "dev") -> list[dict[str, Any]]:
    """A fixed draw of everyday dev points without annotations, domain by domain: the same for every run."""
    points = [
        without_annotations(raw) for path in sorted(folder.glob("*.yaml")) for raw in samples_of(read_domain(path))
    ]
    chosen = sorted(random.Random(0).sample(range(len(points)), min(count, len(points))))
    return [points[i] for i in chosen]


def everyday_figures(router: Router, points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How a router does with tools and talk that are not the user's; see `recipes/evaluate_everyday.py`."""
    tally = Tally()
    for raw in points:
        count(tally, decide(router, raw, MIN_CONFIDENCE, MIN_CALL_CONFIDENCE))
    found = tally.figures()
    return {name: found[name] for name in ("points", "decision", "tool", "whole_call", "must_not", "executed")}
