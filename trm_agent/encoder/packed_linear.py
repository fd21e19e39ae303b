"""Linear layers whose weights are also laid out for oneDNN, once: the same sums, up to three times as fast on CPUs.

For inference in float32 or bfloat16 on x86 CPUs; anywhere else layers stay as they are. What is packed is a copy that
shares its parameters with the model it was made from: names and shapes stay, training it would not be seen.
"""

from __future__ import annotations

import copy
import platform
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST = 1 << 15
"""Weights of fewer entries stay as they are: there the call itself is the cost."""
LEAST_WORK = 1 << 21
"""Less than so many products are made the usual way, for the same reason."""
_USUAL_ROWS = 64
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.05}
_Module = TypeVar("_Module", bound=nn.Module)


class PackedLinear(nn.Linear):
    """A linear layer that shares its parameters with another and, for inference, holds them packed beside."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _USUAL_ROWS)

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_grad_enabled() or input.dtype != self.weight.dtype:
            return F.linear(input, self.weight, self.bias)
        if input.numel() * self.out_features < LEAST_WORK:
            return F.linear(input, self.weight, self.bias)
        return torch.ops.mkldnn._linear_pointwise(input, self._packed, self.bias, "none", [], "")


def packed(model: _Module) -> _Module:
    """A copy of a frozen model for inference, sharing its parameters; the model itself if nothing is to be packed."""
    modules = list(model.modules())
    if any(isinstance(module, PackedLinear) for module in modules) or not any(map(_worth_it, modules)):
        return model
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    out = copy.deepcopy(model, dict(shared))
    pack_linears(out)
    return out


def pack_linears(module: nn.Module) -> int:
    """Pack the linear layers inside a module in place.

    Returns:
        How many were packed.
    """
    count = 0
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear) and _worth_it(child):
            setattr(module, name, PackedLinear(child))
            count += 1
        else:
            count += pack_linears(child)
    return count


def _worth_it(module: nn.Module) -> bool:
    if type(module) is not nn.Linear or module.weight.device.type != "cpu" or module.weight.numel() < SMALLEST:
        return False
    return can_pack(module.weight.dtype)


@cache
def can_pack(dtype: torch.dtype) -> bool:
    """Whether packed layers work here and say what unpacked ones say; tried out once."""
    if platform.machine().lower() not in ("x86_64", "amd64") or dtype not in _TOLERANCE:
        return False
    generator = torch.Generator().manual_seed(0)
    weight, bias, rows = (torch.rand(size, generator=generator) - 0.5 for size in ((96, 64), (96,), (2, 17, 64)))
    linear = nn.Linear(64, 96, device="meta")
    linear.weight, linear.bias = nn.Parameter(weight.to(dtype), False), nn.Parameter(bias.to(dtype), False)
    try:
        with torch.inference_mode():
            found, expected = PackedLinear(linear)(rows.to(dtype)), linear(rows.to(dtype))
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.allclose(found.float(), expected.float(), atol=_TOLERANCE[dtype])
