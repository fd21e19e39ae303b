"""Where characters stand in a text."""

from __future__ import annotations

import re
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` of a text, `end` left out; equal to the plain pair of both."""

    start: int
    end: int

    @classmethod
    def of(cls, match: re.Match[str], group: int = 0) -> Span:
        """Where a match, or one of its groups, stands."""
        return cls(*match.span(group))

    def overlaps(self, other: tuple[int, int]) -> bool:
        """Whether both have a character in common; spans that only touch have none."""
        return self[0] < other[1] and other[0] < self[1]

    def within(self, other: tuple[int, int]) -> bool:
        """Whether all of it lies in the other, or is the other."""
        return other[0] <= self[0] and self[1] <= other[1]

    def between(self, other: tuple[int, int], whole: str) -> str:
        """The characters between both, whichever comes first; none where they overlap."""
        return whole[self[1] : other[0]] if self[1] <= other[0] else whole[other[1] : self[0]]

    def text(self, whole: str) -> str:
        """Its characters."""
        return whole[self[0] : self[1]]
