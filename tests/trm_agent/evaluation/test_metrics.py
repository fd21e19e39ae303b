"""Every figure of the report follows its definition, by hand arithmetic and against plain references."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import roc_auc_score

from tests.trm_agent.evaluation_doubles import TOOLS, decision, sample
from trm_agent.evaluation.confidence import (
    auroc,
    confidence_figures,
    coverage_at,
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from trm_agent.evaluation.metrics import (
    Verdict,
    figures,
    group_names,
    judge,
    judge_arguments,
    judge_slots,
    percentile,
    state_labels,
)
from trm_agent.types import Accept

TABLE = TOOLS[0]
GOLD = ("book_table", {"city": "Rome", "guests": 2})

CONTRACT = [
    *("n", "decision_accuracy", "tool_call_f1", "over_trigger_rate", "under_trigger_rate", "tool_accuracy"),
    *("argument_exact", "argument_f1", "call_exact", "slot_accuracy", "joint_goal_accuracy"),
    *("confidence", "call_confidence", "latency_ms"),
]


def test_the_figures_begin_with_the_contract_and_are_null_without_labels() -> None:
    group = figures([])
    assert list(group)[: len(CONTRACT)] == CONTRACT
    assert group["n"] == 0
    assert group["confidence"] == {"auroc": None, "ece": None, "coverage_at_95": None, "coverage_at_99": None}
    assert group["latency_ms"] == {"p50": None, "p95": None}
    assert all(group[key] is None for key in CONTRACT[1:11])


def test_decisions_tools_and_calls_by_hand() -> None:
    pairs = [
        (sample(GOLD), decision(GOLD)),  # all right
        (sample(GOLD), decision(("book_table", {"city": "Rome", "guests": 3}))),  # one argument wrong
        (sample(GOLD), decision(("get_weather", {"place": "Rome"}))),  # wrong tool
        (sample(GOLD), decision(intended="book_table")),  # no call, but the right tool in mind
        (sample(GOLD), decision(intended="get_weather")),  # no call, and the wrong tool in mind
        (sample(), decision()),  # rightly no call
        (sample(), decision(("get_weather", {"place": "Rome"}))),  # a call too many
        (sample(), decision()),
    ]
    group = figures([judge(s, d) for s, d in pairs])
    assert group["n"] == 8
    assert group["decision_accuracy"] == 5 / 8
    assert group["tool_call_f1"] == pytest.approx(2 * 3 / (4 + 5))  # 3 hits, 4 calls came, 5 were wanted
    assert group["over_trigger_rate"] == 1 / 3
    assert group["under_trigger_rate"] == 2 / 5
    assert group["tool_accuracy"] == 3 / 5  # the pointer: both calls of it, and the one in mind
    assert group["tool_accuracy_called"] == 2 / 5
    assert group["argument_exact"] == 1 / 2
    assert group["argument_f1"] == 3 / 4
    assert group["call_exact"] == 1 / 5
    assert group["counts"] == {"decisions": 8, "gold_calls": 5, "emitted_calls": 4, "gold_states": 0, "latencies": 0}
    assert group["slot_accuracy"] is None
    assert group["joint_goal_accuracy"] is None


def test_without_gold_calls_there_is_no_tool_figure() -> None:
    group = figures([judge(sample(), decision()), judge(sample(), decision(GOLD))])
    assert group["over_trigger_rate"] == 0.5
    for key in ("tool_call_f1", "under_trigger_rate", "tool_accuracy", "argument_exact", "argument_f1", "call_exact"):
        assert group[key] is None, key


def test_an_unknown_decision_leaves_the_decision_figures_but_not_tool_and_slots() -> None:
    unknown = sample(GOLD, slots={"city": "Rome"}, decision_known=False)
    group = figures([judge(unknown, decision(GOLD, slots={"city": "Rome"}))])
    for key in ("decision_accuracy", "tool_call_f1", "over_trigger_rate", "under_trigger_rate", "call_exact"):
        assert group[key] is None, key
    assert group["confidence"]["coverage_at_95"] is None
    assert group["call_confidence"]["coverage_at_95"] is None
    assert (group["n"], group["tool_accuracy"], group["argument_exact"]) == (1, 1.0, 1.0)
    assert (group["slot_accuracy"], group["joint_goal_accuracy"]) == (1.0, 1.0)


def test_confidence_is_for_decision_and_tool_and_call_confidence_for_the_whole_call() -> None:
    pairs = [
        (sample(GOLD), decision(("book_table", {"city": "Oslo", "guests": 2}), confidence=0.9, call_confidence=0.3)),
        (sample(GOLD), decision(("get_weather", {"place": "Rome"}), confidence=0.2, call_confidence=0.1)),
        (sample(GOLD), decision(GOLD, confidence=0.8, call_confidence=0.7)),
        (sample(), decision(GOLD, confidence=0.4, call_confidence=0.9)),
        (sample(), decision(confidence=0.7)),
    ]
    verdicts = [judge(s, d) for s, d in pairs]
    assert [v.outcome_right for v in verdicts] == [True, False, True, False, True]
    assert [v.call_right for v in verdicts] == [False, False, True, False, None]
    group = figures(verdicts)
    assert group["confidence"]["auroc"] == 1.0
    assert group["confidence"]["coverage_at_95"] == 3 / 5
    assert group["call_confidence"]["auroc"] == 2 / 3
    assert group["call_confidence"]["coverage_at_95"] == 0.0


@pytest.mark.parametrize(
    ("gold", "predicted", "accept", "findings"),
    [
        ({"city": "Rome"}, {"city": " ROME. "}, Accept(), {"city": "right"}),
        ({"guests": 2}, {"guests": "2.0"}, Accept(), {"guests": "right"}),
        ({"city": "Rome"}, {"city": "Roma"}, Accept(), {"city": "wrong"}),
        ({"city": "Rome"}, {"city": "Roma"}, Accept({"city": ["Roma"]}), {"city": "right"}),
        ({"city": "Rome"}, {}, Accept(), {"city": "missing"}),
        ({"city": "Rome"}, {"city": ""}, Accept(), {"city": "missing"}),
        ({"city": ""}, {"city": None}, Accept(), {}),
        ({}, {"city": "Rome"}, Accept(), {"city": "extra"}),
        ({"city": "Rome"}, {}, Accept(optional=("city",)), {}),
        ({"city": "Rome"}, {"city": "Rome"}, Accept(optional=("city",)), {"city": "right"}),
        ({"city": "Rome"}, {"city": "Oslo"}, Accept(optional=("city",)), {"city": "wrong"}),
        ({}, {"city": "Oslo"}, Accept(optional=("city",)), {}),
        ({}, {"city": "Oslo"}, Accept({"city": ["Rome"]}, optional=("city",)), {"city": "extra"}),
        ({}, {"city": "Rome"}, Accept({"city": ["Rome"]}, optional=("city",)), {}),
        (
            {"contact": {"name": "Ada", "phone": "1"}},
            {"contact": {"name": "ada", "phone": "2"}},
            Accept(),
            {"contact.name": "right", "contact.phone": "wrong"},
        ),
        ({"contact": {"name": "Ada"}}, {}, Accept(optional=("contact",)), {}),
        (
            {"contact": {"name": "Ada"}},
            {"contact": {"name": "Bo"}},
            Accept({"contact": [{"name": "Bo"}]}),
            {"contact": "right"},
        ),
    ],
)
def test_arguments_are_judged_one_by_one(gold, predicted, accept, findings) -> None:  # noqa: ANN001
    assert judge_arguments(gold, predicted, accept, TABLE) == findings


def test_an_extra_argument_makes_a_call_wrong() -> None:
    verdict = judge(sample(GOLD), decision(("book_table", {**GOLD[1], "contact": {"name": "Ada"}})))
    assert verdict.arguments == {"city": "right", "guests": "right", "contact.name": "extra"}
    group = figures([verdict])
    assert (group["argument_exact"], group["call_exact"]) == (0.0, 0.0)
    assert group["argument_f1"] == pytest.approx(2 * 2 / (3 + 2))


def test_a_call_without_arguments_is_exact_and_has_no_argument_f1() -> None:
    group = figures([judge(sample(("book_table", {})), decision(("book_table", {})))])
    assert (group["argument_exact"], group["argument_f1"], group["call_exact"]) == (1.0, None, 1.0)


def test_slots_are_judged_by_gold_and_accepted_values() -> None:
    gold = {"city": "Rome", "date": "", "time": "7 pm", "area": "dontcare", "name": "Ada"}
    predicted = {"city": "rome", "time": "19:00", "area": "dontcare", "phone": "123", "date": None, "name": "Bo"}
    accept = Accept(slots={"time": ["19:00"]})
    assert judge_slots(gold, predicted, accept) == {
        "city": "right",
        "time": "right",
        "area": "right",
        "name": "wrong",
        "phone": "extra",
    }
    assert judge_slots(gold, {}, accept)["area"] == "missing"


def test_slot_and_joint_goal_accuracy_by_hand() -> None:
    gold = {"city": "Rome", "guests": 2}
    verdicts = [
        judge(sample(slots=gold), decision(slots=gold)),
        judge(sample(slots=gold), decision(slots={"city": "Rome"})),
        judge(sample(slots=gold, intent="book_table"), decision(slots={**gold, "place": "Rome"})),
        judge(sample(slots={"city": ""}), decision()),
        judge(sample(), decision(slots={"city": "Rome"})),  # no gold state
    ]
    group = figures(verdicts)
    assert group["slot_accuracy"] == 5 / 6
    assert group["joint_goal_accuracy"] == 2 / 4
    assert group["joint_goal_accuracy_active"] == 1.0  # "place" belongs to the other tool
    assert group["counts"]["gold_states"] == 4


def test_the_empty_beginning_of_a_labelled_dialogue_is_a_gold_state() -> None:
    samples = [
        sample(source="a", dialogue="1"),
        sample(source="a", dialogue="1", slots={"city": "Rome"}),
        sample(source="b", dialogue="1"),
        sample(slots={"city": "Rome"}),
        sample(),
    ]
    assert state_labels(samples) == [True, True, False, True, False]
    spurious = judge(samples[0], decision(slots={"city": "Rome"}), has_state=True)
    assert figures([spurious])["joint_goal_accuracy"] == 0.0
    assert figures([spurious])["slot_accuracy"] is None


def test_intent_accuracy_is_the_pointer_on_every_labelled_turn() -> None:
    verdicts = [
        judge(sample(intent="book_table"), decision(intended="book_table")),
        judge(sample(intent=None), decision()),
        judge(sample(intent=None), decision(intended="book_table")),
        judge(sample(), decision(intended="book_table")),
    ]
    assert figures(verdicts)["intent_accuracy"] == 2 / 3


def test_groups_are_named_by_split_source_and_subset() -> None:
    full = sample(seen=False, source="sgd", subset="hotels")
    assert list(group_names(full)) == ["all", "unseen", "sgd", "sgd/unseen", "sgd/hotels"]
    assert list(group_names(sample(seen=True, source="own"))) == ["all", "seen", "own", "own/seen"]
    assert list(group_names(sample())) == ["all"]


def test_auroc_by_hand_and_against_scikit_learn() -> None:
    assert auroc([(0.9, True), (0.5, False), (0.5, True), (0.1, False)]) == 3.5 / 4
    assert auroc([(0.9, True)]) is None
    rng = random.Random(0)
    scored = [(rng.randrange(20) / 20, rng.random() < 0.6) for _ in range(300)]
    reference = roc_auc_score([right for _, right in scored], [c for c, _ in scored])
    assert auroc(scored) == pytest.approx(reference, abs=1e-12)


def test_calibration_error_by_hand() -> None:
    scored = [(0.92, True), (0.98, False), (0.15, False), (0.1, False)]
    assert [(b.count, b.accuracy) for b in reliability(scored)] == [(2, 0.0), (2, 0.5)]
    assert expected_calibration_error(scored) == pytest.approx(0.5 * 0.125 + 0.5 * 0.45)
    assert reliability([(1.0, True)])[0].confidence == 1.0


def test_coverage_keeps_the_most_that_holds_the_precision() -> None:
    scored = [(1 - i / 100, i not in (3, 39)) for i in range(40)]
    assert coverage_at(scored, 95) == 40 / 40  # 38 of 40 is exactly 95 %, though 3 of the first 4 is not
    assert coverage_at(scored, 99) == 3 / 40
    assert coverage_at([(0.5, False)], 95) == 0.0
    assert coverage_at([], 95) is None


def test_ties_are_kept_or_left_together() -> None:
    scored = [(0.9, True), (0.8, True), (0.8, False)]
    assert coverage_at(scored, 95) == 1 / 3
    assert coverage_at(list(reversed(scored)), 95) == 1 / 3
    assert risk_coverage(scored) == [(1 / 3, 0.0), (1.0, pytest.approx(1 / 3))]


def test_coverage_against_brute_force() -> None:
    rng = random.Random(1)
    for _ in range(50):
        scored = [(rng.randrange(8) / 8, rng.random() < 0.9) for _ in range(rng.randrange(1, 30))]
        best = 0.0
        for threshold, _ in scored:
            kept = [right for c, right in scored if c >= threshold]
            if sum(kept) / len(kept) >= 0.95:
                best = max(best, len(kept) / len(scored))
        assert confidence_figures(scored)["coverage_at_95"] == pytest.approx(best)


def test_latency_percentiles_by_hand() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([0.0, 10.0], 95) == pytest.approx(9.5)
    group = figures([Verdict(latency_ms=4.0), Verdict(latency_ms=6.0), Verdict()])
    assert group["latency_ms"] == {"p50": 5.0, "p95": pytest.approx(5.9)}


def test_a_baseline_that_only_decides_has_no_tool_figures() -> None:
    group = figures([Verdict(gold_call=True, called=True), Verdict(gold_call=False, called=True)])
    assert (group["decision_accuracy"], group["over_trigger_rate"]) == (0.5, 1.0)
    for key in ("tool_accuracy", "tool_accuracy_called", "call_exact", "argument_exact", "joint_goal_accuracy"):
        assert group[key] is None, key


def test_a_baseline_that_only_points_has_no_decision_figures() -> None:
    group = figures([Verdict(gold_call=True, tool_right=True), Verdict(gold_call=True, tool_right=False)])
    assert group["tool_accuracy"] == 0.5
    for key in ("decision_accuracy", "under_trigger_rate", "call_exact", "tool_accuracy_called"):
        assert group[key] is None, key
