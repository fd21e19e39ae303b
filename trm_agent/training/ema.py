"""The exponential moving average of the weights: what is evaluated and shipped."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EMA:
    """Keeps `average ← decay · average + (1 − decay) · weight` for every parameter.

    The decay is warmed up as (1 + step) / (10 + step), so that early weights do not weigh on a short run.

    Args:
        model: Whose parameters to follow.
        decay: Share kept at each update once warm.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.step = 0
        self.average = {name: value.detach().clone().float() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take one step towards the model's weights."""
        self.step += 1
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        values = model.state_dict()
        # All at once: one by one, each of a hundred small tensors is a launch of its own on a GPU.
        torch._foreach_lerp_(list(self.average.values()), [values[name].float() for name in self.average], 1 - decay)

    def copy_to(self, model: nn.Module) -> None:
        """Overwrite the model's weights with the average."""
        model.load_state_dict(self.average)

    def state_dict(self) -> dict[str, Tensor | int]:
        return {"step": self.step, **self.average}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.step = int(state["step"])
        for name, value in self.average.items():
            value.copy_(state[name])
