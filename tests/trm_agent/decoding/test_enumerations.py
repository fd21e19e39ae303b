"""Lists extended to the whole enumeration, told apart by name and place, and all named entries of a closed list."""

from __future__ import annotations

from typing import Any

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.enumerations import (
    free_lists,
    named_choices,
    named_with,
    number_lists,
    spread,
    text_lists,
)
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.slots import readings
from trm_agent.types import Message, Parameter, Slot, parse_tools, slot_table

NUMBERS = {"type": "array", "items": {"type": "number"}}
TEXTS = {"type": "array", "items": {"type": "string"}}


def best(text: str, pointed: dict[str, list[str]], schema: dict[str, Any]) -> dict[str, str]:
    """Parameter → the text of its best span, where the model points at some texts, the first with most weight."""
    properties = dict.fromkeys(pointed, schema)
    parameters = {"type": "object", "properties": properties}
    slots = slot_table(parse_tools([{"name": "save", "parameters": parameters}]))
    said = []
    for slot in slots:
        found = [(text.index(part), part) for part in pointed[slot.key]]
        spans = [SpanCandidate(0, at, at + len(part), 0.6 / 4**i) for i, (at, part) in enumerate(found)]
        said.append(SlotPrediction(0.1, 0.9, 0.0, spans=tuple(spans)))
    out = spread(Prediction(0.9, (0.9,), 0.1, tuple(said), 0.5, 1), Scene((), slots, [Message("user", text)]))
    first = [slot.spans[0] for slot in out.slots]
    return {slot.key: text[span.start : span.end] for slot, span in zip(slots, first, strict=True)}


@pytest.mark.parametrize(
    ("text", "pointed", "expected"),
    [
        ("plot 4, 8, 15 and 16 in blocks of 2", "15", "4, 8, 15 and 16"),
        ("the mean of [1.5, 2, -3]", "2", "[1.5, 2, -3]"),
        ("flows=[200,300,400] at 10%", "200", "[200,300,400]"),
        ("from (1.5, 2.25) on", "1.5", "(1.5, 2.25)"),
        ("just 7", "7", "7"),
    ],
)
def test_numbers_go_to_their_list(text: str, pointed: str, expected: str) -> None:
    assert best(text, {"data": [pointed]}, NUMBERS) == {"data": expected}


def test_a_list_is_favoured_over_a_single_number() -> None:
    assert best("plot 4, 8 and 15 in blocks of 2", {"data": ["2", "8"]}, NUMBERS) == {"data": "4, 8 and 15"}
    assert best("plot 4, 8 and 15 in blocks of 2", {"data": ["2"]}, NUMBERS) == {"data": "2"}


@pytest.mark.parametrize(
    ("text", "pointed", "expected"),
    [
        ("columns 'Size', 'Price' and 'Year of sale' please", "Price", "'Size', 'Price' and 'Year of sale'"),
        ("sort ['b', 'a', 'c']", "c", "['b', 'a', 'c']"),
        ("the cost of leeks and carrots at the market", "carrots", "leeks and carrots"),
        ("stops at Port Royal and the Old Mill", "Port Royal", "Port Royal and the Old Mill"),
        ("I am calm, tidy, easy going and loud", "tidy", "calm, tidy, easy going and loud"),
        ("a room in Paris, France", "Paris", "Paris"),
        ("soup with bread", "bread", "bread"),
        ("ride there. Milk and tea are in", "Milk", "Milk and tea"),
    ],
)
def test_texts_go_to_their_enumeration(text: str, pointed: str, expected: str) -> None:
    assert best(text, {"items": [pointed]}, TEXTS) == {"items": expected}


def test_two_lists_go_by_the_number_of_their_names_or_the_words_before_them() -> None:
    text = "compare [1, 2] with [3, 4]"
    assert best(text, {"set1": ["3", "1"], "set2": ["1", "3"]}, NUMBERS) == {"set1": "[1, 2]", "set2": "[3, 4]"}
    text = "with weights [1, 2] and heights [3, 4]"
    named = {"heights": ["1", "3"], "weights": ["3", "1"]}
    assert best(text, named, NUMBERS) == {"heights": "[3, 4]", "weights": "[1, 2]"}


def test_what_is_no_list_is_found_nowhere() -> None:
    assert number_lists("on 3 May 2020 at 5, or later") == ()
    assert text_lists("it's Ann's and Bob's") == ()
    assert free_lists("") == free_lists("and, the or") == ()
    unlike = {"type": "array", "items": {"type": "object"}}
    assert best("4, 5 and 6", {"data": ["5"]}, unlike) == {"data": "5"}


CHOICES = Parameter("extras", {"type": "array", "items": {"enum": ["ticket_price", "Scenic View", "weakness", "G"]}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenic views and the price of tickets", ["Scenic View", "ticket_price"]),
        ("weaknesses of G", ["weakness", "G"]),
        ("weak gains", []),
        ("a view that nobody in this whole town would call scenic", []),
    ],
)
def test_all_entries_that_are_named_are_meant(text: str, expected: list[str]) -> None:
    assert named_choices(CHOICES, text) == expected


def test_a_list_of_choices_reads_all_that_are_named_first() -> None:
    slot = Slot("extras", CHOICES)
    said = SlotPrediction(0.1, 0.9, 0.0, choices=(0.1, 0.6, 0.2, 0.1))
    values = [v.value for v in readings(said, slot, Scene((), (slot,), [Message("user", "G and scenic views")]))]
    assert values[:2] == [["G", "Scenic View"], ["Scenic View"]]
    assert next(readings(said, slot, Scene((), (slot,), [Message("user", "all of it")]))).value == ["Scenic View"]


def test_an_entry_of_two_letters_is_named_in_any_case_but_a_word_is_no_abbreviation() -> None:
    tests = Parameter("tests", {"type": "array", "items": {"enum": ["ph", "nitrate", "US"]}})
    assert named_choices(tests, "pH and nitrate") == ["ph", "nitrate"]
    assert named_choices(tests, "nitrate for us") == ["nitrate"]


def test_a_list_that_was_named_before_the_last_message_is_whole() -> None:
    doors = Parameter("doors", {"type": "array", "items": {"enum": ["cellar", "front", "back"]}})
    tools = parse_tools([{"name": "code", "parameters": {"type": "object", "properties": {"doors": doors.schema}}}])
    history = [Message("user", "a code for cellar and front"), Message("assistant", "When?"), Message("user", "at 8")]
    scene = Scene(tools, slot_table(tools), history)
    assert named_with("front", doors, scene) == ["cellar", "front"]
    assert named_with("back", doors, scene) == []


def test_a_place_that_holds_several_items_is_a_list_already() -> None:
    said = "the fitting at eight, 14 Quay Street, Roscoe and Lamar"
    assert best(said, {"people": ["Roscoe and Lamar"]}, TEXTS) == {"people": "Roscoe and Lamar"}


def test_one_entry_read_by_itself_stays_one_entry() -> None:
    text = "Anna, Bob and Carl"
    slots = slot_table(
        parse_tools([{"name": "save", "parameters": {"type": "object", "properties": {"people": TEXTS}}}])
    )
    said = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, 6, 9, 0.9),))
    prediction = Prediction(0.9, (0.9,), 0.1, (said,), 0.5, 1)
    scene = Scene((), slots, [Message("user", text)], one_entry=True)
    assert spread(prediction, scene) == prediction


def test_entries_of_a_closed_list_about_as_likely_as_the_first_belong_to_it() -> None:
    days = Parameter("days", {"type": "array", "items": {"enum": ["fri", "sat", "sun", "mon"]}}, required=False)
    slot = Slot("days", days)
    scene = Scene((), (slot,), [Message("user", "for the whole weekend")])
    said = SlotPrediction(0.1, 0.9, 0.0, choices=(0.05, 0.5, 0.4, 0.05))
    assert next(readings(said, slot, scene)).value == ["sat", "sun"]
    sure = SlotPrediction(0.1, 0.9, 0.0, choices=(0.05, 0.8, 0.1, 0.05))
    assert next(readings(sure, slot, scene)).value == ["sat"]
