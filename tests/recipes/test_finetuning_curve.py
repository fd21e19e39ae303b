"""The curve trains on whole dialogues of one half, tests on the other, and keeps what every run was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.finetuning_curve import draw_logs, hold_back, main, split_dialogues
from tests.recipes.test_train_router import samples
from trm_agent.data.jsonl import write_samples
from trm_agent.errors import DataError
from trm_agent.testing import HashingEncoder, tiny_router


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten dialogues, elsewhere two, and a tiny checkpoint."""
    for module in ("trm_agent.checkpoint", "trm_agent.encoder.sentence"):
        monkeypatch.setattr(f"{module}.load_encoder", lambda *_, **__: HashingEncoder())
    write_samples(tmp_path / "logs.jsonl", samples(10))
    write_samples(tmp_path / "other.jsonl", samples(2))
    tiny_router().save_pretrained(tmp_path / "tiny")
    return tmp_path


def test_halves_share_no_dialogue_and_the_seed_draws_them(files: Path) -> None:
    split = split_dialogues(files / "logs.jsonl", 0, 3)
    train, test = {d[0].meta["dialogue"] for d in split.train}, {s.meta["dialogue"] for s in split.test}
    assert (len(train), len(test)) == (5, 3)
    assert not train & test
    assert split == split_dialogues(files / "logs.jsonl", 0, 3)
    assert split != split_dialogues(files / "logs.jsonl", 1, 3)


def test_whole_dialogues_are_drawn_until_there_are_enough(files: Path) -> None:
    dialogues = split_dialogues(files / "logs.jsonl", 0, 3).train
    assert [len(d) for d in draw_logs(dialogues, 9, 0)] == [4, 4, 4]
    assert draw_logs(dialogues, 0, 0) == []
    with pytest.raises(DataError, match="the training half holds 20 samples, 21 are wanted"):
        draw_logs(dialogues, 21, 0)
    assert hold_back(dialogues, 0.2) == 1
    assert hold_back(dialogues, 0.19) == 0


def test_the_recipe_writes_figures_table_and_curves(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "curve.json"
    options = ["--data", str(files / "logs.jsonl"), "--elsewhere", str(files / "other.jsonl"), "--output", str(out)]
    options += ["--init", str(files / "tiny"), "--sizes", "4", "8", "--figure", str(files / "curve.png")]
    options += ["--runs", str(files / "runs"), "--train-options", "--steps 2 --no-amp --device cpu"]
    assert main(options) == 0
    found = json.loads(out.read_text())
    assert [(run["variant"], run["size"]) for run in found["runs"]] == [("as they are", 0), ("logs", 4), ("logs", 8)]
    assert all(run["calibrated"] is False for run in found["runs"])
    assert set(found["runs"][0]["elsewhere"]) == {"made"}
    assert (files / "curve.png").stat().st_size > 0
    assert capsys.readouterr().out.startswith("| weights | samples |")


def test_everything_held_back_is_wrong_usage(files: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--data", str(files / "logs.jsonl"), "--output", "x.json", "--val-share", "1"])
