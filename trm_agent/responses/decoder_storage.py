"""A decoder on disk, beside a router's weights and the bank; a checkpoint without one still loads.

decoder.safetensors   the EMA weights, float16
decoder.json          sizes, words, the sha256 of the router's weights that it was learned on
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from trm_agent.errors import CheckpointError
from trm_agent.log import logger
from trm_agent.responses.decoder import Decoder, DecoderConfig
from trm_agent.responses.lexicon import Lexicon
from trm_agent.responses.writing import Writer

WEIGHTS, ABOUT = "decoder.safetensors", "decoder.json"


def save_writer(writer: Writer | None, folder: Path, weights: str) -> None:
    """Write both files, or take away those of another decoder where there is none.

    Args:
        writer: Decoder and words.
        folder: The checkpoint folder.
        weights: sha256 of the router's weights that it was learned on.
    """
    if writer is None:
        for name in (WEIGHTS, ABOUT):
            (folder / name).unlink(missing_ok=True)
        return
    about = {"decoder": writer.decoder.config.to_json(), "weights": weights, "words": writer.lexicon.words}
    tensors = {name: value.detach().half().contiguous() for name, value in writer.decoder.state_dict().items()}
    partial = {name: folder / f"{name}.partial" for name in (WEIGHTS, ABOUT)}
    save_file(tensors, partial[WEIGHTS])
    partial[ABOUT].write_text(json.dumps(about, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, path in partial.items():
        path.replace(folder / name)


def load_writer(folder: Path, weights: str) -> Writer | None:
    """Read both files.

    Args:
        folder: The checkpoint folder.
        weights: sha256 of the router's weights.

    Returns:
        None where there are none, or where they were learned on other weights.

    Raises:
        CheckpointError: A file is missing or damaged.
    """
    path = folder / ABOUT
    if not path.is_file() and not (folder / WEIGHTS).is_file():
        return None
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["weights"] != weights:
            logger.warning("%s was learned on other weights and is not used; learn the decoder again", path)
            return None
        decoder = Decoder(DecoderConfig(**about["decoder"]))
        decoder.load_state_dict({name: value.float() for name, value in load_file(folder / WEIGHTS).items()})
        lexicon = Lexicon(tuple(about["words"]))
        if len(lexicon) != decoder.config.words:
            raise ValueError(f"expected {decoder.config.words} words, got {len(lexicon)}")
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: damaged: {error}; learn the decoder again") from error
    torch.nn.Module.requires_grad_(decoder.eval(), False)
    return Writer(decoder, lexicon)
