"""The catalogue recipe decides over lists of every size and says what entered, what was right and what it took."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.benchmark_catalogue import Group, called, main, make_groups
from trm_agent.data.jsonl import write_samples
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Message, Sample, parse_tools


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())


def sample(number: int, *wanted: int) -> Sample:
    tools = parse_tools([{"name": f"tool_{i}", "description": f"do thing{i}"} for i in (*wanted, 99)])
    calls = [{"name": f"tool_{i}", "arguments": {}} for i in wanted]
    history = (Message("user", " and ".join(f"thing{i} please" for i in wanted)),)
    more = tuple(calls) if len(calls) > 1 else ()
    return Sample(tools, history, "tool_call", {}, calls[0], None, id=f"{number}", calls=more)


SAMPLES = [sample(0, 1), sample(1, 2, 3), sample(2, 1, 4), sample(3, 5)]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_samples(tmp_path / "samples.jsonl", SAMPLES)
    pool = [{"name": f"tool_{i}", "description": f"do thing{i}"} for i in range(60)]
    (tmp_path / "pool.json").write_text(json.dumps(pool), encoding="utf-8")
    tiny_router().save_pretrained(tmp_path / "tiny")
    return tmp_path


def options(files: Path, *more: str) -> list[str]:
    known = [
        "--data",
        str(files / "samples.jsonl"),
        "--checkpoint",
        str(files / "tiny"),
        "--turns",
        "3",
        "--threads",
        "1",
    ]
    return [*known, "--pool", str(files / "pool.json"), "--output", str(files / "out" / "c.json"), *more]


def rows(files: Path) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads((files / "out" / "c.json").read_text(encoding="utf-8"))["rows"]
    return held


def test_every_size_is_measured_drawn_and_printed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handlers, level = list(logger.handlers), logger.level
    assert main(options(files, "--sizes", "3", "50", "--limit", "6", "--recall-at", "1", "8")) == 0
    logger.handlers[:], logger.level = handlers, level
    small, large = rows(files)
    assert (small["tools"], small["lists"], large["tools"], large["lists"]) == (3, 2, 50, 1)
    assert small["recall"] == small["recall_at_8"] == 1.0
    assert small["recall_at_1"] < 1.0
    assert 0.5 < large["recall"] <= large["recall_at_8"] <= 1.0
    assert 0 <= large["decision_accuracy"] <= 1
    assert 0 <= large["tool_f1"] <= 1
    assert large["turn_ms"]["p50"] <= large["turn_ms"]["p95"]
    assert large["saved_mb"] > small["saved_mb"] > 0
    assert (files / "out" / "c.png").stat().st_size > 1000
    assert "at most 6 tools" in capsys.readouterr().out


def test_recall_alone_needs_no_decisions(files: Path) -> None:
    assert main(options(files, "--sizes", "50", "--only-recall", "--recall-at", "8")) == 0
    assert set(rows(files)[0]) == {"tools", "lists", "slots", "recall_at_8"}
    assert not (files / "out" / "c.png").exists()


def test_a_list_holds_what_its_samples_call_and_is_filled_up() -> None:
    pool = parse_tools([{"name": f"tool_{i}"} for i in range(60)])
    groups = make_groups(SAMPLES, pool, 4, random.Random(0))
    assert [len(group.samples) for group in groups] == [3, 1]  # tools 1 to 4, tool 5
    for group in groups:
        names = {tool.name for tool in group.tools}
        assert len(names) == 4
        assert all(called(one) <= names for one in group.samples)
    assert isinstance(groups[0], Group)


def test_what_cannot_be_done_is_named(files: Path) -> None:
    with pytest.raises(DataError, match=r"hold 61 tools, a list of 100 is wanted; give --pool"):
        make_groups(SAMPLES, parse_tools([{"name": f"tool_{i}"} for i in range(60)]), 100, random.Random(0))
    with pytest.raises(DataError, match="1: calls 2 tools, which a list of 1 cannot hold"):
        make_groups(SAMPLES, (), 1, random.Random(0))
    with pytest.raises(SystemExit):
        main(options(files, "--sizes", "0"))
