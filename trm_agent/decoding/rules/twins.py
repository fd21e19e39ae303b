"""Parameters that only a number tells apart: what is said first is the first one's.

"The compatibility of Aries with Gemini" has two signs for `sign1` and `sign2`, and the model knows them for signs, but
hardly which is which. Such twins take the places that they point at most, together, in the order of the text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.spans import weighed
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import says_nothing
from trm_agent.types import Slot, identifier_words

ONE_CALL = 0.8
"""Probability of a single call from which on twins share out what is said."""
EAGER = 0.25
"""Least probability of being filled for a twin to take part."""
SHARE = 0.02
"""Least share of the twins' spans for a place to be one of those that are shared out."""
MOST = 0.6
"""Least share of the twins' spans that these places must have together."""
ORDERED = 64.0
"""Odds that a place gains for the twin whose it is by the order."""
ALIKE = 0.5
"""Least share of words that the descriptions of twins have in common, ranks and numbers apart."""
_WORD = re.compile(r"\w+")
_RANKS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "one": 1, "two": 2, "three": 3, "a": 1, "b": 2, "c": 3}


def order_twins(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, spans of twins weighed by their order in a message.

    Args:
        prediction: For a decision point; nothing changes unless it means a single call.
        scene: Where it was made.
    """
    slots = scene.slots
    if not scene.fits(prediction) or not prediction.calls[0] >= ONE_CALL:
        return prediction
    out = list(prediction.slots)
    for group in twins(slots):
        asking = [i for i in group if out[i].spans and out[i].filled >= EAGER]
        places = _places([out[i] for i in asking], len(asking)) if len(asking) > 1 else []
        for i, place in zip(asking, places, strict=False):
            out[i] = _given(out[i], place, places)
    return replace(prediction, slots=tuple(out))


def twins(slots: Sequence[Slot]) -> list[list[int]]:
    """Places of open slots of one tool and type whose names differ in their number alone, each group in order."""
    groups: defaultdict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)
    for i, slot in enumerate(slots):
        if not slot.readers or slot.parameter.choices or slot.parameter.type in ("array", "object", "boolean"):
            continue
        if (found := _numbered(slot.parameter.name)) is not None:
            groups[slot.tools, slot.parameter.type, found[0]].append((found[1], i))
    kept = [sorted(group) for group in groups.values() if len({rank for rank, _ in group}) == len(group) > 1]
    return [[i for _, i in group] for group in kept if _described_alike([slots[i] for _, i in group])]


def _described_alike(group: Sequence[Slot]) -> bool:
    """Whether descriptions speak of one kind of thing: `param_1` and `param_2` may be a city and a day.

    Of names that say nothing nothing but the rank may differ; a description that is missing differs from none.
    """
    told = [words for slot in group if (words := _described(slot.parameter.description))]
    least = 1.0 if says_nothing(group[0].parameter.name) else ALIKE
    return all(len(a & b) >= least * len(a | b) for a, b in pairwise(told))


@lru_cache(maxsize=8192)
def _described(description: str) -> frozenset[str]:
    words = (word.lower() for word in _WORD.findall(description))
    return frozenset(word for word in words if word not in _RANKS and not re.fullmatch(r"\d+(?:st|nd|rd|th)?", word))


@lru_cache(maxsize=8192)
def _numbered(name: str) -> tuple[str, int] | None:
    """What a name counts, and which it is: `city_2` and `second_city` are ("city", 2)."""
    words = identifier_words(name).split()
    for at, word in enumerate(words):
        rest = words[:at] + words[at + 1 :]
        if found := re.fullmatch(r"([^\W\d_]*)(\d{1,2})", word):
            return " ".join([*rest, found[1]]).strip(), int(found[2])
        if rest and word in _RANKS and (len(word) > 1 or at == len(words) - 1):
            return " ".join(rest), _RANKS[word]
    return None


def _places(said: Sequence[SlotPrediction], count: int) -> list[tuple[int, int, int]]:
    """The places that the twins point at most, apart from one another, of one message; in the order of the text."""
    mass: defaultdict[tuple[int, int, int], float] = defaultdict(float)
    for one in said:
        for span in one.spans:
            mass[span.message, span.start, span.end] += span.probability
    out: list[tuple[int, int, int]] = []
    least = SHARE * sum(mass.values())
    for place in sorted(mass, key=lambda place: -mass[place]):
        apart = all(place[2] <= other[1] or other[2] <= place[1] for other in out)
        if len(out) < count and mass[place] >= least and apart and (not out or place[0] == out[0][0]):
            out.append(place)
    enough = sum(mass[place] for place in out) >= MOST * sum(mass.values())
    return sorted(out) if len(out) == count and enough else []


def _given(said: SlotPrediction, own: tuple[int, int, int], places: Sequence[tuple[int, int, int]]) -> SlotPrediction:
    def odds(span: SpanCandidate) -> float:
        if (span.message, span.start, span.end) == own:
            return ORDERED
        theirs = (place for place in places if place != own and place[0] == span.message)
        return 1 / ORDERED if any(span.span.overlaps(place[1:]) for place in theirs) else 1.0

    spans = said.spans
    if all((span.message, span.start, span.end) != own for span in spans):
        spans = (*spans, replace(spans[0], message=own[0], start=own[1], end=own[2], probability=SHARE))
    return weighed(replace(said, spans=spans), list(map(odds, spans)))
