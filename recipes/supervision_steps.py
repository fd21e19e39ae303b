r"""What does each supervision step add, how does that hold over the turns, and who can stop early at what cost?

uv run python recipes/supervision_steps.py --data data/sgd_val.jsonl --output steps.json
uv run python recipes/supervision_steps.py --data data/sgd_val.jsonl --checkpoint runs/x --most 6 \
    --thresholds 0.8 0.95 --output steps.json --figure steps.png --markdown steps.md

Every row is the same router on its own state: first with 1, 2, … supervision steps for every decision, then with
decisions that stop when the halting head is sure enough (halt), when the answer no longer changes (unchanged), or at
the first of both. Differences are to the router as it is configured, with an interval: whole dialogues drawn anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import about_run, add_options, drawn_samples, open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.files import save_figure, write_text
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.evaluation.report import Report
    from trm_agent.model.halting import Halting
    from trm_agent.router import Router
    from trm_agent.types import Sample

COLUMNS = {
    "decision": "decision_accuracy",
    "whole call": "call_exact",
    "joint goal": "joint_goal_accuracy",
    "active goal": "joint_goal_accuracy_active",
}
LEAST_IN_A_TURN = 5
"""Turns with fewer decisions are not drawn."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="figures to write, JSON")
    parser.add_argument("--figure", type=Path, help="picture to write, PNG; default: beside --output")
    parser.add_argument("--markdown", type=Path, help="also write the table, Markdown")
    parser.add_argument("--most", type=int, default=4, metavar="N", help="supervision steps, from 1 up to so many")
    parser.add_argument(
        "--thresholds", type=float, nargs="*", default=[0.5, 0.7, 0.9, 0.95], help="of the halting head"
    )
    parser.add_argument("--draws", type=int, default=2000, help="draws of the bootstrap")
    args = parser.parse_args(argv)
    if args.most < 1:
        parser.error(f"--most must be at least 1, got {args.most}")
    if not all(0 <= threshold <= 1 for threshold in args.thresholds):
        parser.error(f"--thresholds are probabilities in [0, 1], got {' '.join(map(str, args.thresholds))}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        result = run(args)
        write_text(args.output, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        if args.markdown:
            write_text(args.markdown, markdown(result))
        draw(args.figure or args.output.with_suffix(".png"), result)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(result)
    return 0


def run(args: argparse.Namespace) -> dict[str, Any]:
    from trm_agent.evaluation.compare import compare, dialogue_names

    samples = drawn_samples(args.data, args.limit_dialogues, args.seed)
    router = open_router(args.checkpoint, args.threads)
    if router.model.config.plain:
        raise DataError(f"{args.checkpoint}: a plain checkpoint answers once; expected one that recurs")
    own = router.model.config.supervision_steps
    dialogues = dialogue_names(samples)
    as_configured = judge(router.with_steps(own), samples, f"{own} steps, as configured")
    before = [case.verdict for case in as_configured.cases]
    rows = []
    for name, halting, most in policies(args, own):
        same = name == "fixed" and most == own
        report = as_configured if same else judge(router.with_steps(most, halting), samples, f"{name}, {most} steps")
        steps = [case.decision.supervision_steps for case in report.cases]
        after = [case.verdict for case in report.cases]
        figures = compare(before, after, dialogues, draws=args.draws, seed=args.seed)
        rows.append(
            {
                "policy": name,
                "threshold": halting.threshold,
                "most": most,
                "mean_steps": sum(steps) / len(steps),
                "taken": {str(step): steps.count(step) for step in sorted(set(steps))},
                "figures": {key: figures[key].to_json() for key in COLUMNS.values()},
                "turns": report.turns,
            }
        )
    return {
        **about_run(args, router, samples, len(set(dialogues))),
        "configured_steps": own,
        "rows": rows,
    }


def policies(args: argparse.Namespace, own: int) -> Iterator[tuple[str, Halting, int]]:
    """(name, halting, most steps) of every row; those that stop early may take the configured steps, or --most."""
    from trm_agent.model.halting import Halting

    for most in range(1, max(args.most, own) + 1):
        yield "fixed", Halting(), most
    for most in dict.fromkeys([own, max(args.most, own)]):
        if most > 1:
            for threshold in args.thresholds:
                yield "halt", Halting(threshold), most
        if most > 2:
            yield "unchanged", Halting(unchanged=True), most
            for threshold in args.thresholds:
                yield "halt or unchanged", Halting(threshold, unchanged=True), most


def judge(router: Router, samples: Sequence[Sample], name: str) -> Report:
    from trm_agent.evaluation.run import evaluate

    logger.info("%s: %d samples", name, len(samples))
    fields = router.checkpoint.slot_fields
    return evaluate(router, samples, checkpoint=name, slot_fields=fields, latency_turns=0, progress=True)


def table(result: Mapping[str, Any]) -> list[list[str]]:
    """The rows as text: which policy, how many steps, the figures, and what the decision and the call lose."""
    from trm_agent.evaluation.report import show as share

    out = [["policy", "threshold", "at most", "mean steps", *COLUMNS, "Δ decision (points)", "Δ whole call (points)"]]
    for row in result["rows"]:
        found = row["figures"]
        threshold = "–" if row["threshold"] is None else f"{row['threshold']:g}"
        cells = [row["policy"], threshold, str(row["most"]), f"{row['mean_steps']:.2f}"]
        cells += [share(found[key]["after"]) for key in COLUMNS.values()]
        out.append([*cells, points(found["decision_accuracy"]), points(found["call_exact"])])
    return out


def points(found: Mapping[str, float | None]) -> str:
    """A difference in points, with its interval."""
    if found["difference"] is None:
        return "–"
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * (found[key] or 0.0) for key in ("difference", "low", "high")))


def markdown(result: Mapping[str, Any]) -> str:
    head, *rows = table(result)
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *rows])


def show(result: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    head, *rows = table(result)
    title = f"{result['samples']} samples of {result['dialogues']} dialogues; configured: {result['configured_steps']}"
    out = Table(title=title, title_justify="left", pad_edge=False)
    for column in head:
        out.add_column(column, justify="left" if column == "policy" else "right", no_wrap=True)
    for row in rows:
        out.add_row(*row)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 180, highlight=False, markup=False).print(out)


def draw(path: Path, result: Mapping[str, Any]) -> None:
    """Accuracy against steps, against the mean steps of those that stop early, and against the turn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(14, 4), layout="constrained")
    fixed = [row for row in result["rows"] if row["policy"] == "fixed"]
    early = [row for row in result["rows"] if row["policy"] != "fixed"]
    for i, (name, key) in enumerate(COLUMNS.items()):
        for axes, rows, style in ((left, fixed, "o-"), (middle, early, "o"), (middle, fixed, "--")):
            pairs = [(row["mean_steps"], row["figures"][key]["after"]) for row in rows]
            known = sorted(pair for pair in pairs if pair[1] is not None)
            axes.plot([x for x, _ in known], [y for _, y in known], style, color=f"C{i}", label=name, ms=4)
    for row in fixed:
        turns = [turn for turn in row["turns"] if turn["n"] >= LEAST_IN_A_TURN]
        goals = [turn["joint_goal_accuracy_active"] for turn in turns]
        goals = [float("nan") if goal is None else goal for goal in goals]
        right.plot([turn["turn"] for turn in turns], goals, ".-", label=f"{row['most']}")
    left.set(xlabel="supervision steps", ylabel="accuracy, own state", xticks=[row["most"] for row in fixed])
    middle.set(xlabel="mean steps (points: stopping early; dashed: fixed)", ylabel="accuracy, own state")
    right.set(xlabel="user turn", ylabel="active goal, own state")
    left.legend(fontsize=7)
    right.legend(fontsize=7, title="steps")
    right.set_ylim(0, 1)
    save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(main())
