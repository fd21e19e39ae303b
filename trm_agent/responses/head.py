"""The TRM's answer state → where in the encoder's space the words for it lie.

N decision points · E encoder width · D width · L rows · K tools · S slots · A width of the answer state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.features.batch import Batch
from trm_agent.model.answers import EMPTY, Answer
from trm_agent.model.heads import READINESS

TEMPERATURE = 0.05


def state_width(width: int, encoder_width: int) -> int:
    """A."""
    return 4 * width + READINESS + encoder_width


def answer_state(answer: Answer, batch: Batch) -> Tensor:
    """What words are chosen by, read off a router's answer.

    Returns:
        DECIDE row, row of the meant tool and readiness; row of the latest message; mean row of the slots that the
        meant tool requires and that are empty; sentence vector of the latest message; [N, A].
    """
    S = batch.slot_mask.shape[1]
    needed = (batch.required & batch.slot_mask[:, None])[batch.episode].float()
    meant = answer.tool.softmax(-1)[:, None, 1:]
    missing = (meant @ needed).squeeze(1) * answer.op.softmax(-1)[..., EMPTY]
    slots = answer.y[:, -S:].float()
    asked = (missing[:, None] @ slots).squeeze(1) / missing.sum(-1, keepdim=True).clamp(min=1)
    latest = batch.message_vectors[batch.episode, batch.visible - 1].float()
    return torch.cat([answer.outlook.float(), answer.y[:, 1].float(), asked, latest], dim=-1)


@dataclass(frozen=True)
class HeadConfig:
    """Sizes.

    Attributes:
        state: A.
        hidden: Width of the hidden layer.
        encoder_width: E.
    """

    state: int
    hidden: int
    encoder_width: int


class ResponseHead(nn.Module):
    """Answer state → unit vector beside which the right answer lies."""

    def __init__(self, config: HeadConfig, dropout: float = 0.1) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.LayerNorm(config.state)
        self.hidden = nn.Linear(config.state, config.hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(config.hidden, config.encoder_width)

    def forward(self, state: Tensor) -> Tensor:
        """[N, A] → [N, E]."""
        return F.normalize(self.out(self.dropout(F.silu(self.hidden(self.norm(state))))), dim=-1)

    def query(self, state: np.ndarray) -> np.ndarray:
        """One answer state [A] → [E]."""
        with torch.inference_mode():
            return self(torch.from_numpy(np.asarray(state, np.float32))[None])[0].numpy()


def contrastive_loss(query: Tensor, keys: Tensor, same: Tensor) -> Tensor:
    """In-batch negatives: each query against the answers of the whole batch.

    Args:
        query: Unit length, [N, E].
        keys: Vector of each point's answer, unit length, [N, E].
        same: Row of each point's answer in the bank; equal ones are no negatives of one another; [N].
    """
    logits = query @ keys.T / TEMPERATURE
    other = same[:, None] != same[None]
    other.fill_diagonal_(True)
    return F.cross_entropy(logits.masked_fill(~other, -1e4), torch.arange(len(query), device=query.device))
