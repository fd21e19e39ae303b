"""Fit a checkpoint's confidence on held-out samples, on its own state.

uv run python recipes/calibrate_router.py --data held_out.jsonl --checkpoint runs/x
uv run python recipes/calibrate_router.py --data held_out.jsonl --checkpoint runs/x --output runs/x-calibrated

Use conversations that were neither trained on nor are reported on. `train_router` does this at its end with --val.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from recipes.opening import open_router
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="held-out sample files")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped weights")
    parser.add_argument("--output", type=Path, help="folder to write; default: --checkpoint itself")
    parser.add_argument("--threads", type=int, help="CPU threads")
    args = parser.parse_args(argv)
    if args.output is None and args.checkpoint is None:
        parser.error("the shipped weights are not overwritten: give --output")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        calibrate(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def calibrate(args: argparse.Namespace) -> None:

    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import calibrate_router

    router = open_router(args.checkpoint, args.threads)
    samples = [sample for path in args.data for sample in read_samples(path)]
    calibration = calibrate_router(router, samples)
    router.checkpoint.calibrated_with(calibration, len(samples)).save(args.output or args.checkpoint)
    fitted = "calibrated" if calibration.calibrated else "too few to fit a confidence:"
    logger.info("%s %d samples → %s", fitted, len(samples), args.output or args.checkpoint)


if __name__ == "__main__":
    sys.exit(main())
