"""The TRM core: one small net, applied again and again (Jolicoeur-Martineau 2025, arXiv 2510.04871, fig. 3).

x embedded question [B, L, D] · y answer [B, L, D] · z latent [B, L, D] · n latent steps · T recursions, of which
only the last carries gradient. Nothing here knows about tools or slots.

    latent recursion     n times  z ← net(x + y + z),  then  y ← net(y + z)
    deep recursion       T − 1 times the latent recursion without gradient, then once with
    supervision step     deep recursion; the heads read y; the next step starts from y and z, without their gradient

The two recursions come first, the network and its layers after them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def latent_recursion(
    net: Net, x: Tensor, y: Tensor, z: Tensor, n: int, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Refine the latent `n` times, then the answer once.

    Args:
        net: The one shared network.
        x: Embedded question, [B, L, D].
        y: Current answer, [B, L, D].
        z: Current latent, [B, L, D].
        n: Latent steps.
        mask: True where a row is real, [B, L]; or by which row it may be attended to, [B, L, L].

    Returns:
        The new `y` and `z`, both [B, L, D].
    """
    for _ in range(n):
        z = net(x, y, z, mask=mask)
    y = net(y, z, mask=mask)
    return y, z


def deep_recursion(
    net: Net, x: Tensor, y: Tensor, z: Tensor, n: int, T: int, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Recurse T−1 times without gradient, then once with.

    Args:
        net: The one shared network.
        x: Embedded question, [B, L, D].
        y: Current answer, [B, L, D].
        z: Current latent, [B, L, D].
        n: Latent steps of each recursion.
        T: Recursions.
        mask: True where a row is real, [B, L]; or by which row it may be attended to, [B, L, L].

    Returns:
        The new `y` and `z`, both [B, L, D], with gradient through the last recursion only. Heads read `y`; a next
        supervision step starts from both, detached.
    """
    with torch.no_grad():
        for _ in range(T - 1):
            y, z = latent_recursion(net, x, y, z, n, mask)
    return latent_recursion(net, x, y, z, n, mask)


class Net(nn.Module):
    """The one shared network: post-norm blocks of non-causal attention and SwiGLU over the sum of what it is given."""

    def __init__(self, width: int, layers: int, heads: int, expansion: float = 8 / 3) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, expansion) for _ in range(layers))

    def forward(self, *parts: Tensor, mask: Tensor | None = None) -> Tensor:
        """Sum `parts` ([B, L, D] each) and apply the blocks.

        Args:
            *parts: x, y and z to refine the latent; y and z to refine the answer.
            mask: True where a row may be attended to, [B, L]; or by which row, [B, L, L].

        Returns:
            [B, L, D].
        """
        hidden = sum(parts[1:], start=parts[0])
        attend = None if mask is None else mask[:, None, None, :] if mask.ndim == 2 else mask[:, None]
        for block in self.blocks:
            hidden = block(hidden, attend)
        return hidden


class Block(nn.Module):
    """Attention, then SwiGLU, each followed by the residual sum and RMSNorm."""

    def __init__(self, width: int, heads: int, expansion: float = 8 / 3) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.mlp = SwiGLU(width, expansion)

    def forward(self, hidden: Tensor, attend: Tensor | None) -> Tensor:
        """[B, L, D] → [B, L, D]; `attend` broadcasts to [B, heads, L, L]."""
        hidden = rms_norm(hidden + self.attention(hidden, attend))
        return rms_norm(hidden + self.mlp(hidden))


class Attention(nn.Module):
    """Multi-head self-attention without bias and without position: rows are told apart by what they hold."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, hidden: Tensor, attend: Tensor | None) -> Tensor:
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(hidden).chunk(3, dim=-1))
        return self.out(merge_heads(attention(query, key, value, attend)))


class SwiGLU(nn.Module):
    """Gated feed-forward layer without bias."""

    def __init__(self, width: int, expansion: float) -> None:
        super().__init__()
        inner = -(-int(width * expansion) // 32) * 32
        self.gate_up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        gate, up = self.gate_up(hidden).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


def attention(query: Tensor, key: Tensor, value: Tensor, attend: Tensor | None) -> Tensor:
    """Scaled dot-product attention, [B, heads, L, d] against [B, heads, W, d].

    On the CPU the fused kernel's backward pass is several times slower than the same thing written out, so it is
    written out where gradients are wanted.
    """
    if query.is_cuda or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    if attend is not None:
        scores = scores.masked_fill(~attend, -1e4)
    return scores.softmax(-1).to(value.dtype) @ value


def rms_norm(hidden: Tensor, eps: float = 1e-5) -> Tensor:
    """RMSNorm without a learned scale, as in the paper's reference; [..., D] → [..., D]."""
    return F.rms_norm(hidden, hidden.shape[-1:], eps=eps)


def split_heads(hidden: Tensor, heads: int) -> Tensor:
    """[B, L, D] → [B, heads, L, D / heads]."""
    return hidden.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(hidden: Tensor) -> Tensor:
    """[B, heads, L, D / heads] → [B, L, D]."""
    return hidden.transpose(1, 2).flatten(2)
