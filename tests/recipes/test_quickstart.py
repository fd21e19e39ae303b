"""The quickstart runs offline with the shipped weights and shows what a reader must see."""

from __future__ import annotations

import re

import pytest

from recipes.quickstart import FUNCTIONS, USER_LINES, main


def test_it_holds_a_whole_conversation(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["--threads", "1"]) == 0
    shown = capsys.readouterr().out
    assert len(USER_LINES) >= 8
    for line in USER_LINES:
        assert line in shown
    calls = re.findall(r"^call +(\w+)\(", shown, re.MULTILINE)
    assert len(calls) >= 2, "at least two calls are made on the way"
    assert set(calls) <= set(FUNCTIONS)
    assert not shown.split("I'm hungry")[0].count("call  "), "a greeting calls nothing"
    assert re.search(r"missing \w+", shown), "what is missing is named"
    assert re.search(r"span: '[^']+' in message \d+, characters \d+–\d+", shown), "values say where they stand"
    assert re.search(r"confidence [01]\.\d\d", shown)
    assert re.search(r"\d+ decisions, \d+ ms each \(median\), no call to a large model", shown)


def test_a_checkpoint_that_is_not_there_is_one_line(tmp_path, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    assert main(["--checkpoint", str(tmp_path / "none")]) == 1
    assert "no such checkpoint folder" in capfd.readouterr().err
