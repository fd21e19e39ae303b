"""Where the gold values of a corpus are said: publishers write them in their own form ("2022-08-20", "top-left").

A value is *said* if the conversation has words for it, which then count as right beside the gold form and give the
span that training points at; it is *hinted* if its words are there, but not together; otherwise nobody said it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from trm_agent.text.dates import parse_date, parse_time
from trm_agent.types import TYPE_NAMES, Accept, Message, Parameter, ToolSchema, slot_table
from trm_agent.values import normalise, parse_value, read_boolean, read_number, validates

_OUTER = "\"'`“”‘’()[]{}<>,.;:!?*"
_LONGEST_NUMBER = 3
_LONGEST_DATE = 3
_STEM = 5
_ANYTHING = re.compile(r".*", re.DOTALL)
_JOINED = re.compile(r"[\s,;&'\"]*(?:\b(?:and|or|the|a|an)\b[\s'\"]*)*")
_LEADING = re.compile(r"^(?:(?:from|to|on|since|until|till|by|of|and|the|for|between)\s+)+", re.IGNORECASE)


def json_type(name: str) -> dict[str, Any]:
    """A type as Python writes it (`str`, `List[int]`, `float, optional`) → JSON Schema; unknown ones are text."""
    name = re.sub(r",?\s*optional$", "", name.strip(), flags=re.IGNORECASE)
    outer, _, inner = name.partition("[")
    kind = TYPE_NAMES.get(outer.strip().lower(), "string") or "string"
    if kind != "array" or not inner:
        return {"type": kind}
    first = inner.removesuffix("]")
    item = json_type(first if "[" in first else first.split(",")[0])
    return {"type": "array", "items": {"type": "number"} if first.startswith("Union") else item}


def json_schema(published: Mapping[str, Any]) -> dict[str, Any]:
    """A schema whose types may be Python's → JSON Schema, nested ones too."""
    out = dict(published)
    if isinstance(out.get("type"), str):
        out.update({**json_type(out["type"]), **({"items": out["items"]} if "items" in out else {})})
    if isinstance(out.get("properties"), Mapping):
        out["properties"] = {
            name: json_schema(spec) if isinstance(spec, Mapping) else {} for name, spec in out["properties"].items()
        }
    if isinstance(out.get("items"), Mapping):
        out["items"] = json_schema(out["items"])
    return out


def coerce(value: Any, schema: Mapping[str, Any]) -> Any | None:
    """The value in its declared type where that is clearly meant (`"5"` → 5); None where it cannot be."""
    kind = Parameter("", dict(schema)).type
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        same = [choice for choice in choices if normalise(choice) == normalise(value)]
        return same[0] if len(same) == 1 else None
    read = _READERS.get(kind)
    out = read(value, schema) if read else value
    return out if out is not None and validates(out, schema) else None


@dataclass(frozen=True)
class GoldCall:
    """A gold call, held against the conversation.

    Attributes:
        call: `{name, arguments}`; the arguments have their declared types.
        words: Parameter → how the conversation words it, where that differs from the gold form.
        verbatim: Parameters whose gold form stands in the text.
        hinted: Parameters whose words are there, but not together, and booleans.
        unsaid: Parameters that nobody said.
        dropped: Arguments that the tool does not declare, or that have no form of the declared type.
        left_out: Parameters taken out by `without`.
    """

    call: dict[str, Any]
    words: dict[str, list[Any]] = field(default_factory=dict)
    verbatim: tuple[str, ...] = ()
    hinted: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.call["name"])

    def without(self, names: Sequence[str]) -> GoldCall:
        """The call without some (top-level) arguments."""
        arguments = {name: value for name, value in self.call["arguments"].items() if name not in names}
        return GoldCall(
            {"name": self.name, "arguments": arguments},
            {name: words for name, words in self.words.items() if name not in names},
            tuple(name for name in self.verbatim if name not in names),
            tuple(name for name in self.hinted if name not in names),
            tuple(name for name in self.unsaid if name not in names),
            self.dropped,
            (*self.left_out, *(name for name in self.call["arguments"] if name in names)),
        )

    def is_valid(self, tool: ToolSchema) -> bool:
        """Whether the tool's schema allows the arguments."""
        return validates(self.call["arguments"], tool.schema)


def hold_against(tool: ToolSchema, arguments: Mapping[str, Any], history: Sequence[Message]) -> GoldCall:
    """Bring the arguments of a gold call into their declared types, and find where the conversation says them.

    Args:
        tool: That is called.
        arguments: As published; empty ones are left out.
        history: Up to the call.
    """
    declared = {name: spec for name, spec in tool.schema["properties"].items() if isinstance(spec, Mapping)}
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    for name, value in arguments.items():
        if value in ("", None, [], {}):
            continue
        found = coerce(value, declared[name]) if name in declared else None
        if found is None or found == "":
            dropped.append(name)
        else:
            kept[name] = found
    words: dict[str, list[Any]] = {}
    verbatim: list[str] = []
    indirect: list[str] = []
    unsaid: list[str] = []
    texts = [message.text for message in reversed(history)]
    for name, value in kept.items():
        parameter = Parameter(name, dict(declared[name]))
        said = next((said for text in texts if (said := wording(value, text, parameter))), None)
        if said is None:
            (indirect if parameter.choices or hinted(value, " ".join(texts)) else unsaid).append(name)
        elif said.casefold() == str(value).casefold():
            verbatim.append(name)
        else:
            words[name] = [said]
    call = {"name": tool.name, "arguments": kept}
    return GoldCall(call, words, tuple(verbatim), tuple(indirect), tuple(unsaid), tuple(dropped))


def accept_of(
    calls: Sequence[GoldCall], tools: Sequence[ToolSchema], optional: Sequence[tuple[str, ...]] = ()
) -> Accept:
    """What else is right: the conversation's own wordings, for the arguments of each call and for the slots.

    Args:
        calls: Of the turn, in order.
        tools: On offer.
        optional: Per call: parameters that may be there or not.
    """
    each = [Accept(dict(call.words), optional[i] if i < len(optional) else ()) for i, call in enumerate(calls)]
    said: dict[tuple[str, str], list[Any]] = {}
    for call in calls:
        for name in call.call["arguments"]:
            said.setdefault((call.name, name), call.words.get(name, []))
    slots: dict[str, list[Any]] = {}
    for slot in slot_table(tools):
        reader = next((reader for reader in slot.readers if reader in said), None)
        if reader and said[reader]:
            slots[slot.key] = said[reader]
    several = tuple(each) if len(each) > 1 and any(accept != Accept() for accept in each) else ()
    return Accept(each[0].arguments, each[0].optional, slots, several) if each else Accept()


def wording(value: Any, text: str, parameter: Parameter | None = None) -> str | None:
    """The words of a text that mean a value, as they stand there; None if it has none."""
    if isinstance(value, bool | Mapping):
        return None
    if isinstance(value, list):
        return _list_wording(value, text, parameter)
    if isinstance(value, int | float):
        return _number_wording(value, text)
    return (
        _verbatim(value, text) or _same_words(value, text) or _moment_wording(value, text) or _enumeration(value, text)
    )


def hinted(value: Any, text: str) -> bool:
    """Whether every longer word of a value (its stem) is somewhere in the text; a list or object: of all its leaves."""
    if isinstance(value, bool):
        return True
    if isinstance(value, Mapping):
        return all(hinted(item, text) for item in value.values())
    if isinstance(value, list):
        return all(hinted(item, text) for item in value)
    if isinstance(value, int | float):
        return _number_wording(value, text) is not None
    if wording(value, text):
        return True
    words = [word for word in re.findall(r"[a-z0-9]+", str(value).lower()) if len(word) > 2]
    said = {word[:_STEM] for word in re.findall(r"[a-z0-9]+", text.lower())}
    return bool(words) and all(word[:_STEM] in said for word in words)


def _verbatim(value: str, text: str) -> str | None:
    found = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) if value.strip() else None
    return found[0] if found else None


def _same_words(value: str, text: str) -> str | None:
    """`patient_engagement` as "patient engagement", "dog" as "dogs"."""
    wanted = [_singular(word) for word in re.findall(r"[^\W_]+", value.lower())]
    tokens = list(re.finditer(r"[^\W_]+", text.lower()))
    said = [_singular(token[0]) for token in tokens]
    for at in range(len(tokens) - len(wanted) + 1 if wanted else 0):
        if said[at : at + len(wanted)] == wanted:
            return text[tokens[at].start() : tokens[at + len(wanted) - 1].end()]
    return None


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _enumeration(value: str, text: str) -> str | None:
    """A list that is declared as text: `red, green, blue` as "red, green and blue"."""
    items = [item.strip() for item in value.split(",")]
    return _stretch(items, text, _JOINED) if len(items) > 1 and all(items) else None


def _number_wording(value: float, text: str) -> str | None:
    forms = [str(value)]
    if float(value).is_integer():
        forms += [str(int(value)), f"{int(value):,}"]
    for form in forms:
        if found := re.search(rf"(?<![\w.,-]){re.escape(form)}(?![\w]|[.,]\d)", text):
            return found[0]
    for words in _windows(text, 1, _LONGEST_NUMBER):
        number = read_number(words)
        if number is None:
            continue
        if number == value or (("%" in words or "percent" in words) and abs(number / 100 - value) < 1e-9):
            return words
    return None


def _moment_wording(value: str, text: str) -> str | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return _date_wording(date.fromisoformat(value), text)
        if re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", value):
            clock = time.fromisoformat(value)
            said = (w for w in _windows(text, 1, 2) if re.search(r"\d", w))
            return next((w for w in said if parse_time(w, datetime(2022, 1, 1)) == clock), None)
    except (ValueError, OverflowError):
        pass
    return None


def _date_wording(day: date, text: str) -> str | None:
    """Day and month in words, as fully as they stand there; without a year, any year is meant."""
    now = datetime(day.year, 1, 1)
    found: list[str] = []
    for words in _windows(text, 1, _LONGEST_DATE):
        if re.search(rf"(?<!\d)0?{day.day}(?!\d)", words) and re.search(r"[A-Za-z]{3}|\d[-/.]\d", words):
            trimmed = _LEADING.sub("", words).strip(_OUTER)
            if _reads_as(trimmed, day, now):
                found.append(trimmed)
    return max(found, key=len, default=None)


def _reads_as(words: str, day: date, now: datetime) -> bool:
    try:
        return parse_date(words, now) == day
    except (ValueError, OverflowError):
        return False


def _list_wording(value: list[Any], text: str, parameter: Parameter | None) -> str | None:
    """The stretch that enumerates the items, if it reads as just these."""
    items = [item for item in value if isinstance(item, str | int | float)]
    stretch = _stretch(items, text, _ANYTHING) if items and len(items) == len(value) else None
    read = parse_value(stretch, parameter) if stretch and parameter else None
    return stretch if read is not None and normalise(read) == normalise(value) else None


def _stretch(items: Sequence[Any], text: str, between: re.Pattern[str]) -> str | None:
    """From the first item's words to the last one's, if they stand in this order with only such words between them."""
    start = end = -1
    for item in items:
        said = wording(item, text)
        at = text.find(said, max(end, 0)) if said else -1
        if said is None or at < 0 or (end >= 0 and not between.fullmatch(text[end:at])):
            return None
        start, end = (at if start < 0 else start), at + len(said)
    return text[start:end]


def _windows(text: str, first: int, last: int) -> Iterator[str]:
    """Stretches of `first` words, then of one more (or fewer), up to `last` words, without outer punctuation."""
    words = [(found.start(), found.end()) for found in re.finditer(r"\S+", text)]
    step = 1 if first <= last else -1
    for size in range(first, last + step, step):
        for at in range(len(words) - size + 1):
            stretch = text[words[at][0] : words[at + size - 1][1]].strip(_OUTER)
            if stretch:
                yield stretch


def _as_string(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _as_integer(value: Any, schema: Mapping[str, Any]) -> int | None:
    number = _as_number(value, schema)
    return int(number) if number is not None and float(number).is_integer() else None


def _as_number(value: Any, schema: Mapping[str, Any]) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return read_number(value) if isinstance(value, str) and re.search(r"\d", value) else None


def _as_boolean(value: Any, schema: Mapping[str, Any]) -> bool | None:
    return value if isinstance(value, bool) else read_boolean(value) if isinstance(value, str) else None


def _as_array(value: Any, schema: Mapping[str, Any]) -> list[Any] | None:
    if isinstance(value, str) and value[:1] in "[(":
        value = _literal(value)
    if isinstance(value, tuple):
        value = list(value)
    items = schema.get("items")
    if not isinstance(value, list):
        if value is None or isinstance(value, Mapping):
            return None
        value = [value]
    out = [coerce(item, items) if isinstance(items, Mapping) else item for item in value]
    return None if any(item is None for item in out) else out


def _as_object(value: Any, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    if isinstance(value, str) and value[:1] == "{":
        value = _literal(value)
    if not isinstance(value, Mapping):
        return None
    specs = schema.get("properties") or {}
    out = {name: coerce(item, specs[name]) if name in specs else item for name, item in value.items()}
    return None if any(item is None for item in out.values()) else out


def _literal(text: str) -> Any:
    """JSON or a Python literal; None if it is neither."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


_READERS = {
    "string": _as_string,
    "integer": _as_integer,
    "number": _as_number,
    "boolean": _as_boolean,
    "array": _as_array,
    "object": _as_object,
}
