"""Over the hand-written dialogues: whichever snapshots are there, wherever one looks, the decision is the same."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_trm import ChatTRM
from langchain_trm.messages import read_messages
from trm_agent.testing import tiny_router
from trm_agent.types import Message
from trm_agent.utils.data_processor import build_history

SAMPLES = Path(__file__).parents[1] / "sample_data"
NAMES = ("vi_mat_internet", "vi_doi_so_dien_thoai", "vi_hoi_gia_cuoc", "en_broken_router", "en_changed_my_mind")


def dialogue(name: str) -> list[Message]:
    data = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return build_history(data, "You work for a provider of internet access.")


def as_messages(history: list[Message]) -> list[BaseMessage]:
    """A history as LangChain's messages: a call and its result are paired by an id."""
    out: list[BaseMessage] = []
    for number, message in enumerate(history):
        if message.role == "tool_call":
            call = {"name": message.content["name"], "args": message.content["arguments"], "id": f"call{number:05}"}
            out.append(AIMessage("", tool_calls=[call]))
        elif message.role == "tool_response":
            content = message.content if isinstance(message.content, str) else json.dumps(message.content)
            out.append(ToolMessage(content, tool_call_id=f"call{number - 1:05}"))
        else:
            kind = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}[message.role]
            out.append(kind(message.content))
    return out


@cache
def model(seed: int) -> ChatTRM:
    tools = json.loads((SAMPLES / "setup" / "tools.json").read_text(encoding="utf-8"))
    return ChatTRM(router=tiny_router(seed), tools=tools)


@cache
def decided(name: str, seed: int) -> list[BaseMessage]:
    """The dialogue, each answer with the snapshot that this model would have left on it."""
    messages = as_messages(dialogue(name))
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage) and place:
            left = model(seed).invoke(messages[:place]).additional_kwargs
            messages[place] = message.model_copy(update={"additional_kwargs": left})
    return messages


def told(message: AIMessage) -> Any:
    record = message.response_metadata["decision"]
    kept = (message.content, message.tool_calls, record["decision"], record["slots"], record["missing"])
    return json.loads(json.dumps([*kept, record["confidence"]]), parse_float=lambda text: round(float(text), 4))


@pytest.mark.parametrize("name", NAMES)
def test_the_messages_are_read_back_as_the_dialogue(name: str) -> None:
    read = [entry.message for entry in read_messages(as_messages(dialogue(name)))]
    assert [message.role for message in read] == [message.role for message in dialogue(name)]
    assert [message.text for message in read] == [message.text for message in dialogue(name)]


@given(st.sampled_from(NAMES), st.integers(0, 3), st.data())
@settings(max_examples=40, deadline=None)
def test_whichever_snapshots_are_there_the_decision_is_the_same(name: str, seed: int, data: st.DataObject) -> None:
    messages = decided(name, seed)
    end = data.draw(st.integers(1, len(messages)))
    carried = [m.model_copy(deep=True) for m in messages[:end]]
    bare = [m.model_copy(update={"additional_kwargs": {}}) for m in carried]
    kept = data.draw(st.sets(st.sampled_from(range(end))))
    mixed = [carried[i] if i in kept else bare[i] for i in range(end)]
    assert told(model(seed).invoke(mixed)) == told(model(seed).invoke(bare))


@given(st.sampled_from(NAMES), st.integers(0, 3), st.data())
@settings(max_examples=20, deadline=None)
def test_snapshots_that_were_moved_or_swapped_change_nothing(name: str, seed: int, data: st.DataObject) -> None:
    messages = decided(name, seed)
    others = [
        m.additional_kwargs
        for n in NAMES
        for m in decided(n, data.draw(st.integers(0, 3)))
        if "trm" in m.additional_kwargs
    ]
    lying = [
        m.model_copy(update={"additional_kwargs": data.draw(st.sampled_from(others))})
        if isinstance(m, AIMessage)
        else m
        for m in messages
    ]
    bare = [m.model_copy(update={"additional_kwargs": {}}) for m in messages]
    assert told(model(seed).invoke(lying)) == told(model(seed).invoke(bare))
