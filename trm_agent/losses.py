"""Gold labels → tensors, and an answer against them → one loss per objective, logged apart.

N decision points · W tokens · S slots · C choices · Q filled open slots with their value in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trm_agent.data.episodes import Episode
from trm_agent.features import Batch, Conversation, ToolTable
from trm_agent.model import DONTCARE_OP, EMPTY, FILLED, NEVER, Answer, choice_membership, visible_tokens
from trm_agent.types import DONTCARE
from trm_agent.values import normalise

IGNORE = -100


@dataclass(frozen=True)
class Targets:
    """Gold labels of the decision points of a batch.

    Attributes:
        decision: 0 direct answer, 1 tool call, `IGNORE`; [N].
        tool: 0 no tool, then the tools; `IGNORE`; [N].
        op: Empty, filled, don't care; `IGNORE` beyond the slots; [N, S].
        choice: Index into the batch's choices for each slot; `IGNORE`; [N, S].
        span_slot: Point and slot of each filled open slot whose value stands in the text, [Q, 2].
        spans: Whether start and length give a right value, [Q, W, span_tokens].
    """

    decision: Tensor
    tool: Tensor
    op: Tensor
    choice: Tensor
    span_slot: Tensor
    spans: Tensor

    def to(self, device: torch.device | str) -> Targets:
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})


LOSS_WEIGHTS = {"decision": 1.0, "tool": 1.0, "op": 0.3, "span": 0.25, "choice": 0.3, "halt": 0.1}


@dataclass(frozen=True)
class Scope:
    """What a batch's answers are scored within; computed once for all supervision steps.

    Attributes:
        choice_of: Whether a choice belongs to a slot, [N, S, C].
        legal: Spans of whole words inside one message, [N, W, span_tokens].
        token_mask: Tokens each point sees, [N, W].
    """

    choice_of: Tensor
    legal: Tensor
    token_mask: Tensor

    @classmethod
    def of(cls, batch: Batch, span_tokens: int) -> Scope:
        legal = legal_spans(batch.word_start, batch.word_end, batch.token_message, batch.token_mask, span_tokens)
        return cls(choice_membership(batch), legal[batch.episode], visible_tokens(batch))


def build_targets(
    items: Sequence[tuple[Episode, ToolTable, Conversation]], tokens: int, slots: int, span_tokens: int
) -> Targets:
    """Label a batch of episodes.

    Args:
        items: In the batch's order.
        tokens: W, the batch's padded length.
        slots: S, likewise.
        span_tokens: Longest span.
    """
    decision: list[int] = []
    tool: list[int] = []
    ops: list[np.ndarray] = []
    choices: list[np.ndarray] = []
    span_slot: list[tuple[int, int]] = []
    spans: list[list[tuple[int, int]]] = []
    for episode, table, talk in items:
        names = {t.name: k + 1 for k, t in enumerate(table.tools)}
        finder = SpanFinder(talk, span_tokens)
        closed = [[normalise(c) for c in slot.parameter.choices] for slot in table.slots]
        first = np.cumsum([0, *(len(c) for c in closed)])
        for point in episode.points:
            n = len(decision)
            decision.append(IGNORE if point.decision is None else int(point.decision == "tool_call"))
            tool.append((names.get(point.intent, IGNORE) if point.intent else 0) if point.intent_known else IGNORE)
            op, choice = np.full(slots, IGNORE), np.full(slots, IGNORE)
            for s, slot in enumerate(table.slots):
                values = point.slots.get(slot.key)
                if point.known is not None and slot.key not in point.known:
                    continue
                op[s] = EMPTY if values is None else DONTCARE_OP if values[0] == DONTCARE else FILLED
                if op[s] != FILLED or values is None:
                    continue
                if closed[s]:
                    index = next((closed[s].index(v) for v in map(normalise, values) if v in closed[s]), None)
                    choice[s] = IGNORE if index is None else first[s] + index
                elif found := finder.find(values, point.messages):
                    span_slot.append((n, s))
                    spans.append(found)
            ops.append(op)
            choices.append(choice)
    positive = np.zeros((len(spans), tokens, span_tokens), bool)
    for q, found in enumerate(spans):
        for start, length in found:
            positive[q, start, length] = True
    return Targets(
        decision=torch.tensor(decision),
        tool=torch.tensor(tool),
        op=torch.from_numpy(np.stack(ops)),
        choice=torch.from_numpy(np.stack(choices)),
        span_slot=torch.tensor(span_slot, dtype=torch.long).reshape(-1, 2),
        spans=torch.from_numpy(positive),
    )


class SpanFinder:
    """Finds where the accepted wordings of a value stand in a conversation, as token spans."""

    def __init__(self, talk: Conversation, span_tokens: int) -> None:
        self.talk = talk
        self.span_tokens = span_tokens
        self.texts = [message.text.lower() for message in talk.messages]
        self.first = np.searchsorted(talk.token_message, np.arange(len(self.texts) + 1))
        self._known: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def find(self, values: Sequence[object], visible: int) -> list[tuple[int, int]]:
        """(start token, length − 1) of every mention in the first `visible` messages.

        What people and assistant said goes before what calls and results restate.
        """
        wordings = [str(value).lower() for value in values if str(value).strip()]
        said: list[tuple[int, int]] = []
        restated: list[tuple[int, int]] = []
        for m in range(visible):
            target = restated if self.talk.messages[m].role.startswith("tool") else said
            for wording in wordings:
                target.extend(self._in_message(wording, m))
        return said or restated

    def _in_message(self, wording: str, m: int) -> list[tuple[int, int]]:
        key = (wording, m)
        if key not in self._known:
            self._known[key] = list(self._search(wording, m))
        return self._known[key]

    def _search(self, wording: str, m: int) -> list[tuple[int, int]]:
        talk, text = self.talk, self.texts[m]
        lo, hi = int(self.first[m]), int(self.first[m + 1])
        spans = talk.token_spans[lo:hi]
        out = []
        at = text.find(wording)
        while at >= 0:
            start = int(np.searchsorted(spans[:, 0], at))
            end = int(np.searchsorted(spans[:, 1], at + len(wording)))
            if start < len(spans) and end < len(spans) and spans[start, 0] == at and spans[end, 1] == at + len(wording):
                length = end - start
                fits = 0 <= length < self.span_tokens
                if fits and talk.word_start[lo + start] and talk.word_end[lo + end]:
                    out.append((lo + start, length))
            at = text.find(wording, at + 1)
        return out


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


def losses(answer: Answer, targets: Targets, scope: Scope) -> dict[str, Tensor]:
    """One loss per objective, unweighted, and `halt` against whether the whole answer is right.

    Args:
        answer: Of one supervision step.
        targets: Gold labels.
        scope: Of the batch.
    """
    N = len(targets.decision)
    q, s = targets.span_slot.unbind(-1)
    allowed = scope.legal[q] & scope.token_mask[q][..., None]
    scores = span_scores(answer.start[q, s], answer.end[q, s], answer.length.float(), allowed).flatten(1)
    right = targets.spans.flatten(1)
    span = scores.logsumexp(-1) - scores.masked_fill(~right, NEVER).logsumexp(-1)
    n, slot = (targets.choice != IGNORE).nonzero(as_tuple=True)
    picks = answer.choice[n].masked_fill(~scope.choice_of[n, slot], NEVER)
    gold = targets.choice[n, slot]
    whole = _whole_right(
        answer,
        targets,
        (q, right.gather(1, scores.argmax(-1, keepdim=True)).squeeze(-1)),
        (n, picks.argmax(-1) == gold),
    )
    return {
        "decision": F.cross_entropy(answer.decision, targets.decision, ignore_index=IGNORE, reduction="sum") / N,
        "tool": F.cross_entropy(answer.tool, targets.tool, ignore_index=IGNORE, reduction="sum") / N,
        "op": F.cross_entropy(answer.op.flatten(0, 1), targets.op.flatten(), ignore_index=IGNORE, reduction="sum") / N,
        "span": span.sum() / N,
        "choice": F.cross_entropy(picks, gold, reduction="sum") / N if len(n) else picks.sum() * 0,
        "halt": F.binary_cross_entropy_with_logits(answer.halt, whole),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """The weighted sum that is minimised."""
    return torch.stack([LOSS_WEIGHTS[name] * part for name, part in parts.items()]).sum()


@torch.no_grad()
def _whole_right(
    answer: Answer, targets: Targets, spans: tuple[Tensor, Tensor], picks: tuple[Tensor, Tensor]
) -> Tensor:
    """Whether decision, tool and every slot are right, float [N]."""
    right = (answer.decision.argmax(-1) == targets.decision) | (targets.decision == IGNORE)
    right &= (answer.tool.argmax(-1) == targets.tool) | (targets.tool == IGNORE)
    right &= ((answer.op.argmax(-1) == targets.op) | (targets.op == IGNORE)).all(-1)
    for points, ok in (spans, picks):
        right = right & (torch.zeros_like(right, dtype=torch.float).index_add(0, points, (~ok).float()) == 0)
    return right.float()
