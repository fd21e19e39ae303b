"""What each rule of language is worth: each left out, each alone, none; every sample file apart.

uv run python recipes/ablate_rules.py --data bfcl_simple.jsonl everyday.jsonl --num 200 --output table.md
uv run python recipes/ablate_rules.py --list

A rule that pays nothing on data that nobody read while writing it goes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.opening import open_router
from trm_agent.decoding.rules import RULES, Rule
from trm_agent.errors import TRMError
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from trm_agent.decoding.prediction import Prediction
    from trm_agent.evaluation.metrics import Verdict
    from trm_agent.router import Router
    from trm_agent.types import Sample


ALL = "all rules"


@dataclass(frozen=True)
class Figures:
    """Shares over the samples of a file.

    Attributes:
        decision: Right decisions.
        whole: Calls right in whole, of the gold calls.
    """

    decision: float
    whole: float


@dataclass
class Tally:
    """Counts over the samples of a file: decisions and gold calls, and how many of each are right."""

    decided: int = 0
    right: int = 0
    calls: int = 0
    whole: int = 0

    def add(self, verdict: Verdict) -> None:
        if verdict.decision_right is not None:
            self.decided += 1
            self.right += verdict.decision_right
        if verdict.gold_call:
            self.calls += 1
            self.whole += bool(verdict.call_right)

    def figures(self) -> Figures:
        return Figures(self.right / max(1, self.decided), self.whole / max(1, self.calls))


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
    """The rules in their order, as `docs/rules.md` begins."""
    yield "# Rules of language"
    yield ""
    yield "What stands between the network and the values, in this order (`trm_agent/decoding/rules`)."
    yield "`uv run python recipes/ablate_rules.py --list` prints this table, and with `--data` the one below it."
    yield ""
    yield "| rule | what it does | knows words of |"
    yield "|---|---|---|"
    for rule in RULES:
        yield f"| `{rule.name}` | {rule.says} | {', '.join(rule.languages) or 'no language'} |"


def variants(alone: bool) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """Row of the table → the rules that are on."""
    yield ALL, RULES
    yield "none", ()
    for rule in RULES:
        yield f"without {rule.name}", tuple(other for other in RULES if other is not rule)
    for rule in RULES if alone else ():
        yield f"only {rule.name}", (rule,)


def ablation(args: argparse.Namespace) -> Iterator[str]:
    """The table as Markdown: decisions and whole calls, in points against all rules."""
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues

    router = remembering(open_router(args.checkpoint))
    rows = dict(variants(args.alone))
    most = sys.maxsize if args.num is None else args.num
    columns: dict[str, dict[str, Figures]] = {}
    for path in args.data:
        samples = list(draw_dialogues(read_samples(path), most, args.seed))
        columns[f"{path.stem} ({len(samples)})"] = figures(router, samples, rows)
    yield "| rules | " + " | ".join(f"{name}: decision | whole call" for name in columns) + " |"
    yield "|---" * (1 + 2 * len(columns)) + "|"
    for row in rows:
        cells = []
        for found in columns.values():
            cells += [cell(found[row].decision, found[ALL].decision), cell(found[row].whole, found[ALL].whole)]
        yield f"| {row} | " + " | ".join(cells) + " |"


def cell(share: float, before: float) -> str:
    """`.623`, and how many points that is off."""
    off = 100 * (share - before)
    return f"{share:.3f}" + (f" ({off:+.1f})" if abs(off) >= 0.05 else "")


def remembering(router: Router) -> Router:
    """A router of its own whose network is asked once for each decision point, whatever rules read the answer."""
    from trm_agent.routing.forward import Item, Network

    class Remembering(Network):
        def __init__(self) -> None:
            super().__init__(router.model, router.halting, router.graphs)
            self.known: dict[str, dict[int, Prediction]] = {}

        def predict(self, items: Sequence[Item]) -> list[dict[int, Prediction]]:
            keys = [repr((item.talk.messages, item.points, item.table.tools, item.table.slots)) for item in items]
            new = {key: item for key, item in zip(keys, items, strict=True) if key not in self.known}
            self.known.update(zip(new, super().predict(list(new.values())), strict=True))
            return [self.known[key] for key in keys]

    own = router.with_rules(())
    own.network = Remembering()
    return own


def figures(router: Router, samples: Sequence[Sample], rows: Mapping[str, tuple[Rule, ...]]) -> dict[str, Figures]:
    """Row → its figures; every sample decided from its history alone."""
    from trm_agent.evaluation.metrics import judge
    from trm_agent.evaluation.run import REFERENCE_TIME

    tallies = {row: Tally() for row in rows}
    for sample in progress(samples, "samples", len(samples)):
        now = datetime.fromisoformat(sample.meta["now"]) if "now" in sample.meta else REFERENCE_TIME
        bound = router.bind(sample.tools)
        for row, rules in rows.items():
            router.rules = rules
            tallies[row].add(judge(sample, bound.decide(sample.history, now=now), has_state=False))
    return {row: tally.figures() for row, tally in tallies.items()}


if __name__ == "__main__":
    sys.exit(main())
