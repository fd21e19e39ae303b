"""The recursion recipe trains every arm with every seed, goes on where it was, and says what the recursion adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.compare_recursion import main, spread, table
from tests.recipes.test_train_router import samples
from trm_agent.checkpoint import load_checkpoint
from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.testing import HashingEncoder
from trm_agent.training.episodes import read_episodes
from trm_agent.training.optimizer import training_texts


def test_arms_differ_as_they_say_and_are_not_trained_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())
    data, output = tmp_path / "samples.jsonl", tmp_path / "runs"
    write_samples(data, samples(3))
    Vocabulary(training_texts(read_episodes([data])), HashingEncoder()).save(output / "encoded")
    options = ["--data", str(data), "--dev", str(data), "--output", str(output), "--preset", "tiny", "--steps", "2"]
    assert main([*options, "--seeds", "0", "--arms", "trm", "plain_compute", "--compute", "2"]) == 0
    rows = json.loads((output / "results.json").read_text(encoding="utf-8"))
    assert [(row["arm"], row["seed"], row["steps"]) for row in rows] == [("trm", 0, 2), ("plain_compute", 0, 4)]
    assert [load_checkpoint(output / f"{row['arm']}-0").model.config.plain for row in rows] == [False, True]
    assert 0 <= rows[0]["figures"]["decision"]["all"] <= 1

    monkeypatch.setattr("recipes.compare_recursion.run", lambda *_: pytest.fail("trained again"))
    assert main([*options, "--seeds", "0", "--arms", "trm"]) == 0


def test_an_arm_that_cannot_be_trained_ends_with_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.jsonl")
    assert main(["--data", missing, "--dev", missing, "--output", str(tmp_path / "runs"), "--arms", "trm"]) == 1
    assert "none.jsonl" in capfd.readouterr().err


def row(arm: str, seed: int, figure: float | None) -> dict[str, Any]:
    figures = {"all": figure, "unseen": figure}
    names = ("decision", "tool", "whole call", "joint goal", "active goal")
    return {"arm": arm, "seed": seed, "steps": 5, "cpu_seconds": 7, "figures": dict.fromkeys(names, figures)}


def test_differences_are_taken_seed_by_seed() -> None:
    rows = [row("trm", 0, 0.5), row("trm", 1, 0.7), row("plain", 0, 0.4), row("plain", 1, 0.6), row("n2", 5, 0.1)]
    first, second = table(rows).split("\n\n")
    assert "| 0.600 ± 0.141 |" in first, "mean and sample deviation of .5 and .7"
    assert "`n2`" in first, "trained"
    assert "`n2`" not in second, "there is no run of trm with its seed"
    assert "| `plain` | 2 | +10.0 ± 0.0 |" in second
    assert len({line.count("|") for line in first.splitlines()}) == 1


def test_what_has_no_figure_is_a_dash() -> None:
    assert spread([None]) == "–"
    assert spread([None, 0.25]) == "0.250"
    assert spread([-1.0], digits=1, signed=True) == "-1.0"
