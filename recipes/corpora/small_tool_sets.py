"""Several small tool sets → samples: home-llm, leon, NESTFUL, ToolAlpaca, gptscript's suite.

Functions of ToolEyes, StableToolBench and DroidCall have no gold calls; they are what stands beside the others' tools.
Some of these sets are published as benchmarks: what is trained on is not reported on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from recipes.corpora import home_llm, leon
from recipes.corpora.building import Options
from recipes.corpora.function_calling import BENCHMARK_TOOLS, convert_conversation
from recipes.corpora.pairing import pair
from recipes.corpora.tool_sets import READERS, read_pool
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Sample

MOST_TOOLS = 12
"""Further tools are drawn while at most so many stand beside the first."""

SPLITS = ("home-llm", "leon", *READERS)


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the folder that holds the repositories (`acon96+home-llm`, `leon-ai+leon`, …).

    Args:
        folder: As unpacked.
        options: `split`: one of `SPLITS`, or several joined by `+` (default: all). `distractors`: further tools are
            drawn while at most so many stand beside the first. `hold_out`: tools that are neither called nor offered;
            `BENCHMARK_TOOLS` never are.

    Raises:
        DataError: A file is missing or not what it should be, or there is no such split.
    """
    subsets = options.split.split("+") if options.split else list(SPLITS)
    if unknown := set(subsets) - set(SPLITS):
        raise DataError(f"unknown split {sorted(unknown)}; expected one of {', '.join(SPLITS)}")
    held_out = BENCHMARK_TOOLS | options.hold_out
    pool = [tool for tool in read_pool(folder) if tool.name not in held_out]
    if "home-llm" in subsets:
        piles = folder / "acon96+home-llm" / "data" / "piles" / "english"
        yield from home_llm.convert(piles, options, pool)
    if "leon" in subsets:
        yield from pair(tuple(leon.read(folder / "leon-ai+leon", options)), options)
    counts: Counter[str] = Counter()
    for name, (place, read) in READERS.items():
        if name not in subsets:
            continue
        for conversation in read(folder / place):
            called = {call["name"] for turn in conversation.turns if turn.kind == "calls" for call in turn.items}
            if not called.isdisjoint(held_out):
                counts["conversations that call a tool held out"] += 1
                continue
            kept = tuple(tool for tool in conversation.tools if tool.name not in held_out)
            most = MOST_TOOLS if options.distractors is None else options.distractors
            rng = options.rng(conversation.name)
            for sample in convert_conversation(replace(conversation, tools=kept), pool, rng, counts, most):
                number = (sample.id or "").rpartition("/")[2]
                meta = {**sample.meta, "source": "small-tool-sets"}
                yield replace(sample, id=f"{conversation.name}/{number}", meta=meta)
    logger.info("small-tool-sets: %d tools in the pool; %s", len(pool), dict(counts))
