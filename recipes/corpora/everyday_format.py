"""The format of the everyday corpus: one YAML file a domain → tools, dialogues of decision points, twins.

`recipes/everyday/README.md` describes the format for people who write in it. Everything here raises
`DataError` with the place of the mistake, so that a writer can run the builder after every domain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import yaml

from recipes.corpora.everyday_domain import (
    ANSWERS,
    CALLS,
    KINDS,
    Argument,
    Dialogue,
    Domain,
    GoldCall,
    Message,
    Point,
    Tool,
)
from recipes.corpora.everyday_values import MOST_FORMS, as_numbers, expand, faults, marked_day
from trm_agent.errors import DataError

_POINT_KEYS = {"call", "ask", "with", "say", "confirm", "result", "either", "after"}
_FORMATS = {"date": "date", "time": "time", "date-time": "date-time", "email": "email", "uri": "uri"}
_TYPES = {"string", "integer", "number", "boolean"}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML 1.2's core types: no dates, no sexagesimal numbers, only true and false are booleans."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[Any]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
    ("null", r"~|null", "~n"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def read_domain(path: Path) -> Domain:
    """Read one domain; its split is the folder's name.

    Raises:
        DataError: A mistake in the file, with file and place.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise DataError(f"{path}: {error}") from None
    try:
        return _domain(path, data)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _domain(path: Path, data: Any) -> Domain:
    if not isinstance(data, Mapping):
        raise DataError("a domain is a mapping with now, tools and dialogues")
    unknown = set(data) - {"now", "language", "tools", "dialogues", "twins"}
    if unknown:
        raise DataError(f"unknown keys {sorted(unknown)}")
    language = str(data.get("language", "en"))
    tools = tuple(_tool(tool) for tool in data.get("tools") or [])
    domain = Domain(path.stem, path.parent.name, marked_day(str(data["now"])), language, tools, ())
    datetime.fromisoformat(domain.now)
    dialogues = []
    for number, turns in enumerate(data.get("dialogues") or [], 1):
        try:
            dialogues.append(_dialogue(turns, domain))
        except DataError as error:
            raise DataError(f"dialogue {number}: {error}") from None
    for number, twin in enumerate(data.get("twins") or [], 1):
        try:
            dialogues.extend(_twins(twin, domain))
        except DataError as error:
            raise DataError(f"twin {number}: {error}") from None
    return Domain(domain.name, domain.split, domain.now, language, tools, tuple(dialogues))


# ---- tools


def _tool(data: Any) -> Tool:
    if not isinstance(data, Mapping) or not data:
        raise DataError(f"a tool is a mapping: its name first, then its parameters; got {data!r:.80}")
    head, *rest = data.items()
    name, effect = str(head[0]), 0
    while name.endswith("!"):
        name, effect = name[:-1], effect + 1
    try:
        properties, required = _properties(dict(rest))
    except DataError as error:
        raise DataError(f"tool {name}: {error}") from None
    parameters = {"type": "object", "properties": properties, "required": required}
    function = {"name": name, "description": str(head[1] or "").strip(), "parameters": parameters}
    return Tool({"type": "function", "function": function}, effect)


def _properties(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    properties, required = {}, []
    for key, value in data.items():
        name = str(key)
        if name.endswith(("~", "?")):
            name = name[:-1]
        else:
            required.append(name)
        properties[name] = _schema(value, name)
    return properties, required


def _schema(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, list):
        if len(value) != 1:
            raise DataError(f"{name}: a list of records is written as [{{field: type, …}}]")
        record = _schema(value[0], name)
        description = record.pop("description", "")
        return {"type": "array", "items": record, **({"description": description} if description else {})}
    if isinstance(value, Mapping):
        if set(value) == {"json"}:
            return dict(value["json"])
        description = value.get("_", "")
        properties, required = _properties({k: v for k, v in value.items() if k != "_"})
        schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
        return {**schema, **({"description": description} if description else {})}
    schema, rest = _typed(str(value).strip(), name)
    return {**schema, **({"description": rest} if rest else {})}


def _typed(text: str, name: str) -> tuple[dict[str, Any], str]:
    match = re.match(r"([a-z-]+)", text)
    kind = match.group(1) if match else ""
    rest = text[len(kind) :]
    if kind in ("enum", "list"):
        inner, rest = _bracketed(rest, name)
        if kind == "enum":
            schema: dict[str, Any] = {"type": "string", "enum": [part.strip() for part in re.split(r"[|,]", inner)]}
        else:
            items, left = _typed(inner, name)
            schema = {"type": "array", "items": {**items, **({"description": left} if left else {})}}
    elif kind in _FORMATS:
        schema = {"type": "string", "format": _FORMATS[kind]}
    elif kind in _TYPES:
        schema = {"type": kind}
        if rest.startswith("("):
            inner, rest = _bracketed(rest, name)
            low, _, high = inner.partition("..")
            schema |= {"minimum": _number(low)} if low else {}
            schema |= {"maximum": _number(high)} if high else {}
    else:
        raise DataError(
            f"{name}: unknown type in {text!r}; use {', '.join(sorted(_TYPES | set(_FORMATS)))}, enum(…) or list(…)"
        )
    if rest.startswith("="):
        default, _, rest = rest[1:].partition(" ")
        schema["default"] = yaml.load(default, Loader=_Loader)
    return schema, rest.strip()


def _bracketed(text: str, name: str) -> tuple[str, str]:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            if place == 0:
                break
            return text[1:place], text[place + 1 :]
    raise DataError(f"{name}: brackets expected in {text!r}")


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


# ---- turns


def _dialogue(turns: Any, domain: Domain) -> Dialogue:
    if not isinstance(turns, list):
        raise DataError(f"a dialogue is a list of turns; got {turns!r:.80}")
    language = domain.language
    if turns and isinstance(turns[0], Mapping) and set(turns[0]) == {"language"}:
        language, turns = str(turns[0]["language"]), turns[1:]
    read: list[Point | Message] = []
    for number, turn in enumerate(turns, 1):
        try:
            read.extend(_turn(turn, domain))
        except DataError as error:
            raise DataError(f"turn {number}: {error}") from None
    if not any(isinstance(turn, Point) for turn in read):
        raise DataError("no decision point")
    return Dialogue(tuple(read), language)


def _turn(data: Any, domain: Domain) -> Iterator[Point | Message]:
    if not isinstance(data, Mapping):
        raise DataError(f"a turn is a mapping; got {data!r:.80}")
    (kind, text), *_ = data.items()
    if kind in ("user", "assistant", "system"):
        yield Message(kind, str(text))
    elif kind == "did":
        (call,) = _calls(text, domain)
        yield Message("tool_call", call.gold)
        yield Message("tool_response", data.get("result", {"status": "ok"}))
    elif kind in KINDS:
        yield _point(str(kind), str(text), {k: v for k, v in data.items() if k != kind}, domain)
    else:
        raise DataError(f"unknown kind {kind!r}; use {', '.join(sorted(KINDS))}, user, assistant, system or did")


def _point(kind: str, text: str, data: Mapping[str, Any], domain: Domain) -> Point:
    unknown = set(data) - _POINT_KEYS
    if unknown:
        raise DataError(f"unknown keys {sorted(unknown)}; a point has {', '.join(sorted(_POINT_KEYS))}")
    calls = _calls(data["call"], domain) if "call" in data else ()
    if calls and kind in ANSWERS:
        raise DataError(f"{kind} ends in a direct answer, but a call is given")
    if kind == "several" and len(calls) < 2:
        raise DataError("several needs two calls or more")
    intended: str | None = None
    missing: tuple[str, ...] = ()
    known: dict[str, Argument] = {}
    if "ask" in data:
        if calls:
            raise DataError("a point has either call or ask")
        intended, *asked = str(data["ask"]).split()
        missing = tuple(asked)
        known = _arguments(data.get("with") or {}, domain.tool(intended).parameters, intended)
        declared = domain.tool(intended).parameters["properties"]
        for name in missing:
            if name not in declared:
                raise DataError(f"ask: {intended} has no parameter {name!r}")
    elif not calls and kind in ("missing", *CALLS):
        raise DataError(f"{kind} needs call or ask")
    weighty = len(calls) == 1 and domain.tool(calls[0].name).effect == 2 and kind != "confirm_yes"
    say = str(data.get("say", ""))
    if not calls and not say:
        raise DataError("a direct answer needs say")
    either = bool(data.get("either", weighty))
    return Point(
        kind, text, calls, intended, missing, known, say, str(data.get("confirm", "")), data.get("result"), either
    )


def _twins(data: Any, domain: Domain) -> Iterator[Dialogue]:
    if not isinstance(data, Mapping) or "call" not in data:
        raise DataError("a twin has call, say, and texts by kind")
    calls = _calls(data["call"], domain)
    say = str(data.get("say", "All right, I won't."))
    for kind, texts in data.items():
        if kind in ("call", "say", "language"):
            continue
        if kind not in KINDS:
            raise DataError(f"unknown kind {kind!r}")
        for text in texts if isinstance(texts, list) else [texts]:
            if not isinstance(text, str):
                raise DataError(f"{kind}: a text is expected, got {text!r:.80}; quote texts with a colon")
            if kind in CALLS:
                point = Point(kind, text, calls, either=domain.tool(calls[0].name).effect == 2)
            else:
                point = Point(kind, text, say=say)
            yield Dialogue((point,), str(data.get("language", domain.language)))


def _calls(data: Any, domain: Domain) -> tuple[GoldCall, ...]:
    return tuple(_call(call, domain) for call in (data if isinstance(data, list) else [data]))


def _call(data: Any, domain: Domain) -> GoldCall:
    if isinstance(data, str):
        data = {data: {}}
    if not isinstance(data, Mapping) or len(data) != 1:
        raise DataError(f"a call is {{tool: {{argument: value}}}}; got {data!r:.80}")
    ((name, arguments),) = data.items()
    parameters = domain.tool(str(name)).parameters
    read = _arguments(arguments or {}, parameters, str(name))
    lacking = [key for key in parameters["required"] if key not in read or not read[key].given]
    if lacking:
        raise DataError(f"{name} lacks {', '.join(lacking)}")
    return GoldCall(str(name), read)


def _arguments(data: Any, parameters: Mapping[str, Any], name: str) -> dict[str, Argument]:
    if not isinstance(data, Mapping):
        raise DataError(f"{name}: arguments are a mapping; got {data!r:.80}")
    read = {}
    for key, value in data.items():
        bare = str(key).rstrip("~?*")
        if bare not in parameters["properties"]:
            raise DataError(f"{name} has no parameter {bare!r}")
        schema = parameters["properties"][bare]
        forms = tuple(as_numbers(form, schema) for form in islice(expand(value), MOST_FORMS))
        for form in forms:
            problems = list(faults(form, schema, f"{name}.{bare}"))
            if problems:
                raise DataError("; ".join(problems))
        may, opt = str(key).endswith("*"), str(key).endswith(("~", "?"))
        read[bare] = Argument(forms, given=not may, optional=may or opt)
    return read


def read_domains(paths: Iterable[Path]) -> list[Domain]:
    """Every domain, in the order of the paths."""
    return [read_domain(path) for path in paths]
