"""Where encoders for onnxruntime lie, and how the default one gets there without torch.

    trm_agent/encoder/minilm/      in an installed package, all files; in the repository the graph alone
    TRM_CACHE/encoders-2/…         by the fingerprint of the weights: assembled or exported on first use

The default encoder's graph is part of the source, because it holds no weights. What is missing beside it, weights and
tokenizer, comes from any copy of the model: the hub's cache, the package of the extra `offline`, or the hub. The name
of a folder in the cache ends in the number of its format, so that versions which write other formats share a cache.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from trm_agent.encoder.graph import ABOUT, FILES, FORMAT, GRAPH, TOKENIZER, WEIGHTS, describe_encoder
from trm_agent.encoder.sentence import DEFAULT_ENCODER, DEFAULT_SHA256
from trm_agent.encoder.sixteen_bits import packed
from trm_agent.errors import EncoderError
from trm_agent.log import logger

PACKAGED = Path(__file__).parent / "minilm"
CACHE_VARIABLE = "TRM_CACHE"
_ABOUT_DEFAULT = {
    "name": DEFAULT_ENCODER,
    "fingerprint": DEFAULT_SHA256,
    "width": 384,
    "max_tokens": 256,
    "pooling": "mean",
    "normalises": True,
}


def cache_folder() -> Path:
    """Where graphs are kept: `TRM_CACHE`, else `trm-agent` in the user's cache directory."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trm-agent"


def graph_folder(fingerprint: str) -> Path:
    """Where the cache holds an encoder, or would."""
    return cache_folder() / f"encoders-{FORMAT}" / fingerprint[:32]


def find_graph(fingerprint: str) -> Path | None:
    """The folder of an encoder that is ready for onnxruntime; None where there is none."""
    if fingerprint == DEFAULT_SHA256 and (PACKAGED / ABOUT).is_file():
        return PACKAGED
    folder = graph_folder(fingerprint)
    return folder if (folder / ABOUT).is_file() else None


def assemble_default(source: Path, folder: Path | None = None) -> Path:
    """Make the folder of the default encoder from a copy of the model; torch is not needed.

    Args:
        source: Folder with `model.safetensors` and `tokenizer.json`, whose fingerprint is the default encoder's.
        folder: Where to; default: the cache.

    Returns:
        The folder.

    Raises:
        EncoderError: A file is missing, or the folder cannot be written.
    """
    from safetensors.numpy import load_file, save_file

    def write(made: Path) -> None:
        names = json.loads((PACKAGED / "names.json").read_text(encoding="utf-8"))
        weights = load_file(source / "model.safetensors")
        wanted = {name: value for name, value in weights.items() if name in names}
        save_file(packed(wanted), made / WEIGHTS)
        shutil.copy(PACKAGED / GRAPH, made / GRAPH)
        shutil.copy(source / TOKENIZER, made / TOKENIZER)
        describe_encoder(made, _ABOUT_DEFAULT, names)

    try:
        return put_in_place(folder or graph_folder(DEFAULT_SHA256), write)
    except (OSError, KeyError) as error:
        raise EncoderError(
            f"the default encoder could not be made ready from {source}: {error}; name a folder that can be written "
            f"to with {CACHE_VARIABLE}"
        ) from error


def put_in_place(folder: Path, write: Callable[[Path], None]) -> Path:
    """Write an encoder's folder beside where it belongs and move it there, the description last."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    logger.info("making an encoder ready in %s, once", folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        write(Path(draft))
        folder.mkdir(exist_ok=True)
        for file in (*FILES, ABOUT):
            (Path(draft) / file).replace(folder / file)
    return folder
