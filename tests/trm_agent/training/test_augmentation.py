"""Augmented episodes are still right: labels follow the declarations, and nothing depends on more than the seed."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

from tests.trm_agent.model_doubles import TOOLS, episode
from trm_agent.data.renaming import abbreviated
from trm_agent.training.augmentation import augment
from trm_agent.training.episodes import Episode, Point
from trm_agent.training.out_of_scope import fact
from trm_agent.training.rates import Rates
from trm_agent.types import Message, Slot, SlotField, parse_tools

NEVER = Rates(
    hint=0,
    tool_description=0,
    slot_description=0,
    neutral=0,
    nameless=0,
    abbreviated=0,
    number=0,
    foreign=0,
    instruction=0,
    together=0,
    chain=0,
    typos=0,
    accents=0,
)


def request(text: str, tool: str | None, slots: dict[str, Any], tools: list[dict[str, Any]]) -> Episode:
    point = Point(
        1,
        "tool_call" if tool else "direct_answer",
        tool,
        tool,
        True,
        {key: (value,) for key, value in slots.items()},
        calls=int(tool is not None),
        tools=(tool,) if tool else (),
    )
    return Episode(parse_tools(tools), (Message("user", text),), (point,))


def table_for(guests: str) -> dict[str, Any]:
    properties = {"guests": {"type": "string", "description": guests}}
    return {
        "name": "book_table",
        "description": "Book a table",
        "parameters": {"type": "object", "properties": properties, "required": ["guests"]},
    }


BUS = request("From Fresno to Anaheim", "find_bus", {"from_city": "Fresno", "to_city": "Anaheim"}, TOOLS[:1])
TABLE = request("A table for four", "book_table", {"guests": "four"}, [table_for("How many people")])
CHAT = request("Tell me a joke", None, {}, TOOLS[1:])


def test_the_same_seed_gives_the_same_episodes_and_another_one_does_not() -> None:
    stories = [episode(), BUS, TABLE, CHAT] * 6
    assert augment(stories, 1) == augment(stories, 1)
    assert augment(stories, 1) != augment(stories, 2)


def test_rates_of_zero_change_nothing() -> None:
    assert augment([episode()], 0, NEVER) == [episode()]


def test_requests_are_chained_with_calls_results_and_answers_between_them() -> None:
    chained = augment([BUS, TABLE, CHAT], 0, replace(NEVER, chain=1.0))
    assert len(chained) == 1
    [story] = chained
    assert {tool.name for tool in story.tools} == {"find_bus", "book_table", "get_weather"}
    asked = {m.text: p for p in story.points if (m := story.messages[p.messages - 1]).role == "user"}
    assert asked["From Fresno to Anaheim"].tool == "find_bus"
    assert asked["A table for four"].tool == "book_table"
    assert (asked["Tell me a joke"].tool, asked["Tell me a joke"].intent) == (None, None)
    after = [p for p in story.points if story.messages[p.messages - 1].role == "tool_response"]
    assert len(after) == sum(p.calls for p in story.points)
    assert {p.decision for p in after} == {"direct_answer"}
    calls = [m.content for m in story.messages if m.role == "tool_call"]
    assert {"name": "find_bus", "arguments": {"from_city": "Fresno", "to_city": "Anaheim"}} in calls
    assert [p.messages for p in story.points] == sorted(p.messages for p in story.points)
    last = story.points[-1]
    held = {key for p in story.points[: -1 if last.calls else None] for key in p.slots}
    assert held <= last.slots.keys() | {"guests"}, "what was said stays said"


def test_tools_that_share_a_slot_are_not_chained() -> None:
    weather = request("Weather in Rome", "get_weather", {"city": "Rome"}, TOOLS[1:])
    other = replace(weather.tools[0], name="get_forecast")
    forecast = Episode(
        (other,),
        (Message("user", "Forecast for Oslo"),),
        (replace(weather.points[0], tool="get_forecast", intent="get_forecast", tools=("get_forecast",)),),
    )
    assert len(augment([weather, forecast], 0, replace(NEVER, chain=1.0))) == 2


def test_two_different_tools_of_one_name_are_not_chained() -> None:
    second = request("For two", "book_table", {"guests": "two"}, [table_for("Number of guests")])
    assert len(augment([TABLE, second], 0, replace(NEVER, chain=1.0))) == 2


def test_slot_keys_follow_the_declarations_of_a_chain() -> None:
    trip = {
        "name": "plan_trip",
        "parameters": {"type": "object", "properties": {"guests": {"type": "integer"}}, "required": ["guests"]},
    }
    [story] = augment(
        [TABLE, request("A trip for 3", "plan_trip", {"guests": "3"}, [trip])], 0, replace(NEVER, chain=1.0)
    )
    keys = {slot.key for slot in story.slots}
    assert keys == {"book_table.guests", "plan_trip.guests"}
    assert all(key in keys for point in story.points for key in point.slots)
    assert story.points[-1].slots == {"book_table.guests": ("four",), "plan_trip.guests": ("3",)}


def test_neutral_names_reach_calls_points_and_keys() -> None:
    [story] = augment([episode()], 0, replace(NEVER, neutral=1.0))
    assert {tool.name for tool in story.tools} == {"tool_1", "tool_2"}
    assert [point.intent for point in story.points] == ["tool_1", "tool_1", "tool_1", "tool_2"]
    assert [m.content["name"] for m in story.messages if m.role == "tool_call"] == ["tool_1"]
    assert {tool.description for tool in story.tools} == {tool["description"] for tool in TOOLS}


def test_names_of_parameters_that_say_nothing_reach_calls_points_and_keys() -> None:
    told = episode()
    [story] = augment([told], 0, replace(NEVER, nameless=1.0, slot_description=1.0))
    new = {old.key: slot.key for old in told.slots for slot in story.slots if same_text(old, slot)}
    assert len(new) == len(told.slots) == len(story.slots)
    assert not set(new) & set(new.values())
    for before, after in zip(told.points, story.points, strict=True):
        assert after.slots == {new[key]: values for key, values in before.slots.items()}
    [before] = [m.content["arguments"] for m in told.messages if m.role == "tool_call"]
    [after] = [m.content["arguments"] for m in story.messages if m.role == "tool_call"]
    assert after == {new[name]: value for name, value in before.items()}


def test_names_are_cut_short_and_stay_different() -> None:
    made = {slot.key for seed in range(20) for slot in augment([TABLE], seed, replace(NEVER, abbreviated=1.0))[0].slots}
    assert made == {"guests", "gsts", "gue", "gues"}
    names = ["departure_date", "departure_day", "departed_date"]
    for seed in range(50):
        assert len(set(abbreviated(names, random.Random(seed)).values())) == 3


def test_a_name_stays_where_no_description_says_what_it_is() -> None:
    bare = request("A trip for 3", "plan_trip", {"guests": "3"}, [{**table_for(""), "name": "plan_trip"}])
    assert [slot.key for slot in augment([bare], 0, replace(NEVER, nameless=1.0))[0].slots] == ["guests"]


def test_a_slot_field_of_a_log_keeps_its_name() -> None:
    logged = replace(TABLE, slot_fields=(SlotField("guests", "how many come"), SlotField("phone")))
    [story] = augment([logged], 0, replace(NEVER, nameless=1.0))
    assert story == logged


def same_text(one: Slot, other: Slot) -> bool:
    return one.parameter.description == other.parameter.description


def test_only_slots_whose_every_value_is_a_number_are_declared_as_numbers() -> None:
    [story] = augment([TABLE], 0, replace(NEVER, number=1.0))
    [slot] = story.slots
    assert slot.parameter.type in ("integer", "number")
    [bus] = augment([BUS], 0, replace(NEVER, number=1.0))
    assert {s.parameter.type for s in bus.slots} == {"string"}


def test_hints_and_descriptions_can_be_dropped() -> None:
    told = Episode(
        tuple(replace(tool, read_only=tool.name != "find_bus") for tool in episode().tools),
        episode().messages,
        episode().points,
    )
    [story] = augment([told], 0, replace(NEVER, hint=1.0, tool_description=1.0, slot_description=1.0))
    assert {tool.name: tool.read_only for tool in story.tools} == {"find_bus": False, "get_weather": None}
    assert {tool.description for tool in story.tools} == {""}
    assert {slot.parameter.description for slot in story.slots} == {""}


def test_a_request_that_meets_other_tools_is_about_none() -> None:
    stories = augment([BUS, TABLE, CHAT], 3, replace(NEVER, foreign=1.0))
    changed = [story for story in stories if story.messages[0].text == "A table for four" and not story.points[0].calls]
    for story in changed:
        assert "book_table" not in {tool.name for tool in story.tools}
        assert (story.points[0].decision, story.points[0].intent, story.points[0].slots) == ("direct_answer", None, {})
    own = [story for story in stories if story.points[0].calls]
    assert all(story.points[0].tool in {tool.name for tool in story.tools} for story in own)
    assert any(len(augment([BUS, TABLE, CHAT], seed, replace(NEVER, foreign=1.0))) == 3 for seed in range(3))


def test_a_tool_that_might_serve_a_request_is_no_foreign_tool() -> None:
    other = request("Any bus?", "bus_times", {}, [{"name": "bus_times", "description": "Times of a bus"}])
    for seed in range(8):
        for story in augment([BUS, other], seed, replace(NEVER, foreign=1.0)):
            assert story.points[0].calls == 1


def test_instructions_are_asked_beside_tools_that_are_not_for_them() -> None:
    stories = augment([TABLE] * 40, 0, replace(NEVER, instruction=1.0))
    made = [story for story in stories if not story.points[0].calls]
    assert len(made) > 30
    assert len({story.messages[0].text for story in made}) > 30
    for story in made:
        assert (story.points[0].decision, story.points[0].intent) == ("direct_answer", None)
        assert "{" not in story.messages[0].text
        assert "table" not in story.messages[0].text.lower().split()


def test_requests_in_one_message_call_every_tool() -> None:
    seen = 0
    for seed in range(12):
        for story in augment([BUS, TABLE, CHAT], seed, replace(NEVER, together=1.0)):
            [point] = story.points
            assert point.calls == len(point.tools)
            if point.calls < 2:
                continue
            seen += 1
            assert set(point.tools) == {"find_bus", "book_table"}
            assert point.slots == {"from_city": ("Fresno",), "to_city": ("Anaheim",), "guests": ("four",)}
            text = story.messages[0].text
            assert all(values[0] in text for values in point.slots.values())
    assert seen > 4


def test_a_message_of_several_requests_is_not_too_long() -> None:
    stories = augment([BUS, TABLE], 0, replace(NEVER, together=1.0, most_characters=20))
    assert [story.points[0].calls for story in stories] == [1, 1]


def test_slips_leave_the_words_of_values_dates_and_numbers_alone() -> None:
    said = "please reserve a table for twelve people next Thursday under Brandt-Weber at 19:30"
    table = request(said, "book_table", {"guests": "twelve people", "name": "Brandt-Weber"}, [table_for("How many")])
    typed = {e.messages[0].text for e in augment([table] * 40, 3, replace(NEVER, typos=1))}
    assert len(typed) > 20
    for text in typed:
        assert all(kept in text for kept in ("twelve people next Thursday", "Brandt-Weber", " at 19:30"))
        assert len(text.split()) == len(said.split())


def test_accents_are_left_away_but_in_values() -> None:
    said = "đổi tên thiết bị thành Đèn phòng khách"
    rename = request(
        said,
        "rename",
        {"name": "Đèn phòng khách"},
        [
            {
                "name": "rename",
                "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            }
        ],
    )
    assert {e.messages[0].text for e in augment([rename], 3, replace(NEVER, accents=1))} == {
        "doi ten thiet bi thanh Đèn phòng khách"
    }


def test_questions_about_the_world_are_made_of_two_different_names() -> None:
    asked = [fact(random.Random(seed)) for seed in range(400)]
    assert len(set(asked)) > 150
    assert not any("{" in question for question in asked)
    assert all(a != b for a, b in (re.findall(r"Is (\w+) bigger than (\w+)", q)[0] for q in asked if "bigger" in q))
