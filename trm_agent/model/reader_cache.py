"""What the token reader made of conversations: a turn reads only what is new in it.

A token never looks ahead, so what was read of a conversation's beginning holds whatever continues it. The memory is
asked by content, never by an identifier: it saves work and cannot mix up two conversations.

W tokens · D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trm_agent.features.conversation import Conversation, read_text

if TYPE_CHECKING:
    from torch import Tensor

CAPACITY = 64 << 20
"""Bytes kept; the longest window takes some 2 MB at the default width."""


@dataclass(frozen=True)
class ReadTokens:
    """What was made of a conversation's first W tokens: enough to read on from there.

    Tensors, or arrays where graphs read.

    Attributes:
        hidden: Read token vectors, [B, W, D].
        layers: Keys, turned by their position, and values of each block, [B, heads, W, d] each.
    """

    hidden: Tensor
    layers: tuple[tuple[Tensor, Tensor], ...]

    def first(self, count: int) -> ReadTokens:
        """The first `count` tokens; they are as if nothing had come after them."""
        layers = tuple((key[:, :, :count], value[:, :, :count]) for key, value in self.layers)
        return ReadTokens(self.hidden[:, :count], layers)


class Reader(Protocol):
    """What reads tokens: the network's own reader, or its graph."""

    def read(self, batch: Any, before: Any = None) -> Any:
        """Read all tokens of a batch, or only those after the ones read before."""


@dataclass(frozen=True)
class _Reading:
    """A conversation as it was read.

    Attributes:
        first: The message its first token stands in.
        said: Role and text of every message from the one before `first` on.
        ends: Tokens up to the end of each of them, from `first` on.
        tokens: What was made of them.
    """

    first: int
    said: tuple[tuple[str, str], ...]
    ends: tuple[int, ...]
    tokens: ReadTokens

    @cached_property
    def size(self) -> int:
        parts = [self.tokens.hidden, *(part for layer in self.tokens.layers for part in layer)]
        return sum(part.nbytes for part in parts)


class ReadingMemory:
    """Readings of one reader with fixed weights, least recently used first out; safe to use from several threads.

    Args:
        reader: In evaluation mode.
        capacity: Bytes kept; nothing is where it is 0.
    """

    def __init__(self, reader: Reader, capacity: int = CAPACITY) -> None:
        self.reader = reader
        self.capacity = capacity
        self.tokens_read = 0
        self._lock = Lock()
        self._readings: list[_Reading] = []
        self._held = 0

    def read(self, talk: Conversation, batch: Any) -> Any:
        """What the reader makes of a conversation, [1, W, D].

        Args:
            talk: Of at least one token.
            batch: That conversation alone, whatever is asked of it.
        """
        first, said, ends = _content(talk)
        with self._lock:
            known, shared = self._longest(first, said)
        done = ends[shared - 1] if known is not None and shared and known.ends[:shared] == ends[:shared] else 0
        if known is not None and done == len(talk.tokens):
            return known.tokens.first(done).hidden
        read = self.reader.read(batch, known.tokens.first(done) if known is not None and done else None)
        with self._lock:
            self.tokens_read += len(talk.tokens) - done
            self._keep(_Reading(first, said, ends, read), known if known and shared == len(known.ends) else None)
        return read.hidden

    def _longest(self, first: int, said: Sequence[tuple[str, str]]) -> tuple[_Reading | None, int]:
        """The reading that shares the most messages with a conversation, moved to the end, and how many."""
        best, most = None, 0
        for reading in self._readings:
            if reading.first == first and (shared := _shared(reading.said, said, first)) > most:
                best, most = reading, shared
        if best is not None:
            self._readings.remove(best)
            self._readings.append(best)
        return best, most

    def _keep(self, reading: _Reading, continued: _Reading | None) -> None:
        """Remember a reading in place of the one it continues."""
        if continued is not None and any(other is continued for other in self._readings):
            self._readings = [other for other in self._readings if other is not continued]
            self._held -= continued.size
        self._readings.append(reading)
        self._held += reading.size
        while self._readings and self._held > self.capacity:
            self._held -= self._readings.pop(0).size


def _content(talk: Conversation) -> tuple[int, tuple[tuple[str, str], ...], tuple[int, ...]]:
    """All that the reader's output depends on, and where in it messages end."""
    first = int(talk.token_message[0])
    said = tuple((message.role, read_text(message)) for message in talk.messages[max(0, first - 1) :])
    ends = np.searchsorted(talk.token_message, np.arange(first, len(talk.messages)), side="right")
    return first, said, tuple(ends.tolist())


def _shared(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], first: int) -> int:
    """Messages that two conversations share, counted from `first` on; the one before it must be equal, too."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return max(0, count - min(first, 1))
