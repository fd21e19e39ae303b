r"""Samples of single requests → the same requests beside the tools nearest to them.

uv run python recipes/nearest_tools.py --data data/clinc150_train.jsonl --output data/clinc150_near.jsonl
uv run python recipes/nearest_tools.py --data mine.jsonl --pool all_my_tools.json --output mine_near.jsonl --most 12

Of a long tool list only what is nearest to a request enters a decision, so that is what the right tool has to be told
from. Here a request that calls one tool, or that is out of scope, gets `--least` to `--most` tools as they would enter,
from all tools of the file and of `--pool`; in a share of `--absent` without the right one, which makes a direct answer.
Tools described almost like the right one are left out, since they would be right too. Every other sample is left out.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trm_agent.errors import TRMError
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from trm_agent.features.catalogue import Catalogue
    from trm_agent.types import Sample, ToolSchema


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="samples to read, JSONL")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--pool", type=Path, help="further tools: JSON list, or JSONL with one a line")
    parser.add_argument("--least", type=int, default=8, help="fewest tools on offer")
    parser.add_argument("--most", type=int, default=24, help="most tools on offer; more do not enter a decision")
    parser.add_argument("--absent", type=float, default=0.12, help="share of requests whose right tool is taken away")
    parser.add_argument("--limit", type=int, help="only so many of the samples, drawn with the seed")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if not 1 <= args.least <= args.most or not 0 <= args.absent <= 1:
        parser.error("expected 1 <= --least <= --most and a share for --absent")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        count = run(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    logger.info("%d samples → %s", count, args.output)
    return 0


def run(args: argparse.Namespace) -> int:
    """Read, choose, write; how many samples were written."""
    import torch

    from trm_agent.data.jsonl import read_samples, write_samples
    from trm_agent.encoder.sentence import load_encoder
    from trm_agent.features.catalogue import Catalogue, Limits
    from trm_agent.synthesis.tools import read_tools
    from trm_agent.types import slot_table

    if args.threads:
        torch.set_num_threads(args.threads)
    samples = [sample for sample in read_samples(args.data) if is_single(sample)]
    if args.limit and args.limit < len(samples):
        samples = random.Random(args.seed).sample(samples, args.limit)
    pool = read_tools(args.pool) if args.pool else ()
    tools = described([*(tool for sample in samples for tool in sample.tools), *pool])
    if len(tools) <= args.most:
        raise TRMError(f"all {len(tools)} tools enter a decision; give --pool, or a smaller --most")
    encoder = load_encoder()
    catalogue = Catalogue(tools, slot_table(tools), Limits(tools=args.most), encoder, encoder)
    made = beside_nearest(samples, catalogue, args)
    return write_samples(args.output, progress(made, "samples", len(samples)))


def is_single(sample: Sample) -> bool:
    """Whether one message calls one tool, or is out of scope; a right tool that is not on offer cannot be told."""
    if len(sample.history) != 1 or "absent" in str(sample.meta.get("subset", "")):
        return False
    if sample.decision == "tool_call":
        return len(sample.gold_calls) == 1
    return "intent" in sample.meta and sample.meta["intent"] is None


def described(tools: Sequence[ToolSchema]) -> list[ToolSchema]:
    """Every tool once, by name; of several wordings the longest."""
    best: dict[str, ToolSchema] = {}
    for tool in tools:
        known = best.get(tool.name)
        if known is None or len(tool.description) > len(known.description):
            best[tool.name] = tool
    return list(best.values())


def beside_nearest(samples: Sequence[Sample], catalogue: Catalogue, args: argparse.Namespace) -> Iterator[Sample]:
    """The samples, each with its own tool and those that would enter beside it."""
    from recipes.corpora.rivals import without_rivals

    for sample in samples:
        rng = random.Random(f"nearest/{args.seed}/{sample.id}")
        own = [tool for tool in sample.tools if sample.tool and tool.name == sample.tool["name"]]
        absent = bool(own) and rng.random() < args.absent
        others = [tool for tool in catalogue.nearest(sample.history, 1) if tool.name not in {t.name for t in own}]
        offered = [] if absent else own
        bare = not any(tool.description for tool in sample.tools)
        near = without_rivals(others, own)[: rng.randint(args.least, args.most) - len(offered)]
        tools = [*offered, *(replace(tool, description="") if bare else tool for tool in near)]
        rng.shuffle(tools)
        yield without_its_tool(sample, tools) if absent else replace(sample, tools=tuple(tools))


def without_its_tool(sample: Sample, tools: Sequence[ToolSchema]) -> Sample:
    """The same request where nothing on offer serves it: a direct answer about no tool."""
    from trm_agent.types import Sample

    subset = f"{sample.meta.get('subset', '')}/absent".lstrip("/")
    meta = {**sample.meta, "intent": None, "subset": subset}
    return Sample(tuple(tools), sample.history, "direct_answer", {}, None, None, sample.id, meta=meta)


if __name__ == "__main__":
    sys.exit(main())
