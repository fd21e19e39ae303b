"""CLINC150: few tools, often without description or without the right one, to train on; all 150 to be judged by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.single_requests import intent_tools
from trm_agent.errors import DataError

ROWS = [["hand me some cash advice", "balance"], ["wake me when it is eight", "alarm"]] * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = {
        f"{prefix}{split}": ROWS if not prefix else [["who paints best", "oos"]]
        for split in ("train", "val", "test")
        for prefix in ("", "oos_")
    }
    (tmp_path / "data_full.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


def test_there_are_150_tools_each_described_in_ten_domains() -> None:
    tools = intent_tools("clinc150")
    assert len(tools) == 150
    assert len({domain for domain, _ in tools.values()}) == 10
    assert all(tool.description and not tool.parameters for _, tool in tools.values())


def test_in_training_tools_vary_and_the_right_one_may_be_absent(folder: Path) -> None:
    samples = list(corpus("clinc150")(folder, Options()))
    assert len(samples) == 81
    absent = [s for s in samples if s.meta["subset"].endswith("/absent")]
    calls = [s for s in samples if s.tool]
    assert 3 <= len(absent) <= 25
    assert all(s.decision == "direct_answer" and s.meta["intent"] is None for s in absent)
    assert all(s.tool and s.tool == {"name": s.meta["intent"], "arguments": {}} for s in calls)
    assert all(4 <= len(s.tools) - bool(s.tool) <= 25 for s in samples)
    described = [bool(s.tools[0].description) for s in samples]
    assert 20 < sum(described) < 60
    assert all(bool(t.description) == d for s, d in zip(samples, described, strict=True) for t in s.tools)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_benchmark_offers_all_tools_described_in_one_order(folder: Path, split: str) -> None:
    samples = list(corpus("clinc150")(folder, Options(split=split)))
    assert {len(s.tools) for s in samples} == {150}
    assert len({tuple(t.name for t in s.tools) for s in samples}) == 1
    assert all(t.description for t in samples[0].tools)
    assert {s.meta["seen"] for s in samples} == {False}
    out = [s for s in samples if s.meta["domain"] == "oos"]
    assert [(s.decision, s.tool, s.meta["intent"]) for s in out] == [("direct_answer", None, None)]
    assert sum(s.tool is not None for s in samples) == 80


def test_domains_and_intents_can_be_held_out(folder: Path) -> None:
    def intents(**wanted: frozenset[str]) -> set[str | None]:
        return {s.meta["intent"] for s in corpus("clinc150")(folder, Options(split="val", **wanted))}

    assert intents(hold_out=frozenset({"banking"})) == {"alarm", None}
    assert intents(only=frozenset({"balance"})) == {"balance"}


def test_an_unknown_intent_or_a_missing_split_is_named(folder: Path) -> None:
    file = folder / "data_full.json"
    file.write_text(json.dumps({"train": [["x", "fly"]], "oos_train": []}), encoding="utf-8")
    with pytest.raises(DataError, match="unknown intent 'fly'; expected one of the 150 of clinc150"):
        list(corpus("clinc150")(folder, Options()))
    with pytest.raises(DataError, match=r"data_full\.json: expected lists of \[text, intent\] under val and oos_val"):
        list(corpus("clinc150")(folder, Options(split="val")))
