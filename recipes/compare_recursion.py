"""Does the recursion pay? The router trained several times, with and without it, over several seeds.

uv run python recipes/compare_recursion.py --data data/sgd_2500.jsonl --dev data/sgd_dev300.jsonl \
    --steps 600 --seeds 0 1 2 --output runs/recursion
uv run python recipes/compare_recursion.py --data data/sgd_2500.jsonl --dev data/sgd_dev300.jsonl \
    --arms trm plain plain_compute no_feedback --output runs/recursion

Every arm sees the same episodes in the same order, with the same learning rate; `plain_compute` takes as many more
updates as make it cost what `trm` costs. All are judged on the router's own state. What is done already under
--output is not done again, so that arms and seeds can be added.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm_agent.errors import TRMError
from trm_agent.evaluation.files import write_text
from trm_agent.log import logger, setup_logging


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        says: For the table.
        options: Of `train_router.py`.
        compute: Whether updates are added until it costs what `trm` costs.
    """

    says: str
    options: tuple[str, ...] = ()
    compute: bool = False


ARMS: dict[str, Arm] = {
    "trm": Arm("TRM as shipped: n 1, T 1, two supervision steps, feedback"),
    "plain": Arm("one pass, equal epochs", ("--plain",)),
    "plain_compute": Arm("one pass, equal compute", ("--plain",), compute=True),
    "one_step": Arm("one supervision step", ("--set", "supervision_steps=1")),
    "no_feedback": Arm("two supervision steps, no feedback", ("--set", "feedback=false")),
    "carry": Arm("y carried from the decision point before", ("--set", "carry=true")),
    "n2": Arm("n 2", ("--set", "n=2")),
    "T2": Arm("T 2", ("--set", "T=2")),
    "four_steps": Arm("four supervision steps", ("--set", "supervision_steps=4")),
}

FIGURES = {
    "decision": ("after_user", "decision_accuracy"),
    "tool": ("after_user", "tool_accuracy"),
    "whole call": ("groups", "call_exact"),
    "joint goal": ("groups", "joint_goal_accuracy"),
    "active goal": ("groups", "joint_goal_accuracy_active"),
}
"""Column → part of the report and key; decisions are those after a user message."""

GROUPS = ("all", "seen", "unseen")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files to train on")
    parser.add_argument("--dev", type=Path, nargs="+", required=True, help="sample files to judge on, own state")
    parser.add_argument("--output", type=Path, required=True, help="folder for checkpoints, results.json and table.md")
    parser.add_argument(
        "--arms", nargs="+", choices=list(ARMS), default=list(ARMS), metavar="ARM", help=", ".join(ARMS)
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=600, help="updates of 80 decision points")
    parser.add_argument("--compute", type=float, default=1.25, help="what an update of trm costs in updates of plain")
    parser.add_argument("--preset", default="small", help="of train_router.py")
    parser.add_argument("--cache", type=Path, help="where encoded texts are kept; default: --output/encoded")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    results = args.output / "results.json"
    rows: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else []
    try:
        for seed in args.seeds:
            for name in args.arms:
                if any(row["arm"] == name and row["seed"] == seed for row in rows):
                    continue
                rows.append(run(name, seed, args))
                write_text(results, json.dumps(rows, indent=1) + "\n")
                write_text(args.output / "table.md", table(rows))
    except TRMError as error:
        logger.error("%s", error)
        return 1
    print(table(rows))
    return 0


def run(name: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train one arm with one seed, and judge it."""
    arm, folder = ARMS[name], args.output / f"{name}-{seed}"
    steps = round(args.steps * args.compute) if arm.compute else args.steps
    recipe = Path(__file__).with_name("train_router.py")
    before = cpu_seconds()
    done = subprocess.run(
        [
            sys.executable, str(recipe), "--data", *map(str, args.data), "--output", str(folder), "--steps", str(steps),
            "--val-every", str(steps), "--seed", str(seed), "--threads", str(args.threads), "--preset", args.preset,
            "--cache", str(args.cache or args.output / "encoded"), *arm.options,
        ],
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise TRMError(f"training {name} with seed {seed} ended with {done.returncode}; its log stands above")
    spent = cpu_seconds() - before
    report = judge(folder, args)
    figures = {
        column: {group: report[part][group][key] for group in GROUPS if group in report[part]}
        for column, (part, key) in FIGURES.items()
    }
    row = {"arm": name, "seed": seed, "steps": steps, "cpu_seconds": round(spent), "figures": figures}
    logger.info("%s, seed %d: %s", name, seed, {column: show(values.get("all")) for column, values in figures.items()})
    return row


def cpu_seconds() -> float:
    """Of the processes that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def judge(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """The report of a checkpoint over the dev samples."""
    import torch

    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import evaluate
    from trm_agent.router import Router

    torch.set_num_threads(args.threads)
    samples = [sample for path in args.dev for sample in read_samples(path)]
    return evaluate(Router.from_pretrained(folder), samples, checkpoint=folder.name, latency_turns=0).to_json()


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Mean and standard deviation over the seeds, then what `trm` has over each arm with the same seed; Markdown."""
    columns = [f"{column}{'' if group == 'all' else f', {group}'}" for column in FIGURES for group in ("all", "unseen")]
    lines = [
        f"| arm | seeds | updates | CPU s | {' | '.join(columns)} |",
        f"|---|{'---|' * (len(columns) + 3)}",
    ]
    for name, arm in ARMS.items():
        mine = [row for row in rows if row["arm"] == name]
        if mine:
            cells = [spread([value(row, column) for row in mine]) for column in columns]
            seconds = statistics.mean(row["cpu_seconds"] for row in mine)
            lines.append(
                f"| `{name}`: {arm.says} | {len(mine)} | {mine[0]['steps']} | {seconds:.0f} | {' | '.join(cells)} |"
            )
    trm = {row["seed"]: row for row in rows if row["arm"] == "trm"}
    lines += ["", f"| `trm` less, in points | seeds | {' | '.join(columns)} |", f"|---|{'---|' * (len(columns) + 1)}"]
    for name in ARMS:
        pairs = [(trm[row["seed"]], row) for row in rows if row["arm"] == name != "trm" and row["seed"] in trm]
        if pairs:
            cells = [spread([points(a, b, column) for a, b in pairs], digits=1, signed=True) for column in columns]
            lines.append(f"| `{name}` | {len(pairs)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def value(row: Mapping[str, Any], column: str) -> float | None:
    name, _, group = column.partition(", ")
    found: float | None = row["figures"][name].get(group or "all")
    return found


def points(a: Mapping[str, Any], b: Mapping[str, Any], column: str) -> float | None:
    left, right = value(a, column), value(b, column)
    return None if left is None or right is None else 100 * (left - right)


def spread(values: Sequence[float | None], digits: int = 3, signed: bool = False) -> str:
    """Mean ± sample standard deviation; the mean alone of one value."""
    known = [v for v in values if v is not None]
    if not known:
        return "–"
    mean = f"{statistics.mean(known):{'+' if signed else ''}.{digits}f}"
    return mean if len(known) == 1 else f"{mean} ± {statistics.stdev(known):.{digits}f}"


def show(number: float | None) -> str:
    return "–" if number is None else f"{number:.3f}"


if __name__ == "__main__":
    sys.exit(main())
