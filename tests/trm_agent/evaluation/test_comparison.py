"""Figures of two evaluations are those of the report, and their interval is what drawing dialogues gives."""

from __future__ import annotations

import random

import pytest

from trm_agent.evaluation.compare import LABELS, Difference, compare
from trm_agent.evaluation.metrics import Verdict, figures


def verdicts(count: int, seed: int) -> list[Verdict]:
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        gold, called = rng.choice([True, False, None]), rng.choice([True, False])
        tool = rng.choice([True, False]) if gold else None
        out.append(
            Verdict(
                gold_call=gold,
                called=called,
                tool_right=tool,
                arguments={"a": rng.choice(["right", "wrong"])} if called and tool else None,
                slots={"a": rng.choice(["right", "missing"])} if rng.random() < 0.8 else None,
                active_slots=frozenset("a") if rng.random() < 0.5 else None,
            )
        )
    return out


def test_every_figure_is_the_one_of_the_report() -> None:
    before, after = verdicts(200, 0), verdicts(200, 1)
    found = compare(before, after, [str(i // 4) for i in range(200)], draws=10)
    assert found.keys() == LABELS.keys()
    for name, difference in found.items():
        one, other = figures(before)[name], figures(after)[name]
        assert (difference.before, difference.after) == (one, other), name
        assert difference.difference == pytest.approx(other - one)


def test_equal_verdicts_differ_in_nothing() -> None:
    same = verdicts(50, 0)
    found = compare(same, same, [str(i // 5) for i in range(50)], draws=50)
    assert all((d.difference, d.low, d.high) == (0, 0, 0) for d in found.values())


def test_an_interval_by_hand() -> None:
    """Two dialogues: in one the decision is lost, in the other not; drawn are both lost, one or none."""
    right, wrong = Verdict(gold_call=True, called=True), Verdict(gold_call=True, called=False)
    found = compare([right, right], [wrong, right], ["a", "b"], draws=4000)["decision_accuracy"]
    assert (found.before, found.after, found.difference) == (1.0, 0.5, -0.5)
    assert (found.low, found.high) == (-1.0, 0.0)
    narrow = compare([right, right], [wrong, right], ["a", "b"], draws=4000, percent=40)["decision_accuracy"]
    assert (narrow.low, narrow.high) == (-0.5, -0.5)


def test_a_dialogue_is_drawn_whole() -> None:
    right, wrong = Verdict(gold_call=True, called=True), Verdict(gold_call=True, called=False)
    before, after = [right] * 8, [right, wrong] * 4
    together = compare(before, after, ["a"] * 8, draws=200)["decision_accuracy"]
    assert (together.low, together.high) == (-0.5, -0.5)
    alone = compare(before, after, list("abcdefgh"), draws=200)["decision_accuracy"]
    assert alone.low is not None
    assert alone.low < -0.5


def test_what_has_no_labels_is_null() -> None:
    found = compare([Verdict()], [Verdict()], ["a"])
    assert set(found.values()) == {Difference(None, None)}


def test_verdicts_of_other_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1, 2 and 1"):
        compare([Verdict()], [Verdict()] * 2, ["a"])
