r"""What a longer and longer tool list costs: accuracy, what of it enters a decision, time to bind it and per turn.

uv run python recipes/benchmark_catalogue.py --data data/out/seal-tools_test_out_domain.jsonl \
    --pool data/seal-tools/tool.jsonl --sizes 10 100 1000 4000 --output catalogue.json

Each size is a list of so many tools: those that the samples call, filled up from the pool by --seed. Where the tools
called do not fit into one list, the samples are split over several. A sample is decided over the whole list of its
group. recall is the share of gold tools among those that enter; nothing that does not enter can be called.
cold encodes every tool; saved reads the vectors from a file first. A turn is one request that the encoder has not
seen. cpu is the time on all threads together: where it is far from the wall clock, the machine was busy.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.files import save_figure, write_text
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from trm_agent.features.catalogue import Limits
    from trm_agent.router import BoundRouter, Router
    from trm_agent.types import Sample, ToolSchema

WARM_UP = 3
TURNS_AT_ONCE = 16
PANELS = {
    "share": ("recall", "decision_accuracy", "tool_f1", "call_exact"),
    "milliseconds a turn": ("turn_ms", "cpu_ms"),
    "seconds to bind": ("bind_cold_s", "bind_cold_cpu_s", "bind_saved_s"),
}


@dataclass(frozen=True)
class Group:
    """Samples that are decided over one tool list."""

    tools: list[ToolSchema]
    samples: list[Sample]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--pool", type=Path, help="tools to fill up with: JSON list, or JSONL with one a line")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000, 4000], help="lengths of the tool list")
    parser.add_argument("--limit", type=int, metavar="K", help="so many tools enter a decision; default: the router's")
    parser.add_argument(
        "--recall-at", type=int, nargs="*", default=[8, 16, 24, 32], metavar="K", help="recall for each"
    )
    parser.add_argument("--samples", type=int, metavar="N", help="only so many samples, drawn with the seed")
    parser.add_argument("--turns", type=int, default=50, help="turns timed for each size")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--only-recall", action="store_true", help="no decisions and no times")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--output", type=Path, required=True, help="figures to write, JSON; curves beside it, PNG")
    parser.add_argument("--seed", type=int, default=0, help="draws samples and tools")
    args = parser.parse_args(argv)
    numbers = [*args.sizes, *args.recall_at, args.turns, args.threads, *filter(None, [args.limit, args.samples])]
    if min(numbers) < 1:
        parser.error("--sizes, --limit, --recall-at, --samples, --turns and --threads must be at least 1")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        result = run(args)
        write_text(args.output, json.dumps(result, indent=1) + "\n")
        if not args.only_recall:
            draw(args.output.with_suffix(".png"), result)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(result)
    return 0


def run(args: argparse.Namespace) -> dict[str, Any]:

    from trm_agent.data.jsonl import read_samples
    from trm_agent.features.catalogue import Limits
    from trm_agent.synthesis.tools import read_tools

    rng = random.Random(args.seed)
    samples = [sample for path in args.data for sample in read_samples(path)]
    if args.samples and args.samples < len(samples):
        samples = rng.sample(samples, args.samples)
    pool = list(read_tools(args.pool)) if args.pool else []
    limits = Limits(args.limit) if args.limit else Limits()
    router = open_router(args.checkpoint, args.threads)
    rows = []
    for size in args.sizes:
        groups = make_groups(samples, pool, size, rng)
        if not args.only_recall:
            binding = time_binding(router, groups[0].tools, limits)
        row: dict[str, Any] = {"tools": size, "lists": len(groups), "slots": len(router.bind(groups[0].tools).slots)}
        row |= {f"recall_at_{k}": recall(router, groups, Limits(k)) for k in args.recall_at}
        if not args.only_recall:
            row |= {"recall": recall(router, groups, limits), **accuracy(router, groups, limits), **binding}
            row |= time_turns(router, groups, limits, args.turns)
        rows.append(row)
    return {
        "checkpoint": str(args.checkpoint or "shipped"),
        "fingerprint": router.fingerprint,
        "data": [str(path) for path in args.data],
        "samples": len(samples),
        "limits": {"tools": limits.tools, "slots": limits.slots},
        "threads": args.threads,
        "seed": args.seed,
        "rows": rows,
    }


def make_groups(samples: Sequence[Sample], pool: Sequence[ToolSchema], size: int, rng: random.Random) -> list[Group]:
    """Samples with the tools they call, filled up to `size`.

    Raises:
        DataError: There are not so many tools, or one sample calls more.
    """
    known = {tool.name: tool for tool in pool} | {tool.name: tool for sample in samples for tool in sample.tools}
    if len(known) < size:
        raise DataError(f"the pool and the samples hold {len(known)} tools, a list of {size} is wanted; give --pool")
    groups: list[tuple[set[str], list[Sample]]] = []
    for sample in samples:
        names = called(sample)
        if len(names) > size:
            raise DataError(f"{sample.id}: calls {len(names)} tools, which a list of {size} cannot hold")
        if not groups or len(groups[-1][0] | names) > size:
            groups.append((set(), []))
        groups[-1][0].update(names)
        groups[-1][1].append(sample)
    out = []
    for names, members in groups:
        others = sorted(known.keys() - names)
        chosen = [*sorted(names), *rng.sample(others, size - len(names))]
        out.append(Group([known[name] for name in chosen], members))
    return out


def called(sample: Sample) -> set[str]:
    """The tools that the gold calls."""
    return {call["name"] for call in (*sample.calls, *([sample.tool] if sample.tool else []))}


def recall(router: Router, groups: Sequence[Group], limits: Limits) -> float | None:
    """Share of gold tools that enter."""
    found = wanted = 0
    for group in progress(groups, f"recall at {limits.tools}"):
        bound = router.bind(group.tools, limits=limits)
        for sample in group.samples:
            names = called(sample)
            wanted += len(names)
            found += len(names & set(bound.entering(sample.history)))
    return found / wanted if wanted else None


def accuracy(router: Router, groups: Sequence[Group], limits: Limits) -> dict[str, Any]:
    """Decision, tool, whole call, and the F1 of the tools called in a turn, as Seal-Tools counts it."""
    from trm_agent.evaluation.benchmarks import score
    from trm_agent.evaluation.metrics import figures, judge

    verdicts, pairs = [], []
    for group in progress(groups, f"{len(groups[0].tools)} tools"):
        bound = router.bind(group.tools, limits=limits)
        for start in range(0, len(group.samples), TURNS_AT_ONCE):
            chosen = group.samples[start : start + TURNS_AT_ONCE]
            decisions = bound.decide_batch([sample.history for sample in chosen])
            pairs += list(zip(chosen, decisions, strict=True))
            verdicts += [judge(s, decision, has_state=False) for s, decision in zip(chosen, decisions, strict=True)]
    held = figures(verdicts)
    shares = {name: held[name] for name in ("decision_accuracy", "tool_accuracy", "call_exact")}
    return shares | {"tool_f1": score("tool-f1", pairs)["f1"]}


def time_binding(router: Router, tools: Sequence[ToolSchema], limits: Limits) -> dict[str, float]:
    """Seconds to bind a list that no one has encoded, and one whose vectors lie in a file."""
    from trm_agent.features.tool_vectors import ToolVectors

    def bind() -> dict[str, float]:
        fresh = router.with_calibration(router.checkpoint.calibration)
        fresh.tool_vectors = ToolVectors(router.encoder.encoder)
        started, worked = time.perf_counter(), time.process_time()
        if saved.is_file():
            fresh.tool_vectors.load(saved)
        fresh.bind(tools, limits=limits)
        taken = {"s": time.perf_counter() - started, "cpu_s": time.process_time() - worked}
        if not saved.is_file():
            fresh.save_tool_vectors(saved)
            router.tool_vectors.load(saved)
        return taken

    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "tools.safetensors"
        cold, warm = bind(), bind()
        size = saved.stat().st_size
    return {
        "bind_cold_s": cold["s"],
        "bind_cold_cpu_s": cold["cpu_s"],
        "bind_saved_s": warm["s"],
        "bind_saved_cpu_s": warm["cpu_s"],
        "saved_mb": size / 1e6,
    }


def time_turns(router: Router, groups: Sequence[Group], limits: Limits, turns: int) -> dict[str, Any]:
    """Milliseconds of a turn, and of choosing what enters."""
    from trm_agent.evaluation.metrics import percentile

    bound = router.bind(groups[0].tools, limits=limits)
    requests = [sample.history[-1].text for group in groups for sample in group.samples]
    total, cpu, choosing = [], [], []
    for i in range(WARM_UP + turns):
        history = [{"role": "user", "content": f"{requests[i % len(requests)]} ({len(groups[0].tools)}-{i})"}]
        choosing.append(time_choice(bound, history))
        started, worked = time.perf_counter(), time.process_time()
        bound.decide([{"role": "user", "content": f"{history[0]['content']}."}])
        total.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - worked))
    timed = {"turn_ms": total, "cpu_ms": cpu, "choice_cpu_ms": choosing}
    return {name: {f"p{p}": percentile(values[WARM_UP:], p) for p in (50, 95)} for name, values in timed.items()}


def time_choice(bound: BoundRouter, history: Sequence[Mapping[str, Any]]) -> float:
    bound.router.encoder.encode([history[-1]["content"]])
    worked = time.process_time()
    bound.entering(history)
    return 1000 * (time.process_time() - worked)


def draw(path: Path, result: Mapping[str, Any]) -> None:
    """Share, time per turn and time to bind, against the length of the list."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(PANELS), figsize=(4.5 * len(PANELS), 3.6), layout="constrained")
    sizes = [row["tools"] for row in result["rows"]]
    for axes, (title, names) in zip(panels, PANELS.items(), strict=True):
        for name in names:
            values = [row[name]["p50"] if isinstance(row[name], dict) else row[name] for row in result["rows"]]
            axes.plot(sizes, values, marker="o", label=name.replace("_", " "))
        axes.set(title=title, xlabel="tools on offer", xscale="log")
        axes.set_ylim(bottom=0, top=1.02 if title == "share" else None)
        axes.legend(fontsize="small")
    save_figure(figure, path)


def show(result: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    limits = result["limits"]
    title = f"{result['samples']} samples; at most {limits['tools']} tools and {limits['slots']} slots enter"
    table = Table(title=title, title_justify="left", pad_edge=False, min_width=len(title))
    for i, row in enumerate([{"tools": "tools"}, *result["rows"]]):
        table.add_column(str(row["tools"]), justify="right" if i else "left", no_wrap=True)
    for name in list(result["rows"][0])[1:]:
        table.add_row(name.replace("_", " "), *(cell(name, row[name]) for row in result["rows"]))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120, highlight=False, markup=False).print(table)


def cell(name: str, value: Any) -> str:
    from trm_agent.evaluation.report import show as share

    if isinstance(value, dict):
        return f"{value['p50']:.1f} / {value['p95']:.1f}"
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}" if name.endswith(("_s", "_mb")) else share(value)


if __name__ == "__main__":
    sys.exit(main())
