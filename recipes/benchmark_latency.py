"""How long one turn takes, split into encoder, TRM and decoding.

uv run python recipes/benchmark_latency.py
uv run python recipes/benchmark_latency.py --checkpoint runs/x --tools 5 50 --messages 10 200 --output latency.json

Tools and conversations are made up, from a seed. A turn is a new assistant and a new user message at the end of a
conversation of so many messages, decided three ways:
  state   the state of the turn before is handed on, its messages are known: a running conversation
  replay  no state, but the encoder knows the earlier messages: the same process, a caller that keeps no state
  cold    no state, and no message is known: a process that meets a long conversation for the first time
cpu is the time spent on all threads together; where it is far from total, the machine was busy with something else.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from trm_agent.router import BoundRouter

PARTS = ("encoder", "trm", "decoding", "total", "cpu")
WAYS = ("state", "replay", "cold")
WARM_UP = 3

VERBS = ["find", "book", "cancel", "list", "update", "share", "track", "compare", "order", "review"]
THINGS = ["hotel", "flight", "table", "parcel", "invoice", "doctor", "concert", "taxi", "apartment", "lesson", "song"]
PARAMETERS = {
    "city": {"type": "string", "description": "City where it takes place"},
    "date": {"type": "string", "description": "Day it is wanted for"},
    "time": {"type": "string", "description": "Time of day"},
    "guests": {"type": "integer", "description": "Number of people"},
    "price": {"type": "string", "description": "Price range", "enum": ["cheap", "moderate", "expensive"]},
    "name": {"type": "string", "description": "Name of the place or person"},
    "refundable": {"type": "boolean", "description": "Whether the money can be returned"},
}
SENTENCES = [
    "I would like to {verb} a {thing} in {city} for {number} people",
    "could you also {verb} the {thing} on the {number}th, somewhere in {city}",
    "no, make it {number} o'clock, and please {verb} it under the name {city}",
    "what about a cheaper {thing} near {city}, number {number} on the list perhaps",
]
CITIES = ["Lisbon", "Oakland", "Ghent", "Osaka", "Leeds", "Quito", "Turin", "Bergen", "Hanoi", "Krakow"]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--tools", type=int, nargs="+", default=[5, 50], help="how many tools are on offer")
    parser.add_argument("--messages", type=int, nargs="+", default=[10, 200], help="lengths of the history")
    parser.add_argument("--turns", type=int, default=30, help="turns timed for each row, a third of it when cold")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="what runs the network")
    parser.add_argument("--output", type=Path, help="also write the figures, JSON")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    most = len(VERBS) * len(THINGS)
    if not all(1 <= count <= most for count in args.tools):
        parser.error(f"--tools must be between 1 and {most}")
    if min(args.messages) < 3 or args.turns < 1 or args.threads < 1:
        parser.error("--messages must be at least 3, --turns and --threads at least 1")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        rows = measure(args)
        if args.output:
            write(args, rows)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(rows)
    return 0


def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    from trm_agent.evaluation.metrics import percentile
    from trm_agent.router import Router

    router = Router.from_pretrained(args.checkpoint, threads=args.threads, backend=args.backend)
    rng = random.Random(args.seed)
    rows = []
    cases = [(tools, messages) for tools in args.tools for messages in args.messages]
    for tools, messages in progress(cases, "measuring"):
        started = time.perf_counter()
        bound = router.bind(make_tools(tools, rng))
        bind_ms = 1000 * (time.perf_counter() - started)
        logger.info("%d tools (bound in %.0f ms), %d messages", tools, bind_ms, messages)
        for way, turns in zip(WAYS, (args.turns, args.turns, max(1, args.turns // 3)), strict=True):
            timed = time_turns(bound, way, messages, turns, rng)
            values = {part: [one[part] for one in timed] for part in PARTS}
            parts = {part: {f"p{p}": percentile(values[part], p) for p in (50, 95)} for part in PARTS}
            rows.append({"tools": tools, "messages": messages, "way": way, "turns": turns, "bind_ms": bind_ms, **parts})
    return rows


def time_turns(bound: BoundRouter, way: str, messages: int, turns: int, rng: random.Random) -> list[dict[str, float]]:
    """Milliseconds of each part, for so many turns."""
    known = make_conversation(messages - 2, rng)
    state = bound.decide(known).state
    out = []
    for _ in range(WARM_UP + turns):
        history = make_conversation(messages, rng) if way == "cold" else [*known, *make_exchange(rng)]
        started, worked = time.perf_counter(), time.process_time()
        decision = bound.decide(history, state=state if way == "state" else None)
        total, cpu = 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)
        out.append({**decision.latency_ms, "total": total, "cpu": cpu})
    return out[WARM_UP:]


def make_tools(count: int, rng: random.Random) -> list[dict[str, Any]]:
    """So many different tools with two to five parameters each."""
    names = rng.sample([(verb, thing) for verb in VERBS for thing in THINGS], count)
    tools = []
    for verb, thing in names:
        chosen = rng.sample(sorted(PARAMETERS), rng.randint(2, 5))
        properties = {name: PARAMETERS[name] for name in chosen}
        tools.append(
            {
                "name": f"{verb}_{thing}",
                "description": f"{verb.capitalize()} a {thing} for the user",
                "parameters": {"type": "object", "properties": properties, "required": chosen[:2]},
            }
        )
    return tools


def make_conversation(messages: int, rng: random.Random) -> list[dict[str, Any]]:
    """So many messages, the user's last; no text comes twice."""
    opening = {"role": "system", "content": "You help people with bookings and errands. Be brief."}
    user = {"role": "user", "content": make_sentence(rng)}
    history = [user] if messages % 2 else [opening, user]
    while len(history) < messages:
        history += make_exchange(rng)
    return history


def make_exchange(rng: random.Random) -> list[dict[str, Any]]:
    """An answer and the next request."""
    answer = f"Sure, I noted {make_sentence(rng)}. Is there anything else?"
    return [{"role": "assistant", "content": answer}, {"role": "user", "content": make_sentence(rng)}]


def make_sentence(rng: random.Random) -> str:
    words = {"verb": rng.choice(VERBS), "thing": rng.choice(THINGS), "city": rng.choice(CITIES)}
    return rng.choice(SENTENCES).format(**words, number=rng.randrange(1_000_000))


def write(args: argparse.Namespace, rows: Sequence[dict[str, Any]]) -> None:
    settings = {
        "checkpoint": str(args.checkpoint or "shipped"),
        "threads": args.threads,
        "backend": args.backend,
        "seed": args.seed,
    }
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps({**settings, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{args.output}: cannot be written: {error.strerror or error}") from None
    logger.info("wrote %s", args.output)


def show(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="milliseconds a turn: p50 / p95", title_justify="left")
    for column in ("tools", "messages", "way", *PARTS):
        table.add_column(column, justify="left" if column == "way" else "right", no_wrap=True)
    for row in rows:
        parts = (f"{row[part]['p50']:.1f} / {row[part]['p95']:.1f}" for part in PARTS)
        table.add_row(str(row["tools"]), str(row["messages"]), row["way"], *parts)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
