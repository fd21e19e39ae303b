"""With a real, untrained router: whatever it says is legal, resumable, and the same from every way of asking."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool

from langchain_trm import ChatTRM, LowConfidenceError, TRMMiddleware, explain
from langchain_trm.tools import read_tools
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router

TURNS = [
    "hello there",
    "I want a flight to Rome, please",
    "tomorrow",
    "make that Oslo on Friday",
    "book flight XY 12",
    "thanks, bye",
]


def weather(city: str, days: int = 1, unit: str = "celsius") -> dict[str, Any]:
    """Look up the weather.

    Args:
        city: City to look up.
        days: How many days ahead.
        unit: Unit of the temperature.
    """
    return {"city": city, "temperature": 18}


def told(message: AIMessage) -> Any:
    """What a message says; confidences to four places, since a batch adds its numbers in another order."""
    parts = (message.content, message.tool_calls, message.additional_kwargs, message.usage_metadata)
    return json.loads(json.dumps(parts), parse_float=lambda text: round(float(text), 4))


def talk(model: ChatTRM, *, keep_snapshots: bool) -> list[BaseMessage]:
    messages: list[BaseMessage] = [SystemMessage("be brief")]
    for text in TURNS:
        messages.append(HumanMessage(text))
        for _ in range(12):
            answer = model.invoke(messages)
            messages.append(answer if keep_snapshots else answer.model_copy(update={"additional_kwargs": {}}))
            if not answer.tool_calls:
                break
            messages += [ToolMessage('{"flight": "XY 12"}', tool_call_id=call["id"]) for call in answer.tool_calls]
        else:
            pytest.fail("the turn does not end")
    return messages


@pytest.fixture(params=range(4))
def tiny(request: pytest.FixtureRequest, tools: list[BaseTool]) -> ChatTRM:
    return ChatTRM(router=tiny_router(request.param), tools=[*tools, weather])


def test_a_conversation_is_the_same_with_and_without_snapshots(tiny: ChatTRM) -> None:
    resumed, replayed = talk(tiny, keep_snapshots=True), talk(tiny, keep_snapshots=False)
    assert [(m.content, getattr(m, "tool_calls", None)) for m in resumed] == [
        (m.content, getattr(m, "tool_calls", None)) for m in replayed
    ]
    assert any("trm" in m.additional_kwargs for m in resumed)


def test_every_call_is_legal_and_every_span_is_where_it_says(tiny: ChatTRM) -> None:
    messages = talk(tiny, keep_snapshots=True)
    schemas = {t["function"]["name"]: t["function"]["parameters"] for t in read_tools([*tiny.tools])}
    for message in messages:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                validate(call["args"], schemas[call["name"]])
            assert json.loads(json.dumps(message.response_metadata)) == message.response_metadata
            for value in explain(message).record["slot_values"].values():
                source = value["source"]
                if source.get("start") is not None and isinstance(messages[source["message"]], HumanMessage):
                    said = str(messages[source["message"]].content)
                    assert said[source["start"] : source["end"]] == source["text"]


def test_invoke_stream_batch_and_async_agree(tiny: ChatTRM) -> None:
    single = [told(tiny.invoke(text)) for text in TURNS]
    assert [told(message) for message in tiny.batch(list(TURNS))] == single
    assert [told(asyncio.run(tiny.ainvoke(text))) for text in TURNS] == single
    for text, expected in zip(TURNS, single, strict=True):
        first, *rest = tiny.stream(text)
        for chunk in rest:
            first = first + chunk
        assert told(first)[:2] == expected[:2]


def test_the_order_of_tools_changes_nothing(tiny: ChatTRM) -> None:
    turned = ChatTRM(router=tiny.router, tools=tiny.tools[::-1])
    for text in TURNS:
        left, right = tiny.invoke(text), turned.invoke(text)
        assert (left.content, left.tool_calls) == (right.content, right.tool_calls)


def test_a_corrupt_or_foreign_snapshot_changes_nothing(tiny: ChatTRM) -> None:
    messages = talk(tiny, keep_snapshots=True)[:-1]
    expected = told(tiny.invoke(messages))
    other = ChatTRM(router=tiny_router(99), tools=tiny.tools)
    foreign = other.invoke(messages[:2]).additional_kwargs["trm"]
    for wrong in (foreign, {"version": 1}, "x", {**foreign, "messages": 10**6}):
        lying = [
            m.model_copy(update={"additional_kwargs": {"trm": wrong}}) if isinstance(m, AIMessage) else m
            for m in messages
        ]
        assert told(tiny.invoke(lying)) == expected


@pytest.mark.parametrize("choice", ["any", "required", "weather", "none", "auto"])
def test_every_tool_choice_is_honoured_on_hello(tiny: ChatTRM, choice: str) -> None:
    message = tiny.bind_tools(tiny.tools, tool_choice=choice).invoke("Hello!")
    if choice in ("any", "required"):
        assert {call["name"] for call in message.tool_calls} <= {"search_flights", "book_flight", "weather"}
        assert message.tool_calls
        single = tiny.bind_tools(tiny.tools, tool_choice=choice, parallel_tool_calls=False).invoke("Hello!")
        assert len(single.tool_calls) == 1
    elif choice == "weather":
        assert [call["name"] for call in message.tool_calls] == ["weather"]
    elif choice == "none":
        assert message.tool_calls == []


def test_agents_with_and_without_the_middleware_end(tiny: ChatTRM, tools: list[BaseTool]) -> None:
    big = GenericFakeChatModel(messages=iter([AIMessage("a larger model says")] * 20))
    form = {"title": "Out", "type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    agents = [
        create_agent(tiny, [*tools, weather]),
        create_agent(tiny, [*tools, weather], middleware=[TRMMiddleware(tiny, min_confidence=0.0)]),
        create_agent(tiny, [*tools, weather], response_format=form),
    ]
    for agent in agents:
        result = agent.invoke({"messages": [HumanMessage("a flight to Rome tomorrow")]}, {"recursion_limit": 30})
        assert isinstance(result["messages"][-1], AIMessage | ToolMessage)
    unsure = create_agent(big, [], middleware=[TRMMiddleware(tiny, min_confidence=1.0)])
    assert unsure.invoke({"messages": [HumanMessage("hi")]})["messages"][-1].content


def test_threads_on_one_router_give_the_answers_of_one_thread(tools: list[BaseTool]) -> None:
    model = ChatTRM(router=tiny_router(1), tools=[*tools, weather])
    expected = [told(model.invoke(text)) for text in TURNS]
    fresh = ChatTRM(router=tiny_router(1), tools=[*tools, weather])
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda i: told(fresh.invoke(TURNS[i % len(TURNS)])), range(96)))
    assert found == [expected[i % len(TURNS)] for i in range(96)]


def test_saved_weights_and_settings_come_back(
    tmp_path: Path, tools: list[BaseTool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())
    model = ChatTRM(router=tiny_router(2), tools=tools, min_confidence=0.999)
    model.save_pretrained(tmp_path)
    again = ChatTRM.from_pretrained(tmp_path, min_confidence=None)
    assert again.loaded().fingerprint == Router.from_pretrained(tmp_path).fingerprint
    free = model.model_copy(update={"min_confidence": None})
    assert [again.invoke(t).tool_calls for t in TURNS] == [free.invoke(t).tool_calls for t in TURNS]
    assert again.invoke("hi").response_metadata["model_name"] == str(tmp_path)
    with pytest.raises(LowConfidenceError):
        ChatTRM.from_pretrained(tmp_path).invoke("hi")
    assert ChatTRM(model=str(tmp_path)).loaded() is again.loaded()


def test_weights_that_are_written_again_are_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())
    tiny_router(1).save_pretrained(tmp_path)
    before = ChatTRM(model=str(tmp_path)).loaded()
    tiny_router(2).save_pretrained(tmp_path)
    os.utime(tmp_path / "model.safetensors", (1, 1))
    assert ChatTRM(model=str(tmp_path)).loaded().fingerprint != before.fingerprint
