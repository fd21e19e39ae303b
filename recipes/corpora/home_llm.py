"""home-llm (acon96), English piles for a smart home → samples.

The piles hold phrases, devices and answers. A home is drawn for every phrase: a dozen devices, told in a system message
or as the choices of a parameter, and the services of their kinds as tools (`home_llm.json`, in words of our own).
A phrase is an action (a call, then the answer), a question about a state (an answer from the message; a call where a
tool reads states), a device that is not there or is in that state already, or a second try after a failed call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, call_slots
from recipes.corpora.homes import NO_DEVICE_NEEDED, READER, Device, Home, Piles, draw_home, read_piles, system_message
from recipes.corpora.wordings import GoldCall, accept_of, hold_against
from trm_agent.types import Message, Sample, ToolSchema

DRAWS = 3
"""Samples of a phrase with placeholders."""

ANSWERED = 0.3
"""Share of actions that have the answer after the call as a sample too."""

READS_STATES = 0.4
"""Share of questions that a tool answers; the others find the state in the system message."""

_PLACE = re.compile(r"<(\w+?)(\d?)>")
_ARGUMENTS = {"color": "color", "brightness": "brightness", "temp_f": "temperature", "temp_c": "temperature"}
_ARGUMENTS |= {name: name for name in ("humidity", "fan_mode", "hvac_mode", "duration")} | {"todo": "item"}


def convert(folder: Path, options: Options, others: Sequence[ToolSchema] = ()) -> Iterator[Sample]:
    """The samples of `data/piles/english`, a few of the `others` beside a home's own tools.

    Raises:
        DataError: A file is missing.
    """
    piles = read_piles(folder, others)
    makers: Mapping[str, Callable[[Piles, dict[str, str], Random], list[Sample]]] = {
        "specific_actions": _specific,
        "templated_actions": _templated,
        "status_requests": _question,
        "refusals": _refusal,
        "failed_tool_calls": _second_try,
    }
    for pile, make in makers.items():
        for number, row in enumerate(piles.rows(pile)):
            draws = DRAWS if pile == "templated_actions" else 1
            for draw in range(draws):
                name = f"home-llm/{pile}/{number}/{draw}"
                for at, sample in enumerate(make(piles, row, options.rng(name))):
                    yield _named(sample, f"{name}/{at}", pile)


def _specific(piles: Piles, row: dict[str, str], rng: Random) -> list[Sample]:
    kind = row["service_name"].partition(".")[0]
    return _action(piles, row["phrase"], [(row["service_name"], _device(piles, kind, row["device_name"]))], {}, rng)


def _templated(piles: Piles, row: dict[str, str], rng: Random) -> list[Sample]:
    kinds, services = row["device_type"].split("|"), row["service"].split("|")
    names = [f"{kind}.{service}" for kind, service in zip(kinds, services, strict=True)]
    devices = [rng.choice([device for device in piles.devices if device.kind == kind]) for kind in kinds]
    if len(set(devices)) < len(devices):
        return []
    phrase, said = _fill(row["phrase"], devices, piles, rng)
    return _action(piles, phrase, list(zip(names, devices, strict=True)), said, rng)


def _action(
    piles: Piles, phrase: str, wanted: Sequence[tuple[str, Device]], said: Mapping[str, str], rng: Random
) -> list[Sample]:
    """The call (or calls) for a phrase, and sometimes the answer after it."""
    home = draw_home(piles, wanted, rng)
    history = [*system_message(home, rng), Message("user", phrase)]
    gold = _calls(home, wanted, said, history)
    if gold is None:
        return []
    samples = [_call(home, history, gold)]
    if rng.random() < ANSWERED:
        for call in gold:
            done: Any = rng.choice([{"success": True}, "done", {"state": "changed", "changed_entities": 1}])
            history += [Message("tool_call", call.call), Message("tool_response", done)]
        answers = [row["response_confirmed"] for row in piles.responses if row["service"] == wanted[0][0]]
        plain = [text for text in answers if not _PLACE.search(text)]
        told = rng.choice(plain) if plain and len(gold) == 1 else "Done."
        slots = call_slots(home.tools, [call.call for call in gold])
        samples.append(_answer(home, history, told, {"intent": gold[0].name}, slots))
    return samples


def _question(piles: Piles, row: dict[str, str], rng: Random) -> list[Sample]:
    """A question about a state: read from the message, or by a tool."""
    kind = row["device_type"]
    device = rng.choice([device for device in piles.devices if device.kind == kind])
    reads = rng.random() < READS_STATES
    home = draw_home(piles, [(READER if reads else f"{kind}.{READER}", device)], rng, states=not reads)
    text, _ = _fill(row["phrase"] + "\n" + row["state"] + "\n" + row["assistant_response"], [device], piles, rng)
    phrase, state, told = text.split("\n", 2)
    home.devices[device] = state
    history = [*system_message(home, rng), Message("user", phrase)]
    if not reads:
        return [_answer(home, history, told, {"intent": None, "speech_act": "question", "slots_known": False}, {})]
    gold = _calls(home, [(READER, device)], {}, history)
    return [_call(home, history, gold, act="question")] if gold else []


def _refusal(piles: Piles, row: dict[str, str], rng: Random) -> list[Sample]:
    kind = row["service_name"].partition(".")[0]
    if row["service_name"] not in piles.table["services"] or "<" in row["phrase"].replace("<device_name>", ""):
        return []
    device = Device(f"{kind}.{row['device_name']}", row["friendly_name"])
    already = row["reason_type"] == "already_state"
    home = draw_home(
        piles, [(row["service_name"], device)], rng, states=already or None, listed=already, always_told=True
    )
    if already:
        home.devices[device] = row["desired_state"]
    phrase, told = (row[key].replace("<device_name>", device.name) for key in ("phrase", "response"))
    meta: dict[str, Any] = {"slots_known": False, "speech_act": "request", **({"either": True} if already else {})}
    return [_answer(home, [*system_message(home, rng), Message("user", phrase)], told, meta, {})]


def _second_try(piles: Piles, row: dict[str, str], rng: Random) -> list[Sample]:
    """The call once more, with the device's right id, after one that failed."""
    device = Device(row["correct_device_name"], row["correct_friendly_name"])
    wanted = [(row["service_name"], device)]
    if row["service_name"] not in piles.table["services"]:
        return []
    home = draw_home(piles, wanted, rng, addressing="id")
    failed = {"name": home.names[row["service_name"]], "arguments": {"entity_id": row["bad_device_name"]}}
    error = {"success": False, "error": f"There is no device {row['bad_device_name']}."}
    history = [
        *system_message(home, rng),
        Message("user", row["phrase"]),
        Message("tool_call", failed),
        Message("tool_response", rng.choice([row["error_result"], error])),
    ]
    gold = _calls(home, wanted, {}, history)
    return [_call(home, history, gold, act=None)] if gold else []


def _calls(
    home: Home, wanted: Sequence[tuple[str, Device]], said: Mapping[str, str], history: Sequence[Message]
) -> list[GoldCall] | None:
    """The gold calls; None where a device is not told in the way that the tools want it."""
    tools = {tool.name: tool for tool in home.tools}
    out: list[GoldCall] = []
    for service, device in wanted:
        tool = tools[home.names[service]]
        arguments: dict[str, Any] = {key: value for key, value in said.items() if key in tool.schema["properties"]}
        phrase = next(message.text for message in reversed(history) if message.role == "user")
        spoken = _spoken(device, phrase)
        if home.addressing == "name" and spoken:
            arguments["name"] = spoken
        elif home.addressing == "choice" and not home.told and not _told_by_id(device, phrase):
            return None
        elif home.addressing != "name" and not (device.kind in NO_DEVICE_NEEDED and said):
            arguments["entity_id"] = device.id
        gold = hold_against(tool, arguments, history)
        if gold.dropped or gold.unsaid or not gold.is_valid(tool):
            return None
        out.append(gold)
    return out


def _spoken(device: Device, phrase: str) -> str | None:
    """The device as the phrase calls it: by its name, or by the words of its id."""
    for name in (device.name, device.id.partition(".")[2].replace("_", " ")):
        if found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", phrase, re.IGNORECASE):
            return found[0]
    return None


def _told_by_id(device: Device, phrase: str) -> bool:
    """Whether most words of the id are in the phrase."""
    words = device.id.partition(".")[2].split("_")
    return 2 * sum(word in phrase.lower() for word in words) >= len(words)


def _call(home: Home, history: Sequence[Message], gold: Sequence[GoldCall], act: str | None = "request") -> Sample:
    calls = [call.call for call in gold]
    return Sample(
        tools=home.tools,
        history=tuple(history),
        decision="tool_call",
        slots=call_slots(home.tools, calls),
        tool=calls[0],
        content=None,
        accept=accept_of(gold, home.tools),
        meta={"intent": calls[0]["name"], **({"speech_act": act} if act else {})},
        calls=tuple(calls) if len(calls) > 1 else (),
    )


def _answer(
    home: Home, history: Sequence[Message], told: str, meta: Mapping[str, Any], slots: Mapping[str, Any]
) -> Sample:
    return Sample(
        tools=home.tools,
        history=tuple(history),
        decision="direct_answer",
        slots=dict(slots),
        tool=None,
        content=told,
        meta=dict(meta),
    )


def _named(sample: Sample, name: str, pile: str) -> Sample:
    about = {"source": "home-llm", "subset": pile, "domain": "home", "dialogue": name, "seen": True}
    return replace(sample, id=name, meta={**about, **sample.meta})


def _fill(text: str, devices: Sequence[Device], piles: Piles, rng: Random) -> tuple[str, dict[str, str]]:
    """The phrase with its placeholders filled, and what stands for the tool's arguments."""
    drawn: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        name, number = found.groups()
        if name == "device_name":
            return devices[int(number or 1) - 1].name
        if name not in drawn:
            pools = {"todo": piles.todos, "duration": piles.durations, "remaining": piles.durations}
            drawn[name] = rng.choice(pools.get(name) or piles.table["values"].get(name) or ["something"])
        return drawn[name]

    filled = _PLACE.sub(value, text)
    return filled, {_ARGUMENTS[name]: said for name, said in drawn.items() if name in _ARGUMENTS}


def _device(piles: Piles, kind: str, name: str) -> Device:
    known = {device.id: device for device in piles.devices}
    if f"{kind}.{name}" in known:
        return known[f"{kind}.{name}"]
    return Device(f"{kind}.{name}", f"{name.replace('_', ' ').title()} {piles.table['things'][kind].title()}")
