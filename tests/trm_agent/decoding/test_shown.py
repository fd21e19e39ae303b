"""What tool results show, and spans that end where a shown value does."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.shown import shown_names, shown_values, snap
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import field_names, parameter_words
from trm_agent.types import Message, parse_tools, slot_table

RESULT = {"rows": [{"TherapistName": "Bert Epstein", "zip": "94103", "open": True}, {"therapist_name": "Ann Lee"}]}


def read(text: str, pointed: str, role: str = "assistant", name: str = "therapist_name", kind: str = "string") -> str:
    """The text that a span stands for after snapping."""
    schema = {"type": "object", "properties": {name: {"type": kind}}}
    slots = slot_table(parse_tools([{"name": "book", "parameters": schema}]))
    history = [Message("tool_response", RESULT), Message(role, text)]  # type: ignore[arg-type]
    start = text.index(pointed)
    said = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(1, start, start + len(pointed), 0.8),))
    [span] = snap(Prediction(0.1, (0.9,), 0.1, (said,), 0.5, 1), Scene((), slots, history)).slots[0].spans
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("pointed", "expected"),
    [
        ("Bert Epstein, a Psychologist", "Bert Epstein"),
        ("Epstein", "Bert Epstein"),
        ("try Bert Epstein", "Bert Epstein"),
        ("Bert Epstein", "Bert Epstein"),
        ("Psychologist", "Psychologist"),
    ],
)
def test_a_span_becomes_the_shown_value_it_overlaps(pointed: str, expected: str) -> None:
    assert read("You could try Bert Epstein, a Psychologist.", pointed) == expected


def test_a_field_is_that_of_a_parameter_that_is_described_so() -> None:
    properties = {"param_1": {"type": "string", "description": "Name of the therapist"}}
    slots = slot_table(parse_tools([{"name": "book", "parameters": {"type": "object", "properties": properties}}]))
    text = "You could try Bert Epstein, a Psychologist."
    history = [Message("tool_response", RESULT), Message("assistant", text)]
    start = text.index("Epstein")
    said = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(1, start, start + len("Epstein"), 0.8),))
    [span] = snap(Prediction(0.1, (0.9,), 0.1, (said,), 0.5, 1), Scene((), slots, history)).slots[0].spans
    assert text[span.start : span.end] == "Bert Epstein"


def test_what_the_user_says_stays_as_it_was_said() -> None:
    assert read("Bert Epstein, a Psychologist", "Epstein", role="user") == "Epstein"


def test_only_fields_of_the_slots_name_and_whole_words_count() -> None:
    assert read("Bert Epstein it is", "Epstein", name="other_name") == "Epstein"
    assert read("Ann Leeds", "Leeds") == "Leeds"


def test_spans_that_become_the_same_add_up() -> None:
    text = "Bert Epstein, a Psychologist or Ann Lee"
    schema = {"type": "object", "properties": {"therapist_name": {"type": "string"}}}
    slots = slot_table(parse_tools([{"name": "book", "parameters": schema}]))
    spans = (SpanCandidate(1, 32, 39, 0.4), SpanCandidate(1, 0, 12, 0.3), SpanCandidate(1, 5, 28, 0.25))
    prediction = Prediction(0.1, (0.9,), 0.1, (SlotPrediction(0.1, 0.9, 0.0, spans=spans),), 0.5, 1)
    history = [Message("tool_response", RESULT), Message("assistant", text)]
    snapped = snap(prediction, Scene((), slots, history)).slots[0].spans
    assert [(span.start, span.end, round(span.probability, 6)) for span in snapped] == [(0, 12, 0.55), (32, 39, 0.4)]


def test_names_and_values_are_found_in_mappings_lists_and_json() -> None:
    history = [Message("tool_response", RESULT), Message("tool_response", '{"a": {"bigCity": "Oslo"}, "b": null}')]
    assert shown_names(history) == {"rows", "therapist name", "zip", "open", "a", "big city"}
    assert shown_values(history) == {"therapist name": {"Bert Epstein", "Ann Lee"}, "big city": {"Oslo"}}


def test_what_has_no_fields_has_none() -> None:
    for content in ("plain", "[not json", 3, None, [], {"a": ""}):
        assert field_names(content) == set()
    assert parameter_words("stay.checkIn") == "check in"


@pytest.mark.parametrize("text", ["İstanbul ve Bert Epstein", "", "Bert"])
def test_texts_whose_length_changes_with_case_are_left_alone(text: str) -> None:
    assert read(f"{text}x", "x") == "x"
