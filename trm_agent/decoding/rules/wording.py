"""Spans that end where the words do: at quotes, at the ends of codes and paths, before the parameter's own noun.

The model points at words it has not been taught the ends of. What the text itself marks (quotes, the dots of an
abbreviation, a path without blanks) and what the parameter's name repeats ("the Spring season" for `season`) says
where a value starts and ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import lru_cache, partial

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.rules.spans import moved
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import parameter_words
from trm_agent.text.language import word_list
from trm_agent.text.nouns import singular
from trm_agent.types import Slot, Span, identifier_words

_QUOTED = re.compile(
    r"(?<![\w'])'(?=\S)((?:[^'\n]|(?<=\w)'(?=\w))+?)(?<=\S)'(?![\w'])"
    r'|(?<![\w"])"(?=\S)([^"\n]+?)(?<=\S)"(?![\w"])|“([^”\n]+)”|`([^`\n]+)`'
)
_WORD = re.compile(r"[^\W\d_]+")
_LAST = re.compile(r"(?:(\S+)[\s-]+)?(?:([^\W\d_]+)[\s-]+)([^\W\d_]+)$")
UNFILLED = 0.1
"""Up to this probability of being filled, a slot is not read, and its spans are left as they are."""
NEAR = 2
"""Words that may stand between a parameter's name and the quoted text that it names."""


def word_spans(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, spans of text moved to where the words they stand for start and end.

    Spans that become the same add up.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots, history = scene.slots, scene.history
    if not scene.fits(prediction):
        return prediction
    out = list(prediction.slots)
    for i, slot in enumerate(slots):
        if out[i].spans and out[i].filled > UNFILLED and slot.parameter.type == "string":
            own, tools = slot_words(slot)
            out[i] = replace(out[i], spans=moved(out[i].spans, history, partial(_worded, own=own, tools=tools)))
    return replace(prediction, slots=tuple(out))


def slot_words(slot: Slot) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words of a parameter's name, in order, and those of the tools that read it; without plurals."""
    return _slot_words(slot.parameter.name, slot.tools)


@lru_cache(maxsize=8192)
def _slot_words(name: str, tools: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    own = tuple(map(singular, parameter_words(name).split()))
    return own, frozenset(singular(word) for tool in tools for word in identifier_words(tool).split())


@lru_cache(maxsize=32_768)
def _worded(text: str, place: Span, own: tuple[str, ...], tools: frozenset[str]) -> Span:
    quoted = _to_quote(text, place, own)
    if quoted != place:
        return quoted
    return _to_period(text, _without_noun(text, _to_token(text, place), own, tools))


@lru_cache(maxsize=4096)
def quotes(text: str) -> tuple[Span, ...]:
    """Where quoted texts stand, without their quotes; a text that is quoted as a whole has none."""
    found = [Span.of(match, match.lastindex or 0) for match in _QUOTED.finditer(text)]
    return tuple(place for place in found if 10 * (place[1] - place[0]) < 9 * len(text.strip()))


def _to_quote(text: str, place: Span, own: Sequence[str]) -> Span:
    """The quoted text that a span overlaps, or whose parameter's name it is; the one named, where there are several."""
    places = quotes(text)
    over = [quote for quote in places if place.overlaps((quote.start - 1, quote.end + 1))]
    if not over:
        said = set(map(singular, _WORD.findall(place.text(text))))
        after = next((quote for quote in places if place[1] <= quote[0] <= place[1] + 4), None)
        return after if after and said and said <= set(own) else place
    if len(over) == 1 and place.within(over[0]):
        return over[0]
    named = [quote for quote in over if _named(text, quote, own)]
    if len(over) > 1 or named:
        return (named or over)[-1]
    inside = max(0, min(place[1], over[0][1]) - max(place[0], over[0][0]))
    return over[0] if 2 * inside >= place[1] - place[0] else place


def _named(text: str, quote: Span, own: Sequence[str]) -> bool:
    """Whether the parameter's last word stands just before a quoted text."""
    before = [singular(word) for word in _WORD.findall(text[: quote[0]])[-NEAR:]]
    return bool(own) and own[-1] in before


_TOKEN = re.compile(r"[\w@~][\w@~/\\.:#+&%=?-]*(?<![.:?&=-])")
_INNER = re.compile(r"[@~/\\_]|\w[.:]\w|\w-\w")


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[Span, ...]:
    """Words that hold more than letters and digits: paths, addresses, codes, words with hyphens."""
    return tuple(Span.of(match) for match in _TOKEN.finditer(text) if _INNER.search(match.group()))


def _to_token(text: str, place: Span) -> Span:
    start, end = place
    for first, last in _tokens(text):
        if first < start < last:
            start = first
        if first < end < last:
            end = last
    return Span(start, end)


_SHORT = re.compile(r"(?:\b(?:Inc|Ltd|Co|Corp|Jr|Sr|Bros|Dept|Univ|Ave|Blvd)|(?<!\w)(?:[A-Z]\.)+[A-Z])$")


def _to_period(text: str, place: Span) -> Span:
    """With the period of an abbreviation."""
    if text[place[1] : place[1] + 1] == "." and _SHORT.search(place.text(text)):
        return Span(place.start, place.end + 1)
    return place


_EMPTY = word_list("no_modifiers")


def _without_noun(text: str, place: Span, own: Sequence[str], tools: Set[str]) -> Span:
    """Without a last word that only repeats the parameter's name or its tool's ("theft crimes" for `crime_type`).

    It stays where it is part of what is named ("Empire State Building", `hotel_name`), or the head of the parameter's
    name ("upper class" for `social_class`); for a name of one word, only proper names lose it ("Spring season").
    """
    start, end = place
    names = (tools - {own[-1]}) | set(own[:-1] or own) if own else frozenset()
    plain = len(own) == 1 or own[-1:] == ("name",)
    while match := _LAST.search(text, start, end):
        before, last = match[2], match[3]
        if singular(before + last) in own and match[1] and match[1].lower() not in _EMPTY:
            end = match.end(1)
        elif singular(last) in names and before.lower() not in _EMPTY and _apart(before, last, plain):
            end = match.end(2)
        else:
            break
    return Span(start, end)


def _apart(before: str, last: str, plain: bool) -> bool:
    """Whether a last word is none of a proper name's, and follows one where the parameter has a plain name."""
    return before[0].isupper() and not last[0].isupper() if plain else not (before[0].isupper() and last[0].isupper())
