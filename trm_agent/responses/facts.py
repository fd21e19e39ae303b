"""What may be said at a point of a conversation: values by name, from slots, results, calls and declared defaults.

One namespace: a parameter and a field of a result that share a name share a placeholder. Of several records, the one
that was spoken of last comes first; the values of the next two, above all of those not yet spoken of, are `name#2` and
`name#3`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import takewhile
from typing import Any

from trm_agent.responses.templates import said_times, same_value
from trm_agent.types import DONTCARE, Message, ToolSchema, identifier_words

MOST_RECORDS = 3
MOST_FIELDS = 60
_STEM = 4
_WORD = re.compile(r"[^\W\d_]+")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_CODE = re.compile(r"(?<!\w)(?=[\w\-/.:]*\d)\w(?:[\w\-/.:]*\w)?")

_SAY_NOTHING = ("true", "false", "none", "null")
QUESTION_MARKS = "?？؟"

Facts = dict[str, list[Any]]
"""Name → what may be said under it, the first choice first."""


def known_facts(
    slots: Mapping[str, Any], history: Sequence[Message], tools: Sequence[ToolSchema] = (), intended: str | None = None
) -> Facts:
    """Everything that may be said now.

    The result that has just come goes before the slots, the slots before older results and calls, and those before
    the defaults of the tool that is meant. What a result only says in another form (`19:30` for "half past seven in
    the evening") is said as the user said it.

    Args:
        slots: Slot key → value.
        history: The conversation so far.
        tools: On offer.
        intended: The tool that is meant.
    """
    facts: Facts = {}
    calls = [message for message in history if message.role == "tool_call"][-1:]
    results = latest_results(history)
    fresh = bool(history) and history[-1].role == "tool_response"
    held = [(name_of(key), value) for key, value in slots.items()]
    said = dict(held)
    returned = [
        (name, said[name] if name in said and same_value(said[name], value) else value)
        for result in results
        for name, value in fields_of(in_focus(result.content, history))
    ]
    sent = [pair for call in calls for pair in fields_of(call.content.get("arguments") or {})]
    defaults = [
        (name_of(parameter.name), parameter.default)
        for tool in tools
        if tool.name == intended
        for parameter in tool.parameters
        if parameter.has_default
    ]
    for name, value in [*(returned if fresh else ()), *held, *returned, *sent, *defaults]:
        add(facts, name, value)
    return facts


def add(facts: Facts, name: str, value: Any) -> None:
    """Note one more value that may be said under a name; what says nothing is left out."""
    if value in (None, "", DONTCARE) or isinstance(value, bool) or str(value).casefold() in _SAY_NOTHING:
        return
    known = facts.setdefault(name, [])
    if value not in known:
        known.append(value)


def known_flags(slots: Mapping[str, Any], history: Sequence[Message]) -> dict[str, bool]:
    """Name → yes or no, as slots and the latest result have it; the result goes first."""
    returned = [p for result in latest_results(history) for p in fields_of(in_focus(result.content, history))]
    flags: dict[str, bool] = {}
    for name, value in [*returned, *((name_of(key), value) for key, value in slots.items())]:
        text = str(value).casefold()
        if text in ("true", "false"):
            flags.setdefault(name, text == "true")
    return flags


def flags_told(text: str, flags: Mapping[str, bool], tool: str = "") -> dict[str, bool]:
    """Those of the flags that a text speaks of, so that it is true only where they are what they are here.

    It speaks of a flag if it holds the beginning of a word of its name that is no word of the tool's name too.
    """
    words = {word[:_STEM] for word in _WORD.findall(text.casefold())}
    words -= {word[:_STEM] for word in identifier_words(tool).split()}
    return {
        name: value
        for name, value in flags.items()
        if any(len(word) >= _STEM and word[:_STEM] in words for word in name.partition("#")[0].split("_"))
    }


def asks_something(history: Sequence[Message]) -> bool:
    """Whether the user's last message is a question."""
    said = next((message.text for message in reversed(history) if message.role == "user"), "")
    return any(mark in said for mark in QUESTION_MARKS)


def latest_results(history: Sequence[Message]) -> list[Message]:
    """The results that came last, several where several calls were made at once."""
    end = len(history)
    while end and history[end - 1].role != "tool_response":
        end -= 1
    start = end
    while start and history[start - 1].role == "tool_response":
        start -= 1
    return list(history[start:end])


def in_focus(content: Any, history: Sequence[Message]) -> Any:
    """A result's records: the one that was spoken of last, then those that nothing was said of yet, in their order.

    A record is spoken of where a text or a time stands that no other record holds; of several in one message, the first
    is meant. Of a result that has just come, those that an earlier answer spoke of come last.

    Args:
        content: Of a result; what is no list of records is returned as it is.
        history: The conversation, the messages after its last result among it.
    """
    records = _parsed(content)
    if not isinstance(records, list) or len(records) < 2 or not all(isinstance(r, Mapping) for r in records):
        return content
    own = _own_texts(records)
    since = list(takewhile(lambda message: message.role != "tool_response", reversed(history)))
    last = next((named[0] for m in since if (named := _spoken_of(own, m.text))), None)
    told = {i for m in history if m.role == "assistant" for i in _spoken_of(own, m.text)}
    first = [] if last is None else [last]
    order = range(len(records)) if last is None else [*range(last + 1, len(records)), *range(last)]
    return [records[i] for i in [*first, *sorted(order, key=told.__contains__)]]


def _own_texts(records: Sequence[Mapping[str, Any]]) -> list[frozenset[str]]:
    """The texts and the times of day that each record holds alone."""
    held = [frozenset(key for v in record.values() if (key := _text_of(v))) for record in records]
    count = Counter(text for texts in held for text in texts)
    return [frozenset(text for text in texts if count[text] == 1) for texts in held]


def _text_of(value: Any) -> str:
    """How a value is looked for in a message; "" for what may stand there by chance."""
    if not isinstance(value, str):
        return ""
    if _TIME.fullmatch(value):
        return next(iter(said_times(value)), "")
    return value.casefold() if len(value) >= _STEM and not value.isdecimal() else ""


def _spoken_of(own: Sequence[frozenset[str]], text: str) -> list[int]:
    """The records of which something stands in a message, in their order."""
    plain, times = text.casefold(), said_times(text)
    return [i for i, texts in enumerate(own) if not times.isdisjoint(texts) or any(t in plain for t in texts)]


@lru_cache(maxsize=16_384)
def name_of(key: str) -> str:
    """`<tool>.<name>`, `address.city`, `restaurantName` → the name that a placeholder has."""
    return identifier_words(key.rsplit(".", 1)[-1]).replace(" ", "_")


def fields_of(content: Any) -> list[tuple[str, Any]]:
    """Name → scalar of a call's arguments or a result; what plain text holds are its codes."""
    content = _parsed(content)
    records = content if isinstance(content, list) else [content]
    pairs = [
        (name if number == 1 else f"{name}#{number}", value)
        for number, record in enumerate(records[:MOST_RECORDS], 1)
        for name, value in _scalars(record, "")
    ]
    return pairs[:MOST_FIELDS]


def _parsed(content: Any) -> Any:
    """JSON text as the value it holds."""
    if isinstance(content, str):
        with suppress(ValueError, RecursionError):
            return json.loads(content) if content[:1] in "[{" else content
    return content


def _scalars(value: Any, name: str, depth: int = 4) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if depth:
            for key, item in value.items():
                yield from _scalars(item, name_of(str(key)), depth - 1)
    elif isinstance(value, list):
        for number, item in enumerate(value[:MOST_RECORDS] if depth else (), 1):
            for inner, scalar in _scalars(item, name, depth - 1):
                yield (inner if number == 1 else f"{inner}#{number}"), scalar
    elif name:
        yield name, value
    elif isinstance(value, str):
        for number, code in enumerate(dict.fromkeys(_CODE.findall(value[:300])), 1):
            yield ("code" if number == 1 else f"code#{number}"), code
    elif value is not None:
        yield "result", value
