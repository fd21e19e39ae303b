"""With more tools than enter a decision the router keeps its promises: order, state, batch, forced tool, legality."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trm_agent.features.test_preselection import THINGS, VERBS, some_tools
from tests.trm_agent.model_doubles import TOOLS
from tests.trm_agent.test_router import assert_same
from trm_agent.errors import ToolError
from trm_agent.features.catalogue import Limits
from trm_agent.testing import tiny_router
from trm_agent.types import Decision, Message

ROUTER = tiny_router(2)
MANY = [*some_tools(60), *TOOLS]
LIMITS = Limits(tools=5, slots=12)
BOUND = ROUTER.bind(MANY, limits=LIMITS)
NAMES = [tool["name"] for tool in MANY]

words = st.sampled_from([*VERBS[:6], *THINGS[:6], "bus", "weather", "Fresno", "to", "low", "good"])
sentences = st.lists(words, min_size=1, max_size=6).map(" ".join)
messages = st.one_of(
    st.builds(Message, st.sampled_from(["user", "user", "assistant", "system"]), sentences),
    st.builds(lambda name, said: Message("tool_call", {"name": name, "arguments": {"p1x0": said}}),
              st.sampled_from(NAMES), words),
    st.builds(lambda said: Message("tool_response", {"p1x0": said}), words),
)  # fmt: skip
histories = st.lists(messages, min_size=1, max_size=9)


def likely(decision: Decision) -> list[str]:
    return [name for name, p in decision.probabilities["tools"].items() if p > 0]


def remembered(state: dict[str, Any]) -> dict[str, Any]:
    values = {key: (value["value"], value["source"]) for key, value in state["values"].items()}
    return {**state, "values": values}


@settings(max_examples=40, deadline=None)
@given(histories, st.data())
def test_with_and_without_a_state_the_answer_is_the_same(history: list[Message], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(history)))
    choice = data.draw(st.sampled_from(["auto", "any", "none", *NAMES[:3]]))
    state = BOUND.decide(history[:cut], tool_choice=choice).state
    assert remembered(state) == remembered(BOUND.decide(history[:cut]).state), "what is forced is not remembered"
    assert_same(BOUND.decide(history, state=json.loads(json.dumps(state))), BOUND.decide(history))


@settings(max_examples=15, deadline=None)
@given(st.lists(histories, min_size=1, max_size=4), st.sampled_from(["auto", "find_bus"]))
def test_a_batch_decides_like_one_by_one(batch: list[list[Message]], choice: str) -> None:
    batch = [*batch, batch[0][:1]]
    for together, history in zip(BOUND.decide_batch(batch, tool_choice=choice), batch, strict=True):
        assert_same(together, BOUND.decide(history, tool_choice=choice))


@settings(max_examples=15, deadline=None)
@given(histories, st.integers(0, 3))
def test_the_order_of_the_tools_does_not_matter(history: list[Message], seed: int) -> None:
    shuffled = random.Random(seed).sample(MANY, len(MANY))
    assert_same(ROUTER.bind(shuffled, limits=LIMITS).decide(history), BOUND.decide(history))


@settings(max_examples=20, deadline=None)
@given(sentences)
def test_a_request_is_decided_as_if_only_what_entered_had_been_bound(said: str) -> None:
    tools = [{**tool, "parameters": {"type": "object", "properties": {}}} for tool in MANY]
    many = ROUTER.bind(tools, limits=LIMITS).decide([Message("user", said)])
    few = ROUTER.bind([tool for tool in tools if tool["name"] in likely(many)]).decide([Message("user", said)])
    assert len(likely(many)) == LIMITS.tools
    assert (many.decision, many.tool) == (few.decision, few.tool)
    assert {name: many.probabilities["tools"][name] for name in likely(many)} == pytest.approx(
        few.probabilities["tools"], abs=1e-5
    ), "relevance apart, which is the same where the nearest tool entered"


@settings(max_examples=15, deadline=None)
@given(histories, st.sampled_from(NAMES))
def test_a_forced_tool_is_read_even_where_it_would_not_enter(history: list[Message], name: str) -> None:
    decision = BOUND.decide(history, tool_choice=name)
    assert decision.intended_tool == name
    assert decision.probabilities["tools"][name] > 0
    assert (decision.decision == "tool_call") == (not decision.missing) or decision.tool is None


def test_every_tool_on_offer_has_a_probability() -> None:
    decision = BOUND.decide([Message("user", "find a bus")])
    assert set(decision.probabilities["tools"]) == set(NAMES)
    assert len(likely(decision)) <= LIMITS.tools


def test_an_unknown_tool_choice_is_named_with_some_of_the_tools() -> None:
    with pytest.raises(ToolError, match=r"tool_choice 'nope' is none of auto, any, none and no tool on offer \(find_h"):
        BOUND.decide([Message("user", "x")], tool_choice="nope")
    with pytest.raises(ToolError, match=r", … and 42 more\)"):
        BOUND.decide([Message("user", "x")], tool_choice="nope")


def test_a_value_is_carried_while_its_tool_does_not_enter() -> None:
    history = [Message("user", "find a bus from Fresno to Anaheim"), Message("assistant", "ok")]
    held: set[str] = set()
    for thing in THINGS * 2:
        decision = BOUND.decide(history)
        held |= set(decision.slots)
        entered = set(likely(decision))
        carried = [key for key, value in decision.slot_values.items() if value.source.kind == "state"]
        assert all(key in decision.state["values"] for key in carried)
        history += [Message("user", f"cancel the {thing}"), Message("assistant", f"which {thing}?")]
        assert len(entered) <= LIMITS.tools
    assert held, "the untrained router reads something"


def test_a_thousand_tools_are_bound_and_decided() -> None:
    tools: list[dict[str, Any]] = some_tools(1000, parameters=4)
    bound = ROUTER.bind(tools)
    state = None
    history: list[Message] = []
    for said in ("find a hotel", "find_song_3 please", "no, a taxi"):
        history.append(Message("user", said))
        decision = bound.decide(history, state=state)
        assert_same(decision, bound.decide(history))
        assert len(likely(decision)) <= Limits().tools
        state = decision.state
    assert "find_song_3" in likely(decision)


def test_a_tool_with_two_hundred_parameters_is_decided() -> None:
    properties = {f"setting{i}": {"type": "string"} for i in range(200)}
    tool = {"name": "configure", "parameters": {"type": "object", "properties": properties}}
    decision = ROUTER.bind([tool]).decide([Message("user", "set setting142 to blue")], tool_choice="any")
    assert decision.intended_tool == "configure"
    assert len(decision.slots) <= Limits().slots // 2
