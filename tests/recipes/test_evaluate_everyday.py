"""Talk is measured by kind, live and from given histories, and mixes of sample files are drawn by conversation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes import evaluate_everyday, evaluate_live, mix_samples
from recipes.corpora.everyday_domain import Argument, GoldCall, Point
from trm_agent.testing import tiny_router

DOMAIN = """
now: 2026-02-09T09:15 mon
tools:
  - find: Finds orders.
    city~: string
dialogues:
  - - request: find all
      call: find
      result: {orders: 3}
      say: There are three.
    - smalltalk: thanks
      say: Gladly.
twins:
  - call: {find: {city: Rome}}
    request: [find Rome]
    negation: [do not find Rome]
"""


@pytest.fixture
def domains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "orders.yaml").write_text(DOMAIN, encoding="utf-8")
    router = tiny_router()
    monkeypatch.setattr("trm_agent.router.Router.from_pretrained", lambda *args, **kwargs: router)
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda *_: router)
    return folder


def test_points_are_counted_by_kind(domains: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, failures = tmp_path / "figures.json", tmp_path / "failures.jsonl"
    argv = ["--domains", str(domains), "--output", str(output), "--failures", str(failures)]
    assert evaluate_everyday.main(argv) == 0
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert figures["all"]["points"] == 4
    assert figures["kind/negation"]["must_not"] == 1
    assert figures["all"]["executed"] in (0.0, 1.0)
    assert "kind/smalltalk" in capsys.readouterr().out


def test_dialogues_are_played_live(domains: Path, tmp_path: Path) -> None:
    output = tmp_path / "live.json"
    assert evaluate_live.main(["--domains", str(domains), "--output", str(output)]) == 0
    assert json.loads(output.read_text(encoding="utf-8"))["all"]["turns"] == 2


def call(**arguments: Any) -> dict[str, Any]:
    return {"name": "find", "arguments": arguments}


@pytest.mark.parametrize(
    ("made", "done", "right"),
    [
        ([call(city="Rome")], [], True),
        ([call(city="rome")], [], True),
        ([call(city="Oslo")], [], False),
        ([], [], False),
        ([], [call(city="Rome")], True),
        ([call(city="Rome"), call()], [], False),
    ],
)
def test_a_live_turn_is_right_by_its_calls(made: list[Any], done: list[Any], right: bool) -> None:
    point = Point("request", "find Rome", (GoldCall("find", {"city": Argument(("Rome",))}),))
    assert evaluate_live.judge(point, made, {evaluate_live.key(other) for other in done}) is right


def test_a_mix_draws_whole_conversations_and_drops_annotations(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "f", "annotations": {"readOnlyHint": True}}}
    turns = [{"role": "user", "content": str(i)} for i in range(3)]
    first = [{"tools": [tool], "history": turns[: n + 1]} for n in range(3)]
    second = [{"tools": [tool], "history": [{"role": "user", "content": "x"}]}]
    data = tmp_path / "a.jsonl"
    data.write_text("".join(json.dumps(s) + "\n" for s in (*first, *second)), encoding="utf-8")
    output = tmp_path / "mix.jsonl"
    assert mix_samples.main(["--data", f"{data}=1", str(data), "--output", str(output), "--drop-annotations", "1"]) == 0
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert len(rows) in (4 + 3, 4 + 1)
    assert all("annotations" not in row["tools"][0]["function"] for row in rows)
    data.write_text("{}\n", encoding="utf-8")
    assert mix_samples.main(["--data", str(data), "--output", str(output)]) == 1
