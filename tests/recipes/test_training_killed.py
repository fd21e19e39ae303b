"""A run killed with SIGKILL and resumed ends, bit for bit, like one that was left alone.

Killed at a random moment from outside, and at the worst moments from inside: while a file is half written, and
between the files that belong together.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from recipes.train_router import main
from recipes.training.curves import Curves
from tests.recipes.test_train_router import options, samples
from trm_agent.checkpoint import CALIBRATION, CONFIG, TRAINING, WEIGHTS, load_checkpoint
from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.testing import HashingEncoder
from trm_agent.training.episodes import read_episodes
from trm_agent.training.optimizer import training_texts

ROOT = Path(__file__).parents[2]
STATE = Path("last") / "state.safetensors"
VALIDATIONS = 9

DIES = """
import os, signal, sys
from pathlib import Path
import safetensors.torch, trm_agent.training.optimizer
from recipes.train_router import main

where, call = sys.argv[1], int(sys.argv[2])
module, name = {
    "state half written": (trm_agent.training.optimizer, "save_file"),
    "checkpoint half written": (safetensors.torch, "save_file"),
    "checkpoint written, state not": (trm_agent.training.optimizer, "save_training_state"),
}[where]
works = getattr(module, name)
calls = 0

def dies(*args):
    global calls
    calls += 1
    if calls < call:
        return works(*args)
    if name == "save_file":
        works(*args)
        os.truncate(args[1], Path(args[1]).stat().st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, name, dies)
main(sys.argv[3:])
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample file with its texts encoded already."""
    folder = tmp_path_factory.mktemp("killed")
    path = folder / "samples.jsonl"
    write_samples(path, samples(6))
    Vocabulary(training_texts(read_episodes([path])), HashingEncoder()).save(folder / "encoded")
    return path


def command(data: Path, output: str, *more: str) -> list[str]:
    return options(data, output, "--epochs", "3", "--val-every", "2", "--dropout", "0.1", *more)


def rows(folder: Path) -> list[dict[str, Any]]:
    """The curves without what a clock says, and without losses: their mean starts anew with a resumed run."""
    lines = (folder / "curves.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    return [{k: v for k, v in row.items() if k not in ("samples_per_second", "loss")} for row in found]


def assert_alike(one: Path, other: Path) -> None:
    """Model, EMA and optimizer; the best checkpoint with its calibration and record; the curves."""
    for name in (STATE, WEIGHTS):
        wanted, got = load_file(one / name), load_file(other / name)
        assert wanted.keys() == got.keys()
        assert [key for key in wanted if not wanted[key].equal(got[key])] == [], name
    for name in (CONFIG, CALIBRATION, TRAINING):
        assert (one / name).read_text(encoding="utf-8") == (other / name).read_text(encoding="utf-8"), name
    load_checkpoint(other)
    assert rows(one) == rows(other)
    assert not [*other.rglob("*.partial")]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_killed_at_a_random_moment_ends_like_an_undisturbed_one(data: Path) -> None:
    val = ["--val", str(data), "--val-dialogues", "3"]
    whole, killed = data.parent / "whole", data.parent / "killed"
    assert main(command(data, "whole", *val)) == 0
    validations = [row for row in rows(whole) if "validation" in row]
    assert len(validations) == VALIDATIONS
    rng = random.Random(time.time_ns())
    wanted, delay = rng.randint(1, VALIDATIONS - 3), rng.uniform(0, 0.05)
    recipe = [sys.executable, "recipes/train_router.py", *command(data, "killed", *val)]
    with subprocess.Popen(recipe, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None and not ((killed / STATE).is_file() and len(rows(killed)) >= wanted):
                time.sleep(0.01)
            time.sleep(delay)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"
    moment = f"killed {delay:.3f} s after {wanted} validations, with {len(rows(killed))} rows of curves"
    assert main(command(data, "killed", *val, "--resume")) == 0, moment
    assert_alike(whole, killed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_runs_killed_while_they_write_end_like_an_undisturbed_one(data: Path) -> None:
    assert main(command(data, "alone")) == 0
    folder = data.parent / "dying"
    for where in ("state half written", "checkpoint half written", "checkpoint written, state not"):
        arguments = command(data, "dying", "--resume")
        done = subprocess.run([sys.executable, "-c", DIES, where, "2", *arguments], cwd=ROOT, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
        load_checkpoint(folder)
        load_file(folder / STATE)
        with (folder / "curves.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"step": 3, "lo')
    assert main(command(data, "dying", "--resume")) == 0
    assert_alike(data.parent / "alone", folder)


def test_a_resumed_run_drops_the_rows_that_come_again(tmp_path: Path) -> None:
    curves = Curves(tmp_path, 0)
    for step, best in ((2, 0.5), (4, 0.4), (6, 0.9)):
        curves.write({"step": step, "validation": {}, "best": best})
    with curves.path.open("a", encoding="utf-8") as file:
        file.write('{"step": 8, "valid')
    resumed = Curves(tmp_path, 4)
    assert [row["step"] for row in resumed.rows()] == [2, 4]
    assert resumed.best == 0.5
    assert Curves(tmp_path, 0).rows() == []
