"""What a declaration names and the user says is the value; nothing else is filled."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.examples import SURE, say_examples
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, Parameter, parse_tools, slot_table
from trm_agent.values import described_names

UNIT = "The unit ('Celsius' or 'Fahrenheit'). Default is 'Fahrenheit'."
TEXT = "Average temperature in Austin in Celsius"


def read(
    text: str,
    description: str,
    unit: tuple[str, float],
    city: str = "Austin",
    *,
    filled: float = 0.02,
    call: float = 0.9,
    role: str = "user",
) -> tuple[str, float]:
    """The best span of the described parameter and how surely it is filled."""
    properties = {"city": {"type": "string"}, "unit": {"type": "string", "description": description}}
    tools = parse_tools([{"name": "weather", "parameters": {"type": "object", "properties": properties}}])

    def said(word: str, probability: float, filled: float) -> SlotPrediction:
        start = text.index(word)
        spans = (SpanCandidate(0, start, start + len(word), probability),)
        return SlotPrediction(1 - filled, filled, 0.0, spans=spans)

    slots = (said(city, 0.9, 0.95), said(*unit, filled))
    prediction = Prediction(call=call, tools=(1.0,), no_tool=0.0, slots=slots, halt=0.5, steps=2)
    history = [Message("user", text)] if role == "user" else [Message("user", text), Message("assistant", "Well")]
    found = say_examples(prediction, Scene(tools, slot_table(tools), history))
    assert found.slots[0] == slots[0]
    answer = found.slots[1]
    assert answer.empty + answer.filled + answer.dontcare == pytest.approx(1.0)
    assert sum(span.probability for span in answer.spans) == pytest.approx(1.0, abs=0.21)
    return text[answer.spans[0].start : answer.spans[0].end], answer.filled


@pytest.mark.parametrize("pointed", ["Celsius", "in Celsius", "temperature", TEXT])
def test_a_named_value_that_is_said_fills_its_slot(pointed: str) -> None:
    assert read(TEXT, UNIT, (pointed, 0.9)) == ("Celsius", SURE)


def test_a_slot_that_is_surer_stays_as_sure() -> None:
    assert read(TEXT, UNIT, ("Celsius", 0.9), filled=0.97) == ("Celsius", 0.97)


@pytest.mark.parametrize(
    ("text", "description", "pointed", "city"),
    [
        (TEXT, "The unit.", "Celsius", "Austin"),
        (TEXT, "'Kelvin' or 'Rankine'.", "Celsius", "Austin"),
        ("Celsiuses in Austin", UNIT, "Celsiuses", "Austin"),
        ("All of it in Austin", "One of 'all' and 'some'.", "All", "Austin"),
        ("Tickets of the New York Knicks in Rome", "A town such as 'New York'.", "Tickets", "Rome"),
        ("Weather in Boston, MA", "A state such as 'MA'.", "Weather", "Boston"),
        ("Roast chicken in Rome", "A method, e.g. 'roast'.", "chicken", "Roast chicken"),
    ],
    ids=[
        "nothing is named",
        "others are",
        "part of a word",
        "all",
        "longer name",
        "place and state",
        "sure of another",
    ],
)
def test_where_nothing_named_is_said_the_model_decides(text: str, description: str, pointed: str, city: str) -> None:
    assert read(text, description, (pointed, 0.9), city) == (pointed, 0.02)


@pytest.mark.parametrize(("call", "role"), [(0.4, "user"), (0.9, "assistant")])
def test_only_a_call_that_answers_the_user_is_filled(call: float, role: str) -> None:
    assert read(TEXT, UNIT, ("temperature", 0.9), call=call, role=role) == ("temperature", 0.02)


@pytest.mark.parametrize(
    ("description", "names"),
    [
        ("The unit of measurement", ()),
        (UNIT, ("Celsius", "Fahrenheit")),
        ("e.g., oil, acrylic", ("oil", "acrylic")),
        ('"gas" refers to a gasoline vehicle, don\'t use others', ("gas",)),
    ],
)
def test_names_of_a_description(description: str, names: tuple[str, ...]) -> None:
    assert described_names(Parameter("p", {"type": "string", "description": description})) == names


def test_a_named_value_that_another_slot_has_more_of_stays_there() -> None:
    """Both ends of a journey are described with the same towns."""
    text = "A train from Oslo to Rome"
    told = {"type": "string", "description": "A town, e.g. 'Oslo' or 'Bern'."}
    schema = {"type": "object", "properties": {"origin": told, "target": told}}
    tools = parse_tools([{"name": "trains", "parameters": schema}])

    def said(**shares: float) -> SlotPrediction:
        spans = (SpanCandidate(0, text.index(w), text.index(w) + len(w), p) for w, p in shares.items())
        return SlotPrediction(0.05, 0.95, 0.0, spans=tuple(spans))

    def best(*slots: SlotPrediction) -> list[str]:
        prediction = Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=slots, halt=0.5, steps=2)
        found = say_examples(prediction, Scene(tools, slot_table(tools), [Message("user", text)]))
        return [text[s.spans[0].start : s.spans[0].end] for s in found.slots]

    assert best(said(Oslo=0.9), said(Rome=0.6, Oslo=0.3)) == ["Oslo", "Rome"]
    assert best(said(Rome=0.9), said(Rome=0.6, Oslo=0.3)) == ["Oslo", "Oslo"]


def choose(
    text: str, choices: list[object], *, name: str = "unit", filled: float = 0.1, type: str = "string"
) -> object:
    """The entry of a closed list that a weather tool's parameter takes; None where it stays empty."""
    properties = {"city": {"type": "string"}, name: {"type": type, "enum": choices}}
    tools = parse_tools(
        [
            {
                "name": "get_weather",
                "description": "Tells it.",
                "parameters": {"type": "object", "properties": properties},
            }
        ]
    )
    odds = tuple(1 / len(choices) for _ in choices)
    slots = {
        "city": SlotPrediction(0.05, 0.95, 0.0, spans=(SpanCandidate(0, 0, len("Oslo"), 0.9),)),
        name: SlotPrediction(1 - filled, filled, 0.0, choices=odds),
    }
    table = slot_table(tools)
    prediction = Prediction(0.9, (1.0,), 0.0, tuple(slots[slot.key] for slot in table), halt=0.5, steps=2)
    found = say_examples(prediction, Scene(tools, table, [Message("user", text)]))
    [said] = [said for slot, said in zip(table, found.slots, strict=True) if slot.key == name]
    assert said.empty + said.filled + said.dontcare == pytest.approx(1.0)
    assert sum(said.choices) == pytest.approx(1.0)
    return choices[max(range(len(choices)), key=lambda n: said.choices[n])] if said.filled > 0.5 else None


UNITS: list[object] = ["celsius", "fahrenheit"]


def test_the_entry_of_a_closed_list_that_is_said_is_the_value() -> None:
    assert choose("Oslo in Fahrenheit", UNITS) == "fahrenheit"
    assert choose("Oslo", UNITS) is None


@pytest.mark.parametrize(
    ("text", "choices", "name"),
    [
        ("Oslo in celsius or fahrenheit", UNITS, "unit"),
        ("Oslo, all of it", ["all", "some"], "part"),
        ("Oslo weather", ["weather", "tide"], "kind"),
        ("Oslo movie", ["movie", "play"], "movie_type"),
        ("Oslo in Fahrenheit Street", ["Fahrenheit", "Celsius"], "unit"),
        ("Oslo, Celsiuses", UNITS, "unit"),
    ],
)
def test_what_is_said_of_something_else_chooses_nothing(text: str, choices: list[object], name: str) -> None:
    assert choose(text, choices, name=name) is None


def test_what_the_model_chooses_stays() -> None:
    assert choose("Oslo in Fahrenheit", ["kelvin", "fahrenheit"], filled=0.9) == "kelvin"
