"""What each rule of language is worth: each left out, each alone, none; every sample file apart.

uv run python recipes/ablate_rules.py --data bfcl_simple.jsonl everyday.jsonl --num 200 --output table.md
uv run python recipes/ablate_rules.py --list > docs/rules.md

A rule that pays nothing on data that nobody read while writing it goes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from recipes.opening import open_router
from trm_agent.decoding.rules import RULES, Rule
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.router import Router
    from trm_agent.types import Sample


@dataclass(frozen=True)
class Figures:
    """Shares over the samples of a file.

    Attributes:
        decision: Right decisions.
        whole: Calls right in whole, of the gold calls.
    """

    decision: float
    whole: float


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="sample files, each reported apart")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped weights")
    parser.add_argument("--num", type=int, help="so many dialogues of each file, drawn with the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="also each rule alone")
    parser.add_argument("--output", type=Path, help="where the table goes; default: standard output")
    parser.add_argument("--list", action="store_true", help="print the rules and stop")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    if args.list:
        print("\n".join(rule_table()))
        return 0
    try:
        table = "\n".join(ablation(args)) + "\n"
    except TRMError as error:
        logger.error("%s", error)
        return 1
    if args.output:
        args.output.write_text(table, encoding="utf-8")
    else:
        print(table, end="")
    return 0


def rule_table() -> Iterator[str]:
    """The rules in their order, as a page of the docs."""
    yield "# Rules of language"
    yield ""
    yield "What stands between the network and the values, in this order (`trm_agent/decoding/rules`)."
    yield "[Results](results.md#rules) has what each is worth. This page is generated:"
    yield "`uv run python recipes/ablate_rules.py --list > docs/rules.md`."
    yield ""
    yield "| rule | what it does | knows words of |"
    yield "|---|---|---|"
    for rule in RULES:
        yield f"| `{rule.name}` | {rule.says} | {', '.join(rule.languages) or 'no language'} |"


def variants(alone: bool) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """Row of the table → the rules that are on."""
    yield "all rules", RULES
    yield "none", ()
    for rule in RULES:
        yield f"without {rule.name}", tuple(other for other in RULES if other is not rule)
    for rule in RULES if alone else ():
        yield f"only {rule.name}", (rule,)


def ablation(args: argparse.Namespace) -> Iterator[str]:
    """The table as Markdown: decisions and whole calls, in points against all rules."""
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues

    router = open_router(args.checkpoint)
    most = sys.maxsize if args.num is None else args.num
    files = {path.stem: list(draw_dialogues(read_samples(path), most, args.seed)) for path in args.data}
    yield "| rules | " + " | ".join(f"{name} decision | {name} whole call" for name in files) + " |"
    yield "|---" * (1 + 2 * len(files)) + "|"
    first: dict[str, Figures] = {}
    rows = list(variants(args.alone))
    for row, rules in tqdm(rows, unit="row", file=sys.stderr, disable=None):
        changed = router.with_rules(rules)
        cells = []
        for name, samples in files.items():
            found = figures(changed, samples)
            before = first.setdefault(name, found)
            cells += [cell(found.decision, before.decision), cell(found.whole, before.whole)]
        yield f"| {row} | " + " | ".join(cells) + " |"


def cell(share: float, before: float) -> str:
    """`.623`, and how many points that is off."""
    off = 100 * (share - before)
    return f"{share:.3f}" + (f" ({off:+.1f})" if abs(off) >= 0.05 else "")


def figures(router: Router, samples: Sequence[Sample]) -> Figures:
    """Every sample decided from its history alone."""
    from trm_agent.evaluation.metrics import judge
    from trm_agent.evaluation.run import REFERENCE_TIME

    decided = right = calls = whole = 0
    for sample in samples:
        now = datetime.fromisoformat(sample.meta["now"]) if "now" in sample.meta else REFERENCE_TIME
        verdict = judge(sample, router.bind(sample.tools).decide(sample.history, now=now), has_state=False)
        if verdict.decision_right is not None:
            decided += 1
            right += verdict.decision_right
        if sample.tool is not None and verdict.gold_call is not None:
            calls += 1
            whole += bool(verdict.call_right)
    return Figures(right / max(1, decided), whole / max(1, calls))


if __name__ == "__main__":
    sys.exit(main())
