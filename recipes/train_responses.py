"""Learn words for direct answers for a router that is trained already.

uv run python recipes/train_responses.py --data samples.jsonl --checkpoint runs/mine
uv run python recipes/train_responses.py --data samples.jsonl --checkpoint shipped --output runs/with_words

The router stays as it is, to the bit; beside its weights come `responses.jsonl` (the answers, to be read and edited:
recipes/inspect_responses.py), `responses.safetensors`, and the decoder that words answers anew (`--no-decoder`: none).
`train_router --responses` does the same after its last step.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files with the answers to learn")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint folder ('shipped': the package's)")
    parser.add_argument("--output", type=Path, help="folder to write; default: --checkpoint itself")
    parser.add_argument("--dialogues", type=int, default=2000, help="so many of each file, drawn with the seed")
    parser.add_argument("--most", type=int, default=2000, help="answers kept, the most frequent")
    parser.add_argument(
        "--read", type=int, default=12_000, help="answers that heads and decoder learn from; all go into the bank"
    )
    parser.add_argument("--steps", type=int, default=1500, help="updates of the head")
    parser.add_argument(
        "--decoder", action=argparse.BooleanOptionalAction, default=True, help="also learn to word answers anew"
    )
    parser.add_argument("--decoder-epochs", type=float, default=8, help="passes of the decoder over the answers")
    parser.add_argument("--decoder-steps", type=int, help="updates of the decoder, instead of --decoder-epochs")
    parser.add_argument("--decoder-batch", type=int, default=32, help="answers in each of them")
    parser.add_argument("--decoder-lr", type=float, default=2e-3, help="highest learning rate of the decoder")
    parser.add_argument("--language", default="en", help="of number words and dates in the answers (ISO 639-1)")
    parser.add_argument("--cache", type=Path, help="encoded texts of a training run, to read (its --output/encoded)")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.output is None and str(args.checkpoint) == "shipped":
        parser.error("--checkpoint shipped needs --output: the package's folder is not written to")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        learn(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def learn(args: argparse.Namespace) -> None:
    import torch

    from trm_agent.checkpoint import load_checkpoint, shipped_weights
    from trm_agent.encoder.sentence import Encoder, KnownTexts, Vocabulary, load_encoder
    from trm_agent.router import Router
    from trm_agent.training.generator import DecoderTraining
    from trm_agent.training.responses import ResponseConfig, teach

    if args.threads:
        torch.set_num_threads(args.threads)
    started = time.monotonic()
    checkpoint = load_checkpoint(shipped_weights() if str(args.checkpoint) == "shipped" else args.checkpoint)
    loaded = load_encoder(checkpoint.encoder_name)
    encoder: Encoder = KnownTexts(Vocabulary.load(args.cache), lambda: loaded) if args.cache else loaded
    router = Router(checkpoint, encoder)
    decoder = DecoderTraining(
        epochs=args.decoder_epochs,
        steps=args.decoder_steps,
        batch=args.decoder_batch,
        lr=args.decoder_lr,
        seed=args.seed,
    )
    config = ResponseConfig(
        most=args.most,
        read=args.read,
        steps=args.steps,
        seed=args.seed,
        language=args.language,
        decoder=decoder if args.decoder else None,
    )
    output = args.output or args.checkpoint
    teach(router, args.data, encoder, config, dialogues=args.dialogues).save_pretrained(output)
    logger.info("responses → %s in %.0f s", output, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
