"""Make a checkpoint serve without torch: its network and its encoder as ONNX graphs.

uv run python recipes/export_graphs.py
uv run python recipes/export_graphs.py --checkpoint runs/mine

The network's graphs are put beside model.safetensors, with its digest; the encoder's into the cache (`TRM_CACHE`, else
trm-agent in the user's cache directory), once for all checkpoints. Needs the `train` extra: torch and onnx.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
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
    import torch

    from trm_agent.checkpoint import export_graphs
    from trm_agent.encoder.export import export_encoder
    from trm_agent.encoder.graph import graph_folder, is_exported
    from trm_agent.encoder.sentence import find_encoder
    from trm_agent.router import shipped_weights

    torch.set_num_threads(args.threads)
    folder = args.checkpoint or shipped_weights()
    checkpoint = export_graphs(folder)
    logger.info("wrote the network's graphs to %s", folder)
    if not is_exported(checkpoint.encoder_fingerprint):
        path, fingerprint = find_encoder(checkpoint.encoder_name)
        export_encoder(checkpoint.encoder_name, path, fingerprint)
    logger.info("the encoder's graph is in %s", graph_folder(checkpoint.encoder_fingerprint))


if __name__ == "__main__":
    sys.exit(main())
