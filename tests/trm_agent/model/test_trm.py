"""The recursion is the paper's: values and gradients equal a plain loop written from the pseudocode."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.model.trm import Attention, Block, Net, attention, deep_recursion, latent_recursion, rms_norm


class Doubling(nn.Module):
    """A net for hand arithmetic: twice the sum of its parts."""

    def forward(self, *parts: Tensor, mask: Tensor | None = None) -> Tensor:
        return 2 * sum(parts[1:], start=parts[0])


def scalar(value: float) -> Tensor:
    return torch.full((1, 1, 1), value)


def test_latent_recursion_refines_z_n_times_and_then_y_once_by_hand() -> None:
    # z: 2(1+1+0)=4, then 2(1+1+4)=12; y: 2(1+12)=26.
    y, z = latent_recursion(Doubling(), scalar(1), scalar(1), scalar(0), n=2)
    assert (y.item(), z.item()) == (26, 12)


def test_the_answer_is_refined_without_looking_at_the_question() -> None:
    calls: list[int] = []

    class Counting(Doubling):
        def forward(self, *parts: Tensor, mask: Tensor | None = None) -> Tensor:
            calls.append(len(parts))
            return super().forward(*parts, mask=mask)

    latent_recursion(Counting(), scalar(1), scalar(1), scalar(1), n=3)  # type: ignore[arg-type]
    assert calls == [3, 3, 3, 2]


def pseudocode(net: Net, x: Tensor, y: Tensor, z: Tensor, n: int, T: int) -> tuple[Tensor, Tensor]:
    """The paper's figure, as a flat loop."""
    for j in range(T):
        with torch.set_grad_enabled(j == T - 1):
            for _ in range(n):
                z = net(x, y, z)
            y = net(y, z)
    return y, z


@pytest.mark.parametrize(("n", "T"), [(1, 1), (2, 3), (6, 3)])
def test_deep_recursion_equals_a_plain_loop_in_values_and_gradients(n: int, T: int) -> None:
    torch.manual_seed(0)
    net = Net(16, layers=2, heads=2)
    x, y, z = (torch.randn(2, 5, 16) for _ in range(3))
    gradients = []
    for recursion in (pseudocode, deep_recursion):
        net.zero_grad()
        out_y, out_z = recursion(net, x, y, z, n, T)
        (out_y.square().mean() + out_z.mean()).backward()
        gradients.append((out_y.detach(), out_z.detach(), [p.grad.clone() for p in net.parameters()]))
    (y1, z1, grads1), (y2, z2, grads2) = gradients
    torch.testing.assert_close(y1, y2, rtol=0, atol=1e-6)
    torch.testing.assert_close(z1, z2, rtol=0, atol=1e-6)
    for left, right in zip(grads1, grads2, strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=1e-6)


def test_only_the_last_of_T_recursions_carries_gradient() -> None:
    graded: list[bool] = []

    class Watching(Doubling):
        def forward(self, *parts: Tensor, mask: Tensor | None = None) -> Tensor:
            graded.append(torch.is_grad_enabled())
            return super().forward(*parts, mask=mask)

    deep_recursion(Watching(), scalar(1), scalar(1), scalar(1), n=2, T=3)  # type: ignore[arg-type]
    assert graded == [False] * 6 + [True] * 3


def test_the_order_of_the_rows_does_not_matter() -> None:
    torch.manual_seed(0)
    net = Net(16, layers=2, heads=2)
    x = torch.randn(1, 6, 16)
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    torch.testing.assert_close(net(x)[:, order], net(x[:, order]), rtol=0, atol=1e-5)


def test_masked_rows_change_nothing_for_the_others() -> None:
    torch.manual_seed(0)
    net = Net(16, layers=2, heads=2)
    x = torch.randn(1, 4, 16)
    padded = torch.cat([x, torch.randn(1, 3, 16) * 9], dim=1)
    mask = torch.tensor([[True] * 4 + [False] * 3])
    torch.testing.assert_close(net(padded, mask=mask)[:, :4], net(x), rtol=0, atol=1e-5)


def test_attention_written_out_equals_the_fused_kernel() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 5, 8, requires_grad=True) for _ in range(3))
    attend = torch.rand(2, 1, 1, 5) > 0.3
    attend[..., 0] = True
    written = attention(query, key, value, attend)
    fused = F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
    torch.testing.assert_close(written, fused, rtol=0, atol=1e-5)


def test_rms_norm_has_unit_mean_square_by_hand() -> None:
    out = rms_norm(torch.tensor([[3.0, 4.0]]))
    torch.testing.assert_close(out, torch.tensor([[3.0, 4.0]]) / (12.5**0.5), rtol=1e-4, atol=0)


def test_a_block_normalises_after_each_residual_sum() -> None:
    torch.manual_seed(0)
    block = Block(8, heads=2)
    out = block(torch.randn(1, 3, 8) * 50, None)
    torch.testing.assert_close(out.square().mean(-1), torch.ones(1, 3), rtol=0, atol=1e-3)
    assert isinstance(block.attention, Attention)
    assert all(parameter.ndim == 2 for parameter in block.parameters()), "no biases, no learned norm scales"
