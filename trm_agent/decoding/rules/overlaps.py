"""No value holds another one's: words that surely fill one slot are no part of a longer text for its sister.

"The detail level of the stocks of Apple Inc.": `company_name` takes "Apple Inc.", so "stocks of Apple Inc." is
hardly the `detail_level`. Where that is all that the model points at for a parameter that may be left out, the
parameter is hardly filled.
"""

from __future__ import annotations

from dataclasses import replace

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.spans import emptier, weighed
from trm_agent.decoding.rules.wording import UNFILLED
from trm_agent.decoding.scene import Scene

SURE = 0.7
"""Least probability that a slot has its best span for that to be its own."""
HELD = 8.0
"""Odds that a text loses for holding what is another slot's."""


def part_overlaps(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, texts weighed down that hold what surely fills another slot of the tool.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots = scene.slots
    if not scene.fits(prediction):
        return prediction
    owned = {i: said.spans[0] for i, said in enumerate(prediction.slots) if _sure(said)}
    out = list(prediction.slots)
    for i, slot in enumerate(slots):
        if slot.parameter.type != "string" or not out[i].spans or out[i].filled <= UNFILLED:
            continue
        theirs = [span for j, span in owned.items() if j != i and not slot.tools.isdisjoint(slots[j].tools)]
        holds = [any(_holds(span, other) for other in theirs) for span in out[i].spans]
        if not all(holds):
            out[i] = weighed(out[i], [1 / HELD if held else 1.0 for held in holds])
        elif not slot.parameter.required:
            out[i] = emptier(out[i], 1 / HELD)
    return replace(prediction, slots=tuple(out))


def _sure(said: SlotPrediction) -> bool:
    return bool(said.spans) and said.filled * said.spans[0].probability > SURE


def _holds(span: SpanCandidate, other: SpanCandidate) -> bool:
    """Whether another span lies within this longer one."""
    return other.within(span) and other.span != span.span
