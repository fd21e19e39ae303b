"""The same samples with their tools declared otherwise: what a router must not mind.

Order, names, descriptions, further tools and other wordings change; what is said and what is right stay. Gold calls,
slots and accepted values follow the new declarations. Results in a history keep the field names of the data set.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.data.renaming import VALUE_KEYWORDS, Renaming, numbered
from trm_agent.types import Accept, Message, Sample, ToolSchema, slot_table

Change = Callable[[Sample], Sample]


@dataclass(frozen=True)
class Service:
    """One service as it is offered: its tools, and the original slot and intent names behind theirs.

    Attributes:
        name: Original service name, such as `Restaurants_1`.
        tools: One tool an intent.
        parameter_names: Original slot name → name in this (possibly paraphrased) schema.
        tool_names: Original intent name → name in this schema.
    """

    name: str
    tools: tuple[ToolSchema, ...]
    parameter_names: dict[str, str]
    tool_names: dict[str, str]

    @property
    def domain(self) -> str:
        return self.name.rsplit("_", 1)[0]


def reorder(seed: int) -> Change:
    """Tools in another order, the same throughout a dialogue."""

    def change(sample: Sample) -> Sample:
        tools = list(sample.tools)
        _rng(seed, sample).shuffle(tools)
        return replace(sample, tools=tuple(tools))

    return change


def neutral_names(*, tools: bool, parameters: bool) -> Change:
    """Names that say nothing: `tool_1`, … and `param_1`, …, numbered as offered; equal names stay equal."""

    def change(sample: Sample) -> Sample:
        named = numbered((name for tool in sample.tools for name in _property_names(tool.schema)), "param_")
        renamings = {
            tool.name: Renaming(f"tool_{i}" if tools else tool.name, named if parameters else {})
            for i, tool in enumerate(sample.tools, 1)
        }
        new = [_renamed(tool, renamings[tool.name]) for tool in sample.tools]
        return redeclared(sample, new, renamings)

    return change


def drop_descriptions(sample: Sample) -> Sample:
    """Tools and parameters without a description; parameters that differ in nothing else become one slot."""

    def bare(node: Any, names: bool = False) -> Any:
        if isinstance(node, list):
            return [bare(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        return {
            key: item if key in VALUE_KEYWORDS and not names else bare(item, key == "properties" and not names)
            for key, item in node.items()
            if names or key not in ("description", "title")
        }

    new = [_declared(tool, tool.name, "", bare(tool.schema)) for tool in sample.tools]
    return redeclared(sample, new, {})


def add_tools(pool: Sequence[ToolSchema], count: int, seed: int) -> Change:
    """So many further tools among those on offer, the same throughout a dialogue."""

    def change(sample: Sample) -> Sample:
        rng = _rng(seed, sample)
        own = {tool.name for tool in sample.tools}
        others = [tool for tool in pool if tool.name not in own]
        tools = [*sample.tools, *rng.sample(others, min(count, len(others)))]
        rng.shuffle(tools)
        return redeclared(sample, tools, {})

    return change


def reword(originals: Mapping[str, Service], wordings: Sequence[Mapping[str, Service]], seed: int) -> Change:
    """SGD's tools in one of the wordings of their schema, drawn for each dialogue.

    Args:
        originals: Service → its tools as published (`recipes.corpora.sgd.read_services`).
        wordings: The same services in other words.
        seed: Draws the wording.
    """
    known: dict[str, list[tuple[str, int]]] = {}
    for service in originals.values():
        for position, tool in enumerate(service.tools):
            known.setdefault(_declaration(tool), []).append((service.name, position))

    def change(sample: Sample) -> Sample:
        wording = _rng(seed, sample).choice(wordings)
        found = {tool.name: known.get(_declaration(tool), []) for tool in sample.tools}
        # Where two services declare a tool alike, it belongs to the one that has most of its tools on offer.
        offered = [name for places in found.values() for name in {name for name, _ in places}]
        renamings: dict[str, Renaming] = {}
        new: list[ToolSchema] = []
        for tool in sample.tools:
            if not found[tool.name]:
                new.append(tool)
                continue
            name, position = max(found[tool.name], key=lambda place: (offered.count(place[0]), place[0]))
            worded = wording[name].tools[position]
            if any(worded.name == other.name for other in new):
                worded = replace(worded, name=f"{worded.name}_{wording[name].domain}")
            renamings[tool.name] = Renaming(worded.name, wording[name].parameter_names)
            new.append(worded)
        return redeclared(sample, new, renamings)

    return change


def redeclared(sample: Sample, tools: Sequence[ToolSchema], renamings: Mapping[str, Renaming]) -> Sample:
    """A sample with its tools declared otherwise: calls follow the names, slot keys the declarations.

    Where two slots become one, the value of the tool that the sample is about is gold and the other is right too;
    where one becomes two, the one of that tool is filled, and the value is right in the other too.

    Args:
        sample: As it is.
        tools: On offer from now on; every tool of the sample is among them, under its new name.
        renamings: Tool → its new names; others keep theirs.
    """

    def of(name: str | None) -> Renaming:
        return renamings.get(name or "", Renaming(name or ""))

    key_of = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
    active = (sample.tool or {}).get("name") or sample.meta.get("intent")
    places: dict[str, list[tuple[str, Renaming]]] = {}
    for slot in slot_table(sample.tools):
        readers = sorted(slot.readers, key=lambda reader: reader[0] != active)
        places[slot.key] = [(key_of[of(tool).tool, of(tool).path(name)], of(tool)) for tool, name in readers]
    slots: dict[str, Any] = {}
    right: dict[str, list[Any]] = {}
    meant = [slot.key for slot in slot_table(sample.tools) if active in slot.tools]
    for old in dict.fromkeys([*meant, *sample.slots, *sample.accept.slots]):
        values = [*([sample.slots[old]] if old in sample.slots else []), *sample.accept.slots.get(old, [])]
        for i, (key, renaming) in enumerate(places.get(old, [(old, of(None))])):
            worded = [renaming.value(value) for value in values]
            right.setdefault(key, []).extend(worded)
            if old in sample.slots and i == 0:
                slots.setdefault(key, worded[0])
    more = {key: [v for v in values if v != slots.get(key)] for key, values in right.items()}

    def called(call: Mapping[str, Any]) -> dict[str, Any]:
        return {**call, "name": of(call["name"]).tool, "arguments": of(call["name"]).value(call.get("arguments", {}))}

    gold = sample.calls or ((sample.tool,) if sample.tool else ())
    accept = _accepted(sample.accept, [of(call["name"]) for call in gold])
    meta = {**sample.meta, "intent": of(sample.meta["intent"]).tool} if sample.meta.get("intent") else sample.meta
    if "frames" in meta:
        meta = {**meta, "frames": [_framed(frame, of) for frame in meta["frames"]]}
    return replace(
        sample,
        tools=tuple(tools),
        history=tuple(
            Message("tool_call", called(m.content)) if m.role == "tool_call" and m.content["name"] in renamings else m
            for m in sample.history
        ),
        slots=slots,
        tool=called(sample.tool) if sample.tool else None,
        calls=tuple(map(called, sample.calls)),
        accept=replace(accept, slots={key: values for key, values in more.items() if values}),
        meta=meta,
    )


def _framed(frame: Mapping[str, Any], of: Callable[[str], Renaming]) -> dict[str, Any]:
    """A frame of `meta.frames` under the new names; a service's tools rename a parameter alike."""
    named = [of(tool) for tool in frame["tools"]]
    properties = {old: new for renaming in named for old, new in renaming.properties.items()}
    state = {properties.get(name, name): values for name, values in frame["state"].items()}
    return {**frame, "tools": [renaming.tool for renaming in named], "state": state}


def _accepted(accept: Accept, renamings: Sequence[Renaming]) -> Accept:
    """What else is right of each call, under the new names; the first call's is the sample's own."""
    if not renamings:
        return accept
    first = renamings[0]
    return Accept(
        {first.path(name): [first.value(v) for v in values] for name, values in accept.arguments.items()},
        tuple(first.path(name) for name in accept.optional),
        accept.slots,
        tuple(_accepted(one, [other]) for one, other in zip(accept.calls, renamings, strict=False)),
    )


def _renamed(tool: ToolSchema, renaming: Renaming) -> ToolSchema:
    return _declared(tool, renaming.tool, tool.description, renaming.schema(tool.schema))


def _declared(tool: ToolSchema, name: str, description: str, schema: Mapping[str, Any]) -> ToolSchema:
    made = ToolSchema.from_json({"name": name, "description": description, "parameters": schema})
    return replace(made, read_only=tool.read_only)


def _declaration(tool: ToolSchema) -> str:
    """What tells SGD's tools apart whatever they are called on offer."""
    return repr((tool.description, tool.schema, tool.read_only))


def _property_names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _property_names(item)
    elif isinstance(node, Mapping):
        for key, item in node.items():
            if key == "properties" and isinstance(item, Mapping):
                yield from item
                yield from _property_names(list(item.values()))
            elif key not in VALUE_KEYWORDS:
                yield from _property_names(item)


def _rng(seed: int, sample: Sample) -> random.Random:
    return random.Random(f"{seed}/{sample.meta.get('source')}/{sample.meta.get('dialogue') or sample.id}")
