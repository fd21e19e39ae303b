"""Published Dialogflow agents → skills: intents with an action of their own are tools, annotated phrases their lines.

An agent is a folder with `intents/`, or the zip that Dialogflow exports. An intent that only follows another one
(it needs a context) is left out, for its lines mean nothing without what came before.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.drawn_values import draw, kind_of, schema_of
from recipes.corpora.intent_files import (
    alike_by_frames,
    choices_schema,
    is_question,
    is_words,
    make_skill,
    name_words,
    normal,
    talk,
    tidy,
    wants,
    without_repeated_talk,
)
from recipes.corpora.pairing import convert_skills
from recipes.corpora.skills import Line, Skill
from trm_agent.errors import DataError
from trm_agent.types import SpeechAct, ToolSchema

ANSWERS = 5
"""Answers to one question."""

EVENTS = frozenset(
    {"actions_intent_NO_INPUT", "actions_intent_OPTION", "actions_intent_PERMISSION", "actions_intent_SIGN_IN"}
)
"""An intent with one of these is started by the platform, not by what a user says."""


@dataclass(frozen=True)
class Agent:
    """The files of one agent.

    Attributes:
        name: Of its repository.
        intents: As published.
        phrases: Intent → its annotated phrases, each a list of pieces.
        entities: Entity → its entries with their synonyms.
    """

    name: str
    intents: tuple[Mapping[str, Any], ...]
    phrases: Mapping[str, tuple[Sequence[Mapping[str, Any]], ...]]
    entities: Mapping[str, Mapping[str, tuple[str, ...]]]


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills in a folder of agents, in folders or zips.

    Raises:
        DataError: It holds none.
    """
    agents = list(_agents(folder))
    if not agents:
        raise DataError(f"{folder}: no Dialogflow agent (a folder or zip with intents/NAME.json)")
    yield from without_repeated_talk(_skill(agent, options.rng(f"dialogflow/{agent.name}")) for agent in agents)


convert = convert_skills(read)


def _agents(folder: Path) -> Iterator[Agent]:
    for intents in sorted(folder.rglob("intents")):
        files = {str(path.relative_to(intents.parent)): path.read_bytes() for path in intents.parent.rglob("*.json")}
        yield _agent(intents.relative_to(folder).parts[0], files)
    for path in sorted(folder.rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".json")}
        yield _agent(path.relative_to(folder).parts[0], files)


def _agent(name: str, files: Mapping[str, bytes]) -> Agent:
    kept = {path: raw for path, raw in sorted(files.items()) if path.startswith(("intents/", "entities/"))}
    data = {path: json.loads(raw.decode("utf-8-sig")) for path, raw in kept.items()}
    intents, entities = [], {}
    phrases: dict[str, tuple[Sequence[Mapping[str, Any]], ...]] = {}
    for path, content in data.items():
        stem = path.removesuffix(".json")
        if path.startswith("intents/") and isinstance(content, Mapping):
            intents.append(content)
            spoken = next((data[p] for p in data if p.startswith(f"{stem}_usersays_en")), content.get("userSays") or [])
            phrases[content["name"]] = tuple(said["data"] for said in spoken if not said.get("isTemplate"))
        elif path.startswith("entities/") and isinstance(content, Mapping):
            entries = next((data[p] for p in data if p.startswith(f"{stem}_entries_en")), content.get("entries") or [])
            entities[content["name"]] = {e["value"]: tuple(e.get("synonyms") or ()) for e in entries}
    return Agent(name, tuple(intents), phrases, entities)


def _skill(agent: Agent, rng: random.Random) -> Skill | None:
    tools: list[ToolSchema] = []
    lines: list[Line] = []
    frames: list[tuple[str, str]] = []
    for intent in agent.intents:
        name, said = intent["name"], agent.phrases[intent["name"]]
        events = {event.get("name", "") for event in intent.get("events") or []}
        if intent.get("contexts") or events & EVENTS:
            continue
        quiet, act = _talk(intent)
        if quiet:
            lines += [_chat(pieces, act) for pieces in said]
            continue
        tools.append(_tool(intent, agent))
        parameters = {parameter["name"]: parameter for parameter in _parameters(intent)}
        frames += [(name, "".join("{}" if _names(piece, parameters) else piece["text"] for piece in p)) for p in said]
        lines += [line for pieces in said if (line := _request(name, pieces, parameters, agent)) is not None]
        for parameter in parameters.values():
            lines += _answers(name, parameter, agent, rng)
    return make_skill(f"dialogflow/{agent.name}", tools, lines, about=agent.name, alike=alike_by_frames(frames))


def _talk(intent: Mapping[str, Any]) -> tuple[bool, SpeechAct | None]:
    """An intent whose name or action says so, or that only answers, is talk."""
    quiet, act = talk(intent["name"])
    if quiet or intent.get("fallbackIntent"):
        return True, act
    return not (intent.get("webhookUsed") or _parameters(intent) or _action(intent)), None


def _action(intent: Mapping[str, Any]) -> str:
    return next((response.get("action") or "" for response in intent.get("responses") or []), "")


def _parameters(intent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        p for response in intent.get("responses") or [] for p in response.get("parameters") or [] if p.get("dataType")
    ]


def _tool(intent: Mapping[str, Any], agent: Agent) -> ToolSchema:
    properties, required = {}, []
    for parameter in _parameters(intent):
        name, kind = parameter["name"], kind_of(parameter["dataType"], parameter["name"])
        entries = agent.entities.get(parameter["dataType"].removeprefix("@"), {})
        schema = choices_schema(list(entries)) if entries else schema_of(kind) if kind else {"type": "string"}
        properties[name] = schema | {"description": f"The {name_words(name)}."}
        if parameter.get("required"):
            required.append(name)
    words = name_words(intent["name"])
    return declare(words.replace(" ", "_"), f"{words[:1].upper()}{words[1:]}.", properties, required)


def _names(piece: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    """The parameter that a piece of a phrase gives."""
    alias = piece.get("alias")
    return alias if alias in parameters and piece.get("meta") != "@sys.ignore" else None


def _chat(pieces: Sequence[Mapping[str, Any]], act: SpeechAct | None) -> Line:
    text = tidy("".join(piece["text"] for piece in pieces))
    return Line(text, (), None, act or ("question" if is_question(text) else None))


def _request(
    intent: str, pieces: Sequence[Mapping[str, Any]], parameters: Mapping[str, Mapping[str, Any]], agent: Agent
) -> Line | None:
    """None for a phrase that is but a value, or gives a parameter twice."""
    text = tidy("".join(piece["text"] for piece in pieces))
    said: dict[str, str] = {}
    inferred: dict[str, Any] = {}
    around = ""
    for piece in pieces:
        name = _names(piece, parameters)
        if name is None:
            around += piece["text"]
            continue
        value = tidy(piece["text"])
        if name in said or name in inferred or value not in text:
            return None
        listed = _meant(value, parameters[name], agent)
        if listed == value:
            said[name] = value
        else:
            inferred[name] = listed
    if not normal(around):
        return None
    return Line(text, wants(name_words(intent).replace(" ", "_"), said, inferred))


def _meant(value: str, parameter: Mapping[str, Any], agent: Agent) -> str:
    """The entry of a closed list that a value is a synonym of; else the value."""
    entries = agent.entities.get(parameter["dataType"].removeprefix("@"), {})
    if "enum" not in choices_schema(list(entries)) or value in entries:
        return value
    synonyms = {normal(s): entry for entry, names in entries.items() for s in (*names, entry)}
    entry = synonyms.get(normal(value), value)
    return value if normal(entry) == normal(value) else entry


def _answers(intent: str, parameter: Mapping[str, Any], agent: Agent, rng: random.Random) -> Iterator[Line]:
    prompts = parameter.get("prompts") or []
    questions = [
        p["value"] for p in prompts if p.get("lang", "en") == "en" and "$" not in p["value"] and p["value"].strip()
    ]
    entries = [e for e in agent.entities.get(parameter["dataType"].removeprefix("@"), {}) if is_words(e)]
    kind = kind_of(parameter["dataType"], parameter["name"])
    if not questions or not (entries or kind):
        return
    values = (
        rng.sample(entries, min(len(entries), ANSWERS)) if entries else [draw(str(kind), rng) for _ in range(ANSWERS)]
    )
    for value in values:
        yield Line(
            value, wants(name_words(intent).replace(" ", "_"), {parameter["name"]: value}), rng.choice(questions)
        )
