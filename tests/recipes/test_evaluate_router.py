"""The evaluation recipe scores a checkpoint from the command line, and says in one line why it cannot."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trm_agent.data.jsonl import write_samples
from trm_agent.evaluation.benchmarks import METRICS
from trm_agent.log import logger
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Message, Sample, parse_tools

RECIPE = Path(__file__).parents[2] / "recipes" / "evaluate_router.py"
TOOLS = parse_tools(
    [
        {
            "name": name,
            "description": f"{name} in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        }
        for name in ("find_hotel", "tell_weather")
    ]
)


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate_router", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def log_left_as_found() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four dialogues of a greeting and a call, two of them with the tools' services unseen."""
    samples = []
    for i, (tool, city) in enumerate(
        [("find_hotel", "Rome"), ("tell_weather", "Oslo"), ("find_hotel", "Bonn"), ("tell_weather", "Bern")]
    ):
        meta = {"source": "own", "subset": tool, "dialogue": str(i), "seen": i < 2}
        hello = (Message("user", "hi there"),)
        ask = (*hello, Message("assistant", "How can I help?"), Message("user", f"{tool.replace('_', ' ')} in {city}"))
        samples.append(Sample(TOOLS, hello, "direct_answer", {}, None, "How can I help?", id=f"{i}/1", meta=meta))
        call = {"name": tool, "arguments": {"city": city}}
        samples.append(Sample(TOOLS, ask, "tool_call", {"city": city}, call, None, id=f"{i}/3", meta=meta))
    path = tmp_path / "dev.jsonl"
    write_samples(path, samples)
    return path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    tiny_router(seed=1).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_checkpoint_is_scored_into_report_failures_and_page(
    recipe: ModuleType, data: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, failures, html = tmp_path / "out" / "report.json", tmp_path / "failures.jsonl", tmp_path / "report.html"
    arguments = ["--data", str(data), "--checkpoint", str(checkpoint), "--output", str(output)]
    assert recipe.main([*arguments, "--failures", str(failures), "--html", str(html)]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    assert (report["samples"], report["checkpoint"], report["encoder"]) == (8, str(checkpoint), "hashing-32")
    assert set(report["groups"]) >= {"all", "seen", "unseen", "own", "own/find_hotel", "own/tell_weather"}
    assert report["groups"]["seen"]["n"] == 4
    assert report["groups"]["all"]["latency_ms"]["p50"] > 0
    assert set(report["latency_ms"]) >= {"encoder", "trm", "decoding", "total"}
    wrong = [json.loads(line) for line in failures.read_text(encoding="utf-8").splitlines()]
    assert wrong
    assert all(record["kinds"] for record in wrong)
    assert "Failing cases" in html.read_text(encoding="utf-8")
    captured = capsys.readouterr()
    assert "own/find_hotel" in captured.out
    assert f"wrote {output}" in captured.err
    assert "differ with and without state" not in captured.err


def test_figures_of_public_benchmarks_are_added_on_request(
    recipe: ModuleType, data: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report.json"
    arguments = ["--data", str(data), "--checkpoint", str(checkpoint), "--output", str(output)]
    assert recipe.main([*arguments, "--compare", str(checkpoint), "--metric", *METRICS]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    for groups in (report["groups"], report["compare"][str(checkpoint)]["groups"]):
        assert all(groups[name][metric]["n"] == groups[name]["n"] for name in groups for metric in METRICS)
    out = capsys.readouterr().out
    assert "out_of_scope_recall" in out
    assert f"own/find_hotel ({checkpoint})" in out
    assert tuple(METRICS) == recipe.METRICS


def test_baselines_and_other_checkpoints_stand_beside_the_groups(
    recipe: ModuleType, data: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "plain"
    tiny_router(seed=2).save_pretrained(plain)
    output = tmp_path / "report.json"
    arguments = ["--data", str(data), "--checkpoint", str(checkpoint), "--output", str(output)]
    assert recipe.main([*arguments, "--baselines", "--train-data", str(data), "--compare", str(plain)]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    assert set(report["baselines"]) == {"majority", "logistic_regression", "nearest_tool", "nearest_calls"}
    assert report["baselines"]["logistic_regression"]["groups"]["all"]["decision_accuracy"] == 1.0
    assert report["compare"][str(plain)]["groups"]["all"]["n"] == 8
    assert report["compare"][str(plain)]["fingerprint"] != report["fingerprint"]
    out = capsys.readouterr().out
    assert "majority/all" in out
    assert "nearest_tool/unseen" in out
    assert "compared with" in out


def test_whole_dialogues_are_drawn(recipe: ModuleType, data: Path, checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    arguments = ["--data", str(data), "--checkpoint", str(checkpoint), "--output", str(output)]
    assert recipe.main([*arguments, "--limit-dialogues", "2", "--latency-turns", "0", "--seed", "3"]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    assert (report["samples"], report["seed"], report["limit_dialogues"]) == (4, 3, 2)
    assert report["groups"]["all"]["latency_ms"] == {"p50": None, "p95": None}


def test_what_cannot_be_read_or_written_is_one_line_and_exit_code_1(
    recipe: ModuleType, data: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report.json"
    known = ["--checkpoint", str(checkpoint), "--output", str(output)]
    assert recipe.main(["--data", str(tmp_path / "none.jsonl"), *known]) == 1
    assert "none.jsonl: cannot be read: No such file or directory" in capsys.readouterr().err
    assert recipe.main(["--data", str(data), "--checkpoint", str(tmp_path / "none"), "--output", str(output)]) == 1
    assert capsys.readouterr().err.strip() == f"error: {tmp_path / 'none'}: no such checkpoint folder"
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert recipe.main(["--data", str(empty), *known]) == 1
    assert "there are no samples to evaluate" in capsys.readouterr().err
    assert not output.exists()
    for blocked in (data / "report.json", tmp_path):
        assert recipe.main(["--data", str(data), "--checkpoint", str(checkpoint), "--output", str(blocked)]) == 1
        captured = capsys.readouterr().err
        assert captured.startswith(f"error: {blocked}: cannot be written: ")
        assert captured.count("\n") == 1


def test_wrong_usage_is_exit_code_2(recipe: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        recipe.main(["--data", "dev.jsonl", "--output", "report.json", "--baselines"])
    assert "--baselines needs --train-data" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        recipe.main(["--data", "dev.jsonl", "--output", "report.json", "--limit-dialogues", "0"])
    assert "--limit-dialogues must be at least 1, got 0" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{str(RECIPE)!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(RECIPE)!r}, run_name='__main__')\n"
        "except SystemExit as exit:\n"
        "    print(exit.code, sorted({'torch', 'matplotlib', 'sklearn', 'rich'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert "--limit-dialogues" in done.stdout
