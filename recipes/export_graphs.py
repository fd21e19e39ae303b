"""Make the ONNX graphs that serve a checkpoint without torch: of its network and, where it is another, its encoder.

uv run python recipes/export_graphs.py
uv run python recipes/export_graphs.py --checkpoint runs/mine
uv run python recipes/export_graphs.py --encoder BAAI/bge-small-en-v1.5

The network's graphs are put beside model.safetensors, with its digest. For sizes that are known (the shipped ones) they
are checked against the network and copied; others take a minute or two. The encoder goes into the cache (`TRM_CACHE`,
else trm-agent in the user's cache directory), once for all checkpoints. Needs the `train` extra: torch and onnx.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from trm_agent.errors import TRMError, requires_extra
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--encoder", help="make this encoder ready too: a sentence-transformers model by name or path")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        export(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def export(args: argparse.Namespace) -> None:
    with requires_extra("train", "the export"):
        import torch

    from trm_agent.checkpoint import export_graphs, shipped_weights
    from trm_agent.encoder.sentence import find_encoder

    torch.set_num_threads(args.threads)
    folder = args.checkpoint or shipped_weights()
    checkpoint = export_graphs(folder)
    logger.info("wrote the network's graphs to %s", folder)
    logger.info("its encoder is ready in %s", encoder_ready(checkpoint.encoder_name, checkpoint.encoder_fingerprint))
    if args.encoder:
        logger.info("%s is ready in %s", args.encoder, encoder_ready(args.encoder, find_encoder(args.encoder)[1]))


def encoder_ready(name: str, fingerprint: str) -> Path:
    """The folder of an encoder for onnxruntime, made if there is none yet."""
    from trm_agent.encoder.export import export_encoder
    from trm_agent.encoder.sentence import DEFAULT_SHA256, find_encoder
    from trm_agent.encoder.stored import assemble_default, find_graph

    if held := find_graph(fingerprint):
        return held
    path, found = find_encoder(name)
    return assemble_default(Path(path)) if found == DEFAULT_SHA256 else export_encoder(name, path, found)


if __name__ == "__main__":
    sys.exit(main())
