"""Several calls in one turn: as many as the model sees, what differs differs, and each of them is legal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.scene import Scene
from trm_agent.evaluation.metrics import judge
from trm_agent.types import Decision, Message, Sample, ToolSchema, parse_tools, slot_table

TOOLS = parse_tools(
    [
        {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "day": {"type": "string"},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                },
                "required": ["city"],
            },
        },
        {
            "name": "book_taxi",
            "parameters": {
                "type": "object",
                "properties": {"destination": {"type": "string"}},
                "required": ["destination"],
            },
        },
    ]
)
SLOTS = slot_table(TOOLS)
TEXT = "The weather in Rome and in Oslo tomorrow, and a taxi to the airport"
HISTORY = [Message("user", TEXT)]
EMPTY = SlotPrediction(1.0, 0.0, 0.0)


def said(**words: float) -> SlotPrediction:
    """A filled slot whose readings are words of `TEXT`."""
    spans = [
        SpanCandidate(0, TEXT.index(word), TEXT.index(word) + len(word), p)
        for word, p in ((word.replace("_", " "), p) for word, p in words.items())
    ]
    return SlotPrediction(0.02, 0.98, 0.0, spans=tuple(spans))


def predict(calls: tuple[float, ...], tools: tuple[float, float], **slots: SlotPrediction) -> Decision:
    prediction = Prediction(
        call=0.9,
        tools=tools,
        no_tool=1 - sum(tools),
        slots=tuple(slots.get(slot.key, EMPTY) for slot in SLOTS),
        halt=0.5,
        steps=2,
        calls=calls,
    )
    return decode(prediction, Scene(TOOLS, SLOTS, HISTORY), calibration=Calibration.identity())


def made(decision: Decision) -> list[tuple[str, dict[str, Any]]]:
    return [(call.tool, call.arguments) for call in decision.calls]


def test_what_differs_between_two_calls_differs_and_the_rest_is_shared() -> None:
    decision = predict((0.1, 0.8, 0.1, 0.0), (0.95, 0.03), city=said(Oslo=0.5, Rome=0.48), day=said(tomorrow=0.99))
    assert made(decision) == [
        ("get_weather", {"city": "Rome", "day": "tomorrow"}),
        ("get_weather", {"city": "Oslo", "day": "tomorrow"}),
    ]
    assert (decision.tool, decision.arguments) == made(decision)[0]
    assert decision.calls[1].argument_values["city"].source.text == "Oslo"


def test_a_request_that_needs_one_call_gets_one() -> None:
    decision = predict((0.99, 0.01, 0.0, 0.0), (0.95, 0.03), city=said(Oslo=0.85, Rome=0.1))
    assert made(decision) == [("get_weather", {"city": "Oslo"})]


def test_readings_say_how_many_where_one_call_is_not_sure() -> None:
    three = said(Rome=0.34, Oslo=0.32, airport=0.3)
    assert len(predict((0.7, 0.2, 0.1, 0.0), (0.97, 0.01), city=three).calls) == 3, "though one is likeliest"
    assert len(predict((0.1, 0.8, 0.1, 0.0), (0.97, 0.01), city=said(Rome=0.93, airport=0.05)).calls) == 1, (
        "one is clear"
    )
    assert len(predict((0.1, 0.1, 0.1, 0.7), (0.97, 0.01), city=said(Rome=0.5, Oslo=0.4, taxi=0.06)).calls) == 2


def test_values_said_alike_make_several_calls_where_one_is_likelier() -> None:
    decision = predict((0.9, 0.1, 0.0, 0.0), (0.95, 0.03), city=said(Oslo=0.5, Rome=0.48))
    assert [call["city"] for _, call in made(decision)] == ["Rome", "Oslo"]
    clear = predict((0.9, 0.1, 0.0, 0.0), (0.95, 0.03), city=said(Oslo=0.95, Rome=0.03))
    assert [call["city"] for _, call in made(clear)] == ["Oslo"]


def test_two_tools_share_the_pointer() -> None:
    decision = predict((0.1, 0.9, 0.0, 0.0), (0.5, 0.48), city=said(Rome=0.9), destination=said(airport=0.9))
    assert made(decision) == [("get_weather", {"city": "Rome"}), ("book_taxi", {"destination": "airport"})]


def test_a_second_tool_with_a_small_share_of_the_pointer_gets_what_it_requires() -> None:
    decision = predict((0.2, 0.8, 0.0, 0.0), (0.85, 0.13), city=said(Rome=0.9), destination=said(airport=0.9))
    assert made(decision) == [("get_weather", {"city": "Rome"}), ("book_taxi", {"destination": "airport"})]
    assert decision.calls[1].argument_values["destination"].source.text == "airport"


def test_three_calls_over_two_tools() -> None:
    decision = predict((0.1, 0.1, 0.8, 0.0), (0.6, 0.38), city=said(Rome=0.5, Oslo=0.45), destination=said(airport=0.9))
    assert [call["city"] for _, call in made(decision)[:2]] == ["Rome", "Oslo"]
    assert made(decision)[2][0] == "book_taxi"


def test_a_call_that_lacks_something_is_not_among_them() -> None:
    decision = predict((0.1, 0.9, 0.0, 0.0), (0.5, 0.48), city=said(Rome=0.9))
    assert made(decision) == [("get_weather", {"city": "Rome"})], "the taxi has no destination"


def test_overlapping_readings_are_no_second_value() -> None:
    decision = predict((0.1, 0.9, 0.0, 0.0), (0.97, 0.01), city=said(in_Oslo=0.5, Oslo=0.48))
    assert made(decision) == [("get_weather", {"city": "in Oslo"})]


def test_the_same_choice_twice_makes_one_call() -> None:
    unit = SlotPrediction(0.02, 0.98, 0.0, choices=(0.5, 0.5))
    decision = predict((0.0, 1.0, 0.0, 0.0), (0.97, 0.01), city=said(Rome=0.9), unit=unit)
    assert {call["unit"] for _, call in made(decision)} == {"celsius", "fahrenheit"}


def test_a_direct_answer_has_no_calls() -> None:
    prediction = Prediction(0.1, (0.9, 0.0), 0.1, tuple(EMPTY for _ in SLOTS), 0.5, 2, (0.0, 1.0, 0.0, 0.0))
    assert decode(prediction, Scene(TOOLS, SLOTS, HISTORY), calibration=Calibration.identity()).calls == ()


def sample(*calls: tuple[str, dict[str, Any]]) -> Sample:
    gold = tuple({"name": name, "arguments": arguments} for name, arguments in calls)
    return Sample(TOOLS, tuple(HISTORY), "tool_call", {}, gold[0], None, calls=gold)


def test_calls_are_judged_in_any_order_by_hand() -> None:
    rome, oslo = ("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})
    decision = predict((0.0, 1.0, 0.0, 0.0), (0.97, 0.01), city=said(Oslo=0.5, Rome=0.48))
    assert judge(sample(oslo, rome), decision).call_right is True
    one_too_many = judge(sample(oslo), decision)
    assert one_too_many.arguments == {"city": "right", "call 2": "extra"}
    assert one_too_many.call_right is False
    one_too_few = judge(sample(oslo, rome, ("get_weather", {"city": "Paris"})), decision)
    assert one_too_few.arguments == {"city": "right", "2.city": "right", "call 3": "missing"}
    other_tool = judge(sample(oslo, ("book_taxi", {"destination": "airport"})), decision)
    assert (other_tool.tool_right, other_tool.call_right) == (False, False)


def test_the_record_of_a_decision_lists_every_call() -> None:
    decision = predict((0.0, 1.0, 0.0, 0.0), (0.97, 0.01), city=said(Oslo=0.5, Rome=0.48))
    record = replace(decision, latency_ms={}).to_json()
    assert [call["arguments"] for call in record["calls"]] == [{"city": "Rome"}, {"city": "Oslo"}]


RUN = parse_tools(
    [
        {
            "name": "plan_run",
            "parameters": {
                "type": "object",
                "properties": {"runner": {"type": "string"}, "km": {"type": "integer"}, "laps": {"type": "integer"}},
                "required": ["km"],
            },
        }
    ]
)


def plan(
    text: str, one: float, tools: tuple[ToolSchema, ...] | None = None, **slots: dict[str, float]
) -> list[dict[str, Any]]:
    """The arguments of the calls for a message; each slot has readings, words of it with their probability."""
    tools = tools or RUN
    table = slot_table(tools)
    spans = {
        key: tuple(SpanCandidate(0, text.index(w), text.index(w) + len(w), p) for w, p in found.items())
        for key, found in slots.items()
    }
    filled = tuple(
        SlotPrediction(0.02, 0.98, 0.0, spans=spans[slot.key]) if slot.key in spans else EMPTY for slot in table
    )
    prediction = Prediction(0.9, (0.95,), 0.05, filled, 0.5, 2, (one, 1 - one))
    history = [Message("user", text)]
    decision = decode(prediction, Scene(tools, table, history), calibration=Calibration.identity())
    return [dict(call.arguments) for call in decision.calls]


def test_an_enumeration_for_one_value_makes_a_call_an_item() -> None:
    text = "Plan a run of 5 km for Ana and Ben"
    assert plan(text, 0.9, km={"5": 0.9}, runner={"Ana and Ben": 0.8, "Ana": 0.1}) == [
        {"runner": "Ana", "km": 5},
        {"runner": "Ben", "km": 5},
    ]
    assert plan(text, 0.995, km={"5": 0.9}, runner={"Ana and Ben": 0.8}) == [{"runner": "Ana and Ben", "km": 5}]


def test_enumerations_of_the_same_length_go_together_in_order() -> None:
    text = "Ana and Ben want to run 5 and 12 km respectively"
    assert plan(text, 0.5, km={"5 and 12": 0.6, "5": 0.3}, runner={"Ana and Ben": 0.8}) == [
        {"runner": "Ana", "km": 5},
        {"runner": "Ben", "km": 12},
    ]


def test_numbers_that_the_same_words_lead_up_to_belong_to_calls_beside_each_other() -> None:
    text = "First a distance of 3 km with a count of 2, then a distance of 4 km with a count of 6"
    found = plan(text, 0.5, km={"3": 0.6, "4": 0.1, "6": 0.1}, laps={"2": 0.6, "6": 0.1, "4": 0.1})
    assert found == [{"km": 3, "laps": 2}, {"km": 4, "laps": 6}]


def test_a_tool_is_read_where_the_user_speaks_of_it() -> None:
    decision = predict((0.1, 0.9, 0.0, 0.0), (0.5, 0.48), city=said(Rome=0.9), destination=said(Rome=0.6, airport=0.35))
    assert made(decision) == [("get_weather", {"city": "Rome"}), ("book_taxi", {"destination": "airport"})]


NUMBERED = parse_tools(
    [
        {
            "name": "record",
            "parameters": {
                "type": "object",
                "properties": {"team": {"type": "string"}, "season": {"type": "integer"}},
                "required": ["team", "season"],
            },
        }
    ]
)


def records(text: str, single: float, **slots: dict[str, float]) -> list[tuple[str, int]]:
    """Team and season of each call."""
    return [(call["team"], call["season"]) for call in plan(text, single, NUMBERED, **slots)]


def test_two_enumerations_are_crossed_unless_they_belong_together_in_order() -> None:
    team, season = {"Lakers and Bulls": 0.9}, {"2018 and 2020": 0.4, "2018": 0.35, "2020": 0.25}
    text = "How often did the Lakers and Bulls win in 2018 and 2020"
    crossed = [("Lakers", 2018), ("Lakers", 2020), ("Bulls", 2018), ("Bulls", 2020)]
    assert sorted(records(f"{text}?", 0.3, team=team, season=season)) == sorted(crossed)
    assert records(f"{text}, respectively?", 0.3, team=team, season=season) == [("Lakers", 2018), ("Bulls", 2020)]


def test_an_enumeration_is_taken_apart_as_a_whole_where_the_model_stays_inside_it() -> None:
    text = "How often did the Lakers, Bulls and Heat win in 2018?"
    season = {"2018": 0.99}
    inside = {"Heat": 0.5, "Lakers": 0.28, "Bulls and Heat": 0.12, "Lakers, Bulls and Heat": 0.05, "Bulls": 0.04}
    three = [("Lakers", 2018), ("Bulls", 2018), ("Heat", 2018)]
    assert records(text, 0.3, team=inside, season=season) == three
    outside = {"Heat": 0.5, "win": 0.3, "Lakers, Bulls and Heat": 0.05}
    assert records(text, 0.3, team=outside, season=season) != three


def test_what_is_half_of_an_item_does_not_stand_for_the_enumeration() -> None:
    text = "the rise and fall of the Lakers in 2018"
    season = {"2018": 0.99}
    half = {"Lakers": 0.9, "the rise and fall of the Lakers": 0.06}
    assert records(text, 0.4, team=half, season=season) == [("Lakers", 2018)]
