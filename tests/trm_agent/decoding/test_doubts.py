"""A single doubted value whose words are clear does not hold a call up; anything less does."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.doubts import MADE, settle
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table

TEXT = "Interest for an amount of 1500 for 2 years"
TOOLS = parse_tools(
    [
        {
            "name": "interest",
            "parameters": {
                "type": "object",
                "properties": {
                    "principal": {"type": "number"},
                    "years": {"type": "integer"},
                    "note": {"type": "string"},
                    "kind": {"type": "string", "enum": ["simple", "compound"]},
                },
                "required": ["principal", "years"],
            },
        }
    ]
)
SLOTS = slot_table(TOOLS)
HISTORY = [Message("user", TEXT)]


def said(word: str, filled: float, probability: float = 0.9) -> SlotPrediction:
    start = TEXT.index(word)
    spans = (SpanCandidate(0, start, start + len(word), probability),)
    return SlotPrediction((1 - filled) * 0.75, filled, (1 - filled) * 0.25, spans=spans)


def predict(call: float, principal: SlotPrediction, years: SlotPrediction, tool: float = 0.95) -> Prediction:
    said_of = {"principal": principal, "years": years, "note": said("amount", 0.01)}
    closed = SlotPrediction(1.0, 0.0, 0.0, choices=(0.5, 0.5))
    slots = tuple(said_of.get(slot.parameter.name, closed) for slot in SLOTS)
    return Prediction(call, (tool,), 1 - tool, slots, 0.5, 2)


def test_a_call_that_one_clear_value_holds_up_is_made_and_barely_sure() -> None:
    found = settle(predict(0.4, said("1500", 0.15), said("2", 0.9)), Scene(TOOLS, SLOTS, HISTORY))
    assert found.call == MADE
    answer = next(a for slot, a in zip(SLOTS, found.slots, strict=True) if slot.parameter.name == "principal")
    assert answer.filled == pytest.approx(0.575)
    assert answer.empty + answer.filled + answer.dontcare == pytest.approx(1.0)


@pytest.mark.parametrize(
    "prediction",
    [
        predict(0.1, said("1500", 0.15), said("2", 0.9)),
        predict(0.7, said("1500", 0.15), said("2", 0.9)),
        predict(0.4, said("1500", 0.15), said("2", 0.9), tool=0.5),
        predict(0.4, said("1500", 0.01), said("2", 0.9)),
        predict(0.4, said("1500", 0.15, 0.5), said("2", 0.9)),
        predict(0.4, said("1500", 0.15), said("2", 0.15)),
        predict(0.4, said("1500", 0.15), said("1500", 0.9)),
        predict(0.4, said("1500", 0.9), said("2", 0.9)),
    ],
    ids=["no call", "a call", "which tool", "surely empty", "unclear words", "two doubted", "taken", "none doubted"],
)
def test_otherwise_nothing_changes(prediction: Prediction) -> None:
    assert settle(prediction, Scene(TOOLS, SLOTS, HISTORY)) is prediction


def test_only_what_the_user_has_just_said_settles_it() -> None:
    prediction = predict(0.4, said("1500", 0.15), said("2", 0.9))
    later = [*HISTORY, Message("assistant", "How much?"), Message("user", "Well")]
    assert settle(prediction, Scene(TOOLS, SLOTS, later)) is prediction
    assert settle(prediction, Scene(TOOLS, SLOTS, later[:2])) is prediction
