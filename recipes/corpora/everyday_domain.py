"""What a file of the everyday corpus holds: a domain, its tools, its dialogues of decision points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trm_agent.errors import DataError

CALLS = frozenset(
    [
        "request",
        "oblique",
        "elliptic",
        "typo",
        "voice",
        "fill",
        "followup",
        "refer_back",
        "inquiry",
        "correction",
        "edit",
        "several",
        "pick",
        "confirm_yes",
    ]
)
"""Kinds of turns that may end in a call."""


ANSWERS = frozenset(
    [
        "missing",
        "negation",
        "question",
        "report",
        "conditional",
        "quotation",
        "confirm_no",
        "hesitation",
        "give_up",
        "complaint",
        "smalltalk",
        "out_of_scope",
        "near_miss",
        "hostile",
    ]
)
"""Kinds of turns that end in a direct answer; so may the kinds of `CALLS` where something is missing."""


KINDS = CALLS | ANSWERS


@dataclass(frozen=True)
class Argument:
    """One value of a call.

    Attributes:
        forms: Right values, the gold one first.
        given: Whether the gold call holds it.
        optional: Whether leaving it out is right as well.
    """

    forms: tuple[Any, ...]
    given: bool = True
    optional: bool = False


@dataclass(frozen=True)
class GoldCall:
    name: str
    arguments: dict[str, Argument]

    @property
    def gold(self) -> dict[str, Any]:
        """The call as `{name, arguments}`."""
        return {"name": self.name, "arguments": {k: a.forms[0] for k, a in self.arguments.items() if a.given}}

    @property
    def accept(self) -> dict[str, Any]:
        """What else is right, as `accept` of a sample."""
        return {
            "arguments": {k: list(a.forms) for k, a in self.arguments.items()},
            "optional": [k for k, a in self.arguments.items() if a.optional],
        }


@dataclass(frozen=True)
class Point:
    """A user's turn and what is right after it."""

    kind: str
    text: str
    calls: tuple[GoldCall, ...] = ()
    intended: str | None = None
    missing: tuple[str, ...] = ()
    known: dict[str, Argument] = field(default_factory=dict)
    say: str = ""
    confirm: str = ""
    result: Any = None
    either: bool = False


@dataclass(frozen=True)
class Message:
    """A turn that is no decision point: it was said or called before."""

    role: str
    content: Any


@dataclass(frozen=True)
class Dialogue:
    turns: tuple[Point | Message, ...]
    language: str = "en"


@dataclass(frozen=True)
class Tool:
    """`effect`: 0 reads, 1 changes something, 2 changes something weighty (asking first is right, too)."""

    schema: dict[str, Any]
    effect: int

    @property
    def name(self) -> str:
        return str(self.schema["function"]["name"])

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.schema["function"]["parameters"])


@dataclass(frozen=True)
class Domain:
    name: str
    split: str
    now: str
    language: str
    tools: tuple[Tool, ...]
    dialogues: tuple[Dialogue, ...]

    def tool(self, name: str) -> Tool:
        for tool in self.tools:
            if tool.name == name:
                return tool
        raise DataError(f"no tool {name!r}; there are {', '.join(t.name for t in self.tools)}")
