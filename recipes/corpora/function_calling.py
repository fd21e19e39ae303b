"""Small function-calling sets → samples: the LLaMA-Factory demos, ToolRL's warm-up set, ToolVerifier's tool choices.

Each publisher's reader gives conversations of one form; what becomes a sample of them is decided once. A call that
needs a value nobody said is no example of a call: that point gives no sample, the conversation goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, call_slots, with_distractors
from recipes.corpora.conversations import READERS, Conversation, Turn
from recipes.corpora.rivals import without_rivals
from recipes.corpora.wordings import GoldCall, accept_of, hold_against
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Message, Sample, ToolSchema, identifier_words
from trm_agent.values import matches

ABSENT = 0.12
"""Share of conversations beginning with a single call whose tool is taken off the list."""
MOST_TOOLS = 12
"""Further tools are drawn up to so many beside the first."""

BENCHMARK_TOOLS = frozenset(
    (
        # By name, in BFCL
        *("book_hotel", "calculate_age", "calculate_area", "calculate_average", "calculate_bmi", "calculate_distance"),
        *("calculate_electric_field", "calculate_fibonacci", "calculate_fibonacci_sequence", "car.rental"),
        *("calculate_mortgage_payment", "calculate_standard_deviation", "calculate_tip", "compound_interest"),
        *("convert_currency", "create_histogram", "dice_roll_probability", "final_velocity", "get_news"),
        *("get_song_lyrics", "get_stock_price", "get_team_info", "hotel.find", "integrate", "send_email"),
        *("sentiment_analysis", "solve_quadratic", "translate", "translate_text"),
        # By description, in BFCL
        *("crOh7Z4rgqCQLY", "WqWBOSRPVE.HCR", "0ID0K7j", "place_safeway_order"),
        # By name, in MTU-Bench
        *("GetEvents", "GetWeather", "time"),
    )
)
"""Tools that a benchmark declares too: neither called nor offered."""

_MISSING = re.compile(r"\b(?:missing|required?|requires|provide|specify|additional)\b", re.IGNORECASE)


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the folder (`glaive_toolcall_en_demo.json`, `reason_tool_use_demo_50.jsonl`, `rlla_sft.json`,
    `toolverifier_train.csv`).

    Args:
        folder: As published.
        options: `split`: `glaive`, `reason`, `toolrl`, `toolverifier` or several joined by `+` (default: all).
            `distractors`: further tools are drawn while at most so many stand beside the first, by default 12.
            `hold_out`, `only`: tools that are called; `BENCHMARK_TOOLS` are always held out.

    Raises:
        DataError: A file is missing or not what it should be, or there is no such split.
    """
    subsets = options.split.split("+") if options.split else list(READERS)
    if unknown := set(subsets) - set(READERS):
        raise DataError(f"unknown split {sorted(unknown)}; expected one of {', '.join(READERS)}")
    conversations = [conversation for subset in subsets for conversation in READERS[subset](folder)]
    held_out = BENCHMARK_TOOLS | options.hold_out
    offer = list({t.name: t for c in conversations for t in c.tools if t.name not in held_out}.values())
    if options.num_dialogues:
        wanted = min(options.num_dialogues, len(conversations))
        conversations = options.rng("conversations").sample(conversations, wanted)
    counts: Counter[str] = Counter(conversations=len(conversations))
    most = MOST_TOOLS if options.distractors is None else options.distractors
    for conversation in conversations:
        called = {call["name"] for turn in conversation.turns if turn.kind == "calls" for call in turn.items}
        if not called.isdisjoint(held_out) or (options.only and called.isdisjoint(options.only)):
            counts["conversations that call a tool held out"] += 1
            continue
        kept = tuple(tool for tool in conversation.tools if tool.name not in held_out)
        conversation = replace(conversation, tools=kept)
        yield from convert_conversation(conversation, offer, options.rng(conversation.name), counts, most)
    logger.info("small-function-calling %s: %s", "+".join(subsets), dict(counts))


def convert_conversation(
    conversation: Conversation, offer: Sequence[ToolSchema], rng: Random, counts: Counter[str], most: int = MOST_TOOLS
) -> list[Sample]:
    """The samples of one conversation.

    Args:
        conversation: As read.
        offer: Further tools are drawn from these.
        rng: Draws them and their order.
        counts: Of what is left out and why, added to.
        most: Further tools are drawn while at most so many stand beside the first.
    """
    first = next((i for i, turn in enumerate(conversation.turns) if _decides(turn)), None)
    if first is None:
        return []
    opening = conversation.turns[first]
    lone = (
        opening.kind == "calls" and len(opening.items) == 1 and opening.items[0]["name"] in _names(conversation.tools)
    )
    if lone and rng.random() < ABSENT and not (conversation.last_only and first < len(conversation.turns) - 1):
        return [_absent(conversation, first, offer, rng, most)]
    called = any(turn.kind == "calls" for turn in conversation.turns)
    others = without_rivals(offer if called else _unlike(conversation, offer), conversation.tools, by_topic=True)
    room = max(0, most + 1 - len(conversation.tools))
    least = 0 if conversation.tools else 1
    tools = with_distractors(conversation.tools, others, rng, least, max(room, least))
    return list(_points(conversation, tools, counts))


def _points(conversation: Conversation, tools: tuple[ToolSchema, ...], counts: Counter[str]) -> Iterator[Sample]:
    """A sample for each turn that decides."""
    history: list[Message] = []
    since: list[Message] = []
    last: list[GoldCall] = []
    active = ""
    turns = conversation.turns
    for position, turn in enumerate(turns):
        wanted = _decides(turn) and history and (not conversation.last_only or position == len(turns) - 1)
        base = Sample(
            tools=tools,
            history=tuple(history),
            decision="direct_answer",
            slots={},
            tool=None,
            content=turn.text or None,
            id=f"small-function-calling/{conversation.name}/{position}",
            meta=_meta(conversation),
        )
        if turn.kind == "calls":
            gold = _gold(turn, tools, history, counts)
            if gold and wanted:
                yield _call_sample(base, gold, tools)
            last, since = (gold or []), []
            active = turn.items[0]["name"]
        elif wanted:
            coming = next((t for t in turns[position:] if t.kind == "calls"), None)
            begun = _begun(coming, tools, since)
            known = [*begun, *last]
            about: dict[str, Any] = {"intent": None}
            if turns[position - 1].kind == "results":
                about = {"intent": active} if active in _names(tools) else {}
            elif coming is not None:
                about = {"intent": coming.items[0]["name"]} if coming.items[0]["name"] in _names(tools) else {}
            elif conversation.last_only and _MISSING.search(turn.text):
                about = {"slots_known": False}  # it asks for a value of some tool
            if active and not last:
                about["slots_known"] = False
            slots = call_slots(tools, [call.call for call in known])
            accepted = replace(accept_of(known, tools), arguments={}, optional=(), calls=())
            yield replace(base, slots=slots, accept=accepted, meta={**base.meta, **about})
        new = turn.messages()
        history += new
        since = [*since, *new] if turn.kind == "say" else since


def _call_sample(base: Sample, gold: Sequence[GoldCall], tools: tuple[ToolSchema, ...]) -> Sample:
    calls = [call.call for call in gold]
    return replace(
        base,
        decision="tool_call",
        slots=call_slots(tools, calls),
        tool=calls[0],
        content=None,
        accept=accept_of(gold, tools, [(*call.left_out, *_defaults(call, tools)) for call in gold]),
        meta={**base.meta, "intent": calls[0]["name"]},
        calls=tuple(calls) if len(calls) > 1 else (),
    )


def _defaults(call: GoldCall, tools: Sequence[ToolSchema]) -> tuple[str, ...]:
    """Arguments that equal an optional default: the call means the same without them."""
    tool = next(tool for tool in tools if tool.name == call.name)
    given = call.call["arguments"]
    return tuple(
        p.name
        for p in tool.parameters
        if p.has_default and not p.required and p.name in given and matches(given[p.name], [p.default])
    )


def _gold(
    turn: Turn, tools: Sequence[ToolSchema], history: Sequence[Message], counts: Counter[str]
) -> list[GoldCall] | None:
    """The calls as they can be known from the history; None where one cannot."""
    declared = {tool.name: tool for tool in tools}
    out: list[GoldCall] = []
    for call in turn.items:
        if call["name"] not in declared:
            counts["calls of a tool that is not on offer"] += 1
            return None
        held = hold_against(declared[call["name"]], call["arguments"], history)
        counts["arguments that are undeclared or not of the declared type"] += len(held.dropped)
        counts["arguments that nobody said"] += len(held.unsaid)
        held = held.without(held.unsaid)
        if not held.is_valid(declared[call["name"]]):
            counts["calls that need a value nobody said"] += 1
            return None
        out.append(held)
    counts["calls"] += len(out)
    return out


def _begun(turn: Turn | None, tools: Sequence[ToolSchema], since: Sequence[Message]) -> list[GoldCall]:
    """The coming calls, with the arguments that have been said already."""
    declared = {tool.name: tool for tool in tools}
    said = [message for message in since if message.role == "user"]
    out: list[GoldCall] = []
    for call in turn.items if turn else ():
        if call["name"] in declared:
            held = hold_against(declared[call["name"]], call["arguments"], said)
            out.append(held.without([*held.unsaid, *held.hinted]))
    return out


def _absent(conversation: Conversation, first: int, offer: Sequence[ToolSchema], rng: Random, most: int) -> Sample:
    """The opening, with the tool that it wants taken off the list."""
    name = conversation.turns[first].items[0]["name"]
    gone = [tool for tool in conversation.tools if tool.name == name]
    own = without_rivals(conversation.tools, gone, by_topic=True)
    others = without_rivals(offer, conversation.tools, by_topic=True)
    least = 0 if own else 1
    tools = with_distractors(own, others, rng, least, max(most - len(own), least))
    history: list[Message] = []
    for turn in conversation.turns[:first]:
        history += turn.messages()
    return Sample(
        tools=tools,
        history=tuple(history),
        decision="direct_answer",
        slots={},
        tool=None,
        content=None,
        id=f"small-function-calling/{conversation.name}/{first}",
        meta={**_meta(conversation), "subset": f"{conversation.subset}/absent", "intent": None},
    )


def _unlike(conversation: Conversation, offer: Sequence[ToolSchema]) -> list[ToolSchema]:
    """Tools that share no longer word of their names with what the user says: none of them may serve."""
    said = " ".join(turn.text for turn in conversation.turns if turn.kind == "say" and turn.role == "user")
    words = {word[:5] for word in re.findall(r"[a-z]{4,}", said.lower())}
    return [t for t in offer if words.isdisjoint(w[:5] for w in identifier_words(t.name).split() if len(w) > 3)]


def _decides(turn: Turn) -> bool:
    return turn.kind == "calls" or (turn.kind == "say" and turn.role == "assistant")


def _names(tools: Sequence[ToolSchema]) -> set[str]:
    return {tool.name for tool in tools}


def _meta(conversation: Conversation) -> dict[str, Any]:
    return {
        "source": "small-function-calling",
        "subset": conversation.subset,
        "domain": "general",
        "dialogue": conversation.name,
        "seen": True,
    }
