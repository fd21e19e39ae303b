r"""Tool list → samples: requests and short conversations made up from the declarations alone, without any model.

uv run python recipes/synthesize.py --tools my_tools.json --output synth.jsonl --num 2000
uv run python recipes/synthesize.py --tools pool.json --tools-per-dialogue 1-8 --output synth_pool.jsonl --num 15000
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trm_agent.types import Sample


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, required=True, help="JSON list of tools, or JSONL with one a line")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--num", type=int, default=2000, help="how many samples")
    parser.add_argument("--pool", type=Path, help="tools never on offer: requests for them are out of scope")
    parser.add_argument(
        "--tools-per-dialogue",
        type=_size,
        metavar="N-M",
        help="draw so many tools for every conversation; default: all of them if at most 12, else 12",
    )
    parser.add_argument(
        "--crowded",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="in this share of the conversations the tools on offer are those nearest to one another",
    )
    parser.add_argument("--kinds", nargs="*", default=[], help="only conversations of these kinds; default: all")
    parser.add_argument("--hold-out", nargs="*", default=[], help="names of tools to leave out")
    parser.add_argument("--hold-out-file", type=Path, help="the same, a text file with one name a line")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def _size(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not low.isdecimal() or not (high or low).isdecimal() or not 1 <= int(low) <= int(high or low):
        raise argparse.ArgumentTypeError(f"{text!r} is no range of numbers such as 1-8")
    return int(low), int(high or low)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    from trm_agent.data.jsonl import write_samples
    from trm_agent.errors import TRMError
    from trm_agent.log import logger, progress, setup_logging
    from trm_agent.synthesis.samples import synthesize
    from trm_agent.synthesis.tools import read_tools

    setup_logging()
    counts: Counter[str] = Counter()

    def counted(samples: Iterator[Sample]) -> Iterator[Sample]:
        for sample in samples:
            counts[f"{sample.meta['subset']} {sample.decision}"] += 1
            yield sample

    try:
        held_out = set(args.hold_out)
        if args.hold_out_file:
            held_out |= set(args.hold_out_file.read_text(encoding="utf-8").split())
        tools = [tool for tool in read_tools(args.tools) if tool.name not in held_out]
        pool = read_tools(args.pool) if args.pool else ()
        samples = synthesize(tools, args.num, args.seed, pool, args.tools_per_dialogue, args.crowded, args.kinds)
        count = write_samples(args.output, counted(progress(samples, "samples", args.num)))
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    for name, number in sorted(counts.items()):
        logger.info("%6d %s", number, name)
    logger.info("%d samples → %s", count, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
