"""Several calls are likely where a message says more than one takes, and only there."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.counting import ONE, count_calls
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table

TOOLS = parse_tools(
    [
        {
            "name": "find_concerts",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "genre": {"type": "string"}, "seats": {"type": "integer"}},
            },
        }
    ]
)
SLOTS = slot_table(TOOLS)
EMPTY = SlotPrediction(1.0, 0.0, 0.0)


def said(text: str, **shares: float) -> SlotPrediction:
    spans = [SpanCandidate(0, text.index(w), text.index(w) + len(w), p) for w, p in shares.items()]
    return SlotPrediction(0.05, 0.95, 0.0, spans=tuple(sorted(spans, key=lambda span: -span.probability)))


def single(
    text: str, slots: dict[str, SlotPrediction], *, call: float = 0.9, one: float = 0.99, role: str = "user"
) -> float:
    predictions = tuple(slots.get(slot.key, EMPTY) for slot in SLOTS)
    rest = (1 - one) / 3
    prediction = Prediction(
        call=call, tools=(0.9,), no_tool=0.1, slots=predictions, halt=0.5, calls=(one, rest, rest, rest), steps=2
    )
    history = [Message("user", text)] if role == "user" else [Message("user", text), Message("assistant", "Yes.")]
    found = count_calls(prediction, Scene(TOOLS, SLOTS, history))
    assert sum(found.calls) == pytest.approx(1.0)
    assert found.slots == prediction.slots
    return found.calls[0]


TWICE = "Rock concerts in Rome and jazz concerts in Oslo"


def test_two_slots_with_a_value_each_on_either_side_of_an_and() -> None:
    slots = {"city": said(TWICE, Oslo=0.8, Rome=0.2), "genre": said(TWICE, Rock=0.85, jazz=0.15)}
    assert single(TWICE, slots) == ONE
    assert single(TWICE, slots, call=0.4) == 0.99
    assert single(TWICE, slots, role="assistant") == 0.99
    assert single(TWICE, slots, one=0.2) == 0.2


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (TWICE, {"city": {"Oslo": 0.8, "Rome": 0.2}}),
        (TWICE, {"city": {"Oslo": 0.8, "Rome": 0.2}, "genre": {"Rock": 0.99, "jazz": 0.01}}),
        ("Between Rome and Oslo", {"city": {"Oslo": 0.6, "Rome": 0.4}, "genre": {"Rome": 0.6, "Oslo": 0.4}}),
        ("Rock from Rome to jazz in Oslo", {"city": {"Oslo": 0.6, "Rome": 0.4}, "genre": {"Rock": 0.6, "jazz": 0.4}}),
    ],
    ids=["one slot", "one slot for sure", "two slots want the same two", "no clause ends"],
)
def test_anything_less_leaves_the_count_as_it_is(text: str, slots: dict[str, dict[str, float]]) -> None:
    assert single(text, {key: said(text, **shares) for key, shares in slots.items()}) == 0.99


@pytest.mark.parametrize(("text", "one"), [("I want 2, 3 and 4 seats", ONE), ("I want 4 seats", 0.99)])
def test_more_numbers_in_a_row_than_parameters_that_take_them(text: str, one: float) -> None:
    assert single(text, {"seats": said(text, **{"4": 0.9})}) == one


ALIKE = {"Rome": 0.5, "Oslo": 0.4}


@pytest.mark.parametrize(
    "text",
    [
        "Concerts in Rome and in Oslo",
        "Concerts in Rome and Oslo",
        "Rome, Oslo",
        "near Rome as well as near the Oslo fjord",
    ],
)
def test_one_slot_that_points_at_two_values_told_in_one_breath(text: str) -> None:
    assert single(text, {"city": said(text, **ALIKE)}) == ONE


@pytest.mark.parametrize(
    ("text", "shares", "genre"),
    [
        ("Concerts in Rome and in Oslo", {"Rome": 0.8, "Oslo": 0.1}, {}),
        ("From Rome to Oslo", ALIKE, {}),
        ("Rome or Oslo", ALIKE, {}),
        ("Compare Rome and Oslo", ALIKE, {"Oslo": 0.9}),
    ],
    ids=["sure of one", "a journey", "either", "another slot takes one"],
)
def test_two_values_that_are_not_told_alike_or_not_for_one_slot_are_one_call(
    text: str, shares: dict[str, float], genre: dict[str, float]
) -> None:
    slots = {"city": said(text, **shares)} | ({"genre": said(text, **genre)} if genre else {})
    assert single(text, slots) == 0.99
