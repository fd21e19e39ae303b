"""Where the model is set on a call, what the call requires is read more readily; nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trm_agent.decoding.test_several import EMPTY, HISTORY, SLOTS, TEXT, TOOLS
from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode, fold
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.slots import EAGER
from trm_agent.types import Message, parse_tools, slot_table

START = TEXT.index("Rome")


def hesitant(filled: float) -> SlotPrediction:
    return SlotPrediction(1 - filled, filled, 0.0, spans=(SpanCandidate(0, START, START + 4, 0.9),))


def predict(call: float, **slots: SlotPrediction) -> Prediction:
    return Prediction(call, (0.9, 0.05), 0.05, tuple(slots.get(slot.key, EMPTY) for slot in SLOTS), 0.5, 2)


def arguments(prediction: Prediction) -> dict[str, object]:
    return decode(prediction, Scene(TOOLS, SLOTS, HISTORY), calibration=Calibration.identity()).arguments


def test_a_required_value_that_is_rather_empty_than_filled_is_read_for_a_sure_call() -> None:
    assert arguments(predict(0.9, city=hesitant(EAGER + 0.05))) == {"city": "Rome"}


@pytest.mark.parametrize(
    ("call", "slots"),
    [
        (0.9, {"city": hesitant(EAGER - 0.05)}),
        (0.1, {"city": hesitant(0.45)}),
        (0.9, {"day": hesitant(0.45)}),
    ],
    ids=["too improbable", "no call meant", "not required"],
)
def test_nothing_else_is(call: float, slots: dict[str, SlotPrediction]) -> None:
    assert arguments(predict(call, **slots)) == {}


def test_the_state_that_is_carried_holds_what_the_call_holds() -> None:
    prediction = predict(0.9, city=hesitant(0.4))
    carried = fold(prediction, Scene(TOOLS, SLOTS, HISTORY), {})
    assert {key: value.value for key, value in carried.items()} == {"city": "Rome"}
    assert carried["city"].confidence == pytest.approx(0.4 * 0.9)


def test_two_required_slots_that_want_the_same_words_both_get_some_for_a_sure_call() -> None:
    tools = parse_tools(
        [
            {
                "name": "ride",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "required": ["a", "b"],
                },
            }
        ]
    )
    history = [Message("user", "away to Oslo, not near Rome")]
    oslo, rome = SpanCandidate(0, 8, 12, 0.9), SpanCandidate(0, 23, 27, 0.05)
    both = tuple(SlotPrediction(0.02, 0.98, 0.0, spans=(oslo, rome)) for _ in range(2))
    sure = Prediction(0.9, (0.95,), 0.05, both, 0.5, 2)
    slots = slot_table(tools)
    made = decode(sure, Scene(tools, slots, history), calibration=Calibration.identity())
    assert sorted(made.arguments.values()) == ["Oslo", "Rome"]
    unsure = replace(sure, call=0.4)
    held = fold(unsure, Scene(tools, slots, history), {})
    assert [value.value for value in held.values()] == ["Oslo"], "without a call to make, a poor reading is none"
