"""Reading tool lists for the synthesiser, in the forms people keep them, and telling tools apart by their words."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError, ToolError
from trm_agent.synthesis.words import STOP_WORDS
from trm_agent.text.nouns import singular
from trm_agent.types import ToolSchema, identifier_words, parse_tools
from trm_agent.types.tools import SCHEMA_KEYS

_PARAMETERS = (*SCHEMA_KEYS, "args_schema")


def read_tools(path: Path) -> tuple[ToolSchema, ...]:
    """Read tools from a JSON list, an object that holds it under `tools`, or JSONL with one tool a line.

    Parameters may be given without the object schema around them; `api_name` and `api_description` are read like
    `name` and `description`.

    Raises:
        DataError: The file cannot be read, or holds no usable list of tools.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = [json.loads(line) for line in text.splitlines() if line.strip()] if _is_lines(text) else json.loads(text)
        if isinstance(data, Mapping):
            data = data.get("tools", data)
        if not isinstance(data, list) or not data:
            raise DataError(f"{path}: expected a list of tools, or an object that holds it under `tools`")
        return parse_tools([declaration(item) for item in data])
    except (OSError, ValueError) as error:
        raise error if isinstance(error, DataError) else DataError(f"{path}: {error}") from None


def declaration(data: Any) -> dict[str, Any]:
    """One tool's declaration in the OpenAI form.

    Raises:
        ToolError: It is no object.
    """
    if not isinstance(data, Mapping):
        raise ToolError(f"a tool must be an object, got {type(data).__name__}")
    body = data.get("function", data)
    if not isinstance(body, Mapping):
        raise ToolError(f"a tool must be an object, got {type(body).__name__}")
    parameters: Any = next((body[key] for key in _PARAMETERS if body.get(key)), {})
    if isinstance(parameters, Mapping) and not _is_schema(parameters):
        inner = {key: value for key, value in parameters.items() if isinstance(value, Mapping)}
        parameters = {"type": "object", "properties": inner, "required": list(body.get("required") or [])}
    out = {
        "name": body.get("name", body.get("api_name")),
        "description": body.get("description", body.get("api_description")) or "",
        "parameters": parameters,
    }
    if isinstance(body.get("annotations"), Mapping):
        out["annotations"] = dict(body["annotations"])
    return out


def content_words(tool: ToolSchema) -> frozenset[str]:
    """The words of its name that tell it from others."""
    return _content(identifier_words(tool.name))


def alike(a: ToolSchema, b: ToolSchema) -> bool:
    """Whether a request for one may be meant for the other: one's words hold the other's."""
    left, right = content_words(a), content_words(b)
    return left <= right or right <= left


def may_serve(tool: ToolSchema, text: str) -> bool:
    """Whether a request may be meant for a tool: they share a word that says something."""
    return bool(_content(f"{identifier_words(tool.name)} {tool.description.lower()}") & _content(text.lower()))


class Neighbours:
    """Which tools of a list speak of the same things: by the words they are declared in, rare ones counting more."""

    def __init__(self, tools: Sequence[ToolSchema]) -> None:
        self.tools = tools
        self._words = {tool.name: _said(tool) for tool in tools}
        counts = Counter(word for words in self._words.values() for word in words)
        self._weight = {word: math.log(len(tools) / count) for word, count in counts.items()}
        self._holding: dict[str, list[ToolSchema]] = defaultdict(list)
        for tool in tools:
            for word in self._words[tool.name]:
                self._holding[word].append(tool)

    def nearest(self, tool: ToolSchema) -> list[ToolSchema]:
        """Every other tool that shares a word with it, the nearest first; equally near ones in the list's order."""
        near: dict[str, float] = defaultdict(float)
        known: dict[str, ToolSchema] = {}
        for word in sorted(self._words[tool.name]):
            for other in self._holding[word]:
                near[other.name] += self._weight[word]
                known[other.name] = other
        near.pop(tool.name, None)
        return [known[name] for name in sorted(near, key=lambda name: -near[name])]


def _said(tool: ToolSchema) -> frozenset[str]:
    return _content(f"{identifier_words(tool.name)} {tool.description.lower()}")


@lru_cache(maxsize=65536)
def _content(text: str) -> frozenset[str]:
    words = "".join(sign if sign.isalnum() else " " for sign in text).split()
    return frozenset(map(singular, words)) - STOP_WORDS


def _is_schema(parameters: Mapping[str, Any]) -> bool:
    """Whether they are an object schema, not a bare map of parameters (one of which may be called `properties`)."""
    inner = parameters.get("properties")
    return "$ref" in parameters or (isinstance(inner, Mapping) and all(isinstance(v, Mapping) for v in inner.values()))


def _is_lines(text: str) -> bool:
    first = text.strip().split("\n", 1)
    if len(first) == 1 or not first[0].lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first[0]), dict)
    except ValueError:
        return False
