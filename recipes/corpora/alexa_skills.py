"""Published Alexa skills and Lex bots → skills: intents are tools, slots parameters, elicitation prompts questions.

Three formats: interaction models, the older schema with a list of utterances, and Lex (both versions). Slots of
Amazon's own types take values of ours (`drawn_values`), others the values of their published lists.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    "a an the my of for in to at on and or is are me please some by with what s which tell give".split()
)
_YES_NO = re.compile(r"(?i)(was|were|is|are|do|does|did|should|shall|would|will|have|has)\b")
_SLOT = re.compile(r"{\s*([\w.-]+)\s*}")
_GROUP = re.compile(r"{([^{}]*)}")
_MARKUP = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Slot:
    """One slot of an intent.

    Attributes:
        name: As samples write it.
        type: Published name of its type.
        description: In the publisher's words.
        required: Whether the publisher asks for it.
        questions: With which it is asked for.
        answers: Samples that answer those.
    """

    name: str
    type: str
    description: str = ""
    required: bool = False
    questions: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intent:
    """One intent: what is said, and what is filled in."""

    name: str
    samples: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Model:
    """All of one skill, whatever its format.

    Attributes:
        name: Of the skill.
        intents: In published order.
        types: Type → its values, each with its synonyms.
    """

    name: str
    intents: tuple[Intent, ...]
    types: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills in a folder with one folder a repository, `old-format` and `lex-bots` among them.

    Raises:
        DataError: It holds none.
    """
    models = list(_models(folder))
    if not models:
        raise DataError(f"{folder}: no interaction model, no IntentSchema.json and no Lex bot")
    made = (_skill(model, options.rng(f"alexa/{model.name}")) for model in models)
    yield from without_repeated_talk(skill for skill in made if skill is not None)


convert = convert_skills(read)


def _models(folder: Path) -> Iterator[Model]:
    new: dict[str, list[tuple[Path, Mapping[str, Any]]]] = defaultdict(list)
    for path in sorted(folder.rglob("*.json")):
        data = _load(path)
        if (model := _language_model(data)) is not None:
            new[_repository(path, folder)].append((path, model))
        elif isinstance(data, Mapping) and isinstance(data.get("resource"), Mapping):
            yield _lex_model(f"{_repository(path, folder)}/{data['resource']['name']}", data["resource"])
    for repository, found in new.items():
        for path, model in found:
            demo = f"/{_demo(path)}" if len(found) > 1 else ""
            yield _interaction_model(repository + demo, model)
    for schema in sorted({*folder.rglob("IntentSchema.json"), *folder.rglob("schema.json")}):
        if _repository(schema, folder) not in new:
            yield _old_model(_repository(schema, folder), schema)
    for intents in sorted(folder.rglob("intents")):
        if all("sampleUtterances" in _load(path) for path in intents.glob("*.json")):
            yield _lex_folder(_repository(intents, folder), intents)
    for locale in sorted(folder.rglob("BotLocales/en_*")):
        yield _lex_second(_repository(locale, folder), locale)


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"), strict=False)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON: {error}") from error


def _repository(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).parts
    return parts[1] if parts[0] in ("old-format", "lex-bots") else parts[0]


def _demo(path: Path) -> str:
    """The folder that names a skill among several of one repository."""
    common = {"models", "skill", "custom", "interactionmodels", "skill-package", "speechassets"}
    return next((part for part in reversed(path.parts[:-1]) if part.lower() not in common), path.stem)


# Interaction models


def _language_model(data: Any) -> Mapping[str, Any] | None:
    if not isinstance(data, Mapping):
        return None
    whole = data.get("interactionModel", data)
    if isinstance(whole, Mapping) and "languageModel" in whole:
        return {**whole["languageModel"], "dialog": whole.get("dialog", {}), "prompts": whole.get("prompts", [])}
    if "intents" in data and "types" in data:
        return data
    return None


def _interaction_model(name: str, model: Mapping[str, Any]) -> Model:
    prompts = {
        prompt["id"]: tuple(_spoken(v.get("value", "")) for v in prompt.get("variations", []))
        for prompt in model.get("prompts", [])
    }
    dialog = {
        (intent["name"], slot["name"]): slot
        for intent in (model.get("dialog") or {}).get("intents", [])
        for slot in intent.get("slots", [])
    }
    intents = []
    for intent in model.get("intents", []):
        slots = []
        for slot in intent.get("slots") or []:
            asked = dialog.get((intent["name"], slot["name"]), {})
            questions = prompts.get((asked.get("prompts") or {}).get("elicitation", ""), ())
            required = bool(asked.get("elicitationRequired"))
            slots.append(
                Slot(slot["name"], slot["type"], "", required, _plain(questions), tuple(slot.get("samples") or ()))
            )
        intents.append(Intent(intent["name"], tuple(intent.get("samples") or ()), tuple(slots)))
    types: dict[str, dict[str, tuple[str, ...]]] = {}
    for kind in model.get("types", []):
        named = [v["name"] if isinstance(v["name"], Mapping) else {"value": v["name"]} for v in kind.get("values", [])]
        types[kind["name"]] = {v["value"]: tuple(v.get("synonyms") or ()) for v in named if v.get("value")}
    return Model(name, tuple(intents), types)


def _plain(questions: Iterable[str]) -> tuple[str, ...]:
    """Questions that hold no other slot and ask for more than yes or no."""
    return tuple(q for q in questions if q.strip() and "{" not in q and not (_YES_NO.match(q) and " or " not in q))


def _spoken(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).split())


# The older format


def _old_model(name: str, schema: Path) -> Model:
    slots = {
        intent["intent"]: tuple(Slot(s["name"], s["type"]) for s in intent.get("slots") or [])
        for intent in _load(schema)["intents"]
    }
    texts = [p for p in sorted(schema.parent.rglob("*")) if p.is_file() and "utterances" in p.name.lower()]
    words = [_load(p) for p in schema.parent.glob("dictionary.json")]
    samples: dict[str, list[str]] = defaultdict(list)
    for path in texts:
        for line in path.read_text("utf-8-sig").splitlines():
            intent, _, text = line.strip().partition(" ")
            if intent in slots and text:
                own = {slot.name for slot in slots[intent]}
                samples[intent].append(_unfolded(text, own, words[0] if words else {}, random.Random(f"{name}/{line}")))
    types = {
        path.stem if path.suffix == ".txt" else path.name: {
            value.strip(): () for value in path.read_text("utf-8-sig").splitlines() if value.strip()
        }
        for path in schema.parent.rglob("customSlotTypes/*")
    }
    return Model(name, tuple(Intent(i, tuple(samples[i]), slots[i]) for i in slots), types)


def _unfolded(text: str, slots: set[str], words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """One of the texts that `{a|b|}` and `{word of the dictionary}` stand for; slots stay."""

    def chosen(match: re.Match[str]) -> str:
        options = match[1].split("|")
        named = [option.strip() for option in options if option.strip() in slots]
        if named:
            return "{" + named[-1] + "}"
        if len(options) == 1 and options[0] in words:
            return str(rng.choice([options[0], *words[options[0]]]))
        return rng.choice(options)

    return _GROUP.sub(chosen, text)


# Lex


def _lex_model(name: str, bot: Mapping[str, Any]) -> Model:
    return Model(
        name, tuple(_lex_intent(intent) for intent in bot.get("intents", [])), _lex_types(bot.get("slotTypes", []))
    )


def _lex_intent(intent: Mapping[str, Any]) -> Intent:
    slots = tuple(
        Slot(
            slot["name"],
            slot.get("slotType", ""),
            slot.get("description", ""),
            slot.get("slotConstraint") == "Required",
            _plain(m.get("content", "") for m in (slot.get("valueElicitationPrompt") or {}).get("messages", [])),
            tuple(slot.get("sampleUtterances") or ()),
        )
        for slot in intent.get("slots", [])
    )
    return Intent(intent["name"], tuple(intent.get("sampleUtterances") or ()), slots, intent.get("description") or "")


def _lex_types(types: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        kind["name"]: {
            v["value"]: tuple(v.get("synonyms") or ()) for v in kind.get("enumerationValues", []) if v.get("value")
        }
        for kind in types
    }


def _lex_folder(name: str, intents: Path) -> Model:
    """A bot with one file an intent, and one a slot type beside them."""
    types = _lex_types(_load(path) for path in sorted((intents.parent / "slots").glob("*.json")))
    return Model(name, tuple(_lex_intent(_load(path)) for path in sorted(intents.glob("*.json"))), types)


def _lex_second(name: str, locale: Path) -> Model:
    """A bot of the second version: one folder an intent, in it one a slot."""
    intents = []
    for path in sorted(locale.glob("Intents/*/Intent.json")):
        data = _load(path)
        slots = tuple(_second_slot(_load(slot)) for slot in sorted(path.parent.glob("Slots/*/Slot.json")))
        samples = tuple(sample["utterance"] for sample in data.get("sampleUtterances") or [])
        intents.append(Intent(data["name"], samples, slots, data.get("description") or ""))
    types: dict[str, dict[str, tuple[str, ...]]] = {}
    for path in sorted(locale.glob("SlotTypes/*/SlotType.json")):
        data = _load(path)
        values = data.get("slotTypeValues") or []
        types[data["name"]] = {
            v["sampleValue"]["value"]: tuple(s["value"] for s in v.get("synonyms") or []) for v in values
        }
    return Model(name, tuple(intents), types)


def _second_slot(slot: Mapping[str, Any]) -> Slot:
    setting = slot.get("valueElicitationSetting") or {}
    groups = (setting.get("promptSpecification") or {}).get("messageGroupsList") or []
    asked = [((group.get("message") or {}).get("plainTextMessage") or {}).get("value", "") for group in groups]
    required = setting.get("slotConstraint") == "Required"
    return Slot(slot["name"], slot.get("slotTypeName") or "", slot.get("description") or "", required, _plain(asked))


# One skill


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
    """The text without the blank before an ending ("mark 's") and the "to" that follows a skill's name ("ask X to …")."""
    text = re.sub(r"\b(a|an) an?\b", r"\1", " ".join(text.split()))
    return re.sub(r"^to (?=\w+ \w)", "", re.sub(r"\s+'s\b", "'s", text))
