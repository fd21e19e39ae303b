"""Homes of home-llm: the publisher's piles, and homes drawn of them (devices, what is told of them, tools)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from recipes.corpora.building import declare
from trm_agent.errors import DataError
from trm_agent.types import Message, ToolSchema

Addressing = Literal["name", "choice", "id"]
"""How a tool is told the device: by the name as said, by an id of a closed list, or by an id of the system message."""

NO_DEVICE_NEEDED = frozenset({"climate"})
"""Kinds that a tool does without being told which one."""

MOST_OTHERS = 4
"""So many tools that are not a home's stand beside a home's at most."""

READER = "get_state"
"""The tool that reads a state."""

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Device:
    """A device: `light.kitchen`, "Kitchen Light"."""

    id: str
    name: str

    @property
    def kind(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Home:
    """What is told of a home, and how its tools are worded.

    Attributes:
        devices: With their states.
        addressing: How the tools are told a device.
        told: Whether the system message lists the devices.
        states: Whether it says their states.
        tools: On offer.
        names: Service → name of its tool.
    """

    devices: dict[Device, str]
    addressing: Addressing
    told: bool
    states: bool
    tools: tuple[ToolSchema, ...]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Piles:
    """The publisher's files, and our table beside them."""

    devices: tuple[Device, ...]
    durations: tuple[str, ...]
    todos: tuple[str, ...]
    responses: tuple[dict[str, str], ...]
    table: dict[str, Any]
    folder: Path
    others: tuple[ToolSchema, ...] = ()

    def rows(self, name: str) -> list[dict[str, str]]:
        return _rows(self.folder / f"pile_of_{name}.csv")


def read_piles(folder: Path, others: Sequence[ToolSchema] = ()) -> Piles:
    """The piles of a language; `others` are tools that have nothing to do with a home.

    Raises:
        DataError: A file is missing.
    """
    table = json.loads((_HERE / "home_llm.json").read_text(encoding="utf-8"))
    devices = [
        Device(row["device_name"], row["description"].strip()) for row in _rows(folder / "pile_of_device_names.csv")
    ]
    todos = (folder / "pile_of_todo_items.txt").read_text(encoding="utf-8").splitlines()
    return Piles(
        devices=tuple(device for device in devices if device.kind in table["things"]),
        durations=tuple(row["name"].lower() for row in _rows(folder / "pile_of_durations.csv")),
        todos=tuple(item.strip().lower() for item in todos if item.strip()),
        responses=tuple(row for row in _rows(folder / "pile_of_responses.csv") if row["persona"] == "assistant"),
        table=table,
        folder=folder,
        others=tuple(others),
    )


def draw_home(
    piles: Piles,
    wanted: Sequence[tuple[str, Device]],
    rng: Random,
    *,
    states: bool | None = None,
    addressing: Addressing | None = None,
    listed: bool = True,
    always_told: bool = False,
) -> Home:
    """A home with the devices and services that a phrase is about, if `listed`, and some others."""
    own = [device for _, device in wanted]
    others = [device for device in piles.devices if not any(_confusable(device, one) for one in own)]
    devices = [*(own if listed else []), *rng.sample(others, rng.randint(5, 11))]
    kinds = {device.kind for device in own}
    if not listed:
        devices += rng.sample([device for device in others if device.kind in kinds], 2)
    devices = list(dict.fromkeys(devices))
    rng.shuffle(devices)
    services = {service for service, _ in wanted if service in piles.table["services"]}
    if any(service == READER for service, _ in wanted):
        services.add(READER)
    near = [name for name in piles.table["services"] if name.partition(".")[0] in {device.kind for device in devices}]
    services |= set(rng.sample(near, min(len(near), rng.randint(3, 12))))
    ways: tuple[Addressing, ...] = ("name", "choice", "id")
    how: Addressing = addressing if addressing is not None else rng.choice(ways)
    spell = rng.choice(("{0}.{1}", "{0}_{1}", "{1}_{0}"))
    names = {service: _spelled(service, spell) for service in services}
    tools = [_tool(piles, service, names[service], how, devices, rng) for service in sorted(services)]
    names_taken = {tool.name for tool in tools}
    further = rng.sample(piles.others, min(len(piles.others), rng.randint(0, MOST_OTHERS)))
    tools += [tool for tool in further if tool.name not in names_taken]
    rng.shuffle(tools)
    current = {device: _state(piles, device, wanted, rng) for device in devices}
    told = always_told or how == "id" or states is True or rng.random() < 0.6
    return Home(current, how, told, rng.random() < 0.5 if states is None else states, tuple(tools), names)


def _tool(piles: Piles, service: str, name: str, how: Addressing, devices: Sequence[Device], rng: Random) -> ToolSchema:
    kind = service.partition(".")[0]
    thing = piles.table["things"].get(kind, "device")
    ids = [device.id for device in devices if device.kind == kind or service == READER]
    spec: dict[str, Any] = {"type": "string", "description": f"Name of the {thing}"}
    key = "name"
    if how != "name":
        key, spec = "entity_id", {"type": "string", "description": f"Id of the {thing}"}
    if how == "choice" and ids:
        spec["enum"] = ids
    told = "Read the state of a device." if service == READER else rng.choice(piles.table["services"][service])
    extra = piles.table["parameters"].get(service, {})
    required = [] if kind in NO_DEVICE_NEEDED else [key]
    required += [name for name in extra if kind != "light"]
    return declare(name, told if rng.random() < 0.9 else "", {key: spec, **extra}, required)


def system_message(home: Home, rng: Random) -> list[Message]:
    if not home.told:
        return []
    opening, line = rng.choice(
        (
            ("You look after a house. Its devices:", "- {id} ({name}){state}"),
            ("Smart home assistant. Devices:", "{id} '{name}'{state}"),
            ("You control these devices:", "* {name}: {id}{state}"),
        )
    )
    joined = rng.choice((" = {}", ", {}", ": {}"))
    lines = [
        line.format(id=device.id, name=device.name, state=joined.format(state) if home.states else "")
        for device, state in home.devices.items()
    ]
    return [Message("system", "\n".join([opening, *lines]))]


def _state(piles: Piles, device: Device, wanted: Sequence[tuple[str, Device]], rng: Random) -> str:
    """A state; of a device that is to be acted on, none that it would be brought to."""
    to = next((service.partition(".")[2] for service, one in wanted if one == device), "")
    states = piles.table["states"][device.kind]
    return str(rng.choice([s for s in states if s not in piles.table["leads_to"].get(to, ())] or states))


def _confusable(device: Device, own: Device) -> bool:
    """Whether the one's name holds the other's, so that a phrase could mean both."""
    one, two = (
        set(re.findall(r"\w+", f"{d.name} {d.id.partition('.')[2]}".lower().replace("_", " "))) for d in (device, own)
    )
    return device.id == own.id or (device.kind == own.kind and (one <= two or two <= one or len(one & two) > 1))


def _spelled(service: str, spell: str) -> str:
    kind, _, verb = service.partition(".")
    return spell.format(kind, verb) if verb else service


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [dict(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise DataError(f"{path}: {error}") from None
