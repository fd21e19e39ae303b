"""Late interaction: how like every token of a conversation is to the words that name and describe a slot or a tool.

One pooled vector cannot say which word of a description a word of the talk answers to. So names and descriptions are
kept as token vectors, and each token of the conversation carries its best likeness with them; the network uses it as a
bias of reading and of pointing.

W tokens of the conversation · T tokens of labels · S slots · K tools · E encoder width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trm_agent.encoder.sentence import EncodedText
from trm_agent.types import Slot, ToolSchema, identifier_words

LABEL_TOKENS = 24
"""Tokens of a name with its description that are kept."""
NEARBY = 2
"""Tokens on each side whose likeness a token knows as well."""
SLOT_CHANNELS = 3 * (2 * NEARBY + 1) + 1
"""Likeness with the name, with the description and the name's very words, each for a token and its neighbours; how near
what stands around a token is to the tools that read the slot."""
TOOL_CHANNELS = 3
"""Likeness with the tool's name, with its description, and of what stands around a token with the whole."""
AROUND = 4
"""Tokens on each side that make up what stands around one."""


@dataclass(frozen=True, eq=False)
class Label:
    """The words that name and describe a slot or a tool.

    Attributes:
        tokens: Unit vectors, float16 [T, E].
        name: So many of them are the name's.
        words: The name's words, in lower case.
    """

    tokens: np.ndarray
    name: int
    words: frozenset[str]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Label):
            return NotImplemented
        return self.name == other.name and self.words == other.words and np.array_equal(self.tokens, other.tokens)

    def __hash__(self) -> int:
        return hash((self.name, self.words))


def read_labels(parts: Sequence[Slot | ToolSchema], encoded: Sequence[EncodedText]) -> tuple[Label, ...]:
    """The labels of slots or tools, from what the encoder says of their texts."""
    return tuple(_label(part, text) for part, text in zip(parts, encoded, strict=True))


def _label(part: Slot | ToolSchema, encoded: EncodedText) -> Label:
    words = identifier_words(part.parameter.name if isinstance(part, Slot) else part.name)
    tokens = _unit(encoded.tokens[:LABEL_TOKENS].astype(np.float32)).astype(np.float16)
    name = int((encoded.spans[: len(tokens), 1] <= len(words)).sum())
    return Label(tokens, name, frozenset(words.lower().split()))


def slot_likeness(
    labels: Sequence[Label], tokens: np.ndarray, words: Sequence[str], around: np.ndarray, owners: np.ndarray
) -> np.ndarray:
    """What every token says of every slot.

    Args:
        labels: Of the slots.
        tokens: Unit vectors of the conversation, [W, E].
        words: The word that each token stands in, in lower case.
        around: Of `surroundings`, [W, E].
        owners: Mean unit vector of the tools that read each slot, [S, E].

    Returns:
        [S, W, SLOT_CHANNELS], each channel around zero.
    """
    S, W = len(labels), len(tokens)
    out = np.zeros((S, W, SLOT_CHANNELS), np.float32)
    if not S or not W:
        return out
    name, description = _best(labels, tokens)
    known: dict[str, int] = {}
    index = np.array([known.setdefault(word, len(known)) for word in words])
    own = np.array([[word in label.words for word in known] for label in labels], np.float32)[:, index]
    for c, channel in enumerate((name, description, own)):
        padded = np.pad(channel, ((0, 0), (NEARBY, NEARBY)))
        for shift in range(2 * NEARBY + 1):
            out[:, :, c * (2 * NEARBY + 1) + shift] = padded[:, shift : shift + W]
    out[:, :, -1] = owners @ around.T
    return out


def tool_likeness(labels: Sequence[Label], vectors: np.ndarray, tokens: np.ndarray, around: np.ndarray) -> np.ndarray:
    """What every token says of every tool, [K, W, TOOL_CHANNELS]; see `slot_likeness`."""
    if not labels or not len(tokens):
        return np.zeros((len(labels), len(tokens), TOOL_CHANNELS), np.float32)
    name, description = _best(labels, tokens)
    return np.stack([name, description, vectors @ around.T], axis=-1).astype(np.float32)


def surroundings(tokens: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Unit mean of the tokens around each token, within its message; [W, E].

    Args:
        tokens: [W, E].
        owner: Message of each token, in order, [W].
    """
    W = len(tokens)
    total = np.zeros((W + 1, tokens.shape[1]), np.float32)
    for i, token in enumerate(tokens):  # row by row: the sums of `cumsum(0)` in a fifth of its time
        np.add(total[i], token, out=total[i + 1])
    place = np.arange(W)
    low = np.maximum(place - AROUND, np.searchsorted(owner, owner))
    high = np.minimum(place + AROUND + 1, np.searchsorted(owner, owner, side="right"))
    return _unit(total[high] - total[low])


def _best(labels: Sequence[Label], tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best cosine of each token with the name and with the description of each label; [S, W] each."""
    counts = [len(label.tokens) for label in labels]
    everything = np.concatenate([label.tokens for label in labels]).astype(np.float32)
    name = np.zeros((len(labels), len(tokens)), np.float32)
    description = np.zeros_like(name)
    if not len(everything):
        return name, description
    cosine = everything @ tokens.T
    at = 0
    for s, (label, count) in enumerate(zip(labels, counts, strict=True)):
        own = cosine[at : at + count]
        if label.name:
            name[s] = own[: label.name].max(0)
        if count > label.name:
            description[s] = own[label.name :].max(0)
        at += count
    return name, description


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
