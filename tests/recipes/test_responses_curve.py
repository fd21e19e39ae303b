"""The learning curve of words is measured and shown, seen and unseen apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.responses_curve import main, table
from tests.trm_agent.responses.test_responses import DIALOGUES
from trm_agent.data.jsonl import write_samples
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router


def test_each_size_is_learned_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sacrebleu")
    samples = [s for n, d in enumerate(DIALOGUES) for s in d if s.meta.update(dialogue=str(n)) is None]
    write_samples(tmp_path / "data.jsonl", samples)
    router = tiny_router()
    monkeypatch.setattr(Router, "from_pretrained", lambda *a, **k: Router(router.checkpoint, HashingEncoder()))
    files = ["--data", str(tmp_path / "data.jsonl"), "--dev", str(tmp_path / "data.jsonl")]
    assert main([*files, "--sizes", "3", "1", "--steps", "20", "--output", str(tmp_path / "o.json")]) == 0
    figures = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))
    assert list(figures["sizes"]) == ["1", "3"]
    assert capsys.readouterr().out == table(figures)
    assert "| 3 | " in table(figures)


def test_sizes_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--data", "a", "--dev", "b", "--output", "c", "--sizes", "0"])
    assert "--sizes must be at least 1, got 0" in capsys.readouterr().err
