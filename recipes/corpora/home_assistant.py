"""Home Assistant's intents (OHF-Voice/intents) → skills: intents are tools, sentence templates are drawn from.

A language's intents come as some skills of their own (`PARTS`), so that one part's tools can stand beside another's
requests. Names of devices, rooms and items are ours (`home_assistant.json`), as the publisher's lists leave them open.
What a closed list means and the line does not say ("blinds" → blind, `domain` cover) is inferred, from a closed list.
Lines whose value is neither said nor of a closed list ("maximum" → 100) are left out.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from recipes.corpora.building import Options, declare
from recipes.corpora.pairing import convert_skills
from recipes.corpora.sentence_templates import Group, Piece, draw, lists_of, parse
from recipes.corpora.skills import Line, Skill, Wanted
from trm_agent.errors import DataError
from trm_agent.types import SpeechAct, ToolSchema

LANGUAGES: Mapping[str, float] = {
    "en": 1.0,
    "vi": 1.0,
    "de": 0.12,
    "es": 0.12,
    "fr": 0.12,
    "pt": 0.12,
    "zh-CN": 0.12,
}
"""Folder of a language → how many of its lines are drawn, as a share of the English ones; 1: as many as there are."""

PARTS: Mapping[str, tuple[frozenset[str], str]] = {
    "home": (
        frozenset({"smart home", "lights", "climate"}),
        "TurnOn TurnOff GetState LightSet SetPosition FanSetSpeed ClimateGetTemperature ClimateSetTemperature",
    ),
    "robots": (
        frozenset({"smart home", "cleaning"}),
        "VacuumStart VacuumReturnToBase VacuumCleanArea LawnMowerStartMowing LawnMowerDock",
    ),
    "timers": (
        frozenset({"smart home", "timers", "alarms"}),
        "StartTimer CancelTimer CancelAllTimers IncreaseTimer DecreaseTimer PauseTimer UnpauseTimer TimerStatus",
    ),
    "lists": (
        frozenset({"lists", "shopping"}),
        "ListAddItem ListCompleteItem ListRemoveItem ShoppingListAddItem ShoppingListCompleteItem",
    ),
    "media": (
        frozenset({"music", "media", "video"}),
        "MediaSearchAndPlay MediaPause MediaUnpause MediaNext MediaPrevious MediaPlayerMute MediaPlayerUnmute"
        " SetVolume SetVolumeRelative",
    ),
    "day": (
        frozenset({"weather", "time", "calendar", "messages"}),
        "GetWeather GetCurrentDate GetCurrentTime Broadcast",
    ),
}
"""Skill of a language → its themes and its intents, less their `Hass`."""

ALIKE = (
    "TurnOn TurnOff SetPosition",
    "GetState ClimateGetTemperature",
    "VacuumStart VacuumCleanArea",
    "CancelTimer CancelAllTimers",
    "ListAddItem ShoppingListAddItem",
    "ListCompleteItem ShoppingListCompleteItem ListRemoveItem",
    "SetVolume SetVolumeRelative",
    "MediaUnpause MediaSearchAndPlay",
)
"""Intents that might serve one another's lines."""

TALK: Mapping[str, SpeechAct] = {"HassNevermind": "give_up", "HassRespond": "small_talk"}
"""Intents that no tool serves → what their lines do."""

DRAWS = 4
"""Sentences drawn of an English or Vietnamese template."""

PER_INTENT = 300
"""At most so many lines of an intent."""

RANGES: Mapping[str, tuple[int, int]] = {
    "temperature": (5, 32),
    "timer_hours": (1, 12),
    "timer_minutes": (1, 59),
    "timer_seconds": (5, 59),
    "color_temperature": (2000, 6500),
}
"""List of numbers → those that people say, narrower than the publisher's."""

GROUPS: Mapping[str, tuple[str, ...]] = {"default": ("light", "switch", "fan", "media_player", "input_boolean")}
"""Name of a group of domains → its domains."""

SHARES = frozenset({"position", "fan_speed", "brightness", "volume", "volume_step_up"})
"""Lists of numbers in hundredths."""

_PERCENT_FOLLOWS = re.compile(r"\s?(?:%|％|percent|prozent|por ?cent|pour ?cent|phần trăm|个?百分|度)", re.IGNORECASE)


@dataclass(frozen=True)
class Language:
    """What is read of a language.

    Attributes:
        name: Its folder.
        rules: Name → template.
        lists: Name → the publisher's list.
        names: Kind of thing → what we call such things.
        templates: (intent, its block, template) of every sentence.
    """

    name: str
    rules: Mapping[str, Group]
    lists: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, Sequence[str]]
    templates: Sequence[tuple[str, Mapping[str, Any], Group]]


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills of all languages, a part of a language each: `home-assistant/en/timers`.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    languages = {name: read_language(folder, name) for name in LANGUAGES if (folder / "sentences" / name).is_dir()}
    tools = read_tools(folder, tuple(languages.values()))
    english = 0
    for name, language in languages.items():
        most = None if LANGUAGES[name] == 1 else round(LANGUAGES[name] * english)
        lines = draw_lines(language, options.rng(f"home-assistant/{name}"), most)
        english = english or sum(map(len, lines.values()))
        for part, (themes, own) in PARTS.items():
            intents = [f"Hass{intent}" for intent in own.split()]
            talk = TALK if part == "home" else {}
            spoken = [line for intent in (*intents, *talk) for line in lines.get(intent, [])]
            if spoken:
                yield Skill(
                    name=f"home-assistant/{name}/{part}",
                    themes=themes,
                    tools=tuple(tools[intent] for intent in intents if intent in tools),
                    lines=_distinct(spoken),
                    language=name[:2],
                    alike=tuple(frozenset(f"Hass{one}" for one in group.split()) for group in ALIKE),
                )


def read_language(folder: Path, name: str) -> Language:
    """Templates, rules and lists of a language; its own lists stand before the common ones.

    Raises:
        DataError: A file is not what it should be.
    """
    rules: dict[str, Group] = {}
    lists: dict[str, Mapping[str, Any]] = {}
    for path in sorted((folder / "rules" / name).glob("*.yaml")):
        rules |= {key: parse(str(text)) for key, text in (_load(path).get("expansion_rules") or {}).items()}
    for path in (*sorted((folder / "lists").glob("*.yaml")), *sorted((folder / "lists" / name).glob("*.yaml"))):
        lists |= _load(path).get("lists") or {}
    templates = [
        (path.parent.name, block, parse(str(template)))
        for path in sorted((folder / "sentences" / name).glob("*/*.yaml"))
        for block in _load(path).get("data") or []
        for template in block["sentences"]
    ]
    return Language(name, rules, lists, _names()[name], templates)


def read_tools(folder: Path, languages: Sequence[Language]) -> dict[str, ToolSchema]:
    """Intent → it as a tool: the publisher's words, types and closed lists as the templates of all languages fill it.

    Raises:
        DataError: `intents.yaml` is not what it should be.
    """
    meant: dict[tuple[str, str], set[object]] = {}
    for language in languages:
        for intent, block, template in language.templates:
            fixed = dict(block.get("slots") or {}) | {"domain": block.get("inferred_domain")}
            for slot, value in fixed.items():
                meant.setdefault((intent, slot), set()).update([value] if value is not None else [])
            for name, slot in lists_of(template, language.rules):
                meant.setdefault((intent, slot), set()).update(_meanings(language.lists.get(name, {})))
    tools: dict[str, ToolSchema] = {}
    for intent, declared in _load(folder / "intents.yaml").items():
        slots = declared.get("slots") or {}
        properties = {
            slot: _schema(meant.get((intent, slot), set())) | {"description": about.get("description") or slot}
            for slot, about in slots.items()
        }
        required = [slot for slot, about in slots.items() if about.get("required")]
        tools[intent] = declare(intent, declared.get("description") or "", properties, required)
    return tools


def draw_lines(language: Language, rng: random.Random, most: int | None) -> dict[str, list[Line]]:
    """Intent → drawn lines.

    Args:
        language: Whose lines.
        rng: Draws.
        most: So many lines in all, one a template at most; None: `DRAWS` of each template.
    """
    out: dict[str, list[Line]] = {}
    count = 0
    for intent, block, template in rng.sample(list(language.templates), len(language.templates)):
        draws = DRAWS if most is None else min(1, most - count)
        known = out.setdefault(intent, [])
        lines = [_line(language, intent, block, template, rng) for _ in range(min(draws, PER_INTENT - len(known)))]
        known += [line for line in lines if line is not None]
        count += sum(line is not None for line in lines)
    return out


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    names: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return names


def _load(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise DataError(f"{path}: expected a mapping, got {type(data).__name__}")
    return data


def _meanings(values: Mapping[str, Any]) -> set[object]:
    """What a list's values mean; a range means whole numbers."""
    if "range" in values:
        return {0.5 if values["range"].get("fractions") else 1}
    meant = [value["out"] if isinstance(value, Mapping) else value for value in values.get("values") or []]
    return {value for value in meant if isinstance(value, str | int)}


def _schema(meant: set[object]) -> dict[str, Any]:
    texts = sorted(value for value in meant if isinstance(value, str))
    if texts:
        return {"type": "string", "enum": texts}
    if meant:
        return {"type": "number" if any(isinstance(value, float) for value in meant) else "integer"}
    return {"type": "string"}


def _line(
    language: Language, intent: str, block: Mapping[str, Any], template: Group, rng: random.Random
) -> Line | None:
    """One line; None where a value can neither be said nor inferred."""
    drawn = draw(template, language.rules, lambda name: _value(language, block, name, rng), rng)
    if drawn is None:
        return None
    pieces = _with_percent(drawn, rng)
    text = " ".join("".join(piece.text for piece in pieces).split()).strip(" ,")
    if language.name == "en" and pieces[0].slot is None and rng.random() < 0.3:
        text = text[:1].upper() + text[1:]
    if intent in TALK:
        return Line(text, (), act=TALK[intent])
    said: dict[str, str] = {}
    inferred: dict[str, object] = dict(block.get("slots") or {})
    if "inferred_domain" in block:
        inferred["domain"] = block["inferred_domain"]
    for piece in pieces:
        if piece.slot is None:
            continue
        words = " ".join(piece.text.split())
        if piece.slot in said or piece.slot in inferred:
            return None
        if piece.meant is None or str(piece.meant).casefold() == words.casefold():
            if not _stands(words, text, language.name):
                return None
            said[piece.slot] = words
        elif isinstance(piece.meant, str):
            inferred[piece.slot] = piece.meant
        else:
            return None
    return Line(text, (Wanted(intent, said, inferred),))


def _value(language: Language, block: Mapping[str, Any], name: str, rng: random.Random) -> tuple[str, object] | None:
    """The words of a value of a list, and what they mean if not themselves."""
    values = language.lists.get(name, {})
    if "range" in values:
        return _number(name, values["range"], rng)
    if values.get("values"):
        value = rng.choice(values["values"])
        words, meant = (value["in"], value["out"]) if isinstance(value, Mapping) else (value, None)
        pieces = draw(parse(str(words)), language.rules, lambda _: None, rng)
        return None if pieces is None else ("".join(piece.text for piece in pieces), meant)
    if name == "name":
        domains = block.get("name_domains") or GROUPS["default"]
        domains = GROUPS[domains] if isinstance(domains, str) else domains
        names = [one for domain in domains for one in language.names.get(domain, ())]
    else:
        names = list(language.names.get(name, ()))
    return (rng.choice(names), None) if names else None


def _number(name: str, values: Mapping[str, Any], rng: random.Random) -> tuple[str, object] | None:
    if values.get("multiplier"):
        return None
    least, most = RANGES.get(name, (values["from"], values["to"]))
    if values.get("fractions") and rng.random() < 0.15:
        return f"{rng.randint(least, most)}.5", None
    step = values.get("step") or (5 if rng.random() < 0.6 and most - least >= 60 else 1)
    return str(rng.randrange(least, most + 1, step)), None


def _with_percent(pieces: Sequence[Piece], rng: random.Random) -> list[Piece]:
    """The pieces, some with the sign of a share where the template leaves it out."""
    out: list[Piece] = []
    for number, piece in enumerate(pieces):
        out.append(piece)
        rest = "".join(later.text for later in pieces[number + 1 :])
        share = piece.list in SHARES and piece.meant is None and piece.text.isdigit()
        if share and not _PERCENT_FOLLOWS.match(rest) and (not rest or rest[0] == " ") and rng.random() < 0.6:
            out.append(Piece("%"))
    return out


def _stands(words: str, text: str, language: str) -> bool:
    """Whether a value stands in a text, as words of its own where words are parted."""
    if language == "zh-CN":
        return words in text
    return re.search(rf"(?<![\w]){re.escape(words)}(?![\w])", text) is not None


def _distinct(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple({line.text.casefold(): line for line in lines}.values())


convert = convert_skills(read)
