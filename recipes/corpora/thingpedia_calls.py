"""Thingpedia's programs → calls: tools as they are declared, arguments as they are said, values for placeholders."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from recipes.corpora.building import declare
from recipes.corpora.skills import Line, Wanted
from recipes.corpora.thingpedia_lines import Request
from recipes.corpora.thingtalk import Declared, Function, Invocation, Unreadable
from trm_agent.types import ToolSchema, identifier_words

TALKING = frozenset({"faq_reply"})
"""Functions that only say something: their lines are small talk."""

WATCHED = 0.5
"""Share of the requests to wait for a change that are kept: half of all sentences are such."""

SHORT = {"org.thingpedia.builtin.thingengine.builtin": "assistant", "almond.sports": "sports"}
"""Id of a class → its name in tools, where its last part says too little."""

PLACES = {
    "home": r"my home|my house|my place|home",
    "work": r"my work ?place|the work ?place|my office|the office|my job|my work|work ?site|work",
    "current_location": r"my current location|current location|my location|this place|where i am|here",
}
"""Place of the user's → how it is said."""

PERIODS = {"day": "today", "week": "this week", "month": "this month", "year": "this year"}
"""Start of a period → how it is said."""

UNITS = {
    "Measure(C)": ("degrees", "degrees fahrenheit", "degrees celsius"),
    "Measure(m)": ("meters", "miles", "km"),
    "Measure(mps)": ("mph", "km/h"),
    "Measure(byte)": ("mb", "gigabytes", "kb"),
    "Measure(kg)": ("kg", "pounds"),
}
"""Type of a measure → its units as they are said."""

_TYPES = {"Number": "NUMBER", "String": "QUOTED_STRING", "Location": "LOCATION", "Date": "DATE", "Time": "TIME"}
_TYPES |= {"Currency": "CURRENCY", "Measure(ms)": "DURATION", "Entity(tt:url)": "URL", "Entity(tt:hashtag)": "HASHTAG"}
_TYPES |= {"Entity(tt:username)": "USERNAME", "Entity(tt:phone_number)": "PHONE_NUMBER"}
_TYPES |= {"Entity(tt:email_address)": "EMAIL_ADDRESS", "Entity(tt:path_name)": "PATH_NAME"}
_CONDITION = re.compile(r"\b(?:if|when|whenever|once|unless|as soon)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"(?:[A-Z][A-Z_]+(?:_[\w.]+:\w+)?_\d+|p_\w+)")
_UNIT = re.compile(
    r" (?:degrees?(?: (?:fahrenheit|celsius|f|c)\b)?|fahrenheit|celsius|f|c|km|kms|kilometers?|m|meters?|mi|miles?"
    r"|feet|ft|in|inches|mph|kmph|kph|km/h|m/s|tb|gb|mb|kb|bytes?|terabytes?|gigabytes?|megabytes?|kilobytes?|kg|lbs?"
    r"|pounds?|kilograms?|percent|%)(?![\w])"
)


class Binder:
    """Tools, gathered from what lines use of them, and lines with their values.

    Attributes:
        devices: Tool → its class.
        kinds: Tool → `query` or `action`.
    """

    def __init__(self, functions: Mapping[tuple[str, str], Function], rng: random.Random) -> None:
        """Take the declared functions.

        Args:
            functions: (class, name) → function.
            rng: Draws values.
        """
        self.devices: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self._functions = dict(functions)
        self._rng = rng
        self._used: dict[str, dict[str, dict[str, Any]]] = {}
        self._known: dict[str, tuple[Function, bool]] = {}
        for function in functions.values():
            self._introduce(function, watched=False)

    def merged(self, calls: Sequence[Invocation]) -> tuple[Invocation, ...]:
        """The calls; of "search, then use its result" one call with what was searched for."""
        if len(calls) == 2 and [value for _, _, value in calls[1].arguments] == ["id"]:
            what = "title" if calls[0].function == "playable" else calls[0].function
            given = tuple((what if name == "id" else name, op, value) for name, op, value in calls[0].arguments)
            self._functions.setdefault((calls[1].device, calls[1].function), _unknown(calls[1]))
            return (replace(calls[1], arguments=given, order=None, limit=None),)
        return tuple(calls)

    def line(self, request: Request) -> Line | None:
        """The request with values; None where a value is not said, or means more than an argument can hold.

        Of requests to wait for a change, a share (`WATCHED`) is kept.
        """
        if any(call.watched for call in request.calls) and self._rng.random() >= WATCHED:
            return None
        if not request.calls or any(call.function in TALKING for call in request.calls):
            return None if _PLACEHOLDER.search(request.text) else _talk(request)
        fills: dict[str, str] = {}
        try:
            calls = self.merged(request.calls)
            bound = [self._bind(call, request, fills) for call in calls]
        except Unreadable:
            return None
        text = _filled(request.text, fills)
        if _PLACEHOLDER.search(text):
            return None
        wanted = []
        for tool, spoken, inferred in bound:
            said: dict[str, str] = {}
            for name, value in spoken.items():
                stands = re.search(rf"(?<!\w){re.escape(_filled(value, fills))}(?!\w)", text, re.IGNORECASE)
                if stands is None:
                    return None
                said[name] = stands[0]
            wanted.append(Wanted(tool, said, inferred))
        whole = len(wanted) < 2 or (not _CONDITION.search(text) and all(self._complete(want) for want in wanted))
        heard = request.asked is None or all(
            self._complete(want) and all(_hinted(value, text) for value in want.inferred.values()) for want in wanted
        )
        return Line(text, tuple(wanted), request.asked, request.act) if text and whole and heard else None

    def tool(self, name: str) -> ToolSchema:
        """A tool with its declared parameters and those that lines use."""
        function, watched = self._known[name]
        properties = {
            one.name: _schema(one.type) | {"description": _about(one)}
            for one in function.parameters.values()
            if one.direction != "out" and _schema(one.type)
        }
        for parameter, schema in self._used.get(name, {}).items():
            properties.setdefault(parameter, schema)
        required = [one.name for one in function.parameters.values() if one.direction == "in req"]
        words = function.about or function.words or identifier_words(function.name)
        if watched:
            words = f"tell when it changes or comes true: {function.words or function.about or words}"
        elif function.kind == "query" and not function.about:
            words = f"get {words}"
        return declare(name, words[:1].upper() + words[1:], properties, [one for one in required if one in properties])

    def _complete(self, want: Wanted) -> bool:
        parameters = self._known[want.tool][0].parameters.values()
        return all(one.name in {*want.said, *want.inferred} for one in parameters if one.direction == "in req")

    def _introduce(self, function: Function, *, watched: bool) -> str:
        device = short(function.device)
        name = function.name if device in function.name else f"{device}_{function.name}"
        name = f"monitor_{name}" if watched else name
        if name in self._known and self._known[name][0].device != function.device:
            name = f"{function.device.split('.')[-2:][0].replace('-', '_')}_{name}"
        self._known.setdefault(name, (function, watched))
        self.devices[name], self.kinds[name] = function.device, function.kind
        return name

    def _bind(
        self, call: Invocation, request: Request, fills: dict[str, str]
    ) -> tuple[str, dict[str, str], dict[str, object]]:
        """Tool, parameter → what is said (placeholders not filled), parameter → what is meant."""
        function = self._functions.setdefault((call.device, call.function), _unknown(call))
        tool = self._introduce(function, watched=call.watched)
        used = self._used.setdefault(tool, {})
        said: dict[str, str] = {}
        inferred: dict[str, object] = {}
        for parameter, operator, value in call.arguments:
            declared = function.parameters.get(parameter) or Declared(parameter, "out", "Any")
            name = _parameter_name(declared, operator)
            if name == "id" and operator == "=~" and "name" not in function.parameters:
                name = "name"
            schema = _schema(declared.type) or {"type": "string"}
            if name in said or name in inferred:
                raise Unreadable(f"{name} twice")
            kept: object
            if found := re.fullmatch(r"enum\s*\(?\s*(\w+)\s*\)?", value):
                kept = inferred[name] = found[1]
                known = used.get(name, schema).get("enum", [])
                schema = {"type": "string", "enum": sorted({*known, found[1]})}
                used.pop(name, None)
            elif value in ("true", "false"):
                kept = inferred[name] = value == "true"
                schema = {"type": "boolean"}
            else:
                kept = self._words(value, declared, request, fills)
                if kept is None:
                    continue
                said[name] = str(kept)
            used.setdefault(name, schema | {"description": _about(declared)})
        if call.order:
            self._order(call, used, inferred)
        if call.limit:
            said["limit"] = self._fill(call.limit, Declared("limit", "out", "Number"), request, fills)
            used.setdefault("limit", {"type": "integer", "description": "how many"})
        return tool, said, inferred

    def _order(self, call: Invocation, used: dict[str, dict[str, Any]], inferred: dict[str, object]) -> None:
        by, way = call.order or ("", "")
        known = used.get("sort_by", {}).get("enum", [])
        used["sort_by"] = {"type": "string", "enum": sorted({*known, by}), "description": "what to sort by"}
        used["order"] = {"type": "string", "enum": ["asc", "desc"], "description": "lowest or highest first"}
        inferred |= {"sort_by": by, "order": way}

    def _words(self, value: str, declared: Declared, request: Request, fills: dict[str, str]) -> str | None:
        """How a value is said; None where it is only what is taken anyway."""
        if place := re.fullmatch(r"\$(?:context\.)?location\.(\w+)", value):
            found = re.search(rf"\b(?:{PLACES[place[1]]})\b", request.text, re.IGNORECASE)
            if found is None and place[1] != "current_location":
                raise Unreadable(value)
            return found[0] if found else None
        if period := re.fullmatch(r"\$?start_of\s*\(\s*(\w+)\s*\)", value):
            words = PERIODS.get(period[1], "")
            if not words or words not in request.text.lower():
                raise Unreadable(value)
            return words
        if quoted := re.search(r'"\s*(.+?)\s*"', value):
            return re.sub(r"\s+([,.!?])", r"\1", quoted[1])
        if re.fullmatch(r"-?\d+(?:\.\d+)?", value):
            return value
        return self._fill(value, declared, request, fills)

    def _fill(self, value: str, declared: Declared, request: Request, fills: dict[str, str]) -> str:
        """The placeholder, with the unit said behind it; it has words of its own from now on."""
        name, _, unit = value.partition(" ")
        if not _PLACEHOLDER.fullmatch(name) or name not in request.text or (unit and not unit.isalpha()):
            raise Unreadable(value)
        if name not in fills:
            fills[name] = self._drawn(name, request.types.get(name), declared)
        if declared.type.startswith("Measure") or unit:
            found = re.search(rf"{re.escape(name)}({_UNIT.pattern})?", request.text)
            return f"{name}{found[1] or ''}" if found else name
        return name

    def _drawn(self, placeholder: str, kind: str | None, declared: Declared) -> str:
        values = _values()
        key = re.sub(r"_\d+$", "", placeholder)
        kind = kind.replace(" ", "") if kind else None
        if kind in UNITS:
            return f"{self._rng.choice(values['NUMBER'])} {self._rng.choice(UNITS[kind])}"
        key = _TYPES.get(kind, f"GENERIC_ENTITY_{kind[7:-1]}" if kind.startswith("Entity(") else kind) if kind else key
        special = declared.name if key in ("QUOTED_STRING", "NUMBER") else ""
        special = "" if special == "name" and declared.type != "Any" else special
        choices = values.get(special) or values.get(key)
        if not choices:
            raise Unreadable(f"no values for {key}")
        return self._rng.choice(choices)


def short(device: str) -> str:
    """A class's name in tools."""
    return SHORT.get(device, device.split(".")[-1]).replace("-", "_")


@cache
def _values() -> dict[str, list[str]]:
    values: dict[str, list[str]] = json.loads(Path(__file__).with_name("thingpedia.json").read_text("utf-8"))
    return values


def _hinted(value: object, text: str) -> bool:
    """Whether a word of what is meant is said, so that it is not of an earlier turn."""
    return any(word[:4] in text.lower() for word in str(value).split("_"))


def _talk(request: Request) -> Line:
    return Line(request.text, (), request.asked, request.act or "small_talk")


def _filled(text: str, fills: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: fills.get(match[0], match[0]), text)


def _unknown(call: Invocation) -> Function:
    """A function that no class declares, as it is called."""
    kind = "query" if re.match(r"get|list|state", call.function) else "action"
    return Function(call.device, call.function, kind, {})


def _about(declared: Declared) -> str:
    return declared.words or declared.prompt or identifier_words(declared.name)


def _parameter_name(declared: Declared, operator: str) -> str:
    if operator not in (">=", "<="):
        return declared.name
    if declared.type in ("Date", "Time"):
        return f"{declared.name}_{'after' if operator == '>=' else 'before'}"
    return f"{'min' if operator == '>=' else 'max'}_{declared.name}"


def _schema(kind: str) -> dict[str, Any]:
    """JSON Schema of a ThingTalk type; empty for what nobody says (pictures and the like)."""
    kind = re.sub(r"^Array\((.*)\)$", r"\1", kind)
    if kind.startswith("Enum("):
        choices = [choice for choice in kind[5:-1].split(",") if choice != "*"]
        return {"type": "string", "enum": choices} if choices else {"type": "string"}
    if kind in ("Number", "Boolean"):
        return {"type": kind.lower()}
    return {} if kind in ("Entity(tt:picture)", "Any", "RecurrentTimeSpecification") else {"type": "string"}
