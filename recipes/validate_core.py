"""Does recursion pay? The router's TRM core on Sudoku, beside the same net applied once.

uv run python recipes/validate_core.py --size 6
uv run python recipes/validate_core.py --size 6 --seeds 0 1 2 --output runs/validate_core
uv run python recipes/validate_core.py --size 9 --device cuda      # the paper's sizes; wants a GPU

The puzzles are generated. Three arms have the same parameters and see the same puzzles:
  trm            n latent steps, T recursions, up to N_sup supervision steps, an update after each, halting by q_head
  plain          the net once, as many updates
  plain_compute  the net once, so many more updates that training costs as many passes through the net as trm's
What is judged is the EMA copy on held-out puzzles, with all supervision steps; no figure picks a checkpoint.
Published for comparison, on the harder Sudoku-Extreme (9 × 9, arXiv 2510.04871): 87.4 %.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.sudoku.puzzles import BOXES, Puzzles, Shape, make_split
from recipes.train_router import commit
from trm_agent.evaluation.files import save_figure
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from recipes.sudoku.model import Score, Sizes

ARMS = ("trm", "plain", "plain_compute")

PRESETS: dict[int, dict[str, Any]] = {
    4: {"clues": 5, "train": 50, "test": 30, "width": 32, "heads": 2, "updates": 2000, "batch": 32},
    6: {},
    9: {
        "clues": 0, "train": 1000, "test": 1000, "width": 512, "heads": 8, "n": 6, "T": 3, "supervision_steps": 16,
        "updates": 60_000, "warmup": 2000, "batch": 768, "lr": 1e-4, "weight_decay": 1.0,
    },
}  # fmt: skip
"""What a size changes of the defaults; 9 follows the paper."""


@dataclass(frozen=True)
class Config:
    """A validation, as results.json keeps it; the defaults are those of size 6."""

    size: int = 6
    clues: int = 12
    train: int = 3000
    test: int = 500
    data_seed: int = 0
    width: int = 64
    layers: int = 2
    heads: int = 4
    n: int = 2
    T: int = 1
    supervision_steps: int = 8
    updates: int = 2400
    warmup: int = 100
    batch: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.05
    ema: float = 0.999
    explore: float = 0.1


HELP = {
    "size": "rows of the Sudoku",
    "clues": "cells that stay; 0 takes away all that can go",
    "train": "puzzles to train on, in ever new disguises",
    "test": "held-out puzzles",
    "data_seed": "decides the puzzles",
    "width": "D",
    "layers": "blocks of the shared net",
    "heads": "attention heads",
    "n": "latent steps of a recursion",
    "T": "recursions of a supervision step",
    "supervision_steps": "N_sup",
    "updates": "of trm and plain",
    "warmup": "updates",
    "batch": "puzzles",
    "lr": "highest learning rate",
    "weight_decay": "of matrices",
    "ema": "decay",
    "explore": "share of puzzles that go on, however sure the model is",
}


@dataclass(frozen=True)
class Run:
    """One arm with one seed.

    Attributes:
        cost: Passes through the net in training, per puzzle of a batch; going back through one counts as two more.
        seconds: Training, with the checks on the way; on a busy machine more than `cpu_seconds`.
        cpu_seconds: The same, as this process's time on all threads.
        by_step: Held-out scores after each supervision step.
        curve: Means since the row before, and the held-out score, as training goes.
    """

    arm: str
    seed: int
    parameters: int
    updates: int
    cost: int
    passes_to_answer: int
    seconds: float
    cpu_seconds: float
    by_step: list[Score]
    curve: list[dict[str, float]]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in fields(Config):
        kind, given = type(field.default), "--" + field.name.replace("_", "-")
        choices = sorted(BOXES) if field.name == "size" else None
        default = field.default if field.name == "size" else None
        told = "" if field.name == "size" else f" (size 6: {field.default})"
        parser.add_argument(given, type=kind, choices=choices, default=default, help=HELP[field.name] + told)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of weights and batches")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS, help="what to train")
    parser.add_argument("--checks", type=int, default=10, help="held-out scores on the way")
    parser.add_argument("--output", type=Path, default=Path("runs/validate_core"), help="folder to write")
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction, help="bfloat16; default: where it is fast")
    parser.add_argument("--device", default="cpu", help="such as cuda")
    parser.add_argument("--threads", type=int, help="CPU threads")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    chosen = {f.name: value for f in fields(Config) if (value := getattr(args, f.name)) is not None}
    config = Config(**{**PRESETS[args.size], **chosen})
    runs: list[Run] = []
    code = commit()
    try:
        for run in validate(config, args):
            runs.append(run)
            write(args.output, code, config, runs)
    except ValueError as error:
        logger.error("%s", error)
        return 1
    draw(args.output / "accuracy.png", config, runs)
    logger.info("results.json, accuracy.png → %s", args.output)
    show(config, runs)
    return 0


def validate(config: Config, args: argparse.Namespace) -> Iterator[Run]:
    import torch

    from trm_agent.encoder.sentence import fast_bfloat16

    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    amp = fast_bfloat16(device.type) if args.amp is None else args.amp
    train, test = make_split(Shape(config.size), config.train, config.test, config.clues, config.data_seed)
    logger.info(
        "%d puzzles to train on, %d held out, %.1f clues on average",
        len(train),
        len(test),
        (test.clues > 0).sum(1).mean(),
    )
    for seed in args.seeds:
        for arm in args.arms:
            run = train_arm(arm, seed, config, train, test, args.checks, device, amp)
            logger.info("%s, seed %d: %.3f exact after %.0f s", arm, seed, run.by_step[-1].exact, run.seconds)
            yield run


def sizes_of(config: Config, arm: str) -> Sizes:
    from recipes.sudoku.model import Sizes

    return Sizes(
        config.size, config.width, config.layers, config.heads, config.n, config.T, config.supervision_steps,
        plain=arm != "trm",
    )  # fmt: skip


def train_arm(
    arm: str, seed: int, config: Config, train: Puzzles, test: Puzzles, checks: int, device: Any, amp: bool
) -> Run:
    import torch
    from torch.nn import functional as F

    from recipes.sudoku.model import Carry, SudokuModel, evaluate
    from trm_agent.training.ema import EMA
    from trm_agent.training.optimizer import Schedule, make_optimizer

    sizes, cost = sizes_of(config, arm), sizes_of(config, "trm").update_cost
    updates = config.updates * cost // sizes.update_cost if arm == "plain_compute" else config.updates
    torch.manual_seed(seed)
    model = SudokuModel(sizes).to(device)
    averaged = SudokuModel(sizes).to(device)
    optimizer, ema = make_optimizer(model, weight_decay=config.weight_decay), EMA(model, config.ema)
    schedule = Schedule(config.lr, config.warmup, updates)
    carry = Carry(model, train, config.batch, config.explore, seed)
    started, started_cpu, curve, since = time.perf_counter(), time.process_time(), [], []
    for update in progress(range(updates), f"{arm}, seed {seed}"):
        carry.refill(model)
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(update)
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            y, z, digits, halt = model(carry.clues, carry.y, carry.z)
        right = (digits.argmax(-1) + 1 == carry.solutions).all(1)
        digit_loss = F.cross_entropy(digits.flatten(0, 1), carry.solutions.flatten() - 1)
        halt_loss = F.binary_cross_entropy_with_logits(halt, right.float())
        optimizer.zero_grad()
        (digit_loss + 0.5 * halt_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.update(model)
        carry.advance(y, z, halt)
        since.append(torch.stack([digit_loss.detach(), halt_loss.detach()]))
        if (update + 1) % max(1, updates // checks) == 0:
            ema.copy_to(averaged)
            score = evaluate(averaged, test[:200], carry.steps)[-1]
            losses = torch.stack(since).mean(0).tolist()
            curve.append({"update": update + 1, "digit_loss": losses[0], "halt_loss": losses[1], **asdict(score)})
            logger.debug("%s", curve[-1])
            since.clear()
    seconds, cpu_seconds = round(time.perf_counter() - started, 1), round(time.process_time() - started_cpu, 1)
    ema.copy_to(averaged)
    return Run(
        arm, seed, sum(p.numel() for p in model.parameters()), updates, updates * sizes.update_cost,
        sizes.passes * carry.steps, seconds, cpu_seconds, evaluate(averaged, test, carry.steps), curve,
    )  # fmt: skip


def spread(values: Sequence[float]) -> str:
    """Mean, and standard deviation over the seeds where there are several."""
    mean = f"{statistics.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.3f}"


def write(folder: Path, code: str | None, config: Config, runs: Sequence[Run]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    record = {"commit": code, "config": asdict(config), "runs": [asdict(run) for run in runs]}
    (folder / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def draw(path: Path, config: Config, runs: Sequence[Run]) -> None:
    """Accuracy against supervision steps, and as training goes; one line a run, one colour an arm."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
    for run in runs:
        look: dict[str, Any] = {"color": f"C{ARMS.index(run.arm)}", "lw": 1.2}
        named = {**look, "label": run.arm if run.seed == runs[0].seed else None}
        exact = [score.exact for score in run.by_step]
        if run.arm == "trm":
            left.plot(range(1, len(exact) + 1), exact, marker=".", **named)
        else:
            left.axhline(exact[-1], ls="--" if run.arm == "plain" else ":", **named)
        passes = run.cost / run.updates
        right.plot([row["update"] * passes for row in run.curve], [row["exact"] for row in run.curve], **look)
    left.set(xlabel="supervision step", ylabel="held-out puzzles solved, every cell right", ylim=(-0.02, 1.02))
    right.set(xlabel="passes through the net in training (a backward pass counts as two)")
    left.legend(fontsize=8)
    figure.suptitle(f"{config.size} × {config.size} Sudoku, equal parameters", fontsize=10)
    save_figure(figure, path)


def show(config: Config, runs: Sequence[Run]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    console = Console()
    sudoku, seeds = f"{config.size} × {config.size} Sudoku", " ".join(map(str, dict.fromkeys(r.seed for r in runs)))
    console.print(f"{sudoku}, {config.test} held out, {runs[0].parameters:,} parameters each, seeds {seeds}")
    figures = ("exact", "empty cells", "updates", "passes to train", "to answer", "seconds (CPU)")
    table = Table(Column("arm", no_wrap=True), *figures)
    for arm in dict.fromkeys(run.arm for run in runs):
        mine = [run for run in runs if run.arm == arm]
        last = [run.by_step[-1] for run in mine]
        exact, cells = spread([score.exact for score in last]), spread([score.cells for score in last])
        wall, cpu = (statistics.mean(getattr(run, name) for run in mine) for name in ("seconds", "cpu_seconds"))
        of = mine[0]
        table.add_row(
            arm, exact, cells, f"{of.updates:,}", f"{of.cost:,}", str(of.passes_to_answer), f"{wall:.0f} ({cpu:.0f})"
        )
    console.print(table)
    for run in (run for run in runs if run.arm == "trm"):
        steps = "  ".join(f"{step}: {score.exact:.3f}" for step, score in enumerate(run.by_step, 1))
        console.print(f"trm, seed {run.seed}, exact after supervision step  {steps}")
        console.print(f"  stopping by q_head: {run.by_step[-1].halted_exact:.3f} exact, {mean_steps(run):.1f} steps")


def mean_steps(run: Run) -> float:
    """Supervision steps a puzzle takes if it stops as soon as q_head says so."""
    return 1 + sum(1 - score.halted for score in run.by_step[:-1])


if __name__ == "__main__":
    sys.exit(main())
