"""The values that may be stated at a point, with what is known of each: where it comes from, and who said it already.

P fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from trm_agent.responses.facts import Facts, fields_of, in_focus, latest_results, name_of
from trm_agent.responses.phrasing import is_name
from trm_agent.responses.templates import said_times, same_value, time_of
from trm_agent.types import Message, ToolSchema, slot_table

MARKS = 23
"""Width of what is known of a field beside its name."""
MOST_FIELDS = 60
_STEM = 4
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Fields:
    """The values that may be stated at a point.

    Attributes:
        names: As in templates.
        marks: Where each comes from and what was said of it, [P, MARKS].
    """

    names: tuple[str, ...]
    marks: np.ndarray

    @property
    def words(self) -> list[str]:
        """The names as they are encoded."""
        return [spoken_name(name) for name in self.names]


def spoken_name(name: str) -> str:
    """A name as it is encoded: its record's number left out."""
    return name.partition("#")[0].replace("_", " ")


def fields_at(
    facts: Facts,
    slots: Mapping[str, Any],
    history: Sequence[Message],
    tools: Sequence[ToolSchema],
    intended: str | None,
) -> Fields:
    """Every known value of a point with its marks."""
    names = tuple(facts)[:MOST_FIELDS]
    tool = next((tool for tool in tools if tool.name == intended), None)
    results = latest_results(history)
    returned = {name for r in results for name, _ in fields_of(in_focus(r.content, history))}
    fresh = bool(history) and history[-1].role == "tool_response"
    held = {name_of(key) for key in slots}
    own = {name_of(p.name) for p in tool.parameters} if tool else set()
    required = {name_of(name) for name in tool.required} if tool else set()
    filled = _filled(tool, tools, slots)
    called = [m.content["name"] for m in history if m.role == "tool_call"]
    kinds = {t.name: t.read_only for t in tools}
    changing = tool is not None and tool.read_only is not True
    last = next((m.text.casefold() for m in reversed(history) if m.role == "user"), "")
    answers = [m.text.casefold() for m in history if m.role == "assistant"]
    stems = {word[:_STEM] for word in _WORD.findall(last)}
    done = bool(called) and kinds.get(called[-1]) is False and fresh
    question = "?" in last
    untold = _untold(facts, history, returned) if fresh else frozenset()
    before = _told_in(facts, answers[-1]) if answers else frozenset()
    rows = np.zeros((len(names), MARKS), np.float32)
    for row, name in zip(rows, names, strict=True):
        base, _, record = name.partition("#")
        texts = [plain(value) for value in facts[name]]
        words = [word for word in base.split("_") if len(word) > 2]
        said = sum(word[:_STEM] in stems for word in words) / max(len(words), 1)
        row[:] = (
            name in returned and fresh and not record,
            name in returned and fresh and bool(record),
            name in returned and not fresh and not record,
            record == "2",
            record == "3",
            base in own,
            base in required,
            base in held,
            any(text in last for text in texts),
            any(text in answer for text in texts for answer in answers),
            any(text in answer for text in texts for answer in answers[-1:]),
            fresh,
            changing,
            tool is not None and tool.name in called,
            said,
            said * question,
            filled,
            is_name(base),
            done,
            np.log1p(len(names)) / 4,
            name in untold,
            (name in untold) / max(len(untold), 1),
            bool(record) and base in before,
        )
    return Fields(names, rows)


def _untold(facts: Facts, history: Sequence[Message], returned: Set[str]) -> frozenset[str]:
    """Names of what a result brings, of all `returned`, that was neither sent to the tool nor said by anybody."""
    calls = [m for m in history if m.role == "tool_call"][-len(latest_results(history)) :]
    sent = {name for call in calls for name, _ in fields_of(call.content.get("arguments") or {})}
    said = _said_in(facts, " \n ".join(m.text for m in history if m.role in ("user", "assistant")))
    return frozenset(n for n in facts if n in returned and n.partition("#")[0] not in sent and n not in said)


def _told_in(facts: Facts, text: str) -> frozenset[str]:
    """Names, without a number, of what an answer told of any record."""
    return frozenset(name.partition("#")[0] for name in _said_in(facts, text))


def _said_in(facts: Facts, text: str) -> frozenset[str]:
    """Names whose value stands in a text, a time of day in any form."""
    times, lower = said_times(text), text.casefold()
    return frozenset(
        name
        for name, known in facts.items()
        if any(time_of(str(value)) in times or stands(plain(value), lower) for value in known)
    )


def otherwise(history: Sequence[Message]) -> frozenset[str]:
    """Names of what has just come back otherwise than it was asked for: a seat on the 17:20 instead of the 17:15."""
    if not history or history[-1].role != "tool_response":
        return frozenset()
    results = latest_results(history)
    calls = [m for m in history if m.role == "tool_call"][-len(results) :]
    found = set()
    for call, result in zip(calls, results, strict=False):
        sent = dict(fields_of(call.content.get("arguments") or {}))
        records = result.content if isinstance(result.content, list) else [result.content]
        returned = fields_of(result.content) if len(records) == 1 else ()
        found |= {n for n, v in returned if n in sent and not same_value(v, sent[n]) and v not in (None, "")}
    return frozenset(found)


def plain(value: Any) -> str:
    """A value as it is looked for in a text."""
    return str(value).casefold()


def stands(wording: str, text: str) -> bool:
    """Whether a wording stands in a text as whole words; both in lower case."""
    return wording in text and re.search(rf"(?<!\w){re.escape(wording)}(?!\w)", text) is not None


def _filled(tool: ToolSchema | None, tools: Sequence[ToolSchema], slots: Mapping[str, Any]) -> bool:
    if tool is None:
        return False
    keys = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
    return all(slots.get(keys.get((tool.name, name), name)) not in (None, "") for name in tool.required)
