"""Every form of message becomes history; nothing raises for its form, and every entry knows where it came from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_trm.messages import entry_to_json, plain_text, read_messages
from trm_agent.types import parse_history

CALL = {"name": "search", "args": {"city": "Rome"}, "id": "abc123xyz"}


def history(*messages: BaseMessage) -> list[tuple[str, Any]]:
    return [(entry.message.role, entry.message.content) for entry in read_messages(messages)]


def test_each_kind_of_message_has_its_role() -> None:
    assert history(
        SystemMessage("be brief"),
        HumanMessage("to Rome"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("found", tool_call_id="abc123xyz"),
        AIMessage("done"),
    ) == [
        ("system", "be brief"),
        ("user", "to Rome"),
        ("tool_call", {"name": "search", "arguments": {"city": "Rome"}}),
        ("tool_response", "found"),
        ("assistant", "done"),
    ]


def test_words_beside_a_call_come_before_it() -> None:
    assert [role for role, _ in history(AIMessage("Let me look.", tool_calls=[CALL]))] == ["assistant", "tool_call"]


def test_parallel_calls_become_several_entries_with_their_ids() -> None:
    message = AIMessage("", tool_calls=[CALL, {**CALL, "args": {"city": "Oslo"}, "id": "second000"}])
    entries = read_messages([message])
    assert [entry.message.content["arguments"]["city"] for entry in entries] == ["Rome", "Oslo"]
    assert [entry.call_id for entry in entries] == ["abc123xyz", "second000"]
    assert {entry.position for entry in entries} == {0}


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"price": 12, "open": true}', {"price": 12, "open": True}),
        ("[1, 2]", [1, 2]),
        ('"hello"', "hello"),
        ("1.10", "1.10"),
        ("007", "007"),
        ("{not json", "{not json"),
        ("sunny", "sunny"),
        ([{"type": "text", "text": '{"a": 1}'}], {"a": 1}),
        ([{"type": "json", "json": {"a": 1}}], {"a": 1}),
        ([{"name": "X", "price": 3}], [{"name": "X", "price": 3}]),
        ([{"type": "image", "base64": "AAAA", "mime_type": "image/png"}], "[image]"),
        ("", ""),
        ("null", None),
    ],
)
def test_a_result_is_the_value_its_content_holds(content: Any, value: Any) -> None:
    assert history(ToolMessage(content, tool_call_id="x")) == [("tool_response", value)]


def test_an_error_result_says_that_it_is_one() -> None:
    (entry,) = read_messages([ToolMessage("no such city", tool_call_id="x", status="error")])
    assert entry.failed
    assert entry.message.text == "error: no such city"


def test_orphan_results_and_function_messages_are_taken() -> None:
    assert history(ToolMessage("ok", tool_call_id="unknown"), FunctionMessage(name="f", content="3")) == [
        ("tool_response", "ok"),
        ("tool_response", "3"),
    ]


def test_anthropic_blocks_are_calls_and_results() -> None:
    messages = [
        AIMessage(
            [
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "t1", "name": "search", "input": {"city": "Rome"}},
            ]
        ),
        HumanMessage(
            [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "full"}],
                    "is_error": True,
                }
            ]
        ),
    ]
    entries = read_messages(messages)
    assert [entry.message.role for entry in entries] == ["assistant", "tool_call", "tool_response"]
    assert entries[1].message.content == {"name": "search", "arguments": {"city": "Rome"}}
    assert entries[2].call_id == "t1"
    assert entries[2].failed


def test_calls_in_old_openai_forms_are_read() -> None:
    raw = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"city": "Rome"}'}}
    wanted = ("tool_call", {"name": "search", "arguments": {"city": "Rome"}})
    assert history(AIMessage("", additional_kwargs={"tool_calls": [raw]})) == [wanted]
    legacy = {"name": "search", "arguments": '{"city": "Rome"}'}
    assert history(AIMessage("", additional_kwargs={"function_call": legacy})) == [wanted]
    assert history(AIMessage("", additional_kwargs={"function_call": {"name": "search", "arguments": "{"}})) == [
        ("tool_call", {"name": "search", "arguments": {}})
    ]


def test_thoughts_are_silent_and_media_are_named() -> None:
    content: list[Any] = [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "Hello"},
        "there",
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    assert plain_text(content) == "Hello\nthere\n[image]"


def test_roles_of_chat_messages_and_summaries() -> None:
    summary = HumanMessage("Here is a summary", additional_kwargs={"lc_source": "summarization"})
    assert history(
        ChatMessage("x", role="developer"),
        ChatMessage("y", role="Assistant"),
        ChatMessage("z", role="customer"),
        summary,
    ) == [
        ("system", "x"),
        ("assistant", "y"),
        ("user", "z"),
        ("assistant", "Here is a summary"),
    ]


def test_names_repeats_and_late_system_messages_are_kept_in_order() -> None:
    messages = [HumanMessage("a", name="ann"), HumanMessage("b"), SystemMessage("c"), AIMessage("d"), AIMessage("e")]
    assert [role for role, _ in history(*messages)] == ["user", "user", "system", "assistant", "assistant"]


def test_removals_are_no_messages() -> None:
    assert history(RemoveMessage(id="1"), HumanMessage("hi")) == [("user", "hi")]


def test_unicode_names_survive_and_lone_surrogates_do_not() -> None:
    entries = read_messages(
        [
            HumanMessage("caf\ud800é 😀"),
            AIMessage("", tool_calls=[{**CALL, "name": "寻找_航班", "args": {"城市": "羅馬"}}]),
        ]
    )
    assert entries[0].message.text == "caf�é 😀"
    entries[0].message.text.encode("utf-8")
    assert entries[1].message.content == {"name": "寻找_航班", "arguments": {"城市": "羅馬"}}


def test_what_nests_beyond_reason_is_cut_not_followed() -> None:
    deep = "[" * 100_000
    (entry,) = read_messages([ToolMessage(deep, tool_call_id="x")])
    assert isinstance(entry.message.text, str)
    nested: Any = "core"
    for _ in range(400):
        nested = {"a": nested}
    (entry,) = read_messages([ToolMessage(json.dumps(nested), tool_call_id="x")])
    assert entry.message.text.startswith("a " * 31 + "a: {")


def test_entries_survive_plain_json() -> None:
    messages = [
        HumanMessage("to Rome"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("full", tool_call_id="abc123xyz", status="error"),
    ]
    entries = read_messages(messages)
    kept = json.loads(json.dumps([entry_to_json(entry) for entry in entries]))
    again = read_messages([], kept)
    assert [(e.message, e.call_id, e.failed) for e in again] == [(e.message, e.call_id, e.failed) for e in entries]
    assert all(entry.position is None for entry in again)


def test_what_was_removed_comes_after_the_system_message_and_in_the_place_of_its_summary() -> None:
    summary = HumanMessage("summary", additional_kwargs={"lc_source": "summarization"})
    entries = read_messages(
        [SystemMessage("be brief"), summary, HumanMessage("tomorrow")], [{"role": "user", "content": "to Rome"}]
    )
    assert [entry.message.content for entry in entries] == ["be brief", "to Rome", "tomorrow"]
    assert [entry.position for entry in entries] == [0, None, 2]


def test_everything_read_is_a_valid_history() -> None:
    entries = read_messages([SystemMessage(""), HumanMessage([]), AIMessage([]), AIMessage("", tool_calls=[CALL])])
    assert parse_history([entry.message.to_json() for entry in entries])
