"""The options of `recipes/train_router.py`, and the sizes and the pace that they mean."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_agent.errors import TRMError
from trm_agent.utils.logs.dates import read_moment

if TYPE_CHECKING:
    from trm_agent.checkpoint import Checkpoint


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"width": 32, "heads": 2, "reader_layers": 1, "reads": 1},
    "small": {"width": 128},
    "medium": {"width": 192, "heads": 6},
    "paper": {"width": 512, "heads": 8, "n": 6, "T": 3, "supervision_steps": 16},
}


SCRATCH: dict[str, float] = {"lr": 1.5e-3, "epochs": 3.0, "least_steps": 1}


FINE_TUNING: dict[str, float] = {"lr": 5e-4, "epochs": 6.0, "least_steps": 60}
"""What is taken where nothing is said: without and with `--init` (docs/training.md has what was tried)."""


def parse_args(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files to train on")
    parser.add_argument("--val", type=Path, nargs="*", default=[], help="sample files to validate on, own state")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), help="sizes of the network; default: small, with --init those it has"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", help="override a size, such as n=2 or feedback=false"
    )
    parser.add_argument("--plain", action="store_true", help="the control without recursion")
    parser.add_argument(
        "--init", type=Path, help="start from the weights of this checkpoint ('shipped': the package's)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from --output/last")
    parser.add_argument(
        "--epochs",
        type=float,
        help=f"default: {SCRATCH['epochs']:g}; with --init {FINE_TUNING['epochs']:g}, "
        f"but at least {FINE_TUNING['least_steps']} steps",
    )
    parser.add_argument("--steps", type=int, help="updates, instead of --epochs")
    parser.add_argument("--batch", type=int, default=80, help="decision points in a batch, over all processes")
    parser.add_argument(
        "--augment",
        action="store_true",
        help="change names, descriptions and types of tools at random and chain single requests: for tools never seen",
    )
    parser.add_argument(
        "--one-by-one",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of the turns with several calls or with lists so many are also read one call at a time",
    )
    parser.add_argument("--lr", type=float, help=f"default: {SCRATCH['lr']:g}; with --init {FINE_TUNING['lr']:g}")
    parser.add_argument("--warmup", type=int, default=150, help="steps")
    parser.add_argument(
        "--optimizer", choices=("adamw", "muon"), default="adamw", help="muon: for the matrices between hidden layers"
    )
    parser.add_argument("--ema", type=float, default=0.999, help="decay")
    parser.add_argument(
        "--after-result", type=float, default=0.25, help="share of points after a tool result that is kept"
    )
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--val-every", type=int, default=500, help="steps; also how often the state is saved")
    parser.add_argument(
        "--val-dialogues", type=int, default=100, help="so many of each --val file, drawn with the seed"
    )
    parser.add_argument(
        "--now", type=moment, metavar="DATE", help="when samples without meta.now took place (ISO 8601)"
    )
    parser.add_argument(
        "--responses", action="store_true", help="afterwards learn words for direct answers from --data as well"
    )
    parser.add_argument(
        "--response-dialogues", type=int, default=2000, help="with --responses: so many of each --data file"
    )
    parser.add_argument(
        "--decoder", action=argparse.BooleanOptionalAction, default=True, help="with --responses: also a decoder"
    )
    parser.add_argument("--language", default="en", help="with --responses: of number words and dates (ISO 639-1)")
    parser.add_argument("--encoder", help="a sentence-transformers model by name or path")
    parser.add_argument("--cache", type=Path, help="where encoded texts are kept; default: --output/encoded")
    parser.add_argument(
        "--amp", action=argparse.BooleanOptionalAction, default=None, help="bfloat16; default: where it is fast"
    )
    parser.add_argument("--device", help="default: cuda if there is one")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--workers", type=int, help="processes making batches; default: none on a CPU, up to 6 on CUDA")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """`n=2` → {"n": 2}; values are read as JSON."""
    out = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            out[key] = json.loads(value)
        except ValueError:
            raise TRMError(f"--set {pair}: expected KEY=VALUE with a number, true or false") from None
    return out


def network_sizes(args: argparse.Namespace, start: Checkpoint | None, floor: float, width: int) -> dict[str, Any]:
    """Fields of `ModelConfig`: those of the initial weights, or of the preset, with what the options override.

    Args:
        args: The options.
        start: What `--init` names.
        floor: Relevance below which these samples call nothing; the initial weights' own may be lower and is then kept.
        width: Of the encoder.
    """
    sizes: dict[str, Any] = start.model.config.to_json() if start else {}
    if args.preset or not start:
        sizes |= PRESETS[args.preset or "small"]
    sizes["relevance_floor"] = min(floor, sizes.get("relevance_floor", floor))
    sizes |= {"encoder_width": width, "dropout": args.dropout, "plain": args.plain or sizes.get("plain", False)}
    return sizes | overrides(args.set)


def pace(args: argparse.Namespace, per_epoch: int) -> tuple[float, int]:
    """Peak learning rate and number of steps; few samples are seen often enough to matter."""
    defaults = FINE_TUNING if args.init else SCRATCH
    epochs = defaults["epochs"] if args.epochs is None else args.epochs
    least = defaults["least_steps"] if args.epochs is None else 1
    steps = args.steps or max(int(least), math.ceil(epochs * per_epoch))
    return defaults["lr"] if args.lr is None else args.lr, steps


def moment(text: str) -> str:
    """An option's date, in ISO 8601 without offset."""
    try:
        return read_moment(text, "it")
    except TRMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
