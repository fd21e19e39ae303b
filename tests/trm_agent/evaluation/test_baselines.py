"""The baselines learn what they can from a handful of samples, and claim nothing beyond it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.trm_agent.evaluation_doubles import TOOLS, sample
from trm_agent.encoder.sentence import EncodedText
from trm_agent.errors import DataError
from trm_agent.evaluation.baselines import run_baselines

WORDS = ["table", "weather", "reserve", "hi", "thanks", "rain", "tell"]
TABLE = ("book_table", {"city": "Rome", "guests": 2})
WEATHER = ("get_weather", {"place": "Rome"})


class WordEncoder:
    """One dimension a word."""

    name = "words"
    fingerprint = "w"
    width = len(WORDS)

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        rows = [np.array([float(word in text.lower()) for word in WORDS], np.float32) for text in texts]
        empty = np.zeros((0, 2), np.int32)
        return [
            EncodedText(row / max(1.0, float(np.linalg.norm(row))), np.zeros((0, 7), np.float16), empty) for row in rows
        ]

    def token_ids(self, text: str) -> list[int]:
        return []


TRAIN = [
    *[sample(history=[text]) for text in ("hi", "thanks", "hi thanks", "hi")],
    *[sample(TABLE, history=[text]) for text in ("a table", "reserve a table", "table, reserve")],
    *[sample(WEATHER, history=[text]) for text in ("rain", "will it rain", "rain table", "rain?")],
]


def test_the_majority_decides_always_alike() -> None:
    found = run_baselines(TRAIN, [sample(history=["hi"]), sample(TABLE), sample(TABLE)], WordEncoder())["majority"]
    group = found["groups"]["all"]
    assert (group["decision_accuracy"], group["over_trigger_rate"], group["under_trigger_rate"]) == (2 / 3, 1.0, 0.0)
    assert group["tool_accuracy"] is None
    assert group["confidence"]["auroc"] is None


def test_logistic_regression_tells_a_greeting_from_a_request() -> None:
    samples = [sample(history=["thanks"], seen=True), sample(TABLE, history=["a table"], seen=False)]
    found = run_baselines(TRAIN * 5, samples, WordEncoder())["logistic_regression"]
    assert found["groups"]["all"]["decision_accuracy"] == 1.0
    assert found["groups"]["unseen"]["under_trigger_rate"] == 0.0
    assert found["after_user"]["all"]["n"] == 2


def test_the_nearest_tool_is_found_by_name_and_description() -> None:
    samples = [
        sample(TABLE, history=["reserve"]),
        sample(WEATHER, history=["tell"]),
        sample(WEATHER, history=["table"]),
    ]
    group = run_baselines(TRAIN, samples, WordEncoder())["nearest_tool"]["groups"]["all"]
    assert group["tool_accuracy"] == 2 / 3
    assert group["decision_accuracy"] is None


def test_the_nearest_calls_vote_and_keep_silent_on_tools_never_called() -> None:
    samples = [
        sample(WEATHER, history=["rain table"]),
        sample(TABLE, history=["reserve"]),
        sample(("get_weather", {}), history=["rain"], tools=TOOLS[1:]),
    ]
    assert run_baselines(TRAIN, samples, WordEncoder())["nearest_calls"]["groups"]["all"]["tool_accuracy"] == 1.0
    only_tables = [s for s in TRAIN if not (s.tool and s.tool["name"] == "get_weather")]
    group = run_baselines(only_tables, samples[:2], WordEncoder())["nearest_calls"]["groups"]["all"]
    assert group["tool_accuracy"] == 1.0  # of the one sample whose tool was called in training


def test_unknown_decisions_are_neither_learned_nor_judged() -> None:
    unknown = [sample(history=["hi"], decision_known=False)] * 9
    found = run_baselines([*TRAIN, *unknown], [sample(history=["hi"], decision_known=False)], WordEncoder())
    assert found["majority"]["groups"]["all"]["decision_accuracy"] is None


def test_at_most_so_many_training_samples_are_kept() -> None:
    with pytest.raises(DataError, match=r"holds only (tool_call|direct_answer); both decisions are needed"):
        run_baselines(TRAIN, [sample()], WordEncoder(), limit=1)


def test_training_data_without_known_decisions_is_an_error() -> None:
    with pytest.raises(DataError, match="holds no samples with a known decision; both decisions are needed"):
        run_baselines([], [sample()], WordEncoder())
