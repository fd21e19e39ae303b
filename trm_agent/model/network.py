"""The router's network: read the conversation, recurse over the rows, answer.

Rows of x: DECIDE · recent messages · NO TOOL · a row per tool · a row per slot. They read the conversation's tokens,
then the TRM core refines them; the heads read y. After every supervision step the answer goes back into y: each
slot sees the text it points at, each tool how much of what it requires is filled.

B episodes · N decision points · W tokens · M messages · K tools · S slots · C choices · L rows · D width ·
E encoder width.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.features.batch import RECENT_MESSAGES, Batch
from trm_agent.features.flags import CHOICE_FLAGS, SLOT_FLAGS, TOOL_FLAGS
from trm_agent.features.tools import SLOT_FEATURES, TOOL_FEATURES
from trm_agent.model.answers import Answer, Question, row_mask
from trm_agent.model.config import ModelConfig
from trm_agent.model.heads import Feedback, Heads
from trm_agent.model.reader import NEVER, Likeness, TokenAttention, TokenReader, View, zero
from trm_agent.model.trm import Block, Net, deep_recursion, rms_norm
from trm_agent.types import ROLES

__all__ = ["ModelConfig", "RouterModel"]


def point_before(y: Tensor, episode: Tensor) -> Tensor:
    """Y [N, L, D] of the decision point before in the same episode [N]; zero at an episode's first."""
    same = F.pad(episode[1:] == episode[:-1], (1, 0), value=False)
    return torch.where(same[:, None, None], y.roll(1, 0), torch.zeros_like(y))


class RouterModel(nn.Module):
    """The whole network; `forward` yields an `Answer` per supervision step."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        D, E = config.width, config.encoder_width
        self.dropout = nn.Dropout(config.dropout)
        self.reader = TokenReader(config)
        self.decide_row = nn.Parameter(torch.randn(D) * 0.02)
        self.no_tool_row = nn.Parameter(torch.randn(D) * 0.02)
        self.last_role = nn.Embedding(len(ROLES), D)
        self.message_row = nn.Linear(E, D)
        self.message_role = nn.Embedding(len(ROLES), D)
        self.message_age = nn.Embedding(RECENT_MESSAGES, D)
        self.tool_row = nn.Linear(E, D)
        self.tool_features = nn.Linear(TOOL_FEATURES + TOOL_FLAGS, D)
        self.slot_row = nn.Linear(E, D)
        self.slot_tool = nn.Linear(E, D, bias=False)
        self.slot_features = nn.Linear(SLOT_FEATURES, D)
        self.slot_flags = nn.Linear(SLOT_FLAGS, D)
        self.choice_row = nn.Linear(E, D)
        self.choice_slot = nn.Linear(E, D, bias=False)
        self.choice_features = nn.Linear(CHOICE_FLAGS, D)
        self.reads = nn.ModuleList(
            TokenAttention(D, config.heads, likeness=config.likeness) for _ in range(config.reads)
        )
        self.mixes = nn.ModuleList(Block(D, config.heads, 2) for _ in range(max(0, config.reads - 1)))
        self.net = Net(D, config.layers, config.heads)
        self.y_start = nn.Parameter(torch.randn(D) * 0.02)
        self.z_start = nn.Parameter(torch.randn(D) * 0.02)
        self.heads = Heads(config)
        self.feedback = Feedback(D)
        self.carry = nn.Linear(D, D, bias=False) if config.carry else None
        self.label = LabelReader(D, E) if config.likeness else None

    def forward(self, batch: Batch, steps: int | None = None, tokens: Tensor | None = None) -> Iterator[Answer]:
        """Answer step by step.

        Args:
            batch: See `features.collate`.
            steps: Supervision steps; default as configured. The plain control takes one.
            tokens: What `reader` makes of the batch, where that is known; [B, W, D].

        Yields:
            The answer after each step; the carried y and z are detached between steps.
        """
        config = self.config
        question = self.embed(batch, tokens)
        if config.plain:
            yield self.heads(self.net(question.x, mask=question.mask), question)
            return
        y = self.y_start.to(question.x.dtype).expand_as(question.x)
        z = self.z_start.to(question.x.dtype).expand_as(question.x)
        answer: Answer | None = None
        earlier = y
        for _ in range(steps or config.supervision_steps):
            if answer is not None:
                y, z = y.detach(), z.detach()
                if config.feedback:
                    y = y + self.feedback(answer, question)
                if self.carry is not None:
                    y = y + self.carry(earlier)
            y, z = deep_recursion(self.net, question.x, y, z, config.n, config.T, question.mask)
            if answer is None and self.carry is not None:
                earlier = point_before(y.detach(), batch.episode)
            answer = self.heads(y, question, answer)
            yield answer

    def embed(self, batch: Batch, tokens: Tensor | None = None, view: View | None = None) -> Question:
        """Lay out the rows of x and let them read the conversation."""
        episode = batch.episode
        tokens = self.reader(batch) if tokens is None else tokens
        view = View.of(batch) if view is None else view
        slots = self._slot_rows(batch)[episode] + self.slot_flags(batch.slot_flags)
        choices = self._choice_rows(batch)
        tool_state = torch.cat([batch.tool_features[episode], batch.tool_flags], dim=-1)
        tools = self.tool_row(self.dropout(batch.tool_vectors))[episode] + self.tool_features(tool_state)
        recent, last_role = self._message_rows(batch)
        N = len(episode)
        decide = self.decide_row + self.last_role(last_role)[:, None]
        rows = torch.cat([decide, recent, self.no_tool_row.expand(N, 1, -1), tools, slots], dim=1)
        mask = row_mask(batch)
        L = rows.shape[1]
        rows = rms_norm(torch.cat([rows, choices[episode] + self.choice_features(batch.choice_flags)], dim=1))
        likeness = None
        if self.config.likeness:
            first_tool = 2 + recent.shape[1]
            likeness = Likeness(
                batch.tool_likeness, batch.slot_likeness, first_tool, first_tool + batch.tool_mask.shape[1]
            )
        for i, read in enumerate(self.reads):
            rows = read(rows, tokens, view, likeness)
            if i == 0:
                rows, choices = rows[:, :L], rows[:, L:]
            if i < len(self.mixes):
                rows = self.mixes[i](rows, mask[:, None, None, :])
        return Question.of(batch, rows, choices, tokens, view)

    def _slot_rows(self, batch: Batch) -> Tensor:
        """What a slot is: its own text, the mean text of the tools that read it, its declaration; [B, S, D]."""
        readers = (batch.required | batch.optional).to(batch.tool_vectors.dtype).transpose(1, 2)
        owners = readers @ batch.tool_vectors / readers.sum(-1, keepdim=True).clamp(min=1)
        vectors = self.slot_row(self.dropout(batch.slot_vectors)) + self.slot_tool(self.dropout(owners))
        if self.label is not None:
            vectors = vectors + self.label(vectors, batch)
        return vectors + self.slot_features(batch.slot_features)

    def _choice_rows(self, batch: Batch) -> Tensor:
        """[B, C, D]."""
        index = batch.choice_slot[..., None].expand(-1, -1, batch.slot_vectors.shape[-1])
        slots = torch.gather(batch.slot_vectors, 1, index)
        return self.choice_row(self.dropout(batch.choice_vectors)) + self.choice_slot(slots)

    def _message_rows(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows of the most recent messages [N, R, D], the last message's role [N]."""
        ages = torch.arange(RECENT_MESSAGES, device=batch.visible.device)
        position = batch.visible[:, None] - 1 - ages
        index = position.clamp(min=0)
        vectors = self.message_row(self.dropout(batch.message_vectors))
        rows = vectors[batch.episode[:, None], index]
        roles = batch.roles[batch.episode[:, None], index]
        rows = rows + self.message_role(roles) + self.message_age.weight[None]
        return rows, roles[:, 0]


class LabelReader(nn.Module):
    """Slots read the words that name and describe them, token by token."""

    def __init__(self, width: int, encoder_width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(encoder_width, 2 * width, bias=False)
        self.out = zero(nn.Linear(width, width, bias=False))

    def forward(self, rows: Tensor, batch: Batch) -> Tensor:
        """Rows [B, S, D] → what is added to them, [B, S, D]."""
        key, value = self.key_value(batch.label_tokens.to(rows.dtype)).chunk(2, dim=-1)
        query = self.query(rows) * rows.shape[-1] ** -0.5
        scores = torch.einsum("bsd,bstd->bst", query, key).masked_fill(~batch.label_mask, NEVER)
        return self.out(torch.einsum("bst,bstd->bsd", scores.softmax(-1), value))
