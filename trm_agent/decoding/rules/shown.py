"""What tool results have shown: the names of their fields, and the values a span may stand for.

"How about Bert Epstein, a Psychologist?" – the result has a field `therapist_name` with "Bert Epstein" in it, so that
is where the value ends, wherever the model's span does.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trm_agent.decoding.prediction import Prediction, SpanCandidate
from trm_agent.decoding.rules.spans import moved
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import DEPTH, field_names, meant_fields
from trm_agent.types import Message, Span, identifier_words

_NAME = re.compile(r"[^\W\d_]{2}")
LONGEST = 100
"""Characters of a value."""
MOST_ROWS = 20


def shown_names(history: Iterable[Message]) -> set[str]:
    """The names of the fields that tool results have shown so far, in words."""
    return {name for m in history if m.role == "tool_response" for name in field_names(m.content)}


def shown_values(history: Iterable[Message]) -> dict[str, set[str]]:
    """Field of a tool result, in words → the texts it has held so far; numbers, dates and flags are left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for message in history:
        if message.role == "tool_response":
            for name, text in _texts(message.content):
                found[name].add(text)
    return found


def _texts(value: Any, name: str = "", depth: int = DEPTH) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, str):
        if name and len(value) <= LONGEST and _NAME.search(value):
            yield name, value.strip()
    elif isinstance(value, Mapping) and depth:
        for key, item in value.items():
            yield from _texts(item, identifier_words(str(key)), depth - 1)
    elif isinstance(value, list) and depth:
        for item in value[:MOST_ROWS]:
            yield from _texts(item, name, depth - 1)


def snap(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, spans moved to the value of a result that they overlap, where its field may fill the slot.

    Spans that become the same add up.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots, history = scene.slots, scene.history
    values = shown_values(history)
    if not values or not scene.fits(prediction):
        return prediction
    out = list(prediction.slots)
    for i, slot in enumerate(slots):
        texts = {text for field in meant_fields(slot.parameter, values.keys()) for text in values[field]}
        if texts and out[i].spans and slot.parameter.type == "string":
            out[i] = replace(out[i], spans=_snapped(out[i].spans, texts, history))
    return replace(prediction, slots=tuple(out))


def _snapped(
    spans: Sequence[SpanCandidate], texts: Iterable[str], history: Sequence[Message]
) -> tuple[SpanCandidate, ...]:
    """What answers say is moved, what others say stays."""
    told = [s for s in spans if 0 <= s.message < len(history) and history[s.message].role == "assistant"]
    places = {text: _places(text, texts) for text in {history[span.message].text for span in told}}
    there = moved(told, history, lambda text, place: _longest(places[text], place))
    return tuple(sorted((*there, *(s for s in spans if s not in told)), key=lambda span: -span.probability))


def _longest(values: Sequence[Span], place: Span) -> Span:
    """The longest value that a span overlaps, else the span."""
    over = filter(place.overlaps, values)
    return max(over, key=lambda value: value[1] - value[0], default=place)


def _places(text: str, values: Iterable[str]) -> list[Span]:
    """Where values stand as whole words, whatever their case."""
    folded = text.lower()
    if len(folded) != len(text):
        return []
    found = []
    for value in values:
        for match in re.finditer(rf"(?<!\w){re.escape(value.lower())}(?!\w)", folded):
            found.append(Span.of(match))
    return found
