"""The latency recipe times made-up turns, each with the messages it promises."""

from __future__ import annotations

import importlib.util
import json
import os
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from recipes.latency import made_up
from recipes.latency.clock import interpreted, timed, yardstick
from recipes.latency.peers import OURS, PEERS, peer_rows
from recipes.latency.starts import growth_rows, start_rows
from trm_agent.log import logger
from trm_agent.router import Router
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
    arguments += ["--threads", "1", "--starts", "0", "--conversations", "0", "--peers", "encoder", "--peer-runs", "2"]
    arguments += ["--batch-decisions", "8", "--bind-rounds", "1"]
    assert recipe.main([*arguments, "--output", str(output)]) == 0
    figures = json.loads(output.read_text(encoding="utf-8"))
    rows = figures["turns"]
    assert [(row["tools"], row["messages"]) for row in rows[::4]] == [(2, 3), (2, 6), (7, 3), (7, 6)]
    assert [row["way"] for row in rows[:4]] == ["short", "state", "replay", "cold"]
    assert all(0 < row[part]["p50"] <= row[part]["p95"] <= row[part]["p99"] for row in rows for part in ("cpu", "wall"))
    assert [row["peer"] for row in figures["peers"]][1:] == ["the encoder alone"]
    assert [row["tools"] for row in figures["bind"]] == [2, 7]
    assert [row["batch"] for row in figures["batches"]] == [1, 8, 32]
    assert figures["about"]["yardstick_ms"] > 0
    captured = capsys.readouterr()
    assert captured.out.count("replay") == 4
    assert output.with_suffix(".md").read_text(encoding="utf-8") in captured.out
    assert "does not fit" not in captured.err


def test_a_peer_that_is_not_installed_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    missing = ("no_such_module", "how")
    monkeypatch.setattr("recipes.latency.peers.NEEDS", {"semantic-router": missing, "causal": missing})
    logger.addHandler(caplog.handler)
    try:
        rows = peer_rows(tiny_router(), PEERS, 1, random.Random(0))
    finally:
        logger.removeHandler(caplog.handler)
    assert [row["peer"] for row in rows] == [OURS, "the encoder alone"]
    assert rows[0]["times"] == 1
    assert "semantic-router is left out: no_such_module is not installed (how)" in caplog.text


def test_a_start_loads_little_and_a_turn_costs_few_yardsticks() -> None:
    """Generous: about twice what a start and a turn cost when this was written.

    A turn and its two yardsticks, of products and of plain Python, are taken side by side, and a good one of the pairs
    counts: what else the machine does may slow either down.
    """
    cold, warm = start_rows(1)
    for row in (cold, warm):
        assert row["heavy"] == []
        assert row["modules"] < 1_800
        assert row["memory_mb"] < 450
    assert warm["until"]["second answer"]["cpu"] < 1.2 * cold["until"]["second answer"]["cpu"]
    rng = random.Random(0)
    bound = Router.from_pretrained(threads=1, keep_tools=False).bind(made_up.make_tools(5, rng))
    known = made_up.make_conversation(8, rng)
    state = bound.decide(known).state
    ratios = [
        timed(partial(bound.decide, [*known, *made_up.make_exchange(rng)], state=state))[1].cpu
        / (yardstick(3) + interpreted(3))
        for _ in range(12)
    ]
    assert sorted(ratios)[1] < 20, ratios


@pytest.mark.slow
def test_memory_stays_flat_once_the_memories_are_full() -> None:
    """`TRM_MEMORY_CONVERSATIONS` plays more of them."""
    count = int(os.environ.get("TRM_MEMORY_CONVERSATIONS", "20"))
    sizes = dict(growth_rows(count, capacity=4 << 20))
    full = min(number for number in sizes if number >= count // 2)
    assert sizes[count] - sizes[full] < 20 + 0.1 * (count - full), sizes


@pytest.mark.parametrize("messages", [1, 2, 3, 10, 201])
def test_a_conversation_has_so_many_messages_ends_with_the_user_and_repeats_nothing(
    messages: int,
) -> None:
    history = parse_history(made_up.make_conversation(max(messages, 1), random.Random(0)))
    assert len(history) == messages
    assert history[-1].role == "user"
    assert len({message.text for message in history}) == messages


def test_tools_are_different_and_well_formed() -> None:
    tools = parse_tools(made_up.make_tools(50, random.Random(0)))
    assert len(tools) == 50
    assert all(2 <= len(tool.parameters) <= 5 and len(tool.required) == 2 for tool in tools)


def test_wrong_usage_is_exit_code_2(recipe: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--tools", "0"], "--tools must be between 1 and 110"),
        (["--messages", "2"], "--messages must be at least 3, --turns, --threads and --peer-runs at least 1"),
    ):
        with pytest.raises(SystemExit, match="2"):
            recipe.main(arguments)
        assert message in capsys.readouterr().err


def test_a_missing_checkpoint_is_exit_code_1(
    recipe: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recipe.main(["--checkpoint", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: no such checkpoint folder\n"
