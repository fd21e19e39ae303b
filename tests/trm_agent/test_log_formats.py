"""Logs of four formats and tool lists of five kinds become the same samples; what is not understood is an error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trm_agent.convert import main, read_tools
from trm_agent.data.jsonl import read_samples
from trm_agent.data.strict_json import read_values
from trm_agent.errors import ToolError
from trm_agent.log import logger
from trm_agent.types import Sample

SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}, "day": {"type": "string"}}, "required": ["to"]}
PINGED = {"type": "object", "properties": {}}
OPENAI_TOOLS = [
    {"type": "function", "function": {"name": "find_bus", "description": "Find a bus.", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "ping", "description": "Ping.", "parameters": PINGED}},
]
MCP_TOOLS = [
    {"name": "find_bus", "description": "Find a bus.", "inputSchema": SCHEMA, "outputSchema": {"type": "object"}},
    {"name": "ping", "description": "Ping.", "inputSchema": PINGED},
]
CALL = {"name": "find_bus", "arguments": {"to": "Huế", "day": "tomorrow"}}
PING = {"name": "ping", "arguments": {}}


def openai_call(call: dict[str, Any], call_id: str) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    return {"id": call_id, "type": "function", "function": function}


OPENAI = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "A bus to Huế tomorrow"}]},
    {"role": "assistant", "content": None, "tool_calls": [openai_call(CALL, "c1")]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"at": "09:40"}'},
    {"role": "assistant", "content": "At 09:40."},
    {"role": "user", "content": "Ping it, and find it again"},
    {"role": "assistant", "content": "", "tool_calls": [openai_call(PING, "c2"), openai_call(CALL, "c3")]},
    {"role": "tool", "tool_call_id": "c2", "content": "pong"},
    {"role": "tool", "tool_call_id": "c3", "content": '{"at": "09:40"}'},
    {"role": "assistant", "content": None},
]
SHAREGPT = [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "A bus to Huế tomorrow"},
    {"from": "function_call", "value": json.dumps(CALL)},
    {"from": "observation", "value": '{"at": "09:40"}'},
    {"from": "gpt", "value": "<think>Tell it.</think>At 09:40."},
    {"from": "human", "value": "Ping it, and find it again"},
    {"from": "function_call", "value": json.dumps([PING, CALL])},
    {"from": "tool", "value": '<tool_response>pong</tool_response><tool_response>{"at": "09:40"}</tool_response>'},
    {"from": "gpt", "value": ""},
]


def langchain_messages() -> list[Any]:
    messages = pytest.importorskip("langchain_core.messages")
    calls = [{"name": c["name"], "args": c["arguments"], "id": f"c{n}"} for n, c in enumerate((PING, CALL), 2)]
    return [
        messages.SystemMessage("Be brief."),
        messages.HumanMessage("A bus to Huế tomorrow"),
        messages.AIMessage("", tool_calls=[{"name": CALL["name"], "args": CALL["arguments"], "id": "c1"}]),
        messages.ToolMessage('{"at": "09:40"}', tool_call_id="c1"),
        messages.AIMessage([{"type": "text", "text": "At 09:40."}]),
        messages.HumanMessage("Ping it, and find it again"),
        messages.AIMessage("", tool_calls=calls),
        messages.ToolMessage("pong", tool_call_id="c2"),
        messages.ToolMessage('{"at": "09:40"}', tool_call_id="c3"),
        messages.AIMessage(""),
    ]


def langchain(form: str) -> list[Any]:
    from langchain_core.load import dumpd
    from langchain_core.messages import messages_to_dict

    messages = langchain_messages()
    if form == "dumpd":
        return list(dumpd(messages))
    return messages_to_dict(messages) if form == "to_dict" else [message.model_dump() for message in messages]


RAW = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "A bus to Huế tomorrow"},
    {"role": "tool_call", "content": {"response": CALL}},
    {"role": "tool_response", "content": {"response": {"at": "09:40"}}},
    {"role": "assistant", "content": "At 09:40."},
]


@pytest.fixture(autouse=True)
def restored_logger() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


def put(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in data), "utf-8")
    else:
        path.write_text(data if isinstance(data, str) else json.dumps(data, indent=1), "utf-8")
    return path


def run(source: Path, *options: object) -> tuple[int, list[Sample]]:
    output = source.parent / "out" / "samples.jsonl"
    code = main(["--input", str(source), "--output", str(output), *map(str, options)])
    return code, list(read_samples(output)) if output.is_file() else []


def decisions(samples: list[Sample]) -> list[Any]:
    """What a sample decides and from what, without its name."""
    return [
        (s.decision, s.tool, list(s.calls), s.content, [m.to_json() for m in s.history], [t.name for t in s.tools])
        for s in samples
    ]


SOURCES = {
    "openai": lambda: OPENAI,
    "sharegpt": lambda: SHAREGPT,
    "messages_to_dict": lambda: langchain("to_dict"),
    "dumpd": lambda: langchain("dumpd"),
    "model_dump": lambda: langchain("model_dump"),
}


@pytest.mark.parametrize("shape", ["list", "jsonl", "messages.jsonl", "records", "one object"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_format_and_shape_gives_the_same_decisions(tmp_path: Path, source: str, shape: str) -> None:
    messages = SOURCES[source]()
    key = "conversations" if source == "sharegpt" else "messages"
    record = {key: messages}
    shapes = {"list": messages, "jsonl": [record], "messages.jsonl": messages, "records": [record]}
    path = put(tmp_path / ("log.jsonl" if "jsonl" in shape else "log.json"), shapes.get(shape, record))
    code, samples = run(path, "--tools", put(tmp_path / "tools.json", OPENAI_TOOLS), "--now", "2026-03-14T09:30")
    assert code == 0
    assert [s.decision for s in samples] == ["tool_call", "direct_answer", "tool_call"]
    assert [s.tool for s in samples] == [CALL, None, PING]
    assert samples[2].calls == (PING, CALL)
    assert samples[1].content == "At 09:40."
    assert [m.role for m in samples[1].history] == ["system", "user", "tool_call", "tool_response"]
    assert samples[1].history[3].content == {"at": "09:40"}
    assert samples[1].history[1].content == "A bus to Huế tomorrow"
    assert {s.meta["now"] for s in samples} == {"2026-03-14T09:30:00"}
    reference = run(put(tmp_path / "reference.json", OPENAI), "--tools", tmp_path / "tools.json")[1]
    assert decisions(samples) == decisions(reference)


def test_a_raw_conversation_gives_the_same_decisions_as_before(tmp_path: Path) -> None:
    path, tools = put(tmp_path / "log.json", RAW), put(tmp_path / "tools.json", OPENAI_TOOLS)
    code, samples = run(path, "--tools", tools)
    assert code == 0
    assert "now" not in samples[0].meta
    forced = run(path, "--tools", tools, "--format", "raw")[1]
    assert [s.to_json() for s in forced] == [s.to_json() for s in samples]
    other = run(put(tmp_path / "openai.json", OPENAI[:5]), "--tools", tools)[1]
    assert decisions(samples) == decisions(other)


def test_a_folder_may_mix_formats_and_holds_its_own_output(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    put(folder / "a.json", RAW)
    put(folder / "b.jsonl", [{"messages": OPENAI}, {"messages": OPENAI}])
    put(folder / "c.json", {"conversations": SHAREGPT})
    tools = put(tmp_path / "tools.json", MCP_TOOLS)
    code, samples = run(folder, "--tools", tools)
    assert code == 0
    assert [s.id for s in samples][:5] == ["a:3", "a:5", "b#1:3", "b#1:5", "b#1:7"]
    put(folder / "samples.jsonl", [sample.to_json() for sample in samples])
    code, again = run(folder, "--tools", tools)
    assert (code, len(again)) == (0, len(samples))


def test_tools_stand_in_the_record_in_the_system_prompt_or_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = put(tmp_path / "own.jsonl", [{"messages": OPENAI, "tools": MCP_TOOLS}])
    assert [t.name for t in run(own)[1][0].tools] == ["find_bus", "ping"]
    text = put(tmp_path / "text.json", {"conversations": SHAREGPT, "tools": json.dumps(OPENAI_TOOLS)})
    assert run(text)[1][0].tools[0].required == ("to",)
    lines = "\n".join(map(json.dumps, OPENAI_TOOLS))
    prompt = {"from": "system", "value": f"Functions: <tools>\n{lines}\n</tools> Be brief."}
    tagged = put(tmp_path / "tagged.json", {"conversations": [prompt, *SHAREGPT[1:]]})
    _, samples = run(tagged)
    assert samples[0].tools[0].required == ("to",)
    assert samples[0].history[0].content == "Functions:  Be brief."
    capsys.readouterr()
    _, samples = run(put(tmp_path / "none.json", OPENAI))
    assert samples[0].tools[0].schema["properties"].keys() == {"to", "day"}
    assert (
        "no --tools: declared from their calls alone, without descriptions: find_bus, ping" in capsys.readouterr().err
    )


@pytest.mark.parametrize("empty", ["[]", [], "", None])
def test_an_empty_tool_list_says_nothing(tmp_path: Path, empty: Any) -> None:
    code, samples = run(put(tmp_path / "log.json", {"conversations": SHAREGPT, "tools": empty}))
    assert code == 0
    assert [tool.name for tool in samples[0].tools] == ["find_bus", "ping"]


def test_calls_in_tags_are_calls(tmp_path: Path) -> None:
    said = f"<think>x</think>\nOne moment. <tool_call>\n{json.dumps(CALL)}\n</tool_call>"
    path = put(tmp_path / "log.json", {"conversations": [SHAREGPT[1], {"from": "gpt", "value": said}]})
    _, (sample,) = run(path, "--tools", put(tmp_path / "tools.json", OPENAI_TOOLS))
    assert sample.tool == CALL


def run_of(messages: list[Any], answer: Any, **more: Any) -> dict[str, Any]:
    extra = {"invocation_params": {"tools": OPENAI_TOOLS}}
    outputs = {"generations": [[{"text": "", "message": answer}]]}
    inputs = {"messages": [messages]}
    stamp = "2026-02-03T10:00:00.123456+00:00"
    return {"run_type": "llm", "inputs": inputs, "outputs": outputs, "extra": extra, "start_time": stamp, **more}


def test_of_a_langsmith_run_its_output_is_the_decision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dumped = langchain("dumpd")
    runs = [
        run_of(dumped[:2], dumped[2], trace_id="t1"),
        run_of(dumped[:4], dumped[4], trace_id="t1"),
        run_of(dumped[:2], dumped[2]),
        run_of(dumped[:2], dumped[2], error="timeout"),
        {"run_type": "tool", "inputs": {"input": "x"}, "outputs": {"output": "y"}},
        {
            "run_type": "chain",
            "inputs": {"messages": [{"type": "human", "content": "Ping it, and find it again"}]},
            "outputs": {"messages": langchain("model_dump")},
            "extra": {"invocation_params": {"tools": OPENAI_TOOLS}},
            "start_time": "2026-02-03T10:05:00",
        },
    ]
    code, samples = run(put(tmp_path / "runs.jsonl", runs))
    assert code == 0
    assert [s.id for s in samples] == ["runs#1:3", "runs#2:5", "runs#6:7"]
    assert [s.meta["dialogue"] for s in samples] == ["t1", "t1", "runs#6"]
    assert [s.meta["now"] for s in samples] == ["2026-02-03T10:00:00"] * 2 + ["2026-02-03T10:05:00"]
    told = capsys.readouterr().err
    assert "passed over: 2 runs that failed or show no messages" in told
    assert "taken once: 1 decisions that several records show" in told
    assert "passed over: 1 assistant turns without words and calls" in told


def test_of_a_request_with_its_response_the_response_is_the_decision(tmp_path: Path) -> None:
    record = {
        "request": {"messages": OPENAI[:4], "tools": OPENAI_TOOLS},
        "response": {"choices": [{"message": OPENAI[4]}]},
        "created": 1767225600,
    }
    _, (sample,) = run(put(tmp_path / "log.jsonl", [record]))
    assert (sample.content, sample.meta["now"]) == ("At 09:40.", "2026-01-01T00:00:00")


def test_a_date_comes_from_the_field_the_option_or_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"messages": OPENAI[:5], "tools": OPENAI_TOOLS, "info": {"at": "2026-05-01T08:00:00+07:00"}},
        {"messages": OPENAI[:5], "tools": OPENAI_TOOLS, "info": {"at": 1767225600000}},
        {"messages": OPENAI[:5], "tools": OPENAI_TOOLS},
    ]
    path = put(tmp_path / "log.jsonl", rows)
    code, samples = run(path, "--now-field", "info.at")
    assert (code, len(samples)) == (1, 4)
    assert f"{path}:3: conversation 3: no field 'info.at' with its date; --now dates" in capsys.readouterr().err
    _, samples = run(path, "--now-field", "info.at", "--now", "2026-06-01")
    assert [s.meta["now"][:10] for s in samples[::2]] == ["2026-05-01", "2026-01-01", "2026-06-01"]
    assert "conversations dated: 2 by the field 'info.at', 1 by --now" in capsys.readouterr().err
    os.utime(path, (1767000000, 1767000000))
    _, samples = run(path)
    assert samples[0].meta["now"].startswith("2025-12-29")
    assert "conversations dated: 3 by the time of their file" in capsys.readouterr().err
    raw = put(tmp_path / "raw.json", RAW)
    _, samples = run(raw, "--now", "2026-06-01")
    assert {s.meta["now"] for s in samples} == {"2026-06-01T00:00:00"}
    assert main(["--input", str(raw), "--output", str(tmp_path / "x.jsonl"), "--now", "soon"]) == 1
    assert "--now is 'soon'; expected a date in ISO 8601" in capsys.readouterr().err


def said(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}, *messages], "tools": OPENAI_TOOLS, **more}


BROKEN = {
    "role": (said({"role": "bot", "content": "x"}), "message 2: unknown role 'bot'; expected one of system, developer"),
    "arguments": (
        said({"role": "assistant", "tool_calls": [{"function": {"name": "ping", "arguments": "{"}}]}),
        "message 2: the arguments of 'ping' are text that is not JSON",
    ),
    "argument list": (
        said({"role": "assistant", "tool_calls": [{"function": {"name": "ping", "arguments": "[1]"}}]}),
        "message 2: the arguments of 'ping' must be an object or JSON text of one, got a list",
    ),
    "no name": (
        said({"role": "assistant", "tool_calls": [{"arguments": {}}]}),
        "message 2: expected a call with name and arguments",
    ),
    "undeclared": (
        said({"role": "assistant", "tool_calls": [{"function": {"name": "fly", "arguments": "{}"}}]}),
        "message 2: calls 'fly', which is not declared; the tools are find_bus, ping",
    ),
    "result first": (said({"role": "tool", "content": "x"}), "message 2: a result without a call before it"),
    "silent user": (said({"role": "user", "content": None}), "message 2: the user message has no content"),
    "no messages": ({"text": "hi"}, "expected a list of messages, or an object that holds it"),
    "tools": (
        {**said(), "tools": [{"name": "find_bus", "args": {"to": "string"}}]},
        "its tools: tool 'find_bus' has no parameters, but 'args'; expected a JSON Schema under parameters",
    ),
}


@pytest.mark.parametrize(("record", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_conversation_is_named_with_file_and_line_and_left_out_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record: Any, reason: str
) -> None:
    good = {"messages": OPENAI[:5], "tools": OPENAI_TOOLS}
    path = put(tmp_path / "log.jsonl", [good, record, good])
    code, samples = run(path, "--now", "2026-01-01", "--format", "openai")
    assert (code, [s.id for s in samples]) == (1, ["log#1:3", "log#1:5", "log#3:3", "log#3:5"])
    told = capsys.readouterr().err
    assert f"error: {path}:2: conversation 2: {reason}" in told
    assert "4 samples from 1 of 1 files; 1 conversations left out" in told


def test_a_line_that_is_no_json_is_left_out_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path / "log.jsonl", [{"messages": OPENAI[:5], "tools": OPENAI_TOOLS}])
    path.write_text('{"messages": \n' + path.read_text("utf-8"), "utf-8")
    assert run(path)[0] == 1
    assert f"error: {path}:1: not JSON: Expecting value at column" in capsys.readouterr().err
    output = tmp_path / "strict.jsonl"
    assert main(["--input", str(path), "--output", str(output), "--strict"]) == 1
    assert not output.exists()


def test_results_among_the_parts_of_a_user_message_are_results(tmp_path: Path) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}
    parts = [{"type": "tool_result", "tool_use_id": "t1", "content": '{"degrees": 4}'}]
    said = [
        {"role": "user", "content": "the weather in Oslo?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "4 degrees."},
        {"role": "user", "content": [{"type": "text", "text": "thanks"}]},
        {"role": "assistant", "content": "Bye."},
    ]
    code, read = run(put(tmp_path / "log.json", [{"messages": said}]), "--format", "openai")
    assert code == 0
    roles = [message.role for message in read[-1].history]
    assert roles == ["user", "tool_call", "tool_response", "assistant", "user"]
    assert read[-1].history[2].content == {"degrees": 4}


TOOL_LISTS = {
    "openai": OPENAI_TOOLS,
    "inner": [tool["function"] for tool in OPENAI_TOOLS],
    "mcp": MCP_TOOLS,
    "mcp answer": {"jsonrpc": "2.0", "id": 1, "result": {"tools": MCP_TOOLS}},
    "anthropic": [
        {"name": t["name"], "description": t["description"], "input_schema": t["inputSchema"]} for t in MCP_TOOLS
    ],
    "plain schema": [{"title": t["name"], "description": t["description"], **t["inputSchema"]} for t in MCP_TOOLS],
    "flat": [{"name": t["name"], "description": t["description"], **t["inputSchema"]} for t in MCP_TOOLS],
}


@pytest.mark.parametrize("listed", TOOL_LISTS.values(), ids=TOOL_LISTS)
def test_every_tool_list_declares_the_same_tools(tmp_path: Path, listed: Any) -> None:
    read = read_tools(put(tmp_path / "tools.json", listed))
    expected = read_tools(put(tmp_path / "expected.json", OPENAI_TOOLS))
    assert [tool.to_json() for tool in read] == [tool.to_json() for tool in expected]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"name": "x", "args": {"to": {"type": "string"}}}, "tool 'x' has no parameters, but 'args'; expected a JSON"),
        ({"name": "x", "parameters": {"to": {"type": "string"}}}, "tool 'x': expected a JSON Schema of type object"),
        ({"name": "x", "parameters": {"type": "object", "to": {"type": "string"}}}, "tool 'x': expected a JSON Schema"),
        ("x", "a tool must be an object with a name and its parameters, got text"),
    ],
)
def test_parameters_in_a_place_of_their_own_are_refused(tmp_path: Path, declared: Any, message: str) -> None:
    with pytest.raises(ToolError, match=rf"tools\.json: {message}"):
        read_tools(put(tmp_path / "tools.json", [declared]))


def test_a_tool_list_among_the_logs_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "logs" / "a.json", OPENAI)
    path = put(tmp_path / "logs" / "tools.json", {"tools": MCP_TOOLS})
    assert run(tmp_path / "logs")[0] == 1
    assert f"{path}: holds tool declarations, no conversation; name it with --tools" in capsys.readouterr().err


def test_values_come_with_the_line_they_begin_in(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[1,\n {"a":\n 2},\n\n 3]', "utf-8")
    assert list(read_values(path)) == [(1, 1), (2, {"a": 2}), (5, 3)]
    path.write_text('{"a": 1}\n{"a": 2}\n', "utf-8")
    assert list(read_values(path)) == [(1, {"a": 1}), (2, {"a": 2})]


def test_a_conversation_of_one_message_a_line_is_left_out_where_a_line_is_broken(tmp_path: Path) -> None:
    path = put(tmp_path / "log.jsonl", OPENAI[:5])
    assert len(run(path)[1]) == 2
    path.write_text(path.read_text("utf-8") + "{\n", "utf-8")
    output = tmp_path / "broken.jsonl"
    assert main(["--input", str(path), "--output", str(output)]) == 1
    assert not output.exists()
