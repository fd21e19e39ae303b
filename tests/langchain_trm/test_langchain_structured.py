"""Structured output and fallbacks: checked objects, and a fallback that is not lost on the way."""

from __future__ import annotations

import typing
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import FakeMessagesListChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableWithFallbacks
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from langchain_trm import ChatTRM
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter


class Trip(BaseModel):
    """A trip."""

    city: str = Field(description="City to go to")
    nights: int = Field(description="How long to stay")


class TripDict(TypedDict):
    """A trip."""

    city: str
    nights: int


class Big(FakeMessagesListChatModel):
    """A larger model that calls what it is bound to."""

    bound_with: list[Any]

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        self.bound_with.append((tools, kwargs))
        return self.bind(tools=tools)


def by_text(messages: Any, tools: Any, tool_choice: str) -> Plan:
    if messages[-1].text == "three nights in Rome":
        return Plan(tools[0].name, {"city": "Rome", "nights": 3})
    return Plan(confidence=0.3)


@pytest.fixture
def trips() -> ChatTRM:
    return ChatTRM(router=ScriptedRouter(by_text))


def big() -> Big:
    call = {"name": "Trip", "args": {"city": "Oslo", "nights": 2}, "id": "1"}
    return Big(responses=[AIMessage("", tool_calls=[call])], bound_with=[])


def test_a_pydantic_class_gives_its_object(trips: ChatTRM) -> None:
    assert trips.with_structured_output(Trip).invoke("three nights in Rome") == Trip(city="Rome", nights=3)


@pytest.mark.parametrize("schema", [TripDict, Trip.model_json_schema()], ids=["TypedDict", "JSON Schema"])
def test_other_schemas_give_a_dict(trips: ChatTRM, schema: Any) -> None:
    assert trips.with_structured_output(schema).invoke("three nights in Rome") == {"city": "Rome", "nights": 3}


@pytest.mark.parametrize(
    "schema", [Trip, TripDict, Trip.model_json_schema()], ids=["pydantic", "TypedDict", "JSON Schema"]
)
def test_an_incomplete_object_never_passes_for_an_answer(trips: ChatTRM, schema: Any) -> None:
    with pytest.raises(OutputParserException, match="the conversation does not say: city, nights"):
        trips.with_structured_output(schema).invoke("somewhere warm")


class Person(BaseModel):
    """A person and where they live."""

    name: str
    city: str


@pytest.mark.parametrize("said", ["There is nobody here", "It rained all day.", "hm"])
def test_a_text_that_nobody_said_is_missing(trips: ChatTRM, said: str) -> None:
    with pytest.raises(OutputParserException, match="the conversation does not say: name, city"):
        trips.with_structured_output(Person).invoke(said)


def test_a_forced_search_takes_the_message_as_its_query(trips: ChatTRM) -> None:
    search = {"name": "search", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}
    search["parameters"]["required"] = ["query"]  # type: ignore[index]
    answer = trips.bind_tools([search], tool_choice="search").invoke("what moved the dollar today")
    assert answer.tool_calls[0]["args"] == {"query": "what moved the dollar today"}


def test_raw_parsed_and_error_are_returned_together(trips: ChatTRM) -> None:
    reader = trips.with_structured_output(Trip, include_raw=True)
    good: Any = reader.invoke("three nights in Rome")
    assert (good["parsed"], good["parsing_error"]) == (Trip(city="Rome", nights=3), None)
    assert good["raw"].tool_calls[0]["name"] == "Trip"
    bad: Any = reader.invoke("somewhere warm")
    assert bad["parsed"] is None
    assert "nights" in str(bad["parsing_error"])


def test_streams_give_whole_objects(trips: ChatTRM) -> None:
    assert list(trips.with_structured_output(Trip).stream("three nights in Rome")) == [Trip(city="Rome", nights=3)]


def test_unknown_arguments_are_named(trips: ChatTRM) -> None:
    with pytest.raises(ValueError, match="does not take metod; expected method or strict"):
        trips.with_structured_output(Trip, metod="json_mode")
    assert trips.with_structured_output(Trip, method="json_schema", strict=True)


@pytest.mark.parametrize("method", ["bind_tools", "with_structured_output"])
def test_what_returns_a_runnable_says_so_at_run_time(method: str) -> None:
    returns = typing.get_type_hints(getattr(ChatTRM, method))["return"]
    assert issubclass(typing.get_origin(returns), Runnable)


def test_fallbacks_survive_bind_tools_and_are_bound_too(model: ChatTRM) -> None:
    larger = big()
    safe = model.model_copy(update={"min_confidence": 0.9}).with_fallbacks([larger])
    bound = safe.bind_tools(model.tools)
    assert isinstance(bound, RunnableWithFallbacks)
    assert bound.invoke("hm, maybe").tool_calls[0]["args"] == {"city": "Oslo", "nights": 2}
    assert larger.bound_with[0][0] == model.tools
    assert bound.invoke("book XY 12").tool_calls[0]["args"] == {"flight": "XY 12"}


@pytest.mark.parametrize("schema", [Trip, Trip.model_json_schema()], ids=["pydantic", "JSON Schema"])
def test_fallbacks_survive_structured_output(trips: ChatTRM, schema: Any) -> None:
    safe = trips.with_fallbacks([big()]).with_structured_output(schema)
    assert isinstance(safe, RunnableWithFallbacks)
    found: Any = safe.invoke("somewhere warm")
    assert (found if isinstance(found, dict) else found.model_dump()) == {"city": "Oslo", "nights": 2}
    assert Trip.model_validate(safe.invoke("three nights in Rome")).city == "Rome"


def test_traces_name_the_schema(trips: ChatTRM) -> None:
    from langchain_core.callbacks import BaseCallbackHandler

    options: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            options.append(kwargs["options"])

    trips.with_structured_output(Trip).invoke("three nights in Rome", config={"callbacks": [Listener()]})
    assert options[0]["ls_structured_output_format"]["schema"]["title"] == "Trip"
