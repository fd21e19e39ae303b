"""Picks from a result: several things are listed, and one is chosen by its place, its name, its id or its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trm_agent.synthesis.conversation import Conversation, NoValueError
from trm_agent.synthesis.cues import kind_of, label
from trm_agent.synthesis.values import MARK, Given, Said
from trm_agent.synthesis.words import WORDS
from trm_agent.types import Parameter, ToolSchema

PICKED = frozenset(
    ("id", "title", "person", "company", "city", "hotel", "restaurant", "product", "event", "movie", "artist", "team")
)
"""Kinds of values that one thing among several is known by."""
_PLACES = ("first", "second", "third", "fourth", "fifth")
_FEWEST, _MOST = 3, 5
ASKED_FOR = (
    "What have you got?", "What is there?", "show me what there is", "which ones are there?", "what can I choose from?",
    "what's on offer?", "list them please", "What are my options?",
)  # fmt: skip
"""What a user says who wants a list, where no tool gives it."""


def pickable(tool: ToolSchema) -> list[Parameter]:
    """The parameters that can be filled from a list of things."""
    return [
        p
        for p in tool.parameters
        if p.type in ("string", "integer")
        and not p.choices
        and kind_of(p) in PICKED
        and (p.type == "string" or kind_of(p) == "id")
        and not p.schema.get("pattern")
    ]


@dataclass(frozen=True)
class Listed:
    """Things that were listed.

    Attributes:
        records: As a tool returns them.
        values: What each is known by to the next call.
        names: What each is called in words.
        prices: Of each, all different.
    """

    records: list[dict[str, Any]]
    values: list[Said]
    names: list[str]
    prices: list[int]

    @property
    def by_id(self) -> bool:
        """Whether what the call takes is not what the thing is called."""
        return self.names[0] != self.values[0].text

    def told(self, talk: Conversation, *, ids: bool) -> str:
        """The assistant tells what there is."""
        names = [f"{name} ({said.text})" if ids else name for name, said in zip(self.names, self.values, strict=True)]
        priced = [f"{name} for {price}" for name, price in zip(names, self.prices, strict=True)]
        shown = talk.phrases.pick((names, names, priced))
        listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
        numbered = " ".join(f"{i}. {name}" for i, name in enumerate(shown, 1))
        return talk.phrases.pick(
            (
                f"I found {listed}.",
                f"There are {listed}.",
                f"We have {listed}.",
                f"{len(shown)} in all: {listed}.",
                numbered,
                f"{listed}.",
            )
        )


def listing(talk: Conversation, parameter: Parameter) -> Listed:
    """Make up what a result lists, for a parameter that one of the things will fill.

    Raises:
        NoValueError: So many different values cannot be drawn.
    """
    rng = talk.rng
    wanted = rng.randint(_FEWEST, _MOST)
    values: list[Said] = []
    for _ in range(wanted):
        said = talk.values.draw(parameter, [v for known in values for v in (known.value, known.text)])
        if said is None:
            raise NoValueError(parameter.name)
        values.append(Said(said.value, str(said.value), said.kind))
    own = parameter.name.split(".")[-1]
    by_id = values[0].kind == "id"
    key = rng.choice((own, own, "id" if by_id else "name"))
    names = rng.sample(WORDS["title" if rng.random() < 0.7 else "company"], wanted) if by_id else []
    prices = rng.sample(range(5, 400), wanted)
    beside = rng.sample(("price", "rating", "distance_km", "stock"), rng.randint(0, 2))
    records: list[dict[str, Any]] = []
    for i, said in enumerate(values):
        record: dict[str, Any] = {key: said.value}
        if by_id:
            record[rng.choice(("name", "title")) if i == 0 else list(records[0])[1]] = names[i]
        record |= {
            field: prices[i] if field == "price" else round(rng.uniform(1, 90), 1) for field in ("price", *beside)
        }
        records.append(record)
    return Listed(records, values, names or [said.text for said in values], prices)


def pick(talk: Conversation, listed: Listed, at: int, *, ids: bool) -> str:
    """How the user names the thing at a place.

    Args:
        talk: The conversation.
        listed: What there is.
        at: Which of it is meant, from 0.
        ids: Whether the assistant told the ids.
    """
    p, count = talk.phrases, len(listed.records)
    place = _PLACES[at]
    ways = [
        f"the {place} one", f"the {place}", f"the {place} one", f"number {at + 1}", f"{at + 1}" if not ids else place,
        talk.mark(listed.names[at]), talk.mark(listed.names[at]), f"the {talk.mark(listed.names[at])} one",
    ]  # fmt: skip
    if at == count - 1:
        ways += ["the last one", "the last one"]
    if at == count - 2:
        ways += ["the last but one"]
    if count == 3 and at == 1:
        ways += ["the middle one", "the one in the middle"]
    if listed.prices[at] == min(listed.prices):
        ways += ["the cheapest", "the cheapest one", "the least expensive one"]
    if listed.prices[at] == max(listed.prices):
        ways += ["the most expensive one", "the dearest"]
    ways += [f"the one for {listed.prices[at]}"]
    if listed.values[at].kind == "id":
        ways += [talk.mark(listed.values[at].text)] * 3
    return p.pick(ways)


def chosen(talk: Conversation, tool: ToolSchema, given: Sequence[Given], which: str, *, asked: bool) -> str:
    """The user's words for a call that takes the thing, and other values.

    Args:
        talk: The conversation.
        tool: To be called.
        given: The other values.
        which: What the thing is called, see `pick`.
        asked: Whether the assistant has asked which one the tool should take, so that naming it is enough.
    """
    p = talk.phrases
    verb, thing, rest = p.tasks.task(tool, list(given), brief=True)
    more = " ".join(p.attach(g, True) for g in rest)
    if max(map(ord, f"{verb}{thing}")) >= MARK:  # a value stands in the task itself
        return p.pick((f"{p.request(tool, given)} {which}", f"{which}. {p.request(tool, given)}"))
    forms = [
        f"{verb} {which} {more}", f"{verb} {which} {more}", f"please {verb} {which} {more}",
        f"can you {verb} {which} {more}?", f"{which}, {verb} it {more}", f"{which}. {p.request(tool, given)}",
        f"{verb} {thing} {more}, {which}", f"{verb} {thing} {more}: {which}", f"I want to {verb} {which} {more}",
    ]  # fmt: skip
    if asked:
        forms += [
            f"{which} {more}", f"{which}, please {more}", f"I'll take {which} {more}", f"let's take {which} {more}",
            f"{which} then {more}", f"I'd go for {which} {more}", f"{which} sounds good {more}",
        ] * 2  # fmt: skip
    return p.pick(forms)


def which_one(talk: Conversation, tool: ToolSchema, parameter: Parameter) -> str:
    """The assistant asks which of the things a tool should take."""
    verb, thing, _ = talk.phrases.tasks.task(tool, [], brief=True)
    return talk.phrases.pick(
        (
            f"Which one should I take to {verb} {thing}?",
            f"Which {label(parameter)} should I use?",
            f"Which of them, to {verb} {thing}?",
            f"Shall I {verb} {thing}? Which one?",
        )
    )
