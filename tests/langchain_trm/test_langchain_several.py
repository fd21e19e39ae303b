"""Several calls in one answer: they leave together, each with its own id; none is made that must not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage

from langchain_trm import ChatTRM, explain
from tests.langchain_trm.scripted_router import Plan, ScriptedBound, ScriptedRouter
from trm_agent.types import Decision, ToolCall

WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CITIES = ("Rome", "Oslo")


class TwiceBound(ScriptedBound):
    """Calls its tool for two cities at once."""

    def decide_batch(self, histories: Sequence[Any], **kwargs: Any) -> list[Decision]:
        return [twice(decision) for decision in super().decide_batch(histories, **kwargs)]

    def decide(self, history: Any, **kwargs: Any) -> Decision:
        return twice(super().decide(history, **kwargs))


class TwiceRouter(ScriptedRouter):
    def bind(self, tools: Any, slot_fields: Any = None) -> ScriptedBound:
        bound = super().bind(tools, slot_fields)
        bound.__class__ = TwiceBound
        return bound


def twice(decision: Decision) -> Decision:
    if decision.decision != "tool_call" or decision.calls:
        return decision
    value = next(iter(decision.argument_values.values()), None)
    calls = tuple(
        ToolCall("get_weather", {"city": city}, {} if value is None else {"city": replace(value, value=city)})
        for city in CITIES
    )
    return replace(decision, arguments=calls[0].arguments, calls=calls)


@pytest.fixture
def model() -> ChatTRM:
    router = TwiceRouter(lambda history, tools, choice: Plan("get_weather", {"city": "Rome"}))
    return ChatTRM(tools=[WEATHER], router=router)


def cities(message: AIMessage) -> list[str]:
    return [call["args"]["city"] for call in message.tool_calls]


def test_every_call_leaves_with_an_id_of_its_own(model: ChatTRM) -> None:
    answer = model.invoke("The weather in Rome and in Oslo")
    assert cities(answer) == ["Rome", "Oslo"]
    ids = [str(call["id"]) for call in answer.tool_calls]
    assert len(set(ids)) == 2
    assert all(len(call_id) == 9 for call_id in ids)


def test_a_stream_merges_into_the_same_calls(model: ChatTRM) -> None:
    whole: AIMessageChunk | None = None
    for chunk in model.stream("The weather in Rome and in Oslo"):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    assert whole.tool_calls == model.invoke("The weather in Rome and in Oslo").tool_calls


def test_parallel_tool_calls_can_be_turned_off(model: ChatTRM) -> None:
    single = model.bind_tools([WEATHER], parallel_tool_calls=False)
    assert cities(single.invoke("The weather in Rome and in Oslo")) == ["Rome"]


def test_only_the_call_that_has_no_result_yet_is_made_again(model: ChatTRM) -> None:
    history = [
        HumanMessage("The weather in Rome and in Oslo"),
        AIMessage("", tool_calls=[{"name": "get_weather", "args": {"city": "Rome"}, "id": "abcdefgh1"}]),
        ToolMessage("sunny", tool_call_id="abcdefgh1"),
    ]
    assert cities(model.invoke(history)) == ["Oslo"]


def test_the_limit_of_calls_counts_them_all() -> None:
    router = TwiceRouter(lambda history, tools, choice: Plan("get_weather", {"city": "Rome"}))
    assert cities(ChatTRM(tools=[WEATHER], router=router, max_calls=1).invoke("Rome and Oslo")) == ["Rome"]


def test_the_explanation_shows_the_arguments_of_each(model: ChatTRM) -> None:
    shown = str(explain(model.invoke("The weather in Rome and in Oslo")))
    assert "call get_weather, get_weather" in shown
    assert shown.count("Arguments of get_weather") == 2
    assert "Oslo" in shown
