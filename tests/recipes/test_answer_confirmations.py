"""The question before a call, and what people answer: only a yes keeps the call."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.answer_confirmations import OUTCOMES, QUESTIONS, REPLIES, answered, doubtful, main
from trm_agent.types import SPEECH_ACTS, Sample, parse_tools

TEST = REPLIES.with_name("test.yaml")


def tool(name: str) -> dict[str, Any]:
    properties = {"order": {"type": "string"}, "count": {"type": "integer"}}
    return {"name": name, "description": "Does it.", "parameters": {"type": "object", "properties": properties}}


def sample(name: str = "ship_order", **meta: Any) -> dict[str, Any]:
    return {
        "id": "everyday/shop-01/01",
        "tools": [tool(name)],
        "history": [{"role": "user", "content": "ship order Q-81, two of them"}],
        "decision": "tool_call",
        "slots": {},
        "tool": {"name": name, "arguments": {"order": "Q-81", "count": 2}},
        "content": None,
        "meta": {"subset": "en", "kind": "request", "now": "2025-01-01T09:00", "slots_known": False} | meta,
    }


def replies(path: Path) -> dict[str, dict[str, list[str]]]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_no_reply_has_two_meanings_and_none_of_the_test_stands_in_training() -> None:
    for language in QUESTIONS:
        said = [
            reply
            for path in (REPLIES, TEST)
            for kind in OUTCOMES
            for reply in {reply.casefold() for reply in replies(path)[kind].get(language, ())}
        ]
        assert said
        assert [reply for reply, count in Counter(said).items() if count > 1] == []


def test_every_kind_has_an_act_and_replies_in_every_language() -> None:
    assert {outcome.act for outcome in OUTCOMES.values()} <= set(SPEECH_ACTS)
    assert sum(outcome.share for outcome in OUTCOMES.values()) == pytest.approx(1)
    assert all(replies(path)[kind][language] for path in (REPLIES, TEST) for kind in OUTCOMES for language in QUESTIONS)


def test_only_a_yes_keeps_the_call() -> None:
    seen = set()
    for seed in range(60):
        made = answered(sample(), replies(REPLIES), random.Random(seed))
        assert made is not None
        Sample.from_json(made)
        asked, said = made["history"][-2:]
        assert asked["role"] == "assistant"
        assert asked["content"].endswith("?")
        kind = made["meta"]["kind"]
        seen.add(kind)
        assert (made["decision"] == "tool_call") == (kind == "confirm_yes") == bool(made["tool"]), said
    assert len(seen) > 4


def test_what_may_be_the_order_itself_is_no_refusal() -> None:
    [cancel] = parse_tools([tool("cancel_order")])
    assert doubtful("cancel it", "no", cancel, "Shall I?")
    assert not doubtful("not now", "no", cancel, "Shall I?")
    assert not doubtful("cancel it", "no", parse_tools([tool("ship_order")])[0], "Shall I?")


def test_the_command_asks_before_requests_alone(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    rows = [sample(), sample(kind="inquiry"), sample(subset="xx")]
    for number, row in enumerate(rows):
        row["id"] = f"everyday/shop-0{number}/01"
        row["meta"]["dialogue"] = f"shop-0{number}"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "answered.jsonl"
    assert main(["--data", str(file), "--output", str(out), "--share", "1"]) == 0
    made = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [one["id"].split("/")[1] for one in made] == ["shop-00"]
