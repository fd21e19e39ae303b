"""Rasa's files: examples in YAML, Markdown or JSON, and what the domain and the stories say an intent leads to."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from recipes.corpora.intent_files import tidy
from trm_agent.errors import DataError

BUILTIN = re.compile(
    r"action_(listen|restart|session_start|default.*|deactivate.*|back|unlikely.*|two_stage.*|revert.*|.*fallback.*|greet.*"
    r"|handoff|human.*|set_.*|reset.*|clear.*|.*small_?talk.*|chitchat|.*goodbye.*|extract_slots|hello_world)$"
)
"""Actions that serve the conversation and not the user."""

_MARK = re.compile(r"\[([^\[\]]+)\](?:\(([^()]+)\)|(\{[^{}]*\}))")
_HEAD = re.compile(r"^##\s*(\w+)\s*:\s*(.+?)\s*$")
_USER = re.compile(r"^\s*\*\s*(.+)$")
_ACTION = re.compile(r"^\s*-\s+(\w+)\s*(?:{.*})?\s*$")


@dataclass(frozen=True)
class Example:
    """One line of an intent.

    Attributes:
        text: Without marks.
        frame: With "{}" for each marked value.
        values: (entity, its text, the value it stands for).
    """

    text: str
    frame: str
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Bot:
    """What the files of one bot hold.

    Attributes:
        name: Its folder.
        examples: Intent → lines.
        leads: Intent → the forms and actions that some story has after it; a form only where it comes first, for later
            it goes on after an interruption.
        forms: Form → the slots it asks for.
        questions: Slot → the words with which it is asked for.
        choices: Entity → values of its categorical slot.
    """

    name: str
    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    leads: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def entities(self) -> frozenset[str]:
        """All that lines mark."""
        return frozenset(name for lines in self.examples.values() for line in lines for name, _, _ in line.values)


def example(text: str) -> Example:
    """A line with marks: `[text](entity)`, `[text](entity:value)` or `[text]{"entity": …, "value": …, "role": …}`."""
    values: list[tuple[str, str, str]] = []

    def plain(match: re.Match[str]) -> str:
        entity, value = match[2], None
        if match[3]:
            try:
                marks = json.loads(match[3])
            except json.JSONDecodeError:
                marks = {}
            entity, value = marks.get("entity", ""), marks.get("value")
            role = str(marks.get("role", "")).strip()
            entity = f"{role}_{entity}" if role and entity else entity
        elif ":" in entity:
            entity, _, value = entity.partition(":")
        if entity:
            values.append((entity.strip(), tidy(match[1]), tidy(str(value if value is not None else match[1]))))
        return match[1]

    whole = _MARK.sub(plain, text)
    return Example(tidy(whole), _MARK.sub("{}", text), tuple(values))


def bots(folder: Path) -> list[Bot]:
    """The bots below a folder, in order of their names.

    Raises:
        DataError: A file is no YAML or JSON.
    """
    by_root: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yml", ".yaml", ".md", ".json") and not _is_test(path, folder):
            by_root[_root(path, folder)].append(path)
    found = [_bot(str(root.relative_to(folder)), paths) for root, paths in by_root.items()]
    return [bot for bot in found if bot.examples]


def _is_test(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return "tests" in parts or "test" in parts or path.stem.lower() in ("readme", "test_stories", "config", "source")


def _root(path: Path, folder: Path) -> Path:
    for parent in path.parents:
        if parent == folder:
            break
        if any((parent / name).exists() for name in ("domain.yml", "domain", "config.yml")):
            return parent
    return path.parent


def _bot(name: str, paths: Iterable[Path]) -> Bot:
    bot = Bot(name)
    for path in paths:
        if path.suffix == ".md":
            _markdown(path.read_text("utf-8-sig", errors="replace"), bot)
            continue
        data = _load(path)
        if isinstance(data, Mapping):
            _published_json(data, bot)
            _domain(data, bot)
            _yaml_examples(data, bot)
            _yaml_stories(data, bot)
    for intent, actions in bot.leads.items():
        bot.leads[intent] = [
            action
            for action in dict.fromkeys(actions)
            if action in bot.forms
            or action.endswith("_form")
            or (action.startswith("action_") and not BUILTIN.match(action))
        ]
    return bot


def _load(path: Path) -> Any:
    text = path.read_text("utf-8-sig", errors="replace").replace("\t", "    ")
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: neither YAML nor JSON: {error}") from error


# Examples


def _published_json(data: Mapping[str, Any], bot: Bot) -> None:
    for entry in (data.get("rasa_nlu_data") or {}).get("common_examples", []):
        text, values, frame, end = entry["text"], [], "", 0
        for mark in sorted(entry.get("entities") or [], key=lambda mark: mark["start"]):
            said = text[mark["start"] : mark["end"]]
            values.append((mark["entity"], tidy(said), tidy(str(mark.get("value", said)))))
            frame, end = f"{frame}{text[end : mark['start']]}{{}}", mark["end"]
        bot.examples[entry["intent"]].append(Example(tidy(text), frame + text[end:], tuple(values)))


def _yaml_examples(data: Mapping[str, Any], bot: Bot) -> None:
    for block in data.get("nlu") or []:
        if not isinstance(block, Mapping) or "intent" not in block or not block.get("examples"):
            continue
        examples = block["examples"]
        lines = examples.splitlines() if isinstance(examples, str) else [_listed(one) for one in examples]
        texts = [re.sub(r"^\s*-\s*", "", line) for line in lines]
        bot.examples[str(block["intent"])] += [example(text) for text in texts if text.strip()]


def _listed(one: Any) -> str:
    return str(one.get("text", "")).strip() if isinstance(one, Mapping) else str(one)


def _markdown(text: str, bot: Bot) -> None:
    """Examples under `## intent:name`, stories under any other heading."""
    intent: str | None = None
    users: tuple[str, ...] = ()
    first = False
    for line in text.splitlines():
        head = _HEAD.match(line)
        if line.startswith("#"):
            intent, users = (head[2] if head and head[1] == "intent" else None), ()
        elif intent and re.match(r"\s*[-*+]\s+\S", line):
            bot.examples[intent].append(example(re.sub(r"^\s*[-*+]\s+", "", line)))
        elif not intent and (user := _USER.match(line)):
            users = tuple(re.split(r"[{\s]", one.strip())[0] for one in re.split(r"\s+OR\s+", user[1]))
            first = True
        elif not intent and (action := _ACTION.match(line)):
            _add(bot, users, action[1], first)
            first = False


# Domain and stories


def _domain(data: Mapping[str, Any], bot: Bot) -> None:
    forms = data.get("forms") or {}
    if isinstance(forms, Mapping):
        for form, body in forms.items():
            slots = (body or {}).get("required_slots", body) if isinstance(body, Mapping) else ()
            bot.forms[str(form)] = tuple(str(slot) for slot in slots or () if slot != "ignored_intents")
    else:
        bot.forms.update({str(form): () for form in forms if isinstance(form, str)})
    for slot, body in (data.get("slots") or {}).items() if isinstance(data.get("slots"), Mapping) else ():
        if isinstance(body, Mapping) and body.get("type") == "categorical":
            bot.choices[str(slot)] = tuple(str(value) for value in body.get("values") or ())
    answers = data.get("responses") or data.get("templates") or {}
    for name, texts in answers.items() if isinstance(answers, Mapping) else ():
        asked = re.match(r"utter_ask_(.+)", str(name))
        text = _first_text(texts)
        if asked and text and "{" not in text:
            slot = asked[1]
            for form in bot.forms:
                slot = slot.removeprefix(f"{form}_")
            bot.questions.setdefault(slot, text)


def _first_text(texts: Any) -> str:
    first = texts[0] if isinstance(texts, Sequence) and not isinstance(texts, str) and texts else texts
    return str(first.get("text") or "") if isinstance(first, Mapping) else str(first or "")


def _yaml_stories(data: Mapping[str, Any], bot: Bot) -> None:
    for story in [*(data.get("stories") or []), *(data.get("rules") or [])]:
        users: tuple[str, ...] = ()
        first = False
        for step in story.get("steps") or [] if isinstance(story, Mapping) else []:
            if not isinstance(step, Mapping):
                continue
            if named := tuple(_intents(step)):
                users, first = named, True
            elif "action" in step:
                _add(bot, users, str(step["action"]), first)
                first = False


def _add(bot: Bot, users: Iterable[str], action: str, first: bool) -> None:
    if first or not action.endswith("form"):
        for name in users:
            bot.leads[name].append(action)


def _intents(step: Mapping[str, Any]) -> Iterator[str]:
    if "intent" in step:
        yield str(step["intent"])
    for other in step.get("or") or []:
        if isinstance(other, Mapping) and "intent" in other:
            yield str(other["intent"])
