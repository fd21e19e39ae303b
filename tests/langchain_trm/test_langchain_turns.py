"""What this turn has already done is not done again: repeats, failures and endless loops end in an answer."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool

from langchain_trm import ChatTRM, LowConfidenceError
from langchain_trm.messages import read_messages
from langchain_trm.turns import read_turn
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter

CALL = {"name": "search_flights", "args": {"city": "Rome", "day": "tomorrow"}}


def stubborn(*_: Any) -> Plan:
    """A router that wants the same call, whatever happened."""
    return Plan("search_flights", {"city": "Rome", "day": "tomorrow"}, confidence=0.8)


@pytest.fixture
def insisting(tools: list[BaseTool]) -> ChatTRM:
    return ChatTRM(router=ScriptedRouter(stubborn), tools=tools)


def asked(*results: tuple[str, str]) -> list[BaseMessage]:
    """The request, and a call with each result and status."""
    messages: list[BaseMessage] = [HumanMessage("to Rome tomorrow")]
    for number, (content, status) in enumerate(results):
        call_id = f"call0000{number}"
        messages.append(AIMessage("", tool_calls=[{**CALL, "id": call_id}]))
        messages.append(ToolMessage(content, tool_call_id=call_id, status=status))
    return messages


def test_a_call_that_returned_is_not_made_again(insisting: ChatTRM) -> None:
    message = insisting.invoke(asked(('{"flight": "XY 12"}', "success")))
    assert message.tool_calls == []
    assert message.content == "Here is what I have. The flight is XY 12."
    record = message.response_metadata["decision"]
    assert record["note"] == "repeated"
    assert record["arguments"] == {}


def test_the_confidence_of_not_repeating_is_what_remains_of_the_distribution(insisting: ChatTRM) -> None:
    record = insisting.invoke(asked(("ok", "success"))).response_metadata["decision"]
    share = 0.8 / (0.8 + 0.1)
    assert record["confidence"] == pytest.approx(0.2 / (0.2 + 0.8 * (1 - share)))


def test_the_same_call_in_a_later_turn_is_made(insisting: ChatTRM) -> None:
    assert insisting.invoke([*asked(("ok", "success")), HumanMessage("again, please")]).tool_calls


def test_an_error_is_tried_once_more_and_then_said(insisting: ChatTRM) -> None:
    assert insisting.invoke(asked(("timeout", "error"))).tool_calls
    message = insisting.invoke(asked(("timeout", "error"), ("no seats", "error")))
    assert message.tool_calls == []
    assert message.content == "I'm sorry, that did not work: no seats."
    assert message.response_metadata["decision"]["note"] == "failed"


def test_after_two_errors_a_careful_model_hands_over(insisting: ChatTRM) -> None:
    careful = insisting.model_copy(update={"min_confidence": 0.5})
    with pytest.raises(LowConfidenceError) as caught:
        careful.invoke(asked(("timeout", "error"), ("timeout", "error")))
    assert caught.value.record["note"] == "failed"


@pytest.mark.parametrize("choice", ["any", "search_flights"])
def test_a_forced_call_is_not_repeated_either(insisting: ChatTRM, choice: str) -> None:
    bound = insisting.bind_tools(insisting.tools, tool_choice=choice)
    assert bound.invoke("to Rome tomorrow").tool_calls
    assert bound.invoke(asked(("ok", "success"))).tool_calls == []


def test_a_turn_has_a_limited_number_of_calls(tools: list[BaseTool]) -> None:
    def wandering(messages: Any, *_: Any) -> Plan:
        return Plan("book_flight", {"flight": f"XY {len(messages)}"})

    model = ChatTRM(router=ScriptedRouter(wandering), tools=tools, max_calls=3)
    messages: list[BaseMessage] = [HumanMessage("book them all")]
    for _ in range(10):
        message = model.invoke(messages)
        if not message.tool_calls:
            break
        messages += [message, ToolMessage("booked", tool_call_id=message.tool_calls[0]["id"])]
    assert sum(isinstance(m, ToolMessage) for m in messages) == 3
    assert message.response_metadata["decision"]["note"] == "limit"


def test_results_are_paired_by_id_and_else_in_order() -> None:
    calls = [{**CALL, "id": "a"}, {"name": "book_flight", "args": {}, "id": "b"}]
    messages = [
        HumanMessage("x"),
        AIMessage("", tool_calls=calls),
        ToolMessage("second", tool_call_id="b"),
        ToolMessage("first", tool_call_id="a", status="error"),
        ToolMessage("stray", tool_call_id="zzz"),
    ]
    turn = read_turn(read_messages(messages))
    assert [(call.name, call.failed, call.returned) for call in turn.calls] == [
        ("search_flights", True, False),
        ("book_flight", False, True),
        ("", False, True),
    ]
    assert turn.ends_with_result
    blocks = [
        HumanMessage("x"),
        AIMessage([{"type": "tool_use", "name": "f", "input": {}}]),
        ToolMessage("ok", tool_call_id="q"),
    ]
    assert read_turn(read_messages(blocks)).has_returned("f")


def test_what_was_done_in_an_earlier_turn_does_not_count() -> None:
    messages = [*asked(("ok", "success")), HumanMessage("thanks")]
    assert read_turn(read_messages(messages)).calls == ()
