"""More than one call takes: what a message says twice over speaks for several calls, whatever the count head thinks.

"Rock concerts in Rome and jazz concerts in Oslo" has two values for two slots of one tool, one of each on either side
of the "and"; "the weather in Rome and in Oslo" has two for one slot, and the model points at both alike; "the prime
factors of 45, 100 and 150" has three numbers where one parameter takes them. The head that counts calls has seen few
such requests, and is sure of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.numerals import enumerated, touched
from trm_agent.decoding.scene import Scene
from trm_agent.text.sentences import clause_ends
from trm_agent.types import Message, Slot, Span

MADE = 0.5
"""Probability of a call below which nothing is counted."""
FILLED, WISHED = 0.5, 0.25
"""Least probability of being filled for a slot to have two values, and to be one of those that share numbers out."""
EITHER = 0.1
"""Share of a slot's spans that must lie on either side."""
SHARED = 0.25
"""Share of a slot's spans that each of two values told in one breath must have to be one of several."""
_JOINT = re.compile(
    r"\s*(?:,|,?\s(?:and|as well as|plus)(?:\s(?:also|then))?|&)\s+"
    r"(?:(?:in|for|to|of|at|on|from|with|near|the)\s+){0,2}",
    re.IGNORECASE,
)
"""What stands between two values told in one breath."""
ONE = 0.3
"""Probability of a single call that is left."""


def count_calls(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction; several calls are likely where the last user message says more than one takes.

    Args:
        prediction: For a decision point.
        scene: Where it was made; nothing changes unless the user spoke last.
    """
    if not scene.answers_user(prediction):
        return prediction
    if not prediction.call >= MADE or prediction.calls[0] <= ONE:
        return prediction
    meant, history = scene.meant(prediction).name, scene.history
    table = [(slot, said) for slot, said in zip(scene.slots, prediction.slots, strict=True) if meant in slot.tools]
    if not (_twofold(table, history) or _shared(table, history) or _too_many(table, history)):
        return prediction
    rest = math.fsum(prediction.calls[1:])
    if rest <= 0:
        return prediction
    return replace(prediction, calls=(ONE, *(p * (1 - ONE) / rest for p in prediction.calls[1:])))


def _twofold(table: Sequence[tuple[Slot, SlotPrediction]], history: Sequence[Message]) -> bool:
    """Whether two slots have a value of their own on either side of the end of a clause."""
    last = len(history) - 1
    filled = [said for _, said in table if said.spans and said.filled > FILLED]
    for cut in clause_ends(history[last].text) if len(filled) > 1 else ():
        pairs: list[tuple[Span, Span]] = []
        for said in filled:
            left = [span for span in said.spans if span.message == last and span.end <= cut]
            right = [span for span in said.spans if span.message == last and span.start >= cut]
            least = EITHER * math.fsum(span.probability for span in said.spans)
            if all(math.fsum(span.probability for span in side) > least for side in (left, right)):
                pair = left[0].span, right[0].span
                if all(_apart(a, b) for other in pairs for a, b in zip(pair, other, strict=True)):
                    pairs.append(pair)
        if len(pairs) > 1:
            return True
    return False


def _shared(table: Sequence[tuple[Slot, SlotPrediction]], history: Sequence[Message]) -> bool:
    """Whether a slot of one value points at two told in one breath alike, and no other slot of the tool wants one."""
    last, text = len(history) - 1, history[-1].text
    wanted = [(slot, said.spans[0]) for slot, said in table if said.spans and said.filled > FILLED]
    for slot, said in table:
        if slot.parameter.type in ("array", "object") or said.choices or said.filled <= FILLED:
            continue
        even = _even([span for span in said.spans if span.message == last], said)
        rivals = [s.span for owner, s in wanted if owner is not slot and s.message == last]
        for pair in combinations(even, 2):
            joined = pair[0][1] <= pair[1][0] and _JOINT.fullmatch(text, pair[0][1], pair[1][0])
            if joined and all(_apart(place, rival) for place in pair for rival in rivals):
                return True
    return False


def _even(spans: Sequence[SpanCandidate], said: SlotPrediction) -> list[Span]:
    """The places that each have a share of a slot's spans, counting those that hold them; in order."""
    total = math.fsum(span.probability for span in said.spans)
    likely = [span for span in spans if span.probability >= EITHER * total]
    single = [s for s in likely if not any(o is not s and o.span.within(s.span) for o in likely)]
    if not single or single[0] is not spans[0]:
        return []
    holding = {s: math.fsum(o.probability for o in spans if s.span.within(o.span)) for s in single}
    return sorted(s.span for s in single if holding[s] >= SHARED * total)


def _too_many(table: Sequence[tuple[Slot, SlotPrediction]], history: Sequence[Message]) -> bool:
    """Whether more numbers are told in one breath than there are parameters that point at them."""
    last, text = len(history) - 1, history[-1].text
    numbers = [
        said
        for slot, said in table
        if slot.parameter.type in ("integer", "number") and said.spans and said.filled > WISHED
    ]
    for run in enumerated(text):
        rivals = sum(
            2 * _mass(said, set(run), last, text) > math.fsum(s.probability for s in said.spans) for said in numbers
        )
        if 0 < rivals < len(run):
            return True
    return False


def _mass(said: SlotPrediction, run: set[int], last: int, text: str) -> float:
    """How much of a slot's spans has numerals of a row, and no others."""
    inside = (
        span.probability
        for span in said.spans
        if span.message == last and (found := touched(text, span.start, span.end)) and run.issuperset(found)
    )
    return math.fsum(inside)


def _apart(one: Span, other: Span) -> bool:
    return one[1] <= other[0] or other[1] <= one[0]
