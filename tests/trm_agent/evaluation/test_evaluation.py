"""An evaluation decides every sample from its messages alone, and the report says what came of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.trm_agent.evaluation_doubles import TOOLS, ScriptedRouter, decision, sample
from trm_agent.decoding.calibration import Calibration, DecisionScores
from trm_agent.errors import DataError, HistoryError
from trm_agent.evaluation.run import (
    REFERENCE_TIME,
    calibrate_router,
    draw_dialogues,
    evaluate,
    group_dialogues,
    share_parts,
)
from trm_agent.testing import tiny_router
from trm_agent.types import Decision, Message, Sample, SlotField, ToolCall, ToolSchema, parse_tools

GOLD = ("book_table", {"city": "Rome", "guests": 2})
SLOTS = {"city": "Rome", "guests": 2}
META = {"source": "own", "subset": "tables", "seen": False}


def dialogue(name: str) -> list[Sample]:
    """Greeting, then a request that is complete in the third message."""
    return [
        sample(history=("hi",), dialogue=name, id=f"{name}/1", **META),
        sample(
            GOLD,
            slots=SLOTS,
            history=("hi", "How can I help?", "a table for two in Rome"),
            dialogue=name,
            id=f"{name}/3",
            **META,
        ),
    ]


def script(history: Sequence[Message]) -> Decision:
    """Right on the greeting; calls with three guests in the end."""
    if "Rome" in history[-1].text:
        return decision(
            ("book_table", {"city": "Rome", "guests": 3}), slots={"city": "Rome", "guests": 3}, confidence=0.6
        )
    return decision(confidence=0.95)


def test_a_report_has_the_contract_and_can_be_written() -> None:
    report = evaluate(ScriptedRouter(script), [*dialogue("a"), *dialogue("b")], checkpoint="runs/x", data=["dev.jsonl"])
    out = json.loads(json.dumps(report.to_json()))
    assert (out["samples"], out["checkpoint"], out["encoder"], out["fingerprint"]) == (
        4,
        "runs/x",
        "hashing-32",
        "r" * 8,
    )
    assert list(out["groups"]) == ["all", "unseen", "own", "own/tables", "own/unseen"]
    group = out["groups"]["all"]
    assert (group["n"], group["decision_accuracy"], group["tool_accuracy"], group["call_exact"]) == (4, 1.0, 1.0, 0.0)
    assert group["joint_goal_accuracy"] == 0.5  # the empty state of the greeting is right
    assert out["failures"] == {"wrong_argument": 2, "slot_wrong": 2}
    assert [turn["turn"] for turn in out["turns"]] == [1, 2]
    assert out["turns"][1]["joint_goal_accuracy"] == 0.0
    assert out["after_user"]["all"]["n"] == 4
    assert "never the gold state" in out["note"]


def test_a_dialogue_is_decided_in_one_batch_and_timed_turn_by_turn_with_the_state_handed_on() -> None:
    router = ScriptedRouter(script)
    report = evaluate(router, [*dialogue("a"), *dialogue("b")])
    assert router.batches == [2, 2]
    warm_up, first, second, *_ = router.states
    assert (warm_up, first) == (None, None)
    assert second is not None
    assert second["messages"] == 1
    assert report.groups["all"]["counts"]["latencies"] == 4
    assert report.groups["all"]["latency_ms"]["p50"] > 0
    assert report.to_json()["latency_ms"]["trm"] == {"p50": 2.0, "p95": 2.0}


def test_latency_can_be_left_out_and_is_null_then() -> None:
    router = ScriptedRouter(script)
    report = evaluate(router, dialogue("a"), latency_turns=0)
    assert router.states == []
    assert report.groups["all"]["latency_ms"] == {"p50": None, "p95": None}
    assert report.to_json()["latency_ms"] == {}


def test_slot_fields_are_bound_for_a_whole_source_and_described_by_the_checkpoint() -> None:
    router = ScriptedRouter(lambda history: decision())
    samples = [
        sample(slots={"phone": "123"}, source="own", dialogue="1"),
        sample(slots={"city": "Rome"}, source="own", dialogue="2"),
        sample(source="other"),
    ]
    evaluate(router, samples, latency_turns=0, slot_fields=[SlotField("phone", "Number to call back")])
    names = ("book_table", "get_weather")
    assert router.bound == [(names, ("phone",)), (names, ("phone",)), (names, ())]


def test_other_tools_within_a_dialogue_are_bound_anew() -> None:
    router = ScriptedRouter(lambda history: decision())
    samples = [sample(dialogue="1"), sample(dialogue="1", tools=TOOLS[:1]), sample(dialogue="1", tools=TOOLS[:1])]
    evaluate(router, samples)
    assert router.batches == [1, 2]
    assert router.states == [None, None, None, router.states[3]]  # warming up, and no state across the change
    assert router.states[3] is not None


def test_a_decision_that_depends_on_the_state_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    router = ScriptedRouter(script)
    answers = iter([decision(), decision(), decision(GOLD)])
    router.script = lambda history: next(answers, decision())
    with caplog.at_level(logging.WARNING, "trm_agent"):
        evaluate(router, dialogue("a"))
    assert "1 of 2 timed decisions differ from those made in batches without state (first: sample a/3)" in caplog.text


def test_relative_dates_count_from_the_sample_or_from_a_fixed_day() -> None:
    moments: list[Any] = []
    router = ScriptedRouter(lambda history: decision())
    bind = router.bind

    def watching(tools: Any, slot_fields: Any = ()) -> Any:
        bound = bind(tools, slot_fields)
        decide = bound.decide_batch
        bound.decide_batch = lambda histories, now: moments.append(now) or decide(histories)  # type: ignore[method-assign]
        return bound

    router.bind = watching  # type: ignore[method-assign]
    evaluate(router, [sample(now="2024-05-06T07:00:00"), sample()], latency_turns=0)
    assert [moment.isoformat() for moment in moments] == ["2024-05-06T07:00:00", "2019-03-01T09:00:00+00:00"]
    with pytest.raises(DataError, match=r"sample x: meta.now is 'soon'; expected an ISO 8601 date and time"):
        evaluate(router, [sample(id="x", now="soon")])


def test_every_kind_of_failure_is_named() -> None:
    gold = {"city": "Rome", "guests": 2, "date": "today"}
    told = {"city": "Oslo", "phone": "1"}
    pairs = [
        (sample(), decision(GOLD)),
        (sample(GOLD), decision(intended="get_weather")),
        (sample(GOLD), decision(("book_table", {"city": "Oslo", "contact": {"name": "Ada"}}))),
        (sample(slots=gold), decision(slots=told)),
        (sample(GOLD), decision(GOLD)),
    ]
    decisions = iter([d for _, d in pairs])
    report = evaluate(ScriptedRouter(lambda history: next(decisions)), [s for s, _ in pairs], latency_turns=0)
    assert [case.failures for case in report.cases] == [
        ["over_trigger"],
        ["under_trigger", "wrong_tool"],
        ["wrong_argument", "missing_argument", "extra_argument"],
        ["slot_wrong", "slot_missed", "slot_spurious"],
        [],
    ]
    assert len(report.failing) == 4


def test_a_failure_record_holds_gold_prediction_and_what_is_wrong() -> None:
    report = evaluate(ScriptedRouter(script), dialogue("a"), latency_turns=0)
    record = json.loads(json.dumps(report.failing[0].failure_json()))
    assert record["id"] == "a/3"
    assert record["kinds"] == ["wrong_argument", "slot_wrong"]
    assert record["findings"] == {"arguments": {"guests": "wrong"}, "slots": {"guests": "wrong"}}
    assert record["gold"]["tool"] == {"name": "book_table", "arguments": {"city": "Rome", "guests": 2}}
    assert record["prediction"]["tool"] == {"name": "book_table", "arguments": {"city": "Rome", "guests": 3}}
    assert record["confidence"] == 0.6
    assert record["history"][0] == {"role": "user", "content": "hi"}


def test_no_samples_is_an_error() -> None:
    with pytest.raises(DataError, match="there are no samples to evaluate; expected at least one"):
        evaluate(ScriptedRouter(script), [])


def test_a_sample_that_cannot_be_decided_is_named() -> None:
    def broken(history: Sequence[Message]) -> Decision:
        raise HistoryError("the history is too long")

    with pytest.raises(DataError, match="samples a/1 to a/3: the history is too long"):
        evaluate(ScriptedRouter(broken), dialogue("a"), latency_turns=0)


def test_equal_parts_of_neighbours_are_held_once() -> None:
    first, second = share_parts([Sample.from_json(s.to_json()) for s in dialogue("a")])
    assert first.tools is second.tools
    assert first.history[0] is second.history[0]
    assert [s.to_json() for s in (first, second)] == [s.to_json() for s in dialogue("a")]


def test_dialogues_are_consecutive_samples_of_one_name() -> None:
    samples = [*dialogue("a"), *dialogue("b"), sample(), sample(), *dialogue("a")]
    assert [len(group) for group in group_dialogues(samples)] == [2, 2, 1, 1, 2]


def test_dialogues_are_drawn_whole_in_order_and_by_the_seed() -> None:
    samples = [s for name in "abcdefghij" for s in dialogue(name)]
    drawn = [s.meta["dialogue"] for s in draw_dialogues(samples, 3, seed=1)]
    assert len(drawn) == 6
    assert drawn == sorted(drawn)
    assert drawn == [s.meta["dialogue"] for s in draw_dialogues(samples, 3, seed=1)]
    assert {tuple(s.meta["dialogue"] for s in draw_dialogues(samples, 3, seed=seed)) for seed in range(5)} != {
        tuple(drawn)
    }
    assert len(list(draw_dialogues(samples, 99, seed=0))) == 20


def test_a_real_router_is_evaluated_alike_with_and_without_state(caplog: pytest.LogCaptureFixture) -> None:
    router = tiny_router(seed=3)
    samples = [*dialogue("a"), *dialogue("b")]
    with caplog.at_level(logging.WARNING, "trm_agent"):
        report = evaluate(router, samples)
    assert caplog.text == ""
    assert [case.decision.slots for case in report.cases] == [
        router.bind(TOOLS, ()).decide(s.history, now=REFERENCE_TIME).slots for s in samples
    ]
    assert report.fingerprint == router.fingerprint
    assert report.groups["all"]["counts"]["latencies"] == 4


def test_messages_are_encoded_before_they_are_decided_and_only_once() -> None:
    router = tiny_router()
    evaluate(router, dialogue("a"), latency_turns=0)
    misses = router.encoder.misses
    evaluate(router, dialogue("a"), latency_turns=0)
    assert router.encoder.misses == misses


def test_words_that_right_calls_of_many_tools_leave_unread_are_kept_with_the_calibration() -> None:
    tools = parse_tools([{"name": f"tool_{letter}"} for letter in "abcde"])
    data = [sample((tool.name, {}), tools=(tool,), history=("please do that quickly",), id=tool.name) for tool in tools]
    scores = DecisionScores(0.9, 1.0, 0.8, 0.5, arguments=1.0, weakest=1.0, omitted=1.0).to_json()
    calls = {
        tool.name: replace(decision((tool.name, {})), calls=(ToolCall(tool.name, {}),), scores=scores) for tool in tools
    }

    class Calling(ScriptedRouter):
        checkpoint = replace(tiny_router().checkpoint, calibration=Calibration(ordinary=frozenset({"hello"})))

        def bind(self, tools: Sequence[ToolSchema], slot_fields: Sequence[SlotField] = ()) -> Any:
            self.script = lambda _: calls[tools[0].name]
            return super().bind(tools, slot_fields)

    router: Any = Calling(script)
    assert calibrate_router(router, data).ordinary == {"hello", "please", "that", "quickly"}
    assert calibrate_router(router, data[:3]).ordinary == {"hello"}
