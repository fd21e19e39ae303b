r"""Public corpora → samples.

uv run python recipes/prepare_data.py --corpus sgd --input data/sgd/train --output data/sgd_train.jsonl
uv run python recipes/prepare_data.py --corpus sgd --input data/sgd/train --wordings data/sgd/sgd_x \
    --output data/sgd_x_train.jsonl
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from recipes.corpora.building import CORPORA, Options, corpus
from trm_agent.data.jsonl import write_samples
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=sorted(CORPORA), required=True, help="which publisher's format")
    parser.add_argument("--input", type=Path, required=True, help="the publisher's folder (sgd: a split's folder)")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--split", help="one of the publisher's splits, where the folder holds several")
    parser.add_argument("--distractors", type=int, help="at most so many further tools (sgd: services) on offer")
    parser.add_argument("--hold-out", nargs="*", default=[], help="services, tools or domains to leave out whole")
    parser.add_argument("--only", nargs="*", default=[], help="services, tools or domains to keep, and no others")
    parser.add_argument("--max-results", type=int, default=3, help="results kept in a tool_response")
    parser.add_argument("--num-dialogues", type=int, help="only so many conversations, drawn with the seed")
    parser.add_argument(
        "--seen-schema", type=Path, help="sgd: training schema.json; default: train/schema.json beside the split"
    )
    parser.add_argument(
        "--wordings", type=Path, help="sgd: SGD-X folder; each dialogue is worded as in one of its variants"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    options = Options(
        split=args.split,
        seed=args.seed,
        distractors=args.distractors,
        num_dialogues=args.num_dialogues,
        hold_out=frozenset(args.hold_out),
        only=frozenset(args.only),
        max_results=args.max_results,
        seen_schema=args.seen_schema,
        wordings=args.wordings,
    )
    try:
        samples = corpus(args.corpus)(args.input, options)
        count = write_samples(args.output, tqdm(samples, unit="sample", file=sys.stderr, disable=None))
    except TRMError as error:
        logger.error("%s", error)
        return 1
    logger.info("%d samples → %s", count, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
