"""The files of Alexa skills and Lex bots as one model: intents with samples and slots, and lists of values.

Five formats: interaction models, the older schema with a list of utterances, Lex's export, Lex with a file an intent,
and Lex's second version.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError

_YES_NO = re.compile(r"(?i)(was|were|is|are|do|does|did|should|shall|would|will|have|has)\b")
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


def models(folder: Path) -> Iterator[Model]:
    """The skills and bots below a folder with one folder a repository.

    Raises:
        DataError: A file is no JSON.
    """
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
