"""Vectors of tools, slots and choices, and the token vectors of their names: encoded once, kept, saved, loaded.

A catalogue of thousands of tools takes minutes to encode and a moment to look up. Texts are known by their digest, so
a file holds no tool's text, and a tool whose wording changed is simply not in it.
N texts · T tokens of all of them · E encoder width.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from trm_agent.encoder.sentence import EncodedText, Encoder, text_bytes
from trm_agent.errors import EncoderError
from trm_agent.features.likeness import LABEL_TOKENS
from trm_agent.features.tool_folder import LEAST_TEXTS, ToolFolder

FORMAT = "trm-tool-vectors-2"
DIGEST_BYTES = 16

CAPACITY = 512 << 20
"""Bytes kept; a tool with five parameters takes some 45 kB."""

_CHUNK = 2048


class ToolVectors:
    """Remembers the vectors of every text of a tool list: of the sentence, and of its first tokens.

    Args:
        encoder: Whose vectors.
        capacity: Bytes kept, least recently used first out.
        folder: Where whole lists are kept between processes; default: nowhere.
    """

    def __init__(self, encoder: Encoder, capacity: int = CAPACITY, folder: ToolFolder | None = None) -> None:
        self.encoder = encoder
        self.capacity = capacity
        self.folder = folder
        self.misses = 0
        self._lock = Lock()
        self._held = 0
        self._known: OrderedDict[bytes, EncodedText] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def width(self) -> int:
        return self.encoder.width

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Look texts up; those not known yet are encoded. Only their first `LABEL_TOKENS` tokens are kept."""
        keys = [_digest(text) for text in texts]
        wanted = dict(zip(keys, texts, strict=True))
        found = self._find(wanted)
        path = self.folder.path(wanted) if self.folder and len(wanted) - len(found) >= LEAST_TEXTS else None
        if self.folder and path:
            self.folder.load(path, lambda file: self._take(file, wanted, found))
        fresh = [key for key in wanted if key not in found]
        for start in range(0, len(fresh), _CHUNK):
            chosen = fresh[start : start + _CHUNK]
            encoded = self.encoder.encode([wanted[key] for key in chosen])
            found.update((key, _short(part)) for key, part in zip(chosen, encoded, strict=True))
        if fresh:
            self._keep({key: found[key] for key in fresh})
            self.misses += len(fresh)
            if self.folder and path:
                self.folder.save(path, lambda file: self._write(file, {key: found[key] for key in wanted}))
        return [found[key] for key in keys]

    def _find(self, wanted: Iterable[bytes]) -> dict[bytes, EncodedText]:
        with self._lock:
            found = {key: self._known[key] for key in wanted if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        return found

    def _take(self, path: Path, wanted: Iterable[bytes], found: dict[bytes, EncodedText]) -> int:
        """Add what a file holds of what is wanted; all of it is kept, as `load` does."""
        held = self._read(path)
        self._keep(held)
        found.update((key, held[key]) for key in wanted if key in held)
        return len(held)

    def save(self, path: Path) -> None:
        """Write all vectors known.

        Raises:
            EncoderError: The file cannot be written.
        """
        with self._lock:
            known = dict(self._known)
        self._write(path, known)

    def _write(self, path: Path, known: Mapping[bytes, EncodedText]) -> None:
        digests = np.frombuffer(b"".join(known), np.uint8).reshape(-1, DIGEST_BYTES)
        none = EncodedText(np.zeros(self.width), np.zeros((0, self.width), np.float16), np.zeros((0, 2), np.int32))
        parts = list(known.values())
        vectors = np.stack([part.sentence for part in parts]) if parts else np.zeros((0, self.width))
        tokens = np.concatenate([part.tokens for part in (none, *parts)])
        spans = np.concatenate([part.spans for part in (none, *parts)])
        counts = np.array([len(part.tokens) for part in parts], np.int32)
        about = {"format": FORMAT, "encoder": self.encoder.name, "fingerprint": self.encoder.fingerprint}
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held = {"digests": digests, "vectors": vectors.astype(np.float32), "counts": counts}
            save_file(held | {"tokens": tokens, "spans": spans.astype(np.int32)}, partial, about)
            partial.replace(path)
        except (OSError, SafetensorError) as error:
            raise EncoderError(f"{path}: tool vectors cannot be written: {error}") from error

    def load(self, path: Path) -> int:
        """Add the vectors that `save` wrote; returns how many.

        Raises:
            EncoderError: The file cannot be read, or holds the vectors of another encoder.
        """
        held = self._read(path)
        self._keep(held)
        return len(held)

    def _read(self, path: Path) -> dict[bytes, EncodedText]:
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                if about.get("format") != FORMAT:
                    raise EncoderError(f"{path}: expected format {FORMAT}, got {about.get('format')!r}")
                self._check_encoder(path, about)
                digests, vectors = file.get_tensor("digests"), file.get_tensor("vectors")
                counts, tokens, spans = (file.get_tensor(name) for name in ("counts", "tokens", "spans"))
        except (OSError, SafetensorError) as error:
            raise EncoderError(f"{path}: tool vectors cannot be read: {error}") from error
        expected = ((len(digests), DIGEST_BYTES), (len(digests), self.width))
        if (digests.shape, vectors.shape) != expected or digests.dtype != np.uint8 or not np.isfinite(vectors).all():
            raise EncoderError(
                f"{path}: expected digests {list(expected[0])} and finite vectors {list(expected[1])}, "
                f"got {list(digests.shape)} and {list(vectors.shape)}"
            )
        if len(counts) != len(digests) or int(counts.sum()) != len(tokens) or len(tokens) != len(spans):
            raise EncoderError(
                f"{path}: expected {len(digests)} texts' tokens, got counts for {len(counts)} "
                f"with {int(counts.sum())} tokens, and {len(tokens)} tokens"
            )
        vectors = vectors.astype(np.float32, copy=False)
        ends = np.cumsum(counts)
        texts = (
            EncodedText(vector.copy(), tokens[end - count : end].copy(), spans[end - count : end].copy())
            for vector, count, end in zip(vectors, counts, ends, strict=True)
        )
        return {row.tobytes(): text for row, text in zip(digests, texts, strict=True)}

    def _check_encoder(self, path: Path, about: dict[str, str]) -> None:
        if about.get("fingerprint") != self.encoder.fingerprint:
            raise EncoderError(
                f"{path}: holds vectors of encoder {about.get('encoder')!r} ({about.get('fingerprint', '')[:12]}…), "
                f"not of {self.encoder.name!r} ({self.encoder.fingerprint[:12]}…); bind the tools and save them again"
            )

    def _keep(self, vectors: dict[bytes, EncodedText]) -> None:
        with self._lock:
            for key, text in vectors.items():
                if key in self._known:
                    self._held -= text_bytes(self._known.pop(key))
                self._known[key] = text
                self._held += text_bytes(text)
            while self._held > self.capacity:
                self._held -= text_bytes(self._known.popitem(last=False)[1])


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def _short(encoded: EncodedText) -> EncodedText:
    """The same with its first tokens only, in memory of their own."""
    tokens, spans = encoded.tokens[:LABEL_TOKENS], encoded.spans[:LABEL_TOKENS]
    return EncodedText(encoded.sentence, tokens.copy(), spans.copy())
