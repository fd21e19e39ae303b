"""A sentence-transformers model → an ONNX graph with its tokenizer, for `encoder.graph`. Needs torch, once.

Exported are transformers that read texts laid end to end as they read them alone, with mean or first-token pooling:
BERT and its kin. The default encoder needs no export, see `encoder.stored`. T tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trm_agent.encoder.graph import GRAPH, TOKENIZER, WEIGHTS, GraphEncoder, describe_encoder
from trm_agent.encoder.sentence import SentenceEncoder
from trm_agent.encoder.sixteen_bits import packed, read_packed
from trm_agent.encoder.stored import graph_folder, put_in_place
from trm_agent.encoder.tracing import write_graph
from trm_agent.errors import EncoderError

CHECKED = ("Hi!", "I need a bus from Fresno to Anaheim on March 3rd, two seats.", "Tôi cần một chiếc xe buýt", "")
"""Texts on which an export is compared with what it was made from."""


def export_encoder(name: str, path: str, fingerprint: str, folder: Path | None = None) -> Path:
    """Export an encoder into a folder; this takes about a minute.

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
    from safetensors.numpy import save_file

    encoder = SentenceEncoder(name, path, fingerprint, packs=False)
    pooling, normalises = _pooling(encoder)

    def write(made: Path) -> None:
        names = trace_encoder(encoder, made / GRAPH)
        parameters = dict(encoder._transformer.auto_model.named_parameters())
        wanted = {name: value.detach().float().numpy() for name, value in parameters.items() if name in names}
        save_file(packed(wanted), made / WEIGHTS)
        encoder._tokenizer.backend_tokenizer.save(str(made / TOKENIZER))
        about = {
            "name": name,
            "fingerprint": fingerprint,
            "width": encoder.width,
            "max_tokens": encoder._max_tokens,
            "pooling": pooling,
            "normalises": normalises,
        }
        describe_encoder(made, about, names)
        _compare(encoder, GraphEncoder(made))

    return put_in_place(folder or graph_folder(fingerprint), write)


class _Transformer(nn.Module):
    """Texts laid end to end → token vectors."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, positions: Tensor, sees: Tensor) -> Tensor:
        """[1, T], [1, T], [T, T] → [1, T, E]."""
        return self.model(input_ids=ids, position_ids=positions, attention_mask=sees[None, None])[0]


def trace_encoder(encoder: SentenceEncoder, path: Path) -> list[str]:
    """Write the graph of an encoder's transformer, and return the names of the weights that it asks for.

    Raises:
        EncoderError: torch made no graph of it.
    """
    T = torch.export.Dim("T", min=2, max=1 << 16)
    example = {
        "ids": torch.arange(1000, 1017)[None],
        "positions": torch.arange(17)[None],
        "sees": torch.ones(17, 17, dtype=torch.bool),
    }
    sizes = {"ids": {1: T}, "positions": {1: T}, "sees": {0: T, 1: T}}
    module = _Transformer(encoder._transformer.auto_model).eval()
    try:
        return write_graph(module, example, sizes, list(example), ["hidden"], path, "model.", read_packed)
    except RuntimeError as error:
        raise EncoderError(f"encoder {encoder.name!r} cannot be exported: {error}; serve it with torch") from error


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
