"""Requests beside the tools nearest to them: the right one is there, or nothing is to be called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import trm_agent.encoder.sentence
from recipes.nearest_tools import main
from trm_agent.data.jsonl import read_samples, write_samples
from trm_agent.testing import HashingEncoder
from trm_agent.types import Message, Sample, parse_tools

THINGS = ["hotel", "flight", "parcel", "invoice", "doctor", "concert", "taxi", "lesson", "song", "table"]
VERBS = ["find", "book", "cancel", "list"]
TOOLS = parse_tools(
    [
        {"name": f"{verb}_{thing}", "description": f"{verb} the {thing}", "parameters": {}}
        for verb in VERBS
        for thing in THINGS
    ]
)


@pytest.fixture(autouse=True)
def _encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trm_agent.encoder.sentence, "load_encoder", lambda *_: HashingEncoder(128))


def request(i: int, **meta: Any) -> Sample:
    """Asks for one tool, beside that and two others."""
    tool = TOOLS[i]
    text = f"please {tool.description} for me, number {i}"
    offered = (TOOLS[(i + 7) % 40], tool, TOOLS[(i + 19) % 40])
    meta = {"intent": tool.name, "subset": "test", **meta}
    call = {"name": tool.name, "arguments": {}}
    return Sample(offered, (Message("user", text),), "tool_call", {}, call, None, str(i), meta=meta)


def made(folder: Path, samples: list[Sample], *options: str) -> list[Sample]:
    write_samples(folder / "in.jsonl", samples)
    code = main(["--data", str(folder / "in.jsonl"), "--output", str(folder / "out.jsonl"), *options])
    assert code == 0
    return list(read_samples(folder / "out.jsonl"))


def test_the_right_tool_stands_beside_the_nearest(tmp_path: Path) -> None:
    samples = [request(i) for i in range(40)]
    out = made(tmp_path, samples, "--least", "6", "--most", "6", "--absent", "0")
    assert [s.tool for s in out] == [s.tool for s in samples]
    shared = 0
    for sample in out:
        names = [tool.name for tool in sample.tools]
        assert len(names) == len(set(names)) == 6
        assert sample.tool is not None
        verb, thing = sample.tool["name"].split("_")
        shared += sum(name != f"{verb}_{thing}" and (verb in name or thing in name) for name in names)
    assert shared > 0.9 * 5 * len(out), "those that share a word are nearer than all others"


def test_without_the_right_tool_nothing_is_called(tmp_path: Path) -> None:
    out = made(tmp_path, [request(i) for i in range(40)], "--absent", "1")
    for i, sample in enumerate(out):
        assert (sample.decision, sample.tool, sample.meta["intent"]) == ("direct_answer", None, None)
        assert sample.meta["subset"] == "test/absent"
        assert TOOLS[i].name not in {tool.name for tool in sample.tools}


def test_what_cannot_be_told_is_left_out(tmp_path: Path) -> None:
    longer = Sample(
        TOOLS[:3], (Message("user", "hi"), Message("assistant", "Hello"), Message("user", "ok")),
        "direct_answer", {}, None, "Fine.", "long", meta={"intent": None},
    )  # fmt: skip
    taken = Sample(
        TOOLS[:3], (Message("user", "hi"),), "direct_answer", {}, None, None, "taken",
        meta={"intent": None, "subset": "x/absent"},
    )  # fmt: skip
    unknown = Sample(TOOLS[:3], (Message("user", "hi"),), "direct_answer", {}, None, None, "unknown", meta={})
    scope = Sample(TOOLS[:3], (Message("user", "hi"),), "direct_answer", {}, None, None, "scope", meta={"intent": None})
    out = made(tmp_path, [*(request(i) for i in range(40)), longer, taken, unknown, scope], "--absent", "0")
    assert len(out) == 41
    assert {sample.id for sample in out} == {*map(str, range(40)), "scope"}


def test_too_few_tools_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_samples(tmp_path / "in.jsonl", [request(0)])
    assert main(["--data", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl")]) == 1
    assert not (tmp_path / "out.jsonl").exists()
