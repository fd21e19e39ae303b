"""Microsoft's Bot Framework skills and samples → skills: calendars, mail, lists, cars, hotels, tickets, a school.

`botframework.json` names the `.lu` files of a skill and says what its intents do and which labelled entities are
parameters. What the publisher does not label reliably (the place in a question about the weather) is no parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from recipes.corpora.lu_format import Labelled, labelled, read_intents
from recipes.corpora.pairing import convert_skills
from recipes.corpora.single_requests import own_table
from recipes.corpora.skills import Line, Skill, Wanted, masked
from trm_agent.errors import DataError
from trm_agent.types import ToolSchema

_JOINT = re.compile(r"[\s,]*")
_WIDE_JOINT = re.compile(r"[\s,]*(?:and|in|of|at)?[\s,]*")
_REPLY = re.compile(r"(?:yes|no|ok|okay|its ok|yeah)\b", re.IGNORECASE)


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills that the folder holds files of.

    Raises:
        DataError: It holds none, or a file cannot be read.
    """
    paths = sorted(folder.rglob("*.lu"))
    found = False
    for name, spec in own_table("botframework").items():
        files = [path for suffix in spec["files"] for path in [p for p in paths if p.as_posix().endswith(suffix)][:1]]
        if not files:
            continue
        found = True
        tools = tuple(_tool(intent, one) for intent, one in spec["tools"].items())
        lines = tuple(_lines(files, spec, options, name))
        alike = tuple(frozenset(group) for group in spec.get("alike", ()))
        weight = spec.get("weight", 1.0)
        yield Skill(f"botframework/{name}", frozenset(spec["themes"]), tools, lines, weight=weight, alike=alike)
    if not found:
        raise DataError(f"{folder}: none of the .lu files that are read is here; expected the publisher's repositories")


convert = convert_skills(read)


def _tool(name: str, spec: Mapping[str, Any]) -> ToolSchema:
    properties: dict[str, dict[str, Any]] = {}
    for one in spec["parameters"].values():
        schema: dict[str, Any] = {"type": one.get("type", "string"), "description": one["description"]}
        if schema["type"] == "array":
            schema["items"] = {"type": "string"}
        if "enum" in one:
            schema["enum"] = one["enum"]
        properties[one["name"]] = schema
    return declare(name, spec["description"], properties)


def _lines(files: list[Path], spec: Mapping[str, Any], options: Options, name: str) -> Iterator[Line]:
    published = [(intent, masked(marked)) for path in files for intent, marked in read_intents(path)]
    values = _values(published, spec.get("values", {}))
    said: set[str] = set()
    left: dict[str, int] = dict(spec.get("most", {}))
    order = options.rng(f"botframework/{name}").sample(range(len(published)), len(published))
    for number in order:
        intent, marked = published[number]
        if intent in left and left[intent] <= 0:
            continue
        rng = options.rng(f"botframework/{name}/{number}")
        read_as_one = labelled(marked, values, rng)
        if read_as_one is None or not read_as_one.text or read_as_one.text.lower() in said:
            continue
        if (line := _line(intent, read_as_one, spec)) is not None:
            said.add(line.text.lower())
            if intent in left:
                left[intent] -= 1
            yield line


def _line(intent: str, words: Labelled, spec: Mapping[str, Any]) -> Line | None:
    if intent in spec.get("talk", {}):
        return Line(words.text, (), act=spec["talk"][intent])
    answer = spec.get("answers", {}).get(intent)
    tool = answer["tool"] if answer else intent
    if tool not in spec["tools"] or (answer is None and _REPLY.match(words.text)):
        return None
    if answer and "unless" in answer and re.search(answer["unless"], words.text, re.IGNORECASE):
        return None
    arguments = _arguments(words, spec["tools"][tool]["parameters"])
    if arguments is None or (answer is not None and not arguments):
        return None
    if not set(spec.get("vague", ())).isdisjoint(text for text in arguments.values() if isinstance(text, str)):
        return None
    return Line(words.text, (Wanted(tool, arguments, {}),), asked=answer["question"] if answer else None)


def _arguments(words: Labelled, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Parameter → what is said of it; None where one that takes a single value has several."""
    found: dict[str, list[tuple[int, int]]] = {}
    covered = 0
    for slot, start, end in words.spans:
        if slot not in parameters or start < covered or start == end:
            continue
        covered = end
        one = parameters[slot]
        places = found.setdefault(one["name"], [])
        joint = _WIDE_JOINT if one.get("joined") else _JOINT
        if places and one.get("type") != "array" and joint.fullmatch(words.text[places[-1][1] : start]):
            places[-1] = (places[-1][0], end)
        else:
            places.append((start, end))
    several = {one["name"] for one in parameters.values() if one.get("type") == "array"}
    out: dict[str, Any] = {}
    for name, places in found.items():
        texts = tuple(words.text[start:end].strip() for start, end in places)
        if name in several:
            out[name] = texts
        elif len(texts) > 1:
            return None
        else:
            out[name] = texts[0]
    return out


def _values(published: list[tuple[str, str]], own: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Slot → values for its gaps: our own, or what is labelled with it elsewhere; "X.Any" and the like as "X"."""
    out = {slot: list(texts) for slot, texts in own.items()}
    for _, marked in published:
        for slot, text in re.findall(r"\{@?(\w+)=([^{}]+)\}", marked):
            if slot not in own:
                out.setdefault(slot, []).append(text.strip())
        for gap in re.findall(r"\{@?([\w.]+)\}", marked):
            out.setdefault(gap, out.setdefault(re.sub(r"(?:\.Any|_?Patt\w+)$", "", gap), []))
    return out
