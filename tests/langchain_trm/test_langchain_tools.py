"""Tools and tool choices in every form; what cannot be read is named."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import BaseTool, StructuredTool, tool
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as BaseModelV1
from typing_extensions import TypedDict

from langchain_trm import ChatTRM
from langchain_trm.tools import is_output, read_tool_choice, read_tools, tool_name
from trm_agent.errors import ToolError
from trm_agent.types import ToolSchema, parse_tools
from trm_agent.values import validates


class Weather(BaseModel):
    """Look up the weather."""

    city: str = Field(description="City to look up")


class OldWeather(BaseModelV1):
    """Look up the weather."""

    city: str


class TypedWeather(TypedDict):
    """Look up the weather."""

    city: Annotated[str, ..., "City to look up"]


def weather(city: str) -> str:
    """Look up the weather.

    Args:
        city: City to look up.
    """
    return "sunny"


OPENAI = {"type": "function", "function": {"name": "weather", "parameters": Weather.model_json_schema()}}
FLAT = {"type": "function", "name": "weather", "parameters": Weather.model_json_schema()}
ANTHROPIC = {"name": "weather", "input_schema": Weather.model_json_schema(), "cache_control": {"type": "ephemeral"}}
BEDROCK = {"toolSpec": {"name": "weather", "inputSchema": {"json": Weather.model_json_schema()}}}


@pytest.mark.parametrize(
    "form",
    [
        Weather,
        OldWeather,
        TypedWeather,
        weather,
        tool(weather),
        OPENAI,
        FLAT,
        ANTHROPIC,
        BEDROCK,
        Weather.model_json_schema(),
    ],
    ids=[
        "pydantic",
        "pydantic v1",
        "TypedDict",
        "function",
        "BaseTool",
        "OpenAI",
        "flat",
        "Anthropic",
        "Bedrock",
        "JSON Schema",
    ],
)
def test_every_form_is_a_tool_with_its_parameter(form: Any) -> None:
    (schema,) = parse_tools(read_tools([form]))
    assert schema.name.lower().endswith("weather")
    assert [parameter.name for parameter in schema.parameters] == ["city"]
    assert schema.required == ("city",)


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_a_chain_is_a_tool() -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "Greet in the style of {style}.")])
    chain = prompt | GenericFakeChatModel(messages=iter([])) | StrOutputParser()
    (schema,) = parse_tools(read_tools([chain.as_tool(name="greet", description="Greet someone.")]))
    assert [parameter.name for parameter in schema.parameters] == ["style"]


@pytest.mark.parametrize(
    "provider",
    [
        {"type": "web_search_preview"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"google_search": {}},
    ],
)
def test_tools_that_a_provider_runs_are_left_out(provider: dict[str, Any]) -> None:
    assert [tool_name(t) for t in read_tools([provider, Weather])] == ["Weather"]


def test_reading_twice_changes_nothing() -> None:
    once = read_tools([tool(weather), OPENAI | {"function": {**OPENAI["function"], "name": "other"}}])
    assert read_tools(once) == once


def test_annotations_of_mcp_tools_are_kept() -> None:
    made = StructuredTool.from_function(weather, metadata={"readOnlyHint": True, "title": "Weather"})
    (schema,) = parse_tools(read_tools([made]))
    assert schema.read_only is True


def test_the_tool_of_a_response_format_is_known_by_running_nothing() -> None:
    output = StructuredTool(name="Answer", description="", args_schema=Weather.model_json_schema())
    assert [is_output(t) for t in read_tools([output, tool(weather)])] == [True, False]
    assert is_output(read_tools(read_tools([output]))[0])


def nested(levels: int) -> dict[str, Any]:
    """An object in an object in an object …"""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    return schema


@pytest.mark.parametrize(
    "tools", [None, weather, tool(weather), {"name": "weather"}, "weather"], ids=lambda t: str(t)[:20]
)
def test_a_tool_that_is_not_in_a_list_is_an_error(tools: Any) -> None:
    with pytest.raises(ToolError, match=r"tools must be a list of tools, got .*; put a single tool into a list"):
        ChatTRM().bind_tools(tools)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"type": "object", "properties": {}}, "cannot be read: Unsupported function"),
        ({"type": "function"}, "needs a name and a JSON Schema"),
        (3, "cannot be read"),
        ({}, r"tool \{\} cannot be read"),
        ({"name": "x", "parameters": []}, "tool 'x': parameters must be a JSON Schema of type object"),
        ({"name": "x", "parameters": {"properties": {"a": {"$ref": "#"}}}}, "tool 'x': reference '#' is not defined"),
        ({"name": "x", "parameters": nested(300)}, "tool 'x': its parameters nest deeper than 64 levels of JSON"),
        ({"name": "x", "parameters": nested(5000)}, "tool 'x': its parameters nest deeper than 64 levels of JSON"),
    ],
)
def test_a_broken_tool_is_named(form: Any, text: str) -> None:
    with pytest.raises(ToolError, match=text):
        read_tools([form])


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        (None, "auto"),
        ("auto", "auto"),
        (False, "auto"),
        ("any", "any"),
        ("required", "any"),
        (True, "any"),
        ("none", "none"),
        ("weather", "weather"),
        ({"type": "function", "function": {"name": "weather"}}, "weather"),
        ({"type": "tool", "name": "weather"}, "weather"),
        ({"type": "any"}, "any"),
    ],
)
def test_tool_choice_in_every_form(choice: Any, word: str) -> None:
    assert read_tool_choice(choice, ["weather", "book"]) == word


def test_a_choice_that_is_not_on_offer_is_an_error() -> None:
    with pytest.raises(
        ToolError, match=r"'wether' is not on offer; expected auto, any, required, none or one of weather"
    ):
        read_tool_choice("wether", ["weather"])
    with pytest.raises(ToolError, match="forces a call, but no tools are on offer"):
        read_tool_choice("any", [])


def test_subclassed_tools_with_their_own_run_are_not_outputs() -> None:
    class Own(BaseTool):
        name: str = "own"
        description: str = "Own"

        def _run(self) -> str:
            return ""

    assert not is_output(read_tools([Own()])[0])


def test_arguments_described_in_a_docstring_are_described_in_the_schema() -> None:
    @tool
    def ride(start: str, seats: int, note: str = "") -> str:
        """Order a taxi.

        Args:
            start: Where to be
                picked up.
            seats (int): How many people ride.
            note: For the driver.

        Returns:
            A receipt.
        """
        return "ok"

    (schema,) = parse_tools(read_tools([ride]))
    assert [p.description for p in schema.parameters] == [
        "Where to be picked up.",
        "How many people ride.",
        "For the driver.",
    ]
    assert schema.description.split() == ["Order", "a", "taxi.", "Returns:", "A", "receipt."]
    described = {
        "name": "x",
        "description": "Args:\n    other: not one of ours\n",
        "parameters": {"properties": {"a": {}}},
    }
    assert read_tools([described])[0]["function"]["description"].startswith("Args:")


def test_a_tool_is_converted_once_and_again_after_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_trm import tools as module

    conversions: list[str] = []
    convert = module.convert_to_openai_tool
    monkeypatch.setattr(module, "convert_to_openai_tool", lambda t: conversions.append(t.name) or convert(t))
    made = StructuredTool.from_function(weather)
    assert read_tools([made, made]) == read_tools([made]) * 2
    assert conversions == ["weather"]
    made.description = "Tell the weather."
    assert read_tools([made])[0]["function"]["description"] == "Tell the weather."
    before = len(module._conversions)
    del made
    assert len(module._conversions) == before - 1


MCP_TOOL: dict[str, Any] = {
    "name": "find_ticket",
    "title": "Find a ticket",
    "inputSchema": {
        "type": "object",
        "properties": {"ticket": {"type": "string", "pattern": r"^[\w-\.]+$"}, "open": {"type": "boolean"}},
        "required": ["ticket"],
    },
    "outputSchema": {"type": "object", "properties": {"state": {"type": "string"}}},
    "annotations": {"readOnlyHint": True, "destructiveHint": False, "title": "Finds tickets"},
}


def test_a_tool_as_an_mcp_server_lists_it_keeps_its_parameters() -> None:
    (tool,) = read_tools([MCP_TOOL])
    schema = ToolSchema.from_json(tool)
    assert [p.name for p in schema.parameters] == ["ticket", "open"]
    assert (schema.description, schema.required) == ("Find a ticket", ("ticket",))
    assert (schema.read_only, schema.destructive) == (True, False)
    assert ToolSchema.from_json(MCP_TOOL).parameters == schema.parameters


@pytest.mark.parametrize(("value", "allowed"), [("AB-1.2", True), ("a b", False), ("x_9", True), ("", False)])
def test_a_pattern_is_read_in_its_own_dialect(value: str, allowed: bool) -> None:
    assert validates(value, MCP_TOOL["inputSchema"]["properties"]["ticket"]) is allowed
