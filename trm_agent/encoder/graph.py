"""The frozen encoder without torch: an ONNX graph, run by onnxruntime, with the tokenizer that belongs to it.

    encoder.onnx          token ids, positions and who sees whom → token vectors; without its weights
    encoder.safetensors   the weights, see `sixteen_bits`
    tokenizer.json        of the `tokenizers` library
    encoder.json          pooling, window, fingerprint of the original weights, sha256 of the three files above

`stored.find_graph` says where such a folder lies. Texts are encoded end to end in small groups, each seeing only
itself. T tokens of a group · W tokens of a text · E encoder width.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from trm_agent.data.digest import file_sha256
from trm_agent.encoder.sentence import JOINED_TOKENS, EncodedText, groups_of
from trm_agent.encoder.sessions import give_back_memory, open_session, runtime_values
from trm_agent.errors import EncoderError

FORMAT = 2
GRAPH, WEIGHTS, TOKENIZER, ABOUT = "encoder.onnx", "encoder.safetensors", "tokenizer.json", "encoder.json"
FILES = (GRAPH, WEIGHTS, TOKENIZER)


class GraphEncoder:
    """A frozen encoder in onnxruntime; safe to use from several threads.

    Attributes:
        name: How it was asked for when it was exported.
        fingerprint: Of the weights that it was exported from.
        width: E.

    Args:
        folder: See `stored.find_graph`.
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
        weights = runtime_values(load_file(folder / WEIGHTS))
        self._session = open_session(folder / GRAPH, threads, names=about["weights"], weights=weights)
        del weights
        give_back_memory()

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


def describe_encoder(folder: Path, about: Mapping[str, Any], weights: Sequence[str]) -> None:
    """Write `encoder.json` beside the other files.

    Args:
        folder: Where they are.
        about: name, fingerprint, width, max_tokens, pooling, normalises.
        weights: Names of the weights that the graph asks for.
    """
    digests = {file: file_sha256(folder / file) for file in FILES}
    data = {"format": FORMAT, **about, "weights": list(weights), "sha256": digests}
    (folder / ABOUT).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _read_about(folder: Path) -> dict[str, Any]:
    again = "make it again (recipes/export_graphs.py)"
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise EncoderError(f"{folder / ABOUT}: expected format {FORMAT}, got {about['format']!r}; {again}")
        for name, expected in about["sha256"].items():
            if (found := file_sha256(folder / name)) != expected:
                raise EncoderError(f"{folder / name}: altered: expected sha256 {expected}, got {found}; {again}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder}: no exported encoder: {error}; {again}") from error
    return dict(about)


def _tokenizer(path: Path, most: int | None) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if most is not None:
        tokenizer.enable_truncation(most)
    return tokenizer
