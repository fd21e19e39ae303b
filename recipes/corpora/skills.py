"""Skills: what assistants' published intent files have in common, before any of it becomes samples.

A skill is a handful of intents that belong together. Its readers (one a publisher's format) state what stands in the
files: tools as they can be declared, and lines with the calls they ask for. `pairing` makes samples of skills: the
right tool beside others, without the right one, with something missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from trm_agent.types import SpeechAct, ToolSchema

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w-])\+?\(?\d{2,4}\)?(?:[ .-]?\d){5,11}(?![\w-])")
_NAMES = ("anna", "ben", "carla", "dan", "eva", "finn", "greta", "hugo", "ida", "jonas", "kim", "lea", "max", "nora")


@dataclass(frozen=True)
class Wanted:
    """One call that a line asks for.

    Attributes:
        tool: Name of one of the skill's tools.
        said: Parameter → its value as it stands in the line, character by character; several values, for a
            parameter that is a list, as a tuple.
        inferred: Parameter → a value that the line means and does not say.
    """

    tool: str
    said: Mapping[str, str | tuple[str, ...]]
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
        seen: Whether its lines may be trained on.
    """

    name: str
    themes: frozenset[str]
    tools: tuple[ToolSchema, ...]
    lines: tuple[Line, ...]
    language: str = "en"
    weight: float = 1.0
    alike: tuple[frozenset[str], ...] = ()
    seen: bool = True


def masked(text: str) -> str:
    """The text with invented e-mail addresses and telephone numbers in place of what may belong to somebody.

    Each is replaced by one drawn from its characters alone, so that the same one stays the same everywhere.
    """
    text = _EMAIL.sub(lambda found: f"{_NAMES[_place(found.group(), len(_NAMES))]}@example.com", text)
    return _PHONE.sub(lambda found: f"555-01{_place(found.group(), 100):02d}", text)


def _place(text: str, size: int) -> int:
    return int(hashlib.sha256(text.lower().encode()).hexdigest(), 16) % size
