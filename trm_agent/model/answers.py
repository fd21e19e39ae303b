"""What the heads look things up in and what they say: the question of all supervision steps, the answer of one.

B episodes · N decision points · W tokens ·
K tools · S slots · C choices · L rows · D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trm_agent.features.batch import RECENT_MESSAGES, Batch
from trm_agent.model.reader import View

EMPTY, FILLED, DONTCARE_OP = 0, 1, 2


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
        calls: How many calls, if any: 1, 2, … and the last for that many or more; [N, most_calls].
        outlook: What the decision is read off: DECIDE row, row of the meant tool, readiness; [N, 2 D + 6].
        y: The rows themselves, [N, L, D].
        pieces: Added for spans that are a likely value of each kind, [N, S, 12]; without kinds where they are not read.
        acts: What the user does with the turn, [N, 10]; empty where it is not asked.
    """

    decision: Tensor
    tool: Tensor
    op: Tensor
    start: Tensor
    end: Tensor
    length: Tensor
    choice: Tensor
    halt: Tensor
    calls: Tensor
    outlook: Tensor
    y: Tensor
    pieces: Tensor
    acts: Tensor


@dataclass(frozen=True)
class Question:
    """x and what the heads look things up in; computed once for all supervision steps.

    Attributes:
        x: [N, L, D].
        mask: [N, L].
        tokens: Read token vectors of each episode, [B, W, D].
        view: What each point sees of them.
        choices: [N, C, D].
        choice_of: Whether a choice belongs to a slot, [N, S, C].
        required: [N, K, S].
        reads: Which slots a tool has, required or not; [N, K, S].
        messages: First and one-past-last token of the message of each token, [B, W] each.
        tool_mask: [N, K].
        slot_mask: [N, S].
        tool_state: Declared features and flags of each tool, [N, K, 13].
        closed: Whether the slot has choices, [N, S].
        choice_flags: [N, C, 8].
        likeness: How like tokens are to the words of slots, [B, S, W, 16].
    """

    x: Tensor
    mask: Tensor
    tokens: Tensor
    view: View
    choices: Tensor
    choice_of: Tensor
    required: Tensor
    reads: Tensor
    messages: tuple[Tensor, Tensor]
    tool_mask: Tensor
    slot_mask: Tensor
    tool_state: Tensor
    closed: Tensor
    choice_flags: Tensor
    likeness: Tensor

    @classmethod
    def of(cls, batch: Batch, x: Tensor, choices: Tensor, tokens: Tensor, view: View) -> Question:
        """What a batch says beside its rows x."""
        episode, choice_of = batch.episode, choice_membership(batch)
        return cls(
            x=x,
            mask=row_mask(batch),
            tokens=tokens,
            view=view,
            choices=choices,
            choice_of=choice_of,
            required=batch.required[episode],
            reads=(batch.required | batch.optional)[episode],
            messages=message_edges(batch.token_message, batch.token_mask),
            tool_mask=batch.tool_mask[episode],
            slot_mask=batch.slot_mask[episode],
            tool_state=torch.cat([batch.tool_features[episode], batch.tool_flags], dim=-1),
            closed=choice_of.any(-1),
            choice_flags=batch.choice_flags,
            likeness=batch.slot_likeness,
        )


def row_mask(batch: Batch) -> Tensor:
    """Which rows are real, [N, L]."""
    recent = batch.visible[:, None] > torch.arange(RECENT_MESSAGES, device=batch.visible.device)
    always = torch.ones_like(recent[:, :1])
    parts = [always, recent, always, batch.tool_mask[batch.episode], batch.slot_mask[batch.episode]]
    return torch.cat(parts, dim=1)


def choice_membership(batch: Batch) -> Tensor:
    """Whether a choice belongs to a slot, [N, S, C]."""
    slots = torch.arange(batch.slot_mask.shape[1], device=batch.choice_slot.device)
    return ((batch.choice_slot[:, None] == slots[None, :, None]) & batch.choice_mask[:, None])[batch.episode]


def message_edges(token_message: Tensor, token_mask: Tensor) -> tuple[Tensor, Tensor]:
    """First and one-past-last token of the message that each token stands in, [B, W] each."""
    other, own, real = token_message[:, None], token_message[:, :, None], token_mask[:, None]
    return ((other < own) & real).sum(-1), ((other <= own) & real).sum(-1)
