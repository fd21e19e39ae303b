"""Taskmaster-4 (Byrne and Ganesh 2024), orders at a coffee bar → samples.

A user's turn is followed by calls, one after another: ids of menu items and orders come from earlier results. The
publisher declares no tools; `taskmaster4.json` does, in words of our own. Each call is a sample, and so is each
utterance of the assistant.

The dialogues are much alike, so at most `MOST_DIALOGUES` are taken, evenly over their kinds (the calls of each turn).
A call that needs a value nobody said gives no sample and stays in the history.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, call_slots, with_distractors
from recipes.corpora.rivals import without_rivals
from recipes.corpora.wordings import GoldCall, accept_of, hold_against
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Accept, Message, Sample, ToolSchema

MOST_DIALOGUES = 600
MOST_DISTRACTORS = 6

_HERE = Path(__file__).parent
_OTHER_SHOPS = re.compile(r"order|cart|menu|food|recipe|drink|coffee", re.IGNORECASE)
_QUOTED_TWICE = re.compile(r'""([^"{}\[\]]+)""')
_YES = re.compile(r"(?:yes|yeah|yep|yup|sure|correct|perfect|right|that'?s (?:right|correct|it))\b", re.IGNORECASE)
_CONFIRMED = "finish_order"


@dataclass(frozen=True)
class Step:
    """A call and its result; `arguments` is None where the publisher's JSON is broken."""

    name: str
    arguments: dict[str, Any] | None
    result: Any


@dataclass(frozen=True)
class Turn:
    """What one speaker says, and the calls that follow it."""

    speaker: str
    text: str
    steps: tuple[Step, ...] = ()


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the folder (`data_00.json` and so on).

    Args:
        folder: As published, `TM-4-2024/data`.
        options: `num_dialogues`: instead of `MOST_DIALOGUES`. `distractors`: at most so many further tools.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    dialogues = read_dialogues(folder)
    chosen = spread(dialogues, options.num_dialogues or MOST_DIALOGUES, options.rng("taskmaster4"))
    pool = [ToolSchema.from_json(tool) for tool in json.loads((_HERE / "tool_pool.json").read_text(encoding="utf-8"))]
    counts: Counter[str] = Counter(dialogues=len(chosen))
    most = MOST_DISTRACTORS if options.distractors is None else options.distractors
    for name in chosen:
        yield from convert_dialogue(name, dialogues[name], pool, options.rng(name), most, counts)
    logger.info("taskmaster4: %s", dict(counts))


def read_dialogues(folder: Path) -> dict[str, list[Turn]]:
    """Name → turns.

    Raises:
        DataError: There are no files, or one cannot be read.
    """
    files = sorted(folder.glob("data_*.json"))
    if not files:
        raise DataError(f"{folder}: no data_*.json; expected the folder TM-4-2024/data of the dataset")
    out: dict[str, list[Turn]] = {}
    for file in files:
        try:
            records = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{file}: {error}") from None
        for record in records:
            out[record["conversation_id"]] = [_turn(utterance) for utterance in record["utterances"]]
    return out


def spread(dialogues: Mapping[str, Sequence[Turn]], most: int, rng: Random) -> list[str]:
    """At most so many dialogues, one of each kind in turn; a kind is which tools are called after which turn."""
    kinds: dict[tuple[tuple[str, ...], ...], list[str]] = defaultdict(list)
    for name, turns in dialogues.items():
        kinds[tuple(tuple(step.name for step in turn.steps) for turn in turns)].append(name)
    for names in kinds.values():
        rng.shuffle(names)
    out: list[str] = []
    while len(out) < most and any(kinds.values()):
        out += [names.pop() for names in kinds.values() if names]
    return out[:most]


def declare_tools(rng: Random) -> list[ToolSchema]:
    """The eight tools, each with one of its descriptions."""
    declared = json.loads((_HERE / "taskmaster4.json").read_text(encoding="utf-8"))
    return [
        ToolSchema.from_json(
            {
                "name": tool["name"],
                "description": rng.choice(tool["descriptions"]),
                "parameters": {"type": "object", "properties": tool["parameters"], "required": tool["required"]},
            }
        )
        for tool in declared
    ]


def convert_dialogue(
    name: str, turns: Sequence[Turn], pool: Sequence[ToolSchema], rng: Random, most: int, counts: Counter[str]
) -> list[Sample]:
    """The samples of one dialogue.

    Args:
        name: The publisher's.
        turns: As read.
        pool: Further tools are drawn from those that have nothing to do with orders.
        rng: Draws descriptions, further tools and the order.
        most: At most so many further tools.
        counts: Of calls and of what is left out, added to.
    """
    own = declare_tools(rng)
    others = without_rivals([tool for tool in pool if not _OTHER_SHOPS.search(tool.name)], own, by_topic=True)
    tools = with_distractors(own, others, rng, 0, most)
    declared = {tool.name: tool for tool in own}
    history: list[Message] = []
    known: list[GoldCall] = []
    samples: list[Sample] = []
    active: str | None = None
    for turn in turns:
        meta = {"source": "taskmaster4", "subset": "coffee", "domain": "coffee", "dialogue": name, "seen": True}
        if turn.speaker == "assistant":
            if known:
                meta["intent"] = active
            samples.append(
                Sample(
                    tools=tools,
                    history=tuple(history),
                    decision="direct_answer",
                    slots=call_slots(tools, [call.call for call in known]),
                    tool=None,
                    content=turn.text,
                    id=f"taskmaster4/{name}/{len(history)}",
                    accept=Accept(slots=accept_of(known, tools).slots),
                    meta=meta if known else {**meta, "slots_known": False},
                )
            )
            history.append(Message("assistant", turn.text))
            known = []
            continue
        history.append(Message("user", turn.text))
        for step in turn.steps:
            if step.arguments is None:
                counts["calls that are not JSON, with the rest of the dialogue"] += 1
                return samples
            gold = _gold(step, declared[step.name], history)
            if gold is None:
                counts["calls that need a value nobody said"] += 1
                known = []
                call = {"name": step.name, "arguments": step.arguments}
            else:
                call, known, active = gold.call, [gold], step.name
                counts["calls"] += 1
                samples.append(_sample(gold, tools, history, name, meta))
            history += [Message("tool_call", call), Message("tool_response", step.result)]
    return samples


def _sample(
    gold: GoldCall, tools: tuple[ToolSchema, ...], history: Sequence[Message], name: str, meta: Mapping[str, Any]
) -> Sample:
    said = history[-1]
    confirms = said.role == "user" and gold.name == _CONFIRMED and _YES.match(said.text)
    return Sample(
        tools=tools,
        history=tuple(history),
        decision="tool_call",
        slots=call_slots(tools, [gold.call]),
        tool=gold.call,
        content=None,
        id=f"taskmaster4/{name}/{len(history)}",
        accept=accept_of([gold], tools, [gold.left_out]),
        meta={**meta, "intent": gold.name, **({"speech_act": "confirm"} if confirms else {})},
    )


def _gold(step: Step, tool: ToolSchema, history: Sequence[Message]) -> GoldCall | None:
    """The call as the conversation tells it; None where it needs what nobody said.

    What may be left out is a quantity of one, a free note in other words than the customer's, and the query of a
    look-up for several additions at once ("Double OR Oat Milk").
    """
    arguments = dict(step.arguments or {})
    gold = hold_against(tool, arguments, history)
    may_go = {"notes", "query"} if step.name == "get_addons" or "notes" in arguments else set()
    if gold.call["arguments"].get("quantity") == 1:
        may_go.add("quantity")
    if gold.dropped or set(gold.unsaid) - may_go:
        return None
    joined = [name for name in gold.hinted if name == "query"]
    gold = gold.without([*gold.unsaid, *joined])
    return gold if gold.is_valid(tool) and (gold.call["arguments"] or not arguments) else None


def _turn(utterance: Mapping[str, Any]) -> Turn:
    parts: dict[str, dict[str, str]] = {}
    for annotation in utterance["annotations"]:
        parts.setdefault(annotation["context"], {})[annotation["name"]] = annotation["value"]
    steps = tuple(
        Step(
            part["api_call"],
            _object(part.get("request", "{}")),
            _parsed(parts.get(context.replace("call", "response"), {}).get("response", "")),
        )
        for context, part in parts.items()
        if "api_call" in part
    )
    return Turn(utterance["speaker"], utterance["text"], steps)


def _object(text: str) -> dict[str, Any] | None:
    value = _parsed(text)
    if not isinstance(value, dict):
        return None
    return {key: item.strip() if isinstance(item, str) else item for key, item in value.items()}


def _parsed(text: str) -> Any:
    """JSON, also where ids stand in two pairs of quotes; else the text as it is."""
    try:
        return json.loads(_QUOTED_TWICE.sub(r'"\1"', text))
    except ValueError:
        return text
