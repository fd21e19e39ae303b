"""What serves imports neither torch nor what hangs on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trm_agent.checkpoint import Checkpoint, export_graphs
from trm_agent.encoder.export import export_encoder
from trm_agent.encoder.graph import graph_folder, is_exported
from trm_agent.encoder.sentence import DEFAULT_ENCODER, DEFAULT_SHA256, find_encoder
from trm_agent.testing import tiny_model

BLOCKED = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy", "matplotlib")
BLOCK = f"import sys\nfor name in {BLOCKED}:\n    sys.modules[name] = None\n"
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


@pytest.mark.slow
def test_the_quickstart_runs_where_there_is_no_torch(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    Checkpoint(tiny_model(384).eval(), DEFAULT_ENCODER, DEFAULT_SHA256).save(checkpoint)
    export_graphs(checkpoint)
    cache = graph_folder(DEFAULT_SHA256).parents[1] if is_exported(DEFAULT_SHA256) else tmp_path / "cache"
    if cache == tmp_path / "cache":
        path, fingerprint = find_encoder(DEFAULT_ENCODER)
        export_encoder(DEFAULT_ENCODER, path, fingerprint, cache / "encoders" / fingerprint[:32])
    script = f"{BLOCK}from recipes.quickstart import main\nassert main(['--checkpoint', {str(checkpoint)!r}]) == 0"
    assert "decisions," in run(script, TRM_CACHE=str(cache))
