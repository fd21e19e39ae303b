"""A packed layer says what the layer says that it was made from, and is that layer to everything that saves it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trm_agent.encoder import packed_linear
from trm_agent.encoder.packed_linear import LEAST_WORK, PackedLinear, can_pack, packed
from trm_agent.testing import tiny_model

needs_packing = pytest.mark.skipif(not can_pack(torch.float32), reason="this CPU or torch packs no weights")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(128, 256), nn.SiLU(), nn.Sequential(nn.Linear(256, 128, bias=False)), nn.Linear(128, 2)
    )


@needs_packing
@pytest.mark.parametrize("shape", [(1, 128), (LEAST_WORK // (128 * 256), 128), (3, 40, 128), (2, 0, 128)])
def test_a_packed_network_says_what_it_said(shape: tuple[int, ...]) -> None:
    plain = network().eval().requires_grad_(False)
    fast = packed(plain)
    rows = torch.randn(shape)
    with torch.inference_mode():
        torch.testing.assert_close(fast(rows), plain(rows), atol=1e-5, rtol=1e-5)
        parts = torch.randn(80, 256).chunk(2, dim=-1)[1]
        torch.testing.assert_close(fast(parts), plain(parts), atol=1e-5, rtol=1e-5)


@needs_packing
def test_only_large_layers_of_a_copy_are_packed_and_parameters_are_shared() -> None:
    plain = network()
    fast = packed(plain)
    assert [type(module) is PackedLinear for module in (fast[0], fast[2][0], fast[3])] == [True, True, False]
    assert not any(isinstance(module, PackedLinear) for module in plain.modules())
    assert list(fast.state_dict()) == list(plain.state_dict())
    assert all(one is other for one, other in zip(fast.parameters(), plain.parameters(), strict=True))
    assert packed(fast) is fast


@needs_packing
def test_a_packed_layer_still_has_gradients() -> None:
    fast = packed(network())
    fast(torch.randn(40, 128)).sum().backward()
    assert fast[0].weight.grad is not None


def test_what_has_nothing_to_pack_stays_the_very_model() -> None:
    model = tiny_model()
    assert packed(model) is model


def test_where_packing_does_not_work_layers_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_linear, "can_pack", lambda dtype: False)
    plain = network()
    assert packed(plain) is plain
    can_pack.cache_clear()
    monkeypatch.setattr(packed_linear.platform, "machine", lambda: "riscv64")
    assert not can_pack(torch.float32)
    can_pack.cache_clear()
