"""The latency recipe times made-up turns, each with the messages it promises."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trm_agent.log import logger
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import parse_history, parse_tools

RECIPE = Path(__file__).parents[2] / "recipes" / "benchmark_latency.py"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_latency", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def log_left_as_found() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


def test_every_row_is_measured_and_printed(
    recipe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())
    tiny_router().save_pretrained(tmp_path / "tiny")
    output = tmp_path / "latency.json"
    arguments = ["--checkpoint", str(tmp_path / "tiny"), "--tools", "2", "7", "--messages", "3", "6", "--turns", "2"]
    assert recipe.main([*arguments, "--threads", "1", "--output", str(output)]) == 0
    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert [(row["tools"], row["messages"]) for row in rows[::3]] == [(2, 3), (2, 6), (7, 3), (7, 6)]
    assert [row["way"] for row in rows[:3]] == ["state", "replay", "cold"]
    assert all(0 < row["total"]["p50"] <= row["total"]["p95"] for row in rows)
    captured = capsys.readouterr()
    assert captured.out.count("replay") == 4
    assert "does not fit" not in captured.err


@pytest.mark.parametrize("messages", [1, 2, 3, 10, 201])
def test_a_conversation_has_so_many_messages_ends_with_the_user_and_repeats_nothing(
    recipe: ModuleType, messages: int
) -> None:
    history = parse_history(recipe.make_conversation(max(messages, 1), random.Random(0)))
    assert len(history) == messages
    assert history[-1].role == "user"
    assert len({message.text for message in history}) == messages


def test_tools_are_different_and_well_formed(recipe: ModuleType) -> None:
    tools = parse_tools(recipe.make_tools(50, random.Random(0)))
    assert len(tools) == 50
    assert all(2 <= len(tool.parameters) <= 5 and len(tool.required) == 2 for tool in tools)


def test_wrong_usage_is_exit_code_2(recipe: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--tools", "0"], "--tools must be between 1 and 110"),
        (["--messages", "2"], "--messages must be at least 3, --turns and --threads at least 1"),
    ):
        with pytest.raises(SystemExit, match="2"):
            recipe.main(arguments)
        assert message in capsys.readouterr().err


def test_a_missing_checkpoint_is_exit_code_1(
    recipe: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recipe.main(["--checkpoint", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: no such checkpoint folder\n"
