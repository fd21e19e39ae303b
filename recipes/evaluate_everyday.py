"""How ordinary talk with ordinary tools is understood: by kind of turn, and what a user gets who lets calls run.

uv run python recipes/evaluate_everyday.py --data everyday.jsonl [--checkpoint runs/x] [--failures failures.jsonl]
uv run python recipes/evaluate_everyday.py --domains recipes/everyday/dev --annotations none

Every decision point is decided from its history alone: own state, nothing from the gold state. Points at which calling
and asking first are both right (`meta.either`) do not count as decisions; where a call is made there, it counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.corpora.everyday import samples_of
from recipes.corpora.everyday_domain import ANSWERS
from recipes.corpora.everyday_format import read_domain
from recipes.mix_samples import without_annotations
from recipes.opening import open_router
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.router import Router

MUST_NOT = ANSWERS - {"missing", "out_of_scope", "smalltalk", "complaint"}
"""Kinds of turns in which a call does what nobody asked for."""


@dataclass
class Tally:
    """Counts over the points of a group; see `figures`."""

    points: int = 0
    decided: int = 0
    decisions_right: int = 0
    calls: int = 0
    tools_right: int = 0
    arguments_right: int = 0
    whole_right: int = 0
    made: int = 0
    passing: int = 0
    passing_right: int = 0
    made_right: int = 0
    forbidden: int = 0
    executed: int = 0
    executed_passing: int = 0
    scored: list[tuple[float, bool]] = field(default_factory=list)

    def figures(self) -> dict[str, float | int | None]:
        """The shares; None where nothing was counted."""
        from trm_agent.evaluation.confidence import auroc

        return {
            "points": self.points,
            "decision": share(self.decisions_right, self.decided),
            "tool": share(self.tools_right, self.calls),
            "arguments_given_tool": share(self.arguments_right, self.tools_right),
            "whole_call": share(self.whole_right, self.calls),
            "passing": self.passing,
            "right_of_passing": share(self.passing_right, self.passing),
            "passing_of_right": share(self.passing_right, self.made_right),
            "must_not": self.forbidden,
            "executed": share(self.executed, self.forbidden),
            "executed_passing": self.executed_passing,
            "call_auroc": rounded(auroc(self.scored)),
        }


def rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="sample files")
    parser.add_argument("--domains", type=Path, nargs="*", default=[], help="folders of everyday domains")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped weights")
    parser.add_argument("--min-confidence", type=float, default=0.9, help="default threshold of decision and tool")
    parser.add_argument("--min-call-confidence", type=float, default=0.8, help="default threshold of the whole call")
    parser.add_argument(
        "--annotations", choices=("as-given", "none"), default="none", help="tools' readOnlyHint and such"
    )
    parser.add_argument("--by", nargs="*", default=["kind", "subset"], help="keys of meta to group by")
    parser.add_argument("--output", type=Path, help="figures as JSON")
    parser.add_argument("--failures", type=Path, help="what went wrong, one line a point")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        groups, failures = evaluate(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    table = {name: tally.figures() for name, tally in groups.items()}
    if args.output:
        args.output.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    if args.failures:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in failures)
        args.failures.write_text("".join(lines), encoding="utf-8")
    print(as_text(table))
    return 0


def read(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for path in args.data:
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())
    for folder in args.domains:
        for path in sorted(folder.glob("*.yaml")):
            yield from samples_of(read_domain(path))


def evaluate(args: argparse.Namespace) -> tuple[dict[str, Tally], list[dict[str, Any]]]:
    router = open_router(args.checkpoint)
    groups: dict[str, Tally] = defaultdict(Tally)
    failures = []
    for raw in read(args):
        if args.annotations == "none":
            raw = without_annotations(raw)
        row = decide(router, raw, args.min_confidence, args.min_call_confidence)
        meta = raw.get("meta", {})
        for name in ("all", *(f"{key}/{meta[key]}" for key in args.by if key in meta)):
            count(groups[name], row)
        if not row["right"]:
            failures.append(row)
    return dict(sorted(groups.items())), failures


def decide(router: Router, raw: dict[str, Any], least: float, least_call: float) -> dict[str, Any]:
    """One point: what was right, what was decided, and whether it passes the thresholds."""
    from trm_agent.evaluation.metrics import judge
    from trm_agent.types import Sample

    meta = raw.get("meta", {})
    sample = Sample.from_json(with_calls(raw))
    now = datetime.fromisoformat(meta["now"]) if "now" in meta else None
    decision = router.bind(sample.tools).decide(sample.history, now=now)
    verdict = judge(sample, decision, has_state=False)
    called = decision.decision == "tool_call"
    whole = bool(called and verdict.call_right)
    asked = bool(meta.get("either")) and not called
    right = whole if called else asked or sample.decision == "direct_answer"
    passes = called and decision.confidence >= least and (decision.call_confidence or 0.0) >= least_call
    return {
        "id": sample.id,
        "kind": meta.get("kind"),
        "said": sample.history[-1].text[:300],
        "gold": [call for call, _ in sample.gold_calls],
        "either": bool(meta.get("either")),
        "made": [{"name": call.tool, "arguments": call.arguments} for call in decision.made],
        "missing": list(decision.missing),
        "intended": decision.intended_tool,
        "speech_act": decision.speech_act,
        "confidence": round(decision.confidence, 3),
        "call_confidence": decision.call_confidence and round(decision.call_confidence, 3),
        "called": called,
        "tool_right": bool(verdict.tool_right),
        "arguments_right": bool(verdict.arguments_right),
        "whole": whole,
        "right": right,
        "passes": passes,
    }


def with_calls(raw: dict[str, Any]) -> dict[str, Any]:
    """Several calls as a sample has them, where the data keeps them in `meta`."""
    meta = raw.get("meta", {})
    if "calls" not in meta or "calls" in raw:
        return raw
    accept = dict(raw.get("accept") or {}) | {"calls": meta.get("accepts", [])}
    return raw | {"calls": meta["calls"], "accept": accept}


def count(tally: Tally, row: dict[str, Any]) -> None:
    gold_call, called = bool(row["gold"]), row["called"]
    tally.points += 1
    if not row["either"]:
        tally.decided += 1
        tally.decisions_right += gold_call == called
    if gold_call and (called or not row["either"]):
        tally.calls += 1
        tally.tools_right += row["tool_right"]
        tally.arguments_right += row["tool_right"] and row["arguments_right"]
        tally.whole_right += row["whole"]
    if called:
        tally.made += 1
        tally.made_right += row["whole"]
        tally.scored.append((row["call_confidence"] or 0.0, row["whole"]))
        tally.passing += row["passes"]
        tally.passing_right += row["passes"] and row["whole"]
    if row["kind"] in MUST_NOT and not gold_call:
        tally.forbidden += 1
        tally.executed += called
        tally.executed_passing += row["passes"]


def as_text(table: dict[str, dict[str, Any]]) -> str:
    """The table in columns."""
    heads: tuple[str, ...] = (
        "points",
        "decision",
        "tool",
        "arguments_given_tool",
        "whole_call",
        "passing",
        "right_of_passing",
    )
    heads = (*heads, "passing_of_right", "must_not", "executed", "executed_passing", "call_auroc")
    lines = ["\t".join(["group", *heads])]
    for name, figures in table.items():
        lines.append("\t".join([name, *("–" if figures[head] is None else str(figures[head]) for head in heads)]))
    return "\n".join(columns(lines))


def columns(lines: Iterable[str]) -> Iterator[str]:
    rows = [line.split("\t") for line in lines]
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
