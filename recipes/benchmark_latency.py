"""What the router costs: a turn, a start, its memory, beside what else could route.

uv run python recipes/benchmark_latency.py
uv run python recipes/benchmark_latency.py --checkpoint runs/x --tools 5 50 --messages 10 200 --output latency.json
uv run --with semantic-router python recipes/benchmark_latency.py --starts 5 --conversations 100 --output latency.json

Tools and conversations are made up, from a seed. A turn is a new assistant and a new user message at the end of a
conversation of so many messages, decided four ways:
  short   the state of the turn before is handed on; both new messages are short
  state   the same with longer messages, some 50 tokens together: a running conversation
  replay  no state, but the encoder knows the earlier messages: the same process, a caller that keeps no state
  cold    no state, and no message is known: a process that meets a long conversation for the first time
CPU time is that of all threads together; where wall time is far from it, the machine was busy with something else.
Starts and memory are those of the shipped weights in processes of their own. With `--output x.json` the tables are
also written to `x.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recipes.latency.made_up import THINGS, VERBS, make_tools
from recipes.latency.peers import PEERS
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

BATCHES = (1, 8, 32)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--tools", type=int, nargs="+", default=[5], help="how many tools are on offer")
    parser.add_argument("--messages", type=int, nargs="+", default=[10], help="lengths of the history")
    parser.add_argument("--turns", type=int, default=60, help="turns timed for each row, a third of it when cold")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="CPU threads; the first also for peers")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="what runs the network")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="none after it: no peers")
    parser.add_argument("--peer-runs", type=int, default=30, help="messages that each peer routes")
    parser.add_argument("--starts", type=int, default=3, help="fresh processes with byte code; 0: none")
    parser.add_argument("--conversations", type=int, default=20, help="of 20 turns, for memory; 0: none")
    parser.add_argument("--batch-decisions", type=int, default=64, help="decided for each batch size; 0: none")
    parser.add_argument("--bind-rounds", type=int, default=5, help="lists bound for each number of tools; 0: none")
    parser.add_argument("--output", type=Path, help="also write the figures, JSON, and the tables beside it, Markdown")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    most = len(VERBS) * len(THINGS)
    if not all(1 <= count <= most for count in args.tools):
        parser.error(f"--tools must be between 1 and {most}")
    if min(args.messages) < 3 or args.turns < 1 or min(args.threads) < 1 or args.peer_runs < 1:
        parser.error("--messages must be at least 3, --turns, --threads and --peer-runs at least 1")
    if min(args.starts, args.conversations, args.batch_decisions, args.bind_rounds) < 0:
        parser.error("--starts, --conversations, --batch-decisions and --bind-rounds must be at least 0")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        figures = measure(args)
        text = tables(figures)
        if args.output:
            write(args.output, figures, text)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    print(text)
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """The figures of every table; `about` says on what they were taken."""
    from recipes.latency.clock import yardstick
    from recipes.latency.peers import peer_rows
    from recipes.latency.starts import growth_rows, start_rows
    from recipes.latency.turns import batch_rows, bind_rows, turn_rows
    from trm_agent.router import Router

    load = [_load()]
    sticks = [yardstick()]
    figures: dict[str, Any] = {"turns": [], "peers": [], "bind": [], "batches": []}
    for i, threads in enumerate(args.threads):
        router = Router.from_pretrained(args.checkpoint, threads=threads, backend=args.backend, keep_tools=False)
        router.bind(make_tools(5, random.Random(args.seed))).decide([{"role": "user", "content": "hello"}])
        logger.info("%d threads: turns", threads)
        rows = turn_rows(router, args.tools, args.messages, args.turns, random.Random(args.seed))
        figures["turns"] += [{"threads": threads, **row} for row in rows]
        sticks.append(yardstick())
        if i:
            continue
        logger.info("bind, throughput, peers")
        if args.bind_rounds:
            figures["bind"] = bind_rows(router, args.tools, args.bind_rounds, random.Random(args.seed))
        if args.batch_decisions:
            figures["batches"] = batch_rows(router, BATCHES, args.batch_decisions, random.Random(args.seed))
        if args.peers:
            figures["peers"] = peer_rows(router, args.peers, args.peer_runs, random.Random(args.seed))
        sticks.append(yardstick())
    logger.info("fresh processes")
    figures["starts"] = start_rows(args.starts)
    figures["memory"] = growth_rows(args.conversations)
    load.append(_load())
    about = {"checkpoint": str(args.checkpoint or "shipped"), "backend": args.backend, "seed": args.seed}
    stick = sorted(sticks)[len(sticks) // 2]
    return {"about": {**about, "cpus": os.cpu_count(), "load": load, "yardstick_ms": stick}, **figures}


def _load() -> float:
    """How many processes were running, over a minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def tables(figures: dict[str, Any]) -> str:
    from recipes.latency.pages import page

    return page(figures)


def write(output: Path, figures: dict[str, Any], text: str) -> None:
    """Write the figures and, beside them, the tables.

    Raises:
        DataError: A file cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        output.with_suffix(".md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{output}: cannot be written: {error.strerror or error}") from None
    logger.info("wrote %s and %s", output, output.with_suffix(".md"))


if __name__ == "__main__":
    sys.exit(main())
