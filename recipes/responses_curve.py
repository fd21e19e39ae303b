"""How the words of direct answers improve with the number of conversations they are learned from.

uv run python recipes/responses_curve.py --data train.jsonl --dev dev.jsonl --sizes 50 500 2000 --output curve.json

Each size is learned from its own draw, with the same seed and router, and judged on the same dev conversations, own
state, seen and unseen services apart. The figures go to --output, a markdown table to stdout.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recipes.opening import open_router
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

GROUPS = ("all", "seen", "unseen")
SHOWN = ("chrf", "bleu", "rouge_l", "slot_error_rate", "values_left_out", "values_without_source")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="sample file to learn from")
    parser.add_argument("--dev", type=Path, required=True, help="sample file to judge on")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500, 5000], help="numbers of conversations")
    parser.add_argument("--dev-dialogues", type=int, default=40, help="dev conversations, drawn with the seed")
    parser.add_argument("--checkpoint", type=Path, help="router; default: the shipped weights")
    parser.add_argument("--read", type=int, default=12_000, help="answers the heads learn from; the bank takes all")
    parser.add_argument("--steps", type=int, default=1500, help="updates of the heads")
    parser.add_argument("--cache", type=Path, help="encoded texts of a training run, to read (its --output/encoded)")
    parser.add_argument("--output", type=Path, required=True, help="figures, JSON")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if any(size < 1 for size in args.sizes):
        parser.error(f"--sizes must be at least 1, got {min(args.sizes)}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        figures = measure(args)
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except TRMError as error:
        logger.error("%s", error)
        return 1
    logger.info("wrote %s", args.output)
    sys.stdout.write(table(figures))
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Size → group → figures."""
    from trm_agent.data.jsonl import read_samples
    from trm_agent.encoder.sentence import KnownTexts, Vocabulary
    from trm_agent.evaluation.responses import scores, speak
    from trm_agent.evaluation.run import draw_dialogues
    from trm_agent.router import Router
    from trm_agent.training.responses import ResponseConfig, teach

    router = open_router(args.checkpoint, args.threads)
    if args.cache:
        loaded = router.encoder.encoder
        router = Router(
            router.checkpoint, KnownTexts(Vocabulary.load(args.cache), lambda: loaded), graphs=router.graphs
        )
    dev = list(draw_dialogues(read_samples(args.dev), args.dev_dialogues, args.seed))
    config = ResponseConfig(read=args.read, steps=args.steps, seed=args.seed, decoder=None)
    out: dict[str, Any] = {"seed": args.seed, "dev_dialogues": args.dev_dialogues, "sizes": {}}
    for size in sorted(args.sizes):
        logger.info("%d conversations", size)
        taught = teach(router, [args.data], router.encoder.encoder, config, dialogues=size)
        responses = taught.responses
        if responses is None:
            raise TRMError(f"{args.data}: nothing was learned from {size} conversations")
        found = scores(speak(router, dev, {"retrieve": speaker(responses)}), responses.bank.ordinary)["retrieve"]
        groups = {group: found[group] for group in GROUPS if group in found}
        out["sizes"][str(size)] = {"answers": len(responses.bank.responses), **groups}
    return out


def speaker(responses: Any) -> Any:
    """The bank's words, else those of the frames, else nothing."""
    from trm_agent.evaluation.responses import Spoken, own_words

    def say(sample: Any, decision: Any) -> Spoken:
        return own_words(responses, sample, decision) or Spoken("", "nobody")

    return say


def table(figures: dict[str, Any]) -> str:
    """A markdown table, a row a size, each figure for all / seen / unseen."""
    head = ["conversations", "answers kept", *(name.replace("_", " ") for name in SHOWN), "from the bank"]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for size, found in figures["sizes"].items():
        groups = [found[group] for group in GROUPS if group in found]
        cells = [" / ".join(_shown(group[name]) for group in groups) for name in SHOWN]
        share = found["all"]["sources"].get("bank", 0) / found["all"]["n"]
        rows.append(f"| {size} | {found['answers']} | {' | '.join(cells)} | {share:.2f} |")
    return "\n".join(rows) + "\n"


def _shown(value: float | None) -> str:
    if value is None or isinstance(value, int):
        return "–" if value is None else str(value)
    return f"{value:.3f}" if value < 2 else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main())
