"""Episodes → more of them, of the kind that makes tools unseen: other words, other types, other neighbours.

Nothing here adds knowledge of a tool. It takes away what a model could learn by heart (names, wordings, that a tool
says whether it is read-only), and shows what a corpus happens never to show (a second request for another tool, small
talk after a call). Everything is a function of the episodes and the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trm_agent.data.renaming import STEMS, Renaming, abbreviated, described_names, last_part, numbered
from trm_agent.text.language import word_list
from trm_agent.training.chaining import chains, together
from trm_agent.training.episodes import Episode, Point
from trm_agent.training.out_of_scope import instruction
from trm_agent.training.rates import Rates
from trm_agent.training.typos import typed_in_haste
from trm_agent.types import Message, Parameter, ToolSchema, identifier_words, slot_table
from trm_agent.values import read_number

_SMALL_WORDS = word_list("small")


def augment(episodes: Sequence[Episode], seed: int, rates: Rates | None = None) -> list[Episode]:
    """Other episodes in the place of these; fewer where single requests were chained.

    Args:
        episodes: As read.
        seed: Draws every change.
        rates: How often what is changed.
    """
    rates = rates or Rates()
    rng = random.Random(f"augment/{seed}")
    alone = {id(e) for e in episodes if len(e.points) == 1 and e.used is None and not _opens_with_system(e)}
    single = [episode for episode in episodes if id(episode) in alone]
    longer = [episode for episode in episodes if id(episode) not in alone]
    single = [*_foreign(single, rng, rates), *_instructions(single, rng, rates)]
    rng.shuffle(single)
    single = list(together(single, rng, rates))
    rng.shuffle(single)
    chained = list(chains(single, rng, rates))
    declared = [declared_otherwise(episode, rng, rates) for episode in [*longer, *chained]]
    return [typed_in_haste(episode, rng, rates) for episode in declared]


def _opens_with_system(episode: Episode) -> bool:
    return episode.messages[0].role != "user"


def _foreign(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
    """The same requests, some of them with the tools of another: about no tool, and nothing is called."""
    for episode in episodes:
        other = rng.choice(episodes)
        if rng.random() < rates.foreign and not _serves(other.tools, episode):
            asked = episode.points[0]
            fields = {slot.key for slot in slot_table((), episode.slot_fields)}
            point = replace(
                asked,
                decision="direct_answer",
                tool=None,
                intent=None,
                intent_known=True,
                slots={key: values for key, values in asked.slots.items() if key in fields},
                known=None,
                calls=0,
                tools=(),
                more={},
            )
            yield Episode(other.tools, episode.messages, (point,), episode.slot_fields)
        else:
            yield episode


def _serves(tools: Sequence[ToolSchema], episode: Episode) -> bool:
    """Whether a tool shares a word of its name, or of the names in its description, with what the request is about."""
    meant = {*episode.points[0].tools, episode.points[0].intent}
    if meant == {None}:
        return False
    names = [tool.name for tool in episode.tools if tool.name in meant]
    words = {word for name in names for word in identifier_words(name).split() if len(word) > 2}
    told = {word for tool in tools for word in f"{identifier_words(tool.name)} {tool.description.lower()}".split()}
    return not names or not words.isdisjoint(told)


def _instructions(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
    """Things that no tool is for, before the tools of some request."""
    for episode in episodes:
        if rng.random() < rates.instruction:
            text = instruction(rng)
            asked = set(text.lower().split())
            told = {word for t in episode.tools for word in identifier_words(t.name).split()}
            if asked.isdisjoint(told - _SMALL_WORDS):
                point = Point(1, "direct_answer", None, None, True, {})
                yield Episode(episode.tools, (Message("user", text),), (point,), episode.slot_fields)


def declared_otherwise(episode: Episode, rng: random.Random, rates: Rates) -> Episode:
    """The same conversation with tools that say less, or say it in another way."""
    quiet = rng.random() < rates.hint
    numeric = _numeric_slots(episode)
    neutral = rng.random() < rates.neutral and all(tool.description for tool in episode.tools)
    named = _other_parameter_names(episode, rng, rates)
    renamed = {
        tool.name: Renaming(f"tool_{i}" if neutral else tool.name, named) for i, tool in enumerate(episode.tools, 1)
    }
    changes: dict[str, dict[str, Any]] = {}
    tools = []
    for tool in episode.tools:
        parameters = {}
        for parameter in tool.parameters:
            if parameter.declaration not in changes:
                changes[parameter.declaration] = _schema_change(
                    parameter, named, parameter.declaration in numeric, rng, rates
                )
            name, schema = renamed[tool.name].path(parameter.name), changes[parameter.declaration]
            parameters[name] = replace(parameter, name=name, schema=schema)
        tools.append(
            replace(
                tool,
                name=renamed[tool.name].tool,
                description="" if not neutral and rng.random() < rates.tool_description else tool.description,
                read_only=None if quiet and tool.read_only else tool.read_only,
                parameters=tuple(parameters.values()),
            )
        )
    return _rekeyed(episode, tuple(tools), renamed)


def _other_parameter_names(episode: Episode, rng: random.Random, rates: Rates) -> dict[str, str]:
    """Name of a parameter → another that says nothing, or half of it; none for most episodes."""
    drawn = rng.random()
    if drawn >= rates.nameless + rates.abbreviated:
        return {}
    fields = {slot_field.name for slot_field in episode.slot_fields}
    names = [name for name in described_names(episode.tools) if name not in fields]
    kept = {last_part(parameter) for tool in episode.tools for parameter in tool.parameters} - set(names)
    new = numbered(names, rng.choice(STEMS)) if drawn < rates.nameless else abbreviated(names, rng)
    return {} if (kept | fields) & set(new.values()) else new


def _schema_change(
    parameter: Parameter, named: Mapping[str, str], numeric: bool, rng: random.Random, rates: Rates
) -> dict[str, Any]:
    out = dict(parameter.schema)
    if rng.random() < rates.slot_description and last_part(parameter) not in named:
        out.pop("description", None)
    if numeric and out.get("type") == "string" and "enum" not in out and rng.random() < rates.number:
        out["type"] = rng.choice(["integer", "number"])
    return out


def _numeric_slots(episode: Episode) -> set[str]:
    """Declarations of parameters of which every known value is a number; nothing where no value is known."""
    values: dict[str, list[Any]] = {}
    for point in episode.points:
        for key, wordings in point.slots.items():
            values.setdefault(key, []).extend([wordings[0], *(more[0] for more in point.more.get(key, ()))])
    by_key = {slot.key: slot.parameter.declaration for slot in episode.slots}
    return {
        by_key[key]
        for key, said in values.items()
        if key in by_key and all(isinstance(read_number(str(value)), int) for value in said)
    }


def _rekeyed(episode: Episode, tools: tuple[ToolSchema, ...], renamed: Mapping[str, Renaming]) -> Episode:
    """The episode with its tools declared otherwise: slot keys follow the declarations, calls the names."""
    key_of = {reader: slot.key for slot in slot_table(tools, episode.slot_fields) for reader in slot.readers}
    keys = {}
    for slot in episode.slots:
        for tool, name in slot.readers[:1]:
            keys[slot.key] = key_of[renamed[tool].tool, renamed[tool].path(name)]

    def of(name: str | None) -> str | None:
        return renamed[name].tool if name is not None and name in renamed else name

    def called(message: Message) -> Message:
        if message.role != "tool_call" or message.content["name"] not in renamed:
            return message
        call = renamed[message.content["name"]]
        arguments = call.value(message.content.get("arguments", {}))
        return Message("tool_call", {**message.content, "name": call.tool, "arguments": arguments})

    points = tuple(
        replace(
            point,
            tool=of(point.tool),
            intent=of(point.intent),
            tools=tuple(of(tool) or tool for tool in point.tools),
            slots={keys.get(key, key): values for key, values in point.slots.items()},
            known=None if point.known is None else frozenset(keys.get(key, key) for key in point.known),
            more={keys.get(key, key): values for key, values in point.more.items()},
            places={keys.get(key, key): place for key, place in point.places.items()},
        )
        for point in episode.points
    )
    return replace(episode, tools=tools, messages=tuple(map(called, episode.messages)), points=points)
