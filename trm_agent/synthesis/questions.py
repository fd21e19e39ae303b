"""Questions that a tool answers: who, when, where, how much; from what its name says that comes back.

Whoever wants to know something asks rather than orders: "When was the Treaty of Lisbon signed?" is as much a request
for a tool as "Get the date of the Treaty of Lisbon." Only tools that tell or work something out are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trm_agent.synthesis.cues import head, kind_of, label
from trm_agent.synthesis.draws import Draws
from trm_agent.synthesis.tasks import base_form
from trm_agent.synthesis.values import Given
from trm_agent.synthesis.words import INFO_VERBS
from trm_agent.types import ToolSchema, identifier_words

ANSWERING = INFO_VERBS | {"calculate", "compute", "determine", "estimate", "predict", "convert", "compare", "evaluate"}
"""Verbs of tools that change nothing and tell something."""

NAMEABLE = frozenset(
    (
        "animal", "artist", "book", "city", "company", "country", "device", "disease", "drug", "event", "food", "game",
        "hotel", "material", "movie", "person", "plant", "product", "region", "religion", "restaurant", "song", "sport",
        "team", "ticker", "title", "topic", "thing",
    )
)  # fmt: skip
"""Kinds of values that a question can be about by their words alone."""

_ABOUT_IT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"date|day|year|time|schedule|deadline|when|timeline|anniversary|history|event",
        ("when was {x}{more}?", "when is {x}{more}?", "when did {x} happen{more}?", "when did {x} start{more}?",
         "in what year was {x}{more}?", "on which day is {x}{more}?", "when does {x} take place{more}?"),
    ),
    (
        r"location|address|place|where|position|coordinates|nearby|origin|habitat|distribution",
        ("where is {x}{more}?", "where can I find {x}{more}?", "where was {x}{more}?",
         "where does {x} come from{more}?", "where do I find {x}{more}?"),
    ),
    (
        r"price|cost|fee|fare|value|rate|worth|salary|budget|quote",
        ("how much is {x}{more}?", "how much does {x} cost{more}?", "what does {x} cost{more}?",
         "how much would {x} be{more}?", "what is {x} worth{more}?"),
    ),
    (
        r"author|president|founder|director|inventor|discoverer|winner|leader|owner|artist|composer|creator|member"
        r"|player|person|biography|profile|actor|ruler|king|minister|captain|coach",
        ("who is {x}{more}?", "who was {x}{more}?", "who is behind {x}{more}?", "who made {x}{more}?",
         "who was in charge of {x}{more}?", "who is the {noun} of {x}{more}?", "who was the {noun} of {x}{more}?"),
    ),
    (
        r"population|count|number|amount|total|size|inventory|stock|statistics|score|points|record|distance|area|height",
        ("how many {noun} does {x} have{more}?", "how big is {x}{more}?", "how many {noun} are there for {x}{more}?",
         "how high is the {noun} of {x}{more}?", "how did {x} do{more}?"),
    ),
    (
        r"info|information|detail|details|description|facts?|summary|overview|definition|explanation|analysis|structure"
        r"|function|properties|type",
        ("what is {x}{more}?", "what do you know about {x}{more}?", "what can you tell me about {x}{more}?",
         "how does {x} work{more}?", "what is {x} made of{more}?", "what does {x} do{more}?", "what was {x}{more}?"),
    ),
    (
        r"status|progress|condition|health|availability|results?|performance",
        ("how is {x} doing{more}?", "how is {x}{more}?", "is {x} available{more}?", "what happened to {x}{more}?",
         "how far along is {x}{more}?", "did {x} win{more}?"),
    ),
    (
        r"",
        ("what is the {noun} of {x}{more}?", "what's the {noun} for {x}{more}?", "which {noun} does {x} have{more}?",
         "what are the {noun} of {x}{more}?", "what about the {noun} of {x}{more}?", "what {noun} is {x}{more}?",
         "do you know the {noun} of {x}{more}?", "how is the {noun} of {x}{more}?"),
    ),
)  # fmt: skip
"""Words of a name → what is asked about a value of the tool; the last fits any."""

_ABOUT_ALL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"distance|route|directions",
        ("how far is it{more}?", "how do I get there{more}?", "what is the way{more}?", "how long is the way{more}?"),
    ),
    (
        r"time|duration|schedule|date|deadline|hours",
        ("when is the {noun}{more}?", "how long does it take{more}?", "how long is the {noun}{more}?"),
    ),
    (
        r"price|cost|fee|fare|payment|interest|tax|salary|budget|tip|bill|rate",
        ("how much is the {noun}{more}?", "how much would it be{more}?", "how much do I have to pay{more}?",
         "how high is the {noun}{more}?", "what will the {noun} be{more}?"),
    ),
    (
        r"weather|forecast|temperature|climate",
        ("how is the weather{more}?", "will it rain{more}?", "how warm is it{more}?", "what's it like outside{more}?",
         "is it going to be sunny{more}?"),
    ),
    (
        r"population|count|number|amount|total|inventory|statistics|probability|area|volume|speed|energy|force|density",
        ("how many {noun} are there{more}?", "how much {noun} is there{more}?", "how big is the {noun}{more}?",
         "how large will the {noun} be{more}?", "how high is the {noun}{more}?"),
    ),
    (
        r"",
        ("which {noun} are there{more}?", "what would the {noun} be{more}?", "what will the {noun} be{more}?",
         "what was the {noun}{more}?", "which is the {noun}{more}?", "any {noun}{more}?",
         "what is the current {noun}{more}?",
         "are there any {noun}{more}?", "what kind of {noun} are there{more}?", "what {noun} would you suggest{more}?",
         "how do I find the {noun}{more}?", "where do I find the {noun}{more}?"),
    ),
)  # fmt: skip
"""Words of a name → what is asked of the tool as a whole."""


class Questions(Draws):
    """Draws what is asked."""

    def question(self, tool: ToolSchema, given: Sequence[Given]) -> tuple[str, list[Given]] | None:
        """A question with a place for `{more}`, and the values that are not in it; None where nobody would ask.

        Args:
            tool: What answers it.
            given: The values that are said.
        """
        words = [part.split() for part in (identifier_words(tool.name), identifier_words(tool.name.split(".")[-1]))]
        told = base_form(head(tool.description).split()[0]) if head(tool.description) else ""
        first = next((part[0] for part in reversed(words) if part and part[0] in ANSWERING), "")
        if not first and told not in ANSWERING:
            return None
        own = words[-1]
        noun = " ".join(own[1:] if first and own[0] == first else own)
        noun = re.split(r" (?:by|for|of|from|in|to|with|on|at|near|between) ", noun)[0].removesuffix(" info")
        if not noun:
            return None
        named = [g for g in given if kind_of(g.parameter) in NAMEABLE]
        if named and self.chance(0.6):
            x = self.pick(named[:2])
            frame = self._fitting(_ABOUT_IT, noun)
            return frame.replace("{x}", self._the(x)).replace("{noun}", noun), [g for g in given if g is not x]
        return self._fitting(_ABOUT_ALL, noun).replace("{noun}", noun), list(given)

    def _the(self, x: Given) -> str:
        """A value, now and then after what it is: "the event Treaty of Lisbon"."""
        return (
            f"the {label(x.parameter)} {x.shown}"
            if self.chance(0.12)
            else self.pick((x.shown, x.shown, f"the {x.shown}"))
        )

    def _fitting(self, table: tuple[tuple[str, tuple[str, ...]], ...], noun: str) -> str:
        rows = [frames for pattern, frames in table if pattern and re.search(rf"\b(?:{pattern})\b", noun)]
        if rows and self.chance(0.75):
            return self.pick(self.pick(rows))
        return self.pick(table[-1][1])
