"""A skill's tool in one drawn wording: its name's style, its description, types and what a call must carry."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from recipes.corpora.building import declare
from recipes.corpora.single_requests import draw_required, read_as
from recipes.corpora.skills import Skill, Wanted
from trm_agent.types import ToolSchema, identifier_words
from trm_agent.values import validates

Spelling = Literal["published", "snake", "camel", "pascal", "kebab", "spaced"]
SPELLINGS: Mapping[Spelling, float] = {
    "published": 0.2,
    "snake": 0.45,
    "camel": 0.17,
    "pascal": 0.08,
    "kebab": 0.05,
    "spaced": 0.05,
}

OFTEN_SAID = 0.3
"""A parameter that so large a share of a tool's lines says may be required, where the publisher requires none."""

NUMBERED = 0.02
"""Share of tools with a name that says nothing and a description."""


@dataclass(frozen=True)
class Style:
    """How the tools of one skill are worded in one sample.

    Attributes:
        spelling: Of tool and parameter names.
        described: Share of tools with the publisher's description; of the rest half have the name's words, half none.
        parameters_described: Share of parameters with a description.
    """

    spelling: Spelling
    described: float
    parameters_described: float


@dataclass(frozen=True)
class Drawn:
    """A tool as it is offered, and the call a line makes of it.

    Attributes:
        original: The publisher's name.
        tool: As it is offered.
        arguments: In the declared types.
        names: The publisher's parameter → its drawn name.
        whole: Whether the arguments hold all that the line says.
    """

    original: str
    tool: ToolSchema
    arguments: dict[str, Any]
    names: dict[str, str]
    whole: bool = True

    @property
    def call(self) -> dict[str, Any]:
        return {"name": self.tool.name, "arguments": self.arguments}

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.tool.required if name not in self.arguments)

    def worded_as(self, other: Drawn) -> Drawn:
        """The same call of the tool as another call of it declares it."""
        back = {drawn: name for name, drawn in self.names.items()}
        arguments = {other.names[back[key]]: value for key, value in self.arguments.items() if back[key] in other.names}
        whole = self.whole and len(arguments) == len(self.arguments) and validates(arguments, other.tool.schema)
        return replace(self, tool=other.tool, arguments=arguments, names=other.names, whole=whole)


def askable_parameters(skill: Skill) -> dict[str, tuple[str, ...]]:
    """Tool → parameters that may be required: the publisher's, or those that its lines often say."""
    said: Counter[tuple[str, str]] = Counter()
    lines: Counter[str] = Counter()
    for line in skill.lines:
        for want in line.wanted:
            lines[want.tool] += 1
            said.update((want.tool, name) for name in {*want.said, *want.inferred})
    return {
        tool.name: tool.required
        or tuple(
            p
            for p in tool.schema["properties"]
            if said[tool.name, p] and said[tool.name, p] >= OFTEN_SAID * lines[tool.name]
        )
        for tool in skill.tools
    }


def draw_style(rng: random.Random) -> Style:
    """How one skill's tools are worded in one sample."""
    spelling = rng.choices(list(SPELLINGS), list(SPELLINGS.values()))[0]
    described = rng.choice((1.0, 1.0, 0.9, 0.5, 0.0))
    return Style(spelling, described, rng.choice((1.0, 0.9, 0.5, 0.0)))


def draw_tool(
    tool: ToolSchema,
    want: Wanted | None,
    askable: Sequence[str],
    style: Style,
    rng: random.Random,
    *,
    missing: bool = False,
) -> Drawn:
    """A tool in a drawn wording.

    Args:
        tool: The publisher's.
        want: What a line says of it; None if it is only on offer.
        askable: Parameters that may be required.
        style: Of the names and descriptions.
        rng: Draws.
        missing: Whether it may require what the line does not say.
    """
    said = dict(want.said) if want else {}
    inferred = dict(want.inferred) if want else {}
    names: dict[str, str] = {}
    properties: dict[str, dict[str, Any]] = {}
    arguments: dict[str, Any] = {}
    whole = True
    published = list(tool.schema["properties"].items())
    for original, schema in rng.sample(published, len(published)):
        name = spell(original, style.spelling)
        if name in properties:
            name = original
        drawn = dict(schema)
        if original in said:
            drawn, value = _typed(schema, said[original], rng)
            arguments[name] = value
        elif original in inferred:
            if not validates(inferred[original], schema) or not _closed(schema):
                whole = False
            arguments[name] = inferred[original]
        elif rng.random() < 0.4 and not _closed(schema):
            drawn = _plain(schema)
        if rng.random() >= style.parameters_described:
            drawn.pop("description", None)
        names[original], properties[name] = name, drawn
    whole = whole and set(names) >= {*said, *inferred}
    open_to_ask = [names[one] for one in askable if one in names]
    required = draw_required(open_to_ask, arguments, rng, missing_rate=1.0 if missing else 0.0)
    if want is not None and not missing:
        required = [one for one in required if one in arguments]
    name = spell(tool.name, style.spelling)
    description = tool.description
    if tool.description and rng.random() < NUMBERED:
        name = f"{rng.choice(('fn', 'tool', 'action', 'func'))}_{rng.randint(1, 99)}"
    elif rng.random() >= style.described:
        words = identifier_words(tool.name)
        description = f"{words[:1].upper()}{words[1:]}." if rng.random() < 0.5 else ""
    return Drawn(tool.name, declare(name, description, properties, required), arguments, names, whole)


def spell(name: str, spelling: Spelling) -> str:
    """A name in another spelling; "published" leaves it but for characters that no API allows."""
    if spelling == "published":
        return re.sub(r"[^\w.-]+", "_", name).strip("_") or name
    words = re.findall(r"\w+", identifier_words(name).replace("_", " ").lower())
    if not words:
        return name
    capitals = [word[:1].upper() + word[1:] for word in words]
    match spelling:
        case "snake":
            return "_".join(words)
        case "camel":
            return words[0] + "".join(capitals[1:])
        case "pascal":
            return "".join(capitals)
        case "kebab":
            return "-".join(words)
        case _:
            return " ".join(words)


def _typed(schema: Mapping[str, Any], text: str | tuple[str, ...], rng: random.Random) -> tuple[dict[str, Any], Any]:
    """A declaration that the text said fits, and its value under it."""
    if isinstance(text, tuple):
        if len(text) > 1 or rng.random() < 0.65:
            return dict(schema), list(text)
        return _plain(schema), text[0]
    narrow = {key: value for key, value in schema.items() if key != "format"}
    narrow.setdefault("type", "string")
    if rng.random() < 0.65:
        value = read_as(text, "", narrow)
        if value is not None and validates(value, narrow):
            return narrow, value
    return _plain(schema), text


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter as free text."""
    return {"type": "string"} | {key: schema[key] for key in ("description",) if key in schema}


def _closed(schema: Mapping[str, Any]) -> bool:
    return "enum" in schema or schema.get("type") == "boolean"
