"""Kinds of situation are read off the samples, and a kind that only answers has no under-trigger rate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trm_agent.evaluation_doubles import TOOLS
from trm_agent.evaluation.metrics import Verdict
from trm_agent.evaluation.situations import KINDS, kind_figures, kind_of
from trm_agent.types import DecisionKind, Message, Sample

ROME = {"name": "get_weather", "arguments": {"place": "Rome"}}
OSLO = {"name": "get_weather", "arguments": {"place": "Oslo"}}
HELLO = (Message("user", "the weather"), Message("assistant", "Where?"), Message("user", "Rome"))
RESULT = (
    Message("user", "weather in Rome"),
    Message("tool_call", ROME),
    Message("tool_response", {"name": "get_weather", "content": "sunny"}),
)


def made(*, calls: tuple[dict[str, Any], ...] = (), slots: dict[str, Any] | None = None, **more: Any) -> Sample:
    history = more.pop("history", HELLO[:1])
    first = calls[0] if calls else None
    decision: DecisionKind = "tool_call" if calls else "direct_answer"
    several = calls if len(calls) > 1 else ()
    return Sample(TOOLS, history, decision, slots or {}, first, None if calls else "ok", calls=several, meta=more)


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        (made(intent=None), "small_talk"),
        (made(intent=None, subset="oos"), "out_of_scope"),
        (made(intent=None, subset="irrelevance"), "no_fitting_tool"),
        (made(intent="get_weather"), "missing_value"),
        (made(intent="get_weather", slots={"place": ""}), "missing_value"),
        (made(intent="get_weather", slots={"place": "Rome"}), "other_answer"),
        (made(intent="get_weather", history=RESULT), "after_result"),
        (made(calls=(ROME,)), "whole_request"),
        (made(calls=(ROME,), history=HELLO), "completed_request"),
        (made(calls=(ROME, OSLO)), "several_requests"),
        (made(), None),
        (made(intent=None, decision_known=False), None),
    ],
)
def test_a_sample_is_of_the_kind_its_gold_says(sample: Sample, kind: str | None) -> None:
    assert kind_of(sample) == kind
    assert kind is None or kind in KINDS


def test_rates_are_over_the_samples_of_a_kind_by_source() -> None:
    thanks, call = made(intent=None, source="a"), made(calls=(ROME,), source="b")
    pairs = [
        (thanks, Verdict(gold_call=False, called=True)),
        (made(intent=None, source="b"), Verdict(gold_call=False, called=False)),
        (call, Verdict(gold_call=True, called=True)),
        (made(), Verdict(gold_call=False, called=False)),
    ]
    found = kind_figures(pairs)
    assert list(found) == ["small_talk", "whole_request"]
    assert (found["small_talk"]["n"], found["small_talk"]["over_trigger_rate"]) == (2, 0.5)
    assert found["small_talk"]["under_trigger_rate"] is None
    assert found["small_talk"]["sources"]["a"]["over_trigger_rate"] == 1.0
    assert found["whole_request"]["under_trigger_rate"] == 0.0
