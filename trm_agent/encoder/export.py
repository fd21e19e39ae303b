"""A sentence-transformers model → an ONNX graph with its tokenizer, for `encoder.graph`. Needs torch, once.

Exported are transformers that read texts laid end to end as they read them alone, with mean or first-token pooling:
BERT and its kin, so the default encoder. T tokens.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trm_agent.data.digest import file_sha256
from trm_agent.encoder.graph import ABOUT, FORMAT, GRAPH, TOKENIZER, GraphEncoder, graph_folder
from trm_agent.encoder.sentence import SentenceEncoder
from trm_agent.errors import EncoderError
from trm_agent.log import logger

OPSET = 20
CHECKED = ("Hi!", "I need a bus from Fresno to Anaheim on March 3rd, two seats.", "Tôi cần một chiếc xe buýt", "")
"""Texts on which an export is compared with what it was made from."""


def export_encoder(name: str, path: str, fingerprint: str, folder: Path | None = None) -> Path:
    """Export an encoder into a folder.

    Args:
        name: How it is asked for.
        path: Folder of the sentence-transformers model.
        fingerprint: sha256 of its weights.
        folder: Where to; default: the cache.

    Returns:
        The folder.

    Raises:
        EncoderError: It is of a kind that cannot be exported.
    """
    folder = folder or graph_folder(fingerprint)
    encoder = SentenceEncoder(name, path, fingerprint, packs=False)
    pooling, normalises = _pooling(encoder)
    logger.info("exporting encoder %s to %s; this takes about a minute, once", name, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        made = Path(draft) / "encoder"
        made.mkdir()
        _export(encoder, made / GRAPH)
        encoder._tokenizer.backend_tokenizer.save(str(made / TOKENIZER))
        about = {
            "format": FORMAT,
            "name": name,
            "fingerprint": fingerprint,
            "width": encoder.width,
            "max_tokens": encoder._max_tokens,
            "pooling": pooling,
            "normalises": normalises,
            "sha256": {file: file_sha256(made / file) for file in (GRAPH, TOKENIZER)},
        }
        (made / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        _compare(encoder, GraphEncoder(made))
        folder.mkdir(exist_ok=True)
        for file in (GRAPH, TOKENIZER, ABOUT):
            (made / file).replace(folder / file)
    return folder


class _Transformer(nn.Module):
    """Texts laid end to end → token vectors."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, positions: Tensor, sees: Tensor) -> Tensor:
        """[1, T], [1, T], [T, T] → [1, T, E]."""
        return self.model(input_ids=ids, position_ids=positions, attention_mask=sees[None, None])[0]


def _export(encoder: SentenceEncoder, path: Path) -> None:
    T = torch.export.Dim("T", min=2, max=1 << 16)
    example = (torch.arange(1000, 1017)[None], torch.arange(17)[None], torch.ones(17, 17, dtype=torch.bool))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Transformer(encoder._transformer.auto_model),
            example,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=({1: T}, {1: T}, {0: T, 1: T}),
            input_names=["ids", "positions", "sees"],
            output_names=["hidden"],
            verbose=False,
        )
        if program is None:
            raise EncoderError(f"encoder {encoder.name!r}: torch made no graph of it")
        program.save(str(path))


def _pooling(encoder: SentenceEncoder) -> tuple[str, bool]:
    """How token vectors become a sentence vector: mean or cls, and whether it is brought to unit length."""
    kinds = [type(module).__name__ for module in encoder._pooling]
    mode: Any = _mode(encoder._pooling[0]) if kinds[:1] == ["Pooling"] else None
    if not encoder._joins or mode not in ("mean", "cls") or kinds[1:] not in ([], ["Normalize"]):
        raise EncoderError(
            f"encoder {encoder.name!r} cannot be exported: expected a transformer that reads texts laid end to end, "
            f"mean or cls pooling and at most a normalisation, got {', '.join(kinds)} with {mode!r}; "
            "serve it with torch"
        )
    return mode, kinds[1:] == ["Normalize"]


def _mode(pooling: Any) -> str | None:
    """Its one pooling mode; None where it has several."""
    mode = pooling.get_config_dict().get("pooling_mode")
    if isinstance(mode, str):
        return mode
    modes = [
        name
        for name, chosen in pooling.get_config_dict().items()
        if name.startswith("pooling_mode_") and chosen is True
    ]
    return (
        {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}.get(modes[0]) if len(modes) == 1 else None
    )


def _compare(encoder: SentenceEncoder, exported: GraphEncoder) -> None:
    for text, one, other in zip(CHECKED, encoder.encode(CHECKED), exported.encode(CHECKED), strict=True):
        same = np.array_equal(one.spans, other.spans) and np.allclose(one.sentence, other.sentence, atol=1e-4)
        if not same or not np.allclose(one.tokens, other.tokens, atol=5e-3):
            raise EncoderError(
                f"encoder {encoder.name!r}: its export says something else of {text!r}; serve it with torch"
            )
