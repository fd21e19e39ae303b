"""Which of the known values the next answer should state: learned from what answers of the data stated.

Names are seen as sentence vectors and by where their values come from, never by identity, so that fields of services
that were never seen are judged too.

N decision points · P fields · A width of the answer state · E encoder width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_agent.responses.facts import Facts
from trm_agent.responses.fields import MARKS, Fields, plain, stands
from trm_agent.values import normalise

TELL = 0.25
"""Probability from which stating a value speaks for an answer of the bank."""
ADD = 0.04
"""Probability from which a value that the answer leaves out is told beside it."""


@dataclass(frozen=True)
class Wanted:
    """What should be told at a point; names that hold the same text stand for one value.

    Attributes:
        sure: Value in comparison form → probability that it should be told.
        value_of: Name → its value in comparison form.
        wordings: Value in comparison form → how it may stand in a text, in lower case.
        names: Name → probability that its value should be told.
    """

    sure: Mapping[str, float]
    value_of: Mapping[str, str]
    wordings: Mapping[str, tuple[str, ...]]
    names: Mapping[str, float]

    @classmethod
    def of(cls, names: Sequence[str], sure: np.ndarray, facts: Facts) -> Wanted:
        """From the probability of each name."""
        by_value: dict[str, float] = {}
        wordings: dict[str, tuple[str, ...]] = {}
        value_of = {name: normalise(facts[name][0]) for name in names}
        for name, probability in zip(names, sure.tolist(), strict=True):
            value = value_of[name]
            by_value[value] = max(probability, by_value.get(value, 0.0))
            wordings[value] = (*wordings.get(value, ()), *map(plain, facts[name]))
        return cls(by_value, value_of, wordings, dict(zip(names, sure.tolist(), strict=True)))

    def agreement(self, names: Sequence[str]) -> float:
        """How well these names state what should be told, −1 to 1."""
        told = {self.value_of[name] for name in names if name in self.value_of}
        most = self.most
        gained = sum(self.sure[value] - TELL for value in told)
        missed = most - sum(max(self.sure[value] - TELL, 0.0) for value in told)
        return min(1.0, max(-1.0, (gained - missed) / max(most, 0.5)))

    @cached_property
    def most(self) -> float:
        """By how much all that should be told is more probable than `TELL`, summed."""
        return sum(p - TELL for p in self.sure.values() if p > TELL)

    def left(self, text: str, least: float = ADD) -> list[str]:
        """Names of what should be told and does not stand in a text, each value once, the surest first.

        Args:
            text: An answer.
            least: Probability from which a value should be told.
        """
        plain = text.casefold()
        found: dict[str, str] = {}
        for name, probability in sorted(self.names.items(), key=lambda pair: -pair[1]):
            value = self.value_of[name]
            if probability >= least and value not in found and not any(stands(w, plain) for w in self.wordings[value]):
                found[value] = name
        return list(found.values())


@dataclass(frozen=True)
class TellingConfig:
    """Sizes.

    Attributes:
        state: A.
        encoder_width: E.
        hidden: Width of the hidden layer.
        marks: What it is told of a field beside its name.
    """

    state: int
    encoder_width: int
    hidden: int = 128
    marks: int = MARKS


class TellingHead(nn.Module):
    """Answer state × field → whether the answer should state the field's value.

    Args:
        config: Sizes.
        dropout: Of its inputs and hidden layer, in training.
        nameless: Share of the fields whose name it does not see in training, so that it learns to do without.
    """

    def __init__(self, config: TellingConfig, dropout: float = 0.4, nameless: float = 0.3) -> None:
        super().__init__()
        self.config = config
        self.nameless = nameless
        self.norm = nn.LayerNorm(config.state)
        self.state = nn.Linear(config.state, config.hidden)
        self.name = nn.Linear(config.encoder_width, config.hidden)
        self.marks = nn.Linear(config.marks + 1, config.hidden)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(2 * config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, 1)

    def forward(self, state: Tensor, names: Tensor, marks: Tensor) -> Tensor:
        """Logits of fields, [P].

        Args:
            state: Answer state of each field's point, [P, A], or [1, A] where it is one point's.
            names: Vectors of their names, [P, E].
            marks: As of `Fields`, [P, MARKS].
        """
        if self.training:
            names = names * (torch.rand(len(names), 1) >= self.nameless)
        near = (names * state[:, -self.config.encoder_width :]).sum(-1, keepdim=True)
        point, name = self.state(self.dropout(self.norm(state))), self.name(self.dropout(names))
        known = self.marks(torch.cat([marks, near], dim=-1))
        mixed = torch.cat([F.silu(point + name + known), point.tanh() * name], dim=-1)
        return self.out(F.silu(self.hidden(self.dropout(mixed)))).squeeze(-1)

    def probabilities(self, state: np.ndarray, names: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Of one point: [A], [P, E], [P, MARKS] → [P]."""
        with torch.inference_mode():
            one = torch.from_numpy(np.asarray(state, np.float32))[None]
            return self(one, torch.from_numpy(names), torch.from_numpy(marks)).sigmoid().numpy()


def stated(fields: Fields, facts: Facts, names: Sequence[str]) -> np.ndarray:
    """Which fields an answer stated whose template has these names, [P]; texts that are equal count as one."""
    told = {normalise(value) for name in names for value in facts.get(name, ())}
    told = {value for value in told if not value.replace(".", "", 1).isdecimal()}
    return np.array([n in names or any(normalise(v) in told for v in facts[n]) for n in fields.names], np.float32)
