"""Score the router that users call, on its own slot state.

uv run python recipes/evaluate_router.py --data dev.jsonl --output report.json
uv run python recipes/evaluate_router.py --data dev.jsonl --checkpoint runs/x --output report.json --html report.html

Also: --failures failures.jsonl for the failing samples; --baselines --train-data train.jsonl and --compare runs/plain
for something to read the figures against; --metric ast and the like for a public benchmark's own figures.
The report goes to --output (docs/evaluation.md says what each figure means), a summary to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.evaluation.report import Report
    from trm_agent.router import Router
    from trm_agent.types import Decision, Sample

METRICS = ("ast", "tool-f1", "intent", "need")
TURNS = (1, 5, 10, 15, 20)
MAIN = ("all", "seen", "unseen")
TRAIN_DIALOGUES = 1000
"""Conversations that the nearest training answer is looked up in."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--output", type=Path, required=True, help="report to write, JSON")
    parser.add_argument("--failures", type=Path, help="also write the failing samples, JSONL")
    parser.add_argument("--html", type=Path, help="also write a page with plots and conversations")
    parser.add_argument(
        "--limit-dialogues", type=int, metavar="N", help="only so many of each file, drawn with the seed"
    )
    parser.add_argument(
        "--metric", choices=METRICS, nargs="+", default=[], help="also these figures of public benchmarks"
    )
    parser.add_argument("--baselines", action="store_true", help="also judge simple baselines; needs --train-data")
    parser.add_argument("--train-data", type=Path, nargs="+", default=[], help="sample files the baselines learn from")
    parser.add_argument("--train-limit", type=int, default=20_000, help="at most so many of those samples")
    parser.add_argument(
        "--responses", action="store_true", help="also judge the words of direct answers, beside simple baselines"
    )
    parser.add_argument("--answers", type=Path, help="with --responses: also write what everybody said, JSONL")
    parser.add_argument("--compare", type=Path, nargs="+", default=[], help="further checkpoints over the same samples")
    parser.add_argument(
        "--now", type=datetime.fromisoformat, help="what relative dates count from; default: 2019-03-01"
    )
    parser.add_argument("--latency-turns", type=int, default=30, help="turns timed in each subset; 0: none")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.baselines and not args.train_data:
        parser.error("--baselines needs --train-data")
    if args.limit_dialogues is not None and args.limit_dialogues < 1:
        parser.error(f"--limit-dialogues must be at least 1, got {args.limit_dialogues}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        for path in filter(None, (args.output, args.failures, args.html, args.answers)):
            make_room(path)
        report = run(args)
        write(args, report)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    summarise(report)
    return 0


def run(args: argparse.Namespace) -> Report:

    from trm_agent.router import Router

    router = open_router(args.checkpoint, args.threads)
    samples = load(args)
    report = judge(args, router, args.checkpoint, samples)
    # One router at a time is held; each starts with an encoder that knows nothing yet, so that latencies compare.
    compare = {str(path): judge(args, Router.from_pretrained(path), path, samples) for path in args.compare}
    baselines: dict[str, Any] = {}
    if args.baselines:
        from trm_agent.data.jsonl import read_samples
        from trm_agent.evaluation.baselines import run_baselines

        train = (sample for path in args.train_data for sample in read_samples(path))
        baselines = run_baselines(train, samples, router.encoder, limit=args.train_limit, seed=args.seed, progress=True)
    responses = judge_words(args, router, samples) if args.responses else {}
    return replace(report, compare=compare, baselines=baselines, responses=responses)


def load(args: argparse.Namespace) -> list[Sample]:
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues, share_parts
    from trm_agent.log import progress

    samples: list[Sample] = []
    for path in args.data:
        found = progress(read_samples(path), f"reading {path}")
        drawn = draw_dialogues(found, args.limit_dialogues, args.seed) if args.limit_dialogues else share_parts(found)
        samples.extend(drawn)
    return samples


def judge(args: argparse.Namespace, router: Router, path: Path | None, samples: Sequence[Sample]) -> Report:
    from trm_agent.evaluation.run import REFERENCE_TIME, evaluate

    name = str(path) if path else "shipped"
    logger.info("%d samples, checkpoint %s", len(samples), name)
    return evaluate(
        router,
        samples,
        checkpoint=name,
        data=[str(path) for path in args.data],
        slot_fields=router.checkpoint.slot_fields,
        now=args.now or REFERENCE_TIME,
        latency_turns=args.latency_turns,
        seed=args.seed,
        progress=True,
        metrics=args.metric,
    )


def judge_words(args: argparse.Namespace, router: Router, samples: Sequence[Sample]) -> dict[str, Any]:
    """Figures of the router's words beside frames and asking rule alone, last answer and nearest training answer."""
    from langchain_trm.messages import Entry
    from langchain_trm.replies import DEFAULT_REPLY, compose_reply
    from langchain_trm.turns import read_turn
    from trm_agent.evaluation.responses import Speaker, Spoken, last_answer, nearest_answers, own_words, scores, speak
    from trm_agent.evaluation.run import draw_dialogues, group_dialogues
    from trm_agent.responses.collecting import collect
    from trm_agent.responses.frames import load_frames
    from trm_agent.responses.speaking import speak_with_frames

    frames = load_frames(None)
    responses = router.responses
    if responses is None:
        raise DataError("--responses needs a checkpoint with responses; learn them with recipes/train_responses.py")

    def rule(sample: Sample, decision: Decision) -> Spoken:
        turn = read_turn([Entry(message, place) for place, message in enumerate(sample.history)])
        text = compose_reply(decision, turn, sample.tools, DEFAULT_REPLY, sample.history)
        return Spoken(text, "reply" if text == DEFAULT_REPLY else "rule")

    def framed(sample: Sample, decision: Decision) -> Spoken:
        said = speak_with_frames(frames, decision, sample.history, sample.tools, encoder=router.encoder)
        return rule(sample, decision) if said is None else Spoken(said.text, "frames")

    def words(sample: Sample, decision: Decision) -> Spoken:
        return own_words(responses, sample, decision, router.encoder) or rule(sample, decision)

    def generated(sample: Sample, decision: Decision) -> Spoken:
        written = responses.write(decision, sample.history, sample.tools)
        if written is not None and not written.refused:
            return Spoken(written.text, "decoder")
        return replace(words(sample, decision), refused=1)

    speakers: dict[str, Speaker] = {
        "retrieve": words,
        "frames": framed,
        "asking rule": rule,
        "last answer": last_answer,
    }
    if responses.writer is not None:
        speakers["generate"] = generated
    if args.train_data:
        train = [s for path in args.train_data for s in draw_dialogues(read(path), TRAIN_DIALOGUES, args.seed)]
        speakers["nearest training answer"] = nearest_answers(collect(group_dialogues(train)), router.encoder)
    spoken = speak(router, samples, speakers)
    if args.answers:
        _write(args.answers, (json.dumps(o.to_json(), ensure_ascii=False, default=str) + "\n" for o in spoken))
    return scores(spoken, responses.bank.ordinary | frames.words, responses.language)


def read(path: Path) -> Iterator[Sample]:
    from trm_agent.data.jsonl import read_samples
    from trm_agent.log import progress

    return iter(progress(read_samples(path), f"reading {path}"))


def write(args: argparse.Namespace, report: Report) -> None:
    settings = {"seed": args.seed, "limit_dialogues": args.limit_dialogues}
    _write(
        args.output, [json.dumps({**report.to_json(), **settings}, indent=1, ensure_ascii=False, allow_nan=False), "\n"]
    )
    if args.failures:
        lines = (json.dumps(c.failure_json(), ensure_ascii=False, allow_nan=False, default=str) for c in report.failing)
        _write(args.failures, (f"{line}\n" for line in lines))
    if args.html:
        from trm_agent.evaluation.page import render_page

        _write(args.html, [render_page(report)])


def make_room(path: Path) -> None:
    """Find out before the work, not after it, that a file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise DataError(f"{path}: cannot be written: {'it is a folder' if path.is_dir() else 'permission denied'}")


def _write(path: Path, parts: Sequence[str] | Iterator[str]) -> None:
    """All or nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(parts)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if partial.exists():
            partial.unlink()
    logger.info("wrote %s", path)


def summarise(report: Report) -> None:
    """The tables on stdout."""
    from rich.console import Console

    from trm_agent.evaluation.report import SHARES, show

    width = None if sys.stdout.isatty() else 200
    console = Console(file=sys.stdout, width=width, highlight=False)
    columns = [*SHARES, "AUROC", "kept@95", "call AUROC", "call kept@95", "p50 ms", "p95 ms"]
    _table(console, report.checkpoint, columns, report.groups)
    _table(console, "only where the user spoke last", columns, report.after_user, MAIN)
    for metric in report.metrics:
        _metric_table(console, metric, report)
    if report.kinds:
        _kind_table(console, report)
    for name, other in report.compare.items():
        _table(console, f"compared with {name}", columns, other.groups, MAIN)
    if report.responses:
        _words_table(console, report)
    baselines = {
        f"{name}/{split}": found["after_user"][split]
        for name, found in report.baselines.items()
        for split in MAIN
        if split in found["after_user"]
    }
    if baselines:
        _table(console, "baselines, only where the user spoke last", list(SHARES)[:5], baselines)
    _detail_tables(console, report)
    turns = [turn for turn in report.turns if turn["turn"] in TURNS]
    console.print("by user messages so far: decision / whole call / joint goal", markup=False)
    for turn in turns:
        values = (show(turn[key]) for key in ("decision_accuracy", "call_exact", "joint_goal_accuracy"))
        console.print(f"  {turn['turn']:>2}  {' / '.join(values)}  (n {turn['n']})", markup=False)


def _detail_tables(console: Any, report: Report) -> None:
    """The joint goal by frame, and slot errors by kind."""
    from rich.markup import escape
    from rich.table import Table

    from trm_agent.evaluation.page import error_details, goal_detail

    for detail in (goal_detail(report.goal_by_frame), *error_details(report.slot_errors)):
        if detail.rows:
            table = Table(*detail.columns, title=detail.title, title_justify="left", pad_edge=False)
            for row in detail.rows:
                table.add_row(*map(escape, row))
            console.print(table)


def _words_table(console: Any, report: Report) -> None:
    """The words of direct answers, a row a speaker and a split."""
    from rich.table import Table

    from trm_agent.evaluation.report import show

    shown = ("bleu", "chrf", "rouge_l", "slot_error_rate", "values_left_out", "answers_without_source", "guarded")
    table = Table("words", "n", *shown, "p50 ms", title="words of direct answers", title_justify="left", pad_edge=False)
    for speaker, groups in report.responses.items():
        for split in (name for name in MAIN if name in groups):
            group = groups[split]
            cells = [show(group[key], 1 if key in shown[:2] else 3) for key in shown]
            table.add_row(f"{speaker}/{split}", str(group["n"]), *cells, show(group["latency_ms"]["p50"], 1))
    console.print(table)


def _kind_table(console: Any, report: Report) -> None:
    """When a call comes that should not, and does not that should, a row a kind of situation and source."""
    from rich.table import Table

    from trm_agent.evaluation.report import show

    shown = ("decision_accuracy", "over_trigger_rate", "under_trigger_rate")
    table = Table("kind", "n", "decision", "over", "under", title="by kind", title_justify="left", pad_edge=False)
    for kind, found in report.kinds.items():
        sources = found["sources"].items() if len(found["sources"]) > 1 else ()
        for name, rates in ((kind, found), *((f"  {source}", rates) for source, rates in sources)):
            table.add_row(name, str(rates["n"]), *(show(rates[key]) for key in shown))
    console.print(table)


def _metric_table(console: Any, metric: str, report: Report) -> None:
    """A public benchmark's figures, a row a group and a compared checkpoint."""
    from rich.markup import escape
    from rich.table import Table

    from trm_agent.evaluation.report import show

    rows = {name: group[metric] for name, group in report.groups.items()}
    for checkpoint, other in report.compare.items():
        rows |= {f"{name} ({checkpoint})": group[metric] for name, group in other.groups.items()}
    table = Table("group", *rows["all"], title=metric, title_justify="left", pad_edge=False)
    for name, found in rows.items():
        table.add_row(escape(name), *(str(v) if isinstance(v, int) else show(v) for v in found.values()))
    console.print(table)


def _table(
    console: Any,
    title: str,
    columns: Sequence[str],
    groups: Mapping[str, Mapping[str, Any]],
    only: Sequence[str] | None = None,
) -> None:
    from rich.markup import escape
    from rich.table import Table

    from trm_agent.evaluation.report import SHARES, show

    table = Table(title=escape(title), title_justify="left", pad_edge=False)
    table.add_column("group", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for name, group in groups.items():
        if only is not None and name not in only:
            continue
        sure, call, latency = group["confidence"], group["call_confidence"], group["latency_ms"]
        cells = [show(group[key]) for key in SHARES.values()]
        cells += [show(part[key]) for part in (sure, call) for key in ("auroc", "coverage_at_95")]
        cells += [show(latency[key], 1) for key in ("p50", "p95")]
        table.add_row(escape(name), str(group["n"]), *cells[: len(columns)])
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
