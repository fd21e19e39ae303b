"""NLU++ (Casanueva et al. 2022) → samples: banking and hotel requests with several intent modules and slots.

The intents are modules ("change" and "booking") that combine. `nlupp.json` lists the combinations that make a tool; a
request with another combination trains slots only (`decision_known: false`), one that is mere talk is answered. The
tools of a domain share the wording of their parameters, so that a slot is filled for all of them at once.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, call_slots, declare, with_distractors
from recipes.corpora.single_requests import (
    ABSENT_RATE,
    BARE_RATE,
    Parameters,
    Said,
    draw_required,
    helper_pool,
    own_table,
    pick_split,
    read_json,
    word_parameters,
)
from trm_agent.errors import DataError
from trm_agent.types import Message, Sample, ToolSchema

FOLDS = {"train": range(16), "val": range(16, 20)}
"""The publisher's 20 folds, for cross-validation, as two splits of ours."""

MISSING_RATE = 0.15
TALK = frozenset({"affirm", "deny", "dont_know", "acknowledge", "greet", "end_call", "thank", "repeat"})

MODIFIERS = TALK - {"deny", "dont_know", "repeat"} | {
    "new",
    "existing",
    "savings",
    "current",
    "business",
    "credit",
    "debit",
    "contactless",
    "international",
}
"""Intents that do not change which tool is meant."""

RIVAL_DOMAINS = {
    "banking": ("banking", "credit_cards", "bank_support"),
    "hotels": ("banking", "credit_cards", "bank_support", "kitchen_and_dining", "travel"),
}
RIVALS = ("cancel", "schedule_meeting", "exchange_rate", "travel_notification", "order", "cancel_transfer")
"""Tools of CLINC150 that would serve some of the requests too."""


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of a split, both domains: `train` (default; folds 0 to 15) or `val` (folds 16 to 19).

    A request is left out if its intents make no tool and it fills no slot: there is nothing to learn from it.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    split = pick_split(options.split, tuple(FOLDS))
    records = [
        (domain, fold, number, record)
        for domain in RIVAL_DOMAINS
        if options.wants([domain])
        for fold in FOLDS[split]
        for number, record in enumerate(read_json(folder / "data" / domain / f"fold{fold}.json", list))
    ]
    options.rng(f"nlupp/{split}").shuffle(records)
    most = 8 if options.distractors is None else options.distractors
    for domain, fold, number, record in records[: options.num_dialogues]:
        name = f"{domain}/{fold}/{number}"
        rng = options.rng(f"nlupp/{name}")
        try:
            sample = request(record, domain, rng, dialogue=name, seen=split == "train", most=most)
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{folder / 'data' / domain}/fold{fold}.json: record {number}: {error!r}") from None
        if sample.slots or "intent" in sample.meta:
            yield sample


def request(
    record: Mapping[str, Any], domain: str, rng: random.Random, *, dialogue: str, seen: bool, most: int = 8
) -> Sample:
    """One request as a sample.

    Args:
        record: As published.
        domain: `banking` or `hotels`.
        rng: Draws wording, required parameters and distractors.
        dialogue: Name of the conversation.
        seen: Whether it may be trained on.
        most: At most so many distractors.
    """
    intents = frozenset(record.get("intents", ()))
    said = {slot: Said(value["text"]) for slot, value in record.get("slots", {}).items() if value["text"].strip()}
    parameters = word_parameters(own_table("nlupp")["parameters"], said, rng)
    specs = [*own_table("nlupp")[domain], *own_table("nlupp")["both"]]
    right = right_spec(intents, specs)
    talk = bool(intents) and intents <= TALK and not said
    absent = right is not None and most > 0 and rng.random() < ABSENT_RATE
    lead = right if right is not None else _bearer(specs, said, rng)
    tool = _tool(lead, parameters, rng, said=right is not None)
    near = [_tool(spec, parameters, rng) for spec in specs if spec is not lead]
    far = helper_pool(RIVAL_DOMAINS[domain], (*RIVALS, *(name for spec in specs for name in spec["names"])))
    pool = ([] if absent else near) + rng.sample(far, min(len(near), len(far)))
    tools = with_distractors([] if absent else [tool], pool, rng, min(int(absent), most), most)
    calls = right is not None and not absent and all(name in parameters.said for name in tool.required)
    call = _call(tool, parameters.said)
    meta = {"source": "nlupp", "subset": f"{domain}/other", "domain": domain, "dialogue": dialogue, "seen": seen}
    if talk or absent:
        meta |= {"subset": f"{domain}/{'talk' if talk else 'absent'}", "intent": None}
    elif right is not None:
        meta |= {"subset": domain if calls else f"{domain}/missing", "intent": tool.name}
    else:
        meta["decision_known"] = False
    ours = {spec_tool.name for spec_tool in (tool, *near)}
    return Sample(
        tools=tools,
        history=(Message("user", record["text"]),),
        decision="tool_call" if calls else "direct_answer",
        slots=call_slots(tools, [_call(t, parameters.said) for t in tools if t.name in ours]),
        tool=call if calls else None,
        content=None,
        id=f"nlupp/{dialogue}",
        meta=meta,
    )


def right_spec(intents: Collection[str], specs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The tool that a combination of intents makes, modifiers aside."""
    core = frozenset(intents) - MODIFIERS
    return next((spec for spec in specs if any(core == frozenset(made) for made in spec["intents"])), None)


def _bearer(specs: Sequence[Mapping[str, Any]], said: Collection[str], rng: random.Random) -> Mapping[str, Any]:
    """A tool that takes as many of the slots said as any, so that they can be learned without knowing the tool."""
    return max(_shuffle(specs, rng), key=lambda spec: len(set(spec["slots"]) & set(said)))


def _tool(spec: Mapping[str, Any], parameters: Parameters, rng: random.Random, *, said: bool = False) -> ToolSchema:
    """A tool in drawn words; what it requires is drawn from what is said if `said`, freely otherwise."""
    table = own_table("nlupp")["parameters"]
    properties = {parameters.names[slot]: parameters.properties[parameters.names[slot]] for slot in spec["slots"]}
    askable = [parameters.names[slot] for slot in spec["slots"] if table[slot].get("askable")]
    given = [name for name in properties if name in parameters.said] if said else []
    if said:
        required = draw_required(askable, given or [""], rng, missing_rate=MISSING_RATE)
    else:
        required = draw_required(askable, (), rng)
    description = rng.choice(spec["descriptions"]) if rng.random() >= BARE_RATE else ""
    return declare(rng.choice(spec["names"]), description, properties, required)


def _call(tool: ToolSchema, said: Mapping[str, Any]) -> dict[str, Any]:
    declared = [parameter.name for parameter in tool.parameters]
    return {"name": tool.name, "arguments": {name: said[name] for name in declared if name in said}}


def _shuffle(specs: Sequence[Mapping[str, Any]], rng: random.Random) -> list[Mapping[str, Any]]:
    return rng.sample(list(specs), len(specs))
