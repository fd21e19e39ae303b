"""The confidence recipe holds three confidences against what they should tell, in table, file and picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from recipes.compare_confidence import COMPARED, FIGURES, SPLITS, main, scored, whole_turn
from tests.recipes.test_train_router import samples
from trm_agent.data.jsonl import write_samples
from trm_agent.evaluation.run import evaluate
from trm_agent.testing import HashingEncoder, tiny_router


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())


def test_every_confidence_has_a_row_for_each_thing_and_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [replace(s, meta={**s.meta, "seen": i % 2 == 0}) for i, s in enumerate(samples(3))]
    write_samples(tmp_path / "dev.jsonl", made)
    tiny_router(seed=1).save_pretrained(tmp_path / "tiny")
    output, table = tmp_path / "confidence.json", tmp_path / "confidence.md"
    options = ["--data", str(tmp_path / "dev.jsonl"), "--checkpoint", str(tmp_path / "tiny")]
    assert main([*options, "--output", str(output), "--markdown", str(table)]) == 0
    result = json.loads(output.read_text(encoding="utf-8"))
    assert (result["samples"], result["dialogues"]) == (12, 3)
    rows = {(row["right"], row["split"], row["by"]): row for row in result["rows"]}
    assert len(rows) == len(COMPARED) * len(SPLITS) * 3
    decisions = [rows["decision and tool", split, "halting head"]["n"] for split in SPLITS]
    assert decisions == [12, 6, 6]
    assert set(FIGURES) <= set(rows["whole turn", "all", "calibrated"])
    assert output.with_suffix(".png").stat().st_size > 0
    assert "12 samples of 3 dialogues" in capsys.readouterr().out
    lines = table.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + len(rows)


def test_the_raw_scores_are_those_of_the_decision() -> None:
    cases = evaluate(tiny_router(seed=1), samples(1), latency_turns=0).cases
    right, confidences = COMPARED["decision and tool"]
    for (halt, _), (product, _), case in zip(
        scored(cases, right, confidences["halting head"]),
        scored(cases, right, confidences["product"]),
        cases,
        strict=True,
    ):
        assert halt == case.decision.scores["halt"]
        assert product == case.decision.scores["decision"] * case.decision.scores["tool"]


def test_a_whole_turn_needs_the_state_too() -> None:
    (case, *_) = evaluate(tiny_router(seed=1), samples(1), latency_turns=0).cases
    fine = replace(case.verdict, gold_call=False, called=False, tool_right=None, arguments=None, slots={"a": "right"})
    assert whole_turn(replace(case, verdict=fine)) is True
    assert whole_turn(replace(case, verdict=replace(fine, slots={"a": "extra"}))) is False
    assert whole_turn(replace(case, verdict=replace(fine, slots=None))) is None


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert main(["--data", str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "x.json")]) == 1
