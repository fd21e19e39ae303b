"""Whole agents: they call, ask, answer, hand over, and always come to an end."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelFallbackMiddleware
from langchain_core.language_models import FakeMessagesListChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, Field

from langchain_trm import ChatTRM, low_confidence
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user, follow_rules


class Big(FakeMessagesListChatModel):
    """A larger model with fixed answers."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=tools)


class Offer(BaseModel):
    """What was found."""

    flight: str = Field(description="Number of the flight")


class Summary(BaseModel):
    """A summary in words."""

    text: str = Field(description="What to tell the user")


def say(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def test_an_agent_calls_reads_the_result_and_stops(model: ChatTRM, tools: list[BaseTool]) -> None:
    agent = create_agent(model, tools)
    messages = agent.invoke(say("a flight to Rome tomorrow"))["messages"]
    assert [type(m).__name__ for m in messages] == ["HumanMessage", "AIMessage", "ToolMessage", "AIMessage"]
    assert messages[-1].content == "Here is what I have. The flight is XY 12 and the price is 120."


async def test_async_agents_too(model: ChatTRM, tools: list[BaseTool]) -> None:
    messages = (await create_agent(model, tools).ainvoke(say("a flight to Rome tomorrow")))["messages"]
    assert messages[-1].content == "Here is what I have. The flight is XY 12 and the price is 120."


def test_a_conversation_over_several_turns_asks_and_goes_on(model: ChatTRM, tools: list[BaseTool]) -> None:
    agent = create_agent(model, tools, checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    assert agent.invoke(say("a flight to Rome"), config)["messages"][-1].content == "What is the day of departure?"
    messages = agent.invoke(say("tomorrow"), config)["messages"]
    assert messages[-1].content == "Here is what I have. The flight is XY 12 and the price is 120."


def test_a_router_that_never_stops_calling_is_stopped(tools: list[BaseTool]) -> None:
    def restless(messages: Any, offered: Any, choice: str) -> Plan:
        return Plan(offered[len(messages) % 2].name, {"city": "Rome", "day": "tomorrow", "flight": "XY 12"})

    model = ChatTRM(router=ScriptedRouter(restless))
    messages = create_agent(model, tools).invoke(say("to Rome tomorrow"), {"recursion_limit": 25})["messages"]
    assert messages[-1].tool_calls == []
    assert sum(isinstance(m, ToolMessage) for m in messages) <= 3


def test_a_tool_that_fails_is_tried_twice(tools: list[BaseTool]) -> None:
    calls = []

    @tool
    def search_flights(city: str) -> str:
        """Search."""
        calls.append(city)
        raise ToolException("no connection")

    search_flights.handle_tool_error = True
    model = ChatTRM(router=ScriptedRouter(lambda *_: Plan("search_flights", {"city": "Rome"})))
    messages = create_agent(model, [search_flights]).invoke(say("to Rome"))["messages"]
    assert calls == ["Rome", "Rome"]
    assert messages[-1].content == "I'm sorry, that did not work: no connection."


def test_an_unsure_step_goes_to_the_larger_model_and_only_that_one(
    travel: ScriptedRouter, tools: list[BaseTool]
) -> None:
    big = Big(responses=[AIMessage("Do you want to book it?")])
    model = ChatTRM(router=travel, min_confidence=0.9)
    agent = create_agent(model, tools, middleware=[ModelFallbackMiddleware(big)], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    assert agent.invoke(say("hm, maybe"), config)["messages"][-1].content == "Do you want to book it?"
    messages = agent.invoke(say("book XY 12"), config)["messages"]
    assert messages[-1].content == "booked XY 12."
    assert [m.response_metadata.get("model_provider") for m in messages if isinstance(m, AIMessage)] == [
        None,
        "trm",
        "trm",
    ]


def test_a_response_format_ends_in_the_output_tool_after_the_work(
    travel: ScriptedRouter, tools: list[BaseTool]
) -> None:
    def script(messages: Any, offered: Any, choice: str) -> Plan:
        if [t.name for t in offered] == ["Offer"]:
            return Plan("Offer", {"flight": "XY 12"})
        return travel.script(messages, offered, choice)

    agent = create_agent(ChatTRM(router=ScriptedRouter(script)), tools, response_format=Offer)
    result = agent.invoke(say("a flight to Rome tomorrow"), {"recursion_limit": 12})
    assert result["structured_response"] == Offer(flight="XY 12")
    assert [c["name"] for m in result["messages"] if isinstance(m, AIMessage) for c in m.tool_calls] == [
        "search_flights",
        "Offer",
    ]


def test_a_response_format_in_words_is_the_newest_result(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    agent = create_agent(ChatTRM(router=travel), tools, response_format=Summary)
    result = agent.invoke(say("book XY 12"), {"recursion_limit": 12})
    assert result["structured_response"] == Summary(text="booked XY 12")


def test_with_a_response_format_a_missing_parameter_is_still_asked_for(
    travel: ScriptedRouter, tools: list[BaseTool]
) -> None:
    agent = create_agent(ChatTRM(router=travel), tools, response_format=Summary)
    result = agent.invoke(say("a flight to Rome"), {"recursion_limit": 12})
    assert result["messages"][-1].content == "What is the day of departure?"
    assert result.get("structured_response") is None


def test_an_output_that_cannot_be_filled_ends_in_words(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    class Count(BaseModel):
        """A count."""

        number: int = Field(description="How many")

    agent = create_agent(ChatTRM(router=travel), tools, response_format=Count)
    result = agent.invoke(say("hi"), {"recursion_limit": 12})
    last = result["messages"][-1]
    assert last.tool_calls == []
    assert last.response_metadata["decision"]["note"] == "incomplete output"
    assert last.response_metadata["decision"]["confidence"] == 0.0


def test_a_person_is_asked_about_unsure_calls_only(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    review = HumanInTheLoopMiddleware(
        interrupt_on={"book_flight": {"allowed_decisions": ["approve", "reject"], "when": low_confidence(0.6)}}
    )
    agent = create_agent(ChatTRM(router=travel), tools, middleware=[review], checkpointer=InMemorySaver())
    sure: Any = {"configurable": {"thread_id": "sure"}}
    assert agent.invoke(say("book XY 12"), sure)["messages"][-1].content == "booked XY 12."
    unsure: Any = {"configurable": {"thread_id": "unsure"}}
    stopped = agent.invoke(say("hm, maybe"), unsure)
    assert stopped["__interrupt__"]
    done = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), unsure)
    assert done["messages"][-1].content == "booked maybe."


@pytest.mark.parametrize(
    ("decision", "last"),
    [
        ({"type": "reject"}, "All right, I won't."),
        ({"type": "reject", "message": "too dear"}, "All right, I won't."),
        ({"type": "edit", "edited_action": {"name": "book_flight", "args": {"flight": "XY 13"}}}, "booked XY 13."),
        ({"type": "respond", "message": "done by phone"}, "done by phone."),
    ],
    ids=["reject", "reject with a reason", "edit", "respond"],
)
def test_what_a_reviewer_decided_is_final(tools: list[BaseTool], decision: Any, last: str) -> None:
    allowed: Any = ["approve", "edit", "reject", "respond"]
    review = HumanInTheLoopMiddleware(interrupt_on={"book_flight": {"allowed_decisions": allowed}})
    insisting = ChatTRM(router=ScriptedRouter(lambda *_: Plan("book_flight", {"flight": "XY 12"})))
    agent = create_agent(insisting, tools, middleware=[review], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke(say("book XY 12"), config)
    done = agent.invoke(Command(resume={"decisions": [decision]}), config)
    assert "__interrupt__" not in done
    assert done["messages"][-1].content == last
    assert sum(len(m.tool_calls) for m in done["messages"] if isinstance(m, AIMessage)) == 1


def test_calls_of_other_models_are_reviewed_unless_told_otherwise() -> None:
    from types import SimpleNamespace

    call = {"name": "book_flight", "args": {}, "id": "1"}
    request = SimpleNamespace(state={"messages": [AIMessage("", tool_calls=[call])]}, tool_call=call)
    assert low_confidence(0.6)(request)
    assert not low_confidence(0.6, unknown=False)(request)


def test_a_responder_s_words_reach_a_graph_s_stream_once(model: ChatTRM, tools: list[BaseTool]) -> None:
    from langchain_core.language_models import GenericFakeChatModel

    speaker = GenericFakeChatModel(messages=iter([AIMessage("When exactly?")]))
    agent = create_agent(model.model_copy(update={"responder": speaker}), tools)
    words = [
        chunk.content
        for chunk, _ in agent.stream(say("a flight to Rome"), stream_mode="messages")
        if isinstance(chunk, AIMessageChunk)
    ]
    assert "".join(words) == "When exactly?"


def test_prebuilt_react_style_loops_and_names_work(tools: list[BaseTool]) -> None:
    agent = create_agent(ChatTRM(router=ScriptedRouter(follow_rules)), tools, name="clerk", system_prompt="Be brief.")
    messages = agent.invoke(say("hello there"))["messages"]
    assert messages[-1].name == "clerk"


def test_tool_errors_that_raise_end_the_run_as_langgraph_says(model: ChatTRM) -> None:
    @tool
    def book_flight(flight: str) -> str:
        """Book a flight."""
        raise RuntimeError("down")

    with pytest.raises(RuntimeError, match="down"):
        create_agent(model, [book_flight]).invoke(say("book XY 12"))


def test_the_same_thread_decides_alike_with_and_without_a_checkpointer(tools: list[BaseTool]) -> None:
    router = ScriptedRouter(by_last_user({"hm": Plan("book_flight", {"flight": "XY 12"})}))
    agent = create_agent(ChatTRM(router=router, responder=RunnableLambda(lambda _: "ok")), tools)
    first = agent.invoke(say("hm"))["messages"]
    again = agent.invoke({"messages": [HumanMessage("hm"), *first[1:3]]})["messages"]
    assert again[-1].content == first[-1].content == "ok"
