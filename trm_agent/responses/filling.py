"""A template → an answer: every name replaced by what is known under it, or no answer at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trm_agent.responses.templates import PLACEHOLDER
from trm_agent.values import choice_text

_LONGEST = 200
_START = re.compile(r"^(\W*)(\w)")


def fill(template: str, facts: Mapping[str, Sequence[Any]]) -> str | None:
    """The answer; None where a name is not known, or what is known is no short text."""
    if not can_fill(template, facts):
        return None
    text = PLACEHOLDER.sub(lambda match: say(facts[match[1]][0]), template)
    return _START.sub(lambda match: match[1] + match[2].upper(), text, count=1)


def can_fill(template: str, facts: Mapping[str, Sequence[Any]]) -> bool:
    """Whether every name of a template is known."""
    return all(
        facts.get(name) and not isinstance(facts[name][0], Mapping) and len(say(facts[name][0])) <= _LONGEST
        for name in PLACEHOLDER.findall(template)
    )


def say(value: Any) -> str:
    """A value as it is said."""
    if isinstance(value, list | tuple):
        return ", ".join(say(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return choice_text(value) if isinstance(value, str | bool) else str(value)
