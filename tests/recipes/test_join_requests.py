"""`recipes/join_requests.py`: what is said of one thing is said of two, and every call has its own words."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes import join_requests
from trm_agent.training.episodes import read_episodes

ROOMS = ["kitchen", "hall", "attic", "bath", "study", "cellar", "landing", "porch"]
HEAT = {
    "type": "function",
    "function": {
        "name": "set_heat",
        "description": "Sets the heating.",
        "parameters": {
            "type": "object",
            "properties": {
                "room": {"type": "string"},
                "degrees": {"type": "integer", "maximum": 60},
                "mode": {"type": "string", "enum": ["eco", "comfort", "away"]},
            },
            "required": ["room"],
        },
    },
}
ORDER = {
    "type": "function",
    "function": {
        "name": "order",
        "description": "Orders drinks.",
        "parameters": {
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"drink": {"type": "string"}, "count": {"type": "integer"}},
                        "required": ["drink"],
                    },
                }
            },
            "required": ["items"],
        },
    },
}


def sample(said: str, name: str, arguments: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return {
        "id": f"x/{said}",
        "history": [{"role": "user", "content": said}],
        "tools": [HEAT, ORDER],
        "decision": "tool_call",
        "slots": {},
        "tool": {"name": name, "arguments": arguments},
        "content": "",
        "accept": {"arguments": {}, "optional": []},
        "meta": {"dialogue": said, "subset": "en", "kind": "request", **meta},
    }


def heated(*, kind: str = "request") -> list[dict[str, Any]]:
    arguments = [{"room": room, "degrees": 19 + i} for i, room in enumerate(ROOMS)]
    return [sample(f"make the {a['room']} {a['degrees']} degrees please", "set_heat", a, kind=kind) for a in arguments]


def run(tmp_path: Path, samples: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    data, output = tmp_path / "data.jsonl", tmp_path / "out.jsonl"
    data.write_text("".join(json.dumps(s) + "\n" for s in samples), encoding="utf-8")
    assert join_requests.main(["--data", str(data), "--output", str(output), *options]) == 0
    read_episodes([output])  # they are samples
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def test_every_call_has_its_own_words_in_the_message(tmp_path: Path) -> None:
    found = run(tmp_path, heated(), "--share", "1", "--beside", "0")
    assert len(found) > len(ROOMS) // 2
    for made in found:
        text, calls = made["history"][-1]["content"], made["calls"]
        assert 2 <= len(calls) <= 3
        assert len({json.dumps(call["arguments"]) for call in calls}) == len(calls)
        assert made["tool"] == calls[0]
        assert made["meta"]["kind"] == "several"
        assert len(made["accept"]["calls"]) == len(calls)
        for call in calls:
            assert call["arguments"]["room"] in text
            assert str(call["arguments"]["degrees"]) in text
        places = [text.index(call["arguments"]["room"]) for call in calls]
        assert places == sorted(places)


def test_an_entry_of_a_list_becomes_two_in_the_same_call(tmp_path: Path) -> None:
    drinks = ["latte", "mocha", "tea", "cocoa", "espresso", "matcha", "cider", "lemonade"]
    orders = [sample(f"two {d} for us", "order", {"items": [{"drink": d, "count": 2}]}) for d in drinks]
    found = run(tmp_path, orders, "--share", "1", "--beside", "0")
    assert found
    for made in found:
        items = made["tool"]["arguments"]["items"]
        assert "calls" not in made
        assert len(items) >= 2
        assert all(item["drink"] in made["history"][-1]["content"] for item in items)


def test_whole_requests_stand_beside_each_other(tmp_path: Path) -> None:
    found = run(tmp_path, heated(), "--share", "0", "--beside", "1")
    assert len(found) == len(ROOMS) // 2
    for made in found:
        text = made["history"][-1]["content"]
        first, second = (call["arguments"]["room"] for call in made["calls"])
        assert text.index(first) < text.index(second)


@pytest.mark.parametrize(
    "made",
    [
        sample("no degrees said", "set_heat", {"room": "nowhere"}),
        sample("twenty one", "set_heat", {"degrees": 21}),
        sample('say "the kitchen. and 21"', "set_heat", {"room": "kitchen. and 21"}),
        {**heated()[0], "calls": [heated()[0]["tool"], heated()[1]["tool"]]},
        heated(kind="correction")[0],
        sample("a latte and a tea", "order", {"items": [{"drink": "latte"}, {"drink": "tea"}]}),
    ],
)
def test_what_cannot_be_said_of_two_things_is_left_alone(tmp_path: Path, made: dict[str, Any]) -> None:
    found = run(tmp_path, [made, *heated(kind="correction")], "--share", "1", "--beside", "0")
    assert found == []


@pytest.mark.parametrize(
    ("wording", "value"),
    [("three", 3), ("20", 20), ("2.5", 2.5), ("Three", 3)],
    ids=["word", "digits", "point", "case"],
)
def test_another_number_is_written_as_this_one_is(wording: str, value: float) -> None:
    one = join_requests.Said(("n",), 0, len(wording), value, {"maximum": 60})
    drawn = [join_requests.other_number(one, wording, random.Random(i)) for i in range(40)]
    found = [pair for pair in drawn if pair is not None]
    assert found
    for number, said in found:
        assert number != value
        assert 0 < number <= 60
        assert said[0].isalpha() == wording[0].isalpha()
        assert said[0].isupper() == wording[0].isupper()
        assert ("." in said) == ("." in wording)


def test_no_file_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = str(tmp_path / "none.jsonl")
    assert join_requests.main(["--data", missing, "--output", str(tmp_path / "out.jsonl")]) == 1
    assert "none.jsonl" in caplog.text
