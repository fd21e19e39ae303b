"""Tools and conversations → tensors: the only place that decides the layout of x.

B episodes · N decision points · M messages · W tokens · K tools · S slots · C choices · E encoder width.
Tokens, messages and tools belong to an episode and are read once for all its decision points; a point adds how much
of the conversation it sees and what was done in it. Which choice belongs to which slot, and which slot to which
tool, is given by index: nothing depends on the order, and no tool, service or slot has an identity of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from trm_agent.features.conversation import Conversation
from trm_agent.features.flags import point_flags
from trm_agent.features.likeness import slot_likeness, tool_likeness
from trm_agent.features.tools import ToolTable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RECENT_MESSAGES = 6
RECENCY_BUCKETS = 16


@dataclass
class Batch:
    """Episodes and their decision points, padded; see the module docstring for the axes.

    Attributes:
        tokens: [B, W, E].
        token_mask: True for real tokens, [B, W].
        token_message: [B, W].
        word_start: [B, W].
        word_end: [B, W].
        message_vectors: [B, M, E].
        roles: [B, M].
        tool_vectors: [B, K, E].
        tool_features: [B, K, 6].
        tool_mask: [B, K].
        slot_vectors: [B, S, E].
        slot_features: [B, S, 14].
        slot_mask: [B, S].
        required: [B, K, S].
        optional: [B, K, S].
        choice_vectors: [B, C, E].
        choice_slot: [B, C].
        choice_mask: [B, C].
        episode: Episode of each point, [N].
        visible: Messages each point sees, [N].
        tool_flags: What was done with the tool, how near it is to what was said; [N, K, 7], see `flags.py`.
        slot_flags: What calls and results hold of the slot, how near it is; [N, S, 6], see `flags.py`.
        choice_flags: Literal mentions of the choice, how near it is; [N, C, 8], see `flags.py`.
        shapes: How each token is written, and its marks; [B, W, 30].
        pieces: Likely values: first token, length − 1, kind; the kind is −1 for none; [B, P, 3].
        slot_likeness: How like each token is to the words of each slot, [B, S, W, 16], see `features.likeness`.
        tool_likeness: The same of each tool, [B, K, W, 3].
        label_tokens: Token vectors of each slot's name and description, float16 [B, S, T, E].
        label_mask: True for real tokens, [B, S, T].
    """

    tokens: Tensor
    token_mask: Tensor
    token_message: Tensor
    word_start: Tensor
    word_end: Tensor
    message_vectors: Tensor
    roles: Tensor
    tool_vectors: Tensor
    tool_features: Tensor
    tool_mask: Tensor
    slot_vectors: Tensor
    slot_features: Tensor
    slot_mask: Tensor
    required: Tensor
    optional: Tensor
    choice_vectors: Tensor
    choice_slot: Tensor
    choice_mask: Tensor
    episode: Tensor
    visible: Tensor
    tool_flags: Tensor
    slot_flags: Tensor
    choice_flags: Tensor
    shapes: Tensor
    pieces: Tensor
    slot_likeness: Tensor
    tool_likeness: Tensor
    label_tokens: Tensor
    label_mask: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory, from which a GPU copies while it computes."""
        return replace(self, **{f.name: getattr(self, f.name).pin_memory() for f in fields(self)})


def collate(items: Sequence[tuple[ToolTable, Conversation, Sequence[int]]]) -> Batch:
    """Pad (tools, conversation, visible message counts of its decision points) to one batch."""
    import torch

    return Batch(**{name: torch.from_numpy(array) for name, array in collate_arrays(items).items()})


def collate_arrays(items: Sequence[tuple[ToolTable, Conversation, Sequence[int]]]) -> dict[str, np.ndarray]:
    """The fields of a `Batch` as arrays, for where there is no torch."""
    tables = [table for table, _, _ in items]
    talks = [talk for _, talk, _ in items]
    flags = [point_flags(table, talk, visible) for table, talk, visible in items]
    K = max(1, *(len(t.tools) for t in tables))
    S = max(1, *(len(t.slots) for t in tables))
    C = max(1, *(len(t.choice_slot) for t in tables))
    W = max(1, *(len(t.tokens) for t in talks))
    episode = np.concatenate([np.full(len(visible), b) for b, (_, _, visible) in enumerate(items)])
    counts = np.concatenate([np.asarray(visible) for _, _, visible in items])
    return {
        "tokens": _pad([t.tokens for t in talks], W),
        "token_mask": _pad([np.ones(len(t.tokens), bool) for t in talks], W),
        "token_message": _pad([t.token_message for t in talks], W),
        "word_start": _pad([t.word_start for t in talks], W),
        "word_end": _pad([t.word_end for t in talks], W),
        "message_vectors": _pad([t.message_vectors for t in talks]),
        "roles": _pad([t.roles for t in talks]),
        "tool_vectors": _pad([t.tool_vectors for t in tables], K),
        "tool_features": _pad([t.tool_features for t in tables], K),
        "tool_mask": _pad([np.ones(len(t.tools), bool) for t in tables], K),
        "slot_vectors": _pad([t.slot_vectors for t in tables], S),
        "slot_features": _pad([t.slot_features for t in tables], S),
        "slot_mask": _pad([np.ones(len(t.slots), bool) for t in tables], S),
        "required": _pad([t.required for t in tables], K, S),
        "optional": _pad([t.optional for t in tables], K, S),
        "choice_vectors": _pad([t.choice_vectors for t in tables], C),
        "choice_slot": _pad([t.choice_slot for t in tables], C),
        "choice_mask": _pad([np.ones(len(t.choice_slot), bool) for t in tables], C),
        "episode": episode,
        "visible": counts,
        "tool_flags": _pad([point.tools for points in flags for point in points], K),
        "slot_flags": _pad([point.slots for points in flags for point in points], S),
        "choice_flags": _pad([point.choices for points in flags for point in points], C),
        "shapes": _pad([np.concatenate([t.shapes, t.marks], axis=1) for t in talks], W),
        "pieces": _pad_pieces([t.pieces for t in talks]),
        "slot_likeness": _pad([_slot_likeness(t, talk) for t, talk, _ in items], S, W),
        "tool_likeness": _pad([_tool_likeness(t, talk) for t, talk, _ in items], K, W),
        "label_tokens": _pad([_labels(t) for t in tables], S),
        "label_mask": _pad([_label_mask(t) for t in tables], S),
    }


def _slot_likeness(table: ToolTable, talk: Conversation) -> np.ndarray:
    return slot_likeness(table.slot_labels, talk.unit_tokens, talk.words, talk.around, table.owners)


def _tool_likeness(table: ToolTable, talk: Conversation) -> np.ndarray:
    return tool_likeness(table.tool_labels, table.tool_vectors, talk.unit_tokens, talk.around)


def _labels(table: ToolTable) -> np.ndarray:
    """Token vectors of the slots' labels, [S, T, E]."""
    width = table.slot_vectors.shape[-1]
    longest = max([1, *(len(label.tokens) for label in table.slot_labels)])
    out = np.zeros((len(table.slot_labels), longest, width), np.float16)
    for row, label in zip(out, table.slot_labels, strict=True):
        row[: len(label.tokens)] = label.tokens
    return out


def _label_mask(table: ToolTable) -> np.ndarray:
    longest = max([1, *(len(label.tokens) for label in table.slot_labels)])
    counts = np.array([len(label.tokens) for label in table.slot_labels]).reshape(-1, 1)
    return np.arange(longest)[None] < counts


def _pad_pieces(found: Sequence[np.ndarray]) -> np.ndarray:
    out = np.full((len(found), max([1, *(len(rows) for rows in found)]), 3), -1, np.int64)
    for row, rows in zip(out, found, strict=True):
        row[: len(rows)] = rows
    return out


def _pad(arrays: Sequence[np.ndarray], *sizes: int) -> np.ndarray:
    """Stack arrays, each axis zero-padded to the largest, or to the size given."""
    rank = arrays[0].ndim
    shape = [max([*sizes[axis : axis + 1], *(a.shape[axis] for a in arrays)]) for axis in range(rank)]
    out = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for row, array in zip(out, arrays, strict=True):
        row[tuple(slice(0, size) for size in array.shape)] = array
    return out
