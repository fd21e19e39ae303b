"""Whether the user is asked before a call is the caller's policy; a refusal and a correction are heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_trm import ChatTRM
from langchain_trm.confirming import agreed
from tests.langchain_trm.scripted_router import Plan, ScriptedBound, ScriptedRouter
from trm_agent.errors import LowConfidenceError
from trm_agent.types import SPEECH_ACTS, Decision, Message


def tool(**annotations: bool) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {"amount": {"type": "integer"}, "to": {"type": "string"}},
        "required": ["amount", "to"],
    }
    function = {
        "name": "send_money",
        "description": "Send money.",
        "parameters": parameters,
        "annotations": annotations,
    }
    return {"type": "function", "function": function}


class ActingBound(ScriptedBound):
    """A scripted router whose decisions know speech acts."""

    def decide(self, history: Sequence[Any], **kwargs: Any) -> Decision:
        decision = super().decide(history, **kwargs)
        said = history[-1].text
        act = ACTS.get(said, "request")
        acts = {name: float(name == act) for name in SPEECH_ACTS}
        return replace(decision, probabilities={**decision.probabilities, "speech_acts": acts})


class ActingRouter(ScriptedRouter):
    def bind(self, tools: Any, slot_fields: Any = None) -> ActingBound:
        bound = super().bind(tools, slot_fields)
        return ActingBound(self, bound.tools, ())


ACTS = {"yes": "confirm", "no": "refuse", "make it 60": "correct", "hello": "small_talk", "thanks": "small_talk"}
CALL = Plan("send_money", {"amount": 50, "to": "Mark"})


def script(messages: Any, tools: Any, choice: str) -> Plan:
    said = messages[-1].text
    if said in ("send 50 to Mark", "yes"):
        return CALL
    if said == "make it 60":
        return replace(CALL, arguments={"amount": 60, "to": "Mark"})
    if said == "please send 50 to Mark":
        return Plan(arguments={"amount": 50, "to": "Mark"}, intended="send_money")
    return Plan()


def model(confirm: Any = "auto", *, annotations: Mapping[str, bool] = {}, **settings: Any) -> ChatTRM:
    router = ActingRouter(script)
    return ChatTRM(router=router, tools=[tool(**annotations)], confirm=confirm, **settings)


def asked(answer: AIMessage) -> bool:
    return not answer.tool_calls and answer.response_metadata["decision"].get("note") == "confirm"


@pytest.mark.parametrize(
    ("confirm", "annotations", "expected"),
    [
        ("auto", {}, False),
        ("auto", {"destructiveHint": True}, True),
        ("auto", {"readOnlyHint": False}, False),
        ("auto", {"readOnlyHint": True}, False),
        ("always", {}, True),
        ("always", {"readOnlyHint": True}, False),
        ("never", {"destructiveHint": True}, False),
        (("send_money",), {}, True),
        (("other",), {"destructiveHint": True}, False),
        (lambda call: call["args"]["amount"] > 40, {}, True),
        (lambda call: call["args"]["amount"] > 50, {}, False),
    ],
)
def test_the_policy_says_whether_a_call_is_asked_about(
    confirm: Any, annotations: Mapping[str, bool], expected: bool
) -> None:
    assert asked(model(confirm, annotations=annotations).invoke("send 50 to Mark")) is expected


def test_the_question_names_every_value() -> None:
    text = model("always").invoke("send 50 to Mark").text
    assert "50" in text
    assert "Mark" in text


def test_a_yes_makes_the_call_and_another_value_is_asked_about_again() -> None:
    chat = model("always")
    talk = [HumanMessage("send 50 to Mark"), chat.invoke("send 50 to Mark")]
    assert chat.invoke([*talk, HumanMessage("yes")]).tool_calls[0]["args"] == {"amount": 50, "to": "Mark"}
    assert asked(chat.invoke([*talk, HumanMessage("make it 60")]))
    refused = chat.invoke([*talk, HumanMessage("no")])
    assert not refused.tool_calls
    assert refused.text == "All right, I won't."


def test_a_vietnamese_conversation_is_answered_in_vietnamese() -> None:
    talk = [HumanMessage("gửi cho Mark 50 đồng giúp tôi nhé"), AIMessage("Tôi gửi tiền nhé?"), HumanMessage("no")]
    assert model("always").invoke(talk).text == "Vâng, tôi sẽ không làm."


def test_never_asking_makes_the_call_that_the_router_would_ask_about() -> None:
    chat = model("never")
    assert model().invoke("please send 50 to Mark").tool_calls == []
    assert chat.invoke("please send 50 to Mark").tool_calls[0]["args"] == {"amount": 50, "to": "Mark"}


def test_what_no_tool_serves_is_handed_over_where_somebody_stands_behind() -> None:
    assert model().invoke("write me a poem").tool_calls == []
    with pytest.raises(LowConfidenceError, match="no tool on offer serves what the user wants"):
        model(min_confidence=0.5).invoke("write me a poem")
    assert model(min_confidence=0.5).invoke("thanks").tool_calls == []
    assert model(min_confidence=0.5, hand_over_unserved=False).invoke("write me a poem").tool_calls == []
    with pytest.raises(LowConfidenceError):
        model(hand_over_unserved=True, now=datetime(2025, 1, 1)).invoke("write me a poem")


def test_without_tools_a_request_is_handed_over_where_somebody_stands_behind() -> None:
    assert ChatTRM(router=model().router).invoke("write me a poem").content == "How can I help you?"
    with pytest.raises(LowConfidenceError, match="no tool on offer serves what the user wants"):
        ChatTRM(router=model().router, min_call_confidence=0.5).invoke("write me a poem")


@pytest.mark.parametrize(("likely", "expected"), [(0.95, True), (0.6, False)])
def test_what_is_not_surely_a_yes_is_asked_again(likely: float, expected: bool) -> None:
    history = [Message("user", "send 50 to Mark"), Message("assistant", "Shall I?"), Message("user", "yes")]
    decision = ActingRouter(script).bind([tool()]).decide(history)
    acts = {"confirm": likely, "hesitate": 1 - likely}
    decision = replace(decision, probabilities={**decision.probabilities, "speech_acts": acts})
    assert decision.speech_act == "confirm"
    assert agreed(decision, history) is expected
