"""The steps recipe judges one router with more and fewer supervision steps, and with decisions that stop early."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.supervision_steps import main
from tests.recipes.test_train_router import samples
from trm_agent.checkpoint import Checkpoint
from trm_agent.data.jsonl import write_samples
from trm_agent.testing import HashingEncoder, tiny_model, tiny_router


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_samples(tmp_path / "dev.jsonl", samples(3))
    return tmp_path / "dev.jsonl"


def options(data: Path, *more: str) -> list[str]:
    known = ["--data", str(data), "--checkpoint", str(data.parent / "tiny"), "--draws", "20"]
    return [*known, "--output", str(data.parent / "steps.json"), *more]


def test_steps_and_policies_stand_in_table_file_and_picture(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_router(seed=1).save_pretrained(data.parent / "tiny")
    table = data.parent / "steps.md"
    assert main(options(data, "--most", "3", "--thresholds", "0", "1", "--markdown", str(table))) == 0
    result = json.loads((data.parent / "steps.json").read_text(encoding="utf-8"))
    assert (result["samples"], result["dialogues"], result["configured_steps"]) == (12, 3, 2)
    rows = {(row["policy"], row["threshold"], row["most"]): row for row in result["rows"]}
    fixed = [rows["fixed", None, most] for most in (1, 2, 3)]
    assert [row["mean_steps"] for row in fixed] == [1, 2, 3]
    assert all(found["difference"] == 0 for found in fixed[1]["figures"].values()), "as configured"
    at_once, never = rows["halt", 0, 3], rows["halt", 1, 3]
    assert at_once["mean_steps"] == 1
    assert [d["after"] for d in at_once["figures"].values()] == [d["after"] for d in fixed[0]["figures"].values()]
    assert (never["taken"], never["figures"]) == ({"3": 12}, fixed[2]["figures"])
    assert 2 <= rows["unchanged", None, 3]["mean_steps"] <= 3
    assert rows["halt or unchanged", 0, 3]["mean_steps"] == 1
    assert [turn["turn"] for turn in fixed[0]["turns"]] == [1, 2, 3]
    assert (data.parent / "steps.png").stat().st_size > 0
    out = capsys.readouterr().out
    assert "12 samples of 3 dialogues; configured: 2" in out
    assert "halt or unchanged" in out
    lines = table.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + len(rows)
    assert len({line.count("|") for line in lines}) == 1


def test_a_plain_checkpoint_is_refused_in_one_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encoder = HashingEncoder()
    Checkpoint(tiny_model(plain=True), encoder.name, encoder.fingerprint).save(data.parent / "tiny")
    assert main(options(data)) == 1
    assert "a plain checkpoint answers once; expected one that recurs" in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    known = ["--data", "a.jsonl", "--output", "b.json"]
    for wrong, message in (
        (["--most", "0"], "--most must be at least 1, got 0"),
        (["--thresholds", "90"], "--thresholds are probabilities in [0, 1], got 90.0"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main([*known, *wrong])
        assert message in capsys.readouterr().err
