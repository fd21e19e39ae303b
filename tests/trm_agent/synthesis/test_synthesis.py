"""What is made up from declarations alone reads back: values stand in the conversation, calls validate, kinds occur."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trm_agent.data.jsonl import write_samples
from trm_agent.errors import DataError
from trm_agent.synthesis.conversation import complete
from trm_agent.synthesis.cues import described, examples_of, kind_of, label, unit_of
from trm_agent.synthesis.makers import make_faker
from trm_agent.synthesis.patterns import matching
from trm_agent.synthesis.phrases import Phrases, Style
from trm_agent.synthesis.samples import ALL_OFFERED, KINDS, synthesize
from trm_agent.synthesis.tasks import base_form
from trm_agent.synthesis.texts import plural, put_in_place
from trm_agent.synthesis.tools import Neighbours, alike, declaration, may_serve, read_tools
from trm_agent.synthesis.values import Given, Lexicon, Said, Values
from trm_agent.training.episodes import read_episodes
from trm_agent.types import Parameter, Sample, ToolSchema, parse_tools, slot_table
from trm_agent.values import parse_value, validates

NOW = datetime(2026, 3, 4, 10, 30)
TEXT = {"type": "string"}


def tool(
    name: str, properties: dict[str, Any] | None = None, required: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties or {}, "required": list(required)}
    return {"name": name, "parameters": schema, **more}


HOTEL = tool(
    "search_hotels",
    {
        "city": {**TEXT, "description": "City to stay in"},
        "check_in": {**TEXT, "format": "date"},
        "check_out": {**TEXT, "format": "date"},
        "guests": {"type": "integer", "minimum": 1, "maximum": 8},
        "breakfast_included": {"type": "boolean"},
        "max_price": {"type": "number", "minimum": 20},
    },
    ["city", "check_in", "guests"],
    description="Search for hotels in a city.",
)
TAXI = tool(
    "order_taxi",
    {"pickup_location": TEXT, "dropoff_location": TEXT, "pickup_time": {**TEXT, "format": "time"}},
    ["pickup_location", "dropoff_location"],
    description="Order a taxi.",
)
LIGHT = tool(
    "set_light",
    {
        "room": {**TEXT, "enum": ["living_room", "kitchen"]},
        "on": {"type": "boolean"},
        "brightness": {"type": "integer"},
    },
    ["room", "on"],
)
TRANSFER = tool(
    "transfer_money",
    {
        "amount": {"type": "number", "exclusiveMinimum": 0},
        "recipient": {
            "type": "object",
            "properties": {"name": TEXT, "iban": {**TEXT, "pattern": r"^[A-Z]{2}\d{2}[A-Z0-9]{10,20}$"}},
            "required": ["name", "iban"],
        },
        "note": {"type": "object", "properties": {"text": TEXT, "urgent": {"type": "boolean"}}, "required": ["text"]},
    },
    ["amount", "recipient"],
    annotations={"readOnlyHint": False},
)
VACUUM = tool("start_vacuum", {"rooms": {"type": "array", "items": TEXT}}, description="Start the robot vacuum")
BALANCE = tool("get_balance")
EVERYTHING = parse_tools([HOTEL, TAXI, LIGHT, TRANSFER, VACUUM, BALANCE])


def said_by_people(sample: Sample) -> str:
    return "\n".join(m.text for m in sample.history if m.role in ("user", "assistant"))


def check(sample: Sample) -> None:
    """What every sample keeps to."""
    raw = json.loads(json.dumps(sample.to_json()))
    assert Sample.from_json(raw).to_json() == raw
    tools = {offered.name: offered for offered in sample.tools}
    for call in sample.calls or ([sample.tool] if sample.tool else []):
        assert validates(call["arguments"], tools[call["name"]].schema)
    text, now = said_by_people(sample), datetime.fromisoformat(sample.meta["now"])
    for slot in slot_table(sample.tools):
        if slot.key not in sample.slots or (slot.parameter.choices and slot.parameter.type != "array"):
            continue
        value = sample.slots[slot.key]
        words = [value, *sample.accept.slots.get(slot.key, ())]
        if isinstance(value, list) and sample.meta["subset"] == "list_edit":
            assert all(str(entry).removesuffix(".0") in text for entry in value), (slot.key, value, text)
            continue
        if sample.meta["subset"] == "pick":
            text += "\n".join(m.text for m in sample.history if m.role == "tool_response")
        found = [str(said) for said in words if str(said) in text]
        assert found, (slot.key, value, text)
        assert value in [parse_value(words, slot.parameter, now) for words in found]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(synthesize(EVERYTHING, 1500, seed=3))


def test_every_sample_reads_back_and_its_values_stand_in_the_conversation(samples: list[Sample]) -> None:
    for sample in samples:
        check(sample)


def test_all_kinds_occur_and_calls_and_answers_are_balanced(samples: list[Sample]) -> None:
    assert {sample.meta["subset"] for sample in samples} == set(KINDS)
    calls = Counter(sample.decision for sample in samples)["tool_call"]
    assert 0.38 < calls / len(samples) < 0.55


def test_shares_of_kinds_sum_to_one() -> None:
    assert sum(KINDS.values()) == pytest.approx(1)


def test_equal_seeds_give_equal_samples_and_others_do_not() -> None:
    first, second, other = (list(synthesize(EVERYTHING, 60, seed=seed)) for seed in (5, 5, 6))
    assert first == second
    assert first != other


def test_so_many_samples_come_as_were_asked_for() -> None:
    assert len(list(synthesize(EVERYTHING, 7))) == 7
    assert list(synthesize(EVERYTHING, 0)) == []


def test_a_conversation_is_one_episode_for_training(samples: list[Sample], tmp_path: Path) -> None:
    write_samples(tmp_path / "synth.jsonl", samples)
    episodes = read_episodes([tmp_path / "synth.jsonl"])
    assert len(episodes) == len({sample.meta["dialogue"] for sample in samples})
    assert sum(len(episode.points) for episode in episodes) == len(samples)


def test_several_calls_of_a_turn_come_in_order(samples: list[Sample]) -> None:
    several = [sample for sample in samples if sample.calls]
    assert several
    for sample in several:
        assert sample.tool == sample.calls[0]
        assert 2 <= len(sample.calls) <= 5
        assert len(sample.accept.calls) == len(sample.calls)


def calls_of_one_tool(declared: dict[str, Any], num: int = 400) -> list[Sample]:
    return [sample for sample in synthesize(parse_tools([declared]), num, seed=2) if sample.calls]


FACTORIAL = tool("factorial", {"number": {"type": "integer", "minimum": 0}}, ["number"], description="Get a factorial.")
PUSH = tool(
    "kinetic_energy",
    {
        "mass": {"type": "number", "description": "Mass of the object in kg."},
        "velocity": {"type": "number", "description": "Speed of the object in m/s."},
    },
    ["mass", "velocity"],
    description="Calculate the kinetic energy of an object.",
)


def test_one_message_asks_for_two_to_five_calls_of_a_tool() -> None:
    several = calls_of_one_tool(FACTORIAL)
    assert {len(sample.calls) for sample in several} == {2, 3, 4, 5}
    for sample in several:
        numbers = [call["arguments"]["number"] for call in sample.calls]
        assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("declared", [PUSH, TAXI, HOTEL, VACUUM], ids=lambda declared: declared["name"])
def test_values_of_several_calls_stand_in_the_message_in_the_order_of_the_calls(declared: dict[str, Any]) -> None:
    (offered,) = parse_tools([declared])
    for sample in calls_of_one_tool(declared):
        said = [m.text for m in sample.history if m.role == "user"][-1]
        for parameter in offered.parameters:
            if kind_of(parameter) == "boolean" or not all(parameter.name in c["arguments"] for c in sample.calls):
                continue
            words = [
                next(str(w) for w in (call["arguments"][parameter.name], *accept.arguments.get(parameter.name, ()))
                     if str(w) in said)
                for call, accept in sample.gold_calls
            ]  # fmt: skip
            assert len(words) == len(sample.calls)


def test_several_words_for_an_array_are_one_call() -> None:
    mean = tool("mean", {"numbers": {"type": "array", "items": {"type": "number"}}}, ["numbers"], description="Get it.")
    made = list(synthesize(parse_tools([mean]), 300, seed=1))
    lists = [s.tool["arguments"]["numbers"] for s in made if s.tool and s.meta["subset"] == "single"]
    assert not any(sample.calls for sample in made)
    assert sum(len(numbers) > 2 for numbers in lists) > len(lists) / 3


def test_all_numbers_of_a_request_stand_in_one_sentence_in_any_order_by_name_or_description() -> None:
    (offered,) = parse_tools([PUSH])
    mass, velocity = offered.parameters
    a = Given(mass, Said(5, "5", "measure", "kg"), "\ue000")
    b = Given(velocity, Said(10, "10", "measure", "m/s"), "\ue001")
    phrases = Phrases(random.Random(0), Style())
    texts = [phrases.numbers(offered, [a, b]) for _ in range(300)]
    assert all("\ue000" in text and "\ue001" in text and ". " not in text for text in texts)
    assert 0.3 < sum(text.index("\ue000") < text.index("\ue001") for text in texts) / len(texts) < 0.7
    assert any("speed of the object" in text for text in texts)
    assert any("velocity" in text for text in texts)
    assert any("moving at \ue001 m/s" in text for text in texts)


def test_a_range_goes_from_the_lower_to_the_higher() -> None:
    between = tool(
        "find", {"min_price": {"type": "number"}, "max_price": {"type": "number"}}, ["min_price", "max_price"]
    )
    for sample in synthesize(parse_tools([between]), 100):
        if sample.tool and sample.meta["subset"] == "single":
            assert sample.tool["arguments"]["min_price"] <= sample.tool["arguments"]["max_price"]


def test_what_a_description_calls_a_parameter() -> None:
    cases = {
        "The initial velocity of the car in m/s.": "initial velocity of the car",
        "City to stay in": "city",
        "Whether to round": "",
        "ID of the order": "ID of the order",
        "": "",
    }
    assert {told: described(Parameter("x", {**TEXT, "description": told})) for told in cases} == cases


def test_plurals() -> None:
    assert [plural(word) for word in ("city", "day", "address", "number", "genus", "days")] == [
        "cities", "days", "addresses", "numbers", "genuses", "days",
    ]  # fmt: skip


def test_a_tool_that_changes_something_is_confirmed_before_it_is_called(samples: list[Sample]) -> None:
    calls = [sample for sample in samples if sample.tool and sample.tool["name"] == "transfer_money"]
    assert calls
    assert all(sample.history[-2].role == "assistant" for sample in calls)


def test_out_of_scope_is_about_no_tool(samples: list[Sample]) -> None:
    first = {sample.meta["dialogue"]: sample for sample in reversed(samples)}
    stray = [s for s in first.values() if s.meta["subset"] == "out_of_scope" and s.decision == "direct_answer"]
    assert any(sample.meta["intent"] is None and not sample.slots for sample in stray)


def test_a_missing_value_is_asked_for_and_then_called_with(samples: list[Sample]) -> None:
    dialogue = [s for s in samples if s.meta["subset"] == "missing_one" and s.meta["intent"] == "order_taxi"]
    asked = next(sample for sample in dialogue if sample.decision == "direct_answer")
    later = [s for s in dialogue if s.meta["dialogue"] == asked.meta["dialogue"]]
    called = next(sample for sample in later if sample.decision == "tool_call")
    assert len(asked.slots) < len(called.slots)


def test_an_optional_object_is_given_whole_or_not_at_all(samples: list[Sample]) -> None:
    notes = [s.tool["arguments"].get("note") for s in samples if s.tool and s.tool["name"] == "transfer_money"]
    assert any(notes)
    assert all(note is None or "text" in note for note in notes)


@pytest.mark.parametrize(
    "declared",
    [
        tool("lookup_order", {"order_id": TEXT}, ["order_id"]),
        tool("ping"),
        tool("translate", {"text": TEXT, "target": {**TEXT, "enum": ["de", "fr"]}}, ["text", "target"]),
        tool("tag", {"tags": {"type": "array", "items": {**TEXT, "enum": ["red", "green", "blue"]}}}, ["tags"]),
        tool("sum", {"numbers": {"type": "array", "items": {"type": "number"}, "minItems": 2}}, ["numbers"]),
        tool("x", {"a": {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": TEXT}}}}}),
        tool("remind", {"at": {**TEXT, "format": "date-time"}, "what": TEXT}, ["at", "what"]),
        tool(
            "pick", {"n": {"type": ["integer", "null"], "minimum": 3, "maximum": 4}, "on": {"type": "boolean"}}, ["n"]
        ),
        tool("defaults", {"unit": {**TEXT, "default": "metric"}, "city": TEXT}, ["unit", "city"]),
    ],
    ids=lambda declared: declared["name"],
)
def test_one_tool_of_any_shape_is_enough(declared: dict[str, Any]) -> None:
    tools = parse_tools([declared])
    made = list(synthesize(tools, 60, seed=1))
    assert len(made) == 60
    assert any(sample.decision == "tool_call" for sample in made)
    for sample in made:
        check(sample)


def test_a_tool_that_needs_what_cannot_be_said_is_offered_but_never_called(caplog: pytest.LogCaptureFixture) -> None:
    raw = tool("raw_query", {"body": {"type": "object"}, "limit": {"type": "integer"}}, ["body"])
    made = list(synthesize(parse_tools([raw, TAXI]), 60))
    assert {sample.tool["name"] for sample in made if sample.tool} == {"order_taxi"}
    assert all(len(sample.tools) == 2 for sample in made if sample.meta["subset"] != "out_of_scope")
    assert "raw_query.body" in caplog.text


def test_no_usable_tool_is_an_error() -> None:
    raw = tool("raw_query", {"body": {"type": "object"}}, ["body"])
    with pytest.raises(DataError, match="no tool has parameters that values can be made up for"):
        list(synthesize(parse_tools([raw]), 5))


def test_a_long_list_is_drawn_from_and_a_pool_is_never_offered() -> None:
    many = parse_tools([tool(f"get_{word}", {"city": TEXT}, ["city"]) for word in "abcdefghijklmnopqrstuvw"])
    assert {len(s.tools) for s in synthesize(many, 20)} <= {ALL_OFFERED, ALL_OFFERED - 1}
    small = list(synthesize(many, 80, pool=[EVERYTHING[0]], tools_per_dialogue=(1, 3)))
    assert {len(sample.tools) for sample in small} <= {1, 2, 3}
    assert all("search_hotels" not in {t.name for t in sample.tools} for sample in small)


def test_a_crowd_is_the_tools_that_speak_of_the_same_things() -> None:
    places = ("harbour", "airport", "castle", "museum", "stadium", "library")
    declared = [
        tool(f"{verb}_{place}", {"city": TEXT}, ["city"], description=f"{verb.title()}s a {place} in a city.")
        for place in places
        for verb in ("paint", "rate", "photograph")
    ]
    many = parse_tools(declared)
    assert {other.name.split("_")[1] for other in Neighbours(many).nearest(many[4])[:2]} == {"airport"}
    crowds = list(synthesize(many, 40, tools_per_dialogue=(3, 3), crowded=1))
    assert all(len({t.name.split("_")[1] for t in sample.tools}) == 1 for sample in crowds)
    apart = list(synthesize(many, 40, tools_per_dialogue=(3, 3)))
    assert any(len({t.name.split("_")[1] for t in sample.tools}) == 3 for sample in apart)


def test_kinds_follow_name_description_and_format() -> None:
    cases = {
        "pickup_location": "city", "departure_date": "date", "user_email": "email", "author": "person",
        "num_guests": "count", "order_id": "id", "target_language": "language", "song_title": "song",
        "vendor_name": "company", "notes": "message",
    }  # fmt: skip
    numbers = {"num_guests"}
    found = {name: kind_of(Parameter(name, {"type": "integer"} if name in numbers else TEXT)) for name in cases}
    assert found == cases
    assert kind_of(Parameter("where_to", {**TEXT, "description": "City to fly to"})) == "city"
    assert kind_of(Parameter("recipient.name", TEXT)) == "person"


def test_examples_and_units_are_read_from_descriptions() -> None:
    place = Parameter("place", {**TEXT, "description": "The place, e.g. 'San Francisco, CA' or 'Rome, Italy'"})
    assert examples_of(place) == ("San Francisco, CA", "Rome, Italy")
    sport = Parameter("sport", {**TEXT, "description": "The sport (e.g., golf, tennis, etc.)"})
    assert examples_of(sport) == ("golf", "tennis")
    assert unit_of(Parameter("duration_minutes", {"type": "integer"})) == "minutes"
    assert label(Parameter("duration_minutes", {"type": "integer"})) == "duration"
    assert label(Parameter("num_guests", {"type": "integer"})) == "number of guests"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 90, "maximum": 92},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "integer", "multipleOf": 5},
        {"type": "integer", "enum": [1, 2, 3]},
        {**TEXT, "format": "date"},
        {**TEXT, "format": "date-time"},
        {**TEXT, "format": "email"},
        {**TEXT, "format": "uri"},
        {**TEXT, "pattern": "^(AB|CD)-[0-9]{3,5}[a-f]?$"},
        {**TEXT, "maxLength": 12},
        {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    ],
    ids=json.dumps,
)
def test_values_are_read_from_their_words_and_validate(schema: dict[str, Any]) -> None:
    parameter = Parameter("rate" if "maximum" in schema else "value", schema)
    for seed in range(20):
        said = Values(random.Random(seed), make_faker(), NOW, Lexicon([])).draw(parameter)
        assert said is not None
        assert validates(said.value, schema)
        assert parse_value(said.text, parameter, NOW) == said.value


def test_an_impossible_value_is_none() -> None:
    values = Values(random.Random(0), make_faker(), NOW, Lexicon([]))
    assert values.draw(Parameter("x", {"type": "object"})) is None
    assert values.draw(Parameter("x", {**TEXT, "pattern": "(?!)"})) is None


@pytest.mark.parametrize("pattern", [r"^\d{4}$", r"[A-Z]{2}-\d+", r"^(?:cat|dog)s?$", r"^[^a-z]{3}$", r"\w+@\w+\.com"])
def test_a_pattern_is_matched(pattern: str) -> None:
    rng = random.Random(0)
    assert all(re.search(pattern, matching(pattern, rng)) for _ in range(30))


def test_a_request_is_worded_in_many_ways_from_name_or_description() -> None:
    rng = random.Random(0)
    phrases = Phrases(rng, Style())
    weather = ToolSchema.from_json(tool("get_weather_forecast", description="Retrieves the weather forecast."))
    texts = {phrases.finish(phrases.request(weather, [])) for _ in range(200)}
    assert len(texts) > 60
    named = [text for text in texts if "weather forecast" in text.lower()]
    assert len(named) > 0.8 * len(texts)
    assert all("?" in text or len(text.split()) < 9 for text in texts - set(named))


def test_only_the_kinds_asked_for() -> None:
    tools = parse_tools([HOTEL, TAXI])
    kinds = {sample.meta["subset"] for sample in synthesize(tools, 60, kinds=["single", "several_calls"])}
    assert kinds == {"single", "several_calls"}
    with pytest.raises(DataError, match="unknown kinds singel; expected some of single"):
        next(synthesize(tools, 1, kinds=["singel"]))


def test_base_forms_of_verbs() -> None:
    assert [base_form(word) for word in ("Retrieves", "searches", "Gets", "analyze")] == [
        "retrieve", "search", "get", "analyze",
    ]  # fmt: skip


def test_what_must_be_given_beside_the_chosen() -> None:
    schema = EVERYTHING[3].schema
    assert complete(schema, {"note.urgent"}, lambda path: True) == {
        "amount", "recipient.name", "recipient.iban", "note.text", "note.urgent",
    }  # fmt: skip
    assert "amount" not in complete(schema, set(), lambda path: path != "amount")


def test_two_values_take_the_place_of_one_each_in_its_quotes() -> None:
    assert put_in_place('called "X" now', "X", "{a} and {b}", a="1", b="2") == 'called "1" and "2" now'
    assert put_in_place("in X now", "X", "{a}, not {b}", a="1", b="2") == "in 1, not 2 now"


def test_tools_are_told_apart_by_the_words_of_their_names() -> None:
    a, b, c = parse_tools([tool("getFilm"), tool("get_film_info"), tool("book_table", description="Reserve a seat")])
    assert alike(a, b)
    assert not alike(a, c)
    assert may_serve(c, "I need a table for two")
    assert not may_serve(c, "what is the capital of Mongolia")


@pytest.mark.parametrize("key", ["parameters", "input_schema", "inputSchema", "args_schema"])
def test_parameters_are_read_where_each_form_has_them(key: str) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    (told,) = parse_tools([declaration({"name": "weather", "description": "Tells.", key: schema})])
    assert told.required == ("city",)


def test_foreign_declarations_become_json_schema(tmp_path: Path) -> None:
    row = {
        "api_name": "f",
        "api_description": "Do.",
        "parameters": {"properties": {"type": "str"}, "n": {"type": "int"}},
    }
    (told,) = parse_tools([declaration({**row, "required": ["n"]})])
    assert told.schema["properties"] == {"properties": {"type": "string"}, "n": {"type": "integer"}}
    assert told.required == ("n",)
    lines = tmp_path / "pool.jsonl"
    lines.write_text("\n".join(json.dumps({**row, "api_name": name}) for name in ("f", "g")), encoding="utf-8")
    assert [t.name for t in read_tools(lines)] == ["f", "g"]


@pytest.mark.parametrize("content", ["[]", "{}", "3", "not json", '[{"description": "no name"}]'])
def test_a_file_that_is_no_tool_list_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"tools\.json"):
        read_tools(path)
