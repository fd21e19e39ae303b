r"""Draw conversations from sample files into one: so many of each, and tools with or without annotations.

uv run python recipes/mix_samples.py --data sgd_train.jsonl=900 snips.jsonl=3000 everyday.jsonl --output mix.jsonl \
    --drop-annotations 0.75

Annotations (`readOnlyHint` and such) are written by few people and by one converter. Where they are dropped from most
conversations, a router learns to do without them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="FILE[=N]", help="sample files; N conversations of it"
    )
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument(
        "--drop-annotations", type=float, default=0.0, help="share of conversations whose tools lose their annotations"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        count = mix(args.data, args.output, args.drop_annotations, args.seed)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    logger.info("%d samples → %s", count, args.output)
    return 0


def mix(named: Sequence[str], output: Path, drop: float, seed: int) -> int:
    """Write the drawn conversations, file by file; returns how many samples."""
    count = 0
    with output.open("w", encoding="utf-8") as out:
        for name in tqdm(named, unit="file", file=sys.stderr, disable=None):
            path, _, limit = name.partition("=")
            rng = random.Random(f"{seed}/{Path(path).name}")
            for group in draw(list(conversations(Path(path))), int(limit) if limit else None, rng):
                bare = rng.random() < drop
                for sample in group:
                    out.write(json.dumps(without_annotations(sample) if bare else sample, ensure_ascii=False) + "\n")
                    count += 1
    return count


def conversations(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The samples of a file, those of one conversation together: each history continues the one before."""
    group: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    sample = json.loads(line)
                    history = sample["history"]
                except (ValueError, KeyError, TypeError) as error:
                    raise DataError(f"{path}:{number}: not a sample: {error!r}") from None
                if group and group[-1]["history"] == history[: len(group[-1]["history"])]:
                    group.append(sample)
                    continue
                if group:
                    yield group
                group = [sample]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if group:
        yield group


def draw(groups: list[list[dict[str, Any]]], limit: int | None, rng: random.Random) -> list[list[dict[str, Any]]]:
    """So many conversations at random; all of them where there are no more."""
    if limit is None or limit >= len(groups):
        return groups
    return [groups[i] for i in sorted(rng.sample(range(len(groups)), limit))]


def without_annotations(sample: dict[str, Any]) -> dict[str, Any]:
    tools = []
    for tool in sample["tools"]:
        function = tool.get("function", {})
        kept = {key: value for key, value in function.items() if key != "annotations"}
        tools.append({key: value for key, value in tool.items() if key != "annotations"} | {"function": kept})
    return sample | {"tools": tools}


if __name__ == "__main__":
    sys.exit(main())
