"""The words of tools: which tools a text names, and which it shares rare words with.

Vectors of whole texts blur names and rare words, which tell thousands of tools apart. K tools.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from trm_agent.types import ToolSchema, identifier_words

SATURATION = 1.2
"""How soon a word that comes again in a tool's text counts no more (k1 of BM25)."""
LENGTH = 0.75
"""How much less a word of a long text counts (b of BM25)."""

_TERM = re.compile(r"[^\W_]+")


class ToolWords:
    """An index of the words of a tool list.

    Args:
        tools: Their names are looked for.
        texts: Of each tool; their words are compared.
    """

    def __init__(self, tools: Sequence[ToolSchema], texts: Sequence[str]) -> None:
        self._count = len(tools)
        self._names = _names(tools)
        self._weights = _weights(texts)

    def named(self, text: str) -> list[int]:
        """Tools whose name stands in a text, whatever way it is written."""
        terms = tuple(_TERM.findall(text.casefold()))
        return [
            k
            for i, term in enumerate(terms)
            for name, k in self._names.get(term, ())
            if terms[i : i + len(name)] == name
        ]

    def shared(self, text: str) -> np.ndarray:
        """How much each tool's text shares with a text (BM25; Robertson & Zaragoza 2009), [K]."""
        out = np.zeros(self._count, np.float32)
        for word in dict.fromkeys(_words(text)):
            if word in self._weights:
                rows, weights = self._weights[word]
                out[rows] += weights
        return out


def _names(tools: Sequence[ToolSchema]) -> dict[str, list[tuple[tuple[str, ...], int]]]:
    """First word of a name → the ways it is written, with its tool."""
    out: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for k, tool in enumerate(tools):
        words = tuple(_TERM.findall(identifier_words(tool.name)))
        for name in {words, tuple(_TERM.findall(tool.name.casefold())), ("".join(words),)}:
            if any(name):
                out.setdefault(name[0], []).append((name, k))
    return out


def _weights(texts: Sequence[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Word → the tools that have it, and what it counts for each."""
    counts = [Counter(_words(text)) for text in texts]
    mean = sum(count.total() for count in counts) / max(1, len(counts)) or 1.0
    held: dict[str, list[tuple[int, float]]] = {}
    for k, count in enumerate(counts):
        damping = SATURATION * (1 - LENGTH + LENGTH * count.total() / mean)
        for word, n in count.items():
            held.setdefault(word, []).append((k, n * (1 + SATURATION) / (n + damping)))
    out = {}
    for word, found in held.items():
        rarity = math.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5))
        weights = np.array([rarity * weight for _, weight in found], np.float32)
        out[word] = np.array([k for k, _ in found]), weights
    return out


def _words(text: str) -> list[str]:
    """The words of a text; a plural is taken for its singular, however roughly."""
    words = _TERM.findall(text.casefold())
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words]
