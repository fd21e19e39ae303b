"""leon (leon-ai), an open personal assistant → skills: an action is a tool, its samples are lines.

Samples hold alternatives (`[the|my]`) and entities (`@list`), which are filled with values of our own or, where leon
lists them, of the publisher. Small talk with the assistant (its age, its favourite colour, thanks) is no tool's work.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.skills import Line, Skill, Wanted
from trm_agent.errors import DataError
from trm_agent.types import ToolSchema, identifier_words

TALK = frozenset({"age", "good_bye", "greeting", "introduction", "meaning_of_life", "welcome"})
"""Skills that are talk with the assistant."""

TALK_ACTIONS = frozenset({"favorite_color", "why"})
"""Actions of other skills that are talk as well."""

UNMARKED = re.compile(r"\bgreen color\b")
"""Samples with a value that is not marked as one."""

THEMES: Mapping[str, frozenset[str]] = {
    "akinator": frozenset({"games"}),
    "guess_the_number": frozenset({"games"}),
    "rochambeau": frozenset({"games"}),
    "color": frozenset({"colours"}),
    "help": frozenset({"help"}),
    "joke": frozenset({"jokes"}),
    "partner_assistant": frozenset({"assistants"}),
    "random_number": frozenset({"math", "games"}),
    "github_trends": frozenset({"news", "software"}),
    "product_hunt_trends": frozenset({"news", "software"}),
    "todo_list": frozenset({"lists"}),
    "mbti": frozenset({"personality"}),
    "date_time": frozenset({"time"}),
    "have_i_been_pwned": frozenset({"security"}),
    "is_it_down": frozenset({"web"}),
    "speed_test": frozenset({"internet"}),
}

VALUES: Mapping[str, Sequence[str]] = {
    "list": ("shopping", "groceries", "packing", "chores", "birthday", "work", "books to read"),
    "old_list": ("holiday", "garden", "errands"),
    "new_list": ("summer trip", "weekend", "house"),
    "todos": ("milk", "call the plumber", "two light bulbs", "water the plants", "stamps", "toothpaste"),
    "date": ("Christmas", "the 14th of July", "June 3rd", "next Friday", "New Year's Eve"),
    "location": ("Lisbon", "Tokyo", "Nairobi", "New York", "Oslo"),
    "email": ("anna@example.com", "info@example.org", "j.miller@example.net"),
    "url": ("example.com", "news.example.org", "shop.example.net"),
    "color": ("red", "blue", "green", "orange"),
    "partner_assistant": ("Alexa", "Siri", "Cortana"),
    "person": ("Marie Curie", "Bach", "Ada Lovelace"),
    "number": ("3", "ten", "42"),
    "thematic": ("actors", "animals", "characters"),
}

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_ENTITY = re.compile(r"@(\w+)(?::\w+)?")
_ABOUT = {"run": "", "setup": "start ", "start": "start ", "choose_thematic": "start "}


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills of the repository's folder.

    Raises:
        DataError: There are none, or one is not JSON.
    """
    files = sorted((folder / "skills").glob("*/*/config/en.json"))
    if not files:
        raise DataError(f"{folder}: no skills/*/*/config/en.json; expected the repository leon-ai/leon")
    talk: list[Line] = []
    skills: list[Skill] = []
    for file in files:
        name = file.parts[-3]
        try:
            actions = json.loads(file.read_text(encoding="utf-8"))["actions"]
        except (ValueError, KeyError) as error:
            raise DataError(f"{file}: {error}") from None
        rng = options.rng(f"leon/{name}")
        chatty = [action for key, action in actions.items() if name in TALK or key in TALK_ACTIONS]
        samples = [text for action in chatty for text in action.get("utterance_samples", ())]
        talk += [Line(said, (), act="small_talk") for text in samples if "@" not in (said := _spoken(text, rng)[0])]
        rest = {key: action for key, action in actions.items() if name not in TALK and key not in TALK_ACTIONS}
        skills.append(_skill(name, rest, rng))
    yield from (skill for skill in skills if skill.tools)
    yield Skill("leon/talk", frozenset({"talk"}), (), tuple(dict.fromkeys(talk)))


def _skill(name: str, actions: Mapping[str, Any], rng: random.Random) -> Skill:
    tools: list[ToolSchema] = []
    lines: list[Line] = []
    for action, spec in actions.items():
        samples = [text for text in spec.get("utterance_samples", ()) if not UNMARKED.search(text)]
        if not samples:
            continue
        tool = name if action == "run" else f"{name}_{action}" if action in _ABOUT else action
        entities = list(dict.fromkeys(entity for text in samples for entity in _ENTITY.findall(text)))
        parameters = {
            entity: {"type": "string", "description": identifier_words(entity).capitalize()} for entity in entities
        }
        told = f"{_ABOUT.get(action, '')}{identifier_words(name if action in _ABOUT else action)}".capitalize()
        tools.append(declare(tool, told, parameters, _slots(spec, entities)))
        for text in samples:
            said, values = _spoken(text, rng)
            lines.append(Line(said, (Wanted(tool, values, {}),)))
    themes = THEMES.get(name, frozenset({name}))
    unique = {line.text.lower(): line for line in lines}
    return Skill(f"leon/{name}", themes, tuple(tools), tuple(unique.values()))


def _slots(spec: Mapping[str, Any], entities: Sequence[str]) -> list[str]:
    return [slot["name"] for slot in spec.get("slots", ()) if slot["name"] in entities]


def _spoken(text: str, rng: random.Random) -> tuple[str, dict[str, str]]:
    """The sample with one of each alternative and its entities filled, and the values."""
    text = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)
    values: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in VALUES:
            raise DataError(f"leon: no values for the entity {name!r}; add some to VALUES")
        return values.setdefault(name, rng.choice(list(VALUES[name])))

    return _ENTITY.sub(value, text), values
