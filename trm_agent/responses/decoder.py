"""The decoder: a TRM over what the router thinks, the fields that can be copied, and the words so far.

Rows of x: DECIDE · the meant tool · the latest message · what is missing · that message's vector · a row per field ·
a row per word so far. The first two kinds see each other; a word sees them and the words up to itself. The same
2-layer net as the router's is applied again and again; after every supervision step the words that it expects go back
into y. The next word is one of the lexicon or a field, which stands for its value.

N answers · F fields · P rows before the words · W words · V lexicon · D width · A width of the answer state ·
E encoder width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.model.heads import READINESS
from trm_agent.model.trm import Block, Net, attention, deep_recursion, merge_heads, rms_norm, split_heads
from trm_agent.responses.candidates import FEATURES

SITUATION = 5
"""Rows that tell of the point itself."""
_NEVER = -1e4


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes.

    Attributes:
        router_width: D of the router.
        encoder_width: E.
        words: V.
        width: D.
        layers: Blocks of the net.
        heads: Attention heads.
        n: Latent steps of a recursion.
        T: Recursions of a supervision step.
        supervision_steps: N_sup.
        longest: Most words of an answer, W.
        dropout: In training.
    """

    router_width: int
    encoder_width: int
    words: int
    width: int = 128
    layers: int = 2
    heads: int = 4
    n: int = 1
    T: int = 1
    supervision_steps: int = 2
    longest: int = 120
    dropout: float = 0.1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Ground:
    """What answers are worded from.

    Attributes:
        state: The router's answer states, [N, A].
        after: What came before: a user message, a result, an empty one; [N].
        names: Vectors of the fields' names, [N, F, E].
        features: [N, F, `FEATURES`].
        copied: Fields that may be copied, bool [N, F].
        real: Fields that are no padding, bool [N, F].
    """

    state: Tensor
    after: Tensor
    names: Tensor
    features: Tensor
    copied: Tensor
    real: Tensor


class Decoder(nn.Module):
    """The network; `forward` yields the logits of the next words after each supervision step."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        D, R, E = config.width, config.router_width, config.encoder_width
        self.dropout = nn.Dropout(config.dropout)
        self.decide = nn.Linear(R + READINESS, D)
        self.tool, self.message, self.asked = nn.Linear(R, D), nn.Linear(R, D), nn.Linear(R, D)
        self.said = nn.Linear(E, D)
        self.after = nn.Embedding(3, D)
        self.kind = nn.Parameter(torch.randn(SITUATION, D) * 0.02)
        self.name = nn.Linear(E, D)
        self.features = nn.Linear(FEATURES, D)
        self.words = nn.Embedding(config.words, D)
        self.place = nn.Embedding(config.longest, D)
        self.copied = nn.Parameter(torch.randn(D) * 0.02)
        self.net = Net(D, config.layers, config.heads)
        self.y_start = nn.Parameter(torch.randn(D) * 0.02)
        self.z_start = nn.Parameter(torch.randn(D) * 0.02)
        self.word_bias = nn.Parameter(torch.zeros(config.words))
        self.copy_query, self.copy_key = nn.Linear(D, D), nn.Linear(D, D, bias=False)
        self.feedback = nn.Linear(D, D, bias=False)
        nn.init.normal_(self.words.weight, std=0.02)
        nn.init.normal_(self.place.weight, std=0.02)

    def forward(self, ground: Ground, said: Tensor) -> Iterator[Tensor]:
        """What comes after each word, step by step.

        Args:
            ground: What the answers are worded from.
            said: The end, then the words so far; from V on the fields' places; [N, W].

        Yields:
            Logits of the words, then of the fields, [N, W, V + F]; carried y and z are detached between steps.
        """
        rows = self.rows(ground)
        x = torch.cat([rows, self.word_rows(said, rows[:, SITUATION:])], dim=1)
        mask = causal_mask(ground.real, said.shape[1])
        P = rows.shape[1]
        y, z = self.start(x)
        logits: Tensor | None = None
        for _ in range(self.config.supervision_steps):
            if logits is not None:
                y, z = y.detach() + F.pad(self.expected(logits, x[:, SITUATION:P]), (0, 0, P, 0)), z.detach()
            y, z = deep_recursion(self.net, x, y, z, self.config.n, self.config.T, mask)
            logits = self.read(y[:, P:], y[:, SITUATION:P], ground.copied)
            yield logits

    def rows(self, ground: Ground) -> Tensor:
        """The rows before the words, [N, P, D]."""
        R, E = self.config.router_width, self.config.encoder_width
        decide, tool, readiness, message, asked, said = ground.state.split([R, R, READINESS, R, R, E], dim=-1)
        told = [
            self.decide(torch.cat([decide, readiness], dim=-1)) + self.after(ground.after),
            self.tool(tool),
            self.message(message),
            self.asked(asked),
            self.said(said),
        ]
        fields = self.name(ground.names) + self.features(ground.features)
        return self.dropout(rms_norm(torch.cat([torch.stack(told, dim=1) + self.kind, fields], dim=1)))

    def word_rows(self, said: Tensor, fields: Tensor, first: int = 0) -> Tensor:
        """Rows of words [N, W] that begin at place `first`; a copied field's row is its own, marked; [N, W, D]."""
        V = self.config.words
        words = self.words(said.clamp(max=V - 1))
        if fields.shape[1]:
            index = (said - V).clamp(min=0)[..., None].expand(-1, -1, fields.shape[-1])
            copied = 0.02 * torch.gather(fields, 1, index) + self.copied
            words = torch.where((said >= V)[..., None], copied, words)
        return self.dropout(rms_norm(words + self.place.weight[first : first + said.shape[1]]))

    def start(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first y and z, like x."""
        return self.y_start.expand_as(x), self.z_start.expand_as(x)

    def read(self, y: Tensor, fields: Tensor, copied: Tensor) -> Tensor:
        """Logits of the next words, and of the fields [N, F, D] that may be copied [N, F]; [N, W, V + F]."""
        words = y @ self.words.weight.T + self.word_bias
        copy = self.copy_query(y) @ self.copy_key(fields).transpose(1, 2) * y.shape[-1] ** -0.5
        return torch.cat([words, copy.masked_fill(~copied[:, None], _NEVER)], dim=-1)

    def expected(self, logits: Tensor, fields: Tensor) -> Tensor:
        """What goes back into y: the mean row of the words and fields [N, F, D] that are expected; [N, W, D]."""
        V = self.config.words
        expected = logits.detach().softmax(-1)
        return self.feedback(rms_norm(expected[..., :V] @ self.words.weight + 0.02 * (expected[..., V:] @ fields)))


class Speech:
    """One answer, word by word: what is said is read once, and remembered.

    Args:
        decoder: In evaluation mode.
        ground: Of one answer, without padding.
    """

    def __init__(self, decoder: Decoder, ground: Ground) -> None:
        self.decoder = decoder
        self.copied = ground.copied
        self.length = 0
        self._net = _RememberingNet(decoder.net)
        rows = decoder.rows(ground)
        self._fields = rows[:, SITUATION:]
        y, z = decoder.start(rows)
        self._keys: list[Tensor] = []
        for _ in range(decoder.config.supervision_steps):
            y, z = deep_recursion(self._net, rows, y, z, decoder.config.n, decoder.config.T)  # type: ignore[arg-type]
            self._keys.append(y[:, SITUATION:])

    def after(self, word: int) -> Tensor:
        """Logits of what comes after one more word, [V + F]."""
        decoder = self.decoder
        x = decoder.word_rows(torch.tensor([[word]]), self._fields, self.length)
        self.length += 1
        self._net.begin()
        y, z = decoder.start(x)
        logits = torch.zeros(0)
        for step, keys in enumerate(self._keys):
            if step:
                y = y + decoder.expected(logits, self._fields)
            y, z = deep_recursion(self._net, x, y, z, decoder.config.n, decoder.config.T)  # type: ignore[arg-type]
            logits = decoder.read(y, keys, self.copied)
        return logits[0, 0]


class _RememberingNet:
    """The net for rows that come one after the other: keys and values of each application are kept.

    Every row sees all rows before it, as under `causal_mask`.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._at = 0

    def begin(self) -> None:
        """More rows follow."""
        self._at = 0

    def __call__(self, *parts: Tensor, mask: Tensor | None = None) -> Tensor:
        hidden = sum(parts[1:], start=parts[0])
        for block in self.net.blocks:
            assert isinstance(block, Block)
            heads = block.attention.heads
            query, key, value = (split_heads(part, heads) for part in block.attention.qkv(hidden).chunk(3, dim=-1))
            key, value = self._joined(key, value)
            attended = block.attention.out(merge_heads(attention(query, key, value, None)))
            hidden = rms_norm(hidden + attended)
            hidden = rms_norm(hidden + block.mlp(hidden))
        return hidden

    def _joined(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        if self._at == len(self._kept):
            self._kept.append((key, value))
        else:
            before = self._kept[self._at]
            self._kept[self._at] = torch.cat([before[0], key], dim=2), torch.cat([before[1], value], dim=2)
        self._at += 1
        return self._kept[self._at - 1]


def causal_mask(real: Tensor, words: int) -> Tensor:
    """Who is attended to by whom: bool [N, P + W, P + W].

    Args:
        real: Fields that are no padding, [N, F].
        words: W.
    """
    before = F.pad(real, (SITUATION, 0), value=True)
    P = before.shape[1]
    seen = before[:, None].expand(-1, P + words, -1)
    later = torch.ones(words, words, dtype=torch.bool, device=real.device).tril()
    later = F.pad(later, (0, 0, P, 0)).expand(len(real), -1, -1)
    return torch.cat([seen, later], dim=-1)


def word_loss(logits: Iterator[Tensor], gold: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the gold words, summed over the supervision steps.

    Args:
        logits: Of every step, [N, W, V + F].
        gold: The next word; −100 where there is none; [N, W].

    Returns:
        The sum, and the last step's alone.
    """
    losses = [F.cross_entropy(step.flatten(0, 1), gold.flatten(), ignore_index=-100) for step in logits]
    return torch.stack(losses).sum(), losses[-1].detach()
