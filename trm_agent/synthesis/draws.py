"""Drawing wordings: the two questions that everything that phrases something asks its generator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """A generator of random numbers with the two draws that wordings need."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pick(self, options: Sequence[Item]) -> Item:
        """One of the options, each as likely as it is often named."""
        return self.rng.choice(options)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p
