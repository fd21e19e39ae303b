"""Sizes of the network: what a checkpoint's `config.json` keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LATER = ("shapes", "likeness", "pieces", "speech_acts", "marks", "nearness")
"""Inputs that the first checkpoints do not have."""


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
        shapes: Whether tokens know how they are written.
        likeness: Whether tokens know how like they are to the words of tools and slots, and slots read their own words.
        pieces: Whether slots weigh kinds of likely values (quotations, codes, numbers with units, …).
        speech_acts: Whether the decision reads what the user does with a turn (asks, refuses, reports, …).
        marks: Whether tokens know that an earlier call of the turn took them up, see `one_at_a_time`.
        nearness: Whether a slot knows what stands around the places at which the others of its call point.
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
    span_tokens: int = 20
    most_calls: int = 4
    dropout: float = 0.1
    shapes: bool = True
    likeness: bool = True
    pieces: bool = True
    speech_acts: bool = True
    marks: bool = True
    nearness: bool = True
    relevance_floor: float = 0.2

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width must be a multiple of twice the heads, got width {self.width} and {self.heads} heads"
            )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelConfig:
        """Sizes as a checkpoint keeps them; what it does not know of, it does without."""
        return cls(**dict.fromkeys(LATER, False) | dict(data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
