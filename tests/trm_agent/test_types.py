"""The shared nouns: read what comes in with errors that name the mistake, and give out what was read."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_agent.errors import DataError, HistoryError, ToolError, TRMError
from trm_agent.types import (
    Accept,
    Decision,
    Message,
    Parameter,
    Sample,
    SlotField,
    SlotState,
    Source,
    ToolSchema,
    Value,
    history_hash,
    identifier_words,
    parse_history,
    parse_tools,
    slot_table,
)


def tool(tool_name: str, /, required: list[str] | None = None, **properties: dict[str, Any]) -> ToolSchema:
    parameters = {"type": "object", "properties": properties, "required": required or []}
    return ToolSchema.from_json({"name": tool_name, "parameters": parameters})


STRING = {"type": "string"}


# Messages


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["user", "hi"], "a message must be an object with role and content, got list"),
        ({"content": "hi"}, "unknown role None; expected one of system, user, assistant, tool_call, tool_response"),
        ({"role": "bot", "content": "hi"}, "unknown role 'bot'"),
        ({"role": "user"}, "the user message has no content"),
        ({"role": "user", "content": 5}, "the content of a user message must be text, got int"),
        ({"role": "assistant", "content": None}, "the content of a assistant message must be text, got NoneType"),
        ({"role": "tool_call", "content": "go"}, r"a tool_call needs content \{name, arguments\}, got 'go'"),
        ({"role": "tool_call", "content": {"name": ""}}, r"a tool_call needs content \{name, arguments\}"),
        (
            {"role": "tool_call", "content": {"name": "go", "arguments": []}},
            "arguments of tool_call 'go' must be an obj",
        ),
    ],
)
def test_a_message_that_is_none_is_refused(data: Any, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        Message.from_json(data)


@pytest.mark.parametrize("content", [None, "text", 5, [1, {"a": 2}], {"a": None}])
def test_a_tool_may_return_any_json(content: Any) -> None:
    message = Message.from_json({"role": "tool_response", "content": content})
    assert message.to_json() == {"role": "tool_response", "content": content}


def test_text_is_rendered_as_it_stands() -> None:
    assert Message("user", "  từ  Huế\n").text == "  từ  Huế\n", "spans count its characters"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            {"name": "find_hotel", "arguments": {"city": "Huế", "max_price": 50}},
            "find hotel | city: Huế | max price: 50",
        ),
        ({"name": "hangUp"}, "hang up"),
        (
            {"name": "go", "arguments": {"to": {"streetName": "Lê Lợi", "no": 5}}},
            "go | to street name: Lê Lợi | to no: 5",
        ),
        ({"name": "go", "arguments": {"stops": ["a", "b"]}}, "go | stops: a | stops: b"),
    ],
)
def test_a_call_is_rendered_as_labelled_values(content: Any, text: str) -> None:
    assert Message("tool_call", content).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"info": {"hotelName": "Sen", "price": None}}, "info hotel name: Sen | info price: "),
        ([{"a": 1}, {"a": 2}], "a: 1 | a: 2"),
        (["x", "y"], "x | y"),
        ('{"a": {"b": true}}', "a b: True"),
        ("[1, 2]", "1 | 2"),
        ("[broken", "[broken"),
        ("plain", "plain"),
        (None, ""),
        (3.5, "3.5"),
        ({}, ""),
    ],
)
def test_a_result_is_rendered_as_labelled_values(content: Any, text: str) -> None:
    assert Message("tool_response", content).text == text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("find_hotel", "find hotel"),
        ("findHotelByID", "find hotel by id"),
        ("HTTPServer", "http server"),
        ("get-user.name/first", "get user name first"),
        ("__x__", "x"),
        ("route66Map", "route66 map"),
    ],
)
def test_identifiers_become_words(name: str, words: str) -> None:
    assert identifier_words(name) == words


def test_a_history_takes_messages_and_plain_json_alike() -> None:
    message = Message("user", "hi")
    assert parse_history([message, {"role": "assistant", "content": "hello"}]) == [
        message,
        Message("assistant", "hello"),
    ]


def test_a_broken_history_names_the_message() -> None:
    with pytest.raises(HistoryError, match="message 1: unknown role 'bot'"):
        parse_history([{"role": "user", "content": "hi"}, {"role": "bot", "content": "x"}])
    with pytest.raises(HistoryError, match="the history is empty; a decision needs at least one message"):
        parse_history([])


def test_equal_histories_have_one_hash_and_others_another() -> None:
    history = [Message("user", "hi"), Message("tool_response", {"a": 1, "b": 2})]
    assert history_hash(history) == history_hash([Message("user", "hi"), Message("tool_response", {"b": 2, "a": 1})])
    others = [history[:1], history[::-1], [Message("assistant", "hi"), history[1]], [*history, history[0]], []]
    assert len({history_hash(h) for h in [history, *others]}) == 6


# Tools


def test_both_openai_forms_are_one_tool() -> None:
    function = {"name": "go", "description": "Go.", "parameters": {"type": "object", "properties": {"to": STRING}}}
    wrapped = {"type": "function", "function": function}
    assert ToolSchema.from_json(function) == ToolSchema.from_json(wrapped)
    assert ToolSchema.from_json(wrapped).to_json() == wrapped
    assert ToolSchema.from_json(ToolSchema.from_json(wrapped)) == ToolSchema.from_json(function)


def test_a_tool_may_take_nothing() -> None:
    for data in ({"name": "go"}, {"name": "go", "parameters": None}, {"name": "go", "parameters": {}}):
        assert ToolSchema.from_json(data).schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (5, "a tool needs a name and a JSON Schema of its parameters, got 5"),
        ({"description": "x"}, "a tool needs a name"),
        ({"name": " "}, "a tool needs a name"),
        ({"name": "go", "parameters": []}, r"tool 'go': parameters must be a JSON Schema of type object, got \[\]"),
        ({"name": "go", "parameters": {"properties": []}}, "tool 'go': parameters must be a JSON Schema"),
        (
            {"name": "go", "parameters": {"$ref": "#/$defs/B", "$defs": {"B": {"properties": []}}}},
            "'go': properties must be",
        ),
        (
            {"name": "go", "parameters": {"properties": {"a": {"$ref": "#/$defs/B"}}}},
            r"tool 'go': reference '#/\$defs/B' is not defined in its own \$defs",
        ),
        (
            {
                "name": "go",
                "parameters": {
                    "properties": {"a": {"$ref": "#/$defs/A"}},
                    "$defs": {"A": {"properties": {"a": {"$ref": "#/$defs/A"}}}},
                },
            },
            r"tool 'go': #/\$defs/A refers to itself; recursive schemas cannot be filled",
        ),
    ],
)
def test_a_tool_that_cannot_be_used_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        ToolSchema.from_json(data)


def test_tool_names_are_unique() -> None:
    with pytest.raises(ToolError, match="two tools are named 'go'; names must be unique among the tools on offer"):
        parse_tools([tool("go"), tool("stop"), tool("go")])


def test_references_are_inlined_where_they_are_used() -> None:
    schema = ToolSchema.from_json(
        {
            "name": "send",
            "parameters": {
                "properties": {
                    "sender": {"$ref": "#/$defs/Person", "description": "Who sends"},
                    "to": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
                    "color": {"$ref": "#/definitions/Color"},
                },
                "required": ["sender"],
                "$defs": {"Person": {"type": "object", "properties": {"name": STRING}, "required": ["name"]}},
                "definitions": {"Color": {"enum": ["red", "blue"]}},
            },
        }
    )
    assert "$ref" not in json.dumps(schema.schema)
    assert "$defs" not in schema.schema
    assert schema.schema["properties"]["sender"]["description"] == "Who sends", "what stands beside a reference stays"
    assert [p.name for p in schema.parameters] == ["sender.name", "to.name", "color"]
    assert schema.required == ("sender.name",)
    assert schema.parameters[2].choices == ("red", "blue")


def test_parameters_may_be_named_like_keywords() -> None:
    names = ("$ref", "definitions", "$defs", "anyOf", "properties", "required", "type")
    schema = ToolSchema.from_json({"name": "go", "parameters": {"properties": dict.fromkeys(names, STRING)}})
    assert tuple(p.name for p in schema.parameters) == names


def test_an_optional_type_is_the_type() -> None:
    schema = tool("go", when={"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None})
    (when,) = schema.parameters
    assert (when.type, when.schema) == ("integer", {"type": "integer", "minimum": 1})
    assert (when.has_default, when.default) == (True, None)


def test_several_real_types_are_left_as_declared() -> None:
    options = [{"type": "integer"}, {"type": "string"}]
    (when,) = tool("go", when={"anyOf": options}).parameters
    assert when.schema == {"anyOf": options}


@pytest.mark.parametrize(
    "spec",
    [
        {"oneOf": [{"const": "small", "title": "S"}, {"const": "large"}], "description": "How big"},
        {"anyOf": [{"enum": ["small"], "type": "string"}, {"enum": ["large"]}], "description": "How big"},
        {"allOf": [{"type": "string"}, {"enum": ["small", "large"]}], "description": "How big"},
        {"allOf": [{"$ref": "#/$defs/Size"}], "description": "How big"},
    ],
    ids=["oneOf", "anyOf", "allOf", "allOf with a reference"],
)
def test_a_closed_list_in_parts_is_a_closed_list(spec: dict[str, Any]) -> None:
    size = {"$defs": {"Size": {"type": "string", "enum": ["small", "large"], "description": "A size"}}}
    (read,) = ToolSchema.from_json({"name": "go", "parameters": {"properties": {"size": spec}, **size}}).parameters
    assert read.choices == ("small", "large")
    assert read.description == "How big"
    assert not {"oneOf", "anyOf", "allOf"} & read.schema.keys()


@pytest.mark.parametrize(
    "spec",
    [
        {"oneOf": [{"const": 1}, {"const": 1}]},
        {"oneOf": [{"const": 1}, {"minimum": 3}]},
        {"anyOf": [{"const": 1}, {"const": 2}], "oneOf": [{"const": 1}, {"const": 3}]},
        {"allOf": [{"minimum": 1}, {"minimum": 2}]},
        {"allOf": [True]},
    ],
    ids=str,
)
def test_parts_that_are_more_than_a_closed_list_stay_as_declared(spec: dict[str, Any]) -> None:
    (read,) = tool("go", size=spec).parameters
    assert read.schema == spec


def test_a_schema_that_nests_beyond_reason_is_refused_and_not_followed() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    wide = {"type": "object", "properties": {"a": {"$ref": "#/$defs/N99"}}}
    chain = {f"N{i}": {"properties": {"a": {"$ref": f"#/$defs/N{i - 1}"}}} for i in range(1, 100)} | {"N0": STRING}
    for parameters in ({"properties": {"a": deep}}, {**wide, "$defs": chain}, {"properties": {"a": {"default": deep}}}):
        with pytest.raises(ToolError, match="tool 'go': its parameters nest deeper than 64 levels of JSON; flatten"):
            ToolSchema.from_json({"name": "go", "parameters": parameters})
    fine: dict[str, Any] = STRING
    for _ in range(30):
        fine = {"type": "object", "properties": {"a": fine}}
    assert len(ToolSchema.from_json({"name": "go", "parameters": fine}).parameters) == 1


def test_a_nested_leaf_is_required_only_along_its_whole_path() -> None:
    inner = {"type": "object", "properties": {"city": STRING, "zip": STRING}, "required": ["city"]}
    assert tool("a", ["address"], address=inner).required == ("address.city",)
    assert tool("b", [], address=inner).required == ()
    assert [p.name for p in tool("b", [], address=inner).parameters] == ["address.city", "address.zip"]


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("dict", "object"),
        ("float", "number"),
        ("Tuple", "array"),
        ("str", "string"),
        ("INT", "integer"),
        ("bool", "boolean"),
        ("list", "array"),
        (["float", "null"], ["number", "null"]),
        ("String", "string"),
    ],
)
def test_types_named_as_in_python_are_read_as_json_schema(named: Any, kind: Any) -> None:
    declared = {"type": "dict", "properties": {"a": {"type": named}, "b": {"type": "list", "items": {"type": named}}}}
    read = ToolSchema.from_json({"name": "go", "parameters": declared})
    assert read.schema["type"] == "object"
    assert read.parameters[0].schema == {"type": kind}
    assert read.parameters[1].schema == {"type": "array", "items": {"type": kind}}


def test_a_type_that_may_be_anything_is_no_constraint() -> None:
    (parameter,) = tool("go", a={"type": "any", "description": "Anything"}).parameters
    assert parameter.schema == {"description": "Anything"}
    assert parameter.type == "string"


def test_a_nested_dict_gives_leaves_and_its_values_and_names_are_left_alone() -> None:
    box = {
        "type": "dict",
        "properties": {"type": {"type": "float"}, "dict": {"type": "str"}},
        "default": {"type": "int"},
    }
    read = tool("go", box=box)
    assert [(p.name, p.type) for p in read.parameters] == [("box.type", "number"), ("box.dict", "string")]
    assert read.schema["properties"]["box"]["default"] == {"type": "int"}
    assert ToolSchema.from_json(read.to_json()) == read


def test_a_default_is_kept_apart_from_the_schema() -> None:
    with_default, without = tool("go", a={"type": "integer", "default": 0}, b={"type": "integer"}).parameters
    assert (with_default.has_default, with_default.default) == (True, 0)
    assert (without.has_default, without.default) == (False, None)
    assert with_default.schema == without.schema == {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "kind", "choices"),
    [
        ({}, "string", ()),
        ({"type": ["null", "number"]}, "number", ()),
        ({"type": ["null"]}, "string", ()),
        ({"type": "boolean"}, "boolean", (True, False)),
        ({"enum": [True]}, "boolean", (True,)),
        ({"enum": [1, 2]}, "integer", (1, 2)),
        ({"enum": ["a", None, "b"]}, "string", ("a", "b")),
        ({"const": "only"}, "string", ("only",)),
        ({"type": "array", "items": {"enum": ["x", "y"]}}, "array", ("x", "y")),
        ({"type": "array"}, "array", ()),
        ({"properties": {"a": {}}}, "object", ()),
    ],
)
def test_type_and_choices_are_told_from_the_schema(schema: dict[str, Any], kind: str, choices: tuple[Any, ...]) -> None:
    parameter = Parameter("p", schema)
    assert (parameter.type, parameter.choices) == (kind, choices)


@pytest.mark.parametrize(("hint", "read_only"), [(True, True), (False, False), (None, None), ("yes", None)])
def test_the_read_only_annotation_is_kept(hint: Any, read_only: bool | None) -> None:
    schema = ToolSchema.from_json({"name": "go", "annotations": {"readOnlyHint": hint}})
    assert schema.read_only is read_only
    assert ToolSchema.from_json(schema.to_json()) == schema


# Slots


def test_tools_that_declare_a_parameter_identically_share_a_slot() -> None:
    slots = slot_table([tool("b", city=STRING), tool("a", city=STRING)])
    assert [(slot.key, slot.readers) for slot in slots] == [("city", (("a", "city"), ("b", "city")))]


def test_a_default_does_not_part_them() -> None:
    slots = slot_table([tool("a", n={"type": "integer", "default": 1}), tool("b", n={"type": "integer"})])
    assert [slot.key for slot in slots] == ["n"]


def test_where_declarations_differ_the_first_tool_by_name_names_the_slot() -> None:
    described = {"type": "string", "description": "Where to"}
    slots = slot_table(
        [tool("c", city=described), tool("z", city=STRING), tool("b", city=STRING), tool("a", day=STRING)]
    )
    assert [(slot.key, slot.readers) for slot in slots] == [
        ("b.city", (("b", "city"), ("z", "city"))),
        ("c.city", (("c", "city"),)),
        ("day", (("a", "day"),)),
    ]


def test_a_nested_leaf_has_its_path_as_key() -> None:
    inner = {"type": "object", "properties": {"city": STRING}}
    assert [slot.key for slot in slot_table([tool("go", address=inner, city=STRING)])] == ["address.city", "city"]


def test_a_slot_field_stands_beside_the_parameters_unless_one_has_its_name() -> None:
    fields = [SlotField("mood", "How they feel", ("good", "bad")), SlotField("city", "unused")]
    city, mood = slot_table([tool("go", city=STRING)], fields)
    assert (city.key, city.readers) == ("city", (("go", "city"),))
    assert city.parameter.description == ""
    assert (mood.key, mood.readers, mood.parameter.choices) == ("mood", (), ("good", "bad"))
    assert mood.parameter.description == "How they feel"


def test_a_slot_field_survives_json() -> None:
    field = SlotField("mood", "How they feel", ("good", "bad"))
    assert SlotField.from_json(json.loads(json.dumps(field.to_json()))) == field
    assert SlotField.from_json({"name": "x"}) == SlotField("x")


@given(st.permutations(range(4)), st.randoms())
def test_slots_do_not_depend_on_the_order_of_the_tools(order: list[int], shuffler: random.Random) -> None:
    other = {"type": "string", "enum": ["x"]}
    tools = [tool("a", p=STRING, q=STRING), tool("b", p=other), tool("c", p=STRING), tool("d", q=STRING, r=other)]
    assert slot_table([tools[i] for i in order]) == slot_table(tools)


# Samples

SAMPLE = {
    "tools": [tool("go", ["to"], to=STRING).to_json()],
    "history": [{"role": "user", "content": "to Huế"}],
    "decision": "tool_call",
    "slots": {"to": "Huế", "phone": ""},
    "tool": {"name": "go", "arguments": {"to": "Huế"}},
    "content": None,
}
OPTIONAL = {
    "id": "a:2",
    "accept": {"arguments": {"to": ["Hue"]}, "optional": ["day"], "slots": {"to": ["Hue"]}},
    "meta": {"source": "test", "seen": False},
}


@pytest.mark.parametrize("extra", [{}, OPTIONAL, {"id": "x"}, {"accept": {"optional": ["day"]}}])
def test_a_sample_goes_out_as_it_came_in(extra: dict[str, Any]) -> None:
    data = {**SAMPLE, **extra}
    sample = Sample.from_json(data)
    assert sample.to_json() == data
    assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_a_direct_answer_has_no_tool_whatever_stands_there() -> None:
    answer = {**SAMPLE, "decision": "direct_answer", "content": "Which day?"}
    assert Sample.from_json(answer).tool is None
    assert Sample.from_json({**answer, "tool": {"name": "", "arguments": {}}}).tool is None
    assert Sample.from_json({k: v for k, v in answer.items() if k not in ("tool", "content")}).content is None


def test_keys_of_others_are_passed_over() -> None:
    assert Sample.from_json({**SAMPLE, "split": "train"}) == Sample.from_json(SAMPLE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"history": []}, '"history" is empty; a sample needs at least one message'),
        ({"history": "hi"}, '"history" must be a list, got str'),
        ({"history": [{"role": "bot", "content": ""}]}, "\"history\": message 0: unknown role 'bot'"),
        ({"decision": "maybe"}, "\"decision\" must be tool_call or direct_answer, got 'maybe'"),
        ({"slots": []}, '"slots" must be an object, got list'),
        ({"tools": {}}, '"tools" must be a list, got dict'),
        ({"tools": [{}]}, "a tool needs a name"),
        ({"tool": None}, 'decision is tool_call but "tool" is None; expected {name, arguments}'),
        ({"tool": {"name": "fly"}}, "tool 'fly' is not among \"tools\" (go)"),
        ({"tools": []}, "tool 'go' is not among \"tools\" (none)"),
        ({"tool": {"name": "go", "arguments": []}}, "the arguments of 'go' must be an object"),
        ({"decision": "direct_answer", "tool": "go"}, '"tool" must be null or an object, got str'),
        ({"accept": []}, None),
        ({"accept": [1]}, '"accept" must be an object, got list'),
        ({"accept": {"slots": ["to"]}}, '"accept": slots must be an object of lists of values'),
        ({"accept": {"arguments": {"to": "Hue"}}}, '"accept": arguments must be an object of lists of values'),
        ({"accept": {"optional": "day"}}, '"accept": optional must be a list of names'),
        ({"meta": "test"}, '"meta" must be an object, got str'),
    ],
)
def test_a_broken_sample_names_the_mistake(change: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert Sample.from_json({**SAMPLE, **change}).accept == Accept()
        return
    with pytest.raises(DataError) as caught:
        Sample.from_json({**SAMPLE, **change})
    assert message in str(caught.value)


def test_every_mistake_of_a_sample_is_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        Sample.from_json({"history": [], "decision": "maybe", "slots": 1})
    assert str(caught.value).split("; ") == [
        '"tools" is missing',
        '"history" is empty',
        "a sample needs at least one message",
        "\"decision\" must be tool_call or direct_answer, got 'maybe'",
        '"slots" must be an object, got int',
    ]
    with pytest.raises(DataError, match="a sample must be an object, got list"):
        Sample.from_json([])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["go", "object", "#/$defs/a", "user", "tool_call"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["name", "parameters", "properties", "required", "type", "enum", "items", "anyOf", "$ref", "$defs", "a",
             "function", "arguments", "optional", "slots", "role", "content", "default", "definitions", "annotations"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.fixed_dictionaries({"name": st.just("go"), "parameters": ANYTHING}) | ANYTHING)
def test_any_json_is_a_tool_or_a_clear_error(data: Any) -> None:
    try:
        schema = ToolSchema.from_json(data)
    except TRMError:
        return
    for parameter in schema.parameters:
        assert isinstance(parameter.type, str)
        assert isinstance(parameter.choices, tuple)
    assert ToolSchema.from_json(schema.to_json()).parameters == schema.parameters


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*SAMPLE, *OPTIONAL]), ANYTHING))
def test_any_json_is_a_sample_or_a_clear_error(changes: dict[str, Any]) -> None:
    try:
        sample = Sample.from_json({**SAMPLE, **changes})
    except DataError:
        return
    assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


# Decisions


def test_a_source_survives_json_without_its_empty_fields() -> None:
    span = Source("span", 2, 0, 4, "Huế ")
    assert span.to_json() == {"kind": "span", "message": 2, "start": 0, "end": 4, "text": "Huế "}
    assert Source.from_json(span.to_json()) == span
    assert Source("dontcare").to_json() == {"kind": "dontcare"}
    assert Source.from_json({"kind": "dontcare"}) == Source("dontcare")


def test_a_decision_record_is_plain_json() -> None:
    value = Value("Huế", 0.9, Source("span", 0, 3, 6, "Huế"))
    decision = Decision(
        decision="direct_answer",
        tool=None,
        arguments={},
        slots={"to": "Huế"},
        missing=("day",),
        content=None,
        confidence=0.8,
        call_confidence=None,
        probabilities={"tool_call": 0.2, "direct_answer": 0.8, "tools": {"go": 0.9}},
        argument_values={},
        slot_values={"to": value},
        intended_tool="go",
        supervision_steps=2,
        state=SlotState("f", 1, "p", {"to": value.to_json()}).to_json(),
    )
    record = json.loads(json.dumps(decision.to_json()))
    assert record["missing"] == ["day"]
    assert record["slot_values"]["to"]["source"] == {"kind": "span", "message": 0, "start": 3, "end": 6, "text": "Huế"}
    assert SlotState(**record["state"]) == SlotState("f", 1, "p", {"to": value.to_json()})
    assert decision.slot_values["to"] is value, "the decision itself is left as it was"
