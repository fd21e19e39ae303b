"""Weights on the way from one checkpoint to another.

A short run on a few logs goes too far in what it learns and loses some of what was known. The mean of both ends is
better than either, again and again (docs/log.md).
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch

from trm_agent.checkpoint import Checkpoint
from trm_agent.errors import CheckpointError


def between(start: Checkpoint, end: Checkpoint, share: float) -> Checkpoint:
    """A checkpoint so far on the way: every parameter, `start` + `share` · (`end` − `start`).

    All else is `end`'s, but the calibration, which is `start`'s: it counts until another is fitted.

    Args:
        start: Share 0.
        end: Share 1, trained from `start`.
        share: In [0, 1].

    Raises:
        CheckpointError: They differ in their parameters or their encoder.
    """
    first, last = start.model.state_dict(), end.model.state_dict()
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in (first, last)]
    if shapes[0] != shapes[1] or start.encoder_fingerprint != end.encoder_fingerprint:
        raise CheckpointError("there is no way between checkpoints that differ in their parameters or their encoder")
    model = copy.deepcopy(end.model)
    assert isinstance(model, torch.nn.Module)
    model.load_state_dict({name: torch.lerp(first[name].float(), last[name].float(), share) for name in last})
    return replace(end, model=model.eval(), calibration=start.calibration, weights_sha256="")
