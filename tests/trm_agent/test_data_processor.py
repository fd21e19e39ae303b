"""A raw conversation becomes one sample a decision, with the history before it and the slots known by then."""

from __future__ import annotations

import copy
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_agent.errors import DataError, ToolError
from trm_agent.types import Message, Sample
from trm_agent.utils import DEFAULT_SLOT_FIELDS, RawDataProcessor, build_history, process_raw_conversation
from trm_agent.utils.observed_tools import ObservedTools
from trm_agent.utils.raw_turns import is_filled

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_contract",
            "description": "Look a contract up.",
            "parameters": {"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"]},
        },
    },
    {"name": "hang_up", "parameters": {"type": "object", "properties": {}}},
]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str, **slots: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": {"think": "secret", "response": text, **slots}}


def call(tool: str, arguments: dict[str, Any] | None = None, **slots: Any) -> dict[str, Any]:
    response = {"name": tool, "arguments": arguments or {}}
    return {"role": "tool_call", "content": {"think": "secret", "response": response, **slots}}


def result(value: Any, **slots: Any) -> dict[str, Any]:
    return {"role": "tool_response", "content": {"think": "secret", "response": value, **slots}}


CONVERSATION = [
    user("Tìm hợp đồng giúp tôi"),
    assistant("Cho em xin số điện thoại ạ", intent_of_user="check_contract", phone=""),
    user("0912 345 678"),
    call("find_contract", {"phone": "0912 345 678"}, phone="0912 345 678", intent_of_user=""),
    result({"contract_id": "HN-1"}, contract_id="HN-1"),
    assistant("Hợp đồng HN-1 ạ"),
]


def test_a_conversation_by_hand() -> None:
    first, second, third = process_raw_conversation(CONVERSATION, tools=TOOLS, slot_fields=["phone", "intent_of_user"])
    assert [s.decision for s in (first, second, third)] == ["direct_answer", "tool_call", "direct_answer"]
    assert first.to_json() == {
        "tools": [
            TOOLS[0],
            {"type": "function", "function": {"description": "", **TOOLS[1]}},
        ],
        "history": [{"role": "user", "content": "Tìm hợp đồng giúp tôi"}],
        "decision": "direct_answer",
        "slots": {"phone": "", "intent_of_user": "check_contract"},
        "tool": None,
        "content": "Cho em xin số điện thoại ạ",
        "id": "conversation:2",
        "meta": {"source": "raw", "dialogue": "conversation"},
    }
    assert second.tool == {"name": "find_contract", "arguments": {"phone": "0912 345 678"}}
    assert second.content is None
    assert second.slots == {"phone": "0912 345 678", "intent_of_user": "check_contract"}
    assert third.history == (
        Message("user", "Tìm hợp đồng giúp tôi"),
        Message("assistant", "Cho em xin số điện thoại ạ"),
        Message("user", "0912 345 678"),
        Message("tool_call", {"name": "find_contract", "arguments": {"phone": "0912 345 678"}}),
        Message("tool_response", {"contract_id": "HN-1"}),
    )


def test_the_named_fields_of_the_specification_are_the_default() -> None:
    assert DEFAULT_SLOT_FIELDS == ("address", "phone", "device_number", "intent_of_user", "name", "contract_id")
    last = process_raw_conversation(CONVERSATION, tools=TOOLS)[-1]
    assert list(last.slots) == list(DEFAULT_SLOT_FIELDS)
    assert last.slots["contract_id"] == "HN-1", "a field stated by a tool response counts"
    assert last.slots["address"] == "", "an unfilled field is listed and empty"


def test_a_later_value_overwrites_and_an_empty_field_leaves_a_value_alone() -> None:
    turns = [user("a"), assistant("b", phone="1"), user("c")]
    nothing: list[Any] = ["", "  ", None, [], {}]
    for empty in nothing:
        assert process_raw_conversation([*turns, assistant("d", phone=empty)])[-1].slots["phone"] == "1"
    assert process_raw_conversation([*turns, assistant("d")])[-1].slots["phone"] == "1"
    assert process_raw_conversation([*turns, assistant("d", phone=" 2 ")])[-1].slots["phone"] == "2"
    assert process_raw_conversation([*turns, assistant("d", phone=0)])[-1].slots["phone"] == 0, "zero is a value"


def test_an_earlier_sample_does_not_learn_of_later_values() -> None:
    samples = process_raw_conversation([user("a"), assistant("b"), user("c"), assistant("d", phone="1")])
    assert [sample.slots["phone"] for sample in samples] == ["", "1"]


def test_the_reasoning_trace_appears_nowhere() -> None:
    samples = process_raw_conversation(CONVERSATION, tools=TOOLS)
    assert "secret" not in json.dumps([sample.to_json() for sample in samples])
    assert "think" not in json.dumps([sample.to_json() for sample in samples])


def test_all_roles_may_be_given_as_text_or_as_an_object_with_a_response() -> None:
    plain = [{"role": "system", "content": "Be brief."}, user("hi"), {"role": "assistant", "content": "hello"}]
    wrapped = [{"role": turn["role"], "content": {"response": turn["content"]}} for turn in plain]
    assert process_raw_conversation(plain) == process_raw_conversation(wrapped)
    assert build_history([call("hang_up"), {"role": "tool_response", "content": "done"}])[1].content == "done"
    assert build_history([call("hang_up"), result(None)])[1].content is None, "a tool may return nothing"
    assert build_history([call("hang_up"), result([{"a": 1}])])[1].content == [{"a": 1}]


def test_a_user_turn_may_state_slots_too() -> None:
    turn = {"role": "user", "content": {"response": "I am Anna", "name": "Anna"}}
    assert process_raw_conversation([turn, {"role": "assistant", "content": "hi"}])[0].slots["name"] == "Anna"


def test_a_decision_that_opens_the_conversation_gives_no_sample_but_stays_in_the_history() -> None:
    turns = [assistant("Welcome!", intent_of_user="none yet"), user("hi"), assistant("hello")]
    (sample,) = process_raw_conversation(turns)
    assert sample.history == (Message("assistant", "Welcome!"), Message("user", "hi"))
    assert sample.slots["intent_of_user"] == "none yet"
    assert sample.id == "conversation:3"


def test_the_system_prompt_goes_in_front_unless_the_conversation_brings_its_own() -> None:
    turns = [user("hi"), assistant("hello")]
    (sample,) = process_raw_conversation(turns, system="Be kind.")
    assert sample.history == (Message("system", "Be kind."), Message("user", "hi"))
    own = {"role": "system", "content": "Be brief."}
    (sample,) = process_raw_conversation([own, *turns], system="Be kind.")
    assert sample.history == (Message("system", "Be brief."), Message("user", "hi"))


def test_calls_in_a_row_are_decisions_of_their_own_and_may_be_answered_later() -> None:
    turns = [user("both"), call("find_contract", {"phone": "1"}), call("hang_up"), result(1), result(2)]
    first, second = process_raw_conversation(turns, tools=TOOLS)
    assert len(first.history) == 1
    assert [message.role for message in second.history] == ["user", "tool_call"]


def test_missing_arguments_are_no_arguments() -> None:
    turns = [user("bye"), {"role": "tool_call", "content": {"response": {"name": "hang_up"}}}]
    assert process_raw_conversation(turns, tools=TOOLS)[0].tool == {"name": "hang_up", "arguments": {}}


def test_a_conversation_without_calls_needs_no_tools() -> None:
    (sample,) = process_raw_conversation([user("hi"), assistant("hello")])
    assert sample.tools == ()


def test_build_history_is_the_whole_conversation() -> None:
    history = build_history(CONVERSATION, system="Be kind.")
    assert history[0] == Message("system", "Be kind.")
    assert [message.role for message in history[1:]] == [turn["role"] for turn in CONVERSATION]


def test_the_raw_data_is_left_as_it_was() -> None:
    before = copy.deepcopy(CONVERSATION)
    process_raw_conversation(CONVERSATION, tools=TOOLS)
    assert before == CONVERSATION


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"role": "user"}, "a conversation must be a list of turns, got an object"),
        (None, "a conversation must be a list of turns, got null"),
        ([], "the conversation holds no turns"),
        (["hi"], "turn 1: a turn must be an object with role and content, got text"),
        ([user("a"), {"role": "bot", "content": "b"}], "turn 2: unknown role 'bot'; expected one of system, user, "),
        ([{"content": "b"}], "turn 1: the turn has no role; expected one of system"),
        ([{"role": ["user"], "content": "b"}], r"turn 1: unknown role \['user'\]"),
        ([{"role": "user"}], "turn 1: the user turn has no content"),
        ([{"role": "assistant", "content": None}], "turn 1: the assistant turn has no content"),
        ([{"role": "user", "content": 5}], "turn 1: the response of a user turn must be text, got a number"),
        ([{"role": "user", "content": ["a"]}], "turn 1: the response of a user turn must be text, got a list"),
        ([{"role": "assistant", "content": {"think": "x"}}], 'turn 1: the content of the assistant turn has no "resp'),
        ([assistant(None)], 'turn 1: the content of the assistant turn has no "response"'),  # type: ignore[arg-type]
        ([call("hang_up"), {"role": "tool_response", "content": {"a": 1}}], 'turn 2: the content .* no "response"'),
        ([{"role": "tool_call", "content": "hang_up"}], "turn 1: the content of a tool_call turn must be an object"),
        ([call("")], r"turn 1: the tool_call has no name; its response must be \{name, arguments\}, got"),
        ([{"role": "tool_call", "content": {"response": "hang_up"}}], "turn 1: the tool_call has no name"),
        ([call("hang_up", "x")], "turn 1: the arguments of tool_call 'hang_up' must be an object, got text"),  # type: ignore[arg-type]
        ([call("dial")], "turn 1: calls 'dial', which is not declared; the tools are find_contract, hang_up"),
        ([user("a"), result(1)], "turn 2: a tool_response without a tool_call before it"),
        ([call("hang_up"), result(1), result(2)], "turn 3: a tool_response without a tool_call before it"),
        (TOOLS, "turn 1: this is a tool declaration, not a turn; name its file with --tools"),
    ],
)
def test_what_is_no_conversation_is_refused_with_turn_and_reason(raw: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        process_raw_conversation(raw, tools=TOOLS)


def test_a_call_without_any_declared_tool_says_what_to_do() -> None:
    with pytest.raises(DataError, match="turn 1: calls 'hang_up', but no tools are declared; name their file with --t"):
        process_raw_conversation([call("hang_up")])


def test_every_mistake_is_told_at_once_but_none_that_only_follows_from_another() -> None:
    turns = [user("a"), call(""), result("of the call with no name"), {"role": "bot"}, user("b"), call("dial")]
    with pytest.raises(DataError) as caught:
        process_raw_conversation(turns, tools=TOOLS)
    assert [part.split(":")[0] for part in str(caught.value).split("; turn")] == ["turn 2", " 4", " 6"]


def test_a_stray_response_is_not_held_against_a_later_one() -> None:
    with pytest.raises(DataError) as caught:
        process_raw_conversation([user("a"), result("stray"), call("hang_up"), result("its own")], tools=TOOLS)
    assert str(caught.value) == "turn 2: a tool_response without a tool_call before it"


def test_many_mistakes_are_counted() -> None:
    with pytest.raises(DataError, match=r"turn 5: a turn must be an object.*; and 37 more$"):
        process_raw_conversation([1] * 42)


@pytest.mark.parametrize("name", ["think", "response", ""])
def test_a_slot_field_cannot_have_a_name_with_another_use(name: str) -> None:
    with pytest.raises(DataError, match=f"'{name}' cannot be a slot field; think and response have their own use"):
        RawDataProcessor(slot_fields=["phone", name])


def test_a_slot_field_named_twice_is_one() -> None:
    assert RawDataProcessor(slot_fields=["phone", "name", "phone"]).slot_fields == ("phone", "name")


def test_broken_tools_are_refused_at_once() -> None:
    with pytest.raises(ToolError, match="two tools are named 'hang_up'"):
        RawDataProcessor(tools=[TOOLS[1], TOOLS[1]])


def test_an_undeclared_argument_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    processor = RawDataProcessor(tools=TOOLS)
    for _ in range(2):
        processor.process_conversation([user("a"), call("find_contract", {"fone": "1"})])
    assert [record.getMessage() for record in caplog.records] == [
        "calls of 'find_contract' carry 'fone', which the tool does not declare"
    ]


def test_a_tool_that_declares_how_it_takes_more_arguments_warns_of_none(caplog: pytest.LogCaptureFixture) -> None:
    tool = {"name": "log", "parameters": {"properties": {}, "additionalProperties": True}}
    with caplog.at_level(logging.WARNING):
        RawDataProcessor([tool]).process_conversation([user("a"), call("log", {"any": "1"})])
    assert not caplog.records


# Files


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_a_file_of_one_conversation(tmp_path: Path) -> None:
    path = write(tmp_path / "call_17.json", CONVERSATION)
    processor = RawDataProcessor(TOOLS, source="hotline")
    samples = list(processor.process_file(path))
    assert [sample.id for sample in samples] == ["call_17:2", "call_17:4", "call_17:6"]
    assert samples[0].meta == {"source": "hotline", "dialogue": "call_17"}
    assert [s.slots for s in samples] == [s.slots for s in processor.process_conversation(CONVERSATION)]


def test_a_file_of_several_conversations_does_not_mix_them(tmp_path: Path) -> None:
    path = write(tmp_path / "day.json", [CONVERSATION, [user("hi"), assistant("hello")]])
    samples = list(RawDataProcessor(TOOLS).process_file(path))
    assert [sample.id for sample in samples] == ["day#1:2", "day#1:4", "day#1:6", "day#2:2"]
    assert samples[-1].slots == dict.fromkeys(DEFAULT_SLOT_FIELDS, "")
    assert len(samples[-1].history) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            [CONVERSATION, [], [user("a"), {"role": "bot"}]],
            "conversation 2: the conversation holds no turns; conversat",
        ),
        ([CONVERSATION, user("a")], "conversation 2: expected a list of turns like those before it"),
        ([user("a"), [user("b")]], "turn 2: a turn must be an object with role and content, got a list"),
        ([], "the conversation holds no turns"),
        ({"messages": []}, "expected a list, got an object"),
    ],
)
def test_a_broken_file_is_named_and_gives_no_sample_at_all(tmp_path: Path, data: Any, message: str) -> None:
    path = write(tmp_path / "day.json", data)
    stream = RawDataProcessor(TOOLS).process_file(path)
    with pytest.raises(DataError, match=rf"day\.json: {message}"):
        next(stream)


def test_a_file_broken_at_its_very_end_gives_no_sample_at_all(tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    path.write_text(json.dumps([CONVERSATION] * 50)[:-1], "utf-8")
    with pytest.raises(DataError, match=r"day\.json: not JSON: Expecting ',' delimiter at line 1"):
        next(RawDataProcessor(TOOLS).process_file(path))


def test_the_sample_conversations_say_what_they_are_for(sample_data: Path) -> None:
    tools = json.loads((sample_data / "setup" / "tools.json").read_text("utf-8"))
    samples = {s.id: s for p in sample_data.glob("*.json") for s in RawDataProcessor(tools).process_file(p)}
    ticket = samples["vi_mat_internet:6"]
    assert ticket.tool is not None
    assert ticket.tool["arguments"]["address"] == ticket.slots["address"] == "12 Nguyễn Trãi, Thanh Xuân, Hà Nội"
    assert samples["vi_mat_internet:10"].slots == {
        "address": "12 Nguyễn Trãi, Thanh Xuân, Hà Nội",
        "phone": "0912 345 678",
        "device_number": "",
        "intent_of_user": "report_fault",
        "name": "Hùng",
        "contract_id": "HN-204518",
    }
    assert samples["vi_doi_so_dien_thoai:3"].slots["contract_id"] == "SG-118320"
    assert samples["vi_doi_so_dien_thoai:7"].slots["contract_id"] == "SG-118230"
    assert samples["en_changed_my_mind:6"].slots["address"] == "27 Hang Bai"
    assert samples["en_several_conversations#2:3"].history[0].content.startswith("You answer for Sao Mai Business")


# Properties

FIELDS = ("phone", "name")
VALUES: st.SearchStrategy[Any] = st.sampled_from(["", " ", None, "a", "b", " c ", 0, False, 7, [], {}, ["x"]])
TURNS = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool_call", "tool_response"]), st.dictionaries(
        st.sampled_from([*FIELDS, "other"]), VALUES
    )),
    max_size=12,
)  # fmt: skip


def as_raw(turns: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Raw turns whose tool responses all follow a call."""
    raw, unanswered = [user("start")], 0
    for role, slots in turns:
        if role == "tool_response" and not unanswered:
            continue
        unanswered += {"tool_call": 1, "tool_response": -1}.get(role, 0)
        response: Any = {"name": "hang_up", "arguments": {}} if role == "tool_call" else "text"
        raw.append({"role": role, "content": {"response": response, **slots}})
    return raw


@given(TURNS)
def test_slots_accumulate_like_looking_back_for_the_last_value(turns: list[tuple[str, dict[str, Any]]]) -> None:
    raw = as_raw(turns)
    samples = process_raw_conversation(raw, TOOLS, FIELDS)
    decided = [n for n, turn in enumerate(raw) if turn["role"] in ("assistant", "tool_call")]
    assert [sample.id for sample in samples] == [f"conversation:{n + 1}" for n in decided]
    for sample, number in zip(samples, decided, strict=True):
        assert len(sample.history) == number
        for name in FIELDS:
            expected: Any = ""
            for turn in reversed(raw[: number + 1]):
                value = turn["content"].get(name) if isinstance(turn["content"], dict) else None
                if value not in (None, [], {}) and str(value).strip():
                    expected = value.strip() if isinstance(value, str) else value
                    break
            assert sample.slots[name] == expected
            assert is_filled(sample.slots[name]) == (expected != "")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "response", "name", "arguments", "think", "phone", "function"]), inner
        )
    ),
    max_leaves=20,
)
ROLE = st.sampled_from(["system", "user", "assistant", "tool_call", "tool_response", "bot"])
CONTENT = ANYTHING | st.fixed_dictionaries(
    {"response": ANYTHING | st.just({"name": "hang_up", "arguments": {}}) | st.just("text")},
    optional={"phone": ANYTHING},
)
ALMOST = st.lists(st.fixed_dictionaries({"role": ROLE, "content": CONTENT}), max_size=6)


@settings(max_examples=300, deadline=None)
@given(ANYTHING | ALMOST | st.lists(ALMOST, max_size=3))
def test_random_json_gives_valid_samples_or_one_clear_error(raw: Any) -> None:
    observed = ObservedTools()
    observed.add(raw)
    for tools in (TOOLS, observed.declare()):
        samples, problem = [], "no problem"
        try:
            samples = process_raw_conversation(raw, tools=tools)
        except DataError as error:
            problem = str(error)
        assert problem
        assert "\n" not in problem
        for sample in samples:
            assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


# Tools read off the calls


def test_observed_tools_know_names_types_and_what_no_call_lacked() -> None:
    observed = ObservedTools()
    observed.add([user("a"), call("pay", {"amount": 1, "to": "Anna", "note": None})])
    observed.add([call("pay", {"amount": 2.5, "to": 7, "fast": True}), call("ask"), call(""), "noise", None])
    observed.add({"role": "tool_call"})
    ask, pay = observed.declare()
    assert (ask.name, ask.parameters) == ("ask", ())
    assert pay.schema["properties"] == {"amount": {"type": "number"}, "to": {}, "note": {}, "fast": {"type": "boolean"}}
    assert pay.required == ("amount", "to")
    assert pay.description == ""


def test_no_calls_no_tools() -> None:
    assert ObservedTools().declare() == ()


# The page about it


def test_the_example_of_the_docs_is_what_the_code_gives() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data_format.md").read_text("utf-8")
    sample, raw = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    processor = RawDataProcessor(sample["tools"], ["phone", "name", "contract_id"], source="hotline")
    assert processor.process_conversation(raw, "call_17")[1].to_json() == sample


def test_the_docs_name_the_default_slot_fields() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data_format.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in DEFAULT_SLOT_FIELDS)
