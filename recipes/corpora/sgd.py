"""Schema-Guided Dialogue (Rastogi et al. 2020) and SGD-X schemas → samples.

One intent is one tool. A system turn that carries a `service_call` also speaks, so it gives two samples: the call,
then, with call and results in the history, the utterance. The state lists several accepted wordings of a value
("7 pm", "19:00"): the first is the gold one, all of them (and the call's canonical form) count as right.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options
from trm_agent.errors import DataError
from trm_agent.evaluation.variants import Service
from trm_agent.log import logger
from trm_agent.types import DONTCARE, Accept, Message, Sample, parse_tools, slot_table

State = dict[str, dict[str, list[str]]]
"""Service → slot → accepted values, accumulated over the services of a dialogue."""


def read_services(schema: Path, wording: Path | None = None) -> dict[str, Service]:
    """Read `schema.json`, optionally worded as in an SGD-X `schema.json` (same services, slots and intents, in order).

    Raises:
        DataError: A file is no schema list, or the two do not describe the same services.
    """
    originals = _read_list(schema)
    worded = _read_list(wording) if wording else originals
    if [len(s["slots"]) for s in originals] != [len(s["slots"]) for s in worded]:
        raise DataError(f"{wording}: expected the services of {schema} in the same order, with the same slots")
    return {
        original["service_name"]: _service(original, copy) for original, copy in zip(originals, worded, strict=True)
    }


def read_dialogues(folder: Path) -> Iterator[dict[str, Any]]:
    """Stream the dialogues of a split folder, file by file.

    Raises:
        DataError: The folder holds no `dialogues_*.json`.
    """
    files = sorted(folder.glob("dialogues_*.json"))
    if not files:
        raise DataError(f"{folder}: no dialogues_*.json; expected a split folder of the dataset (train or dev)")
    for file in files:
        yield from _read_list(file)


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of a split's folder, as published (`schema.json`, `dialogues_*.json`).

    Raises:
        DataError: A file is missing or not what it should be.
    """
    schema = folder / "schema.json"
    seen = frozenset(read_services(options.seen_schema or folder.parent / "train" / "schema.json"))
    variants = [read_services(schema)]
    if options.wordings:
        files = sorted(options.wordings.glob(f"*/{folder.name}/schema.json"))
        variants = [read_services(schema, wording) for wording in files] or variants
        logger.info("%d wordings of the schema", len(files))
    dialogues = [d for d in read_dialogues(folder) if options.wants(d["services"])]
    if options.num_dialogues:
        dialogues = random.Random(options.seed).sample(dialogues, min(options.num_dialogues, len(dialogues)))
    for dialogue in dialogues:
        rng = options.rng(dialogue["dialogue_id"])
        distractors = 2 if options.distractors is None else options.distractors
        yield from convert_dialogue(
            dialogue,
            rng.choice(variants),
            seen=seen,
            rng=rng,
            distractors=distractors,
            max_results=options.max_results,
        )


def convert_dialogue(
    dialogue: Mapping[str, Any],
    services: Mapping[str, Service],
    *,
    seen: frozenset[str],
    rng: random.Random,
    distractors: int = 2,
    max_results: int = 3,
) -> list[Sample]:
    """Turn one dialogue into its samples.

    Args:
        dialogue: As published.
        services: Of its split, from `read_services`.
        seen: Services of the training split; a sample is seen if all services of its user turn are.
        rng: Draws the distractor services and the order of the tools.
        distractors: At most so many further services are on offer.
        max_results: Results kept in a `tool_response`.
    """
    own = _distinct([services[name] for name in dialogue["services"]])
    services = {**services, **{service.name: service for service in own}}
    offered = own + _draw_distractors(own, services, rng, distractors)
    tools = [tool for service in offered for tool in service.tools]
    rng.shuffle(tools)
    keys = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
    history: list[Message] = []
    state: State = {}
    intents: dict[str, str] = {}
    samples: list[Sample] = []
    active: list[str] = []

    for position, turn in enumerate(dialogue["turns"]):
        if turn["speaker"] == "USER":
            history.append(Message("user", turn["utterance"]))
            active = [frame["service"] for frame in turn["frames"]]
            state |= {frame["service"]: frame["state"]["slot_values"] for frame in turn["frames"]}
            intents = {frame["service"]: frame["state"]["active_intent"] for frame in turn["frames"]}
            continue
        calls = [frame for frame in turn["frames"] if "service_call" in frame]
        slots, accepted = _gold_state(state, calls, services, keys)
        base = f"sgd/{dialogue['dialogue_id']}/{position}"
        meta = {
            "source": "sgd",
            "subset": services[active[0]].domain.lower(),
            "domain": services[active[0]].domain,
            "dialogue": dialogue["dialogue_id"],
            "seen": all(name in seen for name in active),
            "intent": _intent(turn, intents, services),
            "frames": [_frame(name, state[name], services[name], name in seen) for name in active],
        }
        for frame in calls:
            call, arguments, optional = _gold_call(frame, state, services[frame["service"]])
            samples.append(
                Sample(
                    tools=tuple(tools),
                    slots=slots,
                    history=tuple(history),
                    decision="tool_call",
                    tool=call,
                    content=None,
                    id=f"{base}/call",
                    accept=Accept(arguments, optional, accepted),
                    meta=meta,
                )
            )
            history += [Message("tool_call", call), Message("tool_response", frame["service_results"][:max_results])]
        samples.append(
            Sample(
                tools=tuple(tools),
                slots=slots,
                history=tuple(history),
                decision="direct_answer",
                tool=None,
                content=turn["utterance"],
                id=base,
                accept=Accept(slots=accepted),
                meta=meta,
            )
        )
        history.append(Message("assistant", turn["utterance"]))
    return samples


def _read_list(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(data, list):
        raise DataError(f"{path}: expected a list, got {type(data).__name__}")
    return data


def _service(original: Mapping[str, Any], worded: Mapping[str, Any]) -> Service:
    specs = {slot["name"]: slot for slot in worded["slots"]}
    tools = parse_tools([_tool(intent, specs) for intent in worded["intents"]])
    parameters = {a["name"]: b["name"] for a, b in zip(original["slots"], worded["slots"], strict=True)}
    intents = {a["name"]: b["name"] for a, b in zip(original["intents"], worded["intents"], strict=True)}
    return Service(original["service_name"], tools, parameters, intents)


def _tool(intent: Mapping[str, Any], slots: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name in [*intent["required_slots"], *intent["optional_slots"]]:
        spec: dict[str, Any] = {"type": "string", "description": slots[name]["description"]}
        if slots[name]["is_categorical"]:
            spec["enum"] = list(slots[name]["possible_values"])
        default = intent["optional_slots"].get(name, DONTCARE)
        if default != DONTCARE:
            spec["default"] = default
        properties[name] = spec
    return {
        "name": intent["name"],
        "description": intent["description"],
        "parameters": {"type": "object", "properties": properties, "required": list(intent["required_slots"])},
        "annotations": {"readOnlyHint": not intent["is_transactional"]},
    }


def _distinct(own: Sequence[Service]) -> list[Service]:
    """Where two services of a dialogue name an intent alike, the later tool's name carries its domain."""
    taken: set[str] = set()
    out = []
    for service in own:
        new = {
            tool.name: f"{tool.name}_{service.domain}" if tool.name in taken else tool.name for tool in service.tools
        }
        tools = tuple(replace(tool, name=new[tool.name]) for tool in service.tools)
        names = {original: new[name] for original, name in service.tool_names.items()}
        out.append(replace(service, tools=tools, tool_names=names))
        taken |= set(new.values())
    return out


def _draw_distractors(
    own: Sequence[Service], services: Mapping[str, Service], rng: random.Random, most: int
) -> list[Service]:
    taken = {tool.name for service in own for tool in service.tools}
    out: list[Service] = []
    wanted = rng.randint(0, most)
    for service in rng.sample(sorted(services.values(), key=lambda s: s.name), len(services)):
        names = {tool.name for tool in service.tools}
        if len(out) < wanted and not names & taken:
            out.append(service)
            taken |= names
    return out


def _intent(turn: Mapping[str, Any], intents: Mapping[str, str], services: Mapping[str, Service]) -> str | None:
    """The tool that the turn is about: the active intent of the service that the system turns to."""
    frames = [frame["service"] for frame in turn["frames"]]
    service = next((name for name in frames if name in intents), next(iter(intents)))
    return services[service].tool_names.get(intents[service])


def _frame(name: str, values: Mapping[str, list[str]], service: Service, seen: bool) -> dict[str, Any]:
    """A frame of the user turn, for the data set's own goal accuracy; the state is as published."""
    return {
        "service": name,
        "seen": seen,
        "tools": [tool.name for tool in service.tools],
        "state": {service.parameter_names[slot]: list(variants) for slot, variants in values.items()},
    }


def _gold_state(
    state: State,
    calls: Sequence[Mapping[str, Any]],
    services: Mapping[str, Service],
    keys: Mapping[tuple[str, str], str],
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Slots and their further accepted values; slots that no tool of the service takes are left out."""
    slots: dict[str, Any] = {}
    accepted: dict[str, list[Any]] = {}
    canonical = {(f["service"], k): v for f in calls for k, v in f["service_call"]["parameters"].items()}
    for name, values in state.items():
        service = services[name]
        for original, variants in values.items():
            parameter = service.parameter_names[original]
            key = next((keys[t.name, parameter] for t in service.tools if (t.name, parameter) in keys), None)
            if key is None:
                continue
            slots[key] = variants[0]
            more = [*variants[1:], *([canonical[name, original]] if (name, original) in canonical else [])]
            accepted.pop(key, None)
            if extra := [value for value in dict.fromkeys(more) if value != variants[0]]:
                accepted[key] = extra
    return slots, accepted


def _gold_call(
    frame: Mapping[str, Any], state: State, service: Service
) -> tuple[dict[str, Any], dict[str, list[Any]], tuple[str, ...]]:
    """The call, further accepted values of its arguments, and the arguments that equal an optional default."""
    method = service.tool_names[frame["service_call"]["method"]]
    tool = next(tool for tool in service.tools if tool.name == method)
    declared = {parameter.name: parameter for parameter in tool.parameters}
    arguments: dict[str, Any] = {}
    accepted: dict[str, list[Any]] = {}
    optional: list[str] = []
    for original, value in frame["service_call"]["parameters"].items():
        name = service.parameter_names[original]
        arguments[name] = value
        variants = state.get(frame["service"], {}).get(original, [])
        if extra := [variant for variant in variants if variant not in (value, DONTCARE)]:
            accepted[name] = extra
        parameter = declared[name]
        if not parameter.required and parameter.has_default and parameter.default == value:
            optional.append(name)
    return {"name": method, "arguments": arguments}, accepted, tuple(optional)
