"""What a fresh process costs: its start until the second answer, and its memory after many conversations."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trm_agent.errors import TRMError

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy", "onnx", "matplotlib", "pandas")
"""What a start must not load."""
STAGES = ("import", "load", "first answer", "second answer")
START = """
import json, sys, time
def now():
    return [1000 * time.process_time(), 1000 * (time.time() - started)]
started = float(sys.argv[1])
import langchain_trm
marks = [now()]
from langchain_trm.loading import load_router
router = load_router(None)
marks.append(now())
from recipes.latency.made_up import make_tools
import random
model = langchain_trm.ChatTRM(tools=make_tools(5, random.Random(0)))
for said in ("I need a table for two in Ghent", "no, make it four people"):
    model.invoke(said)
    marks.append(now())
from recipes.latency.starts import memory
print(json.dumps({"marks": marks, "modules": len(sys.modules), "memory_mb": memory(),
                  "heavy": [name for name in sys.argv[2].split() if name in sys.modules]}))
"""
GROWTH = """
import json, random, sys
from recipes.latency.starts import memory
from recipes.latency.made_up import make_conversation, make_exchange, make_tools
from trm_agent.router import Router
conversations, turns, tools, capacity = map(int, sys.argv[1:5])
rng = random.Random(0)
router = Router.from_pretrained(keep_tools=False)
if capacity:
    router.encoder.capacity = router.network.memory.capacity = capacity
bound = router.bind(make_tools(tools, rng))
out = [[0, memory()]]
for i in range(1, conversations + 1):
    history = make_conversation(2, rng)
    state = None
    for _ in range(turns):
        state = bound.decide(history, state=state).state
        history += make_exchange(rng)
    if i == conversations or i % max(1, conversations // 10) == 0:
        out.append([i, memory()])
print(json.dumps(out))
"""


def memory() -> float:
    """Resident memory of this process in MB; 0 where the system does not say."""
    if not sys.platform.startswith("linux"):
        return 0.0
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS:"))


def start_rows(times: int) -> list[dict[str, Any]]:
    """CPU and wall milliseconds of each stage: once without byte code, then the median of so many with it.

    Raises:
        TRMError: A process failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = [_start(folder) for _ in range(1 + times)]
    return [_row("cold", runs[:1]), _row("warm", runs[1:])] if times else []


def _start(byte_code: str) -> dict[str, Any]:
    return dict(
        _run(START, [str(time.time()), " ".join(HEAVY)], PYTHONPYCACHEPREFIX=byte_code, PYTHONDONTWRITEBYTECODE="")
    )


def _row(kind: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    stages = {
        stage: {name: statistics.median(run["marks"][i][k] for run in runs) for k, name in enumerate(("cpu", "wall"))}
        for i, stage in enumerate(STAGES)
    }
    last = runs[-1]
    return {
        "start": kind,
        "processes": len(runs),
        "until": stages,
        "modules": last["modules"],
        "heavy": last["heavy"],
        "memory_mb": statistics.median(run["memory_mb"] for run in runs),
    }


def growth_rows(conversations: int, turns: int = 20, tools: int = 5, capacity: int = 0) -> list[list[float]]:
    """Conversations so far and resident MB, in a fresh process.

    Args:
        conversations: Different ones, played with their state.
        turns: Of each.
        tools: On offer.
        capacity: Bytes of the memories of texts and of readings; 0: as they are by default.

    Raises:
        TRMError: The process failed.
    """
    if not conversations:
        return []
    return list(_run(GROWTH, [str(number) for number in (conversations, turns, tools, capacity)]))


def _run(script: str, arguments: Sequence[str], **environment: str) -> Any:
    command = [sys.executable, "-c", script, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | environment)
    if ran.returncode:
        raise TRMError(f"a fresh process failed: {ran.stderr.strip()[-2000:]}")
    return json.loads(ran.stdout.splitlines()[-1])
