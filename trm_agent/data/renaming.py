"""Other names for tools and their parameters: what a renaming changes, and names that help nobody.

A name says what a parameter is for, or nothing at all (`param_3`), or half of it (`dprt_dt`); its description is to be
enough.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trm_agent.types import Parameter, ToolSchema, identifier_words

VALUE_KEYWORDS = frozenset(("default", "enum", "const", "examples", "example"))
"""Keywords of JSON Schema that hold values: names are none in them."""
STEMS = ("param_", "param", "p", "arg", "arg_", "field_", "input_", "x", "value", "argument_", "key")
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class Renaming:
    """New names of one tool and its properties.

    Attributes:
        tool: The tool's new name.
        properties: Property → new name, at every level of nesting; others keep theirs.
    """

    tool: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """The new name of a parameter, nested names part by part."""
        if name in self.properties:
            return self.properties[name]
        return ".".join(self.properties.get(part, part) for part in name.split("."))

    def value(self, value: Any) -> Any:
        """An argument with the keys of its objects renamed."""
        if isinstance(value, Mapping):
            return {self.properties.get(key, key): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list) else value

    def schema(self, node: Any) -> Any:
        """A schema with its properties renamed; values in it stay."""
        if isinstance(node, list):
            return [self.schema(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        out: dict[str, Any] = {}
        for key, item in node.items():
            if key == "properties" and isinstance(item, Mapping):
                out[key] = {self.properties.get(name, name): self.schema(spec) for name, spec in item.items()}
            elif key == "required" and isinstance(item, list):
                out[key] = [self.properties.get(name, name) for name in item]
            else:
                out[key] = item if key in VALUE_KEYWORDS else self.schema(item)
        return out


def numbered(names: Iterable[str], stem: str) -> dict[str, str]:
    """Each name → the stem and a number, counted from 1 in the order of the names; equal names stay equal."""
    return {name: f"{stem}{i}" for i, name in enumerate(dict.fromkeys(names), 1)}


def abbreviated(names: Iterable[str], rng: random.Random) -> dict[str, str]:
    """Each name → its words cut short or without their vowels (`dep_date`, `nmbr_gsts`); no two become one."""
    taken: set[str] = set()
    out = {}
    for name in dict.fromkeys(names):
        short = "_".join(_shortened(word, rng) for word in identifier_words(name).split()) or name
        out[name] = short if short not in taken else name
        taken.add(out[name])
    return out


def _shortened(word: str, rng: random.Random) -> str:
    if len(word) < 5 or rng.random() < 0.25:
        return word
    if rng.random() < 0.5:
        return word[: rng.randint(3, 4)]
    return word[0] + "".join(letter for letter in word[1:] if letter not in _VOWELS)


def described_names(tools: Iterable[ToolSchema]) -> list[str]:
    """Names of parameters that every tool that has them describes, in the order of declaration.

    Of a nested parameter it is the last part of its path (`address.city`: city).
    """
    described: dict[str, bool] = {}
    for tool in tools:
        for parameter in tool.parameters:
            name = last_part(parameter)
            described[name] = described.get(name, True) and bool(parameter.description.strip())
    return [name for name, says in described.items() if says]


def last_part(parameter: Parameter) -> str:
    """Its own name without the path to it."""
    return parameter.name.rpartition(".")[2]
