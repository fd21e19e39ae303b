"""A number goes to the parameter that the words beside it name; a minus belongs to its number."""

from __future__ import annotations

import re
from typing import Any

import pytest

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.binding import beside, bind_numbers
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table


def arguments(text: str, parameters: dict[str, str], kind: str = "number") -> dict[str, Any]:
    """What is called with where the model finds every number as good as every other for every parameter."""
    properties = {name: {"type": kind, "description": told} for name, told in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    tools = parse_tools([{"name": "work_out", "parameters": schema}])
    slots, history = slot_table(tools), [Message("user", text)]
    found = list(re.finditer(r"\d[\d.,]*(?<=\d)", text))
    spans = tuple(SpanCandidate(0, m.start(), m.end(), 0.9 / len(found)) for m in reversed(found))
    said = SlotPrediction(0.02, 0.98, 0.0, spans=spans)
    prediction = Prediction(0.95, (0.98,), 0.02, (said,) * len(slots), 0.5, 2)
    return dict(decode(prediction, Scene(tools, slots, history), calibration=Calibration.identity()).arguments)


@pytest.mark.parametrize(
    ("text", "parameters", "expected"),
    [
        ("a triangle with a base of 10 and a height of 5", {"height": "", "base": ""}, {"base": 10, "height": 5}),
        ("solve it for a = 2, b = 6 and c = 5", {"c": "", "a": "", "b": ""}, {"a": 2, "b": 6, "c": 5}),
        (
            "3 bedrooms, 2 bathrooms and 1800 square feet",
            {"area": "Size in square feet.", "bedrooms": "", "bathrooms": ""},
            {"bedrooms": 3, "bathrooms": 2, "area": 1800},
        ),
        (
            "normal distribution with mean 0 and standard deviation 1",
            {"sigma": "Standard deviation.", "mu": "Mean of the distribution."},
            {"mu": 0, "sigma": 1},
        ),
    ],
)
def test_words_beside_a_number_say_whose_it_is(
    text: str, parameters: dict[str, str], expected: dict[str, float]
) -> None:
    assert arguments(text, parameters) == expected


def test_a_minus_belongs_to_its_number_unless_it_joins_two() -> None:
    assert arguments("solve it for a=1 and b=-3", {"a": "", "b": ""}) == {"a": 1, "b": -3}
    assert arguments("from 8-3 to 9", {"low": "", "high": ""}) != {"low": -3, "high": 9}


def test_nothing_changes_for_texts_or_for_one_number() -> None:
    tools = parse_tools([{"name": "t", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}])
    said = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, 2, 3, 0.5), SpanCandidate(0, 4, 5, 0.4)))
    prediction = Prediction(0.9, (0.9,), 0.1, (said,), 0.5, 2)
    assert bind_numbers(prediction, Scene((), slot_table(tools), [Message("user", "a 1 2")])) is prediction


def test_what_stands_beside_ends_at_the_next_number_and_clause() -> None:
    text = "base of 10 cm and height of 5. Thanks"
    at = text.index("5")
    before, after = beside(text, at, at + 1)
    assert "height" in before
    assert "base" not in before
    assert not after


HOTEL = {
    "rooms": {"enum": ["1", "2", "3"]},
    "star_rating": {"enum": ["1", "2", "3"]},
    "bags": {"enum": ["0", "1", "2"]},
    "smoking": {"enum": ["yes", "no"]},
}


def chosen(*said: str, filled: float = 0.9) -> dict[str, Any]:
    """What is read where the model is nearly sure of the first choice of every slot."""
    properties = {name: {"type": "string", **schema} for name, schema in HOTEL.items()}
    tools = parse_tools([{"name": "hotel", "parameters": {"type": "object", "properties": properties}}])
    slots, history = slot_table(tools), [Message("user", text) for text in said]
    readings = tuple(
        SlotPrediction(1 - filled, filled, 0.0, choices=(0.9, *[0.1 / (n - 1)] * (n - 1)))
        for n in (len(slot.parameter.choices) for slot in slots)
    )
    prediction = Prediction(0.1, (0.98,), 0.02, readings, 0.5, 2)
    decision = decode(prediction, Scene(tools, slots, history), calibration=Calibration.identity())
    return dict(decision.slots)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["a 2 star hotel with 3 rooms"], {"star_rating": "2", "rooms": "3"}),
        (["two rooms please, three stars"], {"star_rating": "3", "rooms": "2"}),
        (["star rating 3"], {"star_rating": "3", "rooms": "1"}),
        (["3 rooms", "no, make it 2 rooms"], {"rooms": "2"}),
        (["7 rooms"], {"rooms": "1"}),
        (["with two bags, no rooms yet"], {"bags": "2", "rooms": "1"}),
        (["at 3:30 rooms open on 3/3"], {"rooms": "1"}),
        (["we are 3"], {"rooms": "1", "star_rating": "1", "bags": "0", "smoking": "yes"}),
    ],
)
def test_a_choice_among_numbers_is_the_one_last_named(said: list[str], expected: dict[str, str]) -> None:
    assert expected.items() <= chosen(*said).items()


def test_a_named_choice_is_filled_though_the_model_doubts_it() -> None:
    assert chosen("no bags, 2 rooms", filled=0.3) == {"bags": "0", "rooms": "2"}
    assert chosen("no bags, 2 rooms", filled=0.05) == {}


@pytest.mark.parametrize(
    ("text", "parameters", "expected"),
    [
        (
            "2 miles from a station of 40 people",
            {"station": "", "distance": "Distance from the station in miles."},
            {"station": 40, "distance": 2},
        ),
        (
            "Put 900 euros away at 4% for 6 years",
            {"years": "", "loan": "", "rate": "Between 0 and 100 %."},
            {"years": 6, "loan": 900, "rate": 4},
        ),
        ("a box with depth and width of 7cm and 9cm", {"width": "", "depth": ""}, {"depth": 7, "width": 9}),
        ("the sum of 30 and 20", {"num2": "", "num1": ""}, {"num1": 30, "num2": 20}),
        ("pages between 70 and 90", {"end_page": "", "start_page": ""}, {"start_page": 70, "end_page": 90}),
        ("the points 8, 3 and 5", {"z": "", "y": "", "x": ""}, {"x": 8, "y": 3, "z": 5}),
    ],
)
def test_names_marks_and_order_say_whose_a_number_is(
    text: str, parameters: dict[str, str], expected: dict[str, float]
) -> None:
    assert arguments(text, parameters) == expected


def bound(text: str, names: list[str], pointed: list[list[tuple[str, float]]], calls: float = 1.0) -> list[list[str]]:
    """Per parameter, in order of name, the texts of its spans, best first, after binding."""
    schema = {"type": "object", "properties": {name: {"type": "number"} for name in names}, "required": names}
    slots = slot_table(parse_tools([{"name": "t", "parameters": schema}]))
    said = [
        SlotPrediction(
            0.1, 0.9, 0.0, tuple(SpanCandidate(0, text.rindex(w), text.rindex(w) + len(w), p) for w, p in one)
        )
        for one in pointed
    ]
    prediction = Prediction(0.9, (0.9,), 0.1, tuple(said), 0.5, 2, (calls, 1 - calls))
    result = bind_numbers(prediction, Scene((), slots, [Message("user", text)]))
    return [[text[span.start : span.end] for span in one.spans] for one in result.slots]


def test_a_span_takes_the_whole_numeral_that_it_cuts() -> None:
    text = "a town of 1.5 million, founded in 2004"
    assert bound(text, ["size"], [[("2004", 0.4), ("1", 0.3), ("1.5", 0.25)]]) == [["1.5 million", "2004"]]
    assert bound("pulled at 12 km/h^2", ["pull"], [[("2", 0.5), ("12 km/h^2", 0.4)]]) == [["12"]]


def test_two_parameters_do_not_take_one_numeral_where_there_is_another() -> None:
    text = "70 sheep, and later 15 goats"
    pointed = [[("70", 0.8), ("15", 0.1)], [("70", 0.6), ("15", 0.2)]]
    assert [spans[0] for spans in bound(text, ["p", "q"], pointed)] == ["70", "15"]
    assert [spans[0] for spans in bound(text, ["p", "q"], [pointed[0], [("70", 0.6)]])] == ["70", "70"]


def test_what_may_be_left_out_takes_no_numeral_that_is_required_elsewhere() -> None:
    text = "5 heads in 10 tosses"
    pointed = {"tosses": (("10", 0.6), ("5", 0.3)), "heads": (("5", 0.6), ("10", 0.2)), "p": (("10", 0.7), ("5", 0.3))}
    schema = {"properties": {name: {"type": "integer"} for name in pointed}, "required": ["tosses", "heads"]}
    slots = slot_table(parse_tools([{"name": "t", "parameters": {"type": "object", **schema}}]))

    def filled(optional: float, other: float = 0.0) -> tuple[float, str]:
        answers = []
        for slot in slots:
            spans = [
                SpanCandidate(0, text.index(w), text.index(w) + len(w), p) for w, p in pointed[slot.parameter.name]
            ]
            spans += [SpanCandidate(0, 2, 7, other)] if other and slot.parameter.name == "p" else []
            sure = optional if slot.parameter.name == "p" else 0.9
            answers.append(SlotPrediction(1 - sure, sure, 0.0, spans=tuple(spans)))
        prediction = Prediction(0.9, (0.9,), 0.1, tuple(answers), 0.5, 2)
        found = bind_numbers(prediction, Scene((), slots, [Message("user", text)]))
        answer = next(a for slot, a in zip(slots, found.slots, strict=True) if slot.parameter.name == "p")
        assert answer.empty + answer.filled == pytest.approx(1.0)
        return answer.filled, text[answer.spans[0].start : answer.spans[0].end]

    assert filled(0.95)[0] == 0.0
    sure, word = filled(0.9, other=1.0)
    assert 0.4 < sure < 0.9
    assert word == "heads"


def test_numbers_are_not_shared_out_where_several_calls_are_meant() -> None:
    text = "70 and 15"
    pointed = [[("15", 0.5), ("70", 0.4)], [("15", 0.6), ("70", 0.3)]]
    assert [spans[0] for spans in bound(text, ["p1", "p2"], pointed)] == ["70", "15"]
    together = [[("70 and 15", 0.9)], [("70 and 15", 0.9)]]
    assert bound(text, ["p1", "p2"], together) == [["70"], ["15"]]
    assert [spans[0] for spans in bound(text, ["p1", "p2"], pointed, calls=0.1)] == ["15", "15"]


def test_an_enumeration_of_which_nothing_says_the_order_is_left_to_the_model() -> None:
    text = "70 and 15"
    pointed = [[("15", 0.9), ("70", 0.05)], [("70", 0.9), ("15", 0.05)]]
    assert [spans[0] for spans in bound(text, ["depth", "width"], pointed)] == ["15", "70"]


def test_letters_that_do_not_follow_one_another_are_no_order() -> None:
    text = "a sign of 800 by 600"
    pointed = [[("600", 0.9), ("800", 0.05)], [("800", 0.9), ("600", 0.05)]]
    assert [spans[0] for spans in bound(text, ["h", "w"], pointed)] == ["600", "800"]
