"""HWU64 (Liu et al. 2019) → skills: what people would say to a home assistant, 63 intents with entity spans.

`hwu64.json` groups the intents into skills and says what a tool does and which of its entities are parameters; what
else is annotated is no argument. Lines that say one parameter twice are left out, but for a journey's two ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.pairing import convert_skills
from recipes.corpora.single_requests import own_table, pick_split
from recipes.corpora.skills import Line, Skill, Wanted, masked
from trm_agent.errors import DataError
from trm_agent.types import ToolSchema

FOLDERS = {"train": "trainset", "test": "testset/csv"}
"""Split → its folder in a fold of the publisher's cross-validation."""

FOLD = "KFold_1"

_SPAN = re.compile(r"\[(\w+) : ([^\]]*)\]")
_FROM = re.compile(r"\bfrom (?:the )?$")
_SOURCE = "place_name/from"


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills of a split: `train` (default) or `test`.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    split = pick_split(options.split, tuple(FOLDERS))
    place = _fold(folder) / FOLDERS[split]
    for name, spec in own_table("hwu64").items():
        tools = tuple(_tool(tool, one) for tool, one in spec["tools"].items())
        lines: dict[str, Line] = {}
        for intent, one in spec["tools"].items():
            for annotated in _annotated(place / f"{intent}.csv"):
                if (line := _line(annotated, intent, one["parameters"])) is not None:
                    lines.setdefault(line.text.lower(), line)
        for intent, act in spec.get("talk", {}).items():
            for annotated in _annotated(place / f"{intent}.csv"):
                text = masked(_SPAN.sub(r"\2", annotated))
                lines.setdefault(text.lower(), Line(text, (), act=act))
        yield Skill(
            f"hwu64/{name}",
            frozenset(spec["themes"]),
            tools,
            tuple(lines.values()),
            weight=spec.get("weight", 1.0),
            alike=tuple(frozenset(group) for group in spec.get("alike", ())),
            seen=split == "train",
        )


convert = convert_skills(read)


def _fold(folder: Path) -> Path:
    found = sorted(path for path in folder.rglob(FOLD) if (path / FOLDERS["train"]).is_dir())
    if not found:
        raise DataError(f"{folder}: no folder {FOLD}/{FOLDERS['train']}; expected the publisher's CrossValidation")
    return found[0]


def _annotated(path: Path) -> Iterator[str]:
    try:
        rows = path.read_text(encoding="utf-8").splitlines()[1:]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    for number, row in enumerate(rows, 2):
        fields = row.split(";")
        if len(fields) < 5:
            raise DataError(f"{path}:{number}: expected answerid;scenario;intent;answer_annotation;…, got {row!r:.80}")
        yield fields[3].strip().strip('"').strip()


def _tool(name: str, spec: Mapping[str, Any]) -> ToolSchema:
    properties: dict[str, dict[str, Any]] = {}
    for parameter in _parameters(spec["parameters"]).values():
        schema = {"type": parameter.get("type", "string"), "description": parameter["description"]}
        properties[parameter["name"]] = schema
    return declare(name, spec["description"], properties)


def _parameters(published: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Entity → parameter; a journey has a start, too."""
    out = dict(published)
    if published.get("place_name", {}).get("name") == "destination":
        out[_SOURCE] = {"name": "origin", "description": "Where from."}
    return out


def _line(annotated: str, intent: str, parameters: Mapping[str, Mapping[str, Any]]) -> Line | None:
    known = _parameters(parameters)
    said: dict[str, str] = {}
    spans = list(_SPAN.finditer(annotated))
    entities = {span.group(1) for span in spans}
    for span in spans:
        entity, value = span.group(1), re.sub(r"'s?$", "", span.group(2).strip())
        if entity == "place_name" and _SOURCE in known and _FROM.search(annotated[: span.start()]):
            entity = _SOURCE
        if entity == "timeofday" and "time" not in entities:
            entity = "time"
        if entity == "change_amount":
            value = re.sub(r"^(?:to|by) ", "", value)
        if entity not in known or not value:
            continue
        name = known[entity]["name"]
        if said.setdefault(name, value) != value:
            return None
    text = re.sub(r"\s+", " ", _SPAN.sub(r"\2", annotated)).strip()
    if text != masked(text):
        return None
    return Line(text, (Wanted(intent, said, {}),)) if text else None
