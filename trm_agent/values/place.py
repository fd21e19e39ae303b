"""A span in its message, and what was read from it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from trm_agent.text.language import language_of
from trm_agent.types import Parameter
from trm_agent.values.parse import parse_value

Place = tuple[int, int]
Before = tuple[date | None, time | None]


@dataclass(frozen=True)
class Told:
    """What a span says in its message.

    Attributes:
        value: Read for the parameter.
        start: First character of what was read.
        end: One past the last.
    """

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Where:
    """A span in its message.

    Attributes:
        text: Of the message.
        place: Start and end of the span.
        question: What the assistant said right before; empty if it did not speak.
        purposes: Name and description of each tool that takes the value.
        siblings: Names of the other parameters of those tools.
        now: What relative days count from.
        conversation: The language spoken before.
        before: Gives the day and the time that were spoken of last before the message, None for what was not.
        part: Gives the part of the day that was spoken of last before it ("evening"), if one was.
    """

    text: str
    place: Place
    question: str = ""
    purposes: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    now: datetime | None = None
    conversation: str = "en"
    before: Callable[[], Before] = field(default=lambda: (None, None), compare=False)
    part: Callable[[], str | None] = field(default=lambda: None, compare=False)

    @property
    def language(self) -> str:
        """Of the message."""
        return language_of(self.text, self.conversation)


def plainly(where: Where, parameter: Parameter, place: Place, **way: Any) -> Told | None:
    text = where.text[slice(*place)]
    value = parse_value(text, parameter, where.now, language=where.language, **way)
    return Told(value, *place) if value is not None else None


def meet(one: Place, other: Place) -> bool:
    """Whether two places share a character."""
    return one[0] < other[1] and other[0] < one[1]


def inside(one: Place, other: Place) -> bool:
    """Whether one place lies in another."""
    return other[0] <= one[0] and one[1] <= other[1]
