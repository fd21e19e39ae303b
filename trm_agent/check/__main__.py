"""Look samples over before anything is trained on them.

uv run python -m trm_agent.check --data samples.jsonl

The report is one page on stdout. Exit code: 0 fit to train on; 1 a fault that harms training touches more samples than
--tolerance allows, or an error was reported; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (wrong usage leaves through argparse with 2)."""
    options = _parser().parse_args(argv)
    setup_logging()
    try:
        return _check(options)
    except TRMError as error:
        logger.error("%s", error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trm_agent.check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, metavar="FILE", help="sample files, or folders of them")
    add("--examples", type=int, default=3, metavar="N", help="of each kind (default: 3)")
    add(
        "--tolerance",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="a fault of so few samples is no failure, such as 0.02 (default: 0)",
    )
    add("--json", action="store_true", help="the report as JSON")
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to below 1, got {text!r}")
    return share


def _check(options: argparse.Namespace) -> int:
    from trm_agent.check.faults import Inspector
    from trm_agent.check.page import as_json, page
    from trm_agent.data.jsonl import read_samples

    inspector = Inspector(options.examples)
    paths = _files(options.data)
    for path in progress(paths, "Checking", len(paths)):
        samples = read_samples(path, lambda error: inspector.unreadable(str(error)))
        for number, sample in enumerate(samples, 1):
            inspector.add(sample, f"{path.name}, sample {number}")
    report = inspector.finish()
    if not report.samples and not report.found["unreadable"].count:
        raise DataError(f"{', '.join(map(str, options.data))}: no samples")
    text = json.dumps(as_json(report, options.tolerance), ensure_ascii=False, indent=2) if options.json else None
    sys.stdout.write(f"{text or page(report, options.tolerance)}\n")
    return 1 if report.harmful(options.tolerance) else 0


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path}: holds no .jsonl file")
        files += found
    return files


if __name__ == "__main__":
    sys.exit(main())
