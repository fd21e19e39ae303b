"""Published Alexa skills and Lex bots → skills: intents are tools, slots parameters, elicitation prompts questions.

Three formats: interaction models, the older schema with a list of utterances, and Lex (both versions). Slots of
Amazon's own types take values of ours (`drawn_values`), others the values of their published lists.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from recipes.corpora.alexa_files import Intent, Model, Slot, models
from recipes.corpora.building import Options, declare
from recipes.corpora.drawn_values import draw, kind_of, schema_of
from recipes.corpora.intent_files import (
    MOST_LINES,
    alike_by_frames,
    choices_schema,
    filled,
    make_skill,
    name_words,
    normal,
    talk,
    wants,
    without_repeated_talk,
)
from recipes.corpora.pairing import convert_skills
from recipes.corpora.skills import Line, Skill
from trm_agent.errors import DataError
from trm_agent.types import SpeechAct, ToolSchema

MOST_FILLINGS = 3
"""How often a sample with slots is filled anew."""

ANSWERS = 4
"""Answers to one question."""

SYNONYM_RATE = 0.25
"""How often a value of a list is said with one of its synonyms."""

BUILTIN: Mapping[str, SpeechAct] = {
    "HelpIntent": "question",
    "StopIntent": "give_up",
    "CancelIntent": "give_up",
    "YesIntent": "confirm",
    "NoIntent": "refuse",
}
"""Amazon's intents → the speech act of their samples; those of others are left out."""

_LITTLE = frozenset(
    re.findall(r"\w+", "a an the my of for in to at on and or is are me please some by with what s which tell give")
)
_SLOT = re.compile(r"{\s*([\w.-]+)\s*}")


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills in a folder with one folder a repository, `old-format` and `lex-bots` among them.

    Raises:
        DataError: It holds none.
    """
    found = list(models(folder))
    if not found:
        raise DataError(f"{folder}: no interaction model, no IntentSchema.json and no Lex bot")
    yield from without_repeated_talk(_skill(model, options.rng(f"alexa/{model.name}")) for model in found)


convert = convert_skills(read)


def _skill(model: Model, rng: random.Random) -> Skill | None:
    tools: dict[str, ToolSchema] = {}
    lines: list[Line] = []
    frames: list[tuple[str, str]] = []
    many = sum(len(intent.samples) for intent in model.intents)
    fillings = max(1, min(MOST_FILLINGS, MOST_LINES // max(1, many)))
    for intent in model.intents:
        if intent.name.startswith("AMAZON."):
            act = BUILTIN.get(intent.name.removeprefix("AMAZON."))
            lines += [Line(_ending(text), (), None, act) for text in intent.samples if act and "{" not in text]
            continue
        quiet, act = talk(intent.name)
        if quiet and not intent.slots:
            lines += [Line(_ending(text), (), None, act) for text in intent.samples if "{" not in text]
        elif _tool_name(intent.name) not in tools:
            intent = replace(intent, name=_tool_name(intent.name))
            slots = {slot.name: slot for slot in intent.slots if not _is_little(slot, model)}
            tools[intent.name] = _tool(intent, slots, model)
            frames += [(intent.name, _SLOT.sub("{}", sample)) for sample in intent.samples]
            lines += _requests(intent, slots, model, rng, fillings)
            lines += _answers(intent, slots, model, rng)
    return make_skill(f"alexa/{model.name}", tools.values(), lines, about=model.name, alike=alike_by_frames(frames))


def _tool_name(name: str) -> str:
    """The intent's name without the word that only says it is one."""
    return re.sub(r"_?Intent$", "", name, flags=re.IGNORECASE) or name


def _tool(intent: Intent, slots: Mapping[str, Slot], model: Model) -> ToolSchema:
    properties = {}
    for slot in slots.values():
        listed = model.types.get(slot.type, {})
        kind = kind_of(slot.type, slot.name)
        schema = choices_schema(list(listed)) if listed else schema_of(kind) if kind else {"type": "string"}
        properties[slot.name] = schema | {"description": slot.description or f"The {name_words(slot.name)}."}
    words = name_words(intent.name)
    required = [slot.name for slot in slots.values() if slot.required]
    return declare(intent.name, intent.description or f"{words[:1].upper()}{words[1:]}.", properties, required)


def _is_little(slot: Slot, model: Model) -> bool:
    """Whether a slot only takes in articles and the like."""
    values = model.types.get(slot.type, {})
    return bool(values) and all(_LITTLE.issuperset(normal(value).split()) for value in values)


def _requests(
    intent: Intent, slots: Mapping[str, Slot], model: Model, rng: random.Random, fillings: int
) -> Iterator[Line]:
    for sample in intent.samples:
        if not re.search(r"\w", _SLOT.sub("", sample)):
            continue
        for _ in range(fillings if "{" in sample else 1):
            made = _filled(intent, sample, slots, model, rng)
            if made is not None:
                text, said, inferred = made
                yield Line(_ending(text), wants(intent.name, said, inferred))


def _answers(intent: Intent, slots: Mapping[str, Slot], model: Model, rng: random.Random) -> Iterator[Line]:
    for slot in slots.values():
        for _ in range(ANSWERS if slot.questions else 0):
            sample = rng.choice(slot.answers) if slot.answers and rng.random() < 0.5 else "{" + slot.name + "}"
            made = _filled(intent, sample, slots, model, rng)
            if made is not None and (made[1] or made[2]):
                yield Line(made[0], wants(intent.name, made[1], made[2]), rng.choice(slot.questions))


def _filled(
    intent: Intent, sample: str, slots: Mapping[str, Slot], model: Model, rng: random.Random
) -> tuple[str, dict[str, str], dict[str, str]] | None:
    """The text of a sample, the values it says, and those of closed lists that it says with a synonym."""
    by_name = {slot.name: slot for slot in intent.slots}
    values: dict[str, str] = {}
    meant: dict[str, str] = {}
    for name in _SLOT.findall(sample):
        if name not in by_name:
            return None
        drawn = _value(by_name[name], model, rng)
        if drawn is None or drawn[0] in values.values():
            return None
        values[name], meant[name] = drawn
    made = filled(sample, values)
    if made is None:
        return None
    text, said = made
    closed = {name for name in said if "enum" in choices_schema(list(model.types.get(by_name[name].type, {})))}
    inferred = {name: meant[name] for name in closed if name in slots and said[name] != meant[name]}
    return text, {name: value for name, value in said.items() if name in slots and name not in inferred}, inferred


def _value(slot: Slot, model: Model, rng: random.Random) -> tuple[str, str] | None:
    """(As it is said, as the list has it)."""
    listed = {
        value: synonyms
        for value, synonyms in model.types.get(slot.type, {}).items()
        if "placeholder" not in value.lower() and "_" not in value
    }
    if listed:
        value = rng.choice(list(listed))
        others = [synonym for synonym in listed[value] if synonym.strip()]
        return (rng.choice(others) if others and rng.random() < SYNONYM_RATE else value), value
    kind = kind_of(slot.type, slot.name)
    if kind is None or model.types.get(slot.type):
        return None
    value = draw(kind, rng)
    return value, value


def _ending(text: str) -> str:
    """Without the blank before an ending ("mark 's") and the "to" that follows a skill's name ("ask X to …")."""
    text = re.sub(r"\b(a|an) an?\b", r"\1", " ".join(text.split()))
    return re.sub(r"^to (?=\w+ \w)", "", re.sub(r"\s+'s\b", "'s", text))
