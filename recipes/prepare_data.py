r"""Public corpora → samples.

uv run python recipes/prepare_data.py --corpus sgd --input data/sgd/train --output data/sgd_train.jsonl
uv run python recipes/prepare_data.py --corpus sgd --input data/sgd/train --wordings data/sgd/sgd_x \
    --output data/sgd_x_train.jsonl
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from trm_agent.data.jsonl import write_samples
from trm_agent.data.sgd import Service, convert_dialogue, read_dialogues, read_services
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging
from trm_agent.types import Sample


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=["sgd"], required=True, help="which publisher's format")
    parser.add_argument(
        "--input", type=Path, required=True, help="split folder as published (schema.json, dialogues_*.json)"
    )
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument(
        "--seen-schema", type=Path, help="training schema.json; default: train/schema.json beside the split"
    )
    parser.add_argument("--wordings", type=Path, help="SGD-X folder: each dialogue is worded as in one of its variants")
    parser.add_argument("--distractors", type=int, default=2, help="at most so many further services on offer")
    parser.add_argument("--max-results", type=int, default=3, help="results kept in a tool_response")
    parser.add_argument("--num-dialogues", type=int, help="only so many, drawn with the seed")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def sgd_samples(args: argparse.Namespace) -> Iterator[Sample]:
    schema = args.input / "schema.json"
    seen_schema = args.seen_schema or args.input.parent / "train" / "schema.json"
    seen = frozenset(read_services(seen_schema))
    variants: list[dict[str, Service]] = [read_services(schema)]
    if args.wordings:
        files = sorted(args.wordings.glob(f"*/{args.input.name}/schema.json"))
        variants = [read_services(schema, wording) for wording in files] or variants
        logger.info("%d wordings of the schema", len(files))
    dialogues = list(read_dialogues(args.input))
    if args.num_dialogues:
        dialogues = random.Random(args.seed).sample(dialogues, min(args.num_dialogues, len(dialogues)))
    for dialogue in tqdm(dialogues, unit="dialogue", file=sys.stderr, disable=None):
        rng = random.Random(f"{args.seed}/{dialogue['dialogue_id']}")
        services = rng.choice(variants)
        yield from convert_dialogue(
            dialogue, services, seen=seen, rng=rng, distractors=args.distractors, max_results=args.max_results
        )


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        count = write_samples(args.output, sgd_samples(args))
    except TRMError as error:
        logger.error("%s", error)
        return 1
    logger.info("%d samples → %s", count, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
