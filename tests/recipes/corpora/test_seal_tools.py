"""A Seal-Tools request keeps what can be known from it; tools of the benchmark stay out of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.seal_tools import convert
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.values import validates


def tool(name: str, required: list[str], **parameters: str) -> dict[str, Any]:
    properties = {key: {"type": kind, "description": f"The {key}"} for key, kind in parameters.items()}
    return {
        "api_name": name,
        "api_description": f"Serve {name}",
        "field": "Town/Parks",
        "parameters": properties,
        "required": required,
        "responses": {},
    }


TOOLS = [
    tool("openPark", ["park"], park="str", hours="int"),
    tool("countTrees", ["park"], park="str", since="str", height="float"),
    tool("paintBench", ["colour"], colour="str"),
    *(tool(f"spare{letter}", [], thing="str") for letter in "abcdefghijklmnop"),
]


def request(name: str, query: str, *calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "query": query, "calling": [{"api": a, "parameters": p, "responses": []} for a, p in calls]}


DEV = [
    *(
        request(f"dev-easy-{i}", f"Open Elm Park for {i} hours", ("openPark", {"park": "Elm Park", "hours": str(i)}))
        for i in range(2, 40)
    ),
    request(
        "dev-difficult-0",
        "Open Elm Park. Then count its trees taller than 3.5 since May 2, 2021 in Elm Park.",
        ("openPark", {"park": "Elm Park"}),
        ("countTrees", {"park": "Elm Park", "since": "2021-05-02", "height": "3.5"}),
    ),
    request("dev-difficult-1", "Open it, then count", ("openPark", {"park": "API_call_0"})),
    request("dev-easy-90", "Open the specified park", ("openPark", {"park": "park"})),
    request("dev-easy-91", "Open Oak Park", ("openPark", {"park": "Oak Park", "hours": 9})),
    request("dev-easy-92", "Paint the bench red", ("paintBench", {"colour": "red"})),
]
OUT = [
    request("out-easy-0", "Paint my bench", ("paintBench", {"colour": "green"})),
    request("out-easy-1", "Paint it blue", ("paintBench", {"colour": "blue"})),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"tool": TOOLS, "dev": DEV, "test_in_domain": [], "test_out_domain": OUT}
    for name, records in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return tmp_path


def samples(folder: Path, **options: Any) -> dict[str, Sample]:
    return {sample.meta["dialogue"]: sample for sample in convert(folder, Options(**options))}


def test_several_calls_stay_in_order_with_the_words_of_the_request(folder: Path) -> None:
    sample = samples(folder)["dev-difficult-0"]
    assert [call["name"] for call in sample.calls] == ["openPark", "countTrees"]
    assert sample.tool == sample.calls[0]
    assert sample.calls[1]["arguments"] == {"park": "Elm Park", "since": "2021-05-02", "height": 3.5}
    assert sample.accept.calls[1].arguments == {"since": ["May 2, 2021"]}
    assert sample.accept.slots == {"since": ["May 2, 2021"]}
    assert sample.slots["since"] == "2021-05-02"


def test_what_nobody_said_is_left_out(folder: Path) -> None:
    found = samples(folder)
    assert "dev-difficult-1" not in found, "it needs the outcome of another call"
    assert "dev-easy-90" not in found, "a placeholder is no value"
    oak = found["dev-easy-91"]
    if oak.tool:
        assert oak.tool["arguments"] == {"park": "Oak Park"}
        assert oak.accept.optional == ("hours",)


def test_tools_of_the_benchmark_are_neither_called_nor_offered_in_training(folder: Path) -> None:
    found = samples(folder)
    assert "dev-easy-92" not in found
    assert all(tool.name != "paintBench" for sample in found.values() for tool in sample.tools)


def test_some_single_calls_lose_their_tool(folder: Path) -> None:
    found = [sample for seed in range(3) for sample in samples(folder, seed=seed).values()]
    absent = [sample for sample in found if sample.meta["subset"] == "single/absent"]
    assert 3 <= len(absent) <= 30
    for sample in absent:
        assert (sample.decision, sample.tool, sample.slots) == ("direct_answer", None, {})
        assert sample.meta["intent"] is None
        assert sample.tools
        assert all(tool.name != "openPark" for tool in sample.tools)


def test_the_benchmark_keeps_gold_values_as_published_and_its_list_lengths(folder: Path) -> None:
    found = samples(folder, split="test_out_domain", distractors=5)
    assert [s.tool for s in found.values()] == [
        {"name": "paintBench", "arguments": {"colour": "green"}},
        {"name": "paintBench", "arguments": {"colour": "blue"}},
    ]
    assert all(len(s.tools) == 6 and s.meta["seen"] is False for s in found.values())


def test_calls_validate_and_the_seed_decides_what_is_drawn(folder: Path) -> None:
    for sample in samples(folder).values():
        schemas = {tool.name: tool.schema for tool in sample.tools}
        for call in sample.calls or ([sample.tool] if sample.tool else []):
            assert validates(call["arguments"], schemas[call["name"]])
    assert samples(folder) == samples(folder)
    assert samples(folder) != samples(folder, seed=1)
    assert len(samples(folder, num_dialogues=3)) <= 3


def test_problems_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"unknown split \['train'\]; expected dev, test_in_domain or test_out_domain"):
        samples(folder, split="train")
    (folder / "dev.jsonl").write_text("[]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"dev\.jsonl:1: expected an object, got list"):
        samples(folder)
