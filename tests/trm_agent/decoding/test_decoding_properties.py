"""Whatever tools, history and prediction come in, no illegal, invented or order-dependent call goes out."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode, fold
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.scene import Scene
from trm_agent.types import DONTCARE, Decision, Message, Slot, Source, ToolSchema, Value, parse_tools, slot_table
from trm_agent.values import parse_value

NOW = datetime(2026, 3, 10, 15, 30)
MANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WORDS = ["Rome, Paris and Oslo", "two", "2", "$20", "tomorrow at 7", "friday", "2026-04-01", "half past six", "yes"]
WORDS += ["no", DONTCARE, "a", "b", "very_hot", "7 or 8", "x@y.org", "1.5", "-3", "Error", "twenty one people", "5%"]
WORDS += ["from 1 to 3", "[[1, 2.5], [3]]", "'a', 'b'", "next week", "US dollars", "1e-9", "$1M", "300K", "11 PM", ""]
PROBABILITIES = st.sampled_from([0.8, 0.5, 0.5, 0.25, 0.2, 0.1, 0.05, 0.0, 0.95, 1.0])

FILLABLE: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "string", "description": "free text", "minLength": 3},
    {"type": "string", "maxLength": 4},
    {"type": "string", "pattern": "^[A-Z]"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "time"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "nonsense"},
    {"type": "string", "enum": ["a", "b", DONTCARE]},
    {"type": "string", "enum": ["very_hot", 3, None]},
    {"enum": [1, 2, True]},
    {"const": "a"},
    {},
    {"type": "integer"},
    {"type": "integer", "minimum": 3, "exclusiveMaximum": 21},
    {"type": "number", "maximum": 1},
    {"type": "number", "multipleOf": 0.5},
    {"type": "boolean"},
    {"type": ["integer", "null"]},
    {"type": ["string", "integer"], "maxLength": 1},
    {"anyOf": [{"type": "integer"}, {"type": "string", "format": "date"}]},
    {"allOf": [{"type": "integer"}]},
    {"type": "array"},
    {"type": "array", "items": {"type": "string"}, "minItems": 2},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1},
    {"type": "array", "items": True},
    {"type": "string", "required": True},
    {"type": "string", "description": "in the format DD/MM/YYYY"},
    {"type": "string", "description": "in HH:MM", "maxLength": 5},
    {"type": "string", "description": "Currency code (ISO 4217)"},
    {"type": "string", "description": "One of: a, b or yes"},
    {"type": "number", "description": "the rate, as a decimal"},
    {"type": "integer", "description": "number of days", "minimum": 2},
    {"type": "array", "items": {"type": "number"}, "description": "start and end of the range"},
    {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
]
NEVER: list[dict[str, Any]] = [
    {"type": "string", "pattern": "([unclosed"},
    {"const": None},
    {"type": "no-such-type"},
    {"type": "array", "items": [{"type": "string"}]},
    {"type": "object"},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "string", "minLength": "3"},
    {"not": {}},
]
EXTRAS: list[dict[str, Any]] = [
    *[{}] * 10,
    {"additionalProperties": False},
    {"minProperties": 2},
    {"maxProperties": 1},
    {"required": True},
]
DEFAULTS = ["a", "a", 3, 3, None, True, ["a"]]
NAMES = ["city", "date", "n", "a.b", "a", "b", "tags"]


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    easy = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "string", "enum": ["a", DONTCARE]}])
    leaf = dict(draw(easy | st.sampled_from(FILLABLE) | st.sampled_from([*FILLABLE, *NEVER])))
    if draw(st.integers(0, 2)) == 2:
        leaf["default"] = draw(st.sampled_from(DEFAULTS))
    return leaf


@st.composite
def objects(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=4))
    nested = leaves() if depth == 0 else st.one_of(leaves(), leaves(), leaves(), objects(depth=depth - 1))
    schema: dict[str, Any] = {"type": "object", "properties": {name: draw(nested) for name in names}}
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
    return schema | draw(st.sampled_from(EXTRAS))


@st.composite
def tool_lists(draw: st.DrawFn) -> tuple[ToolSchema, ...]:
    names = draw(st.lists(st.sampled_from(["book", "find", "cancel", "pay"]), unique=True, max_size=4))
    return parse_tools([{"name": name, "parameters": draw(objects())} for name in names])


@st.composite
def histories(draw: st.DrawFn, tools: tuple[ToolSchema, ...] = ()) -> list[Message]:
    said = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
    names = [tool.name for tool in tools] or ["book"]
    messages = st.one_of(
        st.builds(Message, st.sampled_from(["system", "user", "assistant"]), said),
        st.builds(
            Message,
            st.just("tool_call"),
            st.fixed_dictionaries({"name": st.sampled_from(names), "arguments": st.just({}) | st.just({"city": "a"})}),
        ),
        st.builds(
            Message,
            st.just("tool_response"),
            st.sampled_from([{"error": "no"}, {"city": "Rome", "n": 2}, "Error: no", '{"n": 2}', None, [1, "a"]]),
        ),
    )
    return draw(st.lists(messages, min_size=1, max_size=5))


@st.composite
def spans(draw: st.DrawFn, history: list[Message]) -> SpanCandidate:
    if draw(st.integers(0, 4)) == 4:
        message, start, end = (draw(st.integers(-1, 12)) for _ in range(3))
        return SpanCandidate(message, start, end, draw(PROBABILITIES))
    message = draw(st.integers(0, len(history) - 1))
    text = history[message].text
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    word = draw(st.sampled_from(WORDS))
    if word in text and not draw(st.booleans()):
        start, end = text.index(word), text.index(word) + len(word)
    return SpanCandidate(message, start, end, draw(PROBABILITIES))


@st.composite
def slot_predictions(draw: st.DrawFn, slot: Slot, history: list[Message]) -> SlotPrediction:
    states = st.sampled_from([*[(0.05, 0.9, 0.05)] * 6, (0.05, 0.05, 0.9), (0.9, 0.05, 0.05)])
    wild = draw(st.integers(0, 4)) == 4
    state = draw(st.tuples(PROBABILITIES, PROBABILITIES, PROBABILITIES) if wild else states)
    found = tuple(draw(st.lists(spans(history), min_size=1, max_size=3)))
    choices = tuple(draw(PROBABILITIES) for _ in slot.parameter.choices)
    return SlotPrediction(*state, found, choices)


@st.composite
def predictions(
    draw: st.DrawFn, tools: tuple[ToolSchema, ...], slots: tuple[Slot, ...], history: list[Message]
) -> Prediction:
    return Prediction(
        call=draw(st.just(0.9) | PROBABILITIES),
        tools=tuple(draw(PROBABILITIES) for _ in tools),
        no_tool=draw(PROBABILITIES),
        slots=tuple(draw(slot_predictions(slot, history)) for slot in slots),
        halt=draw(PROBABILITIES),
        steps=1,
    )


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    tools = draw(tool_lists())
    slots = slot_table(tools)
    history = draw(histories(tools))
    earlier = {}
    for slot in slots:
        if draw(st.integers(0, 4)) == 4:
            value = draw(st.sampled_from(["a", 3, True, DONTCARE, ["a"], {"a": 1}]))
            source = draw(st.sampled_from([Source("state"), Source("dontcare"), Source("span", 0, 0, 1, "a")]))
            earlier[slot.key] = Value(value, 0.5, source)
    return {
        "prediction": draw(predictions(tools, slots, history)),
        "tools": tools,
        "slots": slots,
        "history": history,
        "previous": earlier,
        "tool_choice": draw(st.sampled_from(["auto", "auto", "any", "none", *(tool.name for tool in tools)])),
    }


def scene_of(inputs: dict[str, Any]) -> Scene:
    return Scene(inputs.pop("tools"), inputs.pop("slots"), inputs.pop("history"), NOW)


def run(case: Mapping[str, Any]) -> Decision:
    inputs = dict(case)
    return decode(inputs.pop("prediction"), scene_of(inputs), calibration=Calibration.identity(), **inputs)


@MANY
@given(cases())
def test_every_call_validates_against_its_schema(case: dict[str, Any]) -> None:
    decision = run(case)
    if decision.decision == "direct_answer":
        assert (decision.tool, decision.arguments, decision.call_confidence) == (None, {}, None)
        return
    tool = next(tool for tool in case["tools"] if tool.name == decision.tool)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(tool.schema, format_checker=checker).validate(decision.arguments)
    assert decision.missing == ()


@MANY
@given(cases())
def test_every_value_comes_from_where_its_source_says(case: dict[str, Any]) -> None:
    decision, history = run(case), case["history"]
    parameters = {slot.key: slot.parameter for slot in case["slots"]}
    for tool in case["tools"]:
        if tool.name == decision.tool:
            parameters |= {p.name: p for p in tool.parameters if p.name in decision.argument_values}
    for name, value in [*decision.slot_values.items(), *decision.argument_values.items()]:
        parameter, source = parameters[name], value.source
        if source.message is not None:
            assert history[source.message].text[source.start : source.end] == source.text
        if source.kind == "span":
            assert source.text
            assert parse_value(source.text, parameter, NOW) == value.value
        elif source.kind == "choice":
            assert value.value in parameter.choices or value.value in [[choice] for choice in parameter.choices]
        elif source.kind == "state":
            assert value.value in [earlier.value for earlier in case["previous"].values()]
        elif source.kind == "default":
            assert parameter.has_default
            assert value.value == parameter.default
        else:
            assert value.value == DONTCARE
            assert name in decision.slots or DONTCARE in parameter.choices


@pytest.mark.parametrize("kind", ["span", "choice"])
def test_the_random_cases_do_lead_to_calls(kind: str) -> None:
    """The properties here would hold for a decoder that never calls; this one would not."""

    def called(case: dict[str, Any]) -> bool:
        return any(value.source.kind == kind for value in run(case).argument_values.values())

    hypothesis.find(cases(), called, settings=settings(MANY, max_examples=600, phases=[Phase.generate]))


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_tools_does_not_matter(case: dict[str, Any], dice: random.Random) -> None:
    pairs = list(zip(case["tools"], case["prediction"].tools, strict=True))
    dice.shuffle(pairs)
    tools = tuple(tool for tool, _ in pairs)
    prediction = Prediction(**{**vars(case["prediction"]), "tools": tuple(p for _, p in pairs)})
    shuffled = {**case, "tools": tools, "prediction": prediction, "slots": slot_table(tools)}
    assert run(shuffled).to_json() == run(case).to_json()


@MANY
@given(cases())
def test_a_call_is_made_only_when_it_may_be(case: dict[str, Any]) -> None:
    decision, choice = run(case), case["tool_choice"]
    by_name = {tool.name: tool for tool in case["tools"]}
    if decision.intended_tool is not None:
        required = by_name[decision.intended_tool].required
        assert set(decision.missing) <= set(required)
        assert sorted(decision.missing, key=required.index) == list(decision.missing)
    if decision.decision == "tool_call":
        assert choice != "none"
        assert choice != "auto" or case["prediction"].call >= 0.5
        assert choice not in by_name or decision.tool == choice
        assert decision.tool == decision.intended_tool


@MANY
@given(cases())
def test_a_decision_is_plain_json_with_probabilities_in_range(case: dict[str, Any]) -> None:
    decision = run(case)
    assert json.loads(json.dumps(decision.to_json(), allow_nan=False)) == decision.to_json()
    confidences = [decision.confidence, *(value.confidence for value in decision.slot_values.values())]
    if decision.call_confidence is not None:
        confidences.append(decision.call_confidence)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert decision.slots == {key: value.value for key, value in decision.slot_values.items()}


@MANY
@given(cases())
def test_the_slots_of_a_decision_are_those_that_fold_gives(case: dict[str, Any]) -> None:
    assert fold(case["prediction"], scene_of(dict(case)), case["previous"]) == run(case).slot_values


@MANY
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join),
    st.sampled_from([*FILLABLE, *NEVER]),
)
def test_a_value_that_is_read_is_allowed_and_reading_never_raises(text: str, leaf: dict[str, Any]) -> None:
    (tool,) = parse_tools([{"name": "t", "parameters": {"type": "object", "properties": {"p": leaf}}}])
    parameter = tool.parameters[0]
    value = parse_value(text, parameter, NOW)
    if value is not None:
        jsonschema.Draft202012Validator(parameter.schema).validate(value)


@pytest.mark.parametrize("leaf", [*FILLABLE, *NEVER], ids=json.dumps)
def test_a_parameter_that_can_be_filled_is_read_from_some_text(leaf: dict[str, Any]) -> None:
    """The strategies above would prove nothing if most kinds could never be filled."""
    (tool,) = parse_tools([{"name": "t", "parameters": {"type": "object", "properties": {"p": leaf}}}])
    texts = ["Rome", "Rome, Paris", "a", "2", "5", "0.5", "yes", "tomorrow at 7", "tomorrow", "x@y.org", "very hot"]
    texts.append("[[1, 2]]")
    read = [parse_value(text, tool.parameters[0], NOW) for text in texts]
    assert any(value is not None for value in read) == (leaf in FILLABLE)
