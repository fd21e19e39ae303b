"""OpenVoiceOS and Neon skills → skills: one `.intent` file of sentence templates is one tool.

`ovos_skills.json` says what a tool does, what its slots are and, where a package ships no values for a slot, gives
some. A day or an hour that the templates write out is read by a pattern of the table.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.pairing import convert_skills
from recipes.corpora.single_requests import own_table
from recipes.corpora.skills import Line, Skill, Wanted
from recipes.corpora.templates import filled, one_wording
from trm_agent.errors import DataError
from trm_agent.types import ToolSchema

TEMPLATES = 90
"""Most templates of one intent that are drawn."""

WORDINGS = 3
"""Most wordings of one template."""


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills in one language, the `split`: `en` (default), `de`, `es`, `fr`, `it` or `pt`.

    Raises:
        DataError: The folder holds no skill in that language, or a file cannot be read.
    """
    language = options.split or "en"
    found = False
    for package, spec in own_table("ovos_skills").items():
        places = sorted((folder / package / "locale").glob(f"{language}-*"))
        if not places:
            continue
        rng = options.rng(f"ovos/{package}/{language}")
        lines = tuple(_lines(places[0], spec, rng))
        if lines:
            found = True
            tools = tuple(_tool(name, one) for name, one in spec["tools"].items())
            alike = tuple(frozenset(group) for group in spec.get("alike", ()))
            yield Skill(f"ovos-skills/{package}", frozenset(spec["themes"]), tools, lines, language, alike=alike)
    if not found:
        raise DataError(f"{folder}: no skill in {language!r}; expected PACKAGE/locale/{language}-*/….intent")


convert = convert_skills(read)


def _tool(name: str, spec: Mapping[str, Any]) -> ToolSchema:
    properties = {
        one["name"]: {"type": one.get("type", "string"), "description": one["description"]}
        for one in spec["parameters"].values()
    }
    return declare(name, spec["description"], properties)


def _lines(place: Path, spec: Mapping[str, Any], rng: random.Random) -> Iterator[Line]:
    shipped = {path.stem: _values(path) for path in sorted(place.rglob("*.entity"))}
    said: set[str] = set()
    for path in sorted(place.rglob("*.intent")):
        one = spec["tools"].get(path.stem)
        act = spec.get("talk", {}).get(path.stem)
        if one is None and act is None:
            continue
        parameters = one["parameters"] if one else {}
        values = shipped | {name: p["values"] for name, p in parameters.items() if "values" in p}
        for text, slots in _sentences(_texts(path), values, rng):
            if text.lower() in said:
                continue
            said.add(text.lower())
            if one is None:
                yield Line(text, (), act=act)
            elif set(slots) <= set(parameters):
                arguments = {parameters[name]["name"]: value for name, value in slots.items()}
                yield Line(text, (Wanted(path.stem, arguments | _written_out(text, parameters), {}),))


def _sentences(
    templates: Sequence[str], values: Mapping[str, Sequence[str]], rng: random.Random
) -> Iterator[tuple[str, dict[str, str]]]:
    for template in rng.sample(templates, min(TEMPLATES, len(templates))):
        for _ in range(WORDINGS if len(templates) < TEMPLATES / WORDINGS else 1):
            if (sentence := filled(one_wording(template, rng), values, rng)) is not None:
                yield sentence


def _written_out(text: str, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the table's patterns find in the sentence."""
    found = {
        one["name"]: re.search(one["pattern"], text, re.IGNORECASE) for one in parameters.values() if "pattern" in one
    }
    return {name: match.group() for name, match in found.items() if match}


def _texts(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _values(path: Path) -> list[str]:
    return [line for line in _texts(path) if "#" not in line]
