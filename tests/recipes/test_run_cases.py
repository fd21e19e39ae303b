"""Cases are run on the router's own state, judged by what they expect, and counted by kind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.run_cases import as_history, is_right, main, read_cases
from trm_agent.testing import tiny_router
from trm_agent.types import Decision, ToolCall

TOOL = {
    "type": "function",
    "function": {
        "name": "start_timer",
        "description": "Start a timer",
        "parameters": {"type": "object", "properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]},
    },
}
CALL = Decision("tool_call", "start_timer", {"minutes": 5}, {}, (), None, 1.0, 1.0, {}, {}, {}, "start_timer", 1, {})


def case(**more: Any) -> dict[str, Any]:
    expect = {"decision": "direct_answer", "tool": None, "arguments": None}
    said = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    messages = [*said, {"role": "user", "content": "a timer for 5 minutes"}]
    return {"id": "c1", "kind": "unit", "now": "2025-03-12T10:00:00", "tools": [TOOL]} | {
        "messages": messages,
        "expect": expect,
        **more,
    }


def test_cases_are_counted_by_kind_and_failures_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"decision": "tool_call", "tool": "another", "arguments": {}}
    (tmp_path / "cases.json").write_text(
        json.dumps([case(), case(id="c2", kind="date", expect=wrong), case(id="c3", now=None, expect=wrong)])
    )
    monkeypatch.setattr("trm_agent.router.Router.from_pretrained", lambda *_, **__: tiny_router())
    argv = ["--data", str(tmp_path / "cases.json"), "--failures", str(tmp_path / "failures.jsonl")]
    assert main(argv) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-1] for line in shown] == ["date", "unit", "all"]
    assert shown[-1][2] == "3"
    rows = [json.loads(line) for line in (tmp_path / "failures.jsonl").read_text().splitlines()]
    assert {"c2", "c3"} <= {row["id"] for row in rows}
    assert all(row["got"]["decision"] in ("tool_call", "direct_answer") for row in rows)
    assert main([*argv, "--kinds", "unit"]) == 0
    assert "date" not in capsys.readouterr().out


def test_a_decision_is_right_where_all_that_is_expected_holds() -> None:
    expect = {"decision": "tool_call", "tool": "start_timer", "arguments": {"minutes": 5}}
    assert is_right(CALL, expect)
    assert is_right(CALL, expect | {"arguments": {"minutes": 6}, "accept_arguments": [{"minutes": 5.0}]})
    assert is_right(CALL, expect | {"arguments": None})
    assert not is_right(CALL, expect | {"arguments": {"minutes": 6}})
    assert not is_right(CALL, expect | {"tool": "other"})
    assert not is_right(CALL, expect | {"missing": ["minutes"]})
    assert not is_right(CALL, expect | {"intended_tool": "none"})
    calls = (ToolCall("start_timer", {"minutes": 5}), ToolCall("start_timer", {"minutes": 7}))
    wanted = [{"tool": call.tool, "arguments": call.arguments} for call in reversed(calls)]
    assert is_right(replace(CALL, calls=calls), expect | {"calls": wanted})
    assert not is_right(CALL, expect | {"calls": wanted})


def test_messages_of_openai_become_a_history() -> None:
    function = {"name": "start_timer", "arguments": '{"minutes": 5}'}
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": function}]},
        {"role": "tool", "content": "done"},
        {"role": "assistant", "content": "Done."},
    ]
    assert list(as_history(messages)) == [
        {"role": "tool_call", "content": {"name": "start_timer", "arguments": {"minutes": 5}}},
        {"role": "tool_response", "content": "done"},
        {"role": "assistant", "content": "Done."},
    ]


def test_a_file_that_holds_no_cases_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cases.json"
    assert main(["--data", str(path)]) == 1
    path.write_text("{}")
    assert main(["--data", str(path)]) == 1
    path.write_text('[{"id": "c1"}]')
    assert main(["--data", str(path)]) == 1
    path.write_text(json.dumps([case()]))
    assert main(["--data", str(path), "--kinds", "none"]) == 1
    assert read_cases(path)[0]["id"] == "c1"
    text = caplog.text
    assert "expected a JSON list of cases, got dict" in text
    assert "case 0 has no expect, kind, messages, tools" in text
    assert "no case of the kinds none" in text
