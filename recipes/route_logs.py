"""Any number of conversations → what the router decides on each, in parallel with Ray Data, and resumable.

uv run --extra ray python recipes/route_logs.py --data logs.jsonl --tools tools.json --output routed --workers 2
uv run --extra ray python recipes/route_logs.py --data logs/ --output routed --workers 64 --address auto

The input is cut into parts. Each worker loads the router once, takes one part after the other and puts its file in
place only when it is complete, so that the same command goes on where it was stopped. See docs/route_logs.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.routing.conversations import Part, Row, cut, find_files, moment, read_row, read_rows
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging
from trm_agent.routing.requests import decision_points

if TYPE_CHECKING:
    from trm_agent.router import BoundRouter, Router
    from trm_agent.types import Decision, Message

    Bind = Callable[[str], BoundRouter]
    Key = tuple[str, str | None, str]

MANIFEST = "manifest.json"
STARTS = 4
BATCH = 64
"""Conversations whose texts are encoded together."""
KNOWN = 50_000
"""Decided conversations that a worker remembers: logs are full of "hello"."""
TOOL_LISTS = 256
"""Tool lists that a worker remembers; to read one takes as long as a tenth of a decision."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, help="JSONL or Parquet files, or folders of them")
    add("--output", type=Path, required=True, help="folder for the decisions; the same one to go on")
    add("--tools", type=Path, help="JSON list of tools, for conversations that bring none")
    add("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    add("--every-turn", action="store_true", help="decide after every message of the user and every result")
    add(
        "--now",
        help="what relative dates count from where a row has no `now` (ISO 8601); default: when --output was begun",
    )
    add("--workers", type=_positive, default=1, help="processes, each with a router of its own")
    add("--threads", type=_positive, default=1, help="CPU threads of each worker")
    add("--part-rows", type=_positive, default=1000, help="conversations in a part: what is done again after a stop")
    add("--address", help="of a Ray cluster (`auto`, `ray://…`); default: this machine alone")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    if find_spec("ray") is None:
        logger.error("recipes/route_logs.py needs Ray Data; run it with `uv run --extra ray python …`")
        return 1
    try:
        return run(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1


def run(args: argparse.Namespace) -> int:
    """Route what is not routed yet, and say what came out."""
    if args.now is not None:
        moment(args.now)
    parts = [part for part in cut(find_files(args.data), args.part_rows) if part.rows]
    if not parts:
        raise DataError(f"{', '.join(map(str, args.data))}: no rows")
    settings = {
        "tools": _read_tools(args.tools),
        "checkpoint": str(args.checkpoint.resolve()) if args.checkpoint else None,
        "every_turn": args.every_turn,
        "now": args.now,
    }
    settings["now"] = open_output(args.output, settings, parts)
    todo = [part for part in parts if not (args.output / part.name).exists()]
    if len(todo) < len(parts):
        logger.info("%d of %d parts are there already", len(parts) - len(todo), len(parts))
    if todo:
        follow(route_parts(args, settings, todo), sum(part.rows for part in todo))
    bad = gather_bad(args.output, parts)
    logger.info("%d rows → %s", sum(part.rows for part in parts), args.output / "part-*.jsonl")
    if bad:
        logger.warning("%d rows could not be routed → %s", bad, args.output / "bad.jsonl")
    return 0


def follow(reports: Iterable[Mapping[str, float]], rows: int) -> None:
    """Show how far the parts are, and say at the end how fast it went."""
    started = time.perf_counter()
    first = None
    decided = busy = 0.0

    def conversations() -> Iterator[None]:
        nonlocal first, decided, busy
        for report in reports:
            first = first or time.perf_counter() - report["seconds"]
            decided, busy = decided + report["decisions"], busy + report["seconds"]
            yield from (None for _ in range(int(report["rows"])))

    for _ in progress(conversations(), "conversations", rows):
        pass
    now = time.perf_counter()
    logger.info(
        "%d decisions in %.1f s (start: %.1f s): %.1f a second, %.1f ms each in a worker",
        decided,
        now - started,
        (first or now) - started,
        decided / max(now - (first or started), 1e-3),
        1000 * busy / max(decided, 1),
    )


def open_output(folder: Path, settings: Mapping[str, Any], parts: Sequence[Part]) -> str:
    """Begin a folder of decisions, or check that what is there was asked for in the same words.

    Returns:
        What relative dates count from: the settings' `now`, or the time at which the folder was begun.

    Raises:
        DataError: The folder holds decisions of other input or settings.
    """
    files = {part.file: _looks(Path(part.file)) for part in parts}
    wanted = {"settings": dict(settings), "files": files, "parts": [asdict(part) for part in parts]}
    path = folder / MANIFEST
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(".*.partial"):
        unfinished.unlink()
    if not path.exists():
        began = datetime.now().isoformat(timespec="minutes")
        _put(path, json.dumps({"began": began} | wanted, ensure_ascii=False))
        return str(settings["now"] or began)
    there = parse_json(path.read_bytes())
    changed = [key for key in wanted if there.get(key) != wanted[key]]
    if changed:
        raise DataError(f"{folder}: was begun with other {' and '.join(changed)}; choose another --output")
    return str(settings["now"] or there["began"])


def route_parts(
    args: argparse.Namespace, settings: Mapping[str, Any], todo: Sequence[Part]
) -> Iterator[dict[str, float]]:
    """Parts go out to the actors; what they report comes back: `rows`, `decisions` and `seconds`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # the workers run in this very environment
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 starves workers wherever anything else runs
    import ray

    workers = min(args.workers, len(todo))
    local: dict[str, Any] = (
        {} if args.address else {"num_cpus": workers * args.threads + 1, "object_store_memory": 100 * 2**20}
    )
    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    _start(lambda: ray.init(address=args.address or "local", **quiet, **local), args.address)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        if not args.address:
            logging.getLogger("ray.data").setLevel(logging.ERROR)  # it takes a slow start for a lack of CPUs
        routed = ray.data.from_items([asdict(part) for part in todo], override_num_blocks=len(todo)).map_batches(
            PartRouter,
            fn_constructor_args=(str(args.output.resolve()), dict(settings), args.threads),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=args.threads,
        )
        for report in routed.iter_rows():
            yield {key: float(value) for key, value in report.items()}
    finally:
        ray.shutdown()


def _start(init: Callable[[], Any], address: str | None) -> None:
    """Start Ray, or reach it. It allows itself half a minute, which a busy machine may need more than once."""
    for attempt in range(1, STARTS + 1):
        try:
            init()
        except ConnectionError as error:
            raise DataError(f"--address {address}: no Ray cluster answers: {error}") from error
        except Exception as error:  # Ray raises no class of its own where it takes too long
            if attempt == STARTS:
                raise DataError(f"Ray does not start: {error}") from error
            logger.warning("Ray does not start, trying again: %s", error)
        else:
            return


class PartRouter:
    """One worker: loads the router once, then turns parts into files.

    Args:
        output: The folder.
        settings: `tools` (JSON text or None), `checkpoint`, `every_turn`, `now`.
        threads: CPU threads.
    """

    def __init__(self, output: str, settings: Mapping[str, Any], threads: int) -> None:
        from trm_agent.router import Router

        self.output = Path(output)
        self.settings = settings
        self.router = Router.from_pretrained(settings["checkpoint"], threads=threads)
        self.router.network.memory.capacity = 0  # it is for conversations that go on; these come once
        self.router.warm_up()
        self.known: dict[Key, dict[str, Any]] = {}
        self.bind = lru_cache(TOOL_LISTS)(lambda tools: self.router.bind(json.loads(tools)))

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[float]]:
        """One part, as Ray Data hands it over (a column for each field), and the report on it."""
        numbers = {key: int(batch[key][0]) for key in ("number", "row", "rows", "offset")}
        started = time.perf_counter()
        decisions = self.route(Part(file=str(batch["file"][0]), **numbers))
        return {"rows": [numbers["rows"]], "decisions": [decisions], "seconds": [time.perf_counter() - started]}

    def route(self, part: Part) -> int:
        """Write the decisions of a part, its bad rows first, and count them."""
        rows: dict[int, Row] = {}
        bad: dict[int, str] = {}
        for number, raw in read_rows(part):
            try:
                row = read_row(raw, f"{part.file}:{number}", self.settings)
                self.bind(row.tools)
                rows[number] = row
            except TRMError as error:
                bad[number] = str(error)
        lines = []
        answered = decide_rows(self.router, list(rows.values()), self.settings["every_turn"], self.bind, self.known)
        if len(self.known) > KNOWN:
            self.known.clear()
        for number, line in zip(rows, answered, strict=True):
            if "error" in line:
                bad[number] = line["error"]
            else:
                lines.append(line)
        _put(
            self.output / part.bad_name,
            _jsonl({"file": part.file, "row": number, "error": bad[number]} for number in sorted(bad)),
        )
        _put(self.output / part.name, _jsonl(lines))
        return sum(len(line["decisions"]) for line in lines)


def decide_rows(
    router: Router, rows: Sequence[Row], every_turn: bool, bind: Bind, known: dict[Key, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The decisions on conversations, in their order; where the router fails, `error` stands instead of `decisions`.

    A conversation that is in `known` is not decided again. The texts of a batch are encoded together, whatever tools
    and time its conversations have.
    """
    from trm_agent.features.conversation import read_text
    from trm_agent.types import history_hash

    keys = [(row.tools, row.now, history_hash(row.history)) for row in rows]
    fresh = [(key, row) for key, row in dict(zip(keys, rows, strict=True)).items() if key not in known]
    for begin in range(0, len(fresh), BATCH):
        batch = fresh[begin : begin + BATCH]
        router.encoder.encode([read_text(message) for _, row in batch for message in row.history])
        alike: dict[tuple[str, str | None], list[tuple[Key, Row]]] = {}
        for key, row in batch:
            alike.setdefault((row.tools, row.now), []).append((key, row))
        for (tools, now), members in alike.items():
            answers = decide_talks(bind(tools), [row.history for _, row in members], now, every_turn)
            known.update(zip((key for key, _ in members), answers, strict=True))
    return [{"id": row.id} | known[key] for key, row in zip(keys, rows, strict=True)]


def decide_talks(
    bound: BoundRouter, talks: Sequence[list[Message]], now: str | None, every_turn: bool
) -> list[dict[str, Any]]:
    """`decisions` on conversations with the same tools and time, or `error` where the router fails."""
    when = None if now is None else datetime.fromisoformat(now)
    points = [routed_points(talk, every_turn) for talk in talks]
    histories = [talk[:n] for talk, lengths in zip(talks, points, strict=True) for n in lengths]
    try:
        decisions = iter(bound.decide_batch(histories, now=when))
    except Exception as error:  # whatever it is: of millions of conversations, one must not stop the others
        if len(talks) == 1:
            return [{"error": f"the router fails: {error!r:.300}"}]
        return [answer for talk in talks for answer in decide_talks(bound, [talk], now, every_turn)]
    return [{"decisions": [{"messages": n} | told(next(decisions)) for n in lengths]} for lengths in points]


def routed_points(history: Sequence[Message], every_turn: bool) -> list[int]:
    """Lengths of the history at which the agent has to decide; the end is always one."""
    return sorted({*decision_points(history), len(history)}) if every_turn else [len(history)]


def told(decision: Decision) -> dict[str, Any]:
    """What is written of a decision."""
    return {
        "decision": decision.decision,
        "tool": decision.tool,
        "arguments": decision.arguments,
        "calls": [{"tool": call.tool, "arguments": call.arguments} for call in decision.calls],
        "missing": list(decision.missing),
        "confidence": round(decision.confidence, 4),
        "call_confidence": None if decision.call_confidence is None else round(decision.call_confidence, 4),
        "intended_tool": decision.intended_tool,
    }


def gather_bad(folder: Path, parts: Iterable[Part]) -> int:
    """Put what could not be routed into one file, `bad.jsonl`; none without bad rows."""
    lines = "".join((folder / part.bad_name).read_text(encoding="utf-8") for part in parts)
    if lines:
        _put(folder / "bad.jsonl", lines)
    return lines.count("\n")


def _looks(file: Path) -> list[Any]:
    """Size and a hash of the beginning: enough to notice that a file was replaced."""
    with file.open("rb") as content:
        return [file.stat().st_size, hashlib.sha256(content.read(2**20)).hexdigest()]


def _read_tools(path: Path | None) -> str | None:
    if path is None:
        return None
    from trm_agent.convert import read_tools

    return json.dumps([tool.to_json() for tool in read_tools(path)], sort_keys=True)


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, got {text!r}")
    return number


def _jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _put(path: Path, text: str) -> None:
    """Write a file under another name, and give it its own when it is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
