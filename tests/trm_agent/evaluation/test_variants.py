"""Samples with their tools declared otherwise: gold follows, nothing else changes, and every sample stays valid."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recipes.corpora.sgd import Service
from trm_agent.evaluation.variants import add_tools, drop_descriptions, neutral_names, reorder, reword
from trm_agent.types import Accept, Message, Sample, parse_tools, slot_table

TOOLS: list[dict[str, Any]] = [
    {
        "name": "book_room",
        "description": "Book a room",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "City of the hotel"},
                "guest": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "description": "Who stays"}, "age": {"type": "integer"}},
                    "required": ["name"],
                },
                "properties": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"kind": {"type": "string"}}},
                },
            },
            "required": ["city", "guest"],
        },
        "annotations": {"readOnlyHint": False},
    },
    {
        "name": "tell_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "City to look up"},
                "unit": {"type": "string", "enum": ["city", "kelvin"], "default": "kelvin", "description": "Unit"},
            },
            "required": ["city"],
        },
    },
]
CALL = {
    "name": "book_room",
    "arguments": {"city": "Leeds", "guest": {"name": "Ann", "age": 30}, "properties": [{"kind": "city"}]},
}
WEATHER = {"name": "tell_weather", "arguments": {"city": "Turin"}}


def sample(**changes: Any) -> Sample:
    raw: dict[str, Any] = {
        "tools": TOOLS,
        "history": [
            {"role": "user", "content": "weather in Turin, then a room in Leeds for Ann, 30"},
            {"role": "tool_call", "content": WEATHER},
            {"role": "tool_response", "content": {"city": "Turin", "sky": "clear"}},
            {"role": "tool_call", "content": {"name": "gone_tool", "arguments": {"city": "x"}}},
        ],
        "decision": "tool_call",
        "slots": {"book_room.city": "Leeds", "tell_weather.city": "Turin", "guest.name": "Ann", "guest.age": 30},
        "tool": CALL,
        "content": None,
        "id": "1",
        "accept": {
            "arguments": {"city": ["leeds, uk"], "guest.name": ["Anne"]},
            "optional": ["properties", "guest.age"],
            "slots": {"book_room.city": ["leeds, uk"], "unit": ["kelvin"]},
        },
        "meta": {"dialogue": "a", "source": "made", "intent": "book_room", "seen": True},
    }
    return Sample.from_json({**raw, **changes})


def valid(changed: Sample) -> Sample:
    """As a file would hold it: read again it is the same, and all slots are those of the tools."""
    again = Sample.from_json(json.loads(json.dumps(changed.to_json())))
    assert again == changed
    keys = {slot.key for slot in slot_table(changed.tools)}
    assert changed.slots.keys() <= keys
    assert changed.accept.slots.keys() <= keys
    return changed


def test_another_order_is_the_same_throughout_a_dialogue_and_changes_nothing_else() -> None:
    one, other = sample(), sample(id="2")
    orders = set()
    for seed in range(8):
        changed = [valid(reorder(seed)(each)) for each in (one, other)]
        assert changed[0].tools == changed[1].tools
        assert {t.name: t for t in changed[0].tools} == {t.name: t for t in one.tools}
        assert (changed[0].slots, changed[0].tool, changed[0].history) == (one.slots, one.tool, one.history)
        orders.add(tuple(tool.name for tool in changed[0].tools))
    assert len(orders) == 2


def test_neutral_tool_names_reach_calls_history_intent_and_slot_keys() -> None:
    changed = valid(neutral_names(tools=True, parameters=False)(sample()))
    assert [tool.name for tool in changed.tools] == ["tool_1", "tool_2"]
    assert [tool.description for tool in changed.tools] == ["Book a room", "Weather of a city"]
    assert changed.tools[0].read_only is False
    assert changed.tool == {**CALL, "name": "tool_1"}
    assert changed.meta["intent"] == "tool_1"
    assert changed.slots == {"tool_1.city": "Leeds", "tool_2.city": "Turin", "guest.name": "Ann", "guest.age": 30}
    assert changed.accept.slots == {"tool_1.city": ["leeds, uk"], "unit": ["kelvin"]}
    assert changed.history[1] == Message("tool_call", {**WEATHER, "name": "tool_2"})
    assert changed.history[3] == sample().history[3], "a call of a tool that is not on offer stays"


def test_neutral_parameter_names_reach_nested_objects_and_leave_values_alone() -> None:
    changed = valid(neutral_names(tools=False, parameters=True)(sample()))
    names = {"city": "param_1", "guest": "param_2", "properties": "param_3", "name": "param_4", "age": "param_5"}
    named = {**names, "kind": "param_6", "unit": "param_7"}
    own = ["param_1", "param_2.param_4", "param_2.param_5", "param_3.param_6"]
    assert [p.name for p in changed.tools[0].parameters] == own
    assert [p.required for p in changed.tools[0].parameters] == [True, True, False, False]
    unit = changed.tools[1].parameters[1]
    assert (unit.name, unit.choices, unit.default) == (named["unit"], ("city", "kelvin"), "kelvin")
    assert changed.tool == {
        "name": "book_room",
        "arguments": {
            "param_1": "Leeds",
            "param_2": {"param_4": "Ann", "param_5": 30},
            "param_3": [{"param_6": "city"}],
        },
    }
    assert changed.slots == {
        "book_room.param_1": "Leeds",
        "tell_weather.param_1": "Turin",
        "param_2.param_4": "Ann",
        "param_2.param_5": 30,
    }
    assert changed.accept == Accept(
        {"param_1": ["leeds, uk"], "param_2.param_4": ["Anne"]},
        ("param_3", "param_2.param_5"),
        {"book_room.param_1": ["leeds, uk"], "param_7": ["kelvin"]},
    )
    assert changed.history[1].content == {"name": "tell_weather", "arguments": {"param_1": "Turin"}}
    assert changed.history[2] == sample().history[2], "results keep their field names"


def test_every_call_of_a_turn_is_renamed_with_what_it_accepts() -> None:
    several = sample(
        calls=[CALL, WEATHER],
        accept={
            "calls": [{"arguments": {"city": ["leeds"]}}, {"arguments": {"city": ["torino"]}, "optional": ["unit"]}]
        },
    )
    changed = valid(neutral_names(tools=True, parameters=True)(several))
    assert [call["name"] for call in changed.calls] == ["tool_1", "tool_2"]
    assert changed.calls[0] == changed.tool
    assert changed.accept.calls == (
        Accept({"param_1": ["leeds"]}),
        Accept({"param_1": ["torino"]}, ("param_7",)),
    )


def test_without_descriptions_two_slots_that_differ_in_nothing_else_become_one() -> None:
    changed = valid(drop_descriptions(sample()))
    text = json.dumps([tool.to_json() for tool in changed.tools])
    assert text.count('"description": ""') == text.count('"description"') == 2
    assert changed.slots == {"city": "Leeds", "guest.name": "Ann", "guest.age": 30}, "the active tool's city is gold"
    assert changed.accept.slots["city"] == ["leeds, uk", "Turin"]
    other = valid(drop_descriptions(sample(meta={"intent": "tell_weather"}, tool=WEATHER, accept={})))
    assert (other.slots["city"], other.accept.slots["city"]) == ("Turin", ["Leeds"])


def test_a_parameter_named_like_a_keyword_keeps_its_name() -> None:
    tool = {
        "name": "note",
        "parameters": {"type": "object", "properties": {"description": {"type": "string", "description": "Text"}}},
    }
    call = {"name": "note", "arguments": {"description": "hi"}}
    changed = valid(drop_descriptions(sample(tools=[tool], tool=call, slots={"description": "hi"}, accept={})))
    assert changed.tools[0].schema["properties"] == {"description": {"type": "string"}}


def test_further_tools_are_the_same_throughout_a_dialogue_and_may_move_slot_keys() -> None:
    pool = parse_tools(
        [
            {"name": "tell_weather", "description": "another tool of that name"},
            *(
                {"name": f"other_{i}", "parameters": {"type": "object", "properties": {"unit": {"type": "string"}}}}
                for i in range(30)
            ),
        ]
    )
    changed = [valid(add_tools(pool, 20, 0)(each)) for each in (sample(), sample(id="2"))]
    assert changed[0].tools == changed[1].tools
    assert len({tool.name for tool in changed[0].tools}) == 22
    assert all(tool in changed[0].tools for tool in sample().tools)
    assert changed[0].accept.slots["tell_weather.unit"] == ["kelvin"]
    assert changed[0].slots == sample().slots
    elsewhere = add_tools(pool, 20, 0)(sample(meta={"dialogue": "b", "source": "made"}))
    assert elsewhere.tools != changed[0].tools


def service(name: str, tool: str, parameter: str, description: str) -> Service:
    declared = {
        "name": tool,
        "description": description,
        "parameters": {"type": "object", "properties": {parameter: {"type": "string"}}, "required": [parameter]},
    }
    return Service(name, parse_tools([declared]), {"place": parameter}, {"Find": tool})


def test_sgd_tools_take_the_words_of_another_wording() -> None:
    originals = {"Buses_1": service("Buses_1", "Find", "place", "Find a bus")}
    wordings = [{"Buses_1": service("Buses_1", f"Search{i}", f"town{i}", f"Look for a coach {i}")} for i in range(3)]
    tools = [*(tool.to_json() for tool in originals["Buses_1"].tools), TOOLS[1]]
    call = {"name": "Find", "arguments": {"place": "Leeds"}}
    drawn = set()
    for dialogue in range(12):
        meta = {"dialogue": str(dialogue), "intent": "Find"}
        given = sample(tools=tools, tool=call, slots={"place": "Leeds", "city": "Turin"}, accept={}, meta=meta)
        changed = valid(reword(originals, wordings, 0)(given))
        i = changed.tools[0].name[-1]
        drawn.add(i)
        assert changed.tools[0].description == f"Look for a coach {i}"
        assert changed.tools[1] == given.tools[1]
        assert changed.tool == {"name": f"Search{i}", "arguments": {f"town{i}": "Leeds"}}
        assert changed.slots == {f"town{i}": "Leeds", "city": "Turin"}
        assert changed.meta["intent"] == f"Search{i}"
    assert drawn == {"0", "1", "2"}


def test_two_tools_that_a_wording_names_alike_are_told_apart() -> None:
    originals = {name: service(name, f"Find{name}", "place", f"Find {name}") for name in ("Buses_1", "Trains_1")}
    wording = {name: service(name, "Search", "town", f"Look for {name}") for name in originals}
    tools = [tool.to_json() for each in originals.values() for tool in each.tools]
    call = {"name": "FindTrains_1", "arguments": {"place": "Leeds"}}
    given = sample(tools=tools, tool=call, slots={"place": "Leeds"}, accept={}, meta={"dialogue": "a"})
    changed = valid(reword(originals, [wording], 0)(given))
    assert [tool.name for tool in changed.tools] == ["Search", "Search_Trains"]
    assert changed.tool == {"name": "Search_Trains", "arguments": {"town": "Leeds"}}


@pytest.mark.parametrize("tools", [True, False])
def test_a_sample_without_slots_or_call_stays_one(tools: bool) -> None:
    bare = sample(decision="direct_answer", tool=None, slots={}, accept={}, meta={})
    changed = valid(neutral_names(tools=tools, parameters=True)(bare))
    assert (changed.slots, changed.tool, changed.accept, changed.meta) == ({}, None, Accept(), {})


def test_frames_take_the_new_names() -> None:
    frame = {"service": "Rooms", "seen": True, "tools": ["book_room"], "state": {"city": ["Leeds"]}}
    changed = neutral_names(tools=True, parameters=True)(sample(meta={"frames": [frame], "dialogue": "a"}))
    table = {reader: slot.key for slot in slot_table(changed.tools) for reader in slot.readers}
    (made,) = changed.meta["frames"]
    (name,) = made["state"]
    assert made == {**frame, "tools": ["tool_1"], "state": {name: ["Leeds"]}}
    assert changed.slots[table["tool_1", name]] == "Leeds"
