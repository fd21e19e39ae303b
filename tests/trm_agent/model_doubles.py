"""A small conversation with tools, its features and its gold labels, for the tests of the network."""

from __future__ import annotations

from typing import Any

from trm_agent.encoder.sentence import Vocabulary
from trm_agent.testing import HashingEncoder
from trm_agent.training.episodes import Episode, Point
from trm_agent.training.optimizer import training_texts
from trm_agent.types import Message, parse_tools

TOOLS: list[dict[str, Any]] = [
    {
        "name": "find_bus",
        "description": "Find a bus between two cities",
        "parameters": {
            "type": "object",
            "properties": {
                "from_city": {"type": "string", "description": "Where the journey starts"},
                "to_city": {"type": "string", "description": "Where the journey ends"},
                "seat": {"type": "string", "enum": ["window", "aisle"], "description": "Kind of seat"},
            },
            "required": ["from_city", "to_city"],
        },
    },
    {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "City to look up"}},
            "required": ["city"],
        },
    },
]

MESSAGES = (
    Message("user", "Hello, I need a bus"),
    Message("assistant", "From where to where?"),
    Message("user", "From Fresno to Anaheim, window please"),
    Message("tool_call", {"name": "find_bus", "arguments": {"from_city": "Fresno", "to_city": "Anaheim"}}),
    Message("tool_response", {"departure": "09:40"}),
    Message("assistant", "There is one at 09:40."),
    Message("user", "And the weather in San Jose?"),
)


def episode(shift: int = 0) -> Episode:
    """A conversation of four decision points; `shift` drops messages from its end."""
    filled = {"from_city": ("Fresno",), "to_city": ("Anaheim",), "seat": ("window",)}
    points = (
        Point(1, "direct_answer", None, "find_bus", True, {}),
        Point(3, "tool_call", "find_bus", "find_bus", True, filled, calls=1, tools=("find_bus",)),
        Point(5, "direct_answer", None, "find_bus", True, filled),
        Point(
            7,
            "tool_call",
            "get_weather",
            "get_weather",
            True,
            {**filled, "city": ("San Jose",)},
            calls=1,
            tools=("get_weather",),
        ),
    )
    messages = MESSAGES[: len(MESSAGES) - shift]
    return Episode(parse_tools(TOOLS), messages, tuple(p for p in points if p.messages <= len(messages)))


def vocabulary() -> Vocabulary:
    return Vocabulary(training_texts([episode()]), HashingEncoder())
