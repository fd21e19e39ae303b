"""Samples → a response bank: answers with their values taken out, near-duplicates once.

What an answer asks for is told from what the user says next: the missing parameters that are filled one turn later.
An answer that states a value of which nothing was known is left out; so are words that are capitalised in few answers,
or in the values themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from trm_agent.encoder.sentence import Encoder
from trm_agent.features.tools import TextEncoder
from trm_agent.responses.bank import ORDINARY, SAME, After, Response, ResponseBank, encode
from trm_agent.responses.facts import (
    QUESTION_MARKS,
    Facts,
    add,
    fields_of,
    flags_told,
    known_facts,
    known_flags,
    latest_results,
    name_of,
)
from trm_agent.responses.guard import Evidence, capitalised, unsupported
from trm_agent.responses.templates import PLACEHOLDER, make_template, with_one_record
from trm_agent.types import Message, Sample, slot_table

LONGEST = 400


@dataclass(frozen=True)
class Said:
    """A direct answer of a conversation, as a template.

    Attributes:
        sample: Where it was said.
        response: Its template with the condition it was said in.
        facts: What could be said there.
        wordings: The same in every form that counts as right, and what the user or the next call says then: the values
            that its names stand for.
    """

    sample: Sample
    response: Response
    facts: Facts
    wordings: Facts


def collect(dialogues: Iterable[Sequence[Sample]], *, language: str = "en") -> list[Said]:
    """The direct answers of conversations, in their order.

    Args:
        dialogues: The samples of each conversation.
        language: Of number words and dates (ISO 639-1).
    """
    out = []
    for dialogue in dialogues:
        for place, sample in enumerate(dialogue):
            if sample.decision == "direct_answer" and isinstance(sample.content, str) and sample.content.strip():
                out.append(said_at(sample, dialogue[place + 1 :], language=language))
    return out


def said_at(sample: Sample, later: Sequence[Sample] = (), *, language: str = "en") -> Said:
    """One answer; `later` are the samples of the conversation that follow it."""
    intended = intended_tool(sample, later)
    facts = known_facts(sample.slots, sample.history, sample.tools, intended)
    wordings: Facts = {name: list(values) for name, values in facts.items()}
    for key, values in sample.accept.slots.items():
        for value in values:
            add(wordings, name_of(key), value)
    for call in (s for s in later[:2] if s.tool is not None):
        # What is about to be called is often said before; the slots may not hold it yet.
        for name, value in fields_of(call.tool["arguments"] if call.tool else {}):
            add(wordings, name, value)
        for key, values in call.accept.arguments.items():
            for value in values:
                add(wordings, name_of(key), value)
    text = make_template(sample.content or "", wordings, language=language, now=_now(sample))
    text = with_one_record(text, wordings, {name_of(key) for key in sample.slots})
    when = flags_told(text, known_flags(sample.slots, sample.history), intended or "")
    asks, first = _asks(sample, later, intended), int(nothing_answered(sample.history))
    response = Response(text, 1, {after(sample.history): 1}, {intended or "": 1}, asks, when, first)
    return Said(sample, response, facts, wordings)


def intended_tool(sample: Sample, later: Sequence[Sample] = ()) -> str | None:
    """The tool that a sample says is meant, whose result has just come, or that is called next."""
    if "intent" in sample.meta:
        name = sample.meta["intent"]
        return name if any(tool.name == name for tool in sample.tools) else None
    if sample.history[-1].role == "tool_response":
        return next((str(m.content["name"]) for m in reversed(sample.history) if m.role == "tool_call"), None)
    return next((s.tool["name"] for s in later if s.tool is not None), None)


def after(history: Sequence[Message]) -> After:
    """What came just before an answer."""
    if not history or history[-1].role != "tool_response":
        return "user"
    return "empty" if all(says_nothing(result.content) for result in latest_results(history)) else "result"


def nothing_answered(history: Sequence[Message]) -> bool:
    """Whether a conversation has had no answer and no call yet."""
    return not any(message.role in ("assistant", "tool_call") for message in history)


def says_nothing(content: Any) -> bool:
    """Whether a result is empty or an error."""
    if isinstance(content, str) and content[:1] in "[{":
        content = {"[]": [], "{}": {}}.get("".join(content.split()), content)
    if isinstance(content, dict) and content.get("error"):
        return True
    return content in (None, "", [], {})


def build_bank(
    said: Sequence[Said], encoder: TextEncoder | Encoder, *, language: str = "en"
) -> tuple[ResponseBank, list[int]]:
    """Cluster answers.

    Args:
        said: From `collect`.
        encoder: For their vectors.
        language: Of number words (ISO 639-1).

    Returns:
        The bank, the most frequent first, and for each of `said` the row of its answer; −1 where it cannot be used.
    """
    by_key: dict[str, list[Response]] = defaultdict(list)
    for one in said:
        by_key[one.response.key].append(one.response)
    usable = _usable([_merge(group) for group in by_key.values()], said, language)
    order = sorted(usable, key=lambda response: (-response.count, response.text))
    merged, place = _near_duplicates(order, encode(order, encoder))
    top = sorted(range(len(merged)), key=lambda i: -merged[i][0].count)
    rows = {old: new for new, old in enumerate(top)}
    vectors = [merged[i][1] for i in top]
    bank = ResponseBank(
        tuple(merged[i][0] for i in top), np.stack(vectors) if vectors else np.zeros((0, encoder.width), np.float32)
    )
    return bank, [rows.get(place.get(one.response.key, -1), -1) for one in said]


def _asks(sample: Sample, later: Sequence[Sample], intended: str | None) -> tuple[str, ...]:
    tool = next((tool for tool in sample.tools if tool.name == intended), None)
    spoken = next((s for s in later if sum(m.role == "user" for m in s.history) > _turns(sample)), None)
    if tool is None or spoken is None:
        return ()
    keys = {reader: slot.key for slot in slot_table(sample.tools) for reader in slot.readers}
    waiting = any(not sample.slots.get(keys[tool.name, name]) for name in tool.required)
    if not waiting and not any(mark in (sample.content or "") for mark in QUESTION_MARKS):
        return ()
    filled = {**spoken.slots, **(spoken.tool["arguments"] if spoken.tool else {})}
    return tuple(
        p.name
        for p in tool.parameters
        if not sample.slots.get(keys[tool.name, p.name]) and (filled.get(keys[tool.name, p.name]) or filled.get(p.name))
    )


def _turns(sample: Sample) -> int:
    return sum(message.role == "user" for message in sample.history)


def _merge(group: Sequence[Response]) -> Response:
    """One answer in its most frequent form; it asks for what half of them ask for."""
    text = Counter(response.text for response in group).most_common(1)[0][0]
    asked = Counter(name for response in group for name in response.asks)
    asks = tuple(name for name, count in asked.items() if 2 * count >= len(group))
    names = [name for name in group[0].when if all(name in r.when for r in group)]
    when = {name: group[0].when[name] for name in names if len({r.when[name] for r in group}) == 1}
    whole = replace(group[0], text=text, asks=asks, when=when)
    after_, tools = Counter[str](), Counter[str]()
    for response in group:
        after_.update(response.after)
        tools.update(response.tools)
    first = sum(response.first or 0 for response in group)
    return replace(whole, count=len(group), after=dict(after_), tools=dict(tools), first=first)


def _usable(responses: Sequence[Response], said: Sequence[Said], language: str) -> list[Response]:
    """Answers that state nothing but what their names stand for."""
    values = {str(value) for one in said for known in one.facts.values() for value in known}
    in_values = Counter(word.casefold() for value in values for word in value.split() if word[:1].isupper())
    seen = Counter[str]()
    for response in responses:
        seen.update(dict.fromkeys((w.casefold() for w in capitalised(bare(response.text))), response.count))
    whole = {value.casefold() for value in values}
    frequent = {word for word, count in seen.items() if count >= max(ORDINARY, 3 * in_values[word])}
    ordinary = frequent - whole
    nothing = Evidence.of((), {})
    return [
        response
        for response in responses
        if len(response.text) <= LONGEST and not unsupported(bare(response.text), nothing, ordinary, language)
    ]


def bare(text: str) -> str:
    """A template without its names."""
    return PLACEHOLDER.sub("…", text)


def _near_duplicates(
    responses: Sequence[Response], vectors: np.ndarray
) -> tuple[list[tuple[Response, np.ndarray]], dict[str, int]]:
    """Join what says the same of the same names under the same condition; (answers, key → place)."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    kept: list[tuple[Response, np.ndarray]] = []
    place: dict[str, int] = {}
    for response, vector in zip(responses, vectors, strict=True):
        condition = (
            tuple(sorted(response.names)),
            frozenset(response.after),
            frozenset(response.asks),
            *sorted(response.when.items()),
        )
        near = groups[condition]
        cosines = np.stack([kept[i][1] for i in near]) @ vector if near else np.zeros(0)
        if len(cosines) and cosines.max() >= SAME:
            at = near[int(cosines.argmax())]
            kept[at] = kept[at][0].with_more(response), kept[at][1]
        else:
            at = len(kept)
            kept.append((response, vector))
            near.append(at)
        place[response.key] = at
    return kept, place


def _now(sample: Sample) -> datetime | None:
    try:
        return datetime.fromisoformat(sample.meta["now"]) if sample.meta.get("now") else None
    except (TypeError, ValueError):
        return None
