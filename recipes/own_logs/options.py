"""The options of `recipes/learn_from_logs.py`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from trm_agent.utils.logs.detect import FORMATS

SHARES = (0.4, 0.6, 0.8, 1.0)
"""How far on the way from the old weights to the new ones, as tried."""


def parse_args(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--logs", type=Path, required=True, metavar="DIR", help="folder of conversations, or one file")
    add("--tools", type=Path, required=True, metavar="FILE", help="tool declarations (JSON)")
    add("--output", type=Path, required=True, metavar="DIR", help="checkpoint folder to write, with report and page")
    add(
        "--format", choices=("auto", *FORMATS), default="auto", help="of the conversations; default: told from the keys"
    )
    add("--slot-fields", nargs="+", metavar="NAME", help="slots of raw turns; default: the usual ones that are filled")
    add("--now-field", metavar="NAME", help="the field that says when a conversation took place")
    add("--now", metavar="DATE", help="when the others took place (ISO 8601), or 'file' for their files' times")
    add("--test", type=Path, metavar="DIR", help="further conversations, which decide nothing and are only judged")
    add("--hold-out", type=share, default=0.3, metavar="SHARE", help="of the conversations, to choose and calibrate on")
    add("--most-held-out", type=int, default=30, metavar="N", help="hold out no more conversations than this")
    add("--tolerance", type=share, default=0.0, metavar="SHARE", help="a fault of so few samples stops nothing")
    add("--despite-faults", action="store_true", help="train although the check found faults")
    add("--init", default="shipped", help="checkpoint to start from; default: the package's")
    add("--own", type=share, default=0.5, metavar="SHARE", help="of the training, the logs (default: 0.5)")
    add("--twins", type=share, default=0.1, metavar="SHARE", help="likewise, samples made up from the tools (0.1)")
    add("--replay", type=Path, metavar="FILE", help="samples of other tools to mix in instead of everyday talk")
    add("--steps", type=int, help="updates; default: 60, and more where there are more conversations, up to 150")
    add("--batch", type=int, default=40, help="decision points in a batch")
    add("--lr", type=float, default=1e-3, help="peak learning rate (default: 1e-3)")
    add("--shares", type=float, nargs="+", default=list(SHARES), help="ways from the old weights to the new to try")
    add("--most-cost", type=share, default=0.05, metavar="SHARE", help="of everyday decisions, that may be lost")
    add("--everyday-points", type=int, default=160, metavar="N", help="drawn of the everyday dev set, to see the cost")
    add("--seed", type=int, default=0, help="of the split, the mix and the training")
    add("--cache", type=Path, metavar="DIR", help="where encoded texts are kept; default: --output/encoded")
    add("--threads", type=int, help="CPU threads")
    add("--device", help="default: cuda if there is one")
    args = parser.parse_args(argv)
    if not all(0 < way <= 1 for way in args.shares):
        parser.error("--shares must lie above 0, up to 1")
    if args.own + args.twins > 1 or not args.own:
        parser.error("--own must be above 0, and --own and --twins together at most 1")
    return args


def share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, got {text!r}")
    return value
