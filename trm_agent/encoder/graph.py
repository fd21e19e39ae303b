"""The frozen encoder without torch: an ONNX graph, run by onnxruntime, with the tokenizer that belongs to it.

    encoder.onnx     token ids, positions and who sees whom → token vectors
    tokenizer.json   of the `tokenizers` library
    encoder.json     pooling, window, fingerprint of the weights, sha256 of the two files above

`encoder.export` writes such a folder; it lies in a cache, by the fingerprint of the weights. Texts are encoded end to
end in small groups, each seeing only itself. T tokens of a group · W tokens of a text · E encoder width.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trm_agent.data.digest import file_sha256
from trm_agent.encoder.sentence import JOINED_TOKENS, EncodedText, groups_of
from trm_agent.encoder.sessions import open_session
from trm_agent.errors import EncoderError

FORMAT = 1
GRAPH, TOKENIZER, ABOUT = "encoder.onnx", "tokenizer.json", "encoder.json"
CACHE_VARIABLE = "TRM_CACHE"


def cache_folder() -> Path:
    """Where exported encoders lie: `TRM_CACHE`, else `trm-agent` in the user's cache directory."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trm-agent"


def graph_folder(fingerprint: str) -> Path:
    """Where the export of an encoder lies, or would."""
    return cache_folder() / "encoders" / fingerprint[:32]


def is_exported(fingerprint: str) -> bool:
    """Whether the cache holds the export of an encoder."""
    return (graph_folder(fingerprint) / ABOUT).is_file()


class GraphEncoder:
    """A frozen encoder in onnxruntime; safe to use from several threads.

    Attributes:
        name: How it was asked for when it was exported.
        fingerprint: Of the weights that it was exported from.
        width: E.

    Args:
        folder: That `encoder.export.export_encoder` wrote.
        threads: CPU threads; default: see `encoder.threads`.

    Raises:
        EncoderError: The folder is incomplete, altered, or of another format.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        about = _read_about(folder)
        self.name, self.fingerprint = str(about["name"]), str(about["fingerprint"])
        self.width, self._pooling, self._normalises = int(about["width"]), about["pooling"], bool(about["normalises"])
        self._tokenizer = _tokenizer(folder / TOKENIZER, int(about["max_tokens"]))
        self._untruncated = _tokenizer(folder / TOKENIZER, None)
        self._session = open_session(folder / GRAPH, threads)

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Encode texts, in order; a text longer than the encoder's window is cut there."""
        read = [self._tokenizer.encode(text) for text in texts]
        out: list[EncodedText | None] = [None] * len(texts)
        for chosen in groups_of([len(part.ids) for part in read], JOINED_TOKENS):
            for i, encoded in zip(chosen, self._encode([read[i] for i in chosen]), strict=True):
                out[i] = encoded
        return [encoded for encoded in out if encoded is not None]

    def token_ids(self, text: str) -> list[int]:
        return list(self._untruncated.encode(text, add_special_tokens=False).ids)

    def _encode(self, read: Sequence[Any]) -> list[EncodedText]:
        lengths = [len(part.ids) for part in read]
        owner = np.repeat(np.arange(len(read)), lengths)
        feed = {
            "ids": np.concatenate([np.array(part.ids, np.int64) for part in read])[None],
            "positions": np.concatenate([np.arange(length) for length in lengths])[None],
            "sees": owner[:, None] == owner,
        }
        hidden = self._session.run(["hidden"], feed)[0][0]
        ends = np.cumsum(lengths)
        return [
            self._text(part, hidden[end - length : end]) for part, length, end in zip(read, lengths, ends, strict=True)
        ]

    def _text(self, read: Any, hidden: np.ndarray) -> EncodedText:
        keep = ~np.array(read.special_tokens_mask, bool)
        sentence = hidden[0] if self._pooling == "cls" else hidden.mean(0)
        if self._normalises:
            sentence = sentence / max(float(np.linalg.norm(sentence)), 1e-12)
        spans = np.array(read.offsets, np.int32).reshape(-1, 2)
        return EncodedText(sentence.astype(np.float32), hidden[keep].astype(np.float16), spans[keep])


def _read_about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise EncoderError(f"{folder / ABOUT}: expected format {FORMAT}, got {about['format']!r}")
        for name, expected in about["sha256"].items():
            if (found := file_sha256(folder / name)) != expected:
                raise EncoderError(f"{folder / name}: altered: expected sha256 {expected}, got {found}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(
            f"{folder}: no exported encoder: {error}; export it again (recipes/export_graphs.py)"
        ) from error
    return dict(about)


def _tokenizer(path: Path, most: int | None) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if most is not None:
        tokenizer.enable_truncation(most)
    return tokenizer
