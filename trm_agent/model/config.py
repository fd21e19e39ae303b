"""Sizes of the network: what a checkpoint's `config.json` keeps of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network.

    Attributes:
        encoder_width: E, read off the encoder.
        width: D.
        layers: Blocks of the shared net.
        heads: Attention heads everywhere.
        n: Latent steps of a recursion.
        T: Recursions of a supervision step; only the last carries gradient.
        supervision_steps: N_sup, in training and at most when answering.
        plain: The control without recursion: the net is applied once, there is one supervision step.
        feedback: Whether the answer goes back into y between supervision steps.
        carry: Whether what y was at the decision point before, after the first step, goes into y as well.
        reader_layers: Trainable layers over the frozen token vectors.
        reads: Rounds in which the rows attend to the tokens.
        span_tokens: Longest span, in tokens.
        most_calls: Calls of one turn that are told apart; the last class is that many or more.
        dropout: On the frozen vectors, in training.
        relevance_floor: Cosine below which no user message so far has to do with any tool ("Hi there!"); depends on
            encoder and language, so training sets it below what its own calls need.
    """

    encoder_width: int = 384
    width: int = 128
    layers: int = 2
    heads: int = 4
    n: int = 1
    T: int = 1
    supervision_steps: int = 2
    plain: bool = False
    feedback: bool = True
    carry: bool = False
    reader_layers: int = 2
    reads: int = 3
    span_tokens: int = 12
    most_calls: int = 4
    dropout: float = 0.1
    relevance_floor: float = 0.2

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width must be a multiple of twice the heads, got width {self.width} and {self.heads} heads"
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
