"""The command writes samples that read back, for a user's tools and for a pool."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recipes.synthesize import main
from trm_agent.data.jsonl import read_samples

CITY = {"city": {"type": "string", "description": "The city"}}
TOOLS = [
    {"name": "get_weather", "description": "Get the weather.", "parameters": {"type": "object", "properties": CITY}},
    {"api_name": "findHotel", "api_description": "Find a hotel", "parameters": {"stars": {"type": "int"}}},
    {"name": "say_hello", "description": ""},
]


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"tools": TOOLS}), encoding="utf-8")
    return path


def test_samples_are_written_and_equal_for_equal_seeds(tools: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    for path, seed in zip(paths, ("1", "1", "2"), strict=True):
        assert main(["--tools", str(tools), "--output", str(path), "--num", "40", "--seed", seed]) == 0
    assert len(list(read_samples(paths[0]))) == 40
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()


def test_a_pool_is_drawn_from_less_what_is_held_out(tools: Path, tmp_path: Path) -> None:
    out, names = tmp_path / "pool.jsonl", tmp_path / "names.txt"
    names.write_text("say_hello\n", encoding="utf-8")
    options = ["--tools-per-dialogue", "1-2", "--hold-out-file", str(names), "--num", "40"]
    assert main(["--tools", str(tools), "--output", str(out), *options]) == 0
    offered = [{tool.name for tool in sample.tools} for sample in read_samples(out)]
    assert {len(tools) for tools in offered} <= {1, 2}
    assert set().union(*offered) == {"get_weather", "findHotel"}


def test_other_tools_are_out_of_scope(tools: Path, tmp_path: Path) -> None:
    out, pool = tmp_path / "out.jsonl", tmp_path / "other.json"
    pool.write_text(json.dumps([{"name": "launch_rocket", "description": "Launch a rocket"}]), encoding="utf-8")
    assert main(["--tools", str(tools), "--pool", str(pool), "--output", str(out), "--num", "200"]) == 0
    asked = [s for s in read_samples(out) if "rocket" in s.history[-1].text.lower()]
    assert asked
    assert all(sample.decision == "direct_answer" and sample.meta["intent"] is None for sample in asked)


def test_a_missing_file_is_one_line_and_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["--tools", str(tmp_path / "none.json"), "--output", str(out)]) == 1
    assert "none.json" in capfd.readouterr().err
    assert not out.exists()


def test_a_wrong_range_is_wrong_usage(tools: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--tools", str(tools), "--output", "x", "--tools-per-dialogue", "8-1"])
    assert stopped.value.code == 2
    assert "no range of numbers such as 1-8" in capfd.readouterr().err


def test_help_comes_at_once() -> None:
    started = time.perf_counter()
    code = "import sys; sys.argv = ['x', '--help']; import recipes.synthesize as r\n"
    code += "try: r.main()\nexcept SystemExit: pass\n"
    code += "assert not {'faker', 'dateparser', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[2])
    assert time.perf_counter() - started < 3, "a fraction of a second on an idle machine"
