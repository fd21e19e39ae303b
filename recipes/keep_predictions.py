r"""Keep what the network predicts at some hundred decision points, and what is decided from it.

uv run python recipes/keep_predictions.py --output tests/trm_agent/kept
uv run python recipes/keep_predictions.py --data tests/trm_agent/kept/lookalikes.json --synthesize 450 \
    --output tests/trm_agent/kept

With --data the network reads every decision point of the hand-written talks, of --synthesize samples about the same
tools, and of sample files (JSONL), and predictions.json.gz is written anew. Without it only decisions.jsonl is: the
decisions that this version of the code takes from the predictions that are kept. `git diff` shows what changed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from recipes.kept.points import DECISIONS, DIGEST, PREDICTIONS, Point, digest, line, read_points, record, write_points
from recipes.opening import open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging
from trm_agent.types import Decision, Message, Sample, ToolSchema, parse_tools, slot_table

NOW = "2026-03-11T09:30"
"""When a sample that does not say takes place."""
TOOLS_PER_DIALOGUE = (2, 7)
SEVERAL_IN = 4
"""One in so many synthetic samples is drawn from conversations that ask for several calls in one turn."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="talks (JSON) and samples (JSONL) to read")
    parser.add_argument("--output", type=Path, required=True, help="folder of what is kept")
    parser.add_argument(
        "--synthesize", type=int, default=0, metavar="N", help="and so many samples about the same tools"
    )
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--seed", type=int, default=0, help="draws the synthetic samples")
    args = parser.parse_args(argv)
    if args.synthesize and not args.data:
        parser.error("--synthesize needs --data")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        if args.data:
            keep(args)
        points, calibration = read_points(args.output / PREDICTIONS)
        lines = [line(record(point, calibration)) for point in points]
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    text = "".join(lines)
    (args.output / DECISIONS).write_text(text, encoding="utf-8", newline="\n")
    (args.output / DIGEST).write_text(f"{digest(text)}  {DECISIONS}\n", encoding="utf-8", newline="\n")
    logger.info("%d decisions → %s, sha256 %s", len(lines), args.output / DECISIONS, digest(text)[:16])
    return 0


def keep(args: argparse.Namespace) -> None:
    """Write what the network predicts for talks, samples and synthetic samples."""
    router = open_router(args.checkpoint, threads=1)
    samples = list(_samples(args))
    points = [_predict(router, sample) for sample in progress(samples, "predicting", len(samples))]
    write_points(args.output / PREDICTIONS, points, router.checkpoint.calibration)
    logger.info("%d points → %s", len(points), args.output / PREDICTIONS)


def _samples(args: argparse.Namespace) -> Iterator[Sample]:
    from trm_agent.data.jsonl import read_samples
    from trm_agent.synthesis.samples import synthesize

    tools: dict[str, ToolSchema] = {}
    for path in args.data:
        found = read_samples(path) if path.suffix == ".jsonl" else read_talks(path)
        for sample in found:
            tools |= {tool.name: tool for tool in sample.tools}
            yield sample
    several = args.synthesize // SEVERAL_IN
    for num, seed, kinds in ((args.synthesize - several, args.seed, ()), (several, args.seed + 1, ("several_calls",))):
        if num:
            yield from synthesize(list(tools.values()), num, seed, (), TOOLS_PER_DIALOGUE, kinds=kinds)


def read_talks(path: Path) -> Iterator[Sample]:
    """Every decision point of the talks in a file such as `tests/trm_agent/kept/lookalikes.json`.

    A text after a user's text or after a result is the assistant's, any other the user's; `{"did": [tool, arguments,
    result]}` is a call with what came of it. What is right there is not said.
    """
    from trm_agent.routing.requests import decision_points
    from trm_agent.synthesis.tools import declaration

    data = json.loads(path.read_text(encoding="utf-8"))
    for domain, content in data["domains"].items():
        tools = parse_tools([declaration(tool) for tool in content["tools"]])
        for number, talk in enumerate(content["talks"], 1):
            history = list(_messages(talk))
            for n in decision_points(history):
                name, meta = f"{domain}/{number}/{n}", {"now": data["now"]}
                yield Sample(tools, tuple(history[:n]), "direct_answer", {}, None, None, id=name, meta=meta)


def _messages(talk: Iterable[Any]) -> Iterator[Message]:
    last = "assistant"
    for item in talk:
        if isinstance(item, str):
            last = "assistant" if last in ("user", "tool_response") else "user"
            yield Message(last, item)  # type: ignore[arg-type]
        else:
            tool, arguments, result = item["did"]
            yield Message("tool_call", {"name": tool, "arguments": arguments})
            yield Message("tool_response", result)
            last = "tool_response"


def _predict(router: Any, sample: Sample) -> Point:
    """What reaches `decode` where the router decides a sample: first the whole history, then its clauses."""
    module = importlib.import_module("trm_agent.routing.bound")
    original = module.decode
    taken: list[Point] = []
    now = datetime.fromisoformat(sample.meta.get("now") or NOW)

    def recording(prediction: Any, scene: Any, **options: Any) -> Decision:
        tools, history = scene.tools, scene.history
        if tuple(scene.slots) != slot_table(tools):
            raise DataError(f"{sample.id}: has slots that its tools do not declare, which cannot be kept")
        previous, choice = dict(options["previous"]), options["tool_choice"]
        taken.append(Point(str(sample.id), prediction, tuple(tools), tuple(history), previous, choice, now))
        decision: Decision = original(prediction, scene, **options)
        return decision

    module.__dict__["decode"] = recording
    try:
        router.bind(sample.tools, ()).decide(sample.history, now=now)
    finally:
        module.__dict__["decode"] = original
    return replace(taken[0], clauses=tuple(taken[1:]))


if __name__ == "__main__":
    sys.exit(main())
