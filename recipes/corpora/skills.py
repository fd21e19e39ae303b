"""Skills: what assistants' published intent files have in common, before any of it becomes samples.

A skill is a handful of intents that belong together. Its readers (one a publisher's format) state what stands in the
files: tools as they can be declared, and lines with the calls they ask for. `pairing` makes samples of skills: the
right tool beside others, without the right one, with something missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trm_agent.types import SpeechAct, ToolSchema


@dataclass(frozen=True)
class Wanted:
    """One call that a line asks for.

    Attributes:
        tool: Name of one of the skill's tools.
        said: Parameter → its value as it stands in the line, character by character.
        inferred: Parameter → a value that the line means and does not say.
    """

    tool: str
    said: Mapping[str, str]
    inferred: Mapping[str, object]


@dataclass(frozen=True)
class Line:
    """What a user says, and what of the skill it asks for.

    Attributes:
        text: The user's words.
        wanted: The calls, in order; empty for talk that no tool serves (small talk, out of scope, "cancel").
        asked: The assistant's question that the line answers; None for a first message.
        act: One of `SPEECH_ACTS` where the publisher's label says it, else None.
    """

    text: str
    wanted: tuple[Wanted, ...]
    asked: str | None = None
    act: SpeechAct | None = None


@dataclass(frozen=True)
class Skill:
    """Tools that belong together and lines about them.

    Attributes:
        name: Unique: publisher's package and file, such as "alexa/OWNER+NAME".
        themes: What it is about ("weather", "lists", "music", …), lower case. Skills that share a theme are never
            given to each other as tools that do not fit.
        tools: Intents as tools. Parameters carry the publisher's type, list and question where there are any.
        lines: In the publisher's order, duplicates dropped.
        language: ISO 639-1 code of the lines.
        weight: Share of its lines that is drawn, at most 1: less for a skill with very many.
        alike: Groups of tools, by name, that might serve one another's lines: none of a group is left on offer as a
            near miss where another one is meant.
    """

    name: str
    themes: frozenset[str]
    tools: tuple[ToolSchema, ...]
    lines: tuple[Line, ...]
    language: str = "en"
    weight: float = 1.0
    alike: tuple[frozenset[str], ...] = ()
