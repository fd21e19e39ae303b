"""What a call was made with holds until something new is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from trm_agent.decoding.held import held
from trm_agent.types import Message, Source, Value, parse_tools, slot_table

TEXT = {"type": "string"}
(PLAY, STOP) = parse_tools(
    [
        {
            "name": "play",
            "parameters": {
                "type": "object",
                "properties": {
                    "title": TEXT,
                    "episode": {"type": "integer"},
                    "room": {**TEXT, "enum": ["kitchen", "study"]},
                    "tags": {"type": "array", "items": TEXT},
                },
                "required": ["title"],
            },
        },
        {"name": "stop", "parameters": {"type": "object", "properties": {}}},
    ]
)
SLOTS = slot_table((PLAY, STOP))
CALL = {"name": "play", "arguments": {"title": "Owls", "episode": 2, "room": "study", "tags": ["a", "b"]}}
HISTORY = [
    Message("user", "play Owls, the second, in the study, not Foxes"),
    Message("tool_call", CALL),
    Message("tool_response", {"ok": True}),
    Message("user", "no, episode three"),
]


def at(message: int, value: Any) -> Value:
    return Value(value, 0.6, Source("span", message, 0, 1, str(value)))


def test_what_nobody_spoke_of_since_the_call_is_as_it_was() -> None:
    read = {"episode": at(3, 3), "title": at(0, "Foxes"), "tags": at(0, ["a"])}
    found = held(read, PLAY, SLOTS, HISTORY)
    assert {key: value.value for key, value in found.items()} == {"title": "Owls", "tags": ["a", "b"]}
    assert found["title"].source.kind == "state"


def test_what_is_not_read_comes_back_only_in_a_correction() -> None:
    read = {"episode": at(3, 3), "title": at(3, "Foxes")}
    assert held(read, PLAY, SLOTS, HISTORY) == {}
    found = held(read, PLAY, SLOTS, HISTORY, corrected=True)
    assert {key: value.value for key, value in found.items()} == {"tags": ["a", "b"], "room": "study"}


@pytest.mark.parametrize(
    "read",
    [
        {"title": at(0, "Foxes")},
        {"episode": at(3, 2), "title": at(0, "Foxes")},
        {"episode": at(0, 3), "title": at(0, "Foxes")},
        {},
    ],
)
def test_without_anything_new_nothing_is_held(read: dict[str, Value]) -> None:
    assert held(read, PLAY, SLOTS, HISTORY) == {}


def test_a_tool_that_was_not_called_holds_nothing() -> None:
    assert held({"episode": at(3, 3)}, STOP, SLOTS, HISTORY) == {}
    assert held({"episode": at(1, 3)}, PLAY, SLOTS, [HISTORY[0], HISTORY[3]]) == {}


def test_an_entry_that_the_user_names_is_new() -> None:
    chosen = Value("kitchen", 0.6, Source("choice"))
    history = [*HISTORY, Message("user", "and in the kitchen")]
    assert "room" not in held({"episode": at(3, 3), "room": chosen}, PLAY, SLOTS, history)
    assert held({"episode": at(3, 3), "room": chosen}, PLAY, SLOTS, HISTORY)["room"].value == "study"


def test_a_value_that_is_read_for_sure_is_believed() -> None:
    sure = Value("Foxes", 0.95, Source("span", 0, 0, 1, "Foxes"))
    assert held({"episode": at(3, 3), "title": sure}, PLAY, SLOTS, HISTORY) == {}
