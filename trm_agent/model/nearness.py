"""Where the other arguments of a call were read → which tokens around them are likelier for a slot.

"12 bags of oats, 4 of bran": once `product` points at oats, `bags` is the number just before it. A row holds what its
value is, not where it stands; so after a supervision step every slot learns what stands shortly before and after the
places at which the other slots of the same call pointed.

N decision points · W tokens · S slots · K tools · D width.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.model.answers import FILLED, Answer, Question

EDGES = (1, 3, 7, 17)
"""Distances, in tokens, that bound the stretches before and after a place."""
CHANNELS = 2 * (len(EDGES) - 1) + 2
"""The stretches after and before a place; the place itself; its message."""


class Nearness(nn.Module):
    """What a slot hears of the places of the others, as a bias of its pointing and of whether it is filled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width // 4, bias=False)
        self.key = nn.Linear(width, width // 4, bias=False)
        self.pointing = nn.Linear(width, 2 * CHANNELS)
        self.filling = nn.Linear(CHANNELS, 3, bias=False)
        for layer in (self.query, self.pointing, self.filling):  # says nothing at first
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.pointing.bias)

    def forward(self, slots: Tensor, before: Answer, question: Question) -> tuple[Tensor, Tensor, Tensor]:
        """What is added to starts, ends and operations.

        Args:
            slots: Rows of the slots, [N, S, D].
            before: The answer of the supervision step before; no gradient flows into it.
            question: What it answers.

        Returns:
            [N, S, W], [N, S, W] and [N, S, 3].
        """
        with torch.no_grad():
            weight = together(before, question)
            begin, end = before.start.softmax(-1), before.end.softmax(-1)
            places = around(begin, end, question).to(slots.dtype)
            own = ((begin + end) / 2).to(slots.dtype)
        match = self.query(slots) @ self.key(slots).transpose(1, 2) * self.key.out_features**-0.5
        heard = weight.to(slots.dtype) * match.clamp(max=8.0).exp()
        heard = heard / (1 + heard.sum(-1, keepdim=True))
        near = (heard @ places.flatten(2)).unflatten(2, places.shape[2:])
        to_start, to_end = self.pointing(slots).unflatten(-1, (2, CHANNELS)).unbind(-2)
        here = (near @ own[..., None]).squeeze(-1)
        return (
            (to_start[..., None, :] @ near).squeeze(-2).float(),
            (to_end[..., None, :] @ near).squeeze(-2).float(),
            self.filling(here).float(),
        )


def together(answer: Answer, question: Question) -> Tensor:
    """How probably two slots are filled for the same call, the other one with words of the text; [N, S, S]."""
    chosen = answer.tool.softmax(-1)[:, 1:]
    reads = question.reads.to(chosen.dtype)
    both = (reads * chosen[..., None]).transpose(1, 2) @ reads
    said = answer.op.softmax(-1)[..., FILLED] * ~question.closed
    apart = 1 - torch.eye(both.shape[-1], dtype=both.dtype, device=both.device)
    return both * said[:, None] * apart


def around(begin: Tensor, end: Tensor, question: Question) -> Tensor:
    """How probably each token stands in each stretch around the place of a slot.

    Args:
        begin: How probably each slot's value begins at each token, [N, S, W].
        end: The same of its end.
        question: For the messages that tokens stand in.

    Returns:
        [N, S, CHANNELS, W].
    """
    begins, ends = (F.pad(chances.cumsum(-1), (1, 0)) for chances in (begin, end))
    W, far = begin.shape[-1], EDGES[-1]
    early, late = F.pad(ends, (far, 0)), torch.cat([begins, begins[..., -1:].expand(-1, -1, far)], dim=-1)
    behind = [early[..., far - edge + 1 : far - edge + 1 + W] for edge in EDGES]
    ahead = [late[..., edge : edge + W] for edge in EDGES]
    first, last = (edge[question.view.episode][:, None].expand(-1, begin.shape[1], -1) for edge in question.messages)
    channels = [near - beyond for near, beyond in pairwise(behind)]
    channels += [beyond - near for near, beyond in pairwise(ahead)]
    channels += [begin + end, begins.gather(-1, last) - begins.gather(-1, first)]
    return torch.stack(channels, dim=2)
