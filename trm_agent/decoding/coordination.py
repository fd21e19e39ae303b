"""Values that are said in the same way: "a radius of 5 …, a radius of 10", "from Rome to Oslo …, from Bern to Paris".

One call's value stands somewhere in a message; those of the calls beside it stand in an enumeration with it, or where
the same words lead up to them. Places are characters, start and end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from trm_agent.features.tool_index import ToolWords
from trm_agent.text.language import word_list
from trm_agent.text.sentences import clauses
from trm_agent.types import Span, ToolSchema, identifier_words
from trm_agent.values.lists import split
from trm_agent.values.numbers import read_number

CLEAR = 1.2
"""How many times more words a clause must share with a tool than with any other to be its own."""
_NUMERAL = re.compile(r"(?<![\w.,])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w^])(?!,\d{3})(?!\.\d)%?")
_QUOTED = re.compile(r"(?<!\w)(['\"“‘])([^'\"“”‘’]{1,60})['\"”’](?!\w)")
_NAME = re.compile(r"[A-Z][\w'’.-]*\w(?:,? (?:of |the |de )?[A-Z][\w'’.-]*\w|\s\d+(?:st|nd|rd|th)?\b)*")
_WORD = re.compile(r"[^\W\d_]+")
_LED = re.compile(r"(?<!\w)(?:in|for|to|of|at|on|from|with|near)\s+$", re.IGNORECASE)
"""What leads up to an enumeration, and may lead up to each of its items again ("in Rome and in Oslo")."""
_INSIDE = re.compile(r"\b(?:with|for|from|to|at|about|between)\s")
"""What one value holds, rather than an item of several ("lunch with Ann and Bo")."""
_JOINED = re.compile(
    r"\s*(?:%|[^\W\d_]+(?:\s[^\W\d_]+)?)?\s*(?:,|;|,?\s(?:and|or)\s|&)\s*(?:then\s+|also\s+)?[$€£]?\s*"
)
_AND = re.compile(r"\b(?:and|or)\b|&", re.IGNORECASE)
RESPECTIVELY = re.compile(r"\b(?:respectively|in that order|in this order)\b", re.IGNORECASE)
_WEAK = word_list("weak_cues")


def items(text: str, place: Span) -> list[Span]:
    """The places of an enumeration's items; nothing unless an "and" or the like joins two or more.

    "Lunch with Ann and Bo" is one value; "Bern, Switzerland and Rome, Italy" are two.
    """
    start, end = place
    words = text[start:end]
    number = not re.search(r"\d", words) and read_number(words) is not None
    if number or not re.search(r"\s(?:and|or|&)\s", words):
        return []
    found: list[Span] = []
    at = start
    led = _LED.search(text[:start])
    for item in split(words):
        at = text.index(item, at)
        repeated = len(led[0]) if led and item.lower().startswith(led[0].lower()) else 0
        found.append(Span(at + repeated, at + len(item)))
        at += len(item)
    alike_said = not any(_INSIDE.search(place.text(text)) for place in found)
    found = _grouped(text, found)
    return found if len(found) > 1 and alike_said else []


def _grouped(text: str, found: Sequence[Span]) -> list[Span]:
    """Items that belong together: as many at a time as there are after the last "and"."""
    gaps = [text[before[1] : after[0]] for before, after in pairwise(found)]
    size = next((n for n, gap in enumerate(reversed(gaps), 1) if _AND.search(gap)), 1)
    if size == 1 or len(found) % size:
        return list(found)
    return [Span(found[at].start, found[at + size - 1].end) for at in range(0, len(found), size)]


def alike(text: str, place: Span, beside: Sequence[Span] = ()) -> list[Span]:
    """The places said like this one, in their order and with it: numerals for a numeral, names and quotes for those.

    Args:
        text: Of the message.
        place: Of a value.
        beside: Of the other values of the same call. Where one stands in an enumeration with `place` ("3 and 4"), each
            enumeration belongs to one call, and what has the same rank in others is alike ("5 and 12").
    """
    found = _numerals(text) if re.match(r"[-$€£]?\d", place.text(text)) else _names(text)
    ordered = sorted((*(other for other in found if not other.overlaps(place)), place))
    runs = _runs(text, ordered)
    own = next(run for run in runs if place in run)
    if any(item.overlaps(other) for other in beside for item in own):
        rank = own.index(place)
        return [run[rank] for run in runs if len(run) == len(own)]
    cue = _cue(text[: own[0][0]])
    return [item for run in runs if cue and _cue(text[: run[0][0]]) == cue for item in run]


@lru_cache(maxsize=256)
def _numerals(text: str) -> tuple[Span, ...]:
    return tuple(map(Span.of, _NUMERAL.finditer(text)))


@lru_cache(maxsize=256)
def _names(text: str) -> tuple[Span, ...]:
    quoted = [Span.of(match, 2) for match in _QUOTED.finditer(text)]
    named = map(Span.of, _NAME.finditer(text))
    return (*quoted, *(place for place in named if not any(map(place.overlaps, quoted))))


def _runs(text: str, places: Sequence[Span]) -> list[list[Span]]:
    """The places in enumerations: one run each, most of a single place."""
    runs: list[list[Span]] = []
    for place in places:
        if runs and _JOINED.fullmatch(text[runs[-1][-1][1] : place[0]]):
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def joined(text: str, places: Sequence[Span]) -> bool:
    """Whether places stand one after the other with nothing but a comma, "and" or the like between them."""
    ordered = sorted(places)
    return all(_JOINED.fullmatch(text[before[1] : after[0]]) for before, after in pairwise(ordered))


def _cue(before: str) -> str:
    """The word that leads up to a place, and the one before where that says little."""
    words = [word.lower() for word in _WORD.findall(re.split(r"[.;?!]\s", before)[-1])[-3:]]
    kept: list[str] = []
    for word in reversed(words):
        kept.append(word)
        if word not in _WEAK:
            break
    return " ".join(reversed(kept))


def tool_clauses(text: str, tools: Sequence[ToolSchema]) -> list[tuple[Span, int | None]]:
    """Each clause with the tool that it shares most words with, or that the one before has; None before any has.

    Args:
        text: Of a message.
        tools: Which are called there.
    """
    words = ToolWords(tools, [_tool_text(tool) for tool in tools])
    out: list[tuple[Span, int | None]] = []
    last: int | None = None
    for place in clauses(text):
        ranked = sorted(enumerate(words.shared(place.text(text))), key=lambda pair: -pair[1])
        if ranked[0][1] > CLEAR * ranked[1][1]:
            last = ranked[0][0]
        out.append((place, last))
    return out


def _tool_text(tool: ToolSchema) -> str:
    names = [identifier_words(parameter.name) for parameter in tool.parameters]
    return " ".join((identifier_words(tool.name), identifier_words(tool.name), tool.description, *names))
