r"""What does it cost when tools are declared otherwise? The same samples, changed, on the router's own state.

uv run python recipes/robustness.py --data data/sgd_val.jsonl --pool tools.json --output robustness.json
uv run python recipes/robustness.py --data data/sgd_val.jsonl --pool data/seal-tools/tool.jsonl \
    --schema data/sgd/dev/schema.json --wordings data/sgd/sgd_x --output robustness.json --markdown robustness.md

Variants: tools in another order; tools, parameters or both named tool_1, param_1, …; no descriptions; further tools
of --pool on offer; SGD's tools in the words of SGD-X (--schema, --wordings). Differences to the unchanged samples come
with an interval: whole dialogues drawn anew, the same for both. docs/evaluation.md says how gold follows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import about_run, add_options, drawn_samples, open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.files import write_text
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.evaluation.metrics import Verdict
    from trm_agent.router import Router
    from trm_agent.types import Sample

UNCHANGED = "unchanged"
VARIANTS = ("order", "tool-names", "parameter-names", "all-names", "no-descriptions", "distractors", "paraphrased")
COLUMNS = {
    "decision": "decision_accuracy",
    "over": "over_trigger_rate",
    "under": "under_trigger_rate",
    "tool": "tool_accuracy",
    "whole call": "call_exact",
    "joint goal": "joint_goal_accuracy",
}


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, seed="draws orders, added tools, wordings and dialogues")
    parser.add_argument("--output", type=Path, required=True, help="figures to write, JSON")
    parser.add_argument("--markdown", type=Path, help="also write the table, Markdown")
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", help="default: all that the options allow")
    parser.add_argument("--pool", type=Path, help="tools to add: JSON list, or JSONL with one a line")
    parser.add_argument("--add", type=int, default=20, metavar="N", help="so many tools are added")
    parser.add_argument("--schema", type=Path, help="sgd: schema.json of the split the samples come from")
    parser.add_argument(
        "--wordings", type=Path, help="sgd: SGD-X folder; a dialogue is worded as in one of its variants"
    )
    parser.add_argument("--draws", type=int, default=2000, help="draws of the bootstrap")
    args = parser.parse_args(argv)
    wanted = set(args.variants or ())
    if "distractors" in wanted and not args.pool:
        parser.error("the variant distractors needs --pool")
    if ("paraphrased" in wanted or args.schema or args.wordings) and not (args.schema and args.wordings):
        parser.error("the variant paraphrased needs --schema and --wordings")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        result = run(args)
        write_text(args.output, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        if args.markdown:
            write_text(args.markdown, markdown(result))
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(result)
    return 0


def run(args: argparse.Namespace) -> dict[str, Any]:
    from trm_agent.evaluation.compare import compare, dialogue_names

    changes = make_changes(args)
    samples = drawn_samples(args.data, args.limit_dialogues, args.seed)
    router = open_router(args.checkpoint, args.threads)
    before = judge(router, samples, UNCHANGED)
    dialogues = dialogue_names(samples)
    variants: dict[str, dict[str, Any]] = {}
    for name, change in changes.items():
        changed = [change(sample) for sample in samples]
        if name == "paraphrased" and all(a.tools == b.tools for a, b in zip(samples, changed, strict=True)):
            raise DataError(f"{args.schema}: declares no tool as the samples do; is it the split they come from?")
        differences = compare(before, judge(router, changed, name), dialogues, draws=args.draws, seed=args.seed)
        variants[name] = {key: difference.to_json() for key, difference in differences.items()}
    same = compare(before, before, dialogues, draws=1)
    return {
        **about_run(args, router, samples, len(set(dialogues))),
        "added_tools": args.add,
        UNCHANGED: {key: found.before for key, found in same.items()},
        "variants": variants,
    }


def make_changes(args: argparse.Namespace) -> dict[str, Callable[[Sample], Sample]]:
    """Variant → what it does to a sample, as far as the options allow."""
    from trm_agent.evaluation.variants import add_tools, drop_descriptions, neutral_names, reorder

    changes: dict[str, Callable[[Sample], Sample]] = {
        "order": reorder(args.seed),
        "tool-names": neutral_names(tools=True, parameters=False),
        "parameter-names": neutral_names(tools=False, parameters=True),
        "all-names": neutral_names(tools=True, parameters=True),
        "no-descriptions": drop_descriptions,
    }
    if args.pool:
        from trm_agent.synthesis.tools import read_tools

        pool = read_tools(args.pool)
        if len(pool) < args.add:
            raise DataError(f"{args.pool}: holds {len(pool)} tools, {args.add} are to be added")
        changes["distractors"] = add_tools(pool, args.add, args.seed)
    if args.wordings:
        from recipes.corpora.sgd import read_services
        from trm_agent.evaluation.variants import reword

        files = sorted(args.wordings.glob(f"*/{args.schema.parent.name}/schema.json"))
        if not files:
            raise DataError(f"{args.wordings}: holds no */{args.schema.parent.name}/schema.json")
        worded = [read_services(args.schema, file) for file in files]
        changes["paraphrased"] = reword(read_services(args.schema), worded, args.seed)
    return {name: change for name, change in changes.items() if not args.variants or name in args.variants}


def judge(router: Router, samples: Sequence[Sample], name: str) -> list[Verdict]:
    from trm_agent.evaluation.run import evaluate

    logger.info("%s: %d samples", name, len(samples))
    fields = router.checkpoint.slot_fields
    report = evaluate(router, samples, checkpoint=name, slot_fields=fields, latency_turns=0, progress=True)
    return [case.verdict for case in report.cases]


def cell(found: Mapping[str, float | None]) -> tuple[str, str]:
    """A figure, and its difference in points with the interval."""
    from trm_agent.evaluation.report import show as share

    if found["difference"] is None:
        return share(found["after"]), "–"
    points = [100 * (found[key] or 0.0) for key in ("difference", "low", "high")]
    return share(found["after"]), "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points)


def markdown(result: Mapping[str, Any]) -> str:
    from trm_agent.evaluation.report import show as share

    head = ["variant", *COLUMNS, "Δ decision (points)", "Δ tool (points)"]
    rows = [[UNCHANGED, *(share(result[UNCHANGED][key]) for key in COLUMNS.values()), "", ""]]
    for name, found in result["variants"].items():
        figures = [cell(found[key])[0] for key in COLUMNS.values()]
        rows.append([name, *figures, cell(found["decision_accuracy"])[1], cell(found["tool_accuracy"])[1]])
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(result: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from trm_agent.evaluation.report import show as share

    title = f"{result['samples']} samples of {result['dialogues']} dialogues; differences in points, 95 % interval"
    table = Table(title=title, title_justify="left", pad_edge=False)
    for column in ("variant", *COLUMNS):
        table.add_column(column, justify="left" if column == "variant" else "right", no_wrap=True)
    table.add_row(UNCHANGED, *(share(result[UNCHANGED][key]) for key in COLUMNS.values()))
    for name, found in result["variants"].items():
        table.add_row(name, *("\n".join(cell(found[key])) for key in COLUMNS.values()))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
