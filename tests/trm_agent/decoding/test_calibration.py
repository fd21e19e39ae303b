"""Calibration is the identity until data says otherwise, and then the confidences match the frequencies."""

from __future__ import annotations

import json
import logging
import math
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from trm_agent.decoding.calibration import (
    MIN_RECORDS,
    Calibration,
    CalibrationRecord,
    DecisionScores,
    Logistic,
    call_features,
    decision_features,
    fit_calibration,
)
from trm_agent.errors import CheckpointError

ANSWER = DecisionScores(decision=0.7, tool=1.0, margin=0.4, halt=0.5)
CALL = DecisionScores(0.9, 0.8, 0.6, 0.7, arguments=0.5, weakest=0.6, omitted=0.9, values={"city": 0.6})


def records(count: int, seed: int = 0) -> list[CalibrationRecord]:
    """Decisions of an overconfident model: what it says with p is right with p squared."""
    dice = random.Random(seed)
    out = []
    for _ in range(count):
        p, tool, argument = (dice.uniform(0.5, 1) for _ in range(3))
        scores = DecisionScores(p, tool, 2 * p - 1, dice.random(), argument, argument, 1.0, {"city": argument})
        right = dice.random() < (p * tool) ** 2
        value = dice.random() < argument**2
        out.append(CalibrationRecord(scores, right, right and value, {"city": value}))
    return out


def test_the_identity_gives_the_plain_products() -> None:
    identity = Calibration.identity()
    assert identity.decision_confidence(ANSWER) == 0.7
    assert identity.decision_confidence(CALL) == pytest.approx(0.72)
    assert identity.call_confidence(CALL) == pytest.approx(0.36)
    assert identity.value_confidence(0.6) == 0.6
    assert identity.value_confidence(1.2) == 1.0
    assert not identity.calibrated
    assert identity.to_json()["calibrated"] is False


def test_a_logistic_is_computed_by_hand() -> None:
    assert Logistic((2.0, -1.0), 0.5)((1.0, 1.5)) == pytest.approx(1 / (1 + math.exp(-1)))
    assert Logistic((1.0,), 0.0)((1e9,)) == pytest.approx(1)
    assert Logistic((1.0,), 0.0)((-1e9,)) == pytest.approx(0)


def test_a_fitted_value_model_takes_the_logit() -> None:
    sharper = Calibration(value=Logistic((2.0,), 0.0))
    assert sharper.value_confidence(0.8) == pytest.approx(0.64 / (0.64 + 0.04))


def test_certain_scores_stay_finite() -> None:
    certain = DecisionScores(1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    assert all(math.isfinite(feature) for feature in (*decision_features(certain), *call_features(certain)))


def test_confidences_match_the_frequencies_after_fitting() -> None:
    fitted = fit_calibration(records(2000))
    held_out = records(2000, seed=1)
    assert fitted.calibrated
    for name, confidence, right in [
        ("decision", fitted.decision_confidence, lambda r: r.decision_right),
        ("call", fitted.call_confidence, lambda r: r.call_right),
        ("value", lambda s: fitted.value_confidence(s.values["city"]), lambda r: r.values_right["city"]),
    ]:
        said = [(confidence(record.scores), right(record)) for record in held_out]
        for low, high in [(0.0, 0.5), (0.5, 0.75), (0.75, 1.01)]:
            group = [(p, y) for p, y in said if low <= p < high]
            if len(group) > 200:
                mean, rate = (sum(column) / len(group) for column in zip(*group, strict=True))
                assert mean == pytest.approx(rate, abs=0.08), (name, low)


def test_an_overconfident_model_is_taken_down() -> None:
    fitted = fit_calibration(records(2000))
    assert fitted.value_confidence(0.8) == pytest.approx(0.64, abs=0.06)
    assert Calibration.identity().value_confidence(0.8) == 0.8


def test_a_surer_value_is_never_less_confident() -> None:
    fitted = fit_calibration(records(2000))
    confidences = [fitted.value_confidence(step / 20) for step in range(21)]
    assert confidences == sorted(confidences)


def test_too_little_data_leaves_the_identity_and_warns(caplog: pytest.LogCaptureFixture) -> None:
    few = records(MIN_RECORDS - 1)
    with caplog.at_level(logging.WARNING, "trm_agent"):
        assert fit_calibration(few) == Calibration.identity()
    right = sum(bool(record.decision_right) for record in few)
    assert caplog.records[0].message == (
        f"decision confidence stays uncalibrated: {MIN_RECORDS - 1} records, {right} of them right; "
        "at least 40 records and 8 of each kind are needed"
    )
    assert len(caplog.records) == 3
    assert fit_calibration([]) == Calibration.identity()


def test_data_of_one_class_leaves_the_identity(caplog: pytest.LogCaptureFixture) -> None:
    all_right = [CalibrationRecord(CALL, True, True, {"city": True})] * 500
    with caplog.at_level(logging.WARNING, "trm_agent"):
        fitted = fit_calibration(all_right)
    assert fitted == Calibration.identity()
    assert not fitted.calibrated
    assert "500 records, 500 of them right" in caplog.text


def test_what_is_not_judged_does_not_count() -> None:
    half = [CalibrationRecord(record.scores, None, record.call_right, {}) for record in records(200)]
    fitted = fit_calibration(half)
    assert fitted.decision is None
    assert fitted.call is not None
    assert fitted.value is None
    assert not fitted.calibrated


def test_features_that_never_change_do_no_harm() -> None:
    same = [
        CalibrationRecord(DecisionScores(0.8, 1.0, 0.6, 0.5), decision_right=number % 4 != 0) for number in range(200)
    ]
    assert fit_calibration(same).decision_confidence(same[0].scores) == pytest.approx(0.75, abs=0.01)


def test_it_comes_back_from_json_as_it_went() -> None:
    fitted = fit_calibration(records(300))
    assert Calibration.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
    assert Calibration.from_json(Calibration.identity().to_json()) == Calibration.identity()
    assert fitted.to_json()["calibrated"] is True
    assert Calibration.from_json(replace(fitted, ordinary=frozenset({"please"})).to_json()).ordinary == {"please"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "calibration: version 'list'; expected 3"),
        ({}, "calibration: version None; expected 3"),
        ({"version": 4}, "calibration: version 4; expected 3"),
        (
            {"version": 2, "value": {"coefficients": [1]}},
            r"calibration: 'value' must be null or \{coefficients, intercept\}",
        ),
        (
            {"version": 2, "value": {"coefficients": [1, 2], "intercept": 0}},
            r"calibration: 'value' needs 1 finite coefficients, got \[1, 2\]",
        ),
        ({"version": 2, "ordinary": "please"}, "calibration: 'ordinary' must be a list of words, got 'please'"),
        (
            {"version": 2, "value": {"coefficients": [math.nan], "intercept": 0}},
            r"calibration: 'value' needs 1 finite coefficients, got \[nan\]",
        ),
    ],
)
def test_json_that_is_no_calibration_is_refused(data: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        Calibration.from_json(data)


@pytest.mark.parametrize(("version", "known"), [(1, 5), (2, 9)])
def test_a_file_of_an_older_version_means_what_it_meant(version: int, known: int) -> None:
    coefficients = [1, 0.5, 0.25, 0.1, 0.2, 0.1, -0.1, -0.2, -0.3][:known]
    call = {"coefficients": coefficients, "intercept": -1}
    older = Calibration.from_json({"version": version, "call": call})
    assert older.call is not None
    assert older.call.coefficients == (*coefficients, *[0] * (14 - known))
    held = replace(CALL, later=1.0, unread=0.5, unread_numbers=2.0, lists=1.0, shared=1.0, carried=0.5)
    assert older.call_confidence(held) == older.call_confidence(CALL)
    with pytest.raises(CheckpointError, match="'call' needs 14 finite coefficients"):
        Calibration.from_json({"version": 3, "call": call})


def test_what_a_confidence_was_made_of_is_found_again() -> None:
    fitted = fit_calibration(records(2000))
    for probability in (0.01, 0.3, 0.9, 0.999):
        assert fitted.value_score(fitted.value_confidence(probability)) == pytest.approx(probability)
    assert Calibration.identity().value_score(0.6) == 0.6


def test_what_a_request_leaves_unread_counts_apart_for_the_first_and_for_later_ones() -> None:
    unread = replace(CALL, unread=0.5, unread_numbers=2.0)
    assert call_features(unread) == call_features(CALL)
    assert call_features(replace(unread, opening=1.0))[6:11] == (1.0, 0.5, pytest.approx(math.log(3)), 0.0, 0.0)
    assert call_features(replace(unread, later=1.0))[6:11] == (0.0, 0.0, 0.0, 0.5, pytest.approx(math.log(3)))
    assert call_features(replace(CALL, calls=2.0))[5] == pytest.approx(math.log(2))
    held = replace(CALL, lists=1.0, shared=2.0, carried=0.5)
    assert call_features(held)[11:] == (pytest.approx(math.log(2)), 1.0, 0.5)


def test_scores_survive_the_way_through_a_decision_record() -> None:
    class Record:
        scores = CALL.to_json()

    assert DecisionScores.of(Record()) == CALL  # type: ignore[arg-type]
    Record.scores = ANSWER.to_json()
    assert DecisionScores.of(Record()) == ANSWER  # type: ignore[arg-type]
    assert not ANSWER.is_call
    assert CALL.is_call


def test_using_a_calibration_loads_no_scikit_learn() -> None:
    program = "import sys; from trm_agent import decoding; sys.exit(bool({'sklearn', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
