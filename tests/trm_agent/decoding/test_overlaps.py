"""A text that holds another slot's words loses to one that does not."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.overlaps import HELD, part_overlaps
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table

TEXT = "Full details of the stocks of Apple Inc."


def said(*places: tuple[str, float], filled: float = 0.9) -> SlotPrediction:
    spans = tuple(SpanCandidate(0, TEXT.index(w), TEXT.index(w) + len(w), p) for w, p in places)
    return SlotPrediction(1 - filled, filled, 0.0, spans=spans)


def level(company: SlotPrediction, detail: SlotPrediction, *, required: bool = True) -> tuple[str, float]:
    """The best words for the level of detail, and how surely it is filled."""
    names = ["company", "level"]
    properties = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": properties, "required": names if required else names[:1]}
    slots = slot_table(parse_tools([{"name": "stock", "parameters": schema}]))
    prediction = Prediction(0.9, (1.0,), 0.0, (company, detail), 0.5, 2)
    found = part_overlaps(prediction, Scene((), slots, [Message("user", TEXT)]))
    assert found.slots[0] == company
    answer = found.slots[1]
    assert answer.empty + answer.filled + answer.dontcare == pytest.approx(1.0)
    assert sum(s.probability for s in answer.spans) == pytest.approx(sum(s.probability for s in detail.spans))
    return TEXT[answer.spans[0].start : answer.spans[0].end], answer.filled


SURE = said(("Apple Inc", 0.95))
HOLDS = said(("stocks of Apple Inc", 0.6), ("Full", 0.2))


def test_words_that_hold_no_other_slots_come_first() -> None:
    assert level(SURE, HOLDS) == ("Full", 0.9)


@pytest.mark.parametrize(
    ("company", "detail"),
    [
        (said(("Apple Inc", 0.95), filled=0.5), HOLDS),
        (said(("Apple Inc", 0.6)), HOLDS),
        (SURE, said(("stocks of Apple Inc", 0.85), ("Full", 0.05))),
        (said(("stocks of Apple Inc", 0.95)), HOLDS),
        (said(("stocks of Apple Inc.", 0.95)), HOLDS),
    ],
    ids=["perhaps empty", "unsure of its words", "all but sure", "the same words", "a longer text"],
)
def test_where_the_other_is_not_sure_or_not_within_nothing_changes(
    company: SlotPrediction, detail: SlotPrediction
) -> None:
    assert level(company, detail)[0] == "stocks of Apple Inc"


def test_a_parameter_that_may_be_left_out_is_hardly_filled_with_such_words_alone() -> None:
    only = said(("stocks of Apple Inc", 0.9))
    assert level(SURE, only, required=False) == ("stocks of Apple Inc", pytest.approx(0.9 / HELD))
    assert level(SURE, only) == ("stocks of Apple Inc", 0.9)
