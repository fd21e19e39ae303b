"""Every rule can be switched off, has a row in the docs, and its worth is written as a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.ablate_rules import main, rule_table, variants
from trm_agent.decoding.rules import RULES
from trm_agent.testing import tiny_router

ROOT = Path(__file__).parents[2]
TOOL = {
    "type": "function",
    "function": {
        "name": "set_timer",
        "description": "Set a timer.",
        "parameters": {"type": "object", "properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]},
    },
}


def test_the_page_of_rules_is_up_to_date() -> None:
    page, table = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").splitlines(), list(rule_table())
    assert page[: len(table)] == table
    worth = [line.split(" | ")[0].removeprefix("| ") for line in page[len(table) :] if line.startswith("| ")]
    assert worth == ["rules", *dict(variants(alone=True))]


def test_rules_have_names_of_their_own_and_say_one_thing() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.says.endswith(".") and rule.says.count(". ") == 0 for rule in RULES)


def test_each_rule_is_left_out_once_and_stands_alone_once() -> None:
    rows = dict(variants(alone=True))
    assert rows["none"] == ()
    assert len(rows) == 2 + 2 * len(RULES)
    assert all(len(rows[f"without {rule.name}"]) == len(RULES) - 1 for rule in RULES)


def test_the_table_has_a_row_for_every_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"name": "set_timer", "arguments": {"minutes": 5}}
    sample = {"tools": [TOOL], "history": [{"role": "user", "content": "a timer for 5 minutes"}], "slots": {}}
    sample |= {"decision": "tool_call", "tool": call, "content": ""}
    data = tmp_path / "timers.jsonl"
    data.write_text(json.dumps(sample) + "\n", encoding="utf-8")
    router = tiny_router()
    monkeypatch.setattr("trm_agent.router.Router.from_pretrained", lambda *_, **__: router)
    assert main(["--data", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| rules | timers (1): decision | whole call |"
    assert len(lines) == 2 + 2 + len(RULES)
