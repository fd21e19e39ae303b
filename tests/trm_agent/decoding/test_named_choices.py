"""All named entries of a closed list."""

from __future__ import annotations

import pytest

from trm_agent.decoding.named_choices import named_choices, named_with
from trm_agent.decoding.prediction import SlotPrediction
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.slots import readings
from trm_agent.types import Message, Parameter, Slot, parse_tools, slot_table

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


def test_entries_of_a_closed_list_about_as_likely_as_the_first_belong_to_it() -> None:
    days = Parameter("days", {"type": "array", "items": {"enum": ["fri", "sat", "sun", "mon"]}}, required=False)
    slot = Slot("days", days)
    scene = Scene((), (slot,), [Message("user", "for the whole weekend")])
    said = SlotPrediction(0.1, 0.9, 0.0, choices=(0.05, 0.5, 0.4, 0.05))
    assert next(readings(said, slot, scene)).value == ["sat", "sun"]
    sure = SlotPrediction(0.1, 0.9, 0.0, choices=(0.05, 0.8, 0.1, 0.05))
    assert next(readings(sure, slot, scene)).value == ["sat"]
