"""Published Rasa bots → skills: intents that lead to a form or an action are tools, their entities the parameters.

A bot is the folder of a `domain.yml` (or `config.yml`), with its examples and stories below. What it only answers is
talk, and so are intents whose name says so. A bot that leads to no action declares its requests as tools, for then its
files do not say which they are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.intent_files import (
    FILLS,
    alike_by_frames,
    choices_schema,
    is_question,
    make_skill,
    name_words,
    normal,
    talk,
    tidy,
    wants,
    without_repeated_talk,
)
from recipes.corpora.pairing import convert_skills
from recipes.corpora.rasa_files import Bot, Example, bots
from recipes.corpora.skills import Line, Skill
from trm_agent.errors import DataError
from trm_agent.types import SpeechAct, ToolSchema

LEAST_EXAMPLES = 3
"""A tool has at least so many lines."""

FOREIGN = re.compile(r"roman_urdu|_de(/|$)")
"""Folders of bots in another language."""

NO_REQUEST = re.compile(
    r"\w+_(positive|negative)|SCENARIO|emergency|last|creators|no_account|question_disease|need_more_time_retail|confirm_exists"
    r"|existence(Two)?|(crypto_)?currency|restaurant_type|choose_\w+|type_weather|implicit_behavior_search|inquire-ask_\w+[\w-]*"
    r"|slot_check|why|explain|\w+_Courses|(test|dummy)\w*|Default|accept|provide_\w+"
)
"""Intents of these bots that tell, choose or go on, whatever they lead to."""

_NUMBERED = re.compile(r"[\s_]*\d+$")


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills in a folder of bots.

    Raises:
        DataError: It holds none.
    """
    found = [bot for bot in bots(folder) if not FOREIGN.search(bot.name)]
    if not found:
        raise DataError(f"{folder}: no Rasa bot (nlu.yml, nlu.md or rasa_nlu_data)")
    yield from without_repeated_talk(map(_skill, found))


convert = convert_skills(read)


def _skill(bot: Bot) -> Skill | None:
    tools = _tools(bot)
    declared = {name: _declared(name, intents, bot) for name, intents in tools.items()}
    of = {intent: name for name, intents in tools.items() for intent in intents}
    lines: list[Line] = []
    frames: list[tuple[str, str]] = []
    for intent, examples in bot.examples.items():
        quiet, act = talk(intent)
        if intent in of:
            frames += [(of[intent], example.frame) for example in examples]
            lines += [line for e in examples if (line := _request(e, declared[of[intent]])) is not None]
        elif quiet or (tools and not _fills(intent, examples) and _is_asked(examples)):
            lines += [
                Line(e.text, (), None, act or _act(e.text, quiet)) for e in examples if quiet or is_question(e.text)
            ]
        elif _fills(intent, examples):
            lines += _answers(examples, bot, declared)
    return make_skill(f"rasa/{bot.name}", declared.values(), lines, about=bot.name, alike=alike_by_frames(frames))


def _tools(bot: Bot) -> dict[str, tuple[str, ...]]:
    """Tool → its intents: those that lead to the same form are one."""
    requests = [
        intent
        for intent, examples in bot.examples.items()
        if not talk(intent)[0]
        and not _fills(intent, examples)
        and len(examples) >= LEAST_EXAMPLES
        and not (_NUMBERED.search(intent) or NO_REQUEST.fullmatch(intent))
    ]
    acting = [intent for intent in requests if bot.leads.get(intent)]
    if not acting:
        acting = [] if _is_faq(bot, requests) else requests
    by_form: dict[str, list[str]] = defaultdict(list)
    for intent in acting:
        forms = [action for action in bot.leads.get(intent, ()) if action in bot.forms]
        by_form[forms[0] if forms else intent].append(intent)
    out: dict[str, tuple[str, ...]] = {}
    for form, intents in by_form.items():
        name = intents[0] if len(intents) == 1 else re.sub(r"_?form$|^form_", "", form)
        out[name] = tuple(intents)
    return out


def _is_faq(bot: Bot, requests: Sequence[str]) -> bool:
    """Whether a bot that does nothing but answer is asked questions rather than to do something."""
    texts = [example.text for intent in requests for example in bot.examples[intent]]
    return 2 * sum(is_question(text) for text in texts) > len(texts)


def _fills(intent: str, examples: Sequence[Example]) -> bool:
    """Whether the lines of an intent answer questions: its name says so, or most are but a value."""
    bare = sum(not normal(example.frame.replace("{}", " ")) for example in examples)
    return FILLS.fullmatch(name_words(intent)) is not None or 2 * bare > len(examples)


def _is_asked(examples: Sequence[Example]) -> bool:
    return 2 * sum(is_question(example.text) for example in examples) > len(examples)


def _act(text: str, quiet: bool) -> SpeechAct | None:
    return None if quiet else "question" if is_question(text) else None


def _declared(name: str, intents: Sequence[str], bot: Bot) -> ToolSchema:
    said: Counter[str] = Counter()
    for intent in intents:
        for example in bot.examples[intent]:
            said.update({entity for entity, _, _ in example.values})
    form = next((a for intent in intents for a in bot.leads.get(intent, ()) if a in bot.forms), None)
    asked = [slot for slot in bot.forms.get(form or "", ()) if slot in bot.entities]
    properties = {}
    for entity in dict.fromkeys([*asked, *said]):
        schema = choices_schema(bot.choices.get(entity, ()))
        properties[entity] = schema | {"description": f"The {name_words(entity)}."}
    words = name_words(name)
    return declare(name, f"{words[:1].upper()}{words[1:]}.", properties, asked)


def _request(example: Example, tool: ToolSchema) -> Line | None:
    """None for a line that is but a value, or gives one parameter twice."""
    call = _call(example, tool)
    if call is None or not normal(example.frame.replace("{}", " ")):
        return None
    return Line(example.text, wants(tool.name, *call))


def _call(example: Example, tool: ToolSchema) -> tuple[dict[str, str], dict[str, Any]] | None:
    said: dict[str, str] = {}
    inferred: dict[str, Any] = {}
    for entity, text, value in example.values:
        if entity in said or entity in inferred or text not in example.text:
            return None
        choices = tool.schema["properties"].get(entity, {}).get("enum", ())
        if value in choices and normal(value) != normal(text):
            inferred[entity] = value
        else:
            said[entity] = text
    return said, inferred


def _answers(examples: Sequence[Example], bot: Bot, declared: Mapping[str, ToolSchema]) -> Iterator[Line]:
    """Lines that answer what exactly one tool asks for."""
    takes: dict[str, list[ToolSchema]] = defaultdict(list)
    for tool in declared.values():
        for parameter in tool.schema["properties"]:
            takes[parameter].append(tool)
    for example in examples:
        entities = [entity for entity, _, _ in example.values]
        question = bot.questions.get(entities[0]) if len(entities) == 1 else None
        if question and len(takes[entities[0]]) == 1:
            tool = takes[entities[0]][0]
            call = _call(example, tool)
            if call is not None:
                yield Line(example.text, wants(tool.name, *call), tidy(question))
