"""A question for a parameter of few choices names them: "For which account: checking or savings?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trm_agent.responses.facts import name_of
from trm_agent.responses.frames import Frames
from trm_agent.responses.templates import SENTENCE
from trm_agent.types import Parameter, ToolSchema
from trm_agent.values import choice_text

MOST_OFFERED = 3
"""Choices: people name two or three of them in every second question of the data, and more of them hardly ever."""
_YES_OR_NO = ("true", "false", "yes", "no")
_STEM = 4
_WORD = re.compile(r"[^\W\d_]+")
_END = re.compile(r"[\s.?!]*$")


def choices_in_words(parameter: Parameter) -> list[str]:
    """The choices that a question may name; none where they are too many, numbers, or yes and no."""
    words = [choice_text(choice) for choice in parameter.choices]
    named = all(_WORD.search(word) and word.casefold() not in _YES_OR_NO for word in words)
    return words if named and 1 < len(words) <= MOST_OFFERED else []


def declared_choices(tool: ToolSchema | None, missing: Sequence[str]) -> list[str]:
    """All that questions for missing parameters of a tool may name."""
    return [w for p in (tool.parameters if tool else ()) if p.name in missing for w in choices_in_words(p)]


def asked_parameter(
    text: str, asks: Sequence[str] | None, tool: ToolSchema, missing: Sequence[str]
) -> Parameter | None:
    """The one missing parameter that an answer asks for; None where it asks for none or several.

    Args:
        text: The answer.
        asks: What it is known to ask for; None: told from the words of its last sentence.
        tool: That is meant.
        missing: Of its parameters.
    """
    open_ = [parameter for parameter in tool.parameters if parameter.name in missing]
    if asks is not None:
        named = [parameter for parameter in open_ if parameter.name in asks]
        return named[0] if len(named) == len(asks) == 1 else None
    last = "".join(SENTENCE.findall(text)[-1:]) if "?" in text else ""
    said = {word[:_STEM] for word in _WORD.findall(last.casefold())}
    words = {p.name: [w for w in name_of(p.name).split("_") if len(w) >= _STEM] for p in open_}
    named = [p for p in open_ if any(word[:_STEM] in said for word in words[p.name])]
    return named[0] if len(named) == 1 else None


def with_choices(frames: Frames, text: str, parameter: Parameter) -> str:
    """An answer that ends by asking for a parameter, with its choices; as it is where it names one already."""
    choices, plain = choices_in_words(parameter), text.casefold()
    ends = text.rstrip().endswith("?") or len(SENTENCE.findall(text)) == 1
    if not choices or not ends or any(re.search(rf"(?<!\w){re.escape(c.casefold())}(?!\w)", plain) for c in choices):
        return text
    asked = {"question": _END.sub("", text), "choices": frames.joined(choices, "or")}
    return frames.fill("offer", asked) or text
