"""Spans: which may be read, and how start, end and length score them together.

N decision points · W tokens · S slots · C choices · Q filled open slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from trm_agent.features.batch import Batch
from trm_agent.model.answers import choice_membership
from trm_agent.model.reader import NEVER, visible_tokens


@dataclass(frozen=True)
class Scope:
    """What a batch's answers are scored within; computed once for all supervision steps.

    Attributes:
        choice_of: Whether a choice belongs to a slot, [N, S, C].
        legal: Spans of whole words inside one message of an episode, [B, W, span_tokens].
        episode: Of each point, [N].
        token_mask: Tokens each point sees, [N, W].
        pieces: Likely values: first token, length − 1, kind; the kind is −1 for none; [B, P, 3].
    """

    choice_of: Tensor
    legal: Tensor
    episode: Tensor
    token_mask: Tensor
    pieces: Tensor

    @classmethod
    def of(cls, batch: Batch, span_tokens: int) -> Scope:
        legal = legal_spans(batch.word_start, batch.word_end, batch.token_message, batch.token_mask, span_tokens)
        return cls(choice_membership(batch), legal, batch.episode, visible_tokens(batch), batch.pieces)

    def allowed(self, points: Tensor) -> Tensor:
        """The legal spans that points [Q] see, [Q, W, span_tokens]."""
        return self.legal[self.episode[points]] & self.token_mask[points][..., None]

    def piece_scores(self, weights: Tensor, points: Tensor) -> Tensor | float:
        """What is added to spans that are likely values.

        Args:
            weights: Of each kind, [Q, kinds]; without kinds nothing is added.
            points: Whose they are, [Q].

        Returns:
            [Q, W, span_tokens].
        """
        if not weights.shape[-1]:
            return 0.0
        W, size = self.legal.shape[1:]
        at, length, kind = self.pieces[self.episode[points]].unbind(-1)
        real = (kind >= 0) & (length < size)
        added = weights.gather(1, kind.clamp(min=0)) * real
        place = torch.where(real, at * size + length, 0)
        return weights.new_zeros(len(points), W * size).scatter_add(1, place, added).unflatten(1, (W, size))


def span_scores(start: Tensor, end: Tensor, length: Tensor, legal: Tensor) -> Tensor:
    """Joint scores of every start and length.

    Args:
        start: [Q, W].
        end: [Q, W].
        length: [span_tokens].
        legal: [Q, W, span_tokens], see `legal_spans`.

    Returns:
        [Q, W, span_tokens]; illegal spans are at `NEVER`.
    """
    size = len(length)
    ends = F.pad(end, (0, size - 1), value=NEVER).unfold(-1, size, 1)
    return (start[..., None] + ends + length).masked_fill(~legal, NEVER)


def legal_spans(word_start: Tensor, word_end: Tensor, token_message: Tensor, token_mask: Tensor, size: int) -> Tensor:
    """Spans of whole words inside one message: [B, W] each → [B, W, size]."""

    def ahead(values: Tensor, fill: int) -> Tensor:
        return F.pad(values, (0, size - 1), value=fill).unfold(-1, size, 1)

    same = ahead(token_message, -1) == token_message[..., None]
    return (
        word_start[..., None] & ahead(word_end, 0).bool() & same & token_mask[..., None] & ahead(token_mask, 0).bool()
    )
