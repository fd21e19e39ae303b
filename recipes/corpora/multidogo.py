"""MultiDoGO (Peskov et al. 2019), the customers' turns with intents and slot labels → samples.

The published splits hold the customer's side only, in lower case. A history is the customer's turns up to a point;
nothing stands for what the agent said. An intent is a tool, a label a parameter; the declarations are ours.

What the agent did is not published either, so most decisions are not known: courtesies and what is out of domain are
answered directly, and a request is a call at the turn that says the last of what its tool requires. Without the
agent's question a bare number may be several things; then its slot is left out, and `slots_known` is false.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare, with_distractors
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Accept, Message, Sample, ToolSchema, slot_table

FOLDER = "splits_annotated_at_turn_level"
MOST_DISTRACTORS = 6
NUM_DIALOGUES = 1440
"""Conversations by default, about 12,000 turns: there are many of few kinds."""

_COURTESIES = frozenset(("openinggreeting", "closinggreeting", "thankyou", "outofdomain"))
_OPEN = "O"
_BARE_NUMBER = re.compile(r"[\d\s]*\d[\d\s]*")


@dataclass(frozen=True)
class Domain:
    """One domain as it is offered.

    Attributes:
        name: As in the data.
        tools: Intent → its tool.
        parameters: Label → name of its parameter.
        numbers: Labels whose value may be a bare number that tells nothing by itself.
    """

    name: str
    tools: dict[str, ToolSchema]
    parameters: dict[str, str]
    numbers: frozenset[str]


@dataclass(frozen=True)
class Turn:
    """One turn of a customer.

    Attributes:
        text: As published.
        intents: One, now and then several.
        values: (label, words), in order.
    """

    text: str
    intents: tuple[str, ...]
    values: tuple[tuple[str, str], ...]


@dataclass
class _Known:
    """What is known after a turn.

    Attributes:
        values: Label → what was said, the newest first.
        unsure: Labels of bare numbers that could be something else.
        intent: The request that the conversation is about.
        called: Intents that have been called.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    intent: str | None = None
    called: set[str] = field(default_factory=set)


def read_domains() -> dict[str, Domain]:
    """The declarations that come with this module."""
    data = json.loads((resources.files(__package__) / "multidogo.json").read_text(encoding="utf-8"))
    return {name: _domain(name, body) for name, body in data.items()}


def read_conversations(file: Path, counts: Counter[str]) -> dict[str, list[Turn]]:
    """The conversations of a split's file: id → turns.

    A conversation ends before a turn whose labels do not fit its words.

    Args:
        file: Tab-separated, with a header.
        counts: Of what is left out, counted on.

    Raises:
        DataError: The file is missing or lacks a column.
    """
    out: dict[str, list[Turn]] = {}
    broken: set[str] = set()
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                turns = out.setdefault(row["conversationId"], [])
                words, labels = row["utterance"].split(), row["slot-labels"].split()
                if len(words) != len(labels):
                    broken.add(row["conversationId"])
                if row["conversationId"] in broken:
                    counts["turns left out after labels that do not fit"] += 1
                elif words:
                    turns.append(Turn(row["utterance"], tuple(row["intent"].split("<div>")), _spans(words, labels)))
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise DataError(f"{file}: {type(error).__name__}: {error}") from None
    return out


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the dataset's folder; `split` is train (the default), dev or test.

    `hold_out` and `only` name domains or tools; with `only` the samples are unseen ones.

    Conversations without a request are left out.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    domains = read_domains()
    counts: Counter[str] = Counter()
    found: list[tuple[Domain, str, list[Turn]]] = []
    for domain in domains.values():
        turns = read_conversations(folder / FOLDER / domain.name / f"{options.split or 'train'}.tsv", counts)
        for name, said in turns.items():
            if domain.tools.keys().isdisjoint(intent for turn in said for intent in turn.intents):
                counts["conversations without a request"] += 1
            elif options.wants(_about(domain, said)):
                found.append((domain, name, said))
    logger.info("multidogo: %d conversations to draw from; %s", len(found), dict(counts))
    for domain, name, said in _drawn(found, options, len(domains)):
        yield from convert_conversation(name, said, domain, domains, options)


def convert_conversation(
    name: str, turns: Sequence[Turn], domain: Domain, domains: Mapping[str, Domain], options: Options
) -> list[Sample]:
    """Turn one conversation into its samples.

    Args:
        name: Its id.
        turns: Of the customer.
        domain: It belongs to.
        domains: All, for distractors.
        options: Distractors, seed, held-out tools.
    """
    pool = [
        t
        for other in domains.values()
        for t in other.tools.values()
        if options.hold_out.isdisjoint((other.name, t.name))
    ]
    own = [domain.tools[intent] for intent in sorted({i for turn in turns for i in turn.intents} & domain.tools.keys())]
    most = MOST_DISTRACTORS if options.distractors is None else options.distractors
    tools = with_distractors(own, pool, options.rng(f"multidogo/{name}"), 0, most)
    known, history, samples = _Known(), [], []
    for turn in turns:
        history.append(Message("user", turn.text))
        _listen(known, turn, domain)
        call = _due(known, turn, domain)
        slots, unsure = _slots(known, domain, tools)
        meta = {
            "source": "multidogo",
            "subset": domain.name,
            "domain": domain.name,
            "dialogue": f"multidogo/{name}",
            "seen": not options.only,
            **_intent(known, turn, domain),
        }
        if unsure:
            meta["slots_known"] = False
        if call is None and not _COURTESIES.issuperset(turn.intents):
            meta["decision_known"] = False
        samples.append(
            Sample(
                tools=tools,
                history=tuple(history),
                decision="tool_call" if call else "direct_answer",
                slots={key: values[0] for key, values in slots.items()},
                tool=call,
                content=None,
                id=f"multidogo/{name}/{len(history)}",
                accept=_accept(known, domain, call, slots),
                meta=meta,
            )
        )
    return samples


def _domain(name: str, data: Mapping[str, Any]) -> Domain:
    specs = data["parameters"]
    tools = {}
    for intent, tool in data["tools"].items():
        properties = {
            specs[label]["name"]: {"type": "string", "description": specs[label]["description"]}
            for label in [*tool["required"], *tool["optional"]]
        }
        required = [specs[label]["name"] for label in tool["required"]]
        tools[intent] = declare(tool["name"], tool["description"], properties, required)
    parameters = {label: spec["name"] for label, spec in specs.items()}
    return Domain(name, tools, parameters, frozenset(label for label, spec in specs.items() if spec.get("number")))


def _spans(words: Sequence[str], labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Neighbouring words of one label are one value."""
    runs = groupby(zip(words, labels, strict=True), key=lambda pair: pair[1])
    return tuple((label, " ".join(word for word, _ in run)) for label, run in runs if label != _OPEN)


def _about(domain: Domain, turns: Sequence[Turn]) -> set[str]:
    intents = {intent for turn in turns for intent in turn.intents}
    return {domain.name} | {tool.name for intent, tool in domain.tools.items() if intent in intents}


def _drawn(
    found: Sequence[tuple[Domain, str, list[Turn]]], options: Options, num_domains: int
) -> list[tuple[Domain, str, list[Turn]]]:
    """As many conversations of every domain, in random order."""
    each = max(1, (options.num_dialogues or NUM_DIALOGUES) // num_domains)
    rng = options.rng("multidogo")
    shuffled = rng.sample(found, len(found))
    kept: Counter[str] = Counter()
    out = []
    for item in shuffled:
        kept[item[0].name] += 1
        if kept[item[0].name] <= each:
            out.append(item)
    return out


def _listen(known: _Known, turn: Turn, domain: Domain) -> None:
    """Take in what a turn says."""
    requests = [intent for intent in turn.intents if intent in domain.tools]
    if requests:
        known.intent = requests[0] if len(requests) == 1 else None
    new: dict[str, list[str]] = {}
    for label, words in turn.values:
        new.setdefault(label, []).append(words)
    for label, values in new.items():
        known.values.pop(label, None)
        if _ambiguous(known, label, turn, domain):
            known.unsure.add(label)
        else:
            known.unsure.discard(label)
            known.values[label] = values


def _ambiguous(known: _Known, label: str, turn: Turn, domain: Domain) -> bool:
    """Whether a turn is a number that more than one open parameter could take."""
    if label not in domain.numbers or not _BARE_NUMBER.fullmatch(turn.text):
        return False
    tool = domain.tools.get(known.intent or "")
    read = {p.name for p in tool.parameters} if tool else set(domain.parameters.values())
    could = {other for other in domain.numbers if domain.parameters[other] in read}
    return len((could - known.values.keys()) | {label}) > 1


def _due(known: _Known, turn: Turn, domain: Domain) -> dict[str, Any] | None:
    """The call, at the turn after which its tool has what it requires."""
    tool = domain.tools.get(known.intent or "")
    if tool is None or known.intent in known.called or _COURTESIES.issuperset(turn.intents):
        return None
    arguments = _arguments(known, domain, tool)
    if any(name not in arguments for name in tool.required):
        return None
    known.called.add(str(known.intent))
    return {"name": tool.name, "arguments": {name: values[0] for name, values in arguments.items()}}


def _arguments(known: _Known, domain: Domain, tool: ToolSchema) -> dict[str, list[str]]:
    """Parameter → right values."""
    said = {domain.parameters[label]: values for label, values in known.values.items() if label in domain.parameters}
    return {parameter.name: said[parameter.name] for parameter in tool.parameters if parameter.name in said}


def _slots(known: _Known, domain: Domain, tools: Sequence[ToolSchema]) -> tuple[dict[str, list[str]], bool]:
    """Slot key → right values, [""] where nothing was said, and whether some slot is left out."""
    own = {tool.name for tool in domain.tools.values()}
    labels = {name: label for label, name in domain.parameters.items()}
    out: dict[str, list[str]] = {}
    unsure = False
    for slot in slot_table(tools):
        label = next((labels[parameter] for tool, parameter in slot.readers if tool in own), None)
        if label in known.unsure:
            unsure = True
        else:
            out[slot.key] = known.values.get(label, [""]) if label else [""]
    return out, unsure


def _intent(known: _Known, turn: Turn, domain: Domain) -> dict[str, str | None]:
    """`{"intent": tool or None}`; empty where it cannot be told."""
    pending = known.intent is not None and known.intent not in known.called
    if _COURTESIES.issuperset(turn.intents):
        return {} if pending and "outofdomain" in turn.intents else {"intent": None}
    about = known.intent in turn.intents or "contentonly" in turn.intents or pending
    return {"intent": domain.tools[known.intent].name} if known.intent and about else {}


def _accept(known: _Known, domain: Domain, call: Mapping[str, Any] | None, slots: Mapping[str, list[str]]) -> Accept:
    further = {key: values[1:] for key, values in slots.items() if len(values) > 1}
    if call is None:
        return Accept(slots=further)
    tool = next(tool for tool in domain.tools.values() if tool.name == call["name"])
    arguments = {name: values[1:] for name, values in _arguments(known, domain, tool).items() if len(values) > 1}
    return Accept(arguments, (), further)
