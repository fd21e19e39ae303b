"""What came of an evaluation: the cases, their figures, and the report file.

`Case` is one sample beside what was decided there; a `Report` reads everything else off its cases.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trm_agent.evaluation.benchmarks import score
from trm_agent.evaluation.metrics import Verdict, figures, group_names, percentile, share
from trm_agent.evaluation.sgd_goal import joint_goal
from trm_agent.evaluation.situations import kind_figures
from trm_agent.evaluation.slot_errors import slot_errors
from trm_agent.types import Decision, Sample

NOTE = (
    "Slot state is the router's own throughout, never the gold state. Messages, calls and results in the histories are "
    "the data set's own; a result restates the arguments of the gold call."
)

Failure = str
ARGUMENT_FAILURES: Mapping[str, Failure] = {
    "wrong": "wrong_argument",
    "missing": "missing_argument",
    "extra": "extra_argument",
}
SLOT_FAILURES: Mapping[str, Failure] = {"wrong": "slot_wrong", "missing": "slot_missed", "extra": "slot_spurious"}


SHARES = {
    "decision": "decision_accuracy",
    "call F1": "tool_call_f1",
    "over": "over_trigger_rate",
    "under": "under_trigger_rate",
    "tool": "tool_accuracy",
    "arguments": "argument_exact",
    "argument F1": "argument_f1",
    "whole call": "call_exact",
    "slot": "slot_accuracy",
    "joint goal": "joint_goal_accuracy",
    "active goal": "joint_goal_accuracy_active",
}
"""Column → figure, in the tables of page and terminal."""


@dataclass(frozen=True)
class Case:
    """One sample, what was decided there, and what is right about it.

    Attributes:
        sample: The gold.
        decision: Without its state and its timing.
        verdict: Of the decision.
        turn: How many user messages the history holds.
    """

    sample: Sample
    decision: Decision
    verdict: Verdict
    turn: int

    @property
    def after_user(self) -> bool:
        """Whether the user spoke last."""
        return self.sample.history[-1].role == "user"

    @cached_property
    def failures(self) -> list[Failure]:
        """What went wrong, the decision first; empty if nothing did."""
        v = self.verdict
        found: list[Failure] = []
        if v.decision_right is False:
            found.append("over_trigger" if v.called else "under_trigger")
        if v.tool_right is False:
            found.append("wrong_tool")
        found += [ARGUMENT_FAILURES[f] for f in (v.arguments or {}).values() if f != "right"]
        found += [SLOT_FAILURES[f] for f in (v.slots or {}).values() if f != "right"]
        return list(dict.fromkeys(found))

    def failure_json(self) -> dict[str, Any]:
        """A line of the failures file."""
        sample, decision, verdict = self.sample, self.decision, self.verdict
        return {
            "id": sample.id,
            "kinds": self.failures,
            "confidence": decision.confidence,
            "call_confidence": decision.call_confidence,
            "turn": self.turn,
            "findings": {
                "arguments": {k: f for k, f in (verdict.arguments or {}).items() if f != "right"},
                "slots": {k: f for k, f in (verdict.slots or {}).items() if f != "right"},
            },
            "gold": {
                "decision": sample.decision,
                "tool": sample.tool,
                "slots": sample.slots,
                "content": sample.content,
                "accept": {"arguments": sample.accept.arguments, "slots": sample.accept.slots},
            },
            "prediction": {
                "decision": decision.decision,
                "tool": {"name": decision.tool, "arguments": decision.arguments} if decision.tool else None,
                "slots": decision.slots,
                "intended_tool": decision.intended_tool,
                "missing": list(decision.missing),
                "tool_call_probability": decision.probabilities.get("tool_call"),
                "values": {name: value.to_json() for name, value in decision.slot_values.items()},
            },
            "history": [message.to_json() for message in sample.history],
            "tools": [tool.name for tool in sample.tools],
            "meta": sample.meta,
        }


@dataclass(frozen=True)
class Report:
    """What came of an evaluation.

    Attributes:
        checkpoint: What was evaluated, in words.
        fingerprint: Of its weights.
        encoder: Name of its encoder.
        cases: In the order of the samples.
        latencies: One `Decision.latency_ms` for each turn that was timed.
        data: Which files, in words.
        baselines: Name → groups, as in `groups`.
        compare: Checkpoint → report of another router over the same samples.
        metrics: Figures of public benchmarks to read off every group (keys of `evaluation.benchmarks.METRICS`).
        responses: Speaker → group → figures of the words of direct answers (`trm_agent.evaluation.responses`).
    """

    checkpoint: str
    fingerprint: str
    encoder: str
    cases: Sequence[Case]
    latencies: Sequence[Mapping[str, float]] = ()
    data: Sequence[str] = ()
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    compare: Mapping[str, Report] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    responses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Group → its figures, each of `metrics` under its name."""
        return self._grouped(self.cases)

    @cached_property
    def after_user(self) -> dict[str, dict[str, Any]]:
        """The same groups, over the samples where the user spoke last."""
        return self._grouped([case for case in self.cases if case.after_user])

    @cached_property
    def turns(self) -> list[dict[str, Any]]:
        """Accuracy by the number of user messages so far."""
        by_turn: dict[int, list[Verdict]] = defaultdict(list)
        for case in self.cases:
            by_turn[case.turn].append(case.verdict)
        return [{"turn": turn, **_turn_figures(by_turn[turn])} for turn in sorted(by_turn)]

    @cached_property
    def goal_by_frame(self) -> dict[str, dict[str, Any]]:
        """The joint goal as SGD's publisher scores it, by service; empty where the samples have no frames."""
        return joint_goal((case.sample, case.decision) for case in self.cases)

    @cached_property
    def slot_errors(self) -> dict[str, Any]:
        """Slot errors by kind, and how turns that ask for something special go; empty without gold states."""
        return slot_errors((case.sample, case.decision, case.verdict) for case in self.cases)

    @cached_property
    def kinds(self) -> dict[str, dict[str, Any]]:
        """Over- and under-triggering by the kind of situation (`trm_agent.evaluation.situations.KINDS`)."""
        return kind_figures((case.sample, case.verdict) for case in self.cases)

    def _grouped(self, cases: Sequence[Case]) -> dict[str, dict[str, Any]]:
        groups = grouped_figures([c.sample for c in cases], [c.verdict for c in cases])
        for name, group in groups.items() if self.metrics else ():
            pairs = [(c.sample, c.decision) for c in cases if name in group_names(c.sample)]
            group |= {metric: score(metric, pairs) for metric in self.metrics}
        return groups

    @property
    def failing(self) -> list[Case]:
        """The cases with anything wrong, in the order of the samples."""
        return [case for case in self.cases if case.failures]

    @property
    def failures(self) -> dict[Failure, int]:
        """Kind → cases that show it, the most frequent first."""
        return dict(Counter(kind for case in self.cases for kind in case.failures).most_common())

    def to_json(self) -> dict[str, Any]:
        """The report file (design: "Report"), with what stands beside the contract."""
        out = {
            "samples": len(self.cases),
            "checkpoint": self.checkpoint,
            "encoder": self.encoder,
            "fingerprint": self.fingerprint,
            "note": NOTE,
            "data": list(self.data),
            "groups": self.groups,
            "after_user": self.after_user,
            "turns": self.turns,
            "latency_ms": _latency_parts(self.latencies),
            "failures": self.failures,
        }
        if self.goal_by_frame:
            out["goal_by_frame"] = self.goal_by_frame
        if self.slot_errors:
            out["slot_errors"] = self.slot_errors
        if self.kinds:
            out["kinds"] = self.kinds
        if self.baselines:
            out["baselines"] = dict(self.baselines)
        if self.responses:
            out["responses"] = dict(self.responses)
        if self.compare:
            out["compare"] = {name: _compared(report) for name, report in self.compare.items()}
        return out


def show(value: float | None, digits: int = 3) -> str:
    """A share as text; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def grouped_figures(samples: Sequence[Sample], verdicts: Sequence[Verdict]) -> dict[str, dict[str, Any]]:
    """Group → figures; `all` first, then the splits, then sources and subsets by name."""
    members: dict[str, list[Verdict]] = {"all": []}
    for sample, verdict in zip(samples, verdicts, strict=True):
        for name in group_names(sample):
            members.setdefault(name, []).append(verdict)
    order = ["all", "seen", "unseen", *sorted(members.keys() - {"all", "seen", "unseen"})]
    return {name: figures(members[name]) for name in order if name in members}


def _turn_figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "n": len(verdicts),
        "decision_accuracy": share(v.decision_right for v in verdicts),
        "call_exact": share(v.call_right is True for v in verdicts if v.gold_call),
        "joint_goal_accuracy": share(v.state_right for v in verdicts),
        "joint_goal_accuracy_active": share(v.active_state_right for v in verdicts),
    }


def _latency_parts(latencies: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    parts = dict.fromkeys(part for latency in latencies for part in latency)
    return {
        part: {"p50": percentile(values, 50), "p95": percentile(values, 95)}
        for part in parts
        if (values := [latency[part] for latency in latencies if part in latency])
    }


def _compared(report: Report) -> dict[str, Any]:
    left_out = ("samples", "note", "data", "baselines", "compare", "responses")
    return {key: value for key, value in report.to_json().items() if key not in left_out}
