"""When to stop recursing: each decision point keeps its own last answer, and the net stops when all have stopped.

A point has stopped when the halting head is sure enough that the whole answer is right, or when the answer no longer
changes from one supervision step to the next. What it answers does not depend on which points are answered beside it.
The head itself is in `heads`.

N decision points · K tools · S slots · W tokens · C choices.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from trm_agent.features.batch import Batch
    from trm_agent.model.answers import Answer


@dataclass(frozen=True)
class Halting:
    """What makes a point stop before the last supervision step; by default nothing does.

    Attributes:
        threshold: Probability that the halting head must give, in [0, 1]; None: it has no say.
        unchanged: Whether a point stops when decision, tool, calls, slot operations and values are what they were
            a step before.
    """

    threshold: float | None = None
    unchanged: bool = False

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"the halting threshold is a probability in [0, 1], got {self.threshold}")

    def last(self, answers: Iterable[Answer], batch: Batch) -> tuple[Answer, list[int]]:
        """Take answers until every point has stopped.

        Args:
            answers: One each supervision step, at least one; taken as needed.
            batch: What is answered.

        Returns:
            Every point's last answer, and how many supervision steps it took.
        """
        import torch

        N = len(batch.episode)
        steps = torch.zeros(N, dtype=torch.long, device=batch.episode.device)
        running = steps == 0
        kept: Answer | None = None
        before: Tensor | None = None
        for answer in answers:
            steps = steps + running
            kept = answer if kept is None else _where(running, answer, kept)
            if self.threshold is not None:
                running = running & (answer.halt.sigmoid() < self.threshold)
            if self.unchanged:
                now = outline(answer, batch)
                if before is not None:
                    running = running & (now != before).any(-1)
                before = now
            if not running.any():
                break
        assert kept is not None, "a model answers at least once"
        return kept, steps.tolist()


def outline(answer: Answer, batch: Batch) -> Tensor:
    """What an answer comes down to: the most probable of everything, values only of filled slots; int [N, 3 + 4 S]."""
    import torch

    from trm_agent.model.answers import FILLED, choice_membership
    from trm_agent.model.reader import NEVER

    op = answer.op.argmax(-1)
    real = batch.slot_mask[batch.episode]
    filled = (op == FILLED) & real
    choice_of = choice_membership(batch)
    choice = answer.choice[:, None].masked_fill(~choice_of, NEVER)
    chosen = choice.argmax(-1) if choice.shape[-1] else torch.zeros_like(op)
    closed = choice_of.any(-1)
    open_slots = filled & ~closed
    heads = [answer.decision.argmax(-1), answer.tool.argmax(-1), answer.calls.argmax(-1)]
    return torch.cat(
        [
            torch.stack(heads, dim=-1),
            torch.where(real, op, -1),
            torch.where(filled & closed, chosen, -1),
            torch.where(open_slots, answer.start.argmax(-1), -1),
            torch.where(open_slots, answer.end.argmax(-1), -1),
        ],
        dim=-1,
    )


def _where(running: Tensor, new: Answer, old: Answer) -> Answer:
    """The new answer for the points that still ran, the old one for the others."""
    import torch

    def pick(name: str) -> Tensor:
        one, other = getattr(new, name), getattr(old, name)
        return one if name == "length" else torch.where(running.view(-1, *[1] * (one.ndim - 1)), one, other)

    return type(new)(**{field.name: pick(field.name) for field in fields(new)})
