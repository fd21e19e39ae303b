"""A MetaTool request calls its one tool, without arguments; Task 1 stays out of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.metatool import convert
from trm_agent.errors import DataError
from trm_agent.types import Sample

TOOLS = {f"tool_{i}": f"Serves purpose {i}." for i in range(20)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [f"Please serve purpose {i} for case {n},tool_{i}" for i in range(20) for n in range(5)]
    rows += [
        "Please SERVE purpose 3 for case 1!,tool_3",
        "Do two things at once,tool_1",
        "Do two things at once,tool_2",
        "Sure thing,tool_4",
        "Is this asked in the task?,tool_5",
    ]
    task = [
        {"query": "is this asked in the task", "label": "positive", "tool": "tool_5"},
        {"query": "Tell me a joke", "label": "negative"},
    ]
    (tmp_path / "all_clean_data.csv").write_text("\n".join(["Query,Tool", *rows]), encoding="utf-8")
    (tmp_path / "plugin_des.json").write_text(json.dumps(TOOLS), encoding="utf-8")
    (tmp_path / "Task1.json").write_text(json.dumps(task), encoding="utf-8")
    return tmp_path


def samples(folder: Path, **options: Any) -> list[Sample]:
    return list(convert(folder, Options(**options)))


def test_training_has_each_request_once_and_none_of_task_1(folder: Path) -> None:
    found = samples(folder)
    said = [sample.history[0].content for sample in found]
    assert len(said) == 100
    assert not [text for text in said if "task" in text or "two things" in text or "Sure" in text]


def test_a_call_has_no_arguments_and_sometimes_its_tool_is_gone(folder: Path) -> None:
    found = samples(folder)
    for sample in found:
        names = [tool.name for tool in sample.tools]
        assert 1 <= len(names) <= 13
        purpose = f"tool_{str(sample.history[0].content).split()[3]}"
        if sample.decision == "tool_call":
            assert sample.tool == {"name": purpose, "arguments": {}}
            assert sample.meta["intent"] == purpose
        else:
            assert purpose not in names
            assert (sample.meta["intent"], sample.meta["subset"]) == (None, "train/absent")
    assert 4 <= sum(sample.decision == "direct_answer" for sample in found) <= 25


def test_task_1_has_as_many_tools_on_every_list(folder: Path) -> None:
    needed, not_needed = samples(folder, split="task1", distractors=4)
    assert needed.tool == {"name": "tool_5", "arguments": {}}
    assert (not_needed.decision, not_needed.meta["intent"]) == ("direct_answer", None)
    assert len(needed.tools) == len(not_needed.tools) == 5
    assert [len(sample.tools) for sample in samples(folder, split="task1")] == [10, 10]


def test_tools_can_be_held_out_whole(folder: Path) -> None:
    found = samples(folder, hold_out=frozenset({"tool_7"}))
    assert all(tool.name != "tool_7" for sample in found for tool in sample.tools)
    assert {s.meta["intent"] for s in samples(folder, only=frozenset({"tool_7"}))} <= {"tool_7", None}


def test_problems_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match="unknown split 'test'; expected train or task1"):
        samples(folder, split="test")
    (folder / "all_clean_data.csv").write_text("Query\nhello", encoding="utf-8")
    with pytest.raises(DataError, match="no column Tool; expected Query and Tool"):
        samples(folder)
