"""What rules do to the spans of a slot: move them, weigh them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace

from trm_agent.decoding.prediction import SlotPrediction, SpanCandidate
from trm_agent.types import Message, Span

NAMED = 8.0
"""Odds that a value gains where its parameter is named beside it, and loses where another is."""


def moved(
    spans: Sequence[SpanCandidate], history: Sequence[Message], where: Callable[[str, Span], Span]
) -> tuple[SpanCandidate, ...]:
    """Spans, each moved by `where`; the best first, those that become the same as one."""
    odds: dict[tuple[int, int, int], float] = defaultdict(float)
    for span in spans:
        place = Span(span.start, span.end)
        if 0 <= span.message < len(history) and 0 <= span.start < span.end:
            place = where(history[span.message].text, place)
        odds[span.message, *place] += span.probability
    ranked = sorted(odds.items(), key=lambda item: -item[1])
    return tuple(type(spans[0])(*place, probability=p) for place, p in ranked)


def weighed(said: SlotPrediction, weights: Sequence[float]) -> SlotPrediction:
    """Spans times weights, the best first; the sum of their probabilities stays."""
    before = sum(span.probability for span in said.spans)
    after = sum(span.probability * weight for span, weight in zip(said.spans, weights, strict=True))
    if after <= 0 or len(set(weights)) == 1:
        return said
    spans = [
        replace(span, probability=span.probability * weight * before / after)
        for span, weight in zip(said.spans, weights, strict=True)
    ]
    return replace(said, spans=tuple(sorted(spans, key=lambda span: -span.probability)))


def surer(said: SlotPrediction, filled: float) -> SlotPrediction:
    """Filled with a probability; empty and left open share the rest as before."""
    rest = said.empty + said.dontcare
    scale = (1 - filled) / rest if rest > 0 else 0.0
    return replace(said, filled=filled, empty=said.empty * scale, dontcare=said.dontcare * scale)


def emptier(said: SlotPrediction, share: float) -> SlotPrediction:
    """Filled with a share of the probability that it was; the rest of it goes to empty."""
    filled = said.filled * share
    return replace(said, filled=filled, empty=said.empty + said.filled - filled)


def weighed_by_names(
    said: SlotPrediction,
    history: Sequence[Message],
    beside: Callable[[str, Span], Iterable[Set[str]]],
    own: Set[str],
    others: Set[str],
) -> SlotPrediction:
    """Spans times `named_odds` of what stands `beside` them, within each message.

    What a message has together stays: which message speaks of a value is the network's to say.
    """
    weights = [
        named_odds(beside(history[span.message].text, span.span), own, others)
        if 0 <= span.message < len(history)
        else 1.0
        for span in said.spans
    ]
    before, after = defaultdict[int, float](float), defaultdict[int, float](float)
    for span, weight in zip(said.spans, weights, strict=True):
        before[span.message] += span.probability
        after[span.message] += span.probability * weight
    kept = [
        weight * before[span.message] / after[span.message] if after[span.message] > 0 else 1.0
        for span, weight in zip(said.spans, weights, strict=True)
    ]
    return weighed(said, kept)


def named_odds(cues: Iterable[Set[str]], own: Set[str], others: Set[str]) -> float:
    """By the first of the sets of words beside a value that names a parameter: `NAMED` for its own, against others.

    Args:
        cues: Words beside it, those that count first before the others.
        own: Words that name its parameter.
        others: Words that name the parameters that compete for it.
    """
    for words in cues:
        mine, theirs = not words.isdisjoint(own), not words.isdisjoint(others)
        if mine != theirs:
            return NAMED if mine else 1 / NAMED
        if mine:
            return 1.0
    return 1.0
