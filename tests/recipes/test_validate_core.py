"""The core's validation runs from the command line, compares like with like, and recursion learns."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from recipes.sudoku.model import Carry, Sizes, SudokuModel, evaluate
from recipes.sudoku.puzzles import Shape, make_split
from recipes.validate_core import main
from trm_agent.model.trm import Net

TRM = Sizes(4, width=16, layers=2, heads=2, n=2, T=2, supervision_steps=3, plain=False)
PLAIN = Sizes(4, width=16, layers=2, heads=2, n=2, T=2, supervision_steps=3, plain=True)


def test_the_command_writes_figures_and_picture_and_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    budget = [
        "--train",
        "30",
        "--test",
        "10",
        "--updates",
        "6",
        "--batch",
        "8",
        "--width",
        "16",
        "--checks",
        "2",
        "--n",
        "1",
    ]
    more = ["--size", "4", "--seeds", "0", "--threads", "1", "--no-amp", "--output", str(tmp_path)]
    assert main([*budget, *more]) == 0
    record = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert record["config"]["size"] == 4
    runs = {run["arm"]: run for run in record["runs"]}
    assert set(runs) == {"trm", "plain", "plain_compute"}
    assert len({run["parameters"] for run in runs.values()}) == 1
    assert len(runs["trm"]["by_step"]) == record["config"]["supervision_steps"]
    assert len(runs["plain"]["by_step"]) == 1
    assert runs["plain"]["updates"] == runs["trm"]["updates"] == 6
    assert runs["plain_compute"]["cost"] == runs["trm"]["cost"]
    assert len(runs["trm"]["curve"]) == 2
    assert (tmp_path / "accuracy.png").stat().st_size > 0
    shown = capsys.readouterr().out
    assert "plain_compute" in shown
    assert "exact after supervision step" in shown


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    budget = ["--size", "4", "--train", "20", "--test", "10", "--updates", "5", "--batch", "4", "--width", "16"]
    figures = []
    for name in ("one", "two"):
        assert main([*budget, "--threads", "1", "--no-amp", "--arms", "trm", "--output", str(tmp_path / name)]) == 0
        run = json.loads((tmp_path / name / "results.json").read_text(encoding="utf-8"))["runs"][0]
        figures.append((run["by_step"], run["curve"]))
    assert figures[0] == figures[1]


def test_too_few_puzzles_are_one_line_and_exit_code_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["--size", "4", "--clues", "16", "--test", "9999", "--output", str(tmp_path)]
    assert main(command) == 1
    assert "different puzzles of size 4 found, 9999 wanted" in capfd.readouterr().err


@pytest.mark.parametrize(("sizes", "passes", "cost"), [(TRM, 6, 6 + 2 * 3), (PLAIN, 1, 3)])
def test_passes_are_counted_as_the_net_is_called(
    sizes: Sizes, passes: int, cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded: list[bool] = []
    forward = Net.forward

    def counting(net: Net, *parts: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        graded.append(torch.is_grad_enabled())
        return forward(net, *parts, mask=mask)

    monkeypatch.setattr(Net, "forward", counting)
    model = SudokuModel(sizes)
    model(torch.zeros(2, 16, dtype=torch.long), *model.begin(2))
    assert sizes.passes == len(graded) == passes
    assert sizes.update_cost == len(graded) + 2 * sum(graded) == cost


def test_a_puzzle_that_is_done_makes_room_and_the_others_go_on() -> None:
    torch.manual_seed(0)
    model = SudokuModel(TRM)
    train, _ = make_split(Shape(4), 20, 5, clues=6, seed=0)
    carry = Carry(model, train, batch=4, explore=0.0, seed=0)
    carry.step[:] = 0
    before = carry.clues.clone()
    y, z, _, _ = model(carry.clues, carry.y, carry.z)
    carry.advance(y, z, torch.tensor([1.0, -1.0, -1.0, 1.0]))
    assert carry.done.tolist() == [True, False, False, True]
    carry.refill(model)
    assert torch.equal(carry.clues[1:3], before[1:3])
    assert not torch.equal(carry.clues[[0, 3]], before[[0, 3]])
    assert torch.equal(carry.y[1:3], y[1:3])
    assert torch.equal(carry.z[[0, 3]], model.begin(2)[1])
    assert carry.step.tolist() == [0, 1, 1, 0]
    for _ in range(2):
        carry.advance(y, z, torch.full((4,), -1.0))
    assert carry.done.tolist() == [False, True, True, False], "N_sup is 3"


def test_exploring_puzzles_stay_for_their_number_of_steps() -> None:
    model = SudokuModel(TRM)
    train, _ = make_split(Shape(4), 20, 5, clues=6, seed=0)
    carry = Carry(model, train, batch=64, explore=1.0, seed=0)
    assert set(carry.step.tolist()) == {0, 1, 2}
    carry.step[:] = 0
    assert set(carry.least.tolist()) == {1, 2, 3}
    carry.advance(carry.y, carry.z, torch.ones(64))
    assert carry.done.tolist() == (carry.least == 1).tolist()


def test_nothing_goes_back_into_an_earlier_supervision_step() -> None:
    model = SudokuModel(TRM)
    y, z, _, _ = model(torch.zeros(2, 16, dtype=torch.long), *model.begin(2))
    assert not y.requires_grad
    assert not z.requires_grad


def test_scores_by_hand() -> None:
    """A model that answers 1 everywhere, sure of it from the second step on; one grid is ones, the other has a 2."""
    _, puzzles = make_split(Shape(4), 1, 2, clues=6, seed=0)
    puzzles.solutions[:], puzzles.clues[:] = 1, 1
    puzzles.clues[:, :4] = 0
    puzzles.solutions[1, 0] = 2

    class Ones(SudokuModel):
        def forward(
            self, clues: torch.Tensor, y: torch.Tensor, z: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
            digits = torch.nn.functional.one_hot(torch.zeros_like(clues), 4).float()
            return y + 1, z, digits, y[:, 0, 0] - 0.5

    model = Ones(TRM)
    model.start.zero_()
    first, second = evaluate(model, puzzles, 2)
    assert (first.exact, first.cells, first.halted) == (0.5, 7 / 8, 0.0)
    assert (second.exact, second.halted, second.halted_exact) == (0.5, 1.0, 0.5)


@pytest.mark.slow
def test_recursion_learns_a_few_puzzles(tmp_path: Path) -> None:
    command = ["--size", "4", "--arms", "trm", "--updates", "200", "--train", "30", "--test", "10", "--width", "32"]
    assert main([*command, "--threads", "1", "--no-amp", "--batch", "32", "--output", str(tmp_path)]) == 0
    run = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["runs"][0]
    first, last = run["curve"][0]["digit_loss"], run["curve"][-1]["digit_loss"]
    assert last < 0.7 * first
    assert first < 1.3 * math.log(4)
