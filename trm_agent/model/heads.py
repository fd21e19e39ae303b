"""y → answer, and the answer → what goes back into y.

Rows of y: DECIDE · recent messages · NO TOOL · a row per tool · a row per slot.

B episodes · N decision points · W tokens ·
K tools · S slots · C choices · L rows · D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.features.batch import RECENCY_BUCKETS
from trm_agent.features.flags import CHOICE_FLAGS
from trm_agent.features.likeness import SLOT_CHANNELS
from trm_agent.features.shapes import PIECES
from trm_agent.features.tools import TOOL_FEATURES
from trm_agent.model.answers import EMPTY, FILLED, Answer, Question
from trm_agent.model.config import ModelConfig
from trm_agent.model.nearness import Nearness
from trm_agent.model.reader import NEVER, View, zero
from trm_agent.types import SPEECH_ACTS

READINESS = 6


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
        self.calls = nn.Linear(2 * D + READINESS, config.most_calls)
        self.halt = nn.Linear(D, 1)
        nn.init.constant_(self.halt.bias, -5.0)
        with torch.no_grad():  # nearly every call comes alone
            self.calls.bias[0] += 4.0
        self.like = zero(nn.Linear(D, 2 * SLOT_CHANNELS)) if config.likeness else None
        self.piece = zero(nn.Linear(D, len(PIECES))) if config.pieces else None
        self.act: nn.Module | None = None
        if config.speech_acts:
            self.act = nn.Sequential(nn.Linear(2 * D, D), nn.SiLU(), nn.Linear(D, len(SPEECH_ACTS)))
            self.act_decision = zero(nn.Linear(len(SPEECH_ACTS), 2))
        self.near: Nearness | None = None
        if config.nearness and not config.plain:
            with torch.random.fork_rng(devices=[]):  # what is drawn after it is as without it
                self.near = Nearness(D)

    def forward(self, y: Tensor, question: Question, before: Answer | None = None) -> Answer:
        """Read every head off y.

        Args:
            y: [N, L, D].
            question: What is answered.
            before: The answer of the supervision step before, if there was one.
        """
        K, S = question.tool_mask.shape[1], question.slot_mask.shape[1]
        decide, slots = y[:, 0], y[:, -S:]
        tools = y[:, -S - K - 1 : -S]
        scale = y.shape[-1] ** -0.5
        tool = self.tool(tools).squeeze(-1) + (tools @ self.tool_match(decide)[..., None]).squeeze(-1) * scale
        tool = tool.float().masked_fill(~F.pad(question.tool_mask, (1, 0), value=True), NEVER)
        op = self.op(slots).float()
        start_key, end_key = self.token_keys(question.tokens).chunk(2, dim=-1)
        start_like, end_like = self._alike(slots, question)
        start = self._point(self.start_query(slots), start_key, self.start_recency, question.view) + start_like
        end = self._point(self.end_query(slots), end_key, self.end_recency, question.view) + end_like
        if self.near is not None and before is not None:
            start_near, end_near, op_near = self.near(slots, before, question)
            start, end, op = start + start_near, end + end_near, op + op_near
        chosen = tool.softmax(-1)
        ready = readiness(op, chosen, question)
        about = (chosen.to(tools.dtype)[:, None] @ tools).squeeze(1)
        outlook = torch.cat([decide, about, ready.to(decide.dtype)], dim=-1)
        decision = self.decision(outlook)
        acts = y.new_zeros(len(y), 0)
        if self.act is not None:
            acts = self.act(torch.cat([decide, y[:, 1]], dim=-1)).float()
            decision = decision + self.act_decision(acts.softmax(-1).to(decision.dtype))
        return Answer(
            decision=decision.float(),
            tool=tool,
            op=op,
            start=start,
            end=end,
            length=self.length,
            choice=self._choose(slots, question),
            halt=self.halt(decide).squeeze(-1).float(),
            calls=self.calls(outlook).float(),
            outlook=outlook,
            y=y,
            pieces=slots.new_zeros(*slots.shape[:2], 0) if self.piece is None else self.piece(slots).float(),
            acts=acts,
        )

    def _alike(self, slots: Tensor, question: Question) -> tuple[Tensor | float, Tensor | float]:
        """What likeness adds to starts and ends, as each slot weighs it; [N, S, W] each."""
        if self.like is None:
            return 0.0, 0.0
        weights = self.like(slots).unflatten(-1, (2, SLOT_CHANNELS))
        weighed = question.view.by_episode(weights)
        both = torch.einsum("bpstc,bswc->bptsw", weighed.float(), question.likeness.float())
        start, end = question.view.by_point(both).unbind(1)
        return start, end

    def _point(self, query: Tensor, key: Tensor, recency: nn.Embedding, view: View) -> Tensor:
        """Scores of every token for every slot, [N, S, W]."""
        query = query * query.shape[-1] ** -0.5
        return view.scores(query, key, query @ recency.weight.to(query.dtype).T).float()

    def _choose(self, slots: Tensor, question: Question) -> Tensor:
        """Scores of every choice for the slot it belongs to, [N, C]."""
        owner = question.choice_of.to(slots.dtype)
        query = owner.transpose(1, 2) @ self.choice_query(slots)
        match = (query * question.choices).sum(-1) * slots.shape[-1] ** -0.5
        flags = torch.cat([question.choices, question.choice_flags.to(question.choices.dtype)], dim=-1)
        return (match + self.choice_bias(flags).squeeze(-1)).float()


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
            weights = (answer.start.softmax(-1) + answer.end.softmax(-1)).to(tokens.dtype) / 2
            pointed = question.view.mix(weights, tokens)
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
        S, K, L = slot_rows.shape[1], tool_rows.shape[1], question.x.shape[1]
        nothing = question.x.new_zeros(len(question.x), L - 1 - K - S, question.x.shape[-1])
        rows = [self.decision(decision)[:, None].to(dtype), nothing, tool_rows.to(dtype), slot_rows.to(dtype)]
        return torch.cat(rows, dim=1)
