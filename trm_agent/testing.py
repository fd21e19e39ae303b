"""Public doubles: an encoder without weights and a tiny router, for the tests of this project and of its users."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from trm_agent.checkpoint import Checkpoint
from trm_agent.encoder.sentence import EncodedText, Encoder
from trm_agent.errors import requires_extra
from trm_agent.model.config import ModelConfig
from trm_agent.router import Router
from trm_agent.text.language import HAN
from trm_agent.types import SlotField

if TYPE_CHECKING:
    from trm_agent.model.network import RouterModel

_TOKEN = re.compile(rf"[{HAN}]|[^\W{HAN}]+|[^\w\s]")
"""A word, or one character of a script without spaces, as the real encoder has it."""


class HashingEncoder:
    """A deterministic stand-in for the sentence encoder: each word is a fixed random direction.

    A token's vector holds its word and, faintly, its neighbours; a sentence's vector is the mean of its tokens. Texts
    that share words are near each other, which is all that tests need.

    Args:
        width: E.
    """

    def __init__(self, width: int = 32) -> None:
        self.width = width
        self.name = f"hashing-{width}"
        self.fingerprint = hashlib.sha256(self.name.encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        return [self._encode(text) for text in texts]

    def token_ids(self, text: str) -> list[int]:
        return [int(hashlib.sha256(word.casefold().encode()).hexdigest()[:6], 16) for word in _TOKEN.findall(text)]

    def _encode(self, text: str) -> EncodedText:
        found = list(_TOKEN.finditer(text))[:256]
        words = np.stack([self._direction(m.group().casefold()) for m in found]) if found else np.zeros((0, self.width))
        around = words.copy()
        around[1:] += 0.3 * words[:-1]
        around[:-1] += 0.2 * words[1:]
        sentence = words.mean(0) if found else np.zeros(self.width)
        sentence = sentence / max(float(np.linalg.norm(sentence)), 1e-6)
        spans = np.array([m.span() for m in found], np.int32).reshape(-1, 2)
        return EncodedText(sentence.astype(np.float32), around.astype(np.float16), spans)

    def _direction(self, word: str) -> np.ndarray:
        seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
        direction: np.ndarray = np.random.default_rng(seed).standard_normal(self.width) / self.width**0.5
        return direction


def tiny_model(encoder_width: int = 32, *, seed: int = 0, plain: bool = False, carry: bool = False) -> RouterModel:
    """An untrained network of some ten thousand parameters, without dropout; needs torch.

    Raises:
        MissingExtraError: torch is not installed.
    """
    with requires_extra("train", "a tiny network for tests"):
        import torch

        from trm_agent.model.network import RouterModel

    config = ModelConfig(
        encoder_width=encoder_width,
        width=16,
        heads=2,
        reader_layers=1,
        reads=1,
        span_tokens=6,
        dropout=0.0,
        plain=plain,
        carry=carry,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RouterModel(config)


def tiny_router(
    seed: int = 0, *, encoder: Encoder | None = None, slot_fields: Sequence[SlotField] = (), carry: bool = False
) -> Router:
    """A router with random weights: fast, legal in everything it says, and right about nothing; needs torch.

    Raises:
        MissingExtraError: torch is not installed.
    """
    encoder = encoder or HashingEncoder()
    model = tiny_model(encoder.width, seed=seed, carry=carry)
    return Router(Checkpoint(model, encoder.name, encoder.fingerprint, tuple(slot_fields)), encoder)
