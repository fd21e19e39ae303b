"""Episodes → more of them, of the kind that makes tools unseen: other words, other types, other neighbours.

Nothing here adds knowledge of a tool. It takes away what a model could learn by heart (names, wordings, that a tool
says whether it is read-only), and shows what a corpus happens never to show (a second request for another tool, small
talk after a call). Everything is a function of the episodes and the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.data.renaming import STEMS, Renaming, abbreviated, described_names, last_part, numbered
from trm_agent.training.episodes import Episode, Point
from trm_agent.training.out_of_scope import instruction
from trm_agent.types import Message, Parameter, Slot, ToolSchema, identifier_words, slot_table
from trm_agent.values import read_number

ANSWERS = (
    "Done.",
    "Here is what I found.",
    "All set. Anything else?",
    "That worked. What else can I do for you?",
    "Okay, here you go.",
    "I have taken care of it.",
    "Sure, it is done.",
    "Here you are.",
)
DECLINES = (
    "I'm sorry, I can't help with that.",
    "That is nothing I can do here.",
    "I'm afraid I have no way of doing that.",
    "Is there anything else I can help you with?",
    "Sorry, that is beyond what I can do.",
    "Sure. What can I do for you?",
)
_SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "in", "on", "to", "for", "is", "it", "and", "or", "do", "are", "that")
)
RESULTS: tuple[Any, ...] = ({"status": "ok"}, {"success": True}, {"result": "done"}, "ok", {"status": "completed"})


@dataclass(frozen=True)
class Rates:
    """How often what is changed.

    Attributes:
        hint: That tools do not say that they are read-only; what changes something goes on saying so, since asking
            before it is a policy that only the hint asks for.
        tool_description: That a tool's description is dropped.
        slot_description: That a parameter's description is dropped.
        neutral: That the tools of an episode have names that say nothing (where descriptions say it).
        nameless: That its parameters have names that say nothing (where descriptions say it).
        abbreviated: That they have names cut short, of the others.
        number: That a parameter whose values are all numbers is declared as one.
        foreign: That a request meets the tools of another one, none of which serves it.
        instruction: That something no tool is for ("write a poem") is asked beside a request, of as many as these.
        together: That requests are made in one message, with a call for each.
        most_characters: Of such a message.
        chain: That an episode of one request goes before another.
        longest_chain: Requests in one conversation.
        most_tools: On offer in a chained conversation.
    """

    hint: float = 0.5
    tool_description: float = 0.08
    slot_description: float = 0.12
    neutral: float = 0.04
    nameless: float = 0.15
    abbreviated: float = 0.06
    number: float = 0.5
    foreign: float = 0.1
    instruction: float = 0.06
    together: float = 0.12
    most_characters: int = 600
    chain: float = 0.6
    longest_chain: int = 4
    most_tools: int = 14


def augment(episodes: Sequence[Episode], seed: int, rates: Rates | None = None) -> list[Episode]:
    """Other episodes in the place of these; fewer where single requests were chained.

    Args:
        episodes: As read.
        seed: Draws every change.
        rates: How often what is changed.
    """
    rates = rates or Rates()
    rng = random.Random(f"augment/{seed}")
    single = [episode for episode in episodes if len(episode.points) == 1 and not _opens_with_system(episode)]
    longer = [episode for episode in episodes if len(episode.points) != 1 or _opens_with_system(episode)]
    single = [*_foreign(single, rng, rates), *_instructions(single, rng, rates)]
    rng.shuffle(single)
    single = list(_together(single, rng, rates))
    rng.shuffle(single)
    chained = list(_chains(single, rng, rates))
    return [_declared_otherwise(episode, rng, rates) for episode in [*longer, *chained]]


def _opens_with_system(episode: Episode) -> bool:
    return episode.messages[0].role != "user"


def _foreign(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
    """The same requests, some of them with the tools of another: about no tool, and nothing is called."""
    for episode in episodes:
        other = rng.choice(episodes)
        if rng.random() < rates.foreign and not _serves(other.tools, episode):
            point = replace(
                episode.points[0],
                decision="direct_answer",
                tool=None,
                intent=None,
                intent_known=True,
                slots={},
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


def _together(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
    """The same requests, some of them two, three or four in one message."""
    waiting: list[Episode] = []
    size = 0
    for episode in episodes:
        called = bool(episode.points[0].calls) and len(episode.messages) == 1
        if not called or rng.random() >= rates.together:
            yield episode
            continue
        fits = sum(e.length for e in waiting) + episode.length <= rates.most_characters
        if waiting and (len(waiting) >= size or not (fits and _side_by_side([*waiting, episode], rates.most_tools))):
            yield _one_message(waiting, rng)
            waiting = []
        if not waiting:
            size = rng.randint(2, rates.longest_chain)
        waiting.append(episode)
    if waiting:
        yield _one_message(waiting, rng)


CONNECTORS = (
    ". Also, {}",
    ", and {}",
    ". Then {}",
    ". After that, {}",
    ". Finally, {}",
    ". {}",
    " and then {}",
    ". Besides, {}",
    "; {}",
    ". I also need this: {}",
    ". In addition, {}",
)


def _one_message(chain: Sequence[Episode], rng: random.Random) -> Episode:
    """Requests as one message; every one is called for."""
    if len(chain) == 1:
        return chain[0]
    tools = list(_offered(chain) or ())
    rng.shuffle(tools)
    text = chain[0].messages[0].text
    for episode in chain[1:]:
        following = episode.messages[0].text
        connector = rng.choice(CONNECTORS)
        if not connector.endswith(". {}"):
            following = following[:1].lower() + following[1:] if following[:2] != "I " else following
        text = text.rstrip(" .!?") + connector.format(following)
    keyed = [_moved_keys(episode, tools) for episode in chain]
    points = [episode.points[0] for episode in chain]
    known = [
        frozenset(keys.values()) if point.known is None else frozenset(keys[key] for key in point.known)
        for point, keys in zip(points, keyed, strict=True)
    ]
    pairs = list(zip(points, keyed, strict=True))
    point = Point(
        messages=1,
        decision="tool_call",
        tool=points[0].tool,
        intent=points[0].intent,
        intent_known=True,
        slots={keys[key]: values for point, keys in pairs for key, values in point.slots.items()},
        known=None if all(p.known is None for p in points) else frozenset().union(*known),
        calls=sum(point.calls for point in points),
        tools=tuple(tool for point in points for tool in point.tools),
        more={keys[key]: values for point, keys in pairs for key, values in point.more.items()},
    )
    return Episode(tuple(tools), (Message("user", text),), (point,), chain[0].slot_fields)


def _moved_keys(episode: Episode, tools: Sequence[ToolSchema]) -> dict[str, str]:
    """Slot key of an episode → its key among more tools."""
    key_of = {reader: slot.key for slot in slot_table(tools, episode.slot_fields) for reader in slot.readers}
    return {slot.key: key_of[slot.readers[0]] if slot.readers else slot.key for slot in episode.slots}


def _chains(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
    """Requests one after the other in one conversation, as far as their tools and slots can stand side by side."""
    chain: list[Episode] = []
    for episode in episodes:
        fits = len(chain) < rates.longest_chain and (not chain or _side_by_side([*chain, episode], rates.most_tools))
        if chain and not (fits and rng.random() < rates.chain):
            yield _joined(chain, rng)
            chain = []
        chain.append(episode)
    if chain:
        yield _joined(chain, rng)


def _side_by_side(chain: Sequence[Episode], most_tools: int) -> bool:
    """Whether the tools have different names, are not too many, and no slot is read by tools of two requests."""
    tools = _offered(chain)
    if tools is None or len(tools) > most_tools or len({episode.slot_fields for episode in chain}) > 1:
        return False
    used = [{*point.tools, point.intent} - {None} for episode in chain for point in episode.points]
    for slot in slot_table(tools):
        if sum(bool(slot.tools & names) for names in used) > 1:
            return False
    return all(names.isdisjoint(others) for i, names in enumerate(used) for others in used[:i])


def _offered(chain: Sequence[Episode]) -> tuple[ToolSchema, ...] | None:
    """The tools of all requests, each once; None if two different tools share a name."""
    known: dict[str, ToolSchema] = {}
    for episode in chain:
        for tool in episode.tools:
            if known.setdefault(tool.name, tool) != tool:
                return None
    return tuple(known.values())


def _joined(chain: Sequence[Episode], rng: random.Random) -> Episode:
    if len(chain) == 1:
        return chain[0]
    tools = list(_offered(chain) or ())
    rng.shuffle(tools)
    messages: list[Message] = []
    points: list[Point] = []
    held: dict[str, tuple[Any, ...]] = {}
    for episode in chain:
        [point] = episode.points
        keys = _moved_keys(episode, tools)
        slots = {**held, **{keys[key]: values for key, values in point.slots.items()}}
        messages += episode.messages
        points.append(
            replace(
                point,
                messages=len(messages),
                slots=slots,
                known=None if point.known is None else frozenset(keys[key] for key in point.known) | held.keys(),
                more={keys[key]: values for key, values in point.more.items()},
            )
        )
        answered = _aftermath(point, episode.slots, rng)
        messages += answered
        if point.calls:
            after = replace(points[-1], messages=len(messages) - 1, decision="direct_answer", tool=None, calls=0)
            points.append(replace(after, tools=(), more={}))
        # What several calls fill differently has no one value afterwards.
        held = {} if point.more else slots
    return Episode(tuple(tools), tuple(messages[: points[-1].messages]), tuple(points), chain[0].slot_fields)


def _aftermath(point: Point, slots: Sequence[Slot], rng: random.Random) -> list[Message]:
    """What is called after a request, what comes back, and what is said."""
    if not point.calls:
        return [Message("assistant", rng.choice(DECLINES))]
    out: list[Message] = []
    for tool in point.tools:
        arguments = {
            name: point.slots[slot.key][0]
            for slot in slots
            for owner, name in slot.readers
            if owner == tool and slot.key in point.slots
        }
        out.append(Message("tool_call", {"name": tool, "arguments": arguments}))
        out.append(Message("tool_response", rng.choice(RESULTS)))
    return [*out, Message("assistant", rng.choice(ANSWERS))]


def _declared_otherwise(episode: Episode, rng: random.Random, rates: Rates) -> Episode:
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
                changes[parameter.declaration] = _schema_change(parameter, named, parameter.name in numeric, rng, rates)
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
    """Parameters of which every known value is a number; nothing where no value is known."""
    values: dict[str, list[Any]] = {}
    for point in episode.points:
        for key, wordings in point.slots.items():
            values.setdefault(key, []).append(wordings[0])
    by_key = {slot.key: slot.parameter.name for slot in episode.slots}
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
        )
        for point in episode.points
    )
    return Episode(tools, tuple(map(called, episode.messages)), points, episode.slot_fields)
