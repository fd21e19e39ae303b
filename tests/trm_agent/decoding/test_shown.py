"""What tool results show."""

from __future__ import annotations

from trm_agent.decoding.shown import shown_names, shown_values
from trm_agent.text.field_names import field_names, parameter_words
from trm_agent.types import Message

RESULT = {"rows": [{"TherapistName": "Bert Epstein", "zip": "94103", "open": True}, {"therapist_name": "Ann Lee"}]}


def test_names_and_values_are_found_in_mappings_lists_and_json() -> None:
    history = [Message("tool_response", RESULT), Message("tool_response", '{"a": {"bigCity": "Oslo"}, "b": null}')]
    assert shown_names(history) == {"rows", "therapist name", "zip", "open", "a", "big city"}
    assert shown_values(history) == {"therapist name": {"Bert Epstein", "Ann Lee"}, "big city": {"Oslo"}}


def test_what_has_no_fields_has_none() -> None:
    for content in ("plain", "[not json", 3, None, [], {"a": ""}):
        assert field_names(content) == set()
    assert parameter_words("stay.checkIn") == "check in"
