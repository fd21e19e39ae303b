"""MultiWOZ 2.1 (Eric et al. 2019), WOZ 2.0 and CamRest: talk between two people about a town → samples.

The data hold states and dialogue acts, no calls. A call is made where what is known of a domain has changed and the
assistant tells a result (`find_DOMAIN`) or books (`book_DOMAIN`); an answer is given where it asks for a missing
argument or says goodbye. Other turns give no sample: what was decided there cannot be told.

What the assistant asks for before the first call, and every call has, is required. Where it asks for anything else, a
call was as right (`either`). Only the validation part of MultiWOZ is read: its test part is other people's benchmark.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, call_slots, declare
from recipes.corpora.multiwoz_dialogues import Turn, domains, read_convlab, read_multiwoz
from recipes.corpora.wordings import GoldCall, accept_of, hold_against
from trm_agent.log import logger
from trm_agent.types import DONTCARE, Message, Sample, ToolSchema

MOST_DOMAINS = 2
"""Domains that a dialogue does not need and whose tools are on offer, at most."""

_HERE = Path(__file__).parent
_UNIFIED = Path("ConvLab+ConvLab-3") / "data" / "unified_datasets"


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the folder (`thu-coai+ConvLab-2`, `ConvLab+ConvLab-3`).

    Args:
        folder: As unpacked.
        options: `num_dialogues`; `distractors`: at most so many further domains.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    dialogues = dict(read_multiwoz(folder / "thu-coai+ConvLab-2" / "data" / "multiwoz" / "val.json.zip"))
    for name in ("woz", "camrest"):
        dialogues |= read_convlab(folder / _UNIFIED / name / "data.zip", name)
    names = list(dialogues)
    if options.num_dialogues:
        names = options.rng("multiwoz").sample(names, min(options.num_dialogues, len(names)))
    counts: Counter[str] = Counter(dialogues=len(names))
    for name in names:
        yield from convert_dialogue(name, dialogues[name], options, counts)
    logger.info("multiwoz: %s", dict(counts))


def convert_dialogue(name: str, turns: Sequence[Turn], options: Options, counts: Counter[str]) -> list[Sample]:
    """The samples of one dialogue.

    Args:
        name: With the corpus in front.
        turns: As read.
        options: Distractors and seed.
        counts: Of what is left out, added to.
    """
    rng = options.rng(name)
    plans = _plan(turns)
    tools = _offer(turns, plans, rng, MOST_DOMAINS if options.distractors is None else options.distractors)
    declared = {tool.name: tool for tool in tools}
    history: list[Message] = []
    samples: list[Sample] = []
    called: dict[str, Mapping[str, Any]] = {}
    for number, (turn, wanted) in enumerate(zip(turns, plans, strict=True)):
        history.append(Message("user", turn.said))
        meta = {"source": "multiwoz", "subset": name.split("/")[0], "domain": "travel", "dialogue": name, "seen": True}
        if not wanted and not _answers(turn):
            history.append(Message("assistant", turn.answer))
            continue
        slots, further, known = _state(turn, declared, tools, history)
        if not known:
            meta["slots_known"] = False
        base = f"{name}/{number}"
        done = True
        for tool, arguments in wanted.items():
            gold = _gold(declared[tool], arguments, history)
            if gold is None or not _due(gold, called, declared[tool], history):
                counts["calls that the user's words do not tell, with what follows in the turn"] += 1
                done = False
                break
            accept = accept_of([gold], tools, [gold.left_out])
            accept = type(accept)(accept.arguments, accept.optional, {**further, **accept.slots})
            samples.append(
                Sample(
                    tools=tools,
                    history=tuple(history),
                    decision="tool_call",
                    slots={**slots, **call_slots(tools, [gold.call])},
                    tool=gold.call,
                    content=None,
                    id=f"{base}/{tool}",
                    accept=accept,
                    meta={**meta, "intent": tool},
                )
            )
            counts["calls"] += 1
            called[tool] = gold.call["arguments"]
            history += [Message("tool_call", gold.call), Message("tool_response", _result(tool, turn))]
        if done:
            about: dict[str, Any] = {"intent": list(wanted)[-1]} if wanted else {}
            if not wanted and turn.asked and not _missing(turn, plans, number, declared):
                about["either"] = True
            samples.append(
                Sample(
                    tools=tools,
                    history=tuple(history),
                    decision="direct_answer",
                    slots=slots,
                    tool=None,
                    content=turn.answer,
                    id=base,
                    accept=accept_of([], tools) if not further else type(accept_of([], tools))(slots=further),
                    meta={**meta, **about},
                )
            )
            counts["answers"] += 1
        history.append(Message("assistant", turn.answer))
    return samples


def _plan(turns: Sequence[Turn]) -> list[dict[str, dict[str, str]]]:
    """Per turn: tool → arguments of the calls that the assistant's deeds stand for."""
    searched: dict[str, Mapping[str, str]] = {}
    booked: dict[str, Mapping[str, str]] = {}
    active = ""
    plans: list[dict[str, dict[str, str]]] = []
    for number, turn in enumerate(turns):
        before = turns[number - 1] if number else None
        changed = [d for d in turn.state if _known(turn, d) != (_known(before, d) if before else {})]
        active = changed[-1] if changed else active
        plan: dict[str, dict[str, str]] = {}
        for deed, told in turn.deeds:
            domain = told or active
            tool = f"book_{domain}" if deed in ("book", "no_book") or domain == "taxi" else f"find_{domain}"
            if tool not in _table():
                continue
            if tool.startswith("find_") and deed in ("inform", "nothing_found"):
                state = dict(turn.state.get(domain, {}))
                if state and state != searched.get(domain):
                    searched[domain] = state
                    plan[tool] = state
            elif tool.startswith("book_") and deed != "request" and deed != "close":
                details = _booking(turn, domain)
                if details and details != booked.get(domain):
                    booked[domain] = details
                    plan[tool] = details
        plans.append(dict(sorted(plan.items(), key=lambda item: item[0].startswith("book_"))))
    return plans


def _known(turn: Turn, domain: str) -> dict[str, str]:
    return {**turn.state.get(domain, {}), **turn.booking.get(domain, {})}


def _booking(turn: Turn, domain: str) -> dict[str, str]:
    if domain == "taxi":
        return dict(turn.state.get(domain, {}))
    details = dict(turn.booking.get(domain, {}))
    name = turn.state.get(domain, {}).get("name")
    return {**details, "name": name} if details and name and domain != "train" else details


def _offer(
    turns: Sequence[Turn], plans: Sequence[Mapping[str, Mapping[str, str]]], rng: Random, most: int
) -> tuple[ToolSchema, ...]:
    """The tools of the dialogue's domains and of some others, in random order."""
    calls: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    asked: dict[str, set[str]] = defaultdict(set)
    for turn, plan in zip(turns, plans, strict=True):
        for tool, arguments in plan.items():
            calls[tool].append(arguments)
        for tool in _table():
            if tool not in calls:
                asked[tool] |= turn.asked
    own = domains(turns) | {tool.partition("_")[2] for tool in calls}
    everything = sorted({tool.partition("_")[2] for tool in _table()})
    own |= set(
        rng.sample([d for d in everything if d not in own], rng.randint(0, min(most, len(everything) - len(own))))
    )
    tools = []
    for tool, spec in _table().items():
        if tool.partition("_")[2] in own:
            always = [p for p in spec["parameters"] if all(_is_value(c.get(p)) for c in calls[tool])]
            required = [p for p in always if calls[tool] and p in asked[tool]]
            tools.append(declare(tool, rng.choice(spec["descriptions"]), spec["parameters"], required))
    rng.shuffle(tools)
    return tuple(tools)


def _is_value(value: str | None) -> bool:
    return value is not None and value != DONTCARE


def _gold(tool: ToolSchema, arguments: Mapping[str, str], history: Sequence[Message]) -> GoldCall | None:
    """The call as the conversation tells it; None where a required argument was not said, or nothing at all."""
    gold = hold_against(tool, {key: value for key, value in arguments.items() if value != DONTCARE}, history)
    gold = gold.without(gold.unsaid)
    return gold if gold.call["arguments"] and gold.is_valid(tool) else None


def _due(gold: GoldCall, called: Mapping[str, Mapping[str, Any]], tool: ToolSchema, history: Sequence[Message]) -> bool:
    """Whether the call follows from the user's last words: they say something new; a booking follows a search."""
    verb, _, domain = tool.name.partition("_")
    if verb == "book" and domain != "taxi":
        return f"find_{domain}" in called
    before = called.get(tool.name, {})
    new = {key: value for key, value in gold.call["arguments"].items() if before.get(key) != value}
    held = hold_against(tool, new, history[-1:])
    accepted = hold_against(tool, {"name": new["name"]}, history[-2:-1]) if "name" in new else None
    closed = any(new.get(key) in ("yes", "no") for key in new)
    return bool(held.verbatim or held.words or closed or (accepted and (accepted.verbatim or accepted.words)))


def _state(
    turn: Turn, declared: Mapping[str, ToolSchema], tools: Sequence[ToolSchema], history: Sequence[Message]
) -> tuple[dict[str, Any], dict[str, list[Any]], bool]:
    """Slots, their further accepted values, and whether they state all that is known."""
    calls: list[GoldCall] = []
    whole = True
    loose: list[dict[str, Any]] = []
    for name, tool in declared.items():
        domain = name.partition("_")[2]
        known = turn.state.get(domain, {}) if name.startswith("find_") else _booking(turn, domain)
        held = hold_against(tool, {key: value for key, value in known.items() if value != DONTCARE}, history)
        whole = whole and not held.unsaid and not held.dropped
        calls.append(held.without(held.unsaid))
        loose.append({"name": name, "arguments": {key: DONTCARE for key, value in known.items() if value == DONTCARE}})
    slots = {**call_slots(tools, loose), **call_slots(tools, [call.call for call in calls])}
    return slots, dict(accept_of(calls, tools).slots), whole


def _answers(turn: Turn) -> bool:
    """Whether the assistant asks for an argument, or only says goodbye."""
    deeds = {deed for deed, _ in turn.deeds}
    return (bool(turn.asked) and deeds <= {"request", "close"}) or deeds == {"close"}


def _missing(turn: Turn, plans: Sequence[Mapping[str, Any]], number: int, declared: Mapping[str, ToolSchema]) -> bool:
    """Whether what it asks for is required by a call that comes later."""
    later = {tool for plan in plans[number:] for tool in plan}
    return any(turn.asked & set(declared[tool].required) for tool in later)


def _result(tool: str, turn: Turn) -> Any:
    """What the assistant tells of a search or a booking."""
    verb, _, domain = tool.partition("_")
    deeds = {deed for deed, _ in turn.deeds}
    told = {**turn.told.get(domain, {}), **(turn.told.get("", {}) if verb == "book" else {})}
    if verb == "find":
        return [] if "nothing_found" in deeds else [told or {"found": True}]
    return {"booked": "no_book" not in deeds, **told}


def _table() -> dict[str, Any]:
    if not _TABLE:
        _TABLE.update(json.loads((_HERE / "multiwoz.json").read_text(encoding="utf-8")))
    return _TABLE


_TABLE: dict[str, Any] = {}
