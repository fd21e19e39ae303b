"""Few decisions hardly move a known calibration, many do, and broken promises are seen."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from trm_agent.decoding.calibration import Calibration, CalibrationRecord, DecisionScores, Logistic
from trm_agent.evaluation.recalibration import (
    Promise,
    at_most,
    held_out_confidences,
    promise,
    recalibrated,
    slot_outcomes,
)
from trm_agent.types import Message, Sample, parse_tools

KNOWN = Calibration(
    Logistic((1.0, 0.0, 0.0, 0.0, 0.0), 0.0),
    Logistic((1.0, *[0.0] * 13), 0.0),
    Logistic((1.0,), 0.0),
    frozenset({"hi"}),
)
"""Says what the raw product says."""


def record(decision: float, right: bool, arguments: float | None = None) -> CalibrationRecord:
    scores = DecisionScores(decision, 1.0, 0.0, 0.5, arguments=arguments)
    return CalibrationRecord(scores, right, None if arguments is None else right)


def drawn(count: int, said: float, true: float, seed: int = 0) -> list[CalibrationRecord]:
    rng = random.Random(seed)
    return [record(said, rng.random() < true, arguments=1.0) for _ in range(count)]


def test_without_records_nothing_moves() -> None:
    assert recalibrated(KNOWN, []) == KNOWN


def test_as_many_records_as_the_prior_move_it_half_way() -> None:
    records = [record(0.9, i % 2 == 0) for i in range(40)]
    moved = recalibrated(KNOWN, records, prior=40)
    assert moved.decision_confidence(records[0].scores) == pytest.approx((0.9 + 0.5) / 2, abs=0.01)
    assert moved.call == KNOWN.call
    assert moved.ordinary == KNOWN.ordinary


@pytest.mark.parametrize(("count", "low", "high"), [(4, 0.86, 0.9), (400, 0.5, 0.55)])
def test_more_records_weigh_more(count: int, low: float, high: float) -> None:
    records = [record(0.9, i % 2 == 0) for i in range(count)]
    assert low < recalibrated(KNOWN, records).decision_confidence(records[0].scores) < high


def test_what_was_never_fitted_stays_so() -> None:
    moved = recalibrated(Calibration.identity(), drawn(50, 0.9, 0.5))
    assert moved == Calibration.identity()
    assert not moved.calibrated


def test_the_order_of_decisions_stays() -> None:
    records = [*drawn(60, 0.95, 0.8, 1), *drawn(60, 0.6, 0.4, 2)]
    moved = recalibrated(KNOWN, records)
    sure, unsure = (moved.decision_confidence(records[i].scores) for i in (0, -1))
    assert sure > unsure


@pytest.mark.parametrize(("right", "count", "share"), [(0, 3, 0.5), (2, 3, 0.5), (3, 3, 0.9)])
def test_the_chance_of_so_few_right_ones_is_counted_out(right: int, count: int, share: float) -> None:
    outcomes = range(2**count)
    ones = [bin(outcome).count("1") for outcome in outcomes]
    expected = sum(share**n * (1 - share) ** (count - n) for n in ones if n <= right)
    assert math.isclose(at_most(right, count, share), expected)


def test_a_promise_is_broken_by_more_wrong_ones_than_chance_explains() -> None:
    assert promise([(0.95, True)] * 10 + [(0.5, False)] * 9, 0.9) == Promise(10, 10, pytest.approx(0.95))
    assert promise([(0.95, i < 9) for i in range(10)], 0.9).kept
    assert not promise([(0.95, i < 6) for i in range(10)], 0.9).kept
    assert promise([(0.5, False)], 0.9).kept, "nothing passes, so nothing is promised"


def test_a_decision_is_seen_with_a_calibration_of_the_other_conversations() -> None:
    records = [record(0.9, right) for right in (True, True, False, False)]
    decisions, calls = held_out_confidences(KNOWN, records, ["a", "a", "b", "b"], prior=2)
    assert calls == []
    without_own = recalibrated(KNOWN, records[2:], prior=2).decision_confidence(records[0].scores)
    assert decisions[0] == (pytest.approx(without_own), True)
    assert decisions[0][0] < 0.9 < decisions[2][0]


def test_a_calibration_that_does_not_hold_says_so_and_keeps_saying_it() -> None:
    broken = Calibration(KNOWN.decision, KNOWN.call, KNOWN.value, holds=False)
    assert KNOWN.calibrated
    assert not broken.calibrated
    assert Calibration.from_json(broken.to_json()) == broken
    assert broken.to_json()["calibrated"] is False
    assert "holds" not in KNOWN.to_json()


def test_fields_that_no_sample_lists_are_not_judged() -> None:
    tools = parse_tools([{"name": "call_back", "parameters": {"type": "object", "properties": {}}}])
    listing = Sample(tools, (Message("user", "hi"),), "direct_answer", {"phone": "123"}, None, "Hello.")
    silent = replace(listing, slots={})
    said: Mapping[str, Any] = {"phone": "extra", "plan": "extra"}
    cases: Any = [
        SimpleNamespace(sample=listing, verdict=SimpleNamespace(slots={"phone": "right", "plan": "extra"})),
        SimpleNamespace(sample=silent, verdict=SimpleNamespace(slots=said)),
    ]
    assert slot_outcomes(cases) == [{"phone": True}, {"phone": False}]
