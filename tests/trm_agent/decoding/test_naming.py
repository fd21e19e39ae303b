"""Texts go to the parameter whose name stands beside them, and nowhere else do they move."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.naming import name_texts
from trm_agent.decoding.rules.spans import NAMED
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, Slot, parse_tools, slot_table

TEXT = "The price of the company Amazon on the NASDAQ exchange"


def slots(*names: str, **types: str) -> tuple[Slot, ...]:
    properties = {name: {"type": types.get(name, "string")} for name in names}
    schema = {"type": "object", "properties": properties}
    return slot_table(parse_tools([{"name": "stock", "parameters": schema}]))


def span(text: str, said: str, probability: float) -> SpanCandidate:
    return SpanCandidate(0, text.index(said), text.index(said) + len(said), probability)


def said(text: str, *places: tuple[str, float], filled: float = 0.9) -> SlotPrediction:
    return SlotPrediction(1 - filled, filled, 0.0, spans=tuple(span(text, *place) for place in places))


def best(table: tuple[Slot, ...], text: str, *predictions: SlotPrediction) -> list[str]:
    prediction = Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=predictions, halt=0.5, steps=2)
    found = name_texts(prediction, Scene((), table, [Message("user", text)]))
    return [text[s.spans[0].start : s.spans[0].end] for s in found.slots]


def test_names_beside_texts_tell_two_parameters_apart() -> None:
    wrong = (said(TEXT, ("NASDAQ", 0.6), ("Amazon", 0.3)), said(TEXT, ("Amazon", 0.6), ("NASDAQ", 0.3)))
    assert best(slots("company", "exchange"), TEXT, *wrong) == ["Amazon", "NASDAQ"]


@pytest.mark.parametrize(
    "table",
    [
        slots("seller", "market"),
        slots("company_name", "company_type"),
        slots("company", "exchange", exchange="integer"),
    ],
    ids=["nothing is named", "all are so named", "no other text"],
)
def test_where_no_name_tells_them_apart_the_model_decides(table: tuple[Slot, ...]) -> None:
    kept = (said(TEXT, ("NASDAQ", 0.6), ("Amazon", 0.3)), said(TEXT, ("Amazon", 0.6), ("NASDAQ", 0.3)))
    assert best(table, TEXT, *kept) == ["NASDAQ", "Amazon"]


def test_a_name_speaks_with_bounded_odds_and_probability_stays() -> None:
    table = slots("company", "exchange")
    sure = said(TEXT, ("NASDAQ", 0.9), ("Amazon", 0.9 / NAMED**2 / 2))
    assert best(table, TEXT, sure, said(TEXT, ("NASDAQ", 0.9)))[0] == "NASDAQ"
    prediction = Prediction(
        call=0.9, tools=(1.0,), no_tool=0.0, slots=(sure, said(TEXT, ("NASDAQ", 0.9))), halt=0.5, steps=2
    )
    found = name_texts(prediction, Scene((), table, [Message("user", TEXT)]))
    for before, after in zip(prediction.slots, found.slots, strict=True):
        assert sum(s.probability for s in after.spans) == pytest.approx(sum(s.probability for s in before.spans))


def test_names_reach_no_further_than_their_clause() -> None:
    text = "I like the company. Amazon on NASDAQ please"
    kept = (said(text, ("NASDAQ", 0.6), ("Amazon", 0.3)), said(text, ("Amazon", 0.6), ("NASDAQ", 0.3)))
    assert best(slots("company", "exchange"), text, *kept) == ["NASDAQ", "Amazon"]
