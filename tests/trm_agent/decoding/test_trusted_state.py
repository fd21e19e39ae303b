"""A state with a list of several choices is taken as it came; one with a choice that is not offered is not."""

from __future__ import annotations

import pytest

from trm_agent.decoding.state import trusted_values
from trm_agent.types import Message, SlotState, Source, Value, history_hash, parse_tools, slot_table

HISTORY = [Message("user", "lock the cellar and the front door")]
DOORS = {"type": "array", "items": {"type": "string", "enum": ["front", "back", "cellar"]}}
TOOLS = parse_tools([{"name": "lock", "parameters": {"type": "object", "properties": {"doors": DOORS}}}])


@pytest.mark.parametrize(
    ("doors", "taken"), [(["cellar", "front"], True), (["front"], True), (["cellar", "attic"], False)]
)
def test_each_entry_of_a_list_is_one_that_is_offered(doors: list[str], taken: bool) -> None:
    value = Value(doors, 0.8, Source("choice"))
    state = SlotState("x", 1, history_hash(HISTORY), {"doors": value.to_json()}).to_json()
    read = trusted_values(state, "x", {slot.key: slot for slot in slot_table(TOOLS)}, HISTORY, None)
    assert (read is not None) is taken


NOTE = parse_tools(
    [
        {
            "name": "write",
            "parameters": {"type": "object", "properties": {"note": {"type": "string"}, "to": {"type": "string"}}},
        }
    ]
)
CALLED = [
    Message("user", "write Ada that I am late"),
    Message("tool_call", {"name": "write", "arguments": {"note": "I am late", "to": "Ada"}}),
    Message("tool_response", {"ok": True}),
    Message("user", "to Ben, I mean"),
]


@pytest.mark.parametrize(
    ("key", "held", "taken"),
    [("note", "I am late", True), ("to", "Ada", True), ("note", "Ada", False), ("note", "you are late", False)],
)
def test_what_a_call_was_made_with_is_taken_for_its_own_parameter(key: str, held: str, taken: bool) -> None:
    value = Value(held, 0.5, Source("state", text=held))
    state = SlotState("x", len(CALLED), history_hash(CALLED), {key: value.to_json()}).to_json()
    read = trusted_values(state, "x", {slot.key: slot for slot in slot_table(NOTE)}, CALLED, None)
    assert (read is not None) is taken
