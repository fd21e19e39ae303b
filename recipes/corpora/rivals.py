"""Which tools might serve the same request: distractors and what is left of a list may hold none of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from trm_agent.types import ToolSchema, identifier_words

_STEM = 5
_ALIKE = 0.5
_GENERAL = re.compile(
    r"and|any|api|calculate|check|compute|create|data|date|fetch|find|finder|for|from|generate|get|gets|given|info"
    r"|information|list|location|name|number|provides|retrieves?|returns|search|specific|that|the|this|tool|update"
    r"|user|using|with"
)


def without_rivals(
    tools: Sequence[ToolSchema], own: Sequence[ToolSchema], *, by_topic: bool = False
) -> list[ToolSchema]:
    """Those tools that are alike to none of a request's own.

    Args:
        tools: To choose from.
        own: What the request wants.
        by_topic: Whether one telling word in common, of the names, is enough to be alike ("Job Search", "Job
            Listings"); else most words of the descriptions must be.
    """
    known = [(_words(tool.name), _words(tool.description), identifier_words(tool.name)) for tool in own]
    return [tool for tool in tools if not any(_alike(tool, *other, by_topic) for other in known)]


def _alike(tool: ToolSchema, name: frozenset[str], description: frozenset[str], plain: str, by_topic: bool) -> bool:
    if identifier_words(tool.name) == plain or (by_topic and not name.isdisjoint(_words(tool.name))):
        return True
    words = _words(tool.description)
    return bool(words and description) and len(words & description) / len(words | description) >= _ALIKE


@lru_cache(maxsize=16384)
def _words(text: str) -> frozenset[str]:
    """Stems of the words that tell something."""
    words = re.findall(r"[a-z0-9]+", identifier_words(text))
    return frozenset(word[:_STEM] for word in words if len(word) > 2 and not _GENERAL.fullmatch(word))
