"""What only a number tells apart goes by the order of the text, where the places are clear."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.twins import order_twins, twins
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, Slot, parse_tools, slot_table

TEXT = "The compatibility of Aries with Gemini in percent"


def slots(*names: str, kind: str = "string") -> tuple[Slot, ...]:
    properties = {name: {"type": kind} for name in names}
    return slot_table(parse_tools([{"name": "tool", "parameters": {"type": "object", "properties": properties}}]))


def said(*places: tuple[str, float], filled: float = 0.9) -> SlotPrediction:
    spans = tuple(SpanCandidate(0, TEXT.index(w), TEXT.index(w) + len(w), p) for w, p in places)
    return SlotPrediction(1 - filled, filled, 0.0, spans=spans)


def best(table: tuple[Slot, ...], *predictions: SlotPrediction, one: float = 0.95) -> list[str]:
    prediction = Prediction(
        call=0.9, tools=(1.0,), no_tool=0.0, slots=predictions, halt=0.5, steps=2, calls=(one, 1 - one)
    )
    found = order_twins(prediction, Scene((), table, [Message("user", TEXT)]))
    return [TEXT[s.spans[0].start : s.spans[0].end] for s in found.slots]


WRONG = (said(("Gemini", 0.9), ("Aries", 0.1)), said(("Gemini", 0.95), ("Aries", 0.05)))


def test_the_first_of_two_is_what_is_said_first() -> None:
    assert best(slots("sign1", "sign2"), *WRONG) == ["Aries", "Gemini"]


def test_a_place_that_one_twin_does_not_point_at_is_still_its_own() -> None:
    assert best(slots("sign1", "sign2"), said(("Gemini", 0.9)), WRONG[1]) == ["Aries", "Gemini"]


def test_of_places_that_overlap_the_likelier_counts() -> None:
    both = (
        said(("Aries", 0.6), ("Aries with Gemini", 0.3)),
        said(("Aries with Gemini", 0.4), ("Gemini", 0.35), ("Aries", 0.2)),
    )
    assert best(slots("sign1", "sign2"), *both) == ["Aries", "Gemini"]


@pytest.mark.parametrize(
    ("names", "predictions", "one"),
    [
        (("sign", "star"), WRONG, 0.95),
        (("sign1", "star2"), WRONG, 0.95),
        (("sign1", "sign2"), WRONG, 0.5),
        (("sign1", "sign2"), (WRONG[0], said(("Gemini", 0.95), filled=0.1)), 0.95),
        (("sign1", "sign2"), (said(("Gemini", 1.0)), said(("Gemini", 1.0))), 0.95),
        (
            ("sign1", "sign2"),
            (said(("Gemini", 0.4), ("Aries", 0.2)), said(("Gemini", 0.2), ("percent", 0.3), ("compatibility", 0.3))),
            0.95,
        ),
    ],
    ids=["no twins", "of two sorts", "several calls", "one is empty", "one place", "other places too"],
)
def test_anything_else_stays(names: tuple[str, ...], predictions: tuple[SlotPrediction, ...], one: float) -> None:
    assert best(slots(*names), *predictions, one=one)[0] == "Gemini"


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("city_2", "city_1"), [["city_1", "city_2"]]),
        (("first_city", "second_city", "mass1", "mass2"), [["first_city", "second_city"], ["mass1", "mass2"]]),
        (("team_a", "team_b"), [["team_a", "team_b"]]),
        (("a", "b"), []),
        (("start_city", "end_city"), []),
        (("city1", "city"), []),
        (("k1", "first_k"), []),
    ],
)
def test_twins_are_told_apart_by_a_number_alone(names: tuple[str, ...], groups: list[list[str]]) -> None:
    table = slots(*names)
    assert sorted([table[i].parameter.name for i in group] for group in twins(table)) == groups


def test_of_closed_lists_and_of_several_at_once_there_are_none() -> None:
    assert twins(slots("city1", "city2", kind="array")) == []


@pytest.mark.parametrize(
    ("descriptions", "expected"),
    [
        ({"param_1": "Name of the city", "param_2": "Day of the forecast"}, []),
        ({"param_1": "Where the first journey starts", "param_2": "Where the first journey ends"}, []),
        ({"param_1": "The first sign", "param_2": "The second sign"}, [["param_1", "param_2"]]),
        ({"city1": "City where it starts", "city2": "City where it ends"}, [["city1", "city2"]]),
        ({"city1": "Name of the city", "city2": "Postal code"}, []),
        ({"city1": "Name of the city", "city2": ""}, [["city1", "city2"]]),
    ],
)
def test_twins_are_described_alike(descriptions: dict[str, str], expected: list[list[str]]) -> None:
    properties = {name: {"type": "string", "description": text} for name, text in descriptions.items()}
    tool = {"name": "tool", "parameters": {"type": "object", "properties": properties}}
    table = slot_table(parse_tools([tool]))
    assert [[table[i].parameter.name for i in group] for group in twins(table)] == expected
