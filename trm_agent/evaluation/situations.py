"""When not to call, and when to: over- and under-triggering by the kind of situation a decision is made in.

The kind is read off the sample: who spoke last, what the gold decision is, what is still missing, what the
conversation is about. `meta.subset` tells apart what only its corpus knows: small talk, requests that no tool serves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from trm_agent.evaluation.metrics import Verdict, is_filled, share
from trm_agent.types import Sample, slot_table

KINDS: Mapping[str, str] = {
    "small_talk": "the user wants nothing done: greetings, thanks, questions about the assistant",
    "out_of_scope": "a request that no tool on offer was made for",
    "no_fitting_tool": "a request beside tools that look like it and do not serve it",
    "missing_value": "a request for a tool, something required is not said yet",
    "other_answer": "a request for a tool, nothing is missing, and the data answers first (it confirms, or offers)",
    "after_result": "a tool's result has just come",
    "whole_request": "the first message says everything: a call",
    "completed_request": "a later message completes or changes a request: a call",
    "several_requests": "one message asks for more than one call",
}
"""Kind → what it means, in the order of the table."""

_NO_TOOL = {
    "out_of_scope": "out_of_scope",
    "oos": "out_of_scope",
    "irrelevance": "no_fitting_tool",
    "task1/not_needed": "no_fitting_tool",
}
"""`meta.subset` → kind of a user's message that is about no tool; any other is small talk."""


def kind_of(sample: Sample) -> str | None:
    """The kind of a sample; None where the data does not say whether a call is right, or what an answer is about."""
    if sample.meta.get("decision_known") is False:
        return None
    if sample.history[-1].role == "tool_response":
        return "after_result"
    if sample.decision == "tool_call":
        if len(sample.gold_calls) > 1:
            return "several_requests"
        return "whole_request" if sum(m.role == "user" for m in sample.history) == 1 else "completed_request"
    if "intent" not in sample.meta:
        return None
    if sample.meta["intent"] is None:
        return _NO_TOOL.get(str(sample.meta.get("subset")), "small_talk")
    return "missing_value" if _lacks(sample, sample.meta["intent"]) else "other_answer"


def kind_figures(judged: Iterable[tuple[Sample, Verdict]]) -> dict[str, dict[str, Any]]:
    """Kind → `n`, `decision_accuracy`, `over_trigger_rate`, `under_trigger_rate`, and the same under `sources`.

    Kinds without samples are left out; a rate that a kind cannot have is None.
    """
    members: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for sample, verdict in judged:
        if (kind := kind_of(sample)) is not None and verdict.decision_right is not None:
            members[kind][str(sample.meta.get("source", "unnamed"))].append(verdict)
    return {
        kind: {
            **_rates([v for verdicts in members[kind].values() for v in verdicts]),
            "sources": {source: _rates(members[kind][source]) for source in sorted(members[kind])},
        }
        for kind in KINDS
        if kind in members
    }


def _rates(verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "n": len(verdicts),
        "decision_accuracy": share(v.decision_right for v in verdicts),
        "over_trigger_rate": share(v.called for v in verdicts if not v.gold_call),
        "under_trigger_rate": share(not v.called for v in verdicts if v.gold_call),
    }


def _lacks(sample: Sample, tool: str) -> bool:
    """Whether a required parameter of the tool has no value in the gold state."""
    required = {
        p.name for t in sample.tools if t.name == tool for p in t.parameters if p.required and not p.has_default
    }
    keys = {
        parameter: slot.key for slot in slot_table(sample.tools) for name, parameter in slot.readers if name == tool
    }
    return any(not is_filled(sample.slots.get(keys.get(name, name))) for name in required)
