"""TRMMiddleware takes the sure steps, narrows the rest, and forgets nothing that a summary removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelFallbackMiddleware, SummarizationMiddleware
from langchain_core.language_models import FakeMessagesListChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import BaseModel

from langchain_trm import ChatTRM, TRMMiddleware, TRMToolSelector
from langchain_trm.messages import read_messages
from langchain_trm.middleware import remembering, updated_mirror
from langchain_trm.tools import top_tools
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter


class Big(FakeMessagesListChatModel):
    """A larger model that remembers what it was offered."""

    offered: list[Any]
    heard: list[Any]

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        self.offered.append(
            [t["name"] if isinstance(t, dict) and "name" in t else getattr(t, "name", t) for t in tools]
        )
        return self.bind(tools=tools)

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.heard.append(messages)
        return super()._generate(messages, *args, **kwargs)


def big(*answers: str) -> Big:
    return Big(responses=[AIMessage(text) for text in answers or ("a larger model says",)], offered=[], heard=[])


def summary_of(*_: Any) -> Big:
    return big("They want to fly to Rome.")


def say(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def rome_first(messages: list[Any], tools: Any, choice: str) -> Plan:
    """Knows the city and the day only from the messages that say them."""
    said = " ".join(m.text for m in messages if m.role == "user")
    known = {name: word for name, word in (("city", "Rome"), ("day", "tomorrow")) if word in said}
    if messages[-1].role == "tool_response" or "fly" not in messages[-1].text:
        return Plan(intended="search_flights", arguments=known)
    return Plan("search_flights" if len(known) == 2 else None, known, intended="search_flights")


@tool
def cancel(flight: str) -> str:
    """Cancel a flight."""
    return "cancelled"


def test_a_sure_step_needs_no_larger_model(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    larger = big()
    agent = create_agent(larger, tools, middleware=[TRMMiddleware(ChatTRM(router=travel))])
    messages = agent.invoke(say("a flight to Rome tomorrow"))["messages"]
    assert messages[-1].content == "Here is what I have. The flight is XY 12 and the price is 120."
    assert larger.heard == []


def test_an_unsure_step_goes_over_with_the_best_tools_only(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    larger = big()
    middleware = TRMMiddleware(ChatTRM(router=travel), top_k=1, always_include=["cancel"])
    search: dict[str, Any] = {"type": "web_search_preview"}
    agent = create_agent(larger, [*tools, cancel, search], middleware=[middleware])
    assert agent.invoke(say("hm, maybe"))["messages"][-1].content == "a larger model says"
    assert larger.offered == [["book_flight", "cancel", search]]


async def test_async_agents_hand_over_too(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    larger = big()
    agent = create_agent(larger, tools, middleware=[TRMMiddleware(ChatTRM(router=travel), top_k=None)])
    assert (await agent.ainvoke(say("hm, maybe")))["messages"][-1].content == "a larger model says"
    assert (await agent.ainvoke(say("a flight to Rome")))["messages"][-1].content == "What is the day of departure?"
    assert larger.offered == [["search_flights", "book_flight"]]


def test_the_threshold_is_the_middleware_s_or_the_model_s(travel: ScriptedRouter) -> None:
    assert TRMMiddleware(ChatTRM(router=travel)).model.min_confidence == 0.9  # type: ignore[union-attr]
    assert TRMMiddleware(ChatTRM(router=travel, min_confidence=0.4)).model.min_confidence == 0.4  # type: ignore[union-attr]
    assert TRMMiddleware(ChatTRM(router=travel), min_confidence=0.2).model.min_confidence == 0.2  # type: ignore[union-attr]
    careful = TRMMiddleware(ChatTRM(router=travel), min_call_confidence=0.8).model
    assert careful is not None
    assert (careful.min_confidence, careful.min_call_confidence) == (0.9, 0.8)


@pytest.mark.parametrize("use_async", [False, True])
async def test_the_larger_model_can_word_the_answers_without_tools(
    travel: ScriptedRouter, tools: list[BaseTool], use_async: bool
) -> None:
    larger = big("When would you like to fly?")
    agent = create_agent(larger, tools, middleware=[TRMMiddleware(ChatTRM(router=travel), word_answers=True)])
    result = await agent.ainvoke(say("a flight to Rome")) if use_async else agent.invoke(say("a flight to Rome"))
    assert result["messages"][-1].content == "When would you like to fly?"
    assert larger.offered == []
    assert len(larger.heard) == 1


def test_with_a_response_format_answers_go_to_the_larger_model(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    class Answer(BaseModel):
        """The answer."""

        text: str

    larger = Big(
        responses=[AIMessage("", tool_calls=[{"name": "Answer", "args": {"text": "done"}, "id": "1"}])],
        offered=[],
        heard=[],
    )
    agent = create_agent(larger, tools, middleware=[TRMMiddleware(ChatTRM(router=travel))], response_format=Answer)
    result = agent.invoke(say("a flight to Rome tomorrow"))
    assert result["structured_response"] == Answer(text="done")
    assert larger.offered == [["Answer"]]


def summarizing(*, keep: int = 2, trigger: int = 4) -> SummarizationMiddleware:
    return SummarizationMiddleware(model=summary_of(), trigger=("messages", trigger), keep=("messages", keep))


@pytest.mark.parametrize("in_front", [True, False], ids=["decides first", "is the agent's model"])
def test_a_summarized_thread_in_sqlite_is_decided_like_a_whole_one(
    tmp_path: Path, tools: list[BaseTool], in_front: bool
) -> None:
    turns = ["hello", "I want Rome", "with a window seat", "tomorrow, that is", "let us fly"]
    config: Any = {"configurable": {"thread_id": "1"}}

    def agent(saver: Any, router: ScriptedRouter, *, summarize: bool) -> Any:
        trm = ChatTRM(router=router)
        middleware: list[Any] = [TRMMiddleware(trm) if in_front else TRMMiddleware()]
        if summarize:
            middleware.append(summarizing())
        return create_agent(big() if in_front else trm, tools, middleware=middleware, checkpointer=saver)

    whole, plain = ScriptedRouter(rome_first), InMemorySaver()
    for text in turns:
        expected = agent(plain, whole, summarize=False).invoke(say(text), config)["messages"]

    database = str(tmp_path / "threads.sqlite")
    for text in turns:
        router = ScriptedRouter(rome_first)
        with SqliteSaver.from_conn_string(database) as saver:
            result = agent(saver, router, summarize=True).invoke(say(text), config)["messages"]
        assert router.read <= 8
    assert len(result) < len(expected)
    assert any(m.additional_kwargs.get("lc_source") == "summarization" for m in result)
    assert not any("I want Rome" in str(m.content) for m in result)
    assert (
        result[-1].content == expected[-1].content == "Here is what I have. The flight is XY 12 and the price is 120."
    )
    found = [m.response_metadata["decision"]["slots"] for m in result if isinstance(m, AIMessage) and m.tool_calls]
    assert found == [{"city": "Rome", "day": "tomorrow"}]


def test_without_the_middleware_the_summary_loses_the_value(tools: list[BaseTool]) -> None:
    agent = create_agent(
        ChatTRM(router=ScriptedRouter(rome_first)), tools, middleware=[summarizing()], checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    for text in ["hello", "I want Rome", "with a window seat", "tomorrow, that is", "let us fly"]:
        messages = agent.invoke(say(text), config)["messages"]
    assert messages[-1].content != "Here is what I have. The flight is XY 12 and the price is 120."


def test_the_mirror_is_private_plain_json(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    agent = create_agent(big(), tools, middleware=[TRMMiddleware(ChatTRM(router=travel))], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    result = agent.invoke(say("a flight to Rome"), config)
    assert "trm_mirror" not in result
    mirror = agent.get_state(config).values["trm_mirror"]
    assert json.loads(json.dumps(mirror)) == mirror
    assert mirror["state"]["values"]["city"]["value"] == "Rome"


def test_the_mirror_keeps_the_state_of_steps_that_were_handed_over(
    travel: ScriptedRouter, tools: list[BaseTool]
) -> None:
    agent = create_agent(big(), tools, middleware=[TRMMiddleware(ChatTRM(router=travel))], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke(say("hm, maybe"), config)
    assert agent.get_state(config).values["trm_mirror"]["state"]["values"]["flight"]["value"] == "maybe"


def test_messages_that_were_deleted_are_forgotten() -> None:
    first = [HumanMessage("my card is 1234", id="a"), AIMessage("ok", id="b"), HumanMessage("to Rome", id="c")]
    mirror = updated_mirror(None, first)
    after = updated_mirror(mirror, first[1:])
    assert "1234" not in json.dumps(after)
    summary = HumanMessage("summary", id="s", additional_kwargs={"lc_source": "summarization"})
    summarized = updated_mirror(mirror, [summary, first[2]])
    assert "1234" in json.dumps(summarized)
    deleted_later = updated_mirror(summarized, [summary])
    assert "to Rome" not in json.dumps(deleted_later)
    assert "1234" in json.dumps(deleted_later)
    deleted_behind = updated_mirror(mirror, [summary, first[0]])
    assert "to Rome" not in json.dumps(deleted_behind)


def test_after_two_summaries_the_whole_history_is_still_read() -> None:
    def summary(number: int) -> HumanMessage:
        return HumanMessage("summary", id=f"s{number}", additional_kwargs={"lc_source": "summarization"})

    talk = [HumanMessage(text, id=text) for text in "abcdef"]
    mirror = updated_mirror(None, talk[:3])
    mirror = updated_mirror(mirror, [summary(1), *talk[2:5]])
    mirror = updated_mirror(mirror, [summary(2), *talk[4:]])
    model = remembering(ChatTRM(router=ScriptedRouter(lambda *_: Plan())), mirror)
    read = read_messages([SystemMessage("brief"), summary(2), *talk[4:]], model.earlier)
    assert [entry.message.content for entry in read] == ["brief", *"abcdef"]


def test_a_mirror_of_another_layout_is_started_anew() -> None:
    message = HumanMessage("hi", id="a")
    for foreign in (None, [], {"version": 99, "messages": 3}):
        assert [row["id"] for row in updated_mirror(foreign, [message])["messages"]] == ["a"]


def test_deleting_in_a_real_thread_reaches_the_mirror(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    agent = create_agent(big(), tools, middleware=[TRMMiddleware(ChatTRM(router=travel))], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [HumanMessage("my card is 1234", id="secret")]}, config)
    agent.update_state(config, {"messages": [RemoveMessage(id="secret")]})
    agent.invoke(say("hi"), config)
    assert "1234" not in json.dumps(agent.get_state(config).values["trm_mirror"])


def test_what_is_remembered_does_not_reach_a_fallback(tools: list[BaseTool]) -> None:
    larger = big()
    trm = ChatTRM(router=ScriptedRouter(lambda *_: Plan(confidence=0.1)), min_confidence=0.5)
    agent = create_agent(
        trm,
        tools,
        middleware=[TRMMiddleware(), ModelFallbackMiddleware(larger), summarizing()],
        checkpointer=InMemorySaver(),
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    for text in ("one", "two", "three", "four"):
        agent.invoke(say(text), config)
    assert "one" not in [m.content for m in larger.heard[-1]]


def test_the_selector_looks_at_the_whole_conversation(tools: list[BaseTool]) -> None:
    def by_history(messages: list[Any], offered: Any, choice: str) -> Plan:
        about_booking = any("XY 12" in m.text for m in messages)
        return Plan(scores={"book_flight": 0.9} if about_booking else {"cancel": 0.9})

    larger = big()
    selector = TRMToolSelector(ChatTRM(router=ScriptedRouter(by_history)), top_k=1)
    agent = create_agent(larger, [*tools, cancel], middleware=[selector])
    agent.invoke({"messages": [HumanMessage("XY 12 looks good"), AIMessage("Shall I?"), HumanMessage("yes")]})
    agent.invoke(say("yes"))
    assert larger.offered == [["book_flight"], ["cancel"]]


async def test_the_selector_works_in_async_agents_and_leaves_few_tools_alone(tools: list[BaseTool]) -> None:
    larger, router = big(), ScriptedRouter(lambda *_: Plan(scores={"cancel": 0.9}))
    selector = TRMToolSelector(ChatTRM(router=router), top_k=2, always_include=["book_flight"])
    await create_agent(larger, [*tools, cancel], middleware=[selector]).ainvoke(say("x"))
    await create_agent(larger, tools, middleware=[selector]).ainvoke(say("x"))
    assert larger.offered == [["search_flights", "book_flight", "cancel"], ["search_flights", "book_flight"]]
    assert router.decided == 1


def test_wrong_settings_of_the_selector_are_named(tools: list[BaseTool]) -> None:
    with pytest.raises(ValueError, match="top_k must be at least 1, got 0"):
        TRMToolSelector(top_k=0)
    with pytest.raises(ValueError, match="always_include names tools that are not on offer: nope"):
        top_tools(tools, {}, 1, ["nope"])


def test_both_are_langchain_middleware() -> None:
    assert issubclass(TRMMiddleware, AgentMiddleware)
    assert issubclass(TRMToolSelector, AgentMiddleware)
