"""Which confidence is worth most: the calibrated one, the plain product of probabilities, or the halting head?

uv run python recipes/compare_confidence.py --data data/sgd_dev.jsonl --limit-dialogues 600 --output confidence.json
uv run python recipes/compare_confidence.py --data data/sgd_dev.jsonl --checkpoint runs/x --output confidence.json \
    --figure confidence.png --markdown confidence.md

Each is held against three things: that decision and tool are right, that an emitted call is right in whole, and that
all of a turn is (decision, call and slots), which is what the halting head is trained to say. The picture shows
reliability, and what goes wrong at which coverage, for the calibrated confidence, seen and unseen apart.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import about_run, add_options, drawn_samples, open_router
from trm_agent.errors import TRMError
from trm_agent.evaluation.files import save_figure, write_text
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.evaluation.confidence import Scored
    from trm_agent.evaluation.report import Case

FIGURES = ("auroc", "ece", "coverage_at_95", "coverage_at_99")
SPLITS = ("all", "seen", "unseen")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="figures to write, JSON")
    parser.add_argument("--figure", type=Path, help="picture to write, PNG; default: beside --output")
    parser.add_argument("--markdown", type=Path, help="also write the table, Markdown")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        cases, about = decide(args)
        rows = list(compare(cases))
        write_text(args.output, json.dumps({**about, "rows": rows}, indent=1, ensure_ascii=False) + "\n")
        if args.markdown:
            write_text(args.markdown, markdown(rows))
        draw(args.figure or args.output.with_suffix(".png"), cases)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(about, rows)
    return 0


def decide(args: argparse.Namespace) -> tuple[Sequence[Case], dict[str, Any]]:
    """Every sample decided and judged, and what the report says of the run."""
    from trm_agent.evaluation.run import evaluate, group_dialogues

    samples = drawn_samples(args.data, args.limit_dialogues, args.seed)
    router = open_router(args.checkpoint, args.threads)
    fields = router.checkpoint.slot_fields
    report = evaluate(router, samples, slot_fields=fields, latency_turns=0, progress=True)
    return report.cases, about_run(args, router, samples, sum(1 for _ in group_dialogues(samples)))


def decision_and_tool(case: Case) -> bool | None:
    return case.verdict.outcome_right


def emitted_call(case: Case) -> bool | None:
    return case.verdict.call_right


def whole_turn(case: Case) -> bool | None:
    """Decision, call and slot state; None where one is not known."""
    verdict = case.verdict
    if verdict.outcome_right is None or verdict.state_right is None:
        return None
    return verdict.outcome_right and verdict.call_right is not False and verdict.state_right


def calibrated(case: Case) -> float | None:
    return case.decision.confidence


def calibrated_call(case: Case) -> float | None:
    return case.decision.call_confidence


def product(case: Case) -> float:
    """Probability of the decision times that of its tool, as the network gives them."""
    return case.decision.scores["decision"] * case.decision.scores["tool"]


def product_call(case: Case) -> float:
    """The same times the probability of every argument."""
    return product(case) * case.decision.scores.get("arguments", 1.0)


def halting(case: Case) -> float:
    """What the halting head gives the whole answer."""
    return case.decision.scores["halt"]


Right = Callable[["Case"], "bool | None"]
Confidence = Callable[["Case"], "float | None"]
COMPARED: Mapping[str, tuple[Right, Mapping[str, Confidence]]] = {
    "decision and tool": (decision_and_tool, {"calibrated": calibrated, "product": product, "halting head": halting}),
    "emitted call": (
        emitted_call,
        {"calibrated": calibrated_call, "product": product_call, "halting head": halting},
    ),
    "whole turn": (whole_turn, {"calibrated": calibrated, "product": product_call, "halting head": halting}),
}
"""What has to be right → how that is judged, and by name what could tell so."""


def compare(cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    """A row for each thing to be right, split and confidence."""
    from trm_agent.evaluation.confidence import confidence_figures

    for what, (right, confidences) in COMPARED.items():
        for split in SPLITS:
            for name, confidence in confidences.items():
                pairs = scored(of_split(cases, split), right, confidence)
                accuracy = sum(label for _, label in pairs) / len(pairs) if pairs else None
                figures = confidence_figures(pairs)
                yield {"right": what, "split": split, "by": name, "n": len(pairs), "accuracy": accuracy, **figures}


def of_split(cases: Sequence[Case], split: str) -> list[Case]:
    from trm_agent.evaluation.metrics import group_names

    return [case for case in cases if split in group_names(case.sample)]


def scored(cases: Sequence[Case], right: Right, confidence: Confidence) -> list[Scored]:
    """Confidence and whether it was right, where both are known."""
    pairs = [(confidence(case), right(case)) for case in cases]
    return [(sure, label) for sure, label in pairs if sure is not None and label is not None]


def table(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    from trm_agent.evaluation.report import show as share

    head = ["what is right", "split", "confidence", "n", "right", "AUROC", "ECE", "kept at 95 %", "kept at 99 %"]
    shown = ("accuracy", *FIGURES)
    return [head] + [
        [row["right"], row["split"], row["by"], str(row["n"]), *(share(row[key]) for key in shown)] for row in rows
    ]


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    head, *lines = table(rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *lines])


def show(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    head, *lines = table(rows)
    title = f"{about['samples']} samples of {about['dialogues']} dialogues"
    out = Table(*head, title=title, title_justify="left", pad_edge=False)
    for line in lines:
        out.add_row(*line)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140, highlight=False, markup=False).print(out)


def draw(path: Path, cases: Sequence[Case]) -> None:
    """Reliability, and risk against coverage, of decisions and of calls; the halting head beside them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from trm_agent.evaluation.plots import draw_reliability, draw_risk_coverage

    figure, axes = pyplot.subplots(2, 2, figsize=(10, 8), layout="constrained")
    for (what, right, own), (left, side) in zip(
        (("decision and tool", decision_and_tool, calibrated), ("emitted call", emitted_call, calibrated_call)),
        axes,
        strict=True,
    ):
        curves = {split: scored(of_split(cases, split), right, own) for split in SPLITS[1:]}
        curves["halting head, all"] = scored(cases, right, halting)
        draw_reliability(left, curves)
        draw_risk_coverage(side, curves)
        left.set_title(f"{what}: reliability")
        side.set_title(f"{what}: what is wrong among the kept")
    save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(main())
