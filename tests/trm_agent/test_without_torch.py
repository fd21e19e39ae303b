"""What serves imports neither torch nor what hangs on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trm_agent.data.jsonl import write_samples
from trm_agent.types import Message, Sample, parse_tools

BLOCKED = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy", "matplotlib", "onnx")
BLOCK = f"import sys\nfor name in {BLOCKED}:\n    sys.modules[name] = None\n"
TRAINING_BLOCKED = BLOCK.replace("'matplotlib', ", "")
"""The tables of a report have plots beside them: the extra `report`."""
LOADED = f"print([name for name in {BLOCKED} if sys.modules.get(name)])"


def run(script: str, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("module", ["trm_agent.router", "langchain_trm", "trm_agent.features.batch"])
def test_an_import_loads_no_torch(module: str) -> None:
    assert run(f"import sys, {module}\n{LOADED}").strip() == "[]"


def test_the_quickstart_runs_where_there_is_no_torch() -> None:
    script = f"{BLOCK}from recipes.quickstart import main\nassert main([]) == 0"
    assert "decisions," in run(script)


def test_a_recipe_that_measures_runs_where_there_is_no_torch(tmp_path: Path) -> None:
    tools = parse_tools([{"name": "find_bus", "parameters": {"properties": {"to_city": {"type": "string"}}}}])
    call = {"name": "find_bus", "arguments": {"to_city": "Anaheim"}}
    said = (Message("user", "I need a bus to Anaheim"),)
    meta = {"source": "own", "subset": "buses", "dialogue": "1", "seen": True}
    sample = Sample(tools, said, "tool_call", {"to_city": "Anaheim"}, call, None, id="1/1", meta=meta)
    write_samples(tmp_path / "data.jsonl", [sample])
    options = ["--data", str(tmp_path / "data.jsonl"), "--output", str(tmp_path / "report.json")]
    run(f"{TRAINING_BLOCKED}from recipes.evaluate_router import main\nassert main({options!r}) == 0")
    assert json.loads((tmp_path / "report.json").read_text())


def test_what_needs_torch_names_the_extra() -> None:
    script = f"{BLOCK}from trm_agent.encoder.sentence import load_encoder\nload_encoder()"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "in torch needs the `train` extra" in ran.stderr
