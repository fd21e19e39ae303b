"""What the measuring recipes share: options, the router and the samples that they name, what a report says of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm_agent.router import Router
    from trm_agent.types import Sample


def add_options(parser: argparse.ArgumentParser, *, seed: str = "draws dialogues") -> None:
    """Add `--data`, `--checkpoint`, `--limit-dialogues`, `--threads` and `--seed`.

    Args:
        parser: Of the recipe.
        seed: What the seed is for.
    """
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument(
        "--limit-dialogues", type=int, metavar="N", help="only so many of each file, drawn with the seed"
    )
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0, help=seed)


def open_router(checkpoint: Path | None, threads: int | None = None) -> Router:
    """The router of a checkpoint folder.

    Args:
        checkpoint: The folder; None: the shipped weights.
        threads: CPU threads; None or 0: see `trm_agent.encoder.threads`.

    Raises:
        CheckpointError: The folder cannot be trusted.
    """
    from trm_agent.router import Router

    return Router.from_pretrained(checkpoint, threads=threads or None)


def drawn_samples(paths: Sequence[Path], limit: int | None, seed: int) -> list[Sample]:
    """The samples of all files.

    Args:
        paths: Sample files.
        limit: Dialogues of each, drawn with the seed; None or 0: all.
        seed: Draws them.

    Raises:
        DataError: A file cannot be read.
    """
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues

    samples: list[Sample] = []
    for path in paths:
        found = read_samples(path)
        samples.extend(draw_dialogues(found, limit, seed) if limit else found)
    return samples


def about_run(args: argparse.Namespace, router: Router, samples: Sequence[Sample], dialogues: int) -> dict[str, Any]:
    """The head of a report: what was measured on what.

    Args:
        args: With the options that `add_options` adds.
        router: As opened.
        samples: As drawn.
        dialogues: How many these are.
    """
    return {
        "checkpoint": str(args.checkpoint or "shipped"),
        "fingerprint": router.fingerprint,
        "data": [str(path) for path in args.data],
        "samples": len(samples),
        "dialogues": dialogues,
        "seed": args.seed,
        "limit_dialogues": args.limit_dialogues,
    }
