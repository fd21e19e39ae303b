"""Training from the command line: it writes a checkpoint, and two processes equal one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from recipes.train_router import main, validate
from recipes.training.options import FINE_TUNING, overrides, parse_args
from tests.trm_agent.model_doubles import MESSAGES, TOOLS
from trm_agent.checkpoint import load_checkpoint
from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import KnownTexts, Vocabulary
from trm_agent.errors import TRMError
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder
from trm_agent.training.episodes import read_episodes
from trm_agent.training.optimizer import training_texts
from trm_agent.types import Sample

ROOT = Path(__file__).parents[2]
FAST = ["--preset", "tiny", "--set", "width=16", "--threads", "1", "--no-amp", "--device", "cpu", "--dropout", "0"]


def samples(dialogues: int) -> list[Sample]:
    out = []
    gold = {
        3: {"name": "find_bus", "arguments": {"from_city": "Fresno", "to_city": "Anaheim"}},
        7: {"name": "get_weather", "arguments": {"city": "San Jose"}},
    }
    for dialogue in range(dialogues):
        for length in (1, 3, 5, 7):
            slots = {} if length == 1 else {"from_city": "Fresno", "to_city": "Anaheim", "seat": "window"}
            raw = {
                "tools": TOOLS,
                "history": [m.to_json() for m in MESSAGES[:length]],
                "decision": "tool_call" if length in gold else "direct_answer",
                "slots": slots,
                "tool": gold.get(length),
                "content": None,
                "meta": {"dialogue": str(dialogue), "source": "made"},
            }
            out.append(Sample.from_json(raw))
    return out


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sample file with its texts encoded already, so that no real encoder is loaded."""
    path = tmp_path / "samples.jsonl"
    write_samples(path, samples(8))
    Vocabulary(training_texts(read_episodes([path])), HashingEncoder()).save(tmp_path / "encoded")
    return path


def options(data: Path, output: str, *more: str) -> list[str]:
    cache, folder = data.parent / "encoded", data.parent / output
    return ["--data", str(data), "--output", str(folder), "--cache", str(cache), "--batch", "4", *FAST, *more]


def test_a_run_leaves_a_calibrated_checkpoint_its_record_and_its_curves(data: Path) -> None:
    assert main(options(data, "run", "--epochs", "3", "--val", str(data), "--val-every", "3")) == 0
    folder = data.parent / "run"
    checkpoint = load_checkpoint(folder)
    assert checkpoint.encoder_name == "hashing-32"
    assert checkpoint.training["data"].keys() == {"samples.jsonl"}
    assert checkpoint.training["config"]["seed"] == 0
    assert set(checkpoint.training["validation"]["made"]) >= {"decision_accuracy", "call_exact", "joint_goal_accuracy"}
    assert (folder / "curves.png").stat().st_size > 0
    assert (folder / "last" / "state.safetensors").is_file()


def test_validation_reads_texts_that_no_sample_holds_such_as_the_clauses_of_several_calls(data: Path) -> None:
    assert main(options(data, "run", "--epochs", "1")) == 0
    encoder = KnownTexts(Vocabulary([], HashingEncoder()), HashingEncoder)
    found = validate(load_checkpoint(data.parent / "run"), encoder, samples(2))
    assert found["made"]["decision_accuracy"] is not None


def test_a_plain_run_and_one_that_starts_from_it(data: Path) -> None:
    assert main(options(data, "plain", "--epochs", "1", "--plain")) == 0
    assert load_checkpoint(data.parent / "plain").model.config.plain
    assert main(options(data, "next", "--epochs", "1", "--plain", "--init", str(data.parent / "plain"))) == 0


def test_a_run_from_weights_has_their_sizes_its_own_pace_and_says_where_it_began(data: Path) -> None:
    assert main(options(data, "first", "--epochs", "1")) == 0
    cache, first, tuned = (data.parent / name for name in ("encoded", "first", "tuned"))
    common = ["--data", str(data), "--cache", str(cache), "--threads", "1", "--no-amp", "--device", "cpu"]
    assert main([*common, "--init", str(first), "--output", str(tuned)]) == 0
    begun, ended = load_checkpoint(first), load_checkpoint(tuned)
    assert ended.model.config.width == begun.model.config.width == 16
    assert ended.model.config.relevance_floor <= begun.model.config.relevance_floor
    assert ended.training["step"] == FINE_TUNING["least_steps"]
    assert ended.training["config"]["lr"] == FINE_TUNING["lr"]
    assert ended.training["init"] == {"checkpoint": str(first), "weights_sha256": begun.weights_sha256}


def test_a_carry_that_the_initial_weights_lack_starts_from_doing_nothing(data: Path) -> None:
    assert main(options(data, "first", "--epochs", "1")) == 0
    first = data.parent / "first"
    still = ("--steps", "1", "--lr", "0", "--set", "width=16", "carry=true", "--init", str(first))
    assert main(options(data, "still", *still)) == 0
    begun, ended = load_checkpoint(first).model.state_dict(), load_checkpoint(data.parent / "still").model.state_dict()
    assert not ended.pop("carry.weight").any()
    assert all(torch.equal(begun[name], ended[name]) for name in begun)
    assert main(options(data, "moved", "--epochs", "1", "--set", "width=16", "carry=true", "--init", str(first))) == 0
    assert load_checkpoint(data.parent / "moved").model.state_dict()["carry.weight"].any()


def test_layers_and_inputs_that_the_initial_weights_lack_change_nothing_at_first(data: Path) -> None:
    sizes = ("--set", "width=16", "nearness=false")
    assert main(options(data, "first", "--epochs", "1", *sizes)) == 0
    first = data.parent / "first"
    more = ("--set", "width=16", "nearness=true", "reader_layers=3", "reads=3", "dropout=0")
    assert main(options(data, "more", "--steps", "1", "--lr", "0", *more, "--init", str(first))) == 0
    begun, ended = load_checkpoint(first), load_checkpoint(data.parent / "more")
    assert (ended.model.config.reader_layers, ended.model.config.reads) == (3, 3)
    encoder = KnownTexts(Vocabulary([], HashingEncoder()), HashingEncoder)
    decisions = [
        [Router(one, encoder).bind(sample.tools).decide(sample.history) for sample in samples(2)]
        for one in (begun, ended)
    ]
    for before, after in zip(*decisions, strict=True):
        assert before.probabilities["tool_call"] == pytest.approx(after.probabilities["tool_call"], abs=1e-4)


def test_weights_of_other_sizes_are_refused_in_one_line(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(options(data, "first", "--epochs", "1")) == 0
    assert main(options(data, "other", "--set", "width=32", "--init", str(data.parent / "first"))) == 1
    assert "--init: its weights do not fit the sizes that --preset, --set or --plain ask for" in capfd.readouterr().err


def test_without_validation_the_checkpoint_and_its_router_say_that_confidence_is_not_calibrated(
    data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(options(data, "bare", "--epochs", "1")) == 0
    assert "without --val the confidence is not calibrated" in capfd.readouterr().err
    folder = data.parent / "bare"
    assert load_checkpoint(folder).training["calibration"]["fitted"] is False
    decision = Router.from_pretrained(folder, encoder=HashingEncoder()).bind(TOOLS).decide(MESSAGES[:1])
    assert decision.calibrated is False
    assert "its confidence is not calibrated: it ranks decisions" in capfd.readouterr().err


def test_what_the_confidence_was_fitted_on_stands_in_the_training_record(data: Path) -> None:
    assert main(options(data, "fitted", "--epochs", "1", "--val", str(data))) == 0
    checkpoint = load_checkpoint(data.parent / "fitted")
    assert checkpoint.training["calibration"] == checkpoint.calibration.summary(32)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on a machine with one core
def test_a_run_whose_batches_are_made_by_others_ends_with_the_same_weights(data: Path) -> None:
    for name, workers in (("alone", "0"), ("helped", "2")):
        assert main(options(data, name, "--steps", "6", "--workers", workers)) == 0
    alone, helped = (load_file(data.parent / name / "model.safetensors") for name in ("alone", "helped"))
    assert all(torch.equal(alone[name], helped[name]) for name in alone)


ADDED_TO_ALL = ("model/heads.tool.bias", "model/heads.choice_bias.bias")
"""Added to every alternative alike, so that no loss depends on them: rounding alone moves them, epoch by epoch."""


@pytest.mark.slow
def test_two_processes_end_like_one(data: Path) -> None:
    common = ["--epochs", "1", "--val-every", "99"]
    assert main(options(data, "one", *common)) == 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "recipes/train_router.py", *options(data, "two", *common)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (load_file(data.parent / name / "last" / "state.safetensors") for name in ("one", "two"))
    for name in one:
        if name.startswith("model/"):
            most = 2e-3 if name in ADDED_TO_ALL else 1e-5
            assert (one[name] - two[name]).abs().max() < most, name


def test_an_override_that_is_no_number_is_named() -> None:
    assert overrides(["n=2", "feedback=false"]) == {"n": 2, "feedback": False}
    with pytest.raises(TRMError, match="--set n=two: expected KEY=VALUE with a number, true or false"):
        overrides(["n=two"])


def test_an_empty_file_is_one_line_and_exit_code_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert main(["--data", str(tmp_path / "empty.jsonl"), "--output", str(tmp_path / "run"), *FAST]) == 1
    assert "no samples in" in capfd.readouterr().err


def test_a_date_is_given_to_samples_that_carry_none(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--data", "a.jsonl", "--output", "run", "--now"]
    now = parse_args([*options, "2026-03-14T09:30:00+07:00"], None).now
    assert now == "2026-03-14T09:30:00"
    undated = Sample((), (), "direct_answer", {}, None, "hi")
    assert undated.dated(now).meta == {"now": now}
    assert undated.dated(now).dated("2020-01-01").meta == {"now": now}
    assert undated.dated(None) is undated
    with pytest.raises(SystemExit):
        parse_args([*options, "soon"], None)
    assert "it is 'soon'; expected a date in ISO 8601" in capsys.readouterr().err
