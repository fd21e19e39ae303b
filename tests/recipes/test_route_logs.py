"""Logs are routed in parts: every conversation once, in order, whatever stops the command in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from recipes import route_logs
from recipes.routing import generate
from recipes.routing.conversations import Part, cut, find_files, read_row, read_rows
from trm_agent.errors import DataError, HistoryError, ToolError
from trm_agent.router import BoundRouter, Router
from trm_agent.testing import tiny_router
from trm_agent.types import Decision

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tests" / "sample_data" / "setup" / "tools.json"
NEEDS_RAY = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs the extra `ray` (150 MB): uv run --extra ray pytest"
)
NEEDS_PARQUET = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow: uv run --extra ray pytest")
SETTINGS: dict[str, Any] = {
    "tools": json.dumps(json.loads(TOOLS.read_text())),
    "checkpoint": None,
    "every_turn": False,
    "now": None,
}


def conversation(number: int) -> dict[str, Any]:
    """One message, or a call and its result before the decision."""
    said = [{"role": "user", "content": f"Find the contract of 0912 345 {number:03d}"}]
    if number % 3 == 0:
        call = {"name": "find_contract", "arguments": '{"phone": "0912 345 678"}'}
        said.append({"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": call}]})
        said.append({"role": "tool", "content": '{"contract_id": "HN-1"}'})
    return {"id": f"c{number}", "messages": said}


def write(path: Path, count: int) -> Path:
    """A file of conversations with a broken line, an empty one, a blank one and one with a wrong role among them."""
    lines = [json.dumps(conversation(number)) for number in range(count)]
    lines[3:3] = ["{broken"]
    lines[7:7] = [json.dumps({"id": "empty", "messages": []})]
    lines[9:9] = [""]
    lines[11:11] = [json.dumps({"id": "odd", "messages": [{"role": "wizard", "content": "hi"}]})]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def ids(folder: Path) -> list[str]:
    """Ids of what was decided, in the order of the parts."""
    parts = sorted(folder.glob("part-*.jsonl"))
    return [json.loads(line)["id"] for part in parts for line in part.read_text(encoding="utf-8").splitlines()]


def test_parts_cover_every_row_once_and_in_order(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", 20)
    write(tmp_path / "a.jsonl", 7)
    parts = list(cut(find_files([tmp_path]), 5))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert [Path(part.file).name for part in parts] == ["a.jsonl"] * 3 + ["b.jsonl"] * 5
    for file in ("a.jsonl", "b.jsonl"):
        lines = (tmp_path / file).read_bytes().split(b"\n")
        read = [item for part in parts if part.file.endswith(file) for item in read_rows(part)]
        assert [(n, raw.rstrip(b"\n")) for n, raw in read] == [(n, line) for n, line in enumerate(lines, 1) if line]


@NEEDS_PARQUET
@pytest.mark.parametrize("group", [3, 4, 100])
@pytest.mark.parametrize("text", [False, True], ids=["structs", "json"])
def test_parquet_rows_are_those_of_the_same_jsonl(tmp_path: Path, group: int, text: bool) -> None:
    import pyarrow
    from pyarrow import parquet

    rows = [conversation(number) for number in range(11)]
    stored = [row | {"messages": json.dumps(row["messages"])} for row in rows] if text else rows
    parquet.write_table(pyarrow.Table.from_pylist(stored), tmp_path / "x.parquet", row_group_size=group)
    parts = list(cut([tmp_path / "x.parquet"], 4))
    assert [(part.row, part.rows) for part in parts] == [(0, 4), (4, 4), (8, 3)]
    read = [item for part in parts for item in read_rows(part)]
    assert [number for number, _ in read] == list(range(1, 12))
    for (_, row), wanted in zip(read, rows, strict=True):
        assert read_row(row, "?", SETTINGS) == read_row(json.dumps(wanted).encode(), "?", SETTINGS)


@pytest.mark.parametrize(
    ("row", "error", "text"),
    [
        (b"{broken", DataError, "not JSON"),
        (b"[1]", DataError, "a row must be an object, got list"),
        (b"{}", DataError, 'a row needs "messages" or "history", a list'),
        (b'{"messages": []}', HistoryError, "the history is empty"),
        (b'{"messages": [{"role": "wizard", "content": "x"}]}', HistoryError, "message 0: unknown role 'wizard'"),
        (b'{"messages": [{"content": "x"}]}', DataError, "\"messages\" cannot be read: KeyError\\('role'\\)"),
        (
            b'{"history": [{"role": "user", "content": "x"}], "now": "noon"}',
            DataError,
            "now must be ISO 8601, got 'noon'",
        ),
        (b'{"history": [{"role": "user", "content": "x"}], "tools": [{}]}', ToolError, "a tool needs a name"),
    ],
)
def test_a_bad_row_says_what_is_wrong(row: bytes, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        read_row(row, "?", SETTINGS)


def test_a_row_without_tools_needs_the_option() -> None:
    with pytest.raises(DataError, match="there is no --tools"):
        read_row(json.dumps(conversation(1)).encode(), "?", SETTINGS | {"tools": None})


def test_a_row_brings_its_own_id_tools_and_time() -> None:
    history = [{"role": "user", "content": "x"}]
    plain = read_row(json.dumps({"history": history}).encode(), "file:3", SETTINGS)
    assert (plain.id, plain.tools, plain.now) == ("file:3", SETTINGS["tools"], None)
    own = {"id": 7, "history": history, "tools": [{"name": "f"}], "now": "2026-03-01T10:00"}
    row = read_row(json.dumps(own).encode(), "file:3", SETTINGS)
    assert (row.id, json.loads(row.tools), row.now) == ("7", [{"name": "f"}], "2026-03-01T10:00:00")
    sample = read_row(json.dumps(own | {"now": None, "meta": {"now": "2026-04-01"}}).encode(), "file:3", SETTINGS)
    assert sample.now == "2026-04-01T00:00:00"


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> route_logs.PartRouter:
    router = tiny_router()
    monkeypatch.setattr(Router, "from_pretrained", lambda path, threads: router)
    return route_logs.PartRouter(str(tmp_path), SETTINGS, 1)


def test_a_part_becomes_one_file_of_decisions_and_one_of_bad_rows(
    worker: route_logs.PartRouter, tmp_path: Path
) -> None:
    log = write(tmp_path / "x.jsonl", 12)
    (part,) = cut([log], 100)
    report = worker({key: [value] for key, value in vars(part).items()})
    assert (report["rows"], report["decisions"]) == ([16], [12])
    assert ids(tmp_path) == [f"c{number}" for number in range(12)]
    assert route_logs.gather_bad(tmp_path, [part]) == 3
    bad = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [(row["file"], row["row"]) for row in bad] == [(str(log), 4), (str(log), 8), (str(log), 12)]
    assert not list(tmp_path.glob("*.partial"))


def test_decisions_are_the_routers_own_at_the_end_or_at_every_turn(worker: route_logs.PartRouter) -> None:
    rows = [read_row(json.dumps(conversation(n)).encode(), "?", SETTINGS) for n in range(5)]
    rows[1] = read_row(json.dumps(conversation(1) | {"now": "2026-03-01"}).encode(), "?", SETTINGS)
    bound = worker.router.bind(json.loads(SETTINGS["tools"]))
    last = route_logs.decide_rows(worker.router, rows, False, worker.bind, {})
    assert [line["id"] for line in last] == [row.id for row in rows]
    for line, row in zip(last, rows, strict=True):
        alone = route_logs.told(bound.decide(row.history))
        (decision,) = line["decisions"]
        assert {key: decision[key] for key in ("decision", "tool", "missing")} == {
            key: alone[key] for key in ("decision", "tool", "missing")
        }
    every = route_logs.decide_rows(worker.router, rows, True, worker.bind, {})
    assert [[d["messages"] for d in line["decisions"]] for line in every] == [[1, 3], [1], [1], [1, 3], [1]]


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user said last in each history that the router decides; "Trouble" makes it fail."""
    texts: list[str] = []
    decide_batch = BoundRouter.decide_batch

    def watched(self: BoundRouter, histories: Sequence[Any], **options: Any) -> list[Decision]:
        said = [str(history[-1].content) for history in histories]
        if "Trouble" in said:
            raise ValueError("no such word")
        texts.extend(said)
        return decide_batch(self, histories, **options)

    monkeypatch.setattr(BoundRouter, "decide_batch", watched)
    return texts


def said(path: Path, *texts: str) -> Part:
    """A file of conversations of one message each, as one part."""
    rows = ({"id": n, "messages": [{"role": "user", "content": text}]} for n, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (part,) = cut([path], 100)
    return part


def test_equal_conversations_are_decided_once_by_a_worker(
    worker: route_logs.PartRouter, decided: list[str], tmp_path: Path
) -> None:
    assert worker.route(said(tmp_path / "a.jsonl", "Hello", "My bill", "Hello")) == 3
    assert worker.route(replace(said(tmp_path / "b.jsonl", "My bill", "Thanks"), number=1)) == 2
    assert decided == ["Hello", "My bill", "Thanks"]
    assert ids(tmp_path) == ["0", "1", "2", "0", "1"]
    first, _, third = (json.loads(line) for line in (tmp_path / "part-000000.jsonl").read_text().splitlines())
    assert first["decisions"] == third["decisions"]


def test_a_conversation_on_which_the_router_fails_stops_no_other(
    worker: route_logs.PartRouter, decided: list[str], tmp_path: Path
) -> None:
    part = said(tmp_path / "a.jsonl", "Hello", "Trouble", "My bill")
    assert worker.route(part) == 2
    assert (ids(tmp_path), decided) == (["0", "2"], ["Hello", "My bill"])
    assert route_logs.gather_bad(tmp_path, [part]) == 1
    bad = json.loads((tmp_path / "bad.jsonl").read_text())
    assert bad == {"file": part.file, "row": 2, "error": "the router fails: ValueError('no such word')"}


def test_the_present_stays_what_it_was_when_the_folder_was_begun(tmp_path: Path) -> None:
    parts = list(cut([write(tmp_path / "x.jsonl", 5)], 4))
    began = route_logs.open_output(tmp_path / "out", SETTINGS, parts)
    assert abs((datetime.now() - datetime.fromisoformat(began)).total_seconds()) < 120
    manifest = tmp_path / "out" / route_logs.MANIFEST
    manifest.write_text(manifest.read_text().replace(began, "2026-01-05T09:00"))
    assert route_logs.open_output(tmp_path / "out", SETTINGS, parts) == "2026-01-05T09:00"
    dated = SETTINGS | {"now": "2026-03-01"}
    assert route_logs.open_output(tmp_path / "dated", dated, parts) == "2026-03-01"


def test_generated_conversations_are_varied_and_can_be_read(tmp_path: Path) -> None:
    assert generate.main(["--num", "200", "--output", str(tmp_path / "x.jsonl")]) == 0
    (part,) = cut([tmp_path / "x.jsonl"], 1000)
    rows = [read_row(raw, "?", SETTINGS) for _, raw in read_rows(part)]
    assert [row.id for row in rows] == [f"c{number:06}" for number in range(200)]
    assert {len(row.history) for row in rows} == {1, 2, 3, 4}
    assert {len(json.loads(row.tools)) for row in rows} == {3, 4, 5}
    assert len({row.history[-1].content for row in rows if row.history[-1].role == "user"}) > 100
    short = list(generate.conversations(300, messages=1))
    assert all(len(row["messages"]) == 1 for row in short)
    assert short[:20] == list(generate.conversations(20, messages=1))
    again = generate.conversations(300, messages=1, customers=1)
    assert len({row["messages"][0]["content"] for row in again}) < len({row["messages"][0]["content"] for row in short})


def test_a_folder_begun_with_other_input_or_settings_is_left_alone(tmp_path: Path) -> None:
    log = write(tmp_path / "x.jsonl", 5)
    parts = list(cut([log], 4))
    route_logs.open_output(tmp_path / "out", SETTINGS, parts)
    left = tmp_path / "out" / ".part-000000.jsonl.1.partial"
    left.touch()
    route_logs.open_output(tmp_path / "out", SETTINGS, parts)
    assert not left.exists()
    with pytest.raises(DataError, match="was begun with other settings; choose another --output"):
        route_logs.open_output(tmp_path / "out", SETTINGS | {"every_turn": True}, parts)
    log.write_text(log.read_text().replace("0912", "0913"))
    with pytest.raises(DataError, match="was begun with other files"):
        route_logs.open_output(tmp_path / "out", SETTINGS, list(cut([log], 4)))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=r"holds no \.jsonl and no \.parquet file"):
        find_files([tmp_path])
    with pytest.raises(DataError, match=r"expected a \.jsonl or \.parquet file"):
        find_files([tmp_path / "notes.txt"])
    with pytest.raises(DataError, match="no such file or folder"):
        find_files([tmp_path / "gone"])
    assert list(cut([write(tmp_path / "x.jsonl", 4)], 100)) == [Part(0, str(tmp_path / "x.jsonl"), 0, 8)]


def command(log: Path, output: Path) -> list[str]:
    options = ["--data", log, "--tools", TOOLS, "--output", output, "--workers", "2", "--part-rows", "8"]
    return [sys.executable, "recipes/route_logs.py", *map(str, options)]


@NEEDS_RAY
@pytest.mark.slow
def test_two_workers_are_killed_in_the_middle_and_the_same_command_goes_on(tmp_path: Path) -> None:
    log, output = write(tmp_path / "x.jsonl", 160), tmp_path / "out"
    run = subprocess.Popen(command(log, output), cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    while run.poll() is None and not list(output.glob("part-*.jsonl")):
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    before = {part.name: part.stat().st_mtime_ns for part in output.glob("part-*.jsonl")}
    assert 1 <= len(before) < 21
    done = subprocess.run(command(log, output), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "of 21 parts are there already" in done.stderr
    assert ids(output) == [f"c{number}" for number in range(160)]
    assert all((output / name).stat().st_mtime_ns == moment for name, moment in before.items())
    assert len((output / "bad.jsonl").read_text().splitlines()) == 3
    again = subprocess.run(command(log, output), cwd=ROOT, capture_output=True, text=True, check=True)
    assert "21 of 21 parts are there already" in again.stderr


@NEEDS_RAY
def test_a_ray_that_does_not_start_is_started_again_and_then_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import ray

    started: list[Any] = []

    def slow(**options: Any) -> None:
        started.append(options)
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", slow)
    log = write(tmp_path / "x.jsonl", 5)
    assert route_logs.main(["--data", str(log), "--tools", str(TOOLS), "--output", str(tmp_path / "out")]) == 1
    assert len(started) == route_logs.STARTS
    assert caplog.messages[-1] == "Ray does not start: The current node timed out during startup."


def test_without_ray_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(route_logs, "find_spec", lambda name: None)
    assert route_logs.main(["--data", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    assert "uv run --extra ray python" in caplog.text
