"""What the converters of corpora share: options, declaring tools, distractors, slots that follow from a call.

A corpus is a module of this package with `convert(folder, options)`, listed in `CORPORA`.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError
from trm_agent.types import Sample, ToolSchema, slot_table

CORPORA: dict[str, str] = {
    "alexa": "recipes.corpora.alexa_skills",
    "banking77": "recipes.corpora.banking77",
    "bfcl": "recipes.corpora.bfcl",
    "botframework": "recipes.corpora.botframework",
    "clinc150": "recipes.corpora.clinc150",
    "hwu64": "recipes.corpora.hwu64",
    "home-assistant": "recipes.corpora.home_assistant",
    "dialogflow": "recipes.corpora.dialogflow_agents",
    "metatool": "recipes.corpora.metatool",
    "mtu-bench": "recipes.corpora.mtu_bench",
    "multidogo": "recipes.corpora.multidogo",
    "multiwoz": "recipes.corpora.multiwoz",
    "nlupp": "recipes.corpora.nlupp",
    "ovos-skills": "recipes.corpora.ovos_skills",
    "rasa": "recipes.corpora.rasa_bots",
    "seal-tools": "recipes.corpora.seal_tools",
    "restaurants8k": "recipes.corpora.restaurants8k",
    "sgd": "recipes.corpora.sgd",
    "small-function-calling": "recipes.corpora.function_calling",
    "snips": "recipes.corpora.snips",
    "small-tool-sets": "recipes.corpora.small_tool_sets",
    "star": "recipes.corpora.star",
    "thingpedia": "recipes.corpora.thingpedia",
    "taskmaster4": "recipes.corpora.taskmaster4",
}
"""Name of a corpus → the module that reads its publisher's format."""


@dataclass(frozen=True)
class Options:
    """What a conversion is asked for; each corpus uses what applies to it.

    Attributes:
        split: One of the publisher's splits, where a folder holds several; None: the corpus's default.
        seed: Draws distractors, orders and subsets.
        distractors: At most so many further tools (services, where tools come in services) on offer; None: the
            corpus's default.
        num_dialogues: Only so many conversations, drawn with the seed.
        hold_out: Services, tools or domains to leave out whole.
        only: Services, tools or domains to keep, leaving out all others.
        max_results: Results kept in a `tool_response`.
        seen_schema: Schema of the training split, to tell seen services from unseen ones.
        wordings: Folder of paraphrased schemas.
    """

    split: str | None = None
    seed: int = 0
    distractors: int | None = None
    num_dialogues: int | None = None
    hold_out: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    max_results: int = 3
    seen_schema: Path | None = None
    wordings: Path | None = None

    def rng(self, name: str) -> random.Random:
        """A generator of its own for a named thing, so that what is drawn does not depend on what came before."""
        return random.Random(f"{self.seed}/{name}")

    def wants(self, names: Iterable[str]) -> bool:
        """Whether something that belongs to these services, tools or domains is kept."""
        names = set(names)
        return names.isdisjoint(self.hold_out) and (not self.only or not names.isdisjoint(self.only))


Convert = Callable[[Path, Options], Iterator[Sample]]


def corpus(name: str) -> Convert:
    """The converter of a corpus.

    Raises:
        DataError: There is none of that name.
    """
    if name not in CORPORA:
        raise DataError(f"unknown corpus {name!r}; expected one of {', '.join(sorted(CORPORA))}")
    convert: Convert = importlib.import_module(CORPORA[name]).convert
    return convert


def declare(
    name: str,
    description: str = "",
    properties: Mapping[str, Mapping[str, Any]] | None = None,
    required: Sequence[str] = (),
) -> ToolSchema:
    """A tool from its parts.

    Args:
        name: Unique among the tools it is offered with.
        description: What it does.
        properties: Parameter → its JSON Schema.
        required: Parameters that a call must carry.
    """
    schema = {"type": "object", "properties": dict(properties or {}), "required": list(required)}
    return ToolSchema.from_json({"name": name, "description": description, "parameters": schema})


def call_slots(tools: Sequence[ToolSchema], calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The slots that calls fill: slot key → the argument, nested leaves by their dotted name."""
    given: dict[tuple[str, str], Any] = {}
    for call in calls:
        parameters = {p.name for tool in tools if tool.name == call["name"] for p in tool.parameters}
        for name, value in _leaves(call["arguments"], parameters):
            given.setdefault((call["name"], name), value)
    out: dict[str, Any] = {}
    for slot in slot_table(tools):
        for reader in slot.readers:
            if reader in given:
                out.setdefault(slot.key, given[reader])
    return out


def with_distractors(
    own: Sequence[ToolSchema], pool: Sequence[ToolSchema], rng: random.Random, least: int, most: int
) -> tuple[ToolSchema, ...]:
    """A turn's own tools among some of the pool's, in random order; no two of one name.

    Args:
        own: Always on offer.
        pool: Drawn from.
        rng: Draws number, tools and order.
        least: Fewest distractors.
        most: At most so many.
    """
    names = {tool.name for tool in own}
    out = list(own)
    wanted = rng.randint(least, most)
    for tool in rng.sample(list(pool), min(len(pool), 3 * wanted + len(own))):
        if len(out) - len(own) >= wanted:
            break
        if tool.name not in names:
            names.add(tool.name)
            out.append(tool)
    rng.shuffle(out)
    return tuple(out)


def _leaves(arguments: Mapping[str, Any], parameters: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of what the tool declares as parameters."""
    for key, value in arguments.items():
        name = f"{prefix}{key}"
        if name in parameters:
            yield name, value
        elif isinstance(value, Mapping):
            yield from _leaves(value, parameters, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from _leaves(value[0], parameters, f"{name}.")
