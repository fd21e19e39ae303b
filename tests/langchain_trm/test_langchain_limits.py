"""Bad and huge input: a clear error or a legal decision, never a traceback from inside and never an invalid call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import validate
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_trm import ChatTRM
from trm_agent.errors import HistoryError, ToolError
from trm_agent.testing import tiny_router

TEXT = {"type": "string"}
SAID = "order one large pizza called Margherita tomorrow at 7, size large"


def order(properties: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A tool that requires all its parameters."""
    parameters = {"type": "object", "properties": properties, "required": list(properties), **rest}
    return {"name": "make_order", "description": "Order a pizza for delivery.", "parameters": parameters}


def top(**schema: Any) -> dict[str, Any]:
    return {"name": "make_order", "description": "Order a pizza for delivery.", "parameters": schema}


SCHEMAS: dict[str, dict[str, Any]] = {
    "$ref": order({"size": {"$ref": "#/$defs/Size"}}, **{"$defs": {"Size": {"enum": ["small", "large"]}}}),
    "oneOf types": order({"size": {"oneOf": [TEXT, {"type": "integer"}]}}),
    "oneOf constants": order({"size": {"oneOf": [{"const": "small"}, {"const": "large"}]}}),
    "oneOf objects": order({"size": {"oneOf": [{"type": "object", "properties": {"a": TEXT}}, {"type": "object"}]}}),
    "oneOf on top": top(oneOf=[{"properties": {"a": TEXT}, "required": ["a"]}, {"required": ["b"]}]),
    "anyOf on top": top(properties={"a": TEXT, "b": TEXT}, anyOf=[{"required": ["a"]}, {"required": ["b"]}]),
    "allOf": order({"size": {"allOf": [TEXT, {"enum": ["small", "large"]}]}}),
    "not": order({"size": {"not": TEXT}}),
    "additionalProperties: false": order({"size": TEXT}, additionalProperties=False),
    "additionalProperties: schema": order({"size": {"type": "object", "additionalProperties": TEXT}}),
    "only additionalProperties": top(type="object", additionalProperties=TEXT, minProperties=1),
    "array of objects": order({"items": {"type": "array", "items": {"type": "object", "required": ["name"]}}}),
    "array of arrays": order({"items": {"type": "array", "items": {"type": "array", "items": TEXT}}}),
    "array of texts": order({"items": {"type": "array", "items": TEXT, "minItems": 1}}),
    "tuple": order({"items": {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "minItems": 2}}),
    "patternProperties": order({"size": {"type": "object", "patternProperties": {"^a": TEXT}, "minProperties": 1}}),
    "if then": order({"size": TEXT}, **{"if": {"properties": {"size": TEXT}}, "then": {"required": ["x"]}}),
    "dependentRequired": order({"size": TEXT}, dependentRequired={"size": ["x"]}),
    "true": order({"size": True}),
    "false": order({"size": False}),
    "null": order({"size": {"type": "null"}}),
    "several types": order({"size": {"type": ["string", "integer", "null"]}}),
    "an enum of everything": order({"size": {"enum": [1, "large", None, True, {"a": 1}, [1]]}}),
    "required but not declared": top(type="object", properties={}, required=["ghost"]),
    "too long to say": order({"size": {"type": "string", "minLength": 1000}}),
    "a pattern nothing has": order({"size": {"type": "string", "pattern": "^$"}}),
    "200 parameters": order({f"p{i}": {"type": "string", "description": f"thing {i}"} for i in range(200)}),
}


def assert_legal(message: AIMessage, tool: dict[str, Any]) -> None:
    """A call validates, or says what it lacks; and then it was forced."""
    record = message.response_metadata["decision"]
    for call in message.tool_calls:
        assert call["name"] == tool["name"]
        if record["missing"]:
            assert record["note"] == "forced"
            assert record["confidence"] == 0.0
        else:
            validate(call["args"], tool["parameters"])
    assert message.tool_calls or message.content


@pytest.mark.parametrize("choice", ["auto", "any", "make_order"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_unusual_schemas_give_legal_calls_or_none(name: str, choice: str) -> None:
    for seed in range(4):
        bound = ChatTRM(router=tiny_router(seed)).bind_tools([SCHEMAS[name]], tool_choice=choice)
        assert_legal(bound.invoke(SAID), SCHEMAS[name])


@pytest.mark.parametrize("name", ["oneOf on top", "required but not declared", "dependentRequired", "if then"])
def test_a_forced_call_that_the_schema_forbids_is_handed_over(name: str) -> None:
    message = ChatTRM(router=tiny_router()).bind_tools([SCHEMAS[name]], tool_choice="any").invoke(SAID)
    record = message.response_metadata["decision"]
    assert message.tool_calls == []
    assert (record["note"], record["confidence"]) == ("illegal", 0.0)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/No"}}}, r"'#/\$defs/No' is not defined in its own \$defs"),
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "is not defined in its own"),
        (
            {"properties": {"a": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"properties": {"n": {"$ref": "#/$defs/N"}}}}},
            "refers to itself; recursive schemas cannot be filled",
        ),
        ([], "parameters must be a JSON Schema of type object, got"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named_when_it_is_bound(parameters: Any, text: str) -> None:
    with pytest.raises(ToolError, match=text):
        ChatTRM().bind_tools([{"name": "make_order", "parameters": parameters}])
    with pytest.raises(ValueError, match=text):
        ChatTRM(tools=[{"name": "make_order", "parameters": parameters}])


def catalogue(size: int) -> list[dict[str, Any]]:
    things = ("hotel", "flight", "taxi", "table", "ticket", "bicycle", "boat", "garden", "dentist", "museum")
    return [
        {
            "name": f"find_{things[i % 10]}_{i}",
            "description": f"Find a {things[i % 10]} in region {i}.",
            "parameters": {"type": "object", "properties": {"city": TEXT, f"wish_{i}": TEXT}, "required": ["city"]},
        }
        for i in range(size)
    ]


def test_none_and_a_thousand_tools() -> None:
    router = tiny_router()
    assert ChatTRM(router=router).invoke("hi").content == "Hello! How can I help you?"
    assert ChatTRM(router=router).bind_tools([]).invoke("hi").tool_calls == []
    with pytest.raises(ToolError, match="tool_choice 'any' forces a call, but no tools are on offer; bind tools first"):
        ChatTRM(router=router).bind_tools([], tool_choice="any")
    tools = catalogue(1000)
    message = ChatTRM(router=router).bind_tools(tools, tool_choice="any").invoke("a hotel in Rome")
    assert message.tool_calls[0]["name"] in {tool["name"] for tool in tools}
    assert len(message.response_metadata["decision"]["probabilities"]["tools"]) == 1000


MEGABYTES = {
    "words": "I would like to know the weather in Rome. " * 25_000,
    "one word": "x" * 1_000_000,
    "emoji": "🎉" * 250_000,
    "brackets": "[" * 1_000_000,
    "blanks": " " * 1_000_000,
}


@pytest.mark.parametrize("name", MEGABYTES)
def test_a_message_of_a_megabyte_is_decided_wherever_it_stands(name: str) -> None:
    text, tool = MEGABYTES[name], order({"size": TEXT})
    model = ChatTRM(router=tiny_router(1), tools=[tool])
    call = AIMessage("", tool_calls=[{"name": "make_order", "args": {"size": "large"}, "id": "1"}])
    for messages in (
        [HumanMessage(text)],
        [SystemMessage(text), HumanMessage(SAID)],
        [HumanMessage(text), AIMessage(text), HumanMessage(SAID)],
        [HumanMessage(SAID), call, ToolMessage(text, tool_call_id="1")],
    ):
        assert_legal(model.invoke(messages), tool)


def test_a_huge_result_is_not_read_out_in_whole() -> None:
    call = AIMessage("", tool_calls=[{"name": "make_order", "args": {"size": "large"}, "id": "1"}])
    model = ChatTRM(router=tiny_router(1), tools=[order({"size": TEXT})])
    for content in ("word " * 200_000, json.dumps({"text": "word " * 200_000}), json.dumps(["word " * 200_000])):
        said = model.invoke([HumanMessage(SAID), call, ToolMessage(content, tool_call_id="1")]).text
        assert "word word …" in said
        assert len(said) < 2_000


EMPTY: dict[str, list[BaseMessage]] = {
    "empty": [HumanMessage("")],
    "blank": [HumanMessage(" \n ")],
    "no blocks": [HumanMessage([])],
    "all empty": [SystemMessage(""), HumanMessage(""), AIMessage(""), HumanMessage("")],
    "only a system message": [SystemMessage("be brief")],
    "only an answer": [AIMessage("hello")],
    "only a result": [ToolMessage("", tool_call_id="1")],
    "control characters": [HumanMessage("\x00\x01\u202e\ufeff")],
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty_messages_are_decided(name: str) -> None:
    tool = order({"size": TEXT})
    for seed in range(3):
        assert_legal(ChatTRM(router=tiny_router(seed), tools=[tool]).invoke(EMPTY[name]), tool)


def test_what_is_no_conversation_is_named() -> None:
    model = ChatTRM(router=tiny_router(), tools=[order({"size": TEXT})])
    with pytest.raises(HistoryError, match="the history is empty; a decision needs at least one message"):
        model.invoke([])
    for wrong in (None, 3):
        with pytest.raises(ValueError, match=f"Invalid input type <class '{type(wrong).__name__}'>"):
            model.invoke(wrong)  # type: ignore[arg-type]


def long_history(messages: int) -> list[BaseMessage]:
    out: list[BaseMessage] = []
    for i in range(messages // 4):
        call = {"name": "make_order", "args": {"size": "large"}, "id": str(i)}
        out += [
            HumanMessage(f"order number {i % 50}, please"),
            AIMessage("", tool_calls=[call]),
            ToolMessage(f"ordered {i % 50}", tool_call_id=str(i)),
            AIMessage(f"Ordered {i % 50}."),
        ]
    return out


@pytest.mark.slow
def test_two_thousand_messages_are_replayed_and_then_resumed_from() -> None:
    tool = order({"size": TEXT})
    model = ChatTRM(router=tiny_router(1), tools=[tool])
    history = [*long_history(2000), HumanMessage(SAID)]
    answer = model.invoke(history)
    assert_legal(answer, tool)
    following = [*history, answer, HumanMessage("and a small one")]
    resumed = model.invoke(following)
    bare = [m.model_copy(update={"additional_kwargs": {}}) for m in following]
    replayed = model.invoke(bare)
    assert (resumed.content, resumed.tool_calls) == (replayed.content, replayed.tool_calls)
    assert resumed.response_metadata["decision"]["slots"] == replayed.response_metadata["decision"]["slots"]


@pytest.mark.slow
def test_the_shipped_weights_take_all_of_it() -> None:
    model = ChatTRM()
    for tool in SCHEMAS.values():
        assert_legal(model.bind_tools([tool]).invoke(SAID), tool)
        assert_legal(model.bind_tools([tool], tool_choice="any").invoke(SAID), tool)
    tool = order({"size": TEXT})
    bound = model.bind_tools([tool])
    for text in MEGABYTES.values():
        assert_legal(bound.invoke(text), tool)
    for messages in EMPTY.values():
        assert_legal(bound.invoke(messages), tool)
    assert_legal(bound.invoke([*long_history(40), HumanMessage(SAID)]), tool)
    tools = catalogue(40)
    call = model.bind_tools(tools, tool_choice="any").invoke("a hotel in Rome").tool_calls[0]
    assert call["name"] in {tool["name"] for tool in tools}
