"""Reading the conversation's tokens: once per episode, then seen by each of its decision points.

What all points of an episode share (token vectors, keys, values) stays per episode, [B, …]; what differs between points
is only what they see of it, and how long ago it was said. Nothing as wide as a token is copied per point.

B episodes · N decision points · P points of the episode with most of them · W tokens · L rows · R recency buckets ·
D width · E encoder width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.features.batch import RECENCY_BUCKETS, Batch
from trm_agent.features.conversation import MARKS
from trm_agent.features.likeness import SLOT_CHANNELS, TOOL_CHANNELS
from trm_agent.features.shapes import SHAPES
from trm_agent.model.config import ModelConfig
from trm_agent.model.reader_cache import ReadTokens
from trm_agent.model.trm import SwiGLU, attention, merge_heads, rms_norm, split_heads
from trm_agent.types import ROLES

NEVER = -1e4
"""Added to logits of what does not exist; finite, so that softmax over nothing stays defined."""


class TokenReader(nn.Module):
    """A few trainable layers over the frozen token vectors; a token sees its own message and those before."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D, E = config.width, config.encoder_width
        self.heads = config.heads
        self.token = nn.Linear(E, D)
        self.message = nn.Linear(E, D, bias=False)
        self.previous = nn.Linear(E, D, bias=False)
        self.role = nn.Embedding(len(ROLES), D)
        self.blocks = nn.ModuleList(ReaderBlock(D, config.heads) for _ in range(config.reader_layers))
        self.dropout = nn.Dropout(config.dropout)
        self.shape = zero(nn.Linear(SHAPES, D, bias=False)) if config.shapes else None
        self.mark = zero(nn.utils.skip_init(nn.Linear, MARKS, D, bias=False)) if config.marks else None

    def forward(self, batch: Batch) -> Tensor:
        """[B, W, D]."""
        return self.read(batch).hidden

    def read(self, batch: Batch, before: ReadTokens | None = None) -> ReadTokens:
        """Read all tokens, or only those after the ones read before.

        Args:
            batch: The conversations.
            before: What an earlier reading made of their beginnings, up to the end of a message.
        """
        known = 0 if before is None else before.hidden.shape[1]
        owner, new = batch.token_message, batch.token_message[:, known:]
        since = 0 if before is None else max(0, int(new.min()) - 1)
        attend = (owner[:, None, :] <= new[:, :, None]) & batch.token_mask[:, None, :]
        attend = attend[:, None] | torch.eye(owner.shape[1], dtype=torch.bool, device=owner.device)[known:]
        turn = rotary(owner.shape[1], self.token.out_features // self.heads, owner.device)
        hidden, layers = self.read_on(
            batch.tokens[:, known:].to(batch.message_vectors.dtype),
            batch.shapes[:, known:],
            batch.message_vectors[:, since:],
            batch.roles[:, since:],
            new - since,
            attend,
            (turn[0][known:], turn[1][known:]),
            None if before is None else before.layers,
        )
        if before is not None:
            hidden = torch.cat([before.hidden, hidden], dim=1)
        return ReadTokens(hidden, layers)

    def read_on(
        self,
        tokens: Tensor,
        shapes: Tensor,
        message_vectors: Tensor,
        roles: Tensor,
        owner: Tensor,
        attend: Tensor,
        turn: tuple[Tensor, Tensor],
        before: Sequence[tuple[Tensor, Tensor]] | None,
    ) -> tuple[Tensor, tuple[tuple[Tensor, Tensor], ...]]:
        """Read tokens after those that are known.

        Args:
            tokens: To be read, [B, U, E].
            shapes: How they are written, and their marks; [B, U, 30].
            message_vectors: From the message before theirs on (or from the very first), [B, M, E].
            roles: The same, [B, M].
            owner: Index of each token's message among these, [B, U].
            attend: Which of all tokens each of them sees, [B, 1, U, W].
            turn: Their rotary positions, [U, d] each.
            before: Turned keys and values of the known tokens, of each block.

        Returns:
            Them, [B, U, D]; turned keys and values of all tokens, of each block.
        """
        hidden = self.token(self.dropout(tokens))
        if self.shape is not None:
            hidden = hidden + self.shape(shapes[..., :SHAPES].to(hidden.dtype))
        if self.mark is not None:
            hidden = hidden + self.mark(shapes[..., SHAPES:].to(hidden.dtype))
        hidden = rms_norm(hidden + self._context(message_vectors, roles, owner))
        layers = []
        for i, block in enumerate(self.blocks):
            hidden, layer = block(hidden, attend, turn, None if before is None else before[i])
            layers.append(layer)
        return hidden, tuple(layers)

    def _context(self, vectors: Tensor, roles: Tensor, owner: Tensor) -> Tensor:
        """What tokens know of their message and the one before."""
        vectors = self.dropout(vectors)
        context = self.message(vectors) + self.role(roles)
        context = context + F.pad(self.previous(vectors)[:, :-1], (0, 0, 1, 0))
        return torch.gather(context, 1, owner[..., None].expand(-1, -1, context.shape[-1]))


class ReaderBlock(nn.Module):
    """A post-norm block whose attention knows the order of the tokens (rotary positions)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.mlp = SwiGLU(width, 2)

    def forward(
        self,
        hidden: Tensor,
        attend: Tensor,
        turn: tuple[Tensor, Tensor],
        before: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Let tokens see one another.

        Args:
            hidden: The tokens to be read, [B, W, D].
            attend: Which of all tokens each of them sees.
            turn: Rotary positions of the tokens to be read.
            before: Turned keys and values of the tokens before them.

        Returns:
            The tokens [B, W, D], and turned keys and values of all tokens.
        """
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(hidden).chunk(3, dim=-1))
        query, key = (rotate(part, turn).to(value.dtype) for part in (query, key))
        if before is not None:
            key, value = torch.cat([before[0], key], dim=2), torch.cat([before[1], value], dim=2)
        mixed = attention(query, key, value, attend)
        hidden = rms_norm(hidden + self.out(merge_heads(mixed)))
        return rms_norm(hidden + self.mlp(hidden)), (key, value)


@dataclass(frozen=True)
class Likeness:
    """How like tokens are to the words of tools and slots, and where their rows stand.

    Attributes:
        tools: [B, K, W, channels].
        slots: [B, S, W, channels].
        first_tool: Row of the first tool.
        first_slot: Row of the first slot.
    """

    tools: Tensor
    slots: Tensor
    first_tool: int
    first_slot: int


@dataclass(frozen=True)
class View:
    """What each decision point sees of its episode's tokens.

    Attributes:
        episodes: B.
        most: P.
        episode: Episode of each point, [N].
        place: Where each point stands among the B × P places, [N].
        points: Point at each place, N where there is none, [B × P].
        recency: One-hot recency bucket of each token; the last row marks what the point does not see, [N, R + 1, W].
        visible: Tokens the point sees, [N, W].
    """

    episodes: int
    most: int
    episode: Tensor
    place: Tensor
    points: Tensor
    recency: Tensor
    visible: Tensor

    @classmethod
    def of(cls, batch: Batch) -> View:
        episode, B, N = batch.episode, len(batch.tokens), len(batch.episode)
        counts = torch.bincount(episode, minlength=B)
        P = int(counts.max())
        order = torch.argsort(episode, stable=True)
        within = torch.empty_like(episode)
        within[order] = torch.arange(N, device=episode.device) - (counts.cumsum(0) - counts)[episode[order]]
        place = episode * P + within
        points = torch.full((B * P,), N, dtype=torch.long, device=episode.device)
        points[place] = torch.arange(N, device=episode.device)
        visible = visible_tokens(batch)
        return cls(B, P, episode, place, points, one_hot_recency(message_age(batch), visible), visible)

    def by_episode(self, values: Tensor) -> Tensor:
        """[N, …] → [B, P, …], zero at places without a point."""
        padded = torch.cat([values, values.new_zeros(1, *values.shape[1:])])
        return padded.index_select(0, self.points).unflatten(0, (self.episodes, self.most))

    def by_point(self, values: Tensor) -> Tensor:
        """[B, P, …] → [N, …]."""
        return values.flatten(0, 1).index_select(0, self.place)

    def scores(self, query: Tensor, key: Tensor, by_age: Tensor) -> Tensor:
        """Every row against every token it may see.

        Args:
            query: [N, L, d].
            key: [B, W, d].
            by_age: Added by how long ago a token was said, [N, L, R].

        Returns:
            [N, L, W]; `NEVER` is added for what a point does not see.
        """
        rows = query.shape[1]
        matched = self.by_episode(query).flatten(1, 2) @ key.transpose(1, 2)
        aged = F.pad(by_age, (0, 1), value=NEVER) @ self.recency.to(by_age.dtype)
        return self.by_point(matched.unflatten(1, (self.most, rows))) + aged.to(matched.dtype)

    def mix(self, weights: Tensor, values: Tensor) -> Tensor:
        """Weighted sums over an episode's tokens: [N, L, W] and [B, W, d] → [N, L, d]."""
        rows = weights.shape[1]
        mixed = self.by_episode(weights).flatten(1, 2) @ values
        return self.by_point(mixed.unflatten(1, (self.most, rows)))


class TokenAttention(nn.Module):
    """Rows attend to the tokens a point sees; keys and values know how many messages ago a token was said."""

    def __init__(self, width: int, heads: int, *, likeness: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.recency = nn.Embedding(RECENCY_BUCKETS, 2 * width)
        self.out = nn.Linear(width, width, bias=False)
        self.tool_bias = zero(nn.Linear(TOOL_CHANNELS, heads, bias=False)) if likeness else None
        self.slot_bias = zero(nn.Linear(SLOT_CHANNELS, heads, bias=False)) if likeness else None

    def forward(self, rows: Tensor, tokens: Tensor, view: View, likeness: Likeness | None = None) -> Tensor:
        """Rows [N, L, D], tokens [B, W, D] → [N, L, D]; likeness is added to the scores of tools and slots."""
        H = self.heads
        key, value = (split_heads(part, H) for part in self.key_value(tokens).chunk(2, dim=-1))
        query = split_heads(self.query(rows), H)
        query = query * query.shape[-1] ** -0.5
        age_key, age_value = (part.unflatten(-1, (H, -1)) for part in self.recency.weight.chunk(2, dim=-1))
        by_age = torch.einsum("nhld,rhd->nhlr", query, age_key.to(query.dtype))
        recency = view.recency.to(query.dtype)
        aged = F.pad(by_age, (0, 1), value=NEVER).flatten(1, 2) @ recency
        asked = view.by_episode(query).transpose(1, 2)
        matched = (asked.flatten(2, 3) @ key.transpose(-1, -2)).unflatten(2, asked.shape[2:4]).transpose(1, 2)
        scores = view.by_point(matched) + aged.view(*query.shape[:3], -1)
        if likeness is not None and self.tool_bias is not None and self.slot_bias is not None:
            parts = [scores[:, :, : likeness.first_tool]]
            for linear, channels, first in (
                (self.tool_bias, likeness.tools, likeness.first_tool),
                (self.slot_bias, likeness.slots, likeness.first_slot),
            ):
                bias = linear(channels).permute(0, 3, 1, 2).to(scores.dtype)
                parts.append(scores[:, :, first : first + channels.shape[1]] + bias.index_select(0, view.episode))
            scores = torch.cat([*parts, scores[:, :, likeness.first_slot + likeness.slots.shape[1] :]], dim=2)
        weights = scores.softmax(-1).to(value.dtype)
        by_bucket = (weights.flatten(1, 2) @ recency[:, :-1].transpose(1, 2)).view(*query.shape[:3], -1)
        mixed = torch.einsum("nhlr,rhd->nhld", by_bucket, age_value.to(query.dtype))
        spread = view.by_episode(weights).transpose(1, 2)
        summed = (spread.flatten(2, 3) @ value).unflatten(2, spread.shape[2:4]).transpose(1, 2)
        mixed = (mixed + view.by_point(summed)) * view.visible.any(-1)[:, None, None, None]
        return rms_norm(rows + self.out(merge_heads(mixed)))


def zero(linear: nn.Linear) -> nn.Linear:
    """A layer that says nothing at first: a network that learns it later begins as it was."""
    nn.init.zeros_(linear.weight)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
    return linear


def message_age(batch: Batch) -> Tensor:
    """How many messages ago each token was said, seen from each point; negative for what is yet to come; [N, W]."""
    return (batch.visible[:, None] - 1) - batch.token_message[batch.episode]


def visible_tokens(batch: Batch) -> Tensor:
    """The tokens each point sees, [N, W]."""
    return batch.token_mask[batch.episode] & (message_age(batch) >= 0)


def recency_bucket(age: Tensor) -> Tensor:
    """Messages ago → bucket: 0 to 9 exact, then ever coarser."""
    far = 10 + torch.log2((age.clamp(min=10).float()) / 10) * 2
    return torch.where(age < 10, age.clamp(min=0), far.long()).clamp(max=RECENCY_BUCKETS - 1)


def one_hot_recency(age: Tensor, visible: Tensor) -> Tensor:
    """Bucket of each token, the last for what is not seen: [N, W] each → [N, R + 1, W]."""
    bucket = recency_bucket(age).masked_fill(~visible, RECENCY_BUCKETS)
    return bucket[:, None] == torch.arange(RECENCY_BUCKETS + 1, device=age.device)[:, None]


def rotary(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of rotary positions, [length, width] each."""
    frequency = 1000.0 ** (-torch.arange(0, width, 2, device=device) / width)
    angle = torch.arange(length, device=device)[:, None] * frequency
    return torch.cat([angle.cos()] * 2, dim=-1), torch.cat([angle.sin()] * 2, dim=-1)


def rotate(hidden: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn queries or keys [B, heads, W, width] by their position."""
    first, second = hidden.chunk(2, dim=-1)
    return hidden * turn[0] + torch.cat([-second, first], dim=-1) * turn[1]
