"""Texts go by the direction said before them, and begin after the number of a sister parameter."""

from __future__ import annotations

from typing import Any

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.directions import direction, point_directions
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table


def best(text: str, parameters: dict[str, str], spans: dict[str, list[str]]) -> dict[str, str]:
    """The best span of each parameter, where the model finds the first given a little better than the others."""
    properties = {name: {"type": kind} for name, kind in parameters.items()}
    tools = parse_tools([{"name": "change", "parameters": {"type": "object", "properties": properties}}])
    slots, said = slot_table(tools), []
    for slot in slots:
        places = [(text.index(found), len(found)) for found in spans[slot.parameter.name]]
        odds = [0.5, *[0.4 / max(1, len(places) - 1)] * (len(places) - 1)]
        said.append(
            SlotPrediction(
                0.1,
                0.9,
                0.0,
                spans=tuple(SpanCandidate(0, a, a + n, p) for (a, n), p in zip(places, odds, strict=True)),
            )
        )
    prediction = Prediction(0.9, (0.9,), 0.1, tuple(said), 0.5, 1)
    pointed = point_directions(prediction, Scene((), slots, [Message("user", text)])).slots
    return {
        slot.parameter.name: text[found.spans[0].start : found.spans[0].end]
        for slot, found in zip(slots, pointed, strict=True)
    }


TWO = {"source": {"type": "string"}, "target": {"type": "string"}}
MONEY = {"amount": "number", "from_currency": "string", "to_currency": "string"}


def test_a_text_after_an_amount_loses_its_number() -> None:
    text = "change 250 dollars to euros"
    spans = {"amount": ["250"], "from_currency": ["250 dollars"], "to_currency": ["euros"]}
    assert best(text, MONEY, spans) == {"amount": "250", "from_currency": "dollars", "to_currency": "euros"}


def test_a_number_at_the_same_place_of_another_message_is_another_number() -> None:
    properties = {"amount": {"type": "number"}, "currency": {"type": "string"}}
    slots = slot_table(parse_tools([{"name": "change", "parameters": {"type": "object", "properties": properties}}]))
    history = [Message("user", "250 dollars"), Message("user", "100 euros")]
    amount = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, 0, 3, 0.9),))
    currency = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(1, 0, 9, 0.9),))
    said = tuple({"amount": amount, "currency": currency}[slot.parameter.name] for slot in slots)
    pointed = point_directions(Prediction(0.9, (0.9,), 0.1, said, 0.5, 1), Scene((), slots, history)).slots
    assert pointed == said


def test_what_is_measured_keeps_its_number() -> None:
    text = "wait 5 minutes"
    found = best(text, {"count": "integer", "duration": "string"}, {"count": ["5"], "duration": ["5 minutes"]})
    assert found["duration"] == "5 minutes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from Rome to Oslo", {"origin": "Rome", "destination": "Oslo"}),
        ("to Oslo leaving Rome", {"origin": "Rome", "destination": "Oslo"}),
        ("Oslo and Rome", {"origin": "Oslo", "destination": "Rome"}),
    ],
)
def test_the_little_word_before_a_text_says_whose_it_is(text: str, expected: dict[str, Any]) -> None:
    kinds = {"origin": "string", "destination": "string"}
    assert best(text, kinds, {"origin": ["Oslo", "Rome"], "destination": ["Rome", "Oslo"]}) == expected


def test_a_text_that_the_other_direction_is_said_of_is_left_though_it_was_much_surer() -> None:
    text = "change 250 dollars to euros"
    slots = slot_table(
        parse_tools([{"name": "change", "parameters": {"type": "object", "properties": TWO, "required": ["target"]}}])
    )

    def said(*odds: tuple[str, float]) -> SlotPrediction:
        spans = (SpanCandidate(0, text.index(part), text.index(part) + len(part), p) for part, p in odds)
        return SlotPrediction(0.6, 0.4, 0.0, spans=tuple(spans))

    found = {
        "source": said(("euros", 0.97), ("dollars to euros", 0.015), ("dollars", 0.01)),
        "target": said(("euros", 0.9), ("dollars", 0.1)),
    }
    before = tuple(found[slot.parameter.name] for slot in slots)
    pointed = point_directions(
        Prediction(0.9, (0.9,), 0.1, before, 0.5, 1), Scene((), slots, [Message("user", text)])
    ).slots
    after = {slot.parameter.name: answer for slot, answer in zip(slots, pointed, strict=True)}
    best_of = {name: text[a.spans[0].start : a.spans[0].end] for name, a in after.items()}
    assert best_of == {"source": "dollars", "target": "euros"}
    assert after["target"].filled == pytest.approx(1.6 / 2.2), "required, and its direction is said"
    assert after["source"].filled == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("from_city", "from"), ("toAccount", "to"), ("target", "to"), ("city", None), ("from_to", None), ("x", None)],
)
def test_names_say_a_direction_at_their_ends(name: str, expected: str | None) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"}}}
    [slot] = slot_table(parse_tools([{"name": "t", "parameters": schema}]))
    assert direction(slot) == expected
