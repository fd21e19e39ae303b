"""What the network's last answer says: probabilities and the best spans, as arrays.

N decision points · S slots · W tokens.
"""

from __future__ import annotations

import numpy as np
import torch

from trm_agent.model.answers import Answer
from trm_agent.model.graphs import SPAN_CANDIDATES
from trm_agent.model.reader import NEVER
from trm_agent.model.spans import Scope, span_scores


def read_answer(answer: Answer, scope: Scope) -> dict[str, np.ndarray]:
    """Logits → probabilities and the best spans of every slot, as arrays."""
    N, S, _ = answer.start.shape
    allowed = scope.allowed(torch.arange(N))[:, None].expand(-1, S, -1, -1)
    scores = span_scores(
        answer.start.flatten(0, 1), answer.end.flatten(0, 1), answer.length.float(), allowed.flatten(0, 1)
    )
    scores = scores + scope.piece_scores(answer.pieces.flatten(0, 1), torch.arange(N).repeat_interleave(S))
    joint = scores.flatten(1).softmax(-1)
    best = joint.topk(min(SPAN_CANDIDATES, joint.shape[-1]), dim=-1)
    size = scores.shape[-1]
    choice = answer.choice[:, None].masked_fill(~scope.choice_of, NEVER).softmax(-1)
    return {
        "decision": answer.decision.softmax(-1).numpy(),
        "tool": answer.tool.softmax(-1).numpy(),
        "op": answer.op.softmax(-1).numpy(),
        "choice": choice.numpy(),
        "halt": answer.halt.sigmoid().numpy(),
        "calls": answer.calls.softmax(-1).numpy(),
        "acts": answer.acts.softmax(-1).numpy(),
        "span": best.values.view(N, S, -1).numpy(),
        "start": (best.indices // size).view(N, S, -1).numpy(),
        "length": (best.indices % size).view(N, S, -1).numpy(),
    }
