"""The router's network: read the conversation, recurse over the rows, answer.

Rows of x: DECIDE · recent messages · NO TOOL · a row per tool · a row per slot. They read the conversation's tokens,
then the TRM core refines them; the heads read y. After every supervision step the answer goes back into y: each
slot sees the text it points at, each tool how much of what it requires is filled.

B episodes · N decision points · W tokens · M messages · K tools · S slots · C choices · L rows · D width ·
E encoder width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.features import (
    CHOICE_FLAGS,
    RECENCY_BUCKETS,
    RECENT_MESSAGES,
    SLOT_FEATURES,
    TOOL_FEATURES,
    TOOL_FLAGS,
    Batch,
)
from trm_agent.trm import Block, Net, SwiGLU, attention, deep_recursion, merge_heads, rms_norm, split_heads
from trm_agent.types import ROLES

EMPTY, FILLED, DONTCARE_OP = 0, 1, 2
NEVER = -1e4
"""Added to logits of what does not exist; finite, so that softmax over nothing stays defined."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network.

    Attributes:
        encoder_width: E, read off the encoder.
        width: D.
        layers: Blocks of the shared net.
        heads: Attention heads everywhere.
        n: Latent steps of a recursion.
        T: Recursions of a supervision step; only the last carries gradient.
        supervision_steps: N_sup, in training and at most when answering.
        plain: The control without recursion: the net is applied once, there is one supervision step.
        feedback: Whether the answer goes back into y between supervision steps.
        reader_layers: Trainable layers over the frozen token vectors.
        reads: Rounds in which the rows attend to the tokens.
        span_tokens: Longest span, in tokens.
        dropout: On the frozen vectors, in training.
        relevance_floor: Cosine below which no user message so far has to do with any tool ("Hi there!"); depends on
            encoder and language, so training sets it below what its own calls need.
    """

    encoder_width: int = 384
    width: int = 128
    layers: int = 2
    heads: int = 4
    n: int = 1
    T: int = 1
    supervision_steps: int = 2
    plain: bool = False
    feedback: bool = True
    reader_layers: int = 2
    reads: int = 3
    span_tokens: int = 12
    dropout: float = 0.1
    relevance_floor: float = 0.2

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width must be a multiple of twice the heads, got width {self.width} and {self.heads} heads"
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """What the heads read off y after one supervision step; logits unless said otherwise.

    Attributes:
        decision: direct answer, tool call; [N, 2].
        tool: no tool, then every tool; [N, 1 + K].
        op: empty, filled, don't care; [N, S, 3].
        start: Span starts, [N, S, W].
        end: Span ends, [N, S, W].
        length: Added for spans of 1, 2, … tokens, [span_tokens].
        choice: [N, C].
        halt: That the whole answer is right, [N].
    """

    decision: Tensor
    tool: Tensor
    op: Tensor
    start: Tensor
    end: Tensor
    length: Tensor
    choice: Tensor
    halt: Tensor


@dataclass(frozen=True)
class Question:
    """x and what the heads look things up in; computed once for all supervision steps.

    Attributes:
        x: [N, L, D].
        mask: [N, L].
        tokens: Read token vectors of each point's episode, [N, W, D].
        token_mask: Tokens the point sees, [N, W].
        recency: Recency bucket of each token, [N, W].
        choices: [N, C, D].
        choice_of: Whether a choice belongs to a slot, [N, S, C].
        required: [N, K, S].
        tool_mask: [N, K].
        slot_mask: [N, S].
        tool_state: Declared features and flags of each tool, [N, K, 8].
        closed: Whether the slot has choices, [N, S].
        choice_flags: [N, C, 5].
    """

    x: Tensor
    mask: Tensor
    tokens: Tensor
    token_mask: Tensor
    recency: Tensor
    choices: Tensor
    choice_of: Tensor
    required: Tensor
    tool_mask: Tensor
    slot_mask: Tensor
    tool_state: Tensor
    closed: Tensor
    choice_flags: Tensor


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

    def forward(self, batch: Batch) -> Tensor:
        """[B, W, D]."""
        vectors = self.dropout(batch.message_vectors)
        context = self.message(vectors) + self.role(batch.roles)
        context = context + F.pad(self.previous(vectors)[:, :-1], (0, 0, 1, 0))
        owner = batch.token_message
        hidden = self.token(self.dropout(batch.tokens.to(vectors.dtype)))
        hidden = rms_norm(hidden + torch.gather(context, 1, owner[..., None].expand(-1, -1, context.shape[-1])))
        attend = (owner[:, None, :] <= owner[:, :, None]) & batch.token_mask[:, None, :]
        attend = attend[:, None] | torch.eye(owner.shape[1], dtype=torch.bool, device=owner.device)
        turn = rotary(owner.shape[1], hidden.shape[-1] // self.heads, hidden.device)
        for block in self.blocks:
            hidden = block(hidden, attend, turn)
        return hidden


class ReaderBlock(nn.Module):
    """A post-norm block whose attention knows the order of the tokens (rotary positions)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.mlp = SwiGLU(width, 2)

    def forward(self, hidden: Tensor, attend: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(hidden).chunk(3, dim=-1))
        query, key = (rotate(part, turn).to(value.dtype) for part in (query, key))
        mixed = attention(query, key, value, attend)
        hidden = rms_norm(hidden + self.out(merge_heads(mixed)))
        return rms_norm(hidden + self.mlp(hidden))


class TokenAttention(nn.Module):
    """Rows attend to the tokens a point sees; keys and values know how many messages ago a token was said."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.recency = nn.Embedding(RECENCY_BUCKETS, 2 * width)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, rows: Tensor, tokens: Tensor, episode: Tensor, recency: Tensor, mask: Tensor) -> Tensor:
        """Rows [N, L, D], tokens [B, W, D], recency and mask [N, W] → [N, L, D]."""
        memory = self.key_value(tokens)[episode]
        memory = memory + self.recency.weight.to(memory.dtype)[recency]
        key, value = (split_heads(part, self.heads) for part in memory.chunk(2, dim=-1))
        query = split_heads(self.query(rows), self.heads)
        mixed = attention(query, key, value, mask[:, None, None, :])
        return rms_norm(rows + self.out(merge_heads(mixed)))


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
        self.choice_row = nn.Linear(E, D)
        self.choice_slot = nn.Linear(E, D, bias=False)
        self.choice_features = nn.Linear(CHOICE_FLAGS, D)
        self.reads = nn.ModuleList(TokenAttention(D, config.heads) for _ in range(config.reads))
        self.mixes = nn.ModuleList(Block(D, config.heads, 2) for _ in range(max(0, config.reads - 1)))
        self.net = Net(D, config.layers, config.heads)
        self.y_start = nn.Parameter(torch.randn(D) * 0.02)
        self.z_start = nn.Parameter(torch.randn(D) * 0.02)
        self.heads = Heads(config)
        self.feedback = Feedback(D)

    def forward(self, batch: Batch, steps: int | None = None) -> Iterator[Answer]:
        """Answer step by step.

        Args:
            batch: See `features.collate`.
            steps: Supervision steps; default as configured. The plain control takes one.

        Yields:
            The answer after each step; the carried y and z are detached between steps.
        """
        config = self.config
        question = self.embed(batch)
        if config.plain:
            yield self.heads(self.net(question.x, mask=question.mask), question)
            return
        y = self.y_start.to(question.x.dtype).expand_as(question.x)
        z = self.z_start.to(question.x.dtype).expand_as(question.x)
        answer: Answer | None = None
        for _ in range(steps or config.supervision_steps):
            if answer is not None:
                y, z = y.detach(), z.detach()
                if config.feedback:
                    y = y + self.feedback(answer, question)
            y, z = deep_recursion(self.net, question.x, y, z, config.n, config.T, question.mask)
            answer = self.heads(y, question)
            yield answer

    def embed(self, batch: Batch) -> Question:
        """Lay out the rows of x and let them read the conversation."""
        episode = batch.episode
        tokens = self.reader(batch)
        token_mask = visible_tokens(batch)
        token_mask = token_mask | ~token_mask.any(-1, keepdim=True)
        recency = recency_bucket(message_age(batch))
        slots, choices = self._slot_rows(batch), self._choice_rows(batch)
        tool_state = torch.cat([batch.tool_features[episode], batch.tool_flags], dim=-1)
        tools = self.tool_row(self.dropout(batch.tool_vectors))[episode] + self.tool_features(tool_state)
        recent, recent_mask, last_role = self._message_rows(batch)
        N = len(episode)
        decide = self.decide_row + self.last_role(last_role)[:, None]
        rows = torch.cat([decide, recent, self.no_tool_row.expand(N, 1, -1), tools, slots[episode]], dim=1)
        mask = torch.cat(
            [
                torch.ones_like(recent_mask[:, :1]),
                recent_mask,
                torch.ones_like(recent_mask[:, :1]),
                batch.tool_mask[episode],
                batch.slot_mask[episode],
            ],
            dim=1,
        )
        L = rows.shape[1]
        rows = rms_norm(torch.cat([rows, choices[episode] + self.choice_features(batch.choice_flags)], dim=1))
        for i, read in enumerate(self.reads):
            rows = read(rows, tokens, episode, recency, token_mask)
            if i == 0:
                rows, choices = rows[:, :L], rows[:, L:]
            if i < len(self.mixes):
                rows = self.mixes[i](rows, mask[:, None, None, :])
        choice_of = choice_membership(batch)
        return Question(
            x=rows,
            mask=mask,
            tokens=tokens[episode],
            token_mask=token_mask,
            recency=recency,
            choices=choices,
            choice_of=choice_of,
            required=batch.required[episode],
            tool_mask=batch.tool_mask[episode],
            slot_mask=batch.slot_mask[episode],
            tool_state=tool_state,
            closed=choice_of.any(-1),
            choice_flags=batch.choice_flags,
        )

    def _slot_rows(self, batch: Batch) -> Tensor:
        """What a slot is: its own text, the mean text of the tools that read it, its declaration; [B, S, D]."""
        readers = (batch.required | batch.optional).to(batch.tool_vectors.dtype).transpose(1, 2)
        owners = readers @ batch.tool_vectors / readers.sum(-1, keepdim=True).clamp(min=1)
        vectors = self.slot_row(self.dropout(batch.slot_vectors)) + self.slot_tool(self.dropout(owners))
        return vectors + self.slot_features(batch.slot_features)

    def _choice_rows(self, batch: Batch) -> Tensor:
        """[B, C, D]."""
        index = batch.choice_slot[..., None].expand(-1, -1, batch.slot_vectors.shape[-1])
        slots = torch.gather(batch.slot_vectors, 1, index)
        return self.choice_row(self.dropout(batch.choice_vectors)) + self.choice_slot(slots)

    def _message_rows(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Rows of the most recent messages [N, R, D], which of them exist [N, R], the last message's role [N]."""
        ages = torch.arange(RECENT_MESSAGES, device=batch.visible.device)
        position = batch.visible[:, None] - 1 - ages
        index = position.clamp(min=0)
        vectors = self.message_row(self.dropout(batch.message_vectors))
        rows = vectors[batch.episode[:, None], index]
        roles = batch.roles[batch.episode[:, None], index]
        rows = rows + self.message_role(roles) + self.message_age.weight[None]
        return rows, position >= 0, roles[:, 0]


class Heads(nn.Module):
    """y → answer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D = config.width
        self.span_tokens = config.span_tokens
        self.tool = nn.Linear(D, 1)
        self.tool_match = nn.Linear(D, D, bias=False)
        self.op = nn.Linear(D, 3)
        self.start_query, self.end_query = nn.Linear(D, D), nn.Linear(D, D)
        self.token_keys = nn.Linear(D, 2 * D, bias=False)
        self.start_recency, self.end_recency = nn.Embedding(RECENCY_BUCKETS, D), nn.Embedding(RECENCY_BUCKETS, D)
        self.length = nn.Parameter(torch.zeros(config.span_tokens))
        self.choice_query = nn.Linear(D, D)
        self.choice_bias = nn.Linear(D + CHOICE_FLAGS, 1)
        self.decision = nn.Sequential(nn.Linear(2 * D + READINESS, D), nn.SiLU(), nn.Linear(D, 2))
        self.halt = nn.Linear(D, 1)
        nn.init.constant_(self.halt.bias, -5.0)

    def forward(self, y: Tensor, question: Question) -> Answer:
        """Read every head off y [N, L, D]."""
        K, S = question.tool_mask.shape[1], question.slot_mask.shape[1]
        decide, slots = y[:, 0], y[:, -S:]
        tools = y[:, -S - K - 1 : -S]
        scale = y.shape[-1] ** -0.5
        tool = self.tool(tools).squeeze(-1) + (tools @ self.tool_match(decide)[..., None]).squeeze(-1) * scale
        tool = tool.float().masked_fill(~F.pad(question.tool_mask, (1, 0), value=True), NEVER)
        op = self.op(slots).float()
        chosen = tool.softmax(-1)
        ready = readiness(op, chosen, question)
        about = (chosen.to(tools.dtype)[:, None] @ tools).squeeze(1)
        start_key, end_key = self.token_keys(question.tokens).chunk(2, dim=-1)
        return Answer(
            decision=self.decision(torch.cat([decide, about, ready.to(decide.dtype)], dim=-1)).float(),
            tool=tool,
            op=op,
            start=self._point(self.start_query(slots), start_key, self.start_recency, question) * scale,
            end=self._point(self.end_query(slots), end_key, self.end_recency, question) * scale,
            length=self.length,
            choice=self._choose(slots, question),
            halt=self.halt(decide).squeeze(-1).float(),
        )

    def _point(self, query: Tensor, key: Tensor, recency: nn.Embedding, question: Question) -> Tensor:
        """Scores of every token for every slot, [N, S, W]."""
        scores = query @ key.transpose(1, 2)
        by_age = query @ recency.weight.to(query.dtype).T
        index = question.recency[:, None].expand(-1, query.shape[1], -1)
        scores = (scores + torch.gather(by_age, 2, index)).float()
        return scores.masked_fill(~question.token_mask[:, None], NEVER)

    def _choose(self, slots: Tensor, question: Question) -> Tensor:
        """Scores of every choice for the slot it belongs to, [N, C]."""
        owner = question.choice_of.to(slots.dtype)
        query = owner.transpose(1, 2) @ self.choice_query(slots)
        match = (query * question.choices).sum(-1) * slots.shape[-1] ** -0.5
        flags = torch.cat([question.choices, question.choice_flags.to(question.choices.dtype)], dim=-1)
        return (match + self.choice_bias(flags).squeeze(-1)).float()


READINESS = 6


def readiness(op: Tensor, chosen: Tensor, question: Question) -> Tensor:
    """How ready the tools are that may be meant: what the decision reads beside y.

    Args:
        op: Slot operation logits, [N, S, 3].
        chosen: Probability of no tool and of each tool, [N, 1 + K].
        question: For which slots a tool requires, and its state.

    Returns:
        Expected over the tools: log P(all required filled), lowest P(filled), nothing required, called since the
        last user message, read-only; and P(no tool); [N, 6].
    """
    everything, lowest = tool_readiness(op, question)
    state = question.tool_state
    facts = torch.stack([everything, lowest, state[..., 2], state[..., TOOL_FEATURES], state[..., 1]], dim=-1)
    return torch.cat([(chosen[:, 1:, None] * facts).sum(1), chosen[:, :1]], dim=-1)


def tool_readiness(op: Tensor, question: Question) -> tuple[Tensor, Tensor]:
    """Per tool: log P(every required slot is filled), floored, and the lowest P(filled); [N, K] each."""
    empty = op.softmax(-1)[..., EMPTY]
    log_filled = torch.log1p(-empty.clamp(max=0.999))
    needed = question.required & question.slot_mask[:, None]
    everything = (needed * log_filled[:, None]).sum(-1).clamp(min=-6)
    lowest = torch.where(needed, 1 - empty[:, None], 1.0).amin(-1)
    return everything, lowest


class Feedback(nn.Module):
    """The current answer → what is added to y before the next supervision step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.op = nn.Linear(3, width)
        self.value = nn.Linear(width, width, bias=False)
        self.tool = nn.Linear(4, width)
        self.decision = nn.Linear(3, width)

    def forward(self, answer: Answer, question: Question) -> Tensor:
        """[N, L, D]; no gradient flows into the answer."""
        with torch.no_grad():
            op, chosen = answer.op.softmax(-1), answer.tool.softmax(-1)
            tokens, dtype = question.tokens, question.x.dtype
            pointed = (answer.start.softmax(-1) + answer.end.softmax(-1)).to(tokens.dtype) @ tokens / 2
            scores = answer.choice[:, None].masked_fill(~question.choice_of, NEVER)
            picked = scores.softmax(-1).to(question.choices.dtype) @ question.choices
            value = torch.where(question.closed[..., None], picked, pointed) * op[..., FILLED, None].to(tokens.dtype)
            everything, lowest = tool_readiness(answer.op, question)
            tools = torch.stack(
                [chosen[:, 1:], everything, lowest, answer.decision.softmax(-1)[:, 1:] * chosen[:, 1:]], dim=-1
            )
            decision = torch.cat([answer.decision.softmax(-1), chosen[:, :1]], dim=-1)
        slot_rows = self.op(op) + self.value(value)
        tool_rows = self.tool(tools)
        out = torch.zeros_like(question.x)
        S, K = slot_rows.shape[1], tool_rows.shape[1]
        out[:, 0] = self.decision(decision).to(dtype)
        out[:, -S:] = slot_rows.to(dtype)
        out[:, -S - K : -S] = tool_rows.to(dtype)
        return out


def message_age(batch: Batch) -> Tensor:
    """How many messages ago each token was said, seen from each point; negative for what is yet to come; [N, W]."""
    return (batch.visible[:, None] - 1) - batch.token_message[batch.episode]


def visible_tokens(batch: Batch) -> Tensor:
    """The tokens each point sees, [N, W]."""
    return batch.token_mask[batch.episode] & (message_age(batch) >= 0)


def choice_membership(batch: Batch) -> Tensor:
    """Whether a choice belongs to a slot, [N, S, C]."""
    slots = torch.arange(batch.slot_mask.shape[1], device=batch.choice_slot.device)
    return ((batch.choice_slot[:, None] == slots[None, :, None]) & batch.choice_mask[:, None])[batch.episode]


def recency_bucket(age: Tensor) -> Tensor:
    """Messages ago → bucket: 0 to 9 exact, then ever coarser."""
    far = 10 + torch.log2((age.clamp(min=10).float()) / 10) * 2
    return torch.where(age < 10, age.clamp(min=0), far.long()).clamp(max=RECENCY_BUCKETS - 1)


def rotary(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of rotary positions, [length, width] each."""
    frequency = 1000.0 ** (-torch.arange(0, width, 2, device=device) / width)
    angle = torch.arange(length, device=device)[:, None] * frequency
    return torch.cat([angle.cos()] * 2, dim=-1), torch.cat([angle.sin()] * 2, dim=-1)


def rotate(hidden: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn queries or keys [B, heads, W, width] by their position."""
    first, second = hidden.chunk(2, dim=-1)
    return hidden * turn[0] + torch.cat([-second, first], dim=-1) * turn[1]
