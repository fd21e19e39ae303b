"""Requests of several episodes in one: in one message, or one after the other in one conversation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from trm_agent.training.episodes import Episode, Point
from trm_agent.training.rates import Rates
from trm_agent.types import Message, Slot, ToolSchema, slot_table

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


RESULTS: tuple[Any, ...] = ({"status": "ok"}, {"success": True}, {"result": "done"}, "ok", {"status": "completed"})


def together(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
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


def chains(episodes: Sequence[Episode], rng: random.Random, rates: Rates) -> Iterator[Episode]:
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
        if calls_made(point):
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
    for tool, number in calls_made(point):
        arguments = {
            name: (point.slots[slot.key], *point.more.get(slot.key, ()))[number if slot.key in point.more else 0][0]
            for slot in slots
            for owner, name in slot.readers
            if owner == tool and slot.key in point.slots
        }
        out.append(Message("tool_call", {"name": tool, "arguments": arguments}))
        out.append(Message("tool_response", rng.choice(RESULTS)))
    return [*out, Message("assistant", rng.choice(ANSWERS))]


def calls_made(point: Point) -> list[tuple[str, int]]:
    """The calls of a point, each by its tool and by which of the values of a slot it takes; none where that is open."""
    if point.calls == len(point.tools):
        return [(tool, 0) for tool in point.tools]
    told = {len(values) for values in point.more.values()}
    whole = len(point.tools) == 1 and told == {point.calls - 1}
    return [(point.tools[0], number) for number in range(point.calls)] if whole else []
