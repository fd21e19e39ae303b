"""The router is a pure function of tools and history; states save work and change nothing."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trm_agent.routing.bound
from tests.trm_agent.model_doubles import MESSAGES, TOOLS
from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.rules import RULES
from trm_agent.errors import HistoryError, ToolError
from trm_agent.model.halting import Halting
from trm_agent.routing.requests import decision_points
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Decision, Message, SlotField, Source, ToolCall, Value

ROUTER = tiny_router()
BOUND = ROUTER.bind(TOOLS)
CARRYING = tiny_router(carry=True)
HISTORY = [message.to_json() for message in MESSAGES]

VOCABULARY = [
    "hello",
    "bus",
    "Fresno",
    "Anaheim",
    "to",
    "from",
    "window",
    "weather",
    "San",
    "Jose",
    "3",
    "please",
    "no",
]
words = st.sampled_from(VOCABULARY)
sentences = st.lists(words, min_size=1, max_size=8).map(" ".join)
messages = st.one_of(
    st.builds(Message, st.sampled_from(["user", "assistant", "system"]), sentences),
    st.builds(lambda city: Message("tool_call", {"name": "get_weather", "arguments": {"city": city}}), words),
    st.builds(lambda city: Message("tool_response", {"city": city, "sky": "blue"}), words),
)
histories = st.lists(messages, min_size=1, max_size=9)


def assert_same(left: Decision, right: Decision) -> None:
    """Equal but for the last digits of the probabilities: batches of other shapes add up in another order."""
    for name in ("decision", "tool", "arguments", "slots", "missing", "intended_tool"):
        assert getattr(left, name) == getattr(right, name), name
    assert left.confidence == pytest.approx(right.confidence, abs=1e-4)
    sources = [{k: v.source for k, v in d.slot_values.items()} for d in (left, right)]
    assert sources[0] == sources[1]


@settings(max_examples=60, deadline=None)
@given(histories, st.data())
def test_with_and_without_a_state_the_answer_is_the_same(history: list[Message], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(history)))
    state = BOUND.decide(history[:cut]).state
    assert_same(BOUND.decide(history, state=json.loads(json.dumps(state))), BOUND.decide(history))


@settings(max_examples=30, deadline=None)
@given(histories, st.data())
def test_with_y_carried_a_state_changes_nothing_either(history: list[Message], data: st.DataObject) -> None:
    bound = CARRYING.bind(TOOLS)
    state = bound.decide(history[: data.draw(st.integers(1, len(history)))]).state
    assert_same(bound.decide(history, state=state), bound.decide(history))


@settings(max_examples=30, deadline=None)
@given(st.lists(histories, min_size=1, max_size=5))
def test_a_batch_decides_like_one_by_one(batch: list[list[Message]]) -> None:
    batch = [*batch, batch[0][:1]]
    for together, history in zip(BOUND.decide_batch(batch), batch, strict=True):
        assert_same(together, BOUND.decide(history))


@settings(max_examples=30, deadline=None)
@given(histories)
def test_the_order_of_the_tools_does_not_matter(history: list[Message]) -> None:
    assert_same(ROUTER.bind(TOOLS[::-1]).decide(history), BOUND.decide(history))


def test_with_a_state_only_new_messages_are_encoded() -> None:
    router = tiny_router()
    bound = router.bind(TOOLS)
    state = bound.decide(HISTORY[:3]).state
    before = router.encoder.misses
    bound.decide(HISTORY, state=state)
    assert router.encoder.misses - before == len({m.text for m in MESSAGES[3:]})


def test_tools_are_encoded_once() -> None:
    router = tiny_router()
    first = router.bind(TOOLS)
    misses = router.tool_vectors.misses
    assert misses > 0
    assert router.bind(TOOLS) is first
    router.bind(TOOLS[::-1])
    assert (router.tool_vectors.misses, router.encoder.misses) == (misses, 0)


def forged(**changes: Any) -> dict[str, Any]:
    state = BOUND.decide(HISTORY[:3], tool_choice="any").state
    return {**state, **changes}


@pytest.mark.parametrize(
    "state",
    [
        forged(fingerprint="other"),
        forged(version=99),
        forged(messages=99),
        forged(messages=True),
        forged(prefix="0" * 32),
        forged(values=[]),
        forged(values={"city": 3}),
        forged(values={"nothing": {"value": "x", "confidence": 1.0, "source": {"kind": "dontcare"}}}),
        forged(values={"city": {"value": "Rome", "confidence": 1.0, "source": {"kind": "choice"}}}),
        forged(values={"city": {"value": "Rome", "confidence": 1.0, "source": {"kind": "default"}}}),
        forged(
            values={
                "city": {
                    "value": "Rome",
                    "confidence": 1.0,
                    "source": {"kind": "span", "message": 0, "start": 0, "end": 5, "text": "Hello"},
                }
            }
        ),
        forged(
            values={
                "city": {
                    "value": "Rome",
                    "confidence": 1.0,
                    "source": {"kind": "span", "message": 0, "start": 0, "end": 4, "text": "Rome"},
                }
            }
        ),
        {},
    ],
)
def test_a_state_that_does_not_fit_is_replayed_with_a_warning(
    state: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", logger="trm_agent"):
        decision = BOUND.decide(HISTORY, state=state)
    assert_same(decision, BOUND.decide(HISTORY))
    assert "does not fit these tools, weights or messages; replaying" in caplog.text


def test_decision_points_come_after_every_user_message_and_result() -> None:
    roles = ["system", "user", "user", "assistant", "user", "tool_call", "tool_response", "tool_response"]
    history = [Message(role, {"name": "f"} if role == "tool_call" else "x") for role in roles]  # type: ignore[arg-type]
    assert decision_points(history) == [2, 3, 5, 7, 8]
    assert decision_points(history[:2]) == [2], "what continues a history changes none of its points"


def test_every_value_says_where_it_stands() -> None:
    for history in (HISTORY[:3], HISTORY):
        decision = BOUND.decide(history, tool_choice="find_bus")
        for value in decision.slot_values.values():
            if value.source.message is not None:
                text = MESSAGES[value.source.message].text
                assert text[value.source.start : value.source.end] == value.source.text


def test_slot_fields_of_the_checkpoint_are_slots_of_every_tool_list() -> None:
    router = tiny_router(slot_fields=[SlotField("phone")])
    assert "phone" in [slot.key for slot in router.bind([]).slots]
    assert router.bind([], slot_fields=[]).slots == ()


def test_without_tools_everything_is_answered_directly() -> None:
    decision = ROUTER.bind([]).decide(HISTORY)
    assert (decision.decision, decision.tool, decision.slots) == ("direct_answer", None, {})


def test_bad_input_is_named() -> None:
    with pytest.raises(HistoryError, match="the history is empty"):
        BOUND.decide([])
    with pytest.raises(HistoryError, match=r"message 0: unknown role 'robot'"):
        BOUND.decide([{"role": "robot", "content": "x"}])
    with pytest.raises(ToolError, match="two tools are named 'find_bus'"):
        ROUTER.bind([TOOLS[0], TOOLS[0]])
    with pytest.raises(ValueError, match="expected one state for each of the 1 histories, got 2"):
        BOUND.decide_batch([HISTORY], states=[None, None])


def test_huge_and_empty_messages_are_decided() -> None:
    for content in ("", " ", "word " * 200_000):
        assert BOUND.decide([{"role": "user", "content": content}]).decision in ("tool_call", "direct_answer")
    long = [{"role": "user" if i % 2 == 0 else "assistant", "content": f"line {i}"} for i in range(400)]
    assert BOUND.decide(long).state["messages"] == 399


def test_the_fingerprint_follows_the_weights() -> None:
    assert tiny_router(0).fingerprint == tiny_router(0).fingerprint != tiny_router(1).fingerprint
    assert tiny_router(0, encoder=HashingEncoder(16)).fingerprint != tiny_router(0).fingerprint


def test_what_has_nothing_to_do_with_any_tool_is_about_none() -> None:
    greeting = BOUND.decide([{"role": "user", "content": "zzz qqq"}])
    request = BOUND.decide([{"role": "user", "content": "find a bus between two cities"}])
    assert sum(greeting.probabilities["tools"].values()) <= 0.1 < sum(request.probabilities["tools"].values())
    assert greeting.decision == "direct_answer"
    later = [{"role": "user", "content": "find a bus between two cities"}, {"role": "user", "content": "zzz qqq"}]
    assert sum(BOUND.decide(later).probabilities["tools"].values()) > 0.1, "a conversation under way stays relevant"


def test_each_of_several_calls_is_read_again_in_its_own_clause(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "I want the weather in Fresno and the forecast for Anaheim"
    plain = BOUND.decide([Message("user", "hello")])
    read: list[tuple[str, str]] = []

    def call(said: str, city: str) -> ToolCall:
        start = said.index(city)
        place = Source("span", 0, start, start + len(city), city)
        return ToolCall("get_weather", {"city": city}, {"city": Value(city, 0.9, place)})

    def decode(*given: Any, tool_choice: str, **options: Any) -> Decision:
        said = given[1].history[-1].text
        if tool_choice == "auto":
            calls: tuple[ToolCall, ...] = (call(said, "Fresno"), call(said, "for Anaheim"))
        else:
            read.append((said, tool_choice))
            calls = (call(said, "Fresno" if "Fresno" in said else "Anaheim"),)
        first = calls[0]
        return replace(plain, decision="tool_call", calls=calls, tool=first.tool, arguments=first.arguments)

    monkeypatch.setattr(trm_agent.routing.bound, "decode", decode)
    decision = BOUND.decide([Message("user", text)])
    assert read == [
        ("I want the weather in Fresno", "get_weather"),
        (" and the forecast for Anaheim", "get_weather"),
    ]
    assert [made.arguments for made in decision.calls] == [{"city": "Fresno"}, {"city": "Anaheim"}]
    assert (decision.tool, decision.arguments) == ("get_weather", {"city": "Fresno"})
    place = decision.calls[1].argument_values["city"].source
    assert text[place.start : place.end] == "Anaheim"


def test_warming_up_changes_no_answer() -> None:
    cold, warm = tiny_router(), tiny_router()
    warm.warm_up()
    try:
        told = [{"role": "user", "content": "a bus to Anaheim"}]
        tools = [{"name": "find_bus", "parameters": {"properties": {"to": {"type": "string"}}}}]
        one, other = cold.bind(tools).decide(told), warm.bind(tools).decide(told)
        assert (one.decision, one.arguments, one.confidence) == (other.decision, other.arguments, other.confidence)
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_a_router_that_differs_in_one_thing_keeps_the_others() -> None:
    halting = Halting(threshold=0.9)
    router = tiny_router().with_steps(2, halting).with_rules(())
    changed = router.with_calibration(Calibration.identity())
    assert (changed.rules, changed.halting) == ((), halting)
    assert changed.model.config.supervision_steps == 2
    assert changed.tool_vectors is router.tool_vectors
    assert router.with_rules(RULES).rules == RULES
