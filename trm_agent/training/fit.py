"""One loop for what is learned beside the router: the heads and the decoder of its words.

The router's own loop is written out in `recipes/train_router.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from trm_agent.log import logger
from trm_agent.log import progress as progress_bar
from trm_agent.training.ema import EMA
from trm_agent.training.optimizer import Schedule, make_optimizer

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Fit:
    """How long and how fast.

    Attributes:
        steps: Updates; a twentieth of them warms the learning rate up.
        lr: Highest learning rate.
        what: What is learned, for progress and log.
        ema: Decay of the average that is returned.
        log_every: Updates between two lines of the log.
    """

    steps: int
    lr: float
    what: str
    ema: float = 0.99
    log_every: int = 250


def fit(model: M, loss_at: Callable[[int], Tensor], how: Fit) -> M:
    """Minimise the loss of each step; the averaged copy, in evaluation mode and without gradients.

    Args:
        model: Is trained in place.
        loss_at: Step, from 0 → a scalar.
        how: Length and pace.
    """
    optimizer, ema = make_optimizer(model), EMA(model, how.ema)
    schedule = Schedule(how.lr, max(1, how.steps // 20), how.steps)
    model.train()
    for step in progress_bar(range(how.steps), f"learning {how.what}", how.steps):
        loss = loss_at(step)
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(model)
        if (step + 1) % how.log_every == 0 or step + 1 == how.steps:
            logger.info("step %d/%d  %s: loss %.3f", step + 1, how.steps, how.what, float(loss.detach()))
    averaged = copy.deepcopy(model)
    ema.copy_to(averaged)
    averaged.eval()
    averaged.requires_grad_(requires_grad=False)
    return averaged
