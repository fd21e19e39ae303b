"""`recipes/swap_values.py`: values change everywhere at once, and only where nothing speaks of them in part."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from recipes import swap_values

NAMES = ["Ilse Brandt", "Ravi Menon", "Noor Haddad", "Piotr Zych", "Mei Tanaka", "Tove Lind", "Ama Owusu", "Luca Ferri"]


def tool(**properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "function",
        "function": {"name": "invite", "description": "Invites a guest.", "parameters": parameters},
    }


def sample(said: str, arguments: dict[str, Any], *before: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"x/{said}",
        "history": [*before, {"role": "user", "content": said}],
        "tools": [tool(guest={"type": "string"}, room={"type": "string"})],
        "decision": "tool_call",
        "slots": {"guest": arguments["guest"]},
        "tool": {"name": "invite", "arguments": arguments},
        "content": "",
        "accept": {"arguments": {"guest": [arguments["guest"]]}, "optional": []},
        "meta": {"dialogue": said},
    }


def others() -> list[dict[str, Any]]:
    return [sample(f"invite {name} to RM-204", {"guest": name, "room": "RM-204"}) for name in NAMES]


def run(tmp_path: Path, samples: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    data, output = tmp_path / "data.jsonl", tmp_path / "out.jsonl"
    data.write_text("".join(json.dumps(s) + "\n" for s in samples), encoding="utf-8")
    assert swap_values.main(["--data", str(data), "--output", str(output), "--share", "1", *options]) == 0
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def test_a_value_changes_in_text_call_and_labels_alike(tmp_path: Path) -> None:
    found = run(tmp_path, others())
    assert len(found) == len(NAMES)
    for before, after in zip(others(), found, strict=True):
        guest, room = after["tool"]["arguments"]["guest"], after["tool"]["arguments"]["room"]
        assert guest != before["tool"]["arguments"]["guest"]
        assert guest in NAMES
        assert room != "RM-204"
        assert re.fullmatch(r"RM[- ]?\d{3}", room)
        assert after["history"][0]["content"] == f"invite {guest} to {room}"
        assert after["slots"] == {"guest": guest}
        assert after["accept"]["arguments"] == {"guest": [guest]}
        assert after["tools"] == before["tools"]
        assert after["id"] == before["id"]


def test_further_calls_of_a_turn_are_read_and_changed_too(tmp_path: Path) -> None:
    both = sample("invite Ilse Brandt and Ravi Menon to RM-204", {"guest": "Ilse Brandt", "room": "RM-204"})
    both["calls"] = [both["tool"], {"name": "invite", "arguments": {"guest": "Ravi Menon", "room": "RM-204"}}]
    found = run(tmp_path, [both, *others()])[0]
    first, second = (call["arguments"]["guest"] for call in found["calls"])
    assert first != "Ilse Brandt"
    assert second != "Ravi Menon"
    assert found["tool"] == found["calls"][0]
    assert found["history"][0]["content"].startswith(f"invite {first} and {second} to RM-")


def test_the_same_seed_swaps_the_same(tmp_path: Path) -> None:
    assert run(tmp_path, others(), "--seed", "3") == run(tmp_path, others(), "--seed", "3")
    assert run(tmp_path, others(), "--seed", "3") != run(tmp_path, others(), "--seed", "4")


def test_what_is_spoken_of_in_part_stays(tmp_path: Path) -> None:
    told = {"role": "assistant", "content": "Ilse Brandt or Ravi Menon?"}
    spoken = sample("Ilse, to RM-204", {"guest": "Ilse Brandt", "room": "RM-204"}, told)
    found = run(tmp_path, [spoken, *others()])[0]
    assert found["tool"]["arguments"]["guest"] == "Ilse Brandt"
    assert found["tool"]["arguments"]["room"] != "RM-204"


def test_what_tools_speak_of_stays(tmp_path: Path) -> None:
    named = sample("do invite Ilse Brandt to RM-204", {"guest": "Ilse Brandt", "room": "RM-204"})
    named["tools"][0]["function"]["description"] = "Invites a guest, such as Ilse Brandt, to a room such as RM-204."
    assert run(tmp_path, [named, *others()])[0] == named


@pytest.mark.parametrize("value", ["2026-07-01", "12:30", "12.50", "a@b.example", "https://x.example"])
def test_what_is_read_and_not_copied_stays(value: str, tmp_path: Path) -> None:
    kept = sample(f"invite {value} to RM-204", {"guest": value, "room": "RM-204"})
    assert run(tmp_path, [kept, *others()])[0]["tool"]["arguments"]["guest"] == value


@pytest.mark.parametrize("value", ["IMG_2291", "07700-900532", "+44 7700 900 919", "(415) 555-2671", "SO-20"])
def test_a_code_keeps_its_shape(value: str) -> None:
    drawn = swap_values.another(value, [], random.Random(1))
    assert drawn
    assert drawn != value
    assert [c if not c.isdigit() else "0" for c in drawn] == [c if not c.isdigit() else "0" for c in value]


def test_values_may_come_from_further_files(tmp_path: Path) -> None:
    pools = tmp_path / "pools.jsonl"
    pools.write_text("".join(json.dumps(s) + "\n" for s in others()), encoding="utf-8")
    alone = [sample("invite Sol Abara to RM-311", {"guest": "Sol Abara", "room": "RM-311"})]
    assert run(tmp_path, alone)[0]["tool"]["arguments"]["guest"] == "Sol Abara"
    assert run(tmp_path, alone, "--pools", str(pools))[0]["tool"]["arguments"]["guest"] in NAMES


def test_conversations_in_which_nothing_changed_can_be_left_out(tmp_path: Path) -> None:
    fixed = sample("invite it", {"guest": "it", "room": "it"})
    assert len(run(tmp_path, [*others(), fixed])) == len(NAMES) + 1
    assert len(run(tmp_path, [*others(), fixed], "--changed-only")) == len(NAMES)


def test_a_code_is_written_apart_or_together_now_and_then() -> None:
    rng = random.Random(0)
    assert {swap_values.written_otherwise("LX-400", rng) for _ in range(40)} == {"LX-400", "LX 400", "LX400"}
    assert swap_values.written_otherwise("order-400", rng) == "order-400"
