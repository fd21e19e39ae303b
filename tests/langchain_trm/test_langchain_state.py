"""The slot state rides on the messages: resuming saves work and changes nothing, and no snapshot is believed."""

from __future__ import annotations

import copy
import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)
from langchain_core.tools import BaseTool

from langchain_trm import ChatTRM
from langchain_trm.messages import read_messages
from langchain_trm.snapshots import carried_snapshots, fits, latest_snapshot
from tests.langchain_trm.scripted_router import ScriptedRouter
from trm_agent.types import prefix_hashes


@pytest.fixture
def talk(model: ChatTRM) -> list[BaseMessage]:
    """Two turns, the second one about to be decided."""
    first = HumanMessage("a flight to Rome")
    return [first, model.invoke([first]), HumanMessage("tomorrow")]


def resumed_from(model: ChatTRM, messages: list[BaseMessage]) -> dict[str, Any] | None:
    """The snapshot that this model takes from these messages."""
    history = [entry.message for entry in read_messages(messages)]
    return latest_snapshot(carried_snapshots(messages), history, model.loaded().bind(model.tools).fingerprint)


def answer(message: AIMessage) -> tuple[Any, ...]:
    return message.content, message.tool_calls, message.additional_kwargs


def test_the_snapshot_is_plain_versioned_json(talk: list[BaseMessage]) -> None:
    snapshot = talk[1].additional_kwargs["trm"]
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert snapshot["version"] == 1
    assert snapshot["messages"] == 1
    assert snapshot["values"]["city"]["value"] == "Rome"


def test_the_next_turn_reads_only_what_is_new(model: ChatTRM, travel: ScriptedRouter, talk: list[BaseMessage]) -> None:
    travel.read = 0
    model.invoke(talk)
    assert travel.read == 2
    travel.read = 0
    model.invoke([HumanMessage("a flight to Rome"), AIMessage("What day?"), HumanMessage("tomorrow")])
    assert travel.read == 3


def test_with_and_without_snapshot_the_decision_is_the_same(model: ChatTRM, talk: list[BaseMessage]) -> None:
    bare = [m.model_copy(update={"additional_kwargs": {}}) for m in talk]
    assert answer(model.invoke(talk)) == answer(model.invoke(bare))


def test_snapshots_survive_being_stored(model: ChatTRM, travel: ScriptedRouter, talk: list[BaseMessage]) -> None:
    stored = messages_from_dict(json.loads(json.dumps(messages_to_dict(talk))))
    travel.read = 0
    assert answer(model.invoke(stored)) == answer(model.invoke(talk))
    assert travel.read == 4


def test_the_latest_fitting_snapshot_is_taken(model: ChatTRM, talk: list[BaseMessage]) -> None:
    call = model.invoke(talk)
    longer = [*talk, call, ToolMessage("{}", tool_call_id=call.tool_calls[0]["id"])]
    found = resumed_from(model, longer)
    assert found is not None
    assert found["messages"] == 3
    broken = call.model_copy(update={"additional_kwargs": {"trm": {"version": 99}}})
    found = resumed_from(model, [*talk, broken, longer[-1]])
    assert found is not None
    assert found["messages"] == 1


def test_snapshots_of_other_messages_tools_and_weights_are_passed_over(
    model: ChatTRM, travel: ScriptedRouter, talk: list[BaseMessage], tools: list[BaseTool]
) -> None:
    edited = [HumanMessage("a flight to Oslo"), *talk[1:]]
    assert resumed_from(model, edited) is None
    travel.read = 0
    ChatTRM(router=travel, tools=tools[:1]).invoke(talk)
    assert travel.read == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "has layout 2, this version reads layout 1"),
        ({"version": None}, "is no slot state"),
        ({"fingerprint": "0" * 32}, "was made with other tools or weights"),
        ({"prefix": "0" * 32}, "was made for other messages"),
        ({"messages": 99}, "was made for other messages"),
        ({"values": {"city": "Oslo"}}, "holds values that the messages do not"),
    ],
    ids=str,
)
def test_a_snapshot_that_is_not_taken_is_warned_of_with_the_reason(
    model: ChatTRM, talk: list[BaseMessage], change: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = answer(model.invoke(talk))
    changed = {"trm": {**talk[1].additional_kwargs["trm"], **change}}
    with caplog.at_level(logging.WARNING, "trm_agent"):
        assert answer(model.invoke(talk)) == expected
        assert caplog.text == ""
        lying = [talk[0], talk[1].model_copy(update={"additional_kwargs": changed}), talk[2]]
        assert answer(model.invoke(lying)) == expected
    assert f"the slot state on the messages {reason}; replaying 3 messages instead" in caplog.text


def test_messages_without_any_snapshot_are_replayed_without_a_warning(
    model: ChatTRM, talk: list[BaseMessage], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "trm_agent"):
        model.invoke([talk[0], AIMessage("What day?"), talk[2]])
    assert caplog.text == ""


def held(source: Any, confidence: Any = 1) -> dict[str, Any]:
    """Values that claim Oslo."""
    return {"values": {"city": {"value": "Oslo", "confidence": confidence, "source": source}}}


FORGERIES: list[Any] = [
    *(None, 3, "x", [], {}, {"version": 1}),
    *({"messages": -1}, {"messages": 10**9}, {"messages": True}, {"messages": "1"}, {"prefix": "0" * 32}),
    *({"values": []}, {"values": {"city": "Oslo"}}, {"values": {"city": {"value": "Oslo"}}}),
    *(held({"kind": "span"}), held({"kind": "default"}, 7), held({"kind": "magic"}), held("span")),
    held({"kind": "span", "message": 0, "start": 0, "end": 4, "text": "Oslo"}),
    held({"kind": "state", "message": 9, "start": 0, "end": 4, "text": "Oslo"}),
    held({"kind": "span", "message": 0, "start": -4, "end": None, "text": "Rome"}),
]


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: json.dumps(forgery)[:60])
def test_a_forged_snapshot_is_not_believed(model: ChatTRM, talk: list[BaseMessage], forgery: Any) -> None:
    genuine = talk[1].additional_kwargs["trm"]
    forged = {**genuine, **forgery} if isinstance(forgery, dict) and forgery and "version" not in forgery else forgery
    lying = [talk[0], talk[1].model_copy(update={"additional_kwargs": {"trm": forged}}), talk[2]]
    assert resumed_from(model, lying) is None
    assert answer(model.invoke(lying)) == answer(model.invoke(talk))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_place = st.sampled_from(
    ["version", "fingerprint", "messages", "prefix", "values", "values.city", "values.city.source", "values.city.value"]
)


@given(where=_place, value=_json)
@settings(max_examples=200, deadline=None)
def test_no_corruption_crashes_or_gets_a_wrong_text_through(where: str, value: Any) -> None:
    history = [entry.message for entry in read_messages([HumanMessage("a flight to Rome")])]
    prefixes = prefix_hashes(history)
    source = {"kind": "span", "message": 0, "start": 12, "end": 16, "text": "Rome"}
    state: dict[str, Any] = {
        "version": 1,
        "fingerprint": "f",
        "messages": 1,
        "prefix": prefixes[1],
        "values": {"city": {"value": "Rome", "confidence": 0.9, "source": source}},
    }
    assert fits(state, history, prefixes, "f")
    corrupted = copy.deepcopy(state)
    *path, leaf = where.split(".")
    place = corrupted
    for part in path:
        place = place[part]
    place[leaf] = value
    if fits(corrupted, history, prefixes, "f") and where == "values.city.source":
        assert value["kind"] != "span" or history[0].text[value["start"] : value["end"]] == value["text"]
