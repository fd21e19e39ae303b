"""An answer against its gold labels → one loss per objective, logged apart."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trm_agent.model.answers import Answer
from trm_agent.model.reader import NEVER
from trm_agent.model.spans import Scope, span_scores
from trm_agent.training.targets import IGNORE, Targets

LOSS_WEIGHTS = {
    "decision": 1.0,
    "tool": 1.0,
    "op": 0.45,
    "span": 0.4,
    "choice": 0.45,
    "calls": 0.3,
    "halt": 0.1,
    "act": 0.3,
}


def losses(answer: Answer, targets: Targets, scope: Scope) -> dict[str, Tensor]:
    """One loss per objective, unweighted, and `halt` against whether the whole answer is right.

    Args:
        answer: Of one supervision step.
        targets: Gold labels.
        scope: Of the batch.
    """
    N = len(targets.decision)
    q, s = targets.span_slot.unbind(-1)
    scores = span_scores(answer.start[q, s], answer.end[q, s], answer.length.float(), scope.allowed(q))
    scores = (scores + scope.piece_scores(answer.pieces[q, s], q)).flatten(1)
    right = targets.spans.flatten(1)
    span = (scores.logsumexp(-1) - scores.masked_fill(~right, NEVER).logsumexp(-1)) * targets.span_weight
    n, slot = targets.choice_slot.unbind(-1)
    picks = answer.choice[n].masked_fill(~scope.choice_of[n, slot], NEVER)
    choice = F.cross_entropy(picks, targets.choice, reduction="none") * targets.choice_weight
    whole = _whole_right(
        answer,
        targets,
        (targets.span_slot, right.gather(1, scores.argmax(-1, keepdim=True)).squeeze(-1)),
        (targets.choice_slot, picks.argmax(-1) == targets.choice),
    )
    parts = {
        "decision": F.cross_entropy(answer.decision, targets.decision, ignore_index=IGNORE, reduction="sum") / N,
        "tool": F.cross_entropy(answer.tool, targets.tool, reduction="sum") / N,
        "op": F.cross_entropy(answer.op.flatten(0, 1), targets.op.flatten(), ignore_index=IGNORE, reduction="sum") / N,
        "span": span.sum() / N,
        "choice": choice.sum() / N,
        "calls": F.cross_entropy(answer.calls, targets.calls, ignore_index=IGNORE, reduction="sum") / N,
        "halt": F.binary_cross_entropy_with_logits(answer.halt, whole),
    }
    if answer.acts.shape[-1]:
        parts["act"] = F.cross_entropy(answer.acts, targets.act, ignore_index=IGNORE, reduction="sum") / N
    return parts


def total(parts: dict[str, Tensor]) -> Tensor:
    """The weighted sum that is minimised."""
    return torch.stack([LOSS_WEIGHTS[name] * part for name, part in parts.items()]).sum()


@torch.no_grad()
def _whole_right(
    answer: Answer, targets: Targets, spans: tuple[Tensor, Tensor], picks: tuple[Tensor, Tensor]
) -> Tensor:
    """Whether decision, tool and every slot are right, float [N]; of several values of a slot, one is enough."""
    right = (answer.decision.argmax(-1) == targets.decision) | (targets.decision == IGNORE)
    meant = targets.tool.gather(1, answer.tool.argmax(-1, keepdim=True)).squeeze(-1)
    right &= (meant > 0) | (targets.tool.sum(-1) == 0)
    right &= (answer.calls.argmax(-1) == targets.calls) | (targets.calls == IGNORE)
    right &= ((answer.op.argmax(-1) == targets.op) | (targets.op == IGNORE)).all(-1)
    for slots, ok in (spans, picks):
        found = torch.zeros_like(targets.op, dtype=torch.bool).index_put(
            (slots[:, 0], slots[:, 1]), ok, accumulate=True
        )
        asked = torch.zeros_like(found).index_put((slots[:, 0], slots[:, 1]), torch.ones_like(ok), accumulate=True)
        right = right & (found | ~asked).all(-1)
    return right.float()
