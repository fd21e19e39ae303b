"""The moving average follows the weights by the rule its docstring gives."""

from __future__ import annotations

import torch
from torch import nn

from trm_agent.training.ema import EMA


def set_weight(model: nn.Linear, value: float) -> None:
    with torch.no_grad():
        model.weight.fill_(value)


def test_the_average_moves_by_hand_arithmetic() -> None:
    model = nn.Linear(1, 1, bias=False)
    set_weight(model, 0.0)
    ema = EMA(model, decay=0.5)
    set_weight(model, 1.0)
    ema.update(model)  # warm-up: decay (1+1)/(10+1) = 2/11, so the average becomes 9/11
    torch.testing.assert_close(ema.average["weight"], torch.tensor([[9 / 11]]))
    ema.update(model)  # decay 3/12 = 1/4: 9/11 · 1/4 + 3/4
    torch.testing.assert_close(ema.average["weight"], torch.tensor([[9 / 44 + 3 / 4]]))


def test_the_decay_is_reached_once_warm() -> None:
    model = nn.Linear(1, 1, bias=False)
    ema = EMA(model, decay=0.5)
    ema.step = 1000
    set_weight(model, 0.0)
    ema.average["weight"].fill_(1.0)
    ema.update(model)
    assert ema.average["weight"].item() == 0.5


def test_copying_gives_the_model_the_average_and_a_round_trip_keeps_it() -> None:
    model = nn.Linear(2, 2)
    ema = EMA(model, decay=0.9)
    set_weight(model, 3.0)
    ema.update(model)
    other = EMA(nn.Linear(2, 2), decay=0.9)
    other.load_state_dict({k: torch.as_tensor(v) for k, v in ema.state_dict().items()})
    other.copy_to(model)
    torch.testing.assert_close(model.weight, ema.average["weight"])
    assert other.step == 1
