"""What the corpora of single requests share: reading files, drawing wordings, required parameters and the right tool.

These corpora name intents and slots but declare nothing. A tool is worded anew for every sample, so that no wording
can be learned by heart, and what a call must carry is drawn, so that it has to be read off the declaration.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from recipes.corpora.building import call_slots, declare, with_distractors
from trm_agent.errors import DataError
from trm_agent.types import Accept, Message, Parameter, Sample, ToolSchema
from trm_agent.values import normalise, parse_value

MISSING_RATE = 0.22
"""Share of samples that declare as required what was not said, where that can be drawn."""

ABSENT_RATE = 0.06
"""Share of samples whose right tool is not on offer."""

BARE_RATE = 0.1
"""Share of tools, and of parameters, declared without a description."""

_SEVERAL = re.compile(r"\b(and|or|plus|with|me|my|I|to|couples?|pairs?|dozens?)\b|[,+&-]", re.IGNORECASE)
"""In a span for a number: there may be more to count than the number that stands in it."""

_TALK = frozenset({"small_talk", "meta"})


@dataclass(frozen=True)
class Said:
    """What one parameter of a request was given.

    Attributes:
        text: The characters of the span.
        others: Further spans of the same slot.
    """

    text: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameters:
    """Parameters in one drawn wording.

    Attributes:
        names: Original name → drawn name.
        properties: Drawn name → JSON Schema.
        said: Drawn name → value, in the declared type, of what the request says.
        also: Drawn name → further right values.
    """

    names: dict[str, str] = field(default_factory=dict)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    also: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Worded:
    """A tool in one drawn wording, for one request.

    Attributes:
        tool: As it is offered.
        said: Parameter → value, in the declared type, of what the request says.
        also: Parameter → further right values.
    """

    tool: ToolSchema
    said: dict[str, Any]
    also: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.tool.required if name not in self.said)


def read_json(path: Path, kind: type, errors: str = "strict") -> Any:
    """A publisher's JSON file that has to hold a list or an object.

    Args:
        path: The file.
        kind: `list` or `dict`.
        errors: Of the UTF-8 decoder; with "surrogateescape" a stray byte is taken for Latin-1.

    Raises:
        DataError: It cannot be read, is no JSON, or holds something else.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", errors)
        text = "".join(chr(ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(data, kind):
        wanted = "a list" if kind is list else "an object"
        raise DataError(f"{path}: expected {wanted}, got {type(data).__name__}")
    return data


def pick_split(asked: str | None, known: Sequence[str]) -> str:
    """The split asked for, or the first.

    Raises:
        DataError: There is none of that name.
    """
    if asked is None:
        return known[0]
    if asked not in known:
        raise DataError(f"unknown split {asked!r}; expected one of {', '.join(known)}")
    return asked


@cache
def own_table(name: str) -> Any:
    """A table of our own wordings that lies beside the converters."""
    return json.loads(files("recipes.corpora").joinpath(f"{name}.json").read_text(encoding="utf-8"))


def word_tool(
    spec: Mapping[str, Any],
    said: Mapping[str, Said],
    rng: random.Random,
    *,
    least: int = 0,
    missing_rate: float = MISSING_RATE,
) -> Worded:
    """Draw names, descriptions, types and required parameters of a tool.

    Args:
        spec: `names`, `descriptions` and `parameters`; a parameter has `names`, `descriptions` and, where it applies,
            `askable` (may be required), `type` and `enum`. A type or a closed list is declared in half of the draws,
            and never where the text said does not fit it.
        said: Original parameter name → what the request says of it.
        rng: Draws.
        least: Require at least so many parameters, as far as there are any to require.
        missing_rate: Share of draws that require what is not said.
    """
    worded = word_parameters(spec["parameters"], said, rng)
    askable = [worded.names[original] for original, parameter in spec["parameters"].items() if parameter.get("askable")]
    required = draw_required(askable, worded.said, rng, least, missing_rate)
    description = rng.choice(spec["descriptions"]) if rng.random() >= BARE_RATE else ""
    tool = declare(rng.choice(spec["names"]), description, worded.properties, required)
    return Worded(tool, worded.said, worded.also)


def word_parameters(
    parameters: Mapping[str, Mapping[str, Any]], said: Mapping[str, Said], rng: random.Random
) -> Parameters:
    """Draw names, descriptions and types of parameters; see `word_tool`."""
    out = Parameters()
    for original, parameter in _shuffled(parameters.items(), rng):
        name = out.names[original] = rng.choice(parameter["names"])
        schema = out.properties[name] = _typed(parameter, said.get(original), rng)
        if rng.random() >= BARE_RATE:
            schema["description"] = rng.choice(parameter["descriptions"])
        if original in said:
            out.said[name] = read_as(said[original].text, name, schema)
            if others := [v for text in said[original].others if (v := read_as(text, name, schema)) is not None]:
                out.also[name] = others
    return out


def read_as(text: str, name: str, schema: Mapping[str, Any]) -> Any:
    """The value of a span under a schema: an entry of its closed list, a number, or the very text; None if unfit."""
    if "enum" in schema:
        return next((entry for entry in schema["enum"] if normalise(entry) == normalise(text)), None)
    if schema["type"] == "string":
        return text
    return None if _SEVERAL.search(text) else parse_value(text, Parameter(name, dict(schema)))


def draw_required(
    askable: Sequence[str],
    said: Collection[str],
    rng: random.Random,
    least: int = 0,
    missing_rate: float = MISSING_RATE,
) -> list[str]:
    """Parameters to require: mostly among those said, otherwise some that are not; any, if nothing is said."""
    if not said:
        return rng.sample(askable, rng.randint(min(least, len(askable)), min(3, len(askable))))
    there = [name for name in askable if name in said]
    lacking = [name for name in askable if name not in said]
    required = rng.sample(there, rng.randint(min(least, len(there)), min(3, len(there))))
    if lacking and rng.random() < missing_rate:
        required += rng.sample(lacking, rng.randint(1, min(2, len(lacking))))
    rng.shuffle(required)
    return required


def request_sample(
    worded: Worded,
    pool: Sequence[ToolSchema],
    history: Sequence[Message],
    rng: random.Random,
    *,
    id: str,
    meta: Mapping[str, Any],
    most: int = 8,
    absent: bool = False,
) -> Sample:
    """The sample of a request whose tool is known.

    The call if nothing required is missing; otherwise a direct answer about that tool. If the tool is `absent`, a
    direct answer about none. `meta.subset` becomes `<subset>/missing` or `<subset>/absent`.

    Args:
        worded: The right tool and what the request gives it.
        pool: Drawn from for distractors.
        history: Ends with the request.
        rng: Draws.
        id: Of the sample.
        meta: Source, subset, domain, dialogue and seen.
        most: At most so many distractors; at least one if the tool is absent.
        absent: Offer only distractors.
    """
    call = {"name": worded.tool.name, "arguments": worded.said}
    own = () if absent else (worded.tool,)
    others = [tool for tool in pool if tool.name != worded.tool.name]
    tools = with_distractors(own, others, rng, min(int(absent), most), most)
    calls = not absent and not worded.missing
    kind = "/absent" if absent else "" if calls else "/missing"
    keyed = {} if absent else call_slots(tools, [{"name": worded.tool.name, "arguments": worded.also}])
    return Sample(
        tools=tools,
        history=tuple(history),
        decision="tool_call" if calls else "direct_answer",
        slots={} if absent else call_slots(tools, [call]),
        tool=call if calls else None,
        content=None,
        id=id,
        accept=Accept(arguments=worded.also if calls else {}, slots=keyed),
        meta={
            **meta,
            "subset": f"{meta['subset']}{kind}",
            "intent": None if absent else worded.tool.name,
        },
    )


@cache
def intent_tools(corpus: str) -> dict[str, tuple[str, ToolSchema]]:
    """The parameterless tools of CLINC150 or Banking77: intent → (domain, tool with our description)."""
    return {
        intent: (domain, declare(intent, description))
        for domain, intents in own_table(corpus).items()
        for intent, description in intents.items()
    }


def helper_pool(without_domains: Collection[str] = (), without: Collection[str] = ()) -> list[ToolSchema]:
    """Distractors for small corpora: the intents of CLINC150 and Banking77, but for small talk.

    Args:
        without_domains: Domains that the corpus is about itself.
        without: Tools that would serve its requests too.
    """
    return [
        tool
        for corpus in ("clinc150", "banking77")
        for domain, tool in intent_tools(corpus).values()
        if domain not in _TALK and domain not in without_domains and tool.name not in without
    ]


def _typed(parameter: Mapping[str, Any], said: Said | None, rng: random.Random) -> dict[str, Any]:
    """A parameter's declared type: sometimes closed or a number, always one that the text said fits."""
    narrow: dict[str, Any] = {"type": parameter.get("type", "string")}
    if "enum" in parameter:
        narrow["enum"] = list(parameter["enum"])
    if rng.random() < 0.5 and (said is None or read_as(said.text, "", narrow) is not None):
        return narrow
    return {"type": "string"}


def _shuffled(items: Collection[tuple[str, Any]], rng: random.Random) -> list[tuple[str, Any]]:
    return rng.sample(list(items), len(items))
