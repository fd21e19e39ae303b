"""From where, to where, and amounts: which of two texts is whose, said by the little words before them.

"Convert 250 dollars to euros": `from_currency` and `to_currency` would both take the euros, and the dollars come with
their number. A text that "to" stands before belongs to the parameter named so, a text with such a word in it to none; a
text begins after the number that a parameter of the same tool takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.spans import moved, surer, weighed
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import parameter_words
from trm_agent.text.language import word_list
from trm_agent.types import Message, Slot, Span

SAID = 30.0
"""Odds that a text gains where the word before it says its parameter's direction."""
CONTRARY = 0.001
"""What is left of the odds of a text where the word before it, or a word in it, says the other direction."""
NAMED = 4.0
"""Odds that a required parameter gains of being filled, whose direction is said before its surest text."""
_FROM = word_list("from_names")
_TO = word_list("to_names")
_BEFORE = {"from": "from", "leaving": "from", "departing": "from", "to": "to", "into": "to", "towards": "to"}
_LAST_WORD = re.compile(r"([^\W\d_]+)\s+(?:the\s+)?$")
_WORD = re.compile(r"[^\W\d_]+")
_AMOUNT = re.compile(r"[$€£]?\d[\d.,]*\s+(?=[^\W\d_]{2})")
_MEASURED = word_list("no_directions")


def point_directions(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, texts weighed by the direction said before them, without the numbers of sister parameters.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots, history = scene.slots, scene.history
    if not scene.fits(prediction):
        return prediction
    out = list(prediction.slots)
    for i, slot in enumerate(slots):
        if slot.parameter.type != "string" or not out[i].spans:
            continue
        taken = _numbers_of_sisters(i, slots, prediction.slots, history)
        if taken and _MEASURED.isdisjoint(parameter_words(slot.parameter.name).split()):
            out[i] = replace(out[i], spans=moved(out[i].spans, history, partial(_after_amount, taken=taken)))
        own = direction(slot)
        if own and any(direction(other) not in (None, own) for other in _sisters(i, slots)):
            out[i] = weighed(out[i], [_odds(span, own, history) for span in out[i].spans])
            if slot.parameter.required and _odds(out[i].spans[0], own, history) > 1:
                odds = NAMED * out[i].filled
                out[i] = surer(out[i], odds / (odds + 1 - out[i].filled))
    return replace(prediction, slots=tuple(out))


def direction(slot: Slot) -> str | None:
    """`from` or `to`, where the first or last word of a parameter's name says it."""
    words = parameter_words(slot.parameter.name).split()
    ends = {words[0], words[-1]} if words else set()
    if bool(ends & _FROM) == bool(ends & _TO):
        return None
    return "from" if ends & _FROM else "to"


def _sisters(i: int, slots: Sequence[Slot]) -> list[Slot]:
    return [slot for j, slot in enumerate(slots) if j != i and slots[i].tools & slot.tools]


def _numbers_of_sisters(
    i: int, slots: Sequence[Slot], said: Sequence[SlotPrediction], history: Sequence[Message]
) -> set[tuple[str, int]]:
    """Text of the message and start of the best span of each number of the same tool."""
    return {
        (history[answer.spans[0].message].text, answer.spans[0].start)
        for slot, answer in zip(slots, said, strict=True)
        if slot.parameter.type in ("integer", "number")
        and answer.spans
        and 0 <= answer.spans[0].message < len(history)
        and answer.filled > 0.5
        and slots[i].tools & slot.tools
    }


def _after_amount(text: str, place: Span, taken: set[tuple[str, int]]) -> Span:
    found = _AMOUNT.match(text, place[0], place[1])
    if found is None or (text, place[0]) not in taken:
        return place
    return Span(found.end(), place.end)


def _odds(span: SpanCandidate, own: str, history: Sequence[Message]) -> float:
    if not 0 <= span.message < len(history):
        return 1.0
    text = history[span.message].text
    if any(word in _BEFORE for word in _WORD.findall(text[span.start : span.end].lower())):
        return CONTRARY
    found = _LAST_WORD.search(text[: span.start])
    said = _BEFORE.get(found.group(1).lower()) if found else None
    return 1.0 if said is None else SAID if said == own else CONTRARY
