"""Lists as they are said: "85, 90 and 88", "[1, 2]", "'Age' and 'Income'", "the S&P 500 and the Dow Jones".

The model points at an item or two; the text says where the enumeration starts and ends. Two lists of numbers in one
text go to the parameters named beside them, or by their order where the names differ in a number only. Of a closed
list, all entries that the user names are meant, not just the likeliest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from typing import Any

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.binding import beside
from trm_agent.decoding.rules.spans import moved, weighed
from trm_agent.decoding.rules.wording import UNFILLED
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import parameter_words
from trm_agent.text.language import word_list
from trm_agent.text.nouns import singular
from trm_agent.types import Message, Parameter, Slot, Span, identifier_words

_NUMBER = r"[-+]?[$€£]?\d+(?:,\d{3})*(?:\.\d+)?%?"
_AND = r"(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+)"
_BRACKETS = re.compile(r"\[\s*\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])*\s*\]|\[[^\[\]\n]+\]")
_PAIR = re.compile(rf"\(\s*{_NUMBER}(?:\s*,\s*{_NUMBER})+\s*\)")
_NUMBERS = re.compile(
    rf"(?<![\w.,$€£+-]){_NUMBER}(?:(?:\s*,\s+(?:(?:and|or)\s+)?|\s+(?:and|or)\s+|,(?!\d{{3}}(?!\d))){_NUMBER})+(?![\w-])"
)
_WORDS = re.compile(r"\b(?!(?:and|or)\b)[^\W\d_]{2}")
_QUOTE = r"(?:'[^'\n]+'|\"[^\"\n]+\"|“[^”\n]+”)"
_QUOTES = re.compile(rf"(?<!\w){_QUOTE}(?:{_AND}{_QUOTE})+(?!\w)")
LISTED = 8.0
"""Odds that a list of numbers gains over a single one where a list is asked for."""
SISTER = 8.0
"""Odds that a list gains where its parameter is named beside it, and loses where another is."""
ORDERED = 64.0
"""Odds that a list gains by its place among as many lists as there are parameters for them ("group1", "group2")."""
_SISTER = re.compile(r"(.*?)_?(\d+|[A-Z]|(?<![^_])[a-z])")


def spread(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, spans of lists extended to the enumeration that they lie in.

    Spans that become the same add up.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots, history = scene.slots, scene.history
    if not scene.fits(prediction) or scene.one_entry:
        return prediction
    out = list(prediction.slots)
    numeric = []
    for i, slot in enumerate(slots):
        if slot.parameter.type != "array" or not out[i].spans or out[i].filled <= UNFILLED:
            continue
        if _item_type(slot.parameter) in ("integer", "number"):
            numeric.append(i)
            out[i] = _numbers(out[i], history)
        elif _item_type(slot.parameter) == "string":
            out[i] = replace(out[i], spans=moved(out[i].spans, history, _extended))
    for i in numeric:
        sisters = [j for j in numeric if not slots[i].tools.isdisjoint(slots[j].tools)]
        if len(sisters) > 1:
            out[i] = _told_apart(out[i], i, {j: slots[j] for j in sisters}, scene)
    return replace(prediction, slots=tuple(out))


def _item_type(parameter: Parameter) -> str:
    items = parameter.schema.get("items")
    return str(items.get("type", "string")) if isinstance(items, Mapping) else "string"


def _numbers(said: SlotPrediction, history: Sequence[Message]) -> SlotPrediction:
    """Numbers go to their list; lists gain over single numbers."""
    spans = moved(said.spans, history, lambda text, place: _within(number_lists(text), place) or place)
    return weighed(replace(said, spans=spans), [LISTED if _is_list(span, history) else 1.0 for span in spans])


def _told_apart(said: SlotPrediction, i: int, sisters: Mapping[int, Slot], scene: Scene) -> SlotPrediction:
    """Of several lists the one that is the slot's by its place or, failing that, by the words before it."""
    last, lists = scene.last_user, number_lists(scene.request)
    if len(lists) < 2:
        return said
    names = {j: parameter_words(slot.parameter.name).split() for j, slot in sisters.items()}
    if len(lists) == len(sisters) and _numbered([slot.parameter.name for slot in sisters.values()]):
        mine = (last, *lists[list(sisters).index(i)])
        return weighed(said, [ORDERED if (s.message, s.start, s.end) == mine else 1.0 for s in said.spans])
    own = set(map(singular, names[i]))
    others = {singular(word) for j, words in names.items() if j != i for word in words}
    return weighed(said, [_beside(span, scene.history, own - others, others - own) for span in said.spans])


def _numbered(names: Sequence[str]) -> bool:
    """Whether names differ in a number or a letter at their end only: "group1", "group2"."""
    matches = [_SISTER.fullmatch(name.rsplit(".", 1)[-1]) for name in names]
    return len({match[1] if match else None for match in matches}) == 1 and None not in matches


def _beside(span: SpanCandidate, history: Sequence[Message], own: Set[str], others: Set[str]) -> float:
    if not 0 <= span.message < len(history):
        return 1.0
    words = beside(history[span.message].text, span.start, span.end)[0]
    mine, theirs = not words.isdisjoint(own), not words.isdisjoint(others)
    return 1.0 if mine == theirs else SISTER if mine else 1 / SISTER


def _is_list(span: SpanCandidate, history: Sequence[Message]) -> bool:
    return 0 <= span.message < len(history) and (span.start, span.end) in number_lists(history[span.message].text)


def _within(places: Sequence[Span], place: Span) -> Span | None:
    """The first of some places that a place overlaps."""
    return next(filter(place.overlaps, places), None)


@lru_cache(maxsize=4096)
def number_lists(text: str) -> tuple[Span, ...]:
    """Where lists of numbers stand: in brackets, or one after the other."""
    found: list[Span] = []
    for match in (*_BRACKETS.finditer(text), *_PAIR.finditer(text), *_NUMBERS.finditer(text)):
        said, place = match.group(), Span.of(match)
        if re.search(r"\d", said) and not _WORDS.search(said) and not _within(found, place):
            found.append(place)
    return tuple(sorted(found))


def _extended(text: str, place: Span) -> Span:
    """A list that marks show, or that one item is part of; a place that holds several items is one already."""
    marked = _within(text_lists(text), place)
    return marked or (place if _JOINT.search(place.text(text)) else _free(text, place))


@lru_cache(maxsize=4096)
def text_lists(text: str) -> tuple[Span, ...]:
    """Where lists of texts stand that brackets or quotes mark."""
    found: list[Span] = []
    for match in (*_BRACKETS.finditer(text), *_QUOTES.finditer(text)):
        if not _within(found, place := Span.of(match)):
            found.append(place)
    return tuple(sorted(found))


_TOKEN = re.compile(r"[^\s,;:!?()\[\]{}\"“”]+|[,;:!?()\[\]{}\"“”\n]")
_STOP = word_list("ends_lists")
_JOINT = re.compile(rf",|\b(?:{'|'.join(map(re.escape, sorted(word_list('joining'))))})\b|&")
_ARTICLES = word_list("articles") | {"also"}
_JOINTS = word_list("joining") | {"&"}
_LONGEST = 4
"""Words of an item."""
SHORT = 3
"""Letters of an abbreviation."""


@lru_cache(maxsize=4096)
def free_lists(text: str) -> tuple[tuple[Span, ...], ...]:
    """Items said one after the other, without marks: each list as the places of its items."""
    found: list[tuple[Span, ...]] = []
    items: list[list[Span]] = [[]]
    joined = False
    for match in (*_TOKEN.finditer(text), None):
        word = match.group() if match else "."
        bare = word.rstrip(".'’")
        lower = bare.lower()
        if lower in _JOINTS or word == ",":
            joined = joined or (word != "," and bool(items[0]))
            items += [[]] if items[-1] else []
            continue
        stops = lower in _STOP or not _tells(bare) or (lower in _ARTICLES and bool(items[-1]))
        if match and not stops and lower not in _ARTICLES:
            items[-1].append(Span(match.start(), match.start() + len(bare)))
        if stops or _ends(word, bare):
            found += _listed(items, joined)
            items, joined = [[]], False
    return tuple(found)


def _tells(bare: str) -> bool:
    return len(bare) > 1 or bare.isalnum()


def _ends(word: str, bare: str) -> bool:
    """Whether a sentence ends with a word; after a few letters, the period may be that of an abbreviation."""
    return word.endswith(".") and len(bare) > SHORT


def _listed(items: Sequence[Sequence[Span]], joined: bool) -> list[tuple[Span, ...]]:
    """Of two items, "and" must stand between them; a comma may be that of "Paris, France"."""
    places = tuple(Span(item[0].start, item[-1].end) for item in items if item)
    return [places] if len(places) > 2 or (len(places) == 2 and joined) else []


def _free(text: str, place: Span) -> Span:
    """From the item that a span starts in to the last one; items before it too."""
    for places in free_lists(text):
        first = next((i for i, item in enumerate(places) if item[0] <= place[0] < item[1]), None)
        if first is None or place[1] > places[-1][1]:
            continue
        short = [len(item.text(text).split()) <= _LONGEST for item in places]
        if not all(short):
            return place
        start = place[0] if first == 0 else places[0][0]
        end = place[1] if place[1] > places[-1][0] else places[-1][1]
        return Span(start, end)
    return place


def named_with(likeliest: Any, parameter: Parameter, scene: Scene) -> list[Any]:
    """Entries of a list's closed list: those of the user's last message, or of the last that names the likeliest."""
    if named := named_choices(parameter, scene.request):
        return named
    said = (message.text for message in scene.history[::-1] if message.role == "user")
    return next((named for text in said if likeliest in (named := named_choices(parameter, text))), [])


def named_choices(parameter: Parameter, said: str) -> list[Any]:
    """The entries of a list's closed list that a text names, in the order in which it does."""
    places = [(place, i) for i, choice in enumerate(parameter.choices) if (place := _mention(str(choice), said)) >= 0]
    return [parameter.choices[i] for _, i in sorted(places)]


def _mention(choice: str, text: str) -> int:
    """Where a text names a choice: by all its words close together, in any order and number; -1 if it does not."""
    if len(choice) <= 2:
        # "pH" is ph, but "us" is not US.
        found = re.finditer(rf"(?<!\w){re.escape(choice)}(?!\w)", text, re.IGNORECASE)
        return next((one.start() for one in found if one[0] == choice or not choice.isupper()), -1)
    words = [singular(word) for word in re.findall(r"\w+", identifier_words(choice))]
    said = _said(text)
    places = {word: [i for i, other in enumerate(said) if other == word] for word in words}
    for i in range(len(said)):
        if said[i] in places and all(any(abs(k - i) <= len(words) for k in where) for where in places.values()):
            return i
    return -1


@lru_cache(maxsize=1024)
def _said(text: str) -> tuple[str, ...]:
    """The words of a text, without their plurals."""
    return tuple(map(singular, re.findall(r"\w+", text)))
