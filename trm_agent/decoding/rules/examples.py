"""Values that a declaration names and the user says: "in Celsius" where the unit is "'Celsius' or 'Fahrenheit'".

A text whose description quotes values or gives examples is nearly a closed list. Where the user's last message has
one of these in so many words, it is the value, though the model may think that such a parameter is left at its
default: of 60 such words in BFCL's requests for one call 53 are (docs/log.md, 2026-11-27). Likewise a closed list of
which one entry is said, unless the word says what the tool or the parameter is for ("movie" for a `movie_type`).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.decoding.rules.spans import NAMED, surer
from trm_agent.decoding.scene import Scene
from trm_agent.text.language import word_list
from trm_agent.types import Parameter, Span, ToolSchema, identifier_words
from trm_agent.values import described_names

MADE = 0.5
"""Probability of a call below which nothing is filled."""
SURE = 0.9
"""Least probability of being filled for a slot whose example is said."""
SAID = 0.2
"""Share of a slot's spans that a said example has where the model points at none of its words."""
_GENERAL = word_list("general_values")


def say_examples(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, slots of a call that is made now set to what the user says of what their declaration names.

    Args:
        prediction: For a decision point.
        scene: Where it was made; nothing changes unless the user spoke last.
    """
    if not scene.answers_user(prediction) or not prediction.call >= MADE:
        return prediction
    tool, slots, text = scene.meant(prediction), scene.slots, scene.request
    own = [i for i, slot in enumerate(slots) if tool.name in slot.tools]
    out = list(prediction.slots)
    last = len(scene.history) - 1
    found = {i: places for i in own if out[i].spans and (places := _said(slots[i].parameter, text))}
    found |= {i: places for i in own if (places := _chosen(slots[i].parameter, out[i], tool, text))}
    for i, places in found.items():
        others = [prediction.slots[j] for j in own if j != i]
        free = [
            place for place in places if not any(_takes(other, prediction.slots[i], last, place) for other in others)
        ]
        if free:
            chosen = slots[i].parameter.choices
            out[i] = _entered(out[i], chosen, text, free) if chosen else _filled(out[i], last, free)
    return replace(prediction, slots=tuple(out))


def _said(parameter: Parameter, text: str) -> tuple[Span, ...]:
    """Where a text has what the declaration of an open text names."""
    if parameter.type != "string" or parameter.choices:
        return ()
    names = frozenset(name for name in described_names(parameter) if name.casefold() not in _GENERAL)
    return _places(names, text) if names else ()


def _chosen(parameter: Parameter, said: SlotPrediction, tool: ToolSchema, text: str) -> tuple[Span, ...]:
    """Where a text has the one entry of a closed list that it names, if the slot would be left empty."""
    if parameter.type == "array" or not said.choices or said.filled > said.empty or said.dontcare > said.empty:
        return ()
    known = f"{identifier_words(tool.name)} {tool.description} {identifier_words(parameter.name)}".casefold()
    names = [choice for choice in parameter.choices if isinstance(choice, str) and len(choice) > 2]
    told = [name for name in names if name.casefold() not in _GENERAL and not _places(frozenset((name,)), known)]
    places = {name: found for name in told if (found := _places(frozenset((name,)), text))}
    return next(iter(places.values())) if len(places) == 1 else ()


def _entered(said: SlotPrediction, choices: Sequence[Any], text: str, places: Sequence[Span]) -> SlotPrediction:
    """Filled with the entry of a closed list that stands there."""
    name = places[0].text(text).casefold()
    odds = [SURE if str(choice).casefold() == name else 0.0 for choice in choices]
    total = math.fsum(p for p, named in zip(said.choices, odds, strict=True) if not named)
    rest = (1 - SURE) / total if total > 0 else 0.0
    said = replace(said, choices=tuple(named or p * rest for p, named in zip(said.choices, odds, strict=True)))
    return surer(said, SURE)


@lru_cache(maxsize=8192)
def _places(names: frozenset[str], text: str) -> tuple[Span, ...]:
    """Where names stand as words, the longer ones first, none of them within a longer proper name."""
    out: list[Span] = []
    for name in sorted(names, key=lambda name: (-len(name), name)):
        for found in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE):
            place = Span.of(found)
            if not any(map(place.overlaps, out)) and not _within_name(text, place):
                out.append(place)
    return tuple(sorted(out))


_NAME_BEFORE = re.compile(r"[A-Z]\w+,\s$")
_NAME_AFTER = re.compile(r",?\s[A-Z][A-Za-z]")


def _within_name(text: str, place: Span) -> bool:
    """Whether a name goes on around one that has a capital: "New York" in "New York Knicks", "MA" in "Boston, MA"."""
    if not text[place[0]].isupper():
        return False
    return _NAME_AFTER.match(text, place[1]) is not None or _NAME_BEFORE.search(text[: place[0]]) is not None


def _takes(other: SlotPrediction, said: SlotPrediction, message: int, place: Span) -> bool:
    """Whether a place is among the words that another slot surely has, more than this one has it."""
    if not other.spans or other.filled < SURE:
        return False
    best = other.spans[0]
    within = best.message == message and place.within(best.span)
    return within and _mass(other, message, place) > _mass(said, message, place)


def _mass(said: SlotPrediction, message: int, place: Span) -> float:
    """How probable it is that a slot has words of a place."""
    over = (s.probability for s in said.spans if s.message == message and place.overlaps(s.span))
    return said.filled * math.fsum(over)


def _filled(said: SlotPrediction, message: int, places: Sequence[Span]) -> SlotPrediction:
    """Filled, spans over a place moved to it and weighed up."""
    odds: dict[tuple[int, int, int], float] = defaultdict(float)
    for start, end in places:
        odds[message, start, end] += SAID
    for span in said.spans:
        over = [p for p in places if span.message == message and p.overlaps(span.span)]
        key = (message, *over[0]) if len(over) == 1 else (span.message, span.start, span.end)
        odds[key] += span.probability
    weights = {key: p * (NAMED if key[0] == message and key[1:] in places else 1.0) for key, p in odds.items()}
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    spans = tuple(type(said.spans[0])(*key, probability=weight / total) for key, weight in ranked)
    return surer(replace(said, spans=spans), max(said.filled, SURE))
